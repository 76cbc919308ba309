"""Judges: win rates against a reference at equal length, and grades from 1 to 10 over two turns."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel

from manyminds.conversations.pair_judge import PairJudge, reliability
from manyminds.core import Lab, NoAnswer, Whole, render, win_rates
from manyminds.models.ask import ask
from manyminds.models.request import Model, Request, user
from manyminds.papers.self_moa.arms import Plan, Scored, on_set
from manyminds.papers.self_moa.tasks import Set, Task, second_turn


class Judged(BaseModel, frozen=True):
    """What a judge says of an arm on a set: win rates (raw, at equal length) or the mean grade; what was unusable."""

    data: str
    arm: str
    raw: float | None = None
    controlled: float | None = None
    grade: float | None = None
    unusable: int = 0
    bias: float | None = None  # for whoever is shown first, in [-1, 1]
    n: int = 0


async def compared(judge: Model, data: Set, tasks: Sequence[Task], row: Scored, lab: Lab) -> Judged:
    """Every text against the reference, in both orders."""
    asker = PairJudge(judge)
    jobs = [asker.both(task.question.text, (text or "(nothing)", task.reference), 0, 1, f"{lab.seeds}/{row.arm}/{i}")
            for i, (task, text) in enumerate(zip(tasks, row.texts))]  # fmt: skip
    pairs = await lab.gather(jobs, f"judging {row.arm}")
    trust = reliability(pairs)
    # Instructions on which everybody's texts are long are taken for the harder ones: no other sign is given here.
    rate = win_rates.controlled(
        [(pair.preference + 1) / 2 for pair in pairs], [len(text) for text in row.texts],
        [len(task.reference) for task in tasks], np.log1p([len(task.question.text) for task in tasks]),
    )  # fmt: skip
    return Judged(data=data.name, arm=row.arm, raw=rate.raw, controlled=rate.controlled, unusable=trust["unusable"],
                  bias=trust["bias"], n=rate.n)  # fmt: skip


async def graded(
    judge: Model,
    data: Set,
    tasks: Sequence[Task],
    row: Scored,
    plan: Plan,
    best: str,
    models: Mapping[str, Model],
    lab: Lab,
) -> Judged:
    """The mean grade of both turns; a grade that is unusable is left out and counted."""
    stream = f"{lab.seeds}/{row.arm}"
    pairs = list(zip(tasks, row.texts))
    later = [second_turn(task, text) for task, text in pairs if task.second]
    if later:
        again = await on_set(row.arm, plan, best, later, data, models, f"{stream}/second")
        pairs += list(zip(later, again.texts))

    async def one(i: int, task: Task, text: str) -> float | None:
        told = render(
            __package__,
            "grade",
            context=task.question.context,
            question=task.question.text,
            reference=task.reference if not task.question.context else "",
            answer=text or "(nothing)",
        )
        request = Request((user(told),), max_tokens=512, output=Whole(1, 10), repeat=f"{stream}/grade/{i}")
        found = (await ask(judge, request)).value
        return None if isinstance(found, NoAnswer) else float(found)

    grades = await lab.gather([one(i, *pair) for i, pair in enumerate(pairs)], f"grading {row.arm}")
    usable = [grade for grade in grades if grade is not None]
    return Judged(data=data.name, arm=row.arm, grade=float(np.mean(usable)) if usable else None,
                  unusable=len(grades) - len(usable), n=len(usable))  # fmt: skip
