"""A trial: the best model chosen on validation tasks, then every arm on the others; scripted exams beside exact
chances."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.core import Lab, Seeds
from manyminds.core.statistics import mean
from manyminds.models.request import Model
from manyminds.papers.self_moa.arms import Plan, Scored, on_set, parsed
from manyminds.papers.self_moa.specialists import FAMILIES, LETTERS, Exam, Specialist
from manyminds.papers.self_moa.tasks import Set, of_exam

OBEDIENCE = 0.25  # of the scripted aggregator


class Trial(BaseModel, frozen=True):
    """All arms on one set. `best` was chosen on the validation tasks, `best_on_test` would have been on those tested.

    `exact` has the chance of two-layer arms by the dynamic programme, `outside` those whose scores are not within their
    interval of it (99.98 %)."""

    data: str
    errors: str = ""  # whose the distractors of a scripted exam are
    validation: int
    best: str
    best_on_test: str
    choosing: dict[str, float]  # accuracy of a single answer on validation tasks
    rows: list[Scored]
    exact: dict[str, float] = {}
    outside: list[str] = []

    def row(self, arm: str) -> Scored | None:
        return next((row for row in self.rows if row.arm == arm), None)


async def trial(
    data: Set, plan: Plan, arms: Sequence[str], validation: int, models: Mapping[str, Model], stream: str,
    lab: Lab | None = None,
) -> Trial:  # fmt: skip
    """Choose on validation tasks, then run every arm. Sets that a judge scores have no validation: there the first
    model is the best, which its user says by naming it first."""
    held = 0 if data.judged else min(validation, len(data.tasks) // 2)
    first, test = data.split(held)
    choosing = {}
    for letter in models if held else ():
        row = await on_set(f"single:{letter}", plan, letter, first, data, models, f"{stream}/validation")
        choosing[letter] = row.mean
    best = max(choosing, key=lambda letter: choosing[letter]) if choosing else next(iter(models))
    jobs = [on_set(arm, plan, best, test, data, models, f"{stream}/test") for arm in arms]
    rows = list(await lab.gather(jobs, f"arms on {data.name}")) if lab else [await job for job in jobs]
    alone = {row.arm.removeprefix("single:"): row.mean for row in rows if row.arm.startswith("single:")}
    scored = {letter: value for letter, value in alone.items() if not np.isnan(value)}
    return Trial(data=data.name, validation=held, best=best, choosing=choosing, rows=rows,
                 best_on_test=max(scored, key=lambda letter: scored[letter]) if scored else "")  # fmt: skip


def exams(seeds: Seeds, count: int, shared: bool, rho: float) -> dict[str, Exam]:
    return {family: Exam(family, count, seeds.child(family), rho, shared=shared) for family in FAMILIES}


async def scripted(
    plan: Plan,
    arms: Sequence[str],
    shared: bool,
    rho: float,
    repeats: int,
    validation: int,
    questions: int,
    seeds: Seeds,
) -> list[dict[str, Any]]:
    """Every arm on exams of every family, `repeats` times on fresh questions."""
    found = []
    for repeat in range(repeats):
        made = exams(seeds.child(repeat), validation + questions, shared, rho)
        models = {letter: Specialist(letter, made, OBEDIENCE).model() for letter in LETTERS}
        for family, exam in made.items():
            one = await trial(of_exam(exam), plan, arms, validation, models, f"{seeds}/{repeat}/{family}")
            exact, outside = {}, []
            for row in one.rows:
                chances = expected(row.arm, plan, one.best, exam, one.validation)
                if chances is None:
                    continue
                exact[row.arm] = float(chances.mean())
                apart = mean(np.asarray(row.scores, float) - chances, 0.9998)
                outside += [] if apart.low <= 0 <= apart.high else [row.arm]
            told = {"errors": "shared" if shared else "own", "exact": exact, "outside": outside}
            found.append(one.model_copy(update=told).model_dump())
    return found


def expected(arm: str, plan: Plan, best: str, exam: Exam, validation: int) -> np.ndarray | None:
    """The exact chances of a two-layer arm on the questions tested; None for the others."""
    kind, slots = parsed(arm, plan)
    if kind not in ("mixed", "self", "self-best"):
        return None
    who = best if kind == "self-best" else plan.aggregator
    return exam.exact(tuple(slots or best * plan.size), who, plan.temperature)[validation:]
