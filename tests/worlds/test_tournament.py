"""Matches on arrays beside the turn world, their counts by hand, horizons, slips, streams, and the Moran process."""

import asyncio

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.agents.repeaters_first import first_tournament
from manyminds.agents.repeaters_library import MAKERS, REPEATERS, strategy
from manyminds.core import Seeds, play
from manyminds.worlds.games import repeated_measures as m
from manyminds.worlds.games.matrix import battle_of_the_sexes, bimatrix, prisoners_dilemma
from manyminds.worlds.games.ordinal import ordinal_games, payoffs_of
from manyminds.worlds.games.repeated import Repeated, fixed
from manyminds.worlds.games.tournament import played, tournament, uniform
from manyminds.worlds.games.tournament_moran import fitness, fixation, mean_payoffs, moran

KEY = jax.random.key(0)
DETERMINISTIC = [name for name in MAKERS if name != "memory-one" and not strategy(name).stochastic]
ODD = bimatrix("odd", [[(1, 4), (2, 3)], [(4, 1), (3, 2)]])


def turn_world(game, first, second, rounds):
    world = Repeated(game, ("a", "b"), fixed(rounds))
    end = asyncio.run(play(world, {"a": REPEATERS[first](), "b": REPEATERS[second]()}, Seeds(0)))
    return end.outcome


@pytest.mark.parametrize("game", [prisoners_dilemma(), battle_of_the_sexes(), ODD], ids=lambda game: game.name)
def test_arrays_play_the_matches_of_the_turn_world(game):
    rounds = 9
    found = tournament(KEY, [strategy(n) for n in DETERMINISTIC], game.payoffs, rounds, history=True)
    rng = np.random.default_rng(0)
    n = len(DETERMINISTIC)
    for at in rng.choice(n * n, 120, replace=False):
        i, j = divmod(int(at), n)
        slow = turn_world(game, DETERMINISTIC[i], DETERMINISTIC[j], rounds)
        assert np.array_equal(found.history[:, i, j, 0, 0], np.array(slow.history) == 1), (
            DETERMINISTIC[i],
            DETERMINISTIC[j],
        )
        assert tuple(found.totals[:, i, j, 0, 0]) == tuple(slow.totals.values())
        assert tuple(found.normalised[:, i, j, 0, 0]) == pytest.approx(tuple(slow.scores.values()))


def test_a_table_that_is_not_turned_for_the_column_player_would_show():
    """The mutant: give the column player the row player's payoffs. Best replies then differ in the odd game."""
    names = [strategy("best-reply"), strategy("cooperator")]
    right = tournament(KEY, names, ODD.payoffs, 6).outcomes
    wrong = tournament(KEY, names, np.stack([ODD.payoffs[0], ODD.payoffs[0].T]), 6).outcomes
    assert not np.array_equal(right[1, 0], wrong[1, 0])


def test_counts_add_up_and_scores_follow_from_them():
    minds = [strategy(n) for n in ("random", "tit-for-tat", "grim", "thompson")]
    found = tournament(KEY, minds, payoffs_of(ordinal_games()[:5]), 12, 3, history=True)
    assert (found.outcomes.sum((-1, -2)) == 12).all() and found.totals.shape == (2, 4, 4, 5, 3)
    own, other = (np.moveaxis(found.history[..., side], 0, -1).astype(int) for side in (0, 1))
    for g in range(5):
        mine = found.payoffs[g, 0]
        assert np.allclose(found.normalised[0, :, :, g], m.normalised_score(mine, own[:, :, g], other[:, :, g]))
    assert np.allclose(found.cooperation, m.cooperation(own))


def test_a_strategy_meets_an_independent_copy_of_itself():
    found = tournament(KEY, [strategy("random")], prisoners_dilemma().payoffs, 50, 40, history=True)
    own, other = found.history[:, 0, 0, 0, :, 0], found.history[:, 0, 0, 0, :, 1]
    assert abs((own == other).mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)


def test_random_ends_are_geometric_and_later_rounds_do_not_count():
    found = tournament(KEY, [strategy("cooperator")], prisoners_dilemma().payoffs, 200, 5000, ending=0.25)
    assert abs(found.rounds.mean() - 4) < 4 * np.sqrt(0.75) / 0.25 / np.sqrt(5000)
    assert (found.outcomes.sum((-1, -2)) == found.rounds).all()
    assert np.array_equal(found.totals[0], 8 * found.rounds)


def test_who_is_not_told_the_end_does_not_play_for_it():
    minds = [strategy("stein-rapoport"), strategy("cooperator")]
    told = tournament(KEY, minds, prisoners_dilemma().payoffs, 12)
    untold = tournament(KEY, minds, prisoners_dilemma().payoffs, 12, announced=None)
    assert told.outcomes[0, 1, 0, 0, 1, 0] == 2 and untold.outcomes[0, 1, 0, 0, 1, 0] == 0


def test_slips_happen_to_both_and_are_seen():
    minds = [strategy("cooperator"), strategy("grim")]
    found = tournament(KEY, minds, prisoners_dilemma().payoffs, 100, 200, noise=0.05, history=True)
    assert abs(found.history[:, 0, 0].mean() - 0.05) < 0.005
    assert found.history[50:, 1, 0, 0, :, 0].mean() > 0.8  # grim does not forgive a slip


def test_draws_are_uniform_and_independent_across_seats_turns_and_salts():
    words = (jnp.uint32(123), jnp.uint32(456))
    seat = jnp.arange(4000, dtype=jnp.uint32)
    draws = np.stack([np.asarray(uniform(seat, jnp.int32(t), words, s)) for t in range(6) for s in (1, 2)])
    assert draws.min() >= 0 and draws.max() < 1
    counts = np.stack([np.histogram(row, 20, (0, 1))[0] for row in draws])
    assert (((counts - 200) ** 2 / 200).sum(1) < 50).all()  # chi-squared, 19 degrees of freedom
    correlations = np.corrcoef(draws) - np.eye(12)
    neighbours = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in draws]
    assert np.abs(correlations).max() < 0.07 and np.abs(neighbours).max() < 0.07


def test_the_same_key_gives_the_same_matches_and_is_traced_once():
    minds, table = first_tournament(), prisoners_dilemma(3, 0, 5, 1).payoffs
    before = played._cache_size()
    one = tournament(KEY, minds, table, 20, 2)
    again = tournament(KEY, first_tournament(), table, 20, 2)
    other = tournament(jax.random.key(1), minds, table + 1, 20, 2)
    assert played._cache_size() == before + 1
    assert np.array_equal(one.outcomes, again.outcomes) and not np.array_equal(one.outcomes, other.outcomes)


def test_array_code_runs_at_strict_promotion():
    minds = [strategy(name) for name in MAKERS if name != "memory-one"]
    with jax.numpy_dtype_promotion("strict"):
        found = tournament(KEY, minds, prisoners_dilemma().payoffs, 3, noise=0.1)
    assert (found.outcomes.sum((-1, -2)) == 3).all()


def test_what_cannot_be_played_is_refused():
    with pytest.raises(ValueError, match="two options"):
        tournament(KEY, [strategy("grim")], np.ones((2, 3, 3)))
    with pytest.raises(ValueError, match="probabilities"):
        tournament(KEY, [strategy("grim")], prisoners_dilemma().payoffs, noise=1.5)


# ---- Moran


def test_fixation_is_as_often_as_the_closed_form_says():
    table = np.array([[3.0, 1.0], [4.0, 2.0]])
    for mutants in (1, 3):
        p = fixation(table, mutants, 8)
        ends = moran(jax.random.key(mutants), table, np.array([mutants, 8 - mutants]), 20_000)
        assert ends.fixed.all() and (ends.counts.sum(1) == 8).all()
        assert abs((ends.counts[:, 0] > 0).mean() - p) < 4 * np.sqrt(p * (1 - p) / 20_000)


def test_closed_form_of_fixation():
    assert fixation(np.ones((2, 2)), 1, 7) == pytest.approx(1 / 7)  # neutral
    r, n = 1.5, 6
    assert fixation(np.array([[r, r], [1, 1]]), 1, n) == pytest.approx((1 - 1 / r) / (1 - r**-n))  # constant selection


def test_nobody_plays_against_itself():
    """The mutant that leaves the own match in has another fitness."""
    table, counts = jnp.array([[3.0, 0.0], [5.0, 1.0]]), jnp.array([2.0, 1.0])
    assert fitness(counts, table).tolist() == [3.0, 10.0]
    assert (table @ counts).tolist() != fitness(counts, table).tolist()


def test_mutation_keeps_everybody_alive_and_negative_fitness_is_refused():
    ends = moran(KEY, np.ones((3, 3)), np.array([4, 0, 0]), 500, steps=60, mutation=0.3)
    assert (ends.steps == 60).all() and (ends.counts.mean(0) > 0.8).all()
    with pytest.raises(ValueError, match="negative"):
        moran(KEY, -np.ones((2, 2)), np.array([1, 1]))


def test_mean_payoffs_are_over_both_roles():
    found = tournament(KEY, [strategy("cooperator"), strategy("defector")], prisoners_dilemma().payoffs, 5)
    assert mean_payoffs(found).tolist() == [[8, 0], [10, 5]]
