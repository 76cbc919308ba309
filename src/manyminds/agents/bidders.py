"""Rules that bid in ascending auctions. A rule reads its view and nothing else.

Most rules make the least legal bid while a condition holds. The conditions are written once, in plain arithmetic, for
numbers here and for arrays in the vectorised arena. Rules also plan and keep account where they are asked to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from manyminds.agents.bid_answers import OUT
from manyminds.core import Seeds, View
from manyminds.theory.auctions import knapsack


class Prospect(NamedTuple):
    """What a condition reads, as numbers or as arrays: whole dollars, counts and sums over what was announced."""

    minimum: Any  # the least legal bid
    estimate: Any  # of the item, by this bidder
    made: Any  # own bids on the item so far
    estimates: Any  # sum of own estimates of the items already announced
    values: Any  # sum of their true values


# ---- conditions: (the rule's number, prospect) -> does it stay in?


def raises_up_to(most: Any, see: Prospect) -> Any:
    """At most `most` bids on an item, whatever it is worth (the paper's rule bidder, with 4)."""
    return see.made < most


def up_to_estimate(percent: Any, see: Prospect) -> Any:
    """Up to a share of the estimate, in percent."""
    return see.minimum * 100 <= percent * see.estimate


def with_margin(margin: Any, see: Prospect) -> Any:
    """Knows of the winner's curse: takes every estimate to be `margin` percent too high."""
    return see.minimum <= 100 * see.estimate // (100 + margin)


def learns(prior: Any, see: Prospect) -> Any:
    """Learns how far its estimates are off: up to the estimate, corrected by the ratio announced so far.

    The ratio is kept in percent and starts at 100 + `prior`, with the weight of one dollar.
    """
    worth = see.values + 1
    ratio = (200 * see.estimates + 2 * (100 + prior) + worth) // (2 * worth)
    return see.minimum <= 100 * see.estimate // ratio


CONDITIONS: dict[str, Callable[[Any, Prospect], Any]] = {
    "rule": raises_up_to,
    "straightforward": up_to_estimate,
    "curse-aware": with_margin,
    "learner": learns,
}


def prospect(sight: Any) -> Prospect:
    """What a view says, in the numbers that conditions read."""
    return Prospect(sight.minimum, sight.item.estimate, sight.made, sum(sale.estimate for sale in sight.sales),
                    sum(sale.value for sale in sight.sales))  # fmt: skip


# ---- the account that every rule can give


def account(sight: Any) -> dict[str, Any]:
    """Budget, profits and winnings as they follow from the announced sales."""
    bidders = (sight.name, *sight.others)
    profits, wins = dict.fromkeys(bidders, 0), {who: {} for who in bidders}  # type: dict[str, int], dict[str, dict]
    for sale in sight.sales:
        if sale.winner:
            profits[sale.winner] += sale.value - sale.price
            wins[sale.winner][sale.name] = sale.price
    spent = sum(wins[sight.name].values())
    return {"remaining_budget": sight.start_budget - spent, "total_profits": profits, "winning_bids": wins}


@dataclass(frozen=True)
class RuleBidder:
    """What all rules share: indifferent priorities, an exact account, nothing learned from logs."""

    kind = "rule"

    async def act(self, view: View) -> Any:
        sight = view.data
        if sight.role == "bid":
            return self.bids(sight, view.seeds)
        if sight.role == "belief":
            return self.believes(sight, view.seeds)
        if sight.role == "learn":
            return ("Rules do not change.",)
        return self.plans(sight, view.seeds)

    def bids(self, sight: Any, seeds: Seeds) -> int:
        """The least legal bid if it can be paid and this rule stays in."""
        affordable = sight.minimum <= sight.budget
        return sight.minimum if affordable and self.stays(sight) else OUT

    def stays(self, sight: Any) -> bool:
        raise TypeError(f"{type(self).__name__} must say whether it stays in")

    def believes(self, sight: Any, seeds: Seeds) -> dict[str, Any]:
        return account(sight)

    def plans(self, sight: Any, seeds: Seeds) -> dict[str, int]:
        return {lot.name: 2 for lot in sight.lots}


@dataclass(frozen=True)
class Withdraws(RuleBidder):
    """Never bids."""

    def stays(self, sight: Any) -> bool:
        return False


@dataclass(frozen=True)
class RaisesUpTo(RuleBidder):
    """The paper's rule bidder: the least legal bid, at most `most` times an item; estimates are ignored."""

    most: int = 4

    def stays(self, sight: Any) -> bool:
        return raises_up_to(self.most, prospect(sight))


@dataclass(frozen=True)
class Choosy(RaisesUpTo):
    """The rule bidder restricted to items that its budget covers at their starting prices: dearest first when it wants
    profit, cheapest first when it wants many items."""

    def stays(self, sight: Any) -> bool:
        return sight.item.name in self.chosen(sight) and super().stays(sight)

    def chosen(self, sight: Any) -> set[str]:
        left, chosen = sight.budget, set()
        for lot in sorted(sight.lots, key=lambda lot: lot.estimate, reverse=sight.desire == "profit"):
            if lot.price <= left:
                chosen.add(lot.name)
                left -= lot.price
        return chosen


@dataclass(frozen=True)
class Straightforward(RuleBidder):
    """Stays in up to `percent` of its estimate."""

    percent: int = 100

    def stays(self, sight: Any) -> bool:
        return up_to_estimate(self.percent, prospect(sight))


@dataclass(frozen=True)
class CurseAware(RuleBidder):
    """Takes its estimates to be `margin` percent too high, as the paper's rules warn."""

    margin: int = 10

    def stays(self, sight: Any) -> bool:
        return with_margin(self.margin, prospect(sight))


@dataclass(frozen=True)
class Learner(RuleBidder):
    """Compares its estimates with the true values announced so far and shades what it bids accordingly."""

    prior: int = 0

    def stays(self, sight: Any) -> bool:
        return learns(self.prior, prospect(sight))


@dataclass(frozen=True)
class Planner(RuleBidder):
    """Packs its budget: a knapsack over what is left, at prices expected `markup` percent above the start.

    Chosen items have priority 3 (the half with the larger gains) or 2, the others 1. It stays in up to the estimate
    for a 3, up to the expected price for a 2, and leaves a 1 alone.
    """

    markup: int = 50

    def plans(self, sight: Any, seeds: Seeds) -> dict[str, int]:
        return self.priorities(sight)

    def priorities(self, sight: Any) -> dict[str, int]:
        costs = [self.expected(lot) for lot in sight.lots]
        gains = [lot.estimate - cost for lot, cost in zip(sight.lots, costs)]
        values = [int(gain > 0) for gain in gains] if sight.desire == "items" else gains
        chosen = knapsack(values, costs, sight.budget).chosen
        best = sorted(chosen, key=lambda i: (-gains[i], i))[: (len(chosen) + 1) // 2]
        return {lot.name: 3 if i in best else 2 if i in chosen else 1 for i, lot in enumerate(sight.lots)}

    def expected(self, lot: Any) -> int:
        return lot.price * (100 + self.markup) // 100

    def stays(self, sight: Any) -> bool:
        priority = self.wanted(sight).get(sight.item.name, 1)
        most = {1: 0, 2: self.expected(sight.item), 3: sight.item.estimate}[priority]
        return sight.minimum <= most

    def wanted(self, sight: Any) -> dict[str, int]:
        """The plan it announced, where it was asked for one."""
        return sight.plan or self.priorities(sight)


@dataclass(frozen=True)
class ShuffledPlanner(Planner):
    """A control: bids as the planner does, and announces its first priorities in random order, to which it sticks.

    Shuffling anew before every item would not do: the fewer items are left, the less a shuffle hides.
    """

    def plans(self, sight: Any, seeds: Seeds) -> dict[str, int]:
        if sight.plan:
            return {lot.name: sight.plan[lot.name] for lot in sight.lots}
        plan = self.priorities(sight)
        shuffled = list(plan.values())
        seeds("announced").shuffle(shuffled)
        return dict(zip(plan, shuffled))

    def wanted(self, sight: Any) -> dict[str, int]:
        return self.priorities(sight)


@dataclass(frozen=True)
class NoisyPlanner(Planner):
    """A planner that gets each entry of its account wrong with probability `error`: a known rate of false beliefs."""

    error: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.error <= 1:
            raise ValueError(f"a probability is from 0 to 1, not {self.error:g}")

    def believes(self, sight: Any, seeds: Seeds) -> dict[str, Any]:
        status, rng = account(sight), seeds("errors")
        if rng.random() < self.error:
            status["remaining_budget"] += 100
        for who in status["total_profits"]:
            if rng.random() < self.error:
                status["total_profits"][who] += 100
        for won in status["winning_bids"].values():
            if rng.random() < self.error:
                _ = won.popitem() if won else won.setdefault(sight.sales[-1].name, 100)
        return status


def noisy_planner(error: float = 0.05, markup: int = 50) -> NoisyPlanner:
    return NoisyPlanner(markup, error)


@dataclass(frozen=True)
class RandomLegal(RuleBidder):
    """Leaves with a probability in percent, else bids any legal amount up to `most` percent of its estimate."""

    leaves: int = 50
    most: int = 120

    def bids(self, sight: Any, seeds: Seeds) -> int:
        rng = seeds("bid")
        most = min(sight.budget, sight.item.estimate * self.most // 100)
        if most < sight.minimum or rng.random() * 100 < self.leaves:
            return OUT
        return rng.randint(sight.minimum, most)


RULES = {
    "rule": RaisesUpTo,
    "choosy": Choosy,
    "straightforward": Straightforward,
    "curse-aware": CurseAware,
    "learner": Learner,
    "planner": Planner,
    "shuffled-planner": ShuffledPlanner,
    "noisy-planner": noisy_planner,
    "random": RandomLegal,
    "withdraws": Withdraws,
}
