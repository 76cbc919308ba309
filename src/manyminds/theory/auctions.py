"""What must come out of ascending auctions: prices of straightforward bidders, knapsack bounds, optimal revenue.

Auctions are of the kind of arXiv 2310.05746, section 2: a starting price, raises by a fixed increment, all bids of a
round at once. Amounts are whole.
"""

from collections.abc import Sequence
from math import gcd
from typing import NamedTuple


class Packed(NamedTuple):
    """The best set of items within a budget: their positions, what they are worth and what they cost."""

    chosen: tuple[int, ...]
    value: int
    cost: int


def knapsack(values: Sequence[int], costs: Sequence[int], budget: int) -> Packed:
    """The subset with the largest total value among those that cost at most `budget` (0/1 knapsack, exact).

    Dynamic programming over the budget in units of the costs' greatest common divisor. Items of no value are left out.
    Raises `ValueError` for a negative cost.
    """
    if any(cost < 0 for cost in costs):
        raise ValueError("a cost is negative")
    unit = gcd(*costs) or 1 if costs else 1
    room = max(budget, 0) // unit
    best = [0] * (room + 1)
    taken: list[bytearray] = []
    for value, cost in zip(values, costs, strict=True):
        weight, took = cost // unit, bytearray(room + 1)
        if value > 0:
            for left in range(room, weight - 1, -1):
                if best[left - weight] + value > best[left]:
                    best[left], took[left] = best[left - weight] + value, 1
        taken.append(took)
    chosen, left = [], room
    for i in reversed(range(len(values))):
        if taken[i][left]:
            chosen.append(i)
            left -= costs[i] // unit
    chosen.reverse()
    return Packed(tuple(chosen), sum(values[i] for i in chosen), sum(costs[i] for i in chosen))


def lone_optimum(prices: Sequence[int], values: Sequence[int], budget: int) -> Packed:
    """The most that a bidder without rivals can earn: every item at its starting price, the best set in the budget.

    No bidder can do better against rivals, so it bounds every profit from above.
    """
    return knapsack([value - price for price, value in zip(prices, values)], prices, budget)


def table_optimum(prices: Sequence[int], values: Sequence[int], budgets: Sequence[int]) -> int:
    """The most that all bidders together can earn: each item to one of them at its starting price, budgets kept.

    A multiple knapsack, solved exactly as a mixed integer programme (HiGHS).
    """
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, hstack, identity

    items, bidders = len(prices), len(budgets)
    if not items or not bidders:
        return 0
    gains = np.array([value - price for price, value in zip(prices, values)], float)
    once = LinearConstraint(hstack([identity(items)] * bidders), -np.inf, 1)
    paid = LinearConstraint(block_diag([np.array([prices], float)] * bidders), -np.inf, np.array(budgets, float))
    found = milp(-np.tile(gains, bidders), integrality=np.ones(items * bidders), bounds=Bounds(0, 1),
                 constraints=[once, paid])  # fmt: skip
    return round(-found.fun)


def increment(price: int, percent: int = 10) -> int:
    """The least raise over the highest bid: a share of the starting price, rounded down."""
    return price * percent // 100


def straightforward_prices(caps: Sequence[int], price: int, step: int) -> tuple[int, ...]:
    """Every price at which an item can go when each bidder makes the least legal bid up to its cap.

    Nobody at or above the starting price: unsold, no price. One: the starting price. Otherwise let g be the highest
    rung of the ladder price, price + step, ... that the second highest cap reaches: the item goes at g, or at g + step
    if the highest cap reaches it and a tie (or the alternation) left another in the lead at g.
    """
    in_play = sorted((cap for cap in caps if cap >= price), reverse=True)
    if len(in_play) < 2:
        return (price,) * len(in_play)
    if step <= 0:
        raise ValueError("with an increment of 0 the ladder has no rungs")
    rung = price + (in_play[1] - price) // step * step
    return (rung, rung + step) if in_play[0] >= rung + step else (rung,)


def curse(price: int, value: int, overestimate: int) -> int:
    """The winner's profit when at least two with the same estimate bid straightforwardly and it lies on the ladder.

    The price is the estimate, so the profit is the value less the estimate: with value = 2 price it is exactly
    -2 o price, for o a multiple of 5 % (and 10 % increments). `overestimate` is in percent.
    """
    estimate = value * (100 + overestimate) // 100
    if (estimate - price) % increment(price):
        raise ValueError(f"the estimate {estimate} is not on the ladder of {price} by {increment(price)}")
    return value - estimate


def optimal_reserve() -> float:
    """The reserve price of the optimal auction for values uniform on [0, 1]: where 2 v - 1, the virtual value, is 0."""
    return 0.5


def second_price_revenue(bidders: int, reserve: float = 0.0) -> float:
    """Expected revenue of an ascending auction with independent values, uniform on [0, 1], as the increment goes to 0.

    n r^n (1 - r) for exactly one bid at the reserve r, and the second highest value where it is above r. With the
    reserve 1/2 it is the most that any auction can earn (Myerson 1981): 5/12 for two bidders.
    """
    n, r = bidders, reserve
    one = n * r**n * (1 - r)
    # Integral over [r, 1] of x n (n - 1) x^(n - 2) (1 - x).
    two = n * (n - 1) * ((1 - r**n) / n - (1 - r ** (n + 1)) / (n + 1)) if n > 1 else 0.0
    return one + two


def released_tie_law(tied: int) -> tuple[float, ...]:
    """How often each of `tied` equal bids leads, in the order in which they were recorded, under the released rule.

    That rule draws again between the leader and every equal bid, over the whole round, whenever a bid is recorded: the
    last one leads half of the time, and of three the others 3/16 and 5/16. Computed by following the probabilities.
    """
    leads = [1.0]
    for count in range(2, tied + 1):
        leads.append(0.0)
        for drawn in range(count):
            leads = [p / 2 for p in leads]
            leads[drawn] += 0.5
    return tuple(leads)
