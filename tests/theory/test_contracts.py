"""One agent's contract: the closed form, double deviations tried one by one, and margins."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory.contracts import bonus, cheapest, margins, strictest, success_law


def coin_laws(accuracy, idle=0.5):
    """Effort 0 sees the fair coin with accuracy `idle`, effort 1 with `accuracy`; outcome: the coin."""
    return np.stack([np.array([[q, 1 - q], [1 - q, q]]) / 2 for q in (idle, accuracy)])


def best_deviation(laws, costs, payments):
    """Over all efforts and all maps from signals to reports."""
    maps = product(range(laws.shape[1]), repeat=laws.shape[1])
    return max(float((laws[b] * payments[list(m)]).sum()) - costs[b] for m in maps for b in range(len(laws)))


@settings(max_examples=30)
@given(some.floats(0.55, 1), some.floats(0.01, 0.2))
def test_the_bonus_for_a_right_report_in_closed_form(accuracy, cost):
    r = bonus(cost, accuracy, 0.5)
    found = cheapest(coin_laws(accuracy), (0, cost), 1, cap=max(r * 1.01, 0.1))
    assert found.cost == pytest.approx(accuracy * r, abs=1e-8) and found.rent == pytest.approx(
        accuracy * r - cost, abs=1e-8
    )
    assert cheapest(coin_laws(accuracy), (0, cost), 1, cap=r * 0.99) is None


def test_moral_hazard_with_a_verifiable_outcome():
    found = cheapest(success_law((0.2, 0.7)), (0, 0.1), 1, 1.0)
    assert found.payments[0] == pytest.approx([0, 0.2]) and found.cost == pytest.approx(0.7 * bonus(0.1, 0.7, 0.2))
    assert bonus(0.1, 0.5, 0.5) == np.inf
    three = cheapest(success_law((0.1, 0.5, 0.8)), (0, 0.05, 0.2), 2, 10.0)
    assert three.payments[0, 1] == pytest.approx(max(bonus(0.15, 0.8, 0.5), bonus(0.2, 0.8, 0.1)))


@settings(max_examples=40)
@given(some.integers(0, 2**32))
def test_no_double_deviation_gains(seed):
    rng = np.random.default_rng(seed)
    laws = rng.dirichlet(np.full(9, 0.5), 3).reshape(3, 3, 3)
    costs = np.r_[0, rng.uniform(0, 0.1, 2)]
    for effort in range(3):
        found = cheapest(laws, costs, effort, 2.0)
        if found is not None:
            assert best_deviation(laws, costs, found.payments) <= found.rent + 1e-8
        strict = strictest(laws, costs, effort, 2.0)
        if strict is not None:
            honest = float((laws[effort] * strict.payments).sum()) - costs[effort]
            others = np.delete(laws, effort, axis=0), np.delete(costs, effort)
            assert best_deviation(*others, strict.payments) == pytest.approx(honest - strict.effort, abs=1e-8)
            assert min(strict.effort, strict.truth) > 0


def test_checking_single_deviations_only_misses_the_double_one():
    """A mutant: an agent who shirks alone, or lies alone, loses; who does both gains."""
    laws, costs = coin_laws(0.9), np.array([0.0, 0.3])
    payments = np.array([[0.7, 0.1], [0.1, 0.3]])  # a report of 0 is worth more blindly
    honest = float((laws[1] * payments).sum()) - costs[1]
    shirk = float((laws[0] * payments).sum())
    lies = [float((laws[1] * payments[list(m)]).sum()) - costs[1] for m in ((0, 0), (1, 1), (1, 0))]
    both = best_deviation(laws, costs, payments)
    assert max(lies) < honest and both > max(honest, shirk) + 0.05 and both == pytest.approx(0.4)
    assert margins(laws, costs, 1, payments)[0] == pytest.approx(honest - 0.4)


def test_an_uninformative_signal_has_no_strict_rule():
    assert strictest(coin_laws(0.9), (0, 0.1), 0, 1.0) is None  # who rests sees a coin: any report is as good
    found = strictest(coin_laws(0.9, 0.6), (0, 0.1), 0, 1.0)
    assert found.effort == pytest.approx(0.025) and found.truth == pytest.approx(0.025)


def test_bad_laws_and_costs_are_refused():
    with pytest.raises(ValueError, match="sum to one"):
        cheapest(np.ones((2, 2, 2)), (0, 1), 0, 1)
    with pytest.raises(ValueError, match="not negative"):
        cheapest(coin_laws(0.9), (0, -1), 0, 1)
    with pytest.raises(ValueError, match="shape"):
        cheapest(coin_laws(0.9), (0, 0, 0), 0, 1)
