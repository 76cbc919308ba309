"""Rules that recommend and rules that buy. A rule reads its view and nothing else.

As with bargainers, a rule is one function of what it has seen, of numbers or of arrays (one value a game): it sits in a
seat and plays a whole grid of games from one definition.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import View
from manyminds.theory.persuasion import lie_rate

Number = Any  # a float or a truth value, or an array of them


class Product(NamedTuple):
    """What a seller knows of the product that it may recommend. NaN: not known."""

    high: Number  # is its quality high?
    prior: Number
    value: Number  # of a good product to the buyer, per price
    chance: Number  # a uniform draw of this turn


class Advised(NamedTuple):
    """What a buyer knows when it must decide. NaN: not known; counts are of earlier rounds.

    A buyer with a memory has the four counts, one without has the two shares.
    """

    recommended: Number  # NaN: the words were not clear
    prior: Number
    value: Number
    high_yes: Number  # good products that were recommended
    low_yes: Number
    high_no: Number
    low_no: Number
    bought: Number  # share of rounds with a purchase
    bought_low: Number  # share of rounds with the purchase of a bad product


@dataclass(frozen=True)
class Sender(ABC):
    """What all sellers share: they say whether to buy."""

    kind = "rule"

    @abstractmethod
    def recommends(self, seen: Product) -> Number:
        """Whether it recommends the product."""

    async def act(self, view: View) -> Any:
        sight = view.data
        value = float("nan") if sight.value is None else sight.value
        seen = Product(sight.high, sight.prior, value, view.seeds("chance").random())
        return view.action.saying(bool(self.recommends(seen)))


@dataclass(frozen=True)
class Truthful(Sender):
    """Recommends what is good, and only that."""

    def recommends(self, seen: Product) -> Number:
        return np.asarray(seen.high, bool)


@dataclass(frozen=True)
class Always(Sender):
    """Recommends everything."""

    def recommends(self, seen: Product) -> Number:
        return np.ones_like(np.asarray(seen.high, bool))


@dataclass(frozen=True)
class Committed(Sender):
    """Recommends all good products and as many bad ones as a Bayesian buyer can be made to swallow.

    `guess`: the value it reckons with where it does not know the buyer's.
    """

    guess: float = 1.25

    def recommends(self, seen: Product) -> Number:
        value = np.where(np.isnan(seen.value), self.guess, seen.value)
        return np.asarray(seen.high, bool) | (np.asarray(seen.chance) < lie_rate(seen.prior, value))


@dataclass(frozen=True)
class Buyer(ABC):
    """What all buyers share."""

    kind = "rule"

    @abstractmethod
    def buys(self, seen: Advised) -> Number:
        """Whether it buys what was recommended or not."""

    async def act(self, view: View) -> Any:
        return "yes" if bool(self.buys(advised(view.data))) else "no"


def advised(sight: Any) -> Advised:
    """The numbers in a buyer's sight."""
    nan = float("nan")
    told = nan if sight.recommended is None else float(sight.recommended)
    counts, shares = [nan] * 4, [nan] * 2
    if sight.past is not None:
        counts = [sum(each.high == high and each.recommended is yes for each in sight.past)
                  for yes in (True, False) for high in (True, False)]  # fmt: skip
    if sight.statistics is not None:
        shares = list(sight.statistics)
    return Advised(told, sight.prior, sight.value, *counts, *shares)


@dataclass(frozen=True)
class Follower(Buyer):
    """Buys what is recommended."""

    def buys(self, seen: Advised) -> Number:
        return np.asarray(seen.recommended) == 1.0


@dataclass(frozen=True)
class Sceptic(Buyer):
    """Believes nothing: buys always or never, as the prior alone says."""

    def buys(self, seen: Advised) -> Number:
        return np.asarray(seen.prior) * seen.value >= 1 - 1e-12


@dataclass(frozen=True)
class Bayesian(Buyer):
    """Learns what a recommendation is worth, and buys if that makes the product worth its price.

    It begins as if bad products were recommended with probability `lies` and good ones always; that belief weighs as
    much as `weight` rounds. With two shares instead of a memory it takes the share of good ones among what was bought
    as one more piece of evidence, of equal weight with where it began.
    """

    lies: float = 0.5
    weight: float = 2.0

    def buys(self, seen: Advised) -> Number:
        prior = np.asarray(seen.prior, float)
        yes = prior / (prior + (1 - prior) * self.lies)
        counted = ~np.isnan(np.asarray(seen.high_yes, float))
        learnt_yes = updated(yes, self.weight, seen.high_yes, seen.low_yes)
        learnt_no = updated(np.zeros_like(prior), self.weight, seen.high_no, seen.low_no)
        bought = np.where(np.isnan(seen.bought), 0.0, seen.bought)
        good = 1 - np.where(bought > 0, seen.bought_low, 0.0) / np.where(bought > 0, bought, 1.0)
        told = np.where(bought > 0, (yes + good) / 2, yes)
        belief_yes = np.where(counted, learnt_yes, told)
        belief = np.where(seen.recommended == 1.0, belief_yes, np.where(counted, learnt_no, 0.0))
        belief = np.where(np.isnan(seen.recommended), prior, belief)  # words that say nothing
        return belief * seen.value >= 1 - 1e-12


def updated(prior: Number, weight: float, good: Number, bad: Number) -> Number:
    """The mean of a Beta belief with mean `prior` and `weight` rounds behind it, after so many good and bad ones."""
    return (weight * prior + good) / (weight + good + bad)


SENDERS = {"truthful": Truthful, "always": Always, "committed": Committed}
BUYERS = {"follower": Follower, "sceptic": Sceptic, "bayesian": Bayesian}
RULES = SENDERS | BUYERS
