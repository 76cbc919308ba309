"""Self-play on matrices: the regret identity, two players that are one, rates, and mutants that break them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning import self_play
from manyminds.learning.no_regret import LEARNERS
from manyminds.learning.self_play import duelled, mixtures, self_played, tuned_rate
from manyminds.theory import preferences as theory


def game(n=12, seed=0):
    return theory.random_preferences(np.random.default_rng(seed), n)


def played(matrix, *arguments, **options):
    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, self_played(jnp.asarray(matrix), *arguments, **options))


@pytest.mark.parametrize("name", ["fixed", *(n for n in LEARNERS if "plus" not in n)])
def test_exploitability_of_the_average_is_average_regret_for_every_learner(name):
    learner = LEARNERS.get(name, self_play.FIXED_HEDGE)
    found = played(game(), 2000, learner, 2.0)
    assert theory.exploitability(game(), found.average) == pytest.approx(float(found.regret), abs=1e-12)


def test_it_is_the_formula_in_a_plain_loop():
    matrix, rate, total, sums, regret = game(5), 0.3, np.zeros(5), np.zeros(5), np.zeros(5)
    for _ in range(50):
        p = np.exp(rate * total) / np.exp(rate * total).sum()
        total, sums, regret = total + matrix @ p, sums + p, regret + matrix @ p - p @ matrix @ p
    found = played(matrix, 50, scale=1 / rate, marks=5)
    np.testing.assert_allclose(found.average, sums / 50, atol=1e-12)
    assert found.regret == pytest.approx(regret.max() / 50) and found.exploitability.shape == (5,)
    assert found.exploitability[-1] == pytest.approx(theory.exploitability(matrix, sums / 50))


def test_two_players_with_one_start_are_one_player():
    with jax.enable_x64(True):
        matrix = jnp.asarray(game())
        first, second = duelled(matrix, 300, scale=4.0)
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-13)  # up to the order of sums
        np.testing.assert_array_equal(mixtures(matrix, 300, scale=4.0), first)
        np.testing.assert_allclose(self_played(matrix, 300, scale=4.0).average, first.mean(0), atol=1e-13)
    biased = jnp.asarray(np.abs(game()), jnp.float32)  # a mutant: without antisymmetry the two part
    assert np.abs(np.subtract(*duelled(biased, 300, scale=4.0))).max() > 0.1


def test_tuned_hedge_keeps_its_bound_and_a_favourite_takes_all():
    matrix, rounds = game(20, 3), 4000
    found = played(matrix, rounds, scale=1 / tuned_rate(20, rounds))
    assert theory.exploitability(matrix, found.average) <= np.sqrt(2 * np.log(20) / rounds)
    matrix = theory.with_favourite(np.random.default_rng(4), 20, 0.3)
    scaled = [t * theory.exploitability(matrix, played(matrix, t, scale=10.0).average) for t in (1000, 4000)]
    assert scaled[0] == pytest.approx(scaled[1], rel=0.01) == pytest.approx(10 * np.log(20), rel=0.01)


def test_the_last_mixture_goes_round_where_the_average_does_not():
    found = played(theory.cycle(0.6, 0.9, 0.2), 10_000, scale=20.0, marks=20)
    assert found.last_exploitability.max() > 5 * found.exploitability[-1]


def test_self_play_that_ignores_the_order_of_a_pair_breaks_the_identity():
    """A mutant: every win counted for both sides, as by a judge whose answers are not antisymmetric."""
    wrong = np.abs(game())
    found = played(wrong, 500, scale=2.0)
    assert abs(theory.exploitability(wrong, found.average) - found.regret) > 1e-2


def test_rounds_divide_into_marks():
    with pytest.raises(ValueError, match="divide"):
        self_played(jnp.zeros((3, 3)), 10, marks=3)
