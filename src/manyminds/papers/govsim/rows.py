"""One society that played, as a row of results: who, under what, how it ended, and every measure of it."""

from typing import Any, Literal

from pydantic import BaseModel

from manyminds.core import Played, welfare
from manyminds.worlds.games.commons import Commons, Outcome, fair_share

# All rules; all language models; a person among rules; language models among others.
Kind = Literal["rule", "language", "person", "mixed"]


class Row(BaseModel, frozen=True):
    """One society. None: unscored. Rates are shares from 0 to 1; gains are units per member.

    The figures `..._at_worst` are what they would be, had whoever gave no answer taken all it could: no answer counts
    as nothing taken, which flatters restraint.
    """

    society: str
    scenario: str
    condition: str
    repeat: int
    kind: Kind
    ending: str
    reason: str = ""
    months: int | None = None
    survived: bool | None = None
    gain: float | None = None
    efficiency: float | None = None
    equality: float | None = None
    over_usage: float | None = None  # of (member, month) harvests
    over_usage_of_records: float | None = None  # of harvests and utterances together
    no_answer: float | None = None  # of (member, month) harvests
    months_at_worst: int | None = None
    survived_at_worst: bool | None = None
    gain_at_worst: float | None = None
    over_usage_at_worst: float | None = None
    limited: float | None = None  # share of the months with an agreed limit
    limit_gap: float | None = None  # agreed limit less the sustainable share, mean over those months
    compliance: float | None = None  # share of the harvests within the agreed limit
    gains: list[int] = []
    pools: list[int] = []
    caught: list[int] = []
    left: int = 0
    clipped: int = 0
    silent_talks: int = 0  # turns to speak and minutes without an answer
    strangers: int = 0
    invalid: int = 0  # answers of models that had to be asked for again
    unrated: int = 0  # memories that a model gave no legal rating
    utterances: dict[str, int] = {}  # by class, where somebody labelled them
    unlabelled: int = 0


def row_of(place: dict[str, Any], world: Commons, played: Played, **counted: Any) -> Row:
    """The row of a play; a failed one stays in the sample, unscored. `counted` are fields counted elsewhere."""
    if played.ending != "finished":
        return Row(**place, ending=played.ending, reason=played.reason, **counted)
    end: Outcome = played.outcome
    return Row(
        **place, ending="finished" if end.alive else "collapsed", **measured(end, world), **counted,
        gains=list(end.gains.values()), pools=end.pools, caught=[sum(month.values()) for month in end.takes],
        left=end.left, clipped=end.clipped, strangers=end.strangers,
        silent_talks=end.silent - sum(map(len, end.mute)),
    )  # fmt: skip


def measured(end: Outcome, world: Commons) -> dict[str, Any]:
    """Every measure of one society (section 2.4), and what it would be at worst."""
    gains = list(end.gains.values())
    shares = [fair_share(pool, len(month)) for pool, month in zip(end.pools, end.takes)]
    over = welfare.over_usage(end.takes, shares, end.utterances)
    mute = [n <= share for month, share, silent in zip(end.takes, shares, end.mute)
            for who, n in month.items() if who in silent]  # fmt: skip
    months, total = welfare.at_worst(end.pools, end.takes, end.mute)
    gaps = [limit - share for limit, share in zip(end.limits, shares) if limit is not None]
    return {
        "months": end.months,
        "survived": end.months == world.months,
        "gain": sum(gains) / len(gains),
        "efficiency": welfare.efficiency(sum(gains), world.months, world.full // 2),
        "equality": welfare.equality(gains),
        "over_usage": over.of_harvests,
        "over_usage_of_records": over.of_records,
        "no_answer": len(mute) / end.harvests if end.harvests else None,
        "months_at_worst": months,
        "survived_at_worst": months == world.months,
        "gain_at_worst": total / len(gains),
        "over_usage_at_worst": (over.harvests_over + sum(mute)) / end.harvests if end.harvests else None,
        "limited": len(gaps) / len(end.limits) if end.limits else None,
        "limit_gap": sum(gaps) / len(gaps) if gaps else None,
        "compliance": welfare.compliance(end.takes, end.limits),
    }
