"""Learners without regret: their bounds on any sequence, against a plain loop, and in Markov games."""

import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning.no_regret import HEDGE, LEARNERS, REGRET_MATCHING, against, external_regret, self_play
from manyminds.learning.no_regret_markov import action_worths, markov_self_play
from manyminds.theory.correlated import coarse_gaps
from manyminds.theory.markov_games import gaps, values
from manyminds.theory.named_games import CHICKEN, MATCHING_PENNIES, ROCK_PAPER_SCISSORS, SHAPLEY, random_game
from manyminds.worlds.games.markov import random_markov_game


def sequences():
    rng = np.random.default_rng(0)
    flips = np.repeat(np.eye(3), 200, axis=0)[np.argsort(rng.random(600))]
    return {"random": rng.random((600, 3)), "blocks": np.repeat(np.eye(3), 200, axis=0), "flips": flips,
            "adversary": np.stack([np.arange(600) % 2, 1 - np.arange(600) % 2, np.full(600, 0.5)], axis=1)}  # fmt: skip


@pytest.mark.parametrize("name", LEARNERS)
def test_regret_stays_below_its_bound_on_any_sequence(name):
    for row in sequences().values():
        played = against(LEARNERS[name], jnp.asarray(row, jnp.float32))
        np.testing.assert_allclose(played.sum(axis=1), 1, atol=1e-5)
        rounds = np.arange(1, 601)
        # Regret matching: sqrt(k t); Hedge with this rate: 2 sqrt(t ln(k) / 2) + sqrt(ln(k) / 8).
        bound = np.sqrt(3 * rounds) if "matching" in name else np.sqrt(2 * rounds * np.log(3)) + np.sqrt(np.log(3) / 8)
        if name != "optimistic-hedge":
            assert (external_regret(row, played) <= bound + 1e-3).all()
        assert external_regret(row, played)[-1] / 600 < 0.1


def test_hedge_is_the_formula_in_a_plain_loop():
    rng = np.random.default_rng(1)
    starts = [rng.normal(0, 0.1, 3) for _ in range(2)]
    totals, played = [s.copy() for s in starts], []
    for t in range(1, 31):
        rate = np.sqrt(8 * np.log(3) / t)
        mixes = [np.exp(rate * x) / np.exp(rate * x).sum() for x in totals]
        played.append(mixes)
        totals = [totals[0] + SHAPLEY[0] @ mixes[1], totals[1] + mixes[0] @ SHAPLEY[1]]
    found = self_play(SHAPLEY, 30, HEDGE, starts)
    for i in range(2):
        np.testing.assert_allclose(found[i], [m[i] for m in played], atol=1e-5)


def test_regret_matching_in_a_plain_loop():
    regret, played = np.zeros(3), []
    rows = np.random.default_rng(2).random((40, 3))
    for row in rows:
        positive = np.maximum(regret, 0)
        mix = positive / positive.sum() if positive.sum() else np.full(3, 1 / 3)
        played.append(mix)
        regret += row - mix @ row
    np.testing.assert_allclose(against(REGRET_MATCHING, jnp.asarray(rows, jnp.float32)), played, atol=1e-4)


@pytest.mark.parametrize("name", LEARNERS)
def test_play_without_regret_approaches_the_coarse_correlated_equilibria(name):
    for game in (CHICKEN, MATCHING_PENNIES, ROCK_PAPER_SCISSORS, random_game(np.random.default_rng(3), 2, 3, 2)):
        starts = [np.linspace(0, 0.3, k) for k in game.shape[1:]]
        played = self_play(game, 2000, LEARNERS[name], starts, scale=float(np.ptp(game)))
        letters = "abc"[: len(played)]
        mixed = np.einsum(",".join(f"t{c}" for c in letters) + "->" + letters, *map(np.asarray, played)) / 2000
        assert coarse_gaps(game, mixed).max() < 0.05 * np.ptp(game)


def test_a_learner_for_each_player():
    found = self_play(MATCHING_PENNIES, 10, (HEDGE, REGRET_MATCHING))
    assert found[0].shape == found[1].shape == (10, 2)


def test_worths_in_a_markov_game_are_its_values():
    game = random_markov_game(np.random.default_rng(0), 3, 2, (2, 3))
    rng = np.random.default_rng(1)
    policies = tuple(rng.dirichlet(np.ones(k), (3, 2)) for k in (2, 3))
    worths = action_worths(jnp.asarray(game.rewards, jnp.float32), jnp.asarray(game.transitions, jnp.float32),
                           tuple(jnp.asarray(p, jnp.float32) for p in policies))  # fmt: skip
    for i in range(2):
        first = (np.asarray(worths[i][0]) * policies[i][0]).sum(axis=1) @ game.start
        assert first == pytest.approx(values(game, [p[None] for p in policies])[0, i], abs=1e-5)


def test_markov_self_play_lowers_markov_regret():
    game = random_markov_game(np.random.default_rng(4), 2, 2, (2, 2))
    early, late = (markov_self_play(game, t, rng=np.random.default_rng(0)) for t in (4, 400))
    assert late[0].shape == (400, 2, 2, 2) and late[0].sum(axis=-1) == pytest.approx(np.ones((400, 2, 2)))
    markov = [max(row["markov_gap"] for row in gaps(game, p, limit=2, samples=2)) for p in (early, late)]
    assert markov[1] < max(markov[0] / 2, 0.02)
