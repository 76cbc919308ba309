"""A model organism that bargains: a small decoder raised on the transcripts of a rule, JSON and all.

It reads its view in a few words (`prompts/brief.md`): the sum, the round, what waiting leaves of it to whom, its own
last demand and the other's last offer in percent of the sum. The rule that it is raised on proposes in steps of ten
percent, because a decoder of this size cannot divide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.agents.bargainers import RULES, Bargainer, seen_in
from manyminds.agents.correspondent import Correspondent
from manyminds.agents.seats import rule
from manyminds.core import Agent, Claim, Finding, Lab, NotHere, Seeds, Table, View, render
from manyminds.models.request import Model
from manyminds.papers.glee.answers import Answers, Counts
from manyminds.papers.glee.grid import Cell
from manyminds.papers.glee.records import GameRecord
from manyminds.papers.glee.seating import played_in_world
from manyminds.tuning.organisms import Briefly, Demonstrates, Grown, Lesson, Raising, organism
from manyminds.worlds.games.bilateral_answers import Offer

ORGANISM, TEACHER, STEP = "organism", "anchor", 10  # proposals are multiples of 1 / STEP
COMPANY = ("fair", "anchor", "tit-for-concession", "stubborn")  # whom it meets, in both seats


class Bargained(BaseModel, frozen=True):
    """One organism: how its answers came, and what it and its teacher demand in the first stage of the same games."""

    seed: int
    grown: Grown
    answers: Answers
    share: float  # of the sum, mean over games in which it opens
    teacher: float
    games: int
    void: int


@dataclass(frozen=True)
class Stepwise:
    """A bargainer whose proposals are rounded to steps of the sum."""

    inner: Bargainer
    kind = "rule"

    async def act(self, view: View) -> Any:
        answer = await self.inner.act(view)
        if view.data.phase == "decision":
            return answer
        own = round(STEP * answer.own / view.data.money) / STEP * view.data.money
        return Offer(own, view.data.money - own)


def words(view: View) -> str:
    """The view in a few words."""
    sight, seen = view.data, seen_in(view)

    def percent(share: Any) -> int | None:
        return None if share is None or np.isnan(share) else round(100 * float(share))

    own, other = (percent(one) for one in sight.discounts)
    return render(__package__, "brief", sight=sight, money=f"{sight.money:.0f}", own=own, other=other,
                  asked=percent(seen.asked), offered=percent(seen.offered))  # fmt: skip


def as_json(view: View, answer: Any) -> str:
    """What a rule answers, as the game wants to read it."""
    if view.data.phase == "decision":
        return f'{{"decision": "{answer}"}}'
    return f'{{"own_part": {answer.own:.0f}, "other_part": {answer.other:.0f}}}'


def seated(model: Model, count: Counts | None = None) -> Briefly:
    """The ordinary language player, asked once."""
    count = count or Counts()
    player = Correspondent(model, max_tokens=40, reasks=0, invalid=count.invalid, answered=count.answered)
    return Briefly(player, words)


def teacher() -> Stepwise:
    return Stepwise(rule(TEACHER, RULES))  # type: ignore[arg-type]


async def lessons(cells: Sequence[Cell], count: int, seeds: Seeds) -> list[Lesson]:
    """What the teacher answers, in either seat, in as many games as it takes."""
    demonstrates = Demonstrates(teacher(), seated, as_json)
    rng = seeds("games")
    number = 0
    while len(demonstrates.lessons) < count:
        number += 1
        other = rng.choice(COMPANY)
        pair = (TEACHER, other) if rng.random() < 0.5 else (other, TEACHER)
        own = pair.index(TEACHER) if other != TEACHER else rng.randrange(2)

        def seat(mind: str, place: int, own: int = own) -> Agent:
            return demonstrates if place == own else rule(mind, RULES)

        await played_in_world(rng.choice(cells), pair, number, seeds.child(number), seat)
    return demonstrates.lessons


async def raised(lab: Lab, raising: Raising, cells: Sequence[Cell], seed: int, games: int) -> Bargained:
    """Raise one organism on silent games, and play it and its teacher in others."""
    quiet = [cell for cell in cells if not cell.words]
    seeds = lab.seeds.child("organism", seed)
    grown = await organism(lab, f"bargainer {seed}", seed, raising, lambda count: lessons(quiet, count, seeds))
    count, model, chosen = Counts(), lab.model(grown.model), seeds("tested").choices(quiet, k=games)

    async def one(who: str, cell: Cell, number: int, other: str, place: int) -> GameRecord:
        pair = (who, other) if place == 0 else (other, who)

        def seat(mind: str, at: int) -> Agent:
            if at != place:
                return rule(mind, RULES)
            return seated(model, count) if who == ORGANISM else teacher()

        where = seeds.child("play", number, other, place)
        record = lab.record(f"{ORGANISM} {seed}/{number}/{other}/{place}") if who == ORGANISM else None
        return await played_in_world(cell, pair, number, where, seat, record)

    async def all_of(who: str) -> list[GameRecord]:
        settings = product(enumerate(chosen), COMPANY, (0, 1))
        jobs = [one(who, cell, number, other, place) for (number, cell), other, place in settings]
        return await lab.gather(jobs, f"games of {who} {seed}")

    mine, theirs = await all_of(ORGANISM), await all_of(TEACHER)
    return Bargained(
        seed=seed, grown=grown, share=opening(mine, ORGANISM), teacher=opening(theirs, TEACHER), games=len(mine),
        void=sum(bool(one.void) for one in mine),
        answers=count.frozen(),
    )  # fmt: skip


def opening(records: Sequence[GameRecord], who: str) -> float:
    """The mean share that a player demands for itself as the first to propose; NaN where it never did."""
    first = [record for record in records if record.player_a == who and record.turns]
    shares = [record.turns[0].payload["terms"] / record.cell.money for record in first]
    return float(np.mean(shares)) if shares else float("nan")


# ---- what must come out


def of(results: Any) -> list[Bargained]:
    if not results.organisms:
        raise NotHere("no organism was raised (organisms=3 raises three)")
    return list(results.organisms)


def speaks_json(results: Any) -> Finding:
    """The least share of turns that were answered legally at once."""
    least = min(of(results), key=lambda one: one.answers.parsable)
    return Finding(
        least.answers.parsable, least.answers.parsable >= 0.99, least.answers.first_try + least.answers.never
    )


def demands_alike(results: Any) -> Finding:
    """The largest distance from the teacher's mean demand in the first stage."""
    gaps = [abs(one.share - one.teacher) for one in of(results)]
    worst = float(max(gaps)) if all(gap == gap for gap in gaps) else float("nan")
    return Finding(worst, worst <= 0.05, len(gaps))


def organism_table(results: Any) -> Table:
    rows = tuple((one.seed, one.games, one.void, f"{one.answers.parsable:.2%}", one.share, one.teacher,
                  one.grown.tokens, one.grown.right) for one in results.organisms)  # fmt: skip
    columns = (
        "seed",
        "games",
        "void",
        "legal at once",
        "first demand",
        "its teacher's",
        "tokens read",
        "lessons known",
    )
    return Table("Model organisms that bargain", columns, rows, "demands as shares of the sum, in the same games")


MADE = "derived: a model raised on transcripts plays as they do"
ASKED = {"families": ("bargaining",), "bargainers": ("fair",), "repeats": 1, "theory": False, "replayed": 0,
         "studies": 0, "organisms": 3, "organism_tokens": 700_000}  # fmt: skip
ORGANISMS = (
    Claim("organism-json", "turns that organisms answer with legal JSON at once: least share, three seeds", MADE,
          ">= 0.99", speaks_json, config=ASKED),
    Claim("organism-share", "first demands of organisms: largest distance from their teacher's mean, three seeds", MADE,
          "<= 0.05", demands_alike, config=ASKED),
)  # fmt: skip
