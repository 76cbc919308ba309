"""Plurality votes: the dynamic programme against enumeration, quadrature against simulation, and the limits of
mixing."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as s

from manyminds.theory import plurality
from manyminds.theory.plurality import Pair, exact, gain, mean_accuracy, mu_of, options_of, right


def enumerated(voters, breaker=None):
    """The same chance by all 4^n ways to vote."""
    total, options = 0.0, voters.shape[1]
    for votes in product(range(options), repeat=len(voters)):
        p = np.prod([voters[j, v] for j, v in enumerate(votes)])
        counts = np.bincount(votes, minlength=options)
        tied = np.flatnonzero(counts == counts.max())
        own = np.zeros(options) if breaker is None else breaker
        if 0 in tied:
            total += p * (own[0] + (1 - own[tied].sum()) / len(tied))
    return total


@settings(max_examples=20)
@given(s.integers(1, 5), s.integers(0, 10_000))
def test_the_programme_is_the_sum_over_all_votes(n, seed):
    rng = np.random.default_rng(seed)
    voters, breaker = rng.dirichlet(np.ones(4), n), rng.dirichlet(np.ones(4))
    assert right(voters[None])[0] == pytest.approx(enumerated(voters))
    assert right(voters[None], breaker[None])[0] == pytest.approx(enumerated(voters, breaker))


def test_by_item_is_the_programme():
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 40))
    favourites = rng.integers(1, 4, (2, 40))
    pair = Pair()
    voters = np.stack([options_of(a, favourites[0])] * 3 + [options_of(b, favourites[1])] * 3, axis=1)
    np.testing.assert_allclose(
        plurality.by_item(pair, 3, a, b, favourites[0] == favourites[1]), right(voters), atol=1e-12
    )


def test_chances_add_up_and_the_favourite_attracts():
    found = options_of(np.array([0.6, 0.1]), np.array([2, 1]))
    np.testing.assert_allclose(found.sum(-1), 1)
    assert found[0, 2] == pytest.approx(0.4 * 0.8 + 0.4 * 0.2 / 3) and found[0, 1] == pytest.approx(0.4 * 0.2 / 3)


@pytest.mark.parametrize("pair", [Pair(), Pair(0.6, 0.4, 0.0), Pair(0.6, 0.5, 1.0, True)])
@pytest.mark.parametrize("mixed", [True, False])
def test_quadrature_is_the_mean_of_many_items(pair, mixed):
    won, chances = plurality.simulated(pair, mixed, 40_000, np.random.default_rng(4))
    error = won.std() / 200
    assert abs(won.mean() - exact(pair, mixed)) < 4 * error
    assert abs(np.mean(won - chances)) < 4 * error
    assert exact(pair, mixed) == pytest.approx(exact(pair, mixed, 120), abs=2e-6)


def test_both_regimes_and_the_limit_in_which_mixing_never_gains():
    assert gain(Pair(0.6, 0.6, 0.5)) == pytest.approx(0.05, abs=0.005)
    assert gain(Pair(0.6, 0.3, 0.5)) < -0.05
    assert gain(Pair(0.6, 0.6, 1.0, True)) == pytest.approx(0, abs=1e-12)
    assert gain(Pair(0.6, 0.5, 1.0, True)) < 0
    assert plurality.crossing(1.0, True) == 0


def test_one_model_alone_gains_nothing_from_its_own_distractor_being_shared():
    assert exact(Pair(shared=True), False) == exact(Pair(shared=False), False)


def test_mu_and_mean_accuracy_are_inverse():
    for accuracy in (0.28, 0.5, 0.7):
        assert mean_accuracy(mu_of(accuracy)) == pytest.approx(accuracy, abs=1e-9)
    assert mean_accuracy(0.5) == pytest.approx(0.5)
