"""Small games solved: brute force, classic answers, and what must not change when labels do."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory import correlated
from manyminds.theory.named_games import CHICKEN, MATCHING_PENNIES, NAMED, ROCK_PAPER_SCISSORS, SHAPLEY, random_game
from manyminds.theory.normal_form import (
    best_replies,
    checked,
    dominated,
    equilibria,
    iterated_elimination,
    mixed_value,
    pure,
    pure_equilibria,
    regrets,
    security,
    two_players,
)

PRISONERS = two_players([[3, 0], [5, 1]], [[3, 5], [0, 1]])
SEXES = two_players([[2, 0], [0, 1]], [[1, 0], [0, 2]])


def games(most=4):
    return some.builds(lambda seed, m, k: random_game(np.random.default_rng(seed), m, k),
                       some.integers(0, 2**32), some.integers(1, most), some.integers(1, most))  # fmt: skip


@settings(max_examples=40)
@given(games())
def test_every_equilibrium_leaves_no_regret_and_one_exists(game):
    found = equilibria(game)
    assert found and all(regrets(game, p).max() < 1e-7 for p in found)
    assert {tuple(int(x.argmax()) for x in p) for p in found if all(x.max() == 1 for x in p)} == set(
        pure_equilibria(game)
    )


@settings(max_examples=20)
@given(games(), some.integers(0, 2**32))
def test_relabelling_actions_relabels_equilibria(game, seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(game.shape[1]), rng.permutation(game.shape[2])
    moved = equilibria(game[:, rows][:, :, columns])
    expected = [(p[rows], q[columns]) for p, q in equilibria(game)]
    assert len(moved) == len(expected)
    for p, q in moved:
        assert min(abs(p - a).max() + abs(q - b).max() for a, b in expected) < 1e-6


def test_classic_games():
    uniform = np.full(3, 1 / 3)
    for game in (SHAPLEY, ROCK_PAPER_SCISSORS):
        (only,) = equilibria(game)
        np.testing.assert_allclose(only, [uniform, uniform], atol=1e-12)
    assert pure_equilibria(PRISONERS) == [(1, 1)] and iterated_elimination(PRISONERS) == ((1,), (1,))
    third = next(p for p in equilibria(SEXES) if p[0].max() < 1)
    np.testing.assert_allclose(third, [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])
    assert len(equilibria(CHICKEN)) == 3 and len(equilibria(MATCHING_PENNIES)) == 1


def test_a_degenerate_game_lists_the_corners_of_its_equilibria():
    # Column's second action is never better; row is indifferent there: equilibria are (top, any mixture).
    game = two_players([[1, 1], [1, 0]], [[1, 1], [0, 1]])
    assert [tuple(int(x.argmax()) for x in p) for p in equilibria(game)] == [(0, 0), (0, 1)]
    constant = two_players(np.ones((2, 3)), np.zeros((2, 3)))
    assert len(equilibria(constant)) == 6 and len(pure_equilibria(constant)) == 6
    # Exchangeable corners: what lies between them is an equilibrium too.
    between = (np.array([1.0, 0]), np.array([0.3, 0.7]))
    assert regrets(game, between).max() < 1e-12


def test_pure_equilibria_of_three_players_by_hand():
    game = random_game(np.random.default_rng(1), 2, 3, 2)
    stable = []
    for at in product(range(2), range(3), range(2)):
        others = ([(*at[:i], b, *at[i + 1 :]) for b in range(game.shape[1 + i])] for i in range(3))
        if all(game[i][at] >= max(game[i][o] for o in some_) for i, some_ in enumerate(others)):
            stable.append(at)
    assert pure_equilibria(game) == stable
    with pytest.raises(ValueError, match="two players"):
        equilibria(game)


def test_values_and_replies_by_summation():
    rng = np.random.default_rng(2)
    game = random_game(rng, 2, 3, 4)
    profile = [rng.dirichlet(np.ones(k)) for k in (2, 3, 4)]
    expected = np.einsum("iabc,a,b,c->i", game, *profile)
    np.testing.assert_allclose(mixed_value(game, profile), expected)
    best = [
        max(mixed_value(game, [*profile[:i], np.eye(k)[a], *profile[i + 1 :]])[i] for a in range(k))
        for i, k in enumerate((2, 3, 4))
    ]
    np.testing.assert_allclose(regrets(game, profile), np.array(best) - expected, atol=1e-12)
    replies = best_replies(game, pure(game, (0, 1, 2)))
    assert all(len(r) == 1 for r in replies) and replies[2] == (int(game[2, 0, 1].argmax()),)


def test_dominance_by_a_mixture_only():
    row = np.array([[3.0, 0], [0, 3], [1, 1]])  # half and half beats the last row, no single row does
    game = two_players(row, np.zeros((3, 2)))
    assert dominated(game)[0] == (2,) and dominated(game, by_mixed=False)[0] == ()
    assert iterated_elimination(game) == ((0, 1), (0, 1))
    weak = two_players([[1, 1], [1, 0]], np.zeros((2, 2)))
    assert dominated(weak)[0] == () and dominated(weak, strict=False)[0] == (1,)
    assert dominated(weak, strict=False, by_mixed=False)[0] == (1,)
    assert dominated(two_players([[1, 1]], [[0, 0]]))[0] == ()


@settings(max_examples=20)
@given(games())
def test_security_levels_of_a_zero_sum_game_meet_at_its_equilibria(game):
    zero_sum = np.stack([game[0], -game[0]])
    value = security(zero_sum, 0).value
    assert abs(value + security(zero_sum, 1).value) < 1e-9
    assert all(abs(mixed_value(zero_sum, p)[0] - value) < 1e-7 for p in equilibria(zero_sum))
    strategy = security(game, 0).strategy
    assert (strategy @ game[0]).min() >= security(game, 0).value - 1e-9


def test_bad_payoffs_are_refused_with_the_shape_they_should_have():
    for bad in (np.ones((3, 2, 2)), np.ones(3), np.full((2, 2, 2), np.nan)):
        with pytest.raises(ValueError, match="payoffs"):
            checked(bad)
    with pytest.raises(ValueError, match="too many supports"):
        equilibria(np.ones((2, 13, 13)))


# --- correlated equilibria


def test_chicken_has_the_known_best_correlated_equilibrium():
    found = correlated.solve(CHICKEN)
    assert found.value == pytest.approx(10.5) and found.joint == pytest.approx(np.array([[0.5, 0.25], [0.25, 0]]))
    selfish = correlated.solve(CHICKEN, [1, 0])
    assert selfish.payoffs[0] == pytest.approx(7)  # the pure equilibrium that this player likes


def swaps_by_hand(game, joint, player):
    """The best of all maps from recommendation to action, each tried."""
    actions, best = game.shape[1 + player], -np.inf
    for chosen in product(range(actions), repeat=actions):
        moved = np.stack([game[player].take(b, axis=player) for b in chosen], axis=player)
        best = max(best, float((joint * (moved - game[player])).sum()))
    return best


@settings(max_examples=25)
@given(some.integers(0, 2**32))
def test_gaps_by_trying_every_map_and_solutions_without_gaps(seed):
    rng = np.random.default_rng(seed)
    game = random_game(rng, 3, 2, 2)
    joint = rng.dirichlet(np.ones(12)).reshape(3, 2, 2)
    np.testing.assert_allclose(
        correlated.gaps(game, joint), [swaps_by_hand(game, joint, i) for i in range(3)], atol=1e-12
    )
    fixed = [
        max(float((joint * (game[i].take([b], axis=i) - game[i])).sum()) for b in range(game.shape[1 + i]))
        for i in range(3)
    ]
    np.testing.assert_allclose(correlated.coarse_gaps(game, joint), fixed, atol=1e-12)
    strong, coarse = correlated.solve(game), correlated.solve(game, coarse=True)
    assert correlated.gaps(game, strong.joint).max() < 1e-7 and correlated.coarse_gaps(game, coarse.joint).max() < 1e-7
    assert coarse.value >= strong.value - 1e-9
    assert correlated.swap_gains(game, strong.joint)[0].max() < 1e-7


@settings(max_examples=15)
@given(games(3))
def test_a_nash_equilibrium_is_a_correlated_one(game):
    for profile in equilibria(game):
        joint = correlated.product(profile)
        assert joint.sum() == pytest.approx(1) and correlated.gaps(game, joint).max() < 1e-7
        assert correlated.solve(game, [1, 0]).value >= mixed_value(game, profile)[0] - 1e-7


def test_an_objective_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="objective"):
        correlated.solve(CHICKEN, [1, 2, 3])


def test_named_games_are_games():
    assert all(checked(game).shape == game.shape for game in NAMED.values())
    assert abs(ROCK_PAPER_SCISSORS.sum(axis=0)).max() == 0
