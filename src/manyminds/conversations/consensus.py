"""Consensus: when have enough of a group come to stand behind one solution? A pure function of who said what.

A stance is (speaker, agrees): True agrees, False proposes a solution of its own, None neither. The proposer counts as
one who agrees, and everybody counts once. Thresholds are those of MALLM (arXiv 2410.22932, section 3); its hybrid rule
is that of Exchange-of-Thought (arXiv 2312.01823).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Stance(NamedTuple):
    """What one contribution says to the solution that stands: True agrees, False proposes another, None neither."""

    speaker: int
    agrees: bool | None


def backers(stances: Sequence[Stance]) -> int:
    """How many stand behind the latest proposal: its proposer and all who agreed since. Words that neither propose nor
    agree withdraw the speaker's earlier agreement. 0 before there is a proposal; the first stance is one if not None.
    """
    start = next((i for i in reversed(range(len(stances))) if stances[i].agrees is False), None)
    if start is None:
        start = 0 if stances and stances[0].agrees else None  # the very first words have nothing to agree with
    if start is None:
        return 0
    behind = {stances[start].speaker}
    for speaker, agrees in stances[start + 1 :]:
        behind = behind | {speaker} if agrees else behind - {speaker}
    return len(behind)


@dataclass(frozen=True)
class Threshold:
    """Enough is a share `share` of all agents; unanimity is asked for before turn `strict_before`, and always of
    groups of at most `small` panelists."""

    share: float
    strict_before: int = 0
    small: int = 0

    def reached(self, backers: int, agents: int, turn: int, panelists: int | None = None) -> bool:
        strict = turn < self.strict_before or (agents if panelists is None else panelists) <= self.small
        return backers > 0 and backers / agents >= (1.0 if strict else self.share)


THRESHOLDS = {
    "majority": Threshold(0.5),
    "supermajority": Threshold(0.66),
    "unanimity": Threshold(1.0),
    "hybrid": Threshold(0.75, strict_before=5, small=3),
}


def stopped_at(agreements: Sequence[bool], agents: int, rule: Threshold) -> int | None:
    """After how many contributions a group stops that speaks in fixed order; None if it never does."""
    stances: list[Stance] = []
    for i, agrees in enumerate(agreements):
        stances.append(Stance(i % agents, agrees))
        if rule.reached(backers(stances), agents, i // agents + 1):
            return i + 1
    return None
