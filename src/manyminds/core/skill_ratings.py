"""Ratings from results: TrueSkill for any number of players with ties, and Elo.

TrueSkill (Herbrich, Minka, Graepel 2006) is expectation propagation on a chain: skill -> performance -> differences of
neighbours in the ranking, each cut at the draw margin. Here every player is a team of one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

NORMAL = NormalDist()


@dataclass(frozen=True)
class Rating:
    """A normal belief about a skill."""

    mu: float = 25.0
    sigma: float = 25.0 / 3

    @property
    def cautious(self) -> float:
        """What the skill exceeds almost surely: mu - 3 sigma; ladders are sorted by it."""
        return self.mu - 3 * self.sigma


@dataclass(frozen=True)
class TrueSkill:
    """The published defaults: `beta` is the noise of a performance, `tau` what a skill drifts between games, and
    `draw` the probability of a draw between equals, from 0 to below 1."""

    mu: float = 25.0
    sigma: float = 25.0 / 3
    beta: float = 25.0 / 6
    tau: float = 25.0 / 300
    draw: float = 0.1

    def new(self) -> Rating:
        return Rating(self.mu, self.sigma)

    @property
    def margin(self) -> float:
        """Two performances that differ by at most this are a draw."""
        return NORMAL.inv_cdf((self.draw + 1) / 2) * math.sqrt(2) * self.beta

    def rated(self, ratings: Sequence[Rating], ranks: Sequence[float]) -> list[Rating]:
        """The ratings after one game. `ranks`: lower is better, equal is a draw; same length as `ratings`."""
        if len(ratings) != len(ranks):
            raise ValueError(f"{len(ratings)} ratings and {len(ranks)} ranks do not belong together")
        if len(ratings) < 2:
            return list(ratings)
        order = sorted(range(len(ranks)), key=lambda i: ranks[i])
        drifted = [Message.of(ratings[i].mu, ratings[i].sigma ** 2 + self.tau**2) for i in order]
        tied = [ranks[i] == ranks[j] for i, j in pairwise(order)]
        heard = evidence([prior.blurred(self.beta**2) for prior in drifted], tied, self.margin)
        after: list[Rating] = list(ratings)
        for i, prior, said in zip(order, drifted, heard):
            posterior = prior * said.blurred(self.beta**2)
            after[i] = Rating(posterior.mean, math.sqrt(posterior.variance))
        return after


class Message(NamedTuple):
    """A normal density up to scale, by its precision and precision times mean; precision 0 says nothing."""

    precision: float = 0.0
    weighted: float = 0.0

    @classmethod
    def of(cls, mean: float, variance: float) -> "Message":
        return cls(1 / variance, mean / variance)

    @property
    def mean(self) -> float:
        return self.weighted / self.precision

    @property
    def variance(self) -> float:
        return 1 / self.precision

    def __mul__(self, other: "Message") -> "Message":  # type: ignore[override]
        return Message(self.precision + other.precision, self.weighted + other.weighted)

    def blurred(self, variance: float) -> "Message":
        """The density after adding independent noise."""
        if self.precision <= 0:
            return Message()
        return Message.of(self.mean, self.variance + variance)


def evidence(
    performances: Sequence[Message], tied: Sequence[bool], margin: float, rounds: int = 200, close: float = 1e-10
) -> list[Message]:
    """What the ranking says about each performance, best first; `tied[j]`: is j level with j + 1?

    Sweeps up and down the chain until no message moves by more than `close`.
    """
    pairs = len(tied)
    to_better, to_worse = [Message()] * pairs, [Message()] * pairs
    sweep = [*range(pairs), *reversed(range(pairs - 1))]
    for _ in range(rounds):
        moved = 0.0
        for j in sweep:
            better = performances[j] * (to_worse[j - 1] if j else Message())
            worse = performances[j + 1] * (to_better[j + 1] if j + 1 < pairs else Message())
            said = truncated(better.mean - worse.mean, better.variance + worse.variance, margin, tied[j])
            new_better, new_worse = plus(said, worse), minus(better, said)
            moved = max(moved, *(abs(a - b) for a, b in zip((*new_better, *new_worse), (*to_better[j], *to_worse[j]))))
            to_better[j], to_worse[j] = new_better, new_worse
        if moved < close:
            break
    nothing = Message()
    return [(to_worse[j - 1] if j else nothing) * (to_better[j] if j < pairs else nothing) for j in range(pairs + 1)]


def plus(difference: Message, worse: Message) -> Message:
    """What is said about the better one: the difference on top of the worse one."""
    if difference.precision <= 0:
        return Message()
    return Message.of(difference.mean + worse.mean, difference.variance + worse.variance)


def minus(better: Message, difference: Message) -> Message:
    """What is said about the worse one: the better one less the difference."""
    if difference.precision <= 0:
        return Message()
    return Message.of(better.mean - difference.mean, difference.variance + better.variance)


def truncated(mean: float, variance: float, margin: float, tied: bool) -> Message:
    """What a result says about a difference of performances that was expected at `mean` with `variance`."""
    scale = math.sqrt(variance)
    v, w = (corrections_of_draw if tied else corrections_of_win)(mean / scale, margin / scale)
    w = min(max(w, 0.0), 1 - 1e-12)
    after = Message.of(mean + scale * v, variance * (1 - w))
    before = Message.of(mean, variance)
    return Message(after.precision - before.precision, after.weighted - before.weighted)


def below(x: float) -> float:
    """The standard normal's mass below x, exact to the last digits also far out, where 1 + erf would lose them."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def corrections_of_win(t: float, margin: float) -> tuple[float, float]:
    """v and w of a win: mean and variance of a standard normal above `margin - t`."""
    x = t - margin
    mass = below(x)
    v = NORMAL.pdf(x) / mass if mass > 1e-290 else -x
    return v, v * (v + x)


def corrections_of_draw(t: float, margin: float) -> tuple[float, float]:
    """v and w of a draw: a standard normal between `-margin - t` and `margin - t`."""
    size = abs(t)
    high, low = margin - size, -margin - size
    mass = below(high) - below(low)
    if mass <= 1e-290:
        return math.copysign(high, -t) if t else 0.0, 1.0
    v = (NORMAL.pdf(low) - NORMAL.pdf(high)) / mass
    w = v**2 + (high * NORMAL.pdf(high) - low * NORMAL.pdf(low)) / mass
    return math.copysign(v, -t) if t else 0.0, w


def expected_score(own: float, other: float) -> float:
    """Elo: the score that the difference of two ratings leads to expect, from 0 to 1."""
    return 1 / (1 + 10 ** ((other - own) / 400))


def elo(ratings: Sequence[float], ranks: Sequence[float], k: float = 32.0) -> list[float]:
    """Elo ratings after one game. More than two players count as all their pairs, each with k / (n - 1).

    `ranks`: lower is better, equal is half a point each. The sum of ratings is kept.
    """
    if len(ratings) != len(ranks):
        raise ValueError(f"{len(ratings)} ratings and {len(ranks)} ranks do not belong together")
    n = len(ratings)
    after = list(ratings)
    for i in range(n):
        for j in range(n):
            if i != j:
                score = 0.5 if ranks[i] == ranks[j] else float(ranks[i] < ranks[j])
                after[i] += k / (n - 1) * (score - expected_score(ratings[i], ratings[j]))
    return after


def ranks_of(scores: Sequence[float]) -> list[int]:
    """Ranks by score, 1 for the highest; equal scores share the better rank."""
    return [1 + sum(other > score for other in scores) for score in scores]


def ladder(games: Iterable[Mapping[str, float]], rules: TrueSkill | None = None) -> dict[str, Rating]:
    """The TrueSkill ratings after games in order, each a mapping from player to score (higher is better)."""
    rules = rules or TrueSkill()
    ratings: dict[str, Rating] = {}
    for scores in games:
        names = list(scores)
        before = [ratings.get(name, rules.new()) for name in names]
        ratings |= dict(zip(names, rules.rated(before, ranks_of(list(scores.values())))))
    return ratings
