"""Rules that bargain: over a sum to divide, or over the price of a good. A rule reads its view and nothing else.

Both games are the same to them: there is a pie, an agreement gives each side a part of it (its gain, as a share of the
money at stake), and no agreement gives nothing. A rule is two functions of what it has `Seen`: what it asks for itself,
and what it accepts. They take plain numbers or arrays of them (one a game), so one definition sits in a seat and plays
a whole grid of games at once.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import View
from manyminds.theory.bargaining import proposer_share

Number = Any  # a float, or an array of them
CLOSE = 1e-9  # gains nearer than this are the same


class Seen(NamedTuple):
    """What a bargainer knows when it must act, as numbers; NaN stands for what is not known, or did not happen yet.

    Gains are its own, as shares of the money at stake; of the other's offers they are what the offer leaves to it.
    """

    stage: Number  # from 1
    rounds: Number  # how many stages there are; NaN: nobody said
    pie: Number  # what an agreement brings both together; NaN: not known
    own: Number  # discount factor
    other: Number  # NaN: not known
    offered: Number  # in the other's latest offer
    before: Number  # in the one before
    asked: Number  # in my own latest offer
    noise: Number = 0.0  # a standard normal draw of this turn


def filled(value: Number, otherwise: Number) -> Number:
    """The value, or `otherwise` where it is not known."""
    return np.where(np.isnan(value), otherwise, value)


def limited(gain: Number, pie: Number) -> Number:
    """A gain from nothing to all there is."""
    return np.minimum(np.maximum(gain, 0.0), pie)


@dataclass(frozen=True)
class Bargainer(ABC):
    """What all bargainers share. `guess`: the pie it reckons with where nobody told it."""

    guess: float = 0.2
    kind = "rule"

    @abstractmethod
    def asks(self, seen: Seen) -> Number:
        """The gain it demands for itself."""

    @abstractmethod
    def accepts(self, seen: Seen) -> Number:
        """Whether it takes what is `offered`."""

    def pie(self, seen: Seen) -> Number:
        return np.maximum(filled(seen.pie, self.guess), 0.0)

    async def act(self, view: View) -> Any:
        seen = seen_in(view)
        if view.data.phase == "decision":
            return "accept" if bool(self.accepts(seen)) else "reject"
        return view.action.giving(float(self.asks(seen)))


def seen_in(view: View) -> Seen:
    """The numbers in a bargainer's sight."""
    sight, nan = view.data, float("nan")
    theirs = [gain for mine, gain in sight.offers if not mine]
    asked = [gain for mine, gain in sight.offers if mine]
    own, other = sight.discounts
    return Seen(
        stage=sight.stage,
        rounds=nan if sight.rounds is None else sight.rounds,
        pie=nan if sight.pie is None else sight.pie,
        own=own,
        other=nan if other is None else other,
        offered=theirs[-1] if theirs else nan,
        before=theirs[-2] if len(theirs) > 1 else nan,
        asked=asked[-1] if asked else nan,
        noise=view.seeds("noise").gauss(0, 1),
    )


@dataclass(frozen=True)
class Equilibrium(Bargainer):
    """Plays the subgame-perfect equilibrium (Rubinstein; backward induction where the last stage is known).

    Whoever does not know the other's discount factor takes `other`, or its own where that is None. Where the theory
    leaves the division open (nobody loses by waiting and there is no end) it asks for half.
    """

    other: float | None = None

    def share(self, seen: Seen, stages_ahead: int) -> Number:
        """My share as the proposer of a stage, this one or the next."""
        other = filled(seen.other, seen.own if self.other is None else self.other)
        later = np.maximum(np.asarray(seen.rounds, float) - seen.stage - stages_ahead, 0)
        return filled(proposer_share(seen.own, other, later), 0.5)

    def asks(self, seen: Seen) -> Number:
        return self.pie(seen) * self.share(seen, 0)

    def accepts(self, seen: Seen) -> Number:
        """As soon as waiting for the own turn brings no more; in the last stage nothing comes of waiting."""
        waiting = seen.own * self.pie(seen) * self.share(seen, 1)
        return seen.offered >= np.where(seen.stage == np.asarray(seen.rounds), 0.0, waiting) - CLOSE


@dataclass(frozen=True)
class FairSplitter(Bargainer):
    """Asks for half and accepts nothing less."""

    def asks(self, seen: Seen) -> Number:
        return self.pie(seen) / 2

    def accepts(self, seen: Seen) -> Number:
        return seen.offered >= self.pie(seen) / 2 - CLOSE


@dataclass(frozen=True)
class Stubborn(Bargainer):
    """Asks for the same share for ever and accepts nothing less."""

    share: float = 0.7

    def asks(self, seen: Seen) -> Number:
        return self.pie(seen) * self.share

    def accepts(self, seen: Seen) -> Number:
        return seen.offered >= self.pie(seen) * self.share - CLOSE


@dataclass(frozen=True)
class Haggler(Bargainer):
    """Moves from offer to offer; accepts what is as good as its own next offer, or anything in a known last stage."""

    def accepts(self, seen: Seen) -> Number:
        last = seen.stage == np.asarray(seen.rounds)
        return (seen.offered >= seen.own * self.asks(seen) - CLOSE) & (seen.offered >= -CLOSE) | (
            last & (seen.offered > CLOSE)
        )


@dataclass(frozen=True)
class AnchorAdjust(Haggler):
    """Starts from an anchor and moves a part of the way toward what the other offers, every time (Tversky, Kahneman).

    `spread`: how much its anchor varies from game to game, as a share of the pie.
    """

    anchor: float = 0.7
    pull: float = 0.5
    spread: float = 0.05

    def asks(self, seen: Seen) -> Number:
        pie = self.pie(seen)
        start = filled(seen.asked, (self.anchor + self.spread * seen.noise) * pie)
        return limited(start + self.pull * (filled(seen.offered, start) - start), pie)


@dataclass(frozen=True)
class TitForConcession(Haggler):
    """Opens high, then gives way exactly as far as the other did; the first step is a present.

    `noise` of an opening moves it by `spread`.
    """

    opening: float = 0.9
    present: float = 0.05
    spread: float = 0.05

    def asks(self, seen: Seen) -> Number:
        pie = self.pie(seen)
        conceded = np.maximum(filled(np.asarray(seen.offered) - seen.before, self.present * pie), 0.0)
        opening = np.minimum(self.opening + self.spread * np.asarray(seen.noise), 1.0) * pie
        return limited(np.where(np.isnan(seen.asked), opening, seen.asked - conceded), pie)


RULES = {
    "equilibrium": lambda: Equilibrium(),
    "fair": lambda: FairSplitter(),
    "anchor": lambda anchor=0.7, pull=0.5: AnchorAdjust(anchor=anchor, pull=pull),
    "tit-for-concession": lambda opening=0.9: TitForConcession(opening=opening),
    "stubborn": lambda share=0.7: Stubborn(share=share),
}
