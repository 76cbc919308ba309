"""Rules that can sit at a commons. A rule reads its view and nothing else.

Each rule answers a harvest with a wish. In a town hall a rule without anything to say passes the word on; `Believes`
proposes what it believes to be a safe catch.
"""

from dataclasses import dataclass
from random import Random
from statistics import mean, median
from typing import Any, Literal

from manyminds.core import NoAnswer, View, Whole


def utterance(view: View, text: str, proposed_limit: int | None = None) -> dict[str, Any]:
    """Speak once; the talk may end when everybody has spoken."""
    spoken = len(view.data.said) + 1
    return {"response": text, "conclude": spoken >= view.data.members, "next_speaker": next_unheard(view),
            "proposed_limit": proposed_limit}  # fmt: skip


def next_unheard(view: View) -> str:
    """The first in sight who has not spoken yet, or nobody in particular."""
    heard = {line.speaker for line in view.data.said} | {view.data.name}
    return next((name for name in view.data.others if name not in heard), "")


@dataclass(frozen=True)
class Commoner:
    """What all rules of the commons share: they harvest what it `wants`, and have nothing to say."""

    kind = "rule"

    async def act(self, view: View) -> Any:
        if isinstance(view.action, Whole):
            return view.action.nearest(self.wants(view))
        return utterance(view, "I have nothing to add.")

    def wants(self, view: View) -> float:
        raise TypeError(f"{type(self).__name__} must say what it wants")


@dataclass(frozen=True)
class Greedy(Commoner):
    """Wishes for all there is."""

    def wants(self, view: View) -> float:
        return view.data.pool


@dataclass(frozen=True)
class Takes(Commoner):
    """Wishes for the same every month."""

    wish: int

    def wants(self, view: View) -> float:
        return self.wish


@dataclass(frozen=True)
class FairShare(Commoner):
    """Wishes for its share of what regrows: floor(floor(h/2)/n)."""

    def wants(self, view: View) -> float:
        return view.data.pool // 2 // view.data.members


@dataclass(frozen=True)
class Noisy(Commoner):
    """The fair share, misjudged by a normal error."""

    sd: float = 2.0

    def wants(self, view: View) -> float:
        return round(view.data.pool // 2 // view.data.members + view.seeds("noise").gauss(0, self.sd))


@dataclass(frozen=True)
class Matches(Commoner):
    """Opens modestly, then takes what the greediest in sight took."""

    opening: int = 10

    def wants(self, view: View) -> float:
        return max(view.data.catches.values(), default=self.opening)


@dataclass(frozen=True)
class Compensates(Commoner):
    """Opens modestly; then leaves room for the greediest: the others share what regrows less that catch."""

    opening: int = 10

    def wants(self, view: View) -> float:
        others = [n for who, n in view.data.catches.items() if who != view.data.name]
        if not others:
            return self.opening
        return max(view.data.pool // 2 - max(others), 0) // (view.data.members - 1)


@dataclass(frozen=True)
class Universalises(Commoner):
    """Takes what could be everybody's catch without loss; computes it where no hint is given."""

    def wants(self, view: View) -> float:
        hint = view.data.threshold
        return view.data.pool // 2 // view.data.members if hint is None else hint


@dataclass(frozen=True)
class Believes(Commoner):
    """Holds a fixed belief about the safe catch, proposes it in the town hall, and keeps to the limit agreed there."""

    belief: int

    async def act(self, view: View) -> Any:
        if isinstance(view.action, Whole):
            return await super().act(view)
        return utterance(view, f"I think that {self.belief} each is safe.", self.belief)

    def wants(self, view: View) -> float:
        return self.belief if view.data.limit is None else view.data.limit


@dataclass(frozen=True)
class Plans(Commoner):
    """Takes its share of what regrows, and everything in the last month: the optimum of a planner who knows the end."""

    months: int = 12

    def wants(self, view: View) -> float:
        return view.data.pool if view.data.month >= self.months else view.data.pool // 2 // view.data.members


@dataclass(frozen=True)
class Mute(Commoner):
    """Never answers: what becomes of a society whose endpoint is dead."""

    async def act(self, view: View) -> NoAnswer:
        return NoAnswer("mute: never answers")


@dataclass(frozen=True)
class Calculates(Commoner):
    """Works its share out by arithmetic in which each step slips with probability `slips`, and answers probes with it.

    A step that slips comes out wrong by a factor from a quarter to four, evenly in logarithms. A hint is read, not
    worked out.
    """

    slips: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.slips <= 1:
            raise ValueError(f"the probability of a slip is from 0 to 1, not {self.slips:g}")

    async def act(self, view: View) -> Any:
        if hasattr(view.data, "skill"):
            return view.action.nearest(self.solved(view.data, view.seeds("slips")))
        return await super().act(view)

    def wants(self, view: View) -> float:
        hint = view.data.threshold
        return self.share(view.data.pool, view.data.members, view.seeds("slips")) if hint is None else hint

    def solved(self, asked: Any, rng: Random) -> float:
        """The answer to a probe: the pool after a harvest, or a share of what regrows."""
        if asked.skill == "dynamics":
            left = self.step(asked.pool - self.step(asked.members * asked.take, rng), rng)
            return min(100, max(0, self.step(2 * left, rng)))
        return self.share(asked.pool, asked.members, rng) if asked.hint is None else asked.hint

    def share(self, pool: int, members: int, rng: Random) -> int:
        return self.step(self.step(pool // 2, rng) // members, rng)

    def step(self, exact: int, rng: Random) -> int:
        slipped, factor = rng.random() < self.slips, 4 ** rng.uniform(-1, 1)
        return round(exact * factor) if slipped else exact


@dataclass(frozen=True)
class RuleClerk:
    """Takes the median (or the mean, rounded down) of the proposals as agreed; none when nobody proposed."""

    rule: Literal["median", "mean"] = "median"
    kind = "rule"

    async def act(self, view: View) -> Any:
        proposed = [line.proposed_limit for line in view.data.said if line.proposed_limit is not None]
        if not proposed:
            return {"summary": "Nothing was proposed.", "limit": None}
        limit = int(median(proposed) if self.rule == "median" else mean(proposed))
        return {"summary": f"{len(proposed)} proposals were made.", "limit": limit}


RULES = {
    "greedy": Greedy,
    "takes": Takes,
    "fair-share": FairShare,
    "noisy": Noisy,
    "matcher": Matches,
    "compensator": Compensates,
    "universaliser": Universalises,
    "believes": Believes,
    "planner": Plans,
    "calculates": Calculates,
    "mute": Mute,
}
