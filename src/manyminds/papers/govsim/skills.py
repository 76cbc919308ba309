"""Who masters the sub-skills, and does that go with a lasting commons: probes answered by minds, accuracy, fits."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from manyminds.agents.commoners import Calculates
from manyminds.core import Agent, Estimate, Seeds, play
from manyminds.core.play import checked
from manyminds.papers.govsim.probes import Probe, Skill, Wording, probes
from manyminds.worlds.games.commons import Commons

LADDER = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)  # probabilities of a slip of rule minds that calculate


class Score(BaseModel, frozen=True):
    """How one mind did in one form of one skill. `asked` includes the `unscored`, which are no answers, not wrong."""

    mind: str
    rule: bool
    skill: Skill
    wording: Wording
    hint: bool
    right: int
    asked: int
    unscored: int

    @property
    def scored(self) -> int:
        return self.asked - self.unscored


class Lasting(BaseModel, frozen=True):
    """The months that societies of one rule mind survived, without and with the hint."""

    mind: str
    months: list[int]
    months_with_hint: list[int]


async def answered(
    agent: Agent, items: Sequence[Probe], seeds: Seeds, gather: Callable[[list[Awaitable[Any]]], Awaitable[list[Any]]]
) -> list[bool | None]:
    """Was each item answered right? None where there was no legal answer."""

    async def one(item: Probe) -> bool | None:
        view = item.view(seeds)
        return item.right(checked(view.action, await agent.act(view)))

    return await gather([one(item) for item in items])


def scores(mind: str, rule: bool, items: Sequence[Probe], marks: Sequence[bool | None]) -> list[Score]:
    """The marks of one mind, counted by skill, wording and hint."""
    asked, right, unscored = Counter[Any](), Counter[Any](), Counter[Any]()
    for item, mark in zip(items, marks, strict=True):
        form = (item.skill, item.wording, item.hint)
        asked[form] += 1
        right[form] += mark is True
        unscored[form] += mark is None
    return [
        Score(mind=mind, rule=rule, skill=skill, wording=wording, hint=hint, right=right[form], asked=n,
              unscored=unscored[form])
        for form, n in asked.items()
        for skill, wording, hint in [form]
    ]  # fmt: skip


async def rung(slips: float, items: Sequence[Probe], runs: int, months: int, seeds: Seeds) -> dict[str, Any]:
    """One rung of the ladder: five rule minds that err alike play without talk, and one of them answers the probes."""
    mind, name = Calculates(slips), f"calculates:{slips:g}"

    async def lasted(hint: bool, repeat: int) -> int:
        world = Commons(("John", "Kate", "Jack", "Emma", "Luke"), months=months, universalisation=hint)
        played = await play(world, dict.fromkeys(world.members, mind), seeds.child(name, hint, repeat))
        return int(played.outcome.months)

    marks = []
    for item in items:
        view = item.view(seeds.child(name))
        marks.append(item.right(checked(view.action, await mind.act(view))))
    alone = [await lasted(False, repeat) for repeat in range(runs)]
    told = [await lasted(True, repeat) for repeat in range(runs)]
    return {
        "scores": [score.model_dump() for score in scores(name, True, items, marks)],
        "lasting": Lasting(mind=name, months=alone, months_with_hint=told).model_dump(),
    }


def all_items(seeds: Seeds, count: int, skin: str) -> list[Probe]:
    return list(probes(seeds, count, skin))


class Fit(NamedTuple):
    """How accuracy in a skill goes with months over minds."""

    skill: str
    r_squared: Estimate  # of ordinary least squares
    spearman: Estimate
    p: float  # of no rank correlation
    minds: int


def fitted(skill: str, accuracy: dict[str, float], months: dict[str, float]) -> Fit | None:
    """The fit over the minds that have both; None with fewer than three, or where either does not vary."""
    from scipy.stats import pearsonr, rankdata, spearmanr

    minds = [mind for mind in accuracy if mind in months]
    x, y = [accuracy[mind] for mind in minds], [months[mind] for mind in minds]
    if len(minds) < 3 or len(set(x)) < 2 or len(set(y)) < 2:
        return None

    def interval(of: Any) -> Estimate:
        """A correlation with Fisher's interval, which four minds are the least for."""
        low, high = of.confidence_interval() if len(minds) > 3 else (-1.0, 1.0)
        return Estimate(float(of.statistic), float(low), float(high), len(minds))

    r, ranks = interval(pearsonr(x, y)), interval(pearsonr(rankdata(x), rankdata(y)))
    least = 0.0 if r.low < 0 < r.high else min(r.low**2, r.high**2)
    r_squared = Estimate(r.value**2, least, max(r.low**2, r.high**2), len(minds))
    return Fit(skill, r_squared, ranks, float(spearmanr(x, y).pvalue), len(minds))


def accuracy_by_mind(found: Sequence[Score], skill: str, rule: bool, hint: bool = False) -> dict[str, float]:
    """Accuracy over both wordings, for the minds of one kind; a mind without any scored answer is left out."""
    right, n = Counter[str](), Counter[str]()
    for score in found:
        if (score.skill, score.rule, score.hint) == (skill, rule, hint):
            right[score.mind] += score.right
            n[score.mind] += score.scored
    return {mind: right[mind] / n[mind] for mind in n if n[mind]}
