"""Auction theory by brute force, by hand and by simulation."""

from itertools import combinations, product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory import auctions as theory

PRICES = [1000, 1000, 2000, 2000, 3000, 3000, 4000, 4000, 5000, 5000]
VALUES = [2 * price for price in PRICES]


@pytest.mark.parametrize(("budget", "profit"), [(10_000, 10_000), (20_000, 20_000), (40_000, 30_000), (0, 0)])
def test_a_lone_bidder_by_hand(budget, profit):
    best = theory.lone_optimum(PRICES, VALUES, budget)
    assert best.value == profit == best.cost and sum(PRICES[i] for i in best.chosen) == best.cost


sizes = some.lists(some.tuples(some.integers(-5, 30), some.integers(0, 12)), max_size=8)


@given(sizes, some.integers(-1, 40))
def test_knapsack_by_enumeration(things, budget):
    values, costs = [v for v, _ in things], [c for _, c in things]
    subsets = [s for k in range(len(things) + 1) for s in combinations(range(len(things)), k)]
    best = max((sum(values[i] for i in s) for s in subsets if sum(costs[i] for i in s) <= max(budget, 0)), default=0)
    found = theory.knapsack(values, costs, budget)
    assert found.value == best == sum(values[i] for i in found.chosen) and found.cost <= max(budget, 0)


def test_a_negative_cost_is_refused():
    with pytest.raises(ValueError, match="negative"):
        theory.knapsack([1], [-1], 3)


@given(
    some.lists(some.tuples(some.integers(1, 9), some.integers(0, 20)), max_size=4),
    some.lists(some.integers(0, 20), max_size=2),
)
@settings(max_examples=40)
def test_all_together_by_enumeration(things, budgets):
    prices, values = [p for p, _ in things], [v for _, v in things]
    best = 0
    for owners in product(range(-1, len(budgets)), repeat=len(things)):
        if all(sum(p for p, o in zip(prices, owners) if o == b) <= money for b, money in enumerate(budgets)):
            best = max(best, sum(v - p for p, v, o in zip(prices, values, owners) if o >= 0))
    assert theory.table_optimum(prices, values, budgets) == best


def played(caps, price, step, rng):
    """The rules in ten lines: where least legal bids end."""
    leader, high, out = None, 0, set()
    while True:
        least = price if leader is None else high + step
        due = [i for i in range(len(caps)) if i != leader and i not in out]
        bids = [i for i in due if caps[i] >= least]
        out |= set(due) - set(bids)
        if not bids:
            return high if leader is not None else None
        first, leader, high = leader is None, rng.choice(bids), least
        if first and len(bids) == 1:
            return high


@given(some.lists(some.integers(0, 40), min_size=1, max_size=4), some.integers(1, 20), some.integers(1, 5))
@settings(max_examples=150)
def test_prices_of_straightforward_bidders_by_simulation(caps, price, step):
    rng = Random(1)
    seen = {played(caps, price, step, rng) for _ in range(80)}
    expected = set(theory.straightforward_prices(caps, price, step)) or {None}
    assert seen <= expected
    if len(expected) == 2 and len(caps) == 2:
        assert seen == expected  # a tie settles which; each half of the time


def test_two_bidders_end_within_a_raise_of_the_second_highest():
    for low in range(100, 200):
        for price in theory.straightforward_prices([500, low], 100, 10):
            assert low - 10 < price <= low + 10
        assert max(theory.straightforward_prices([500, low], 100, 10)) in range(low, low + 11)


@pytest.mark.parametrize(("o", "share"), [(-10, 0.2), (-5, 0.1), (0, 0.0), (5, -0.1), (10, -0.2)])
def test_the_curse_in_closed_form(o, share):
    for price in (1000, 3000, 5000):
        assert theory.curse(price, 2 * price, o) == round(share * price)
    with pytest.raises(ValueError, match="ladder"):
        theory.curse(1000, 2000, 3)


def test_increments_are_rounded_down():
    assert [theory.increment(p) for p in (1000, 1005, 9)] == [100, 100, 0]
    with pytest.raises(ValueError, match="rungs"):
        theory.straightforward_prices([5, 5], 1, 0)


def test_optimal_revenue_is_known_and_cannot_be_beaten():
    assert theory.second_price_revenue(2, theory.optimal_reserve()) == pytest.approx(5 / 12)
    assert theory.second_price_revenue(2) == pytest.approx(1 / 3)
    rng = np.random.default_rng(0)
    for n in (1, 2, 5):
        by_reserve = {r: theory.second_price_revenue(n, r) for r in np.linspace(0, 1, 21)}
        assert max(by_reserve, key=by_reserve.get) == pytest.approx(0.5)
        values = np.sort(np.hstack([np.zeros((200_000, 1)), rng.random((200_000, n))]), axis=1)
        paid = np.where(values[:, -1] >= 0.5, np.maximum(values[:, -2], 0.5), 0)
        assert paid.mean() == pytest.approx(by_reserve[0.5], abs=3e-3)


def test_the_law_of_the_released_tie():
    assert theory.released_tie_law(1) == (1.0,)
    assert theory.released_tie_law(2) == (0.5, 0.5)
    assert theory.released_tie_law(3) == (3 / 16, 5 / 16, 1 / 2)
