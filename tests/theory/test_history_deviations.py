"""Deviations with memory: every deviation tried on small cases, exact forms against each other, and the bounds."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory import history_deviations as hd
from manyminds.theory import markov_games as mg
from manyminds.theory import sparse_cce as sc
from manyminds.theory.named_games import MATCHING_PENNIES, ROCK_PAPER_SCISSORS, SHAPLEY, random_game
from manyminds.theory.normal_form import equilibria
from manyminds.worlds.games.markov import episode, random_markov_game, read_game, repeated, revealing, spread


def mixtures(seed, actions=(2, 2), count=None, stages=None, concentration=0.7):
    rng = np.random.default_rng(seed)
    count, stages = count or int(rng.integers(1, 4)), stages or int(rng.integers(1, 4))
    return random_game(rng, *actions), tuple(rng.dirichlet(np.full(k, concentration), (count, stages)) for k in actions)


@settings(max_examples=30)
@given(some.integers(0, 2**32))
def test_the_posterior_recursion_is_the_best_of_all_deviations(seed):
    game, policies = mixtures(seed)
    wide = [p[:, :, None] for p in policies]
    long = revealing(game, policies[0].shape[1])
    for i in range(2):
        best = hd.brute_force(hd.facing(game, policies, i))
        assert hd.exact(hd.facing(game, policies, i)).value == pytest.approx(best, abs=1e-10)
        # The same game as a Markov game: with profiles seen directly, and revealed by states.
        one = mg.history_best(repeated(game, policies[0].shape[1]), wide, i)
        two = mg.history_best(long, spread(policies, long.states), i, sees="states")
        assert one.value == pytest.approx(best, abs=1e-10) and two.value == pytest.approx(best, abs=1e-10)


def test_three_players_face_the_joint_play_of_the_others():
    game, policies = mixtures(5, (2, 2, 2), 2, 2)
    for i in range(3):
        others = hd.facing(game, policies, i)
        assert others.policies.shape == (2, 2, 4)
        assert hd.exact(others).value == pytest.approx(hd.brute_force(others), abs=1e-10)


def test_exact_forms_agree_and_sampling_is_within_its_error():
    game, policies = mixtures(1, (3, 3), 12, 6)
    constant = tuple(np.repeat(p[:, :1], 6, axis=1) for p in policies)
    others = hd.facing(game, constant, 0)
    by_tree, by_counts = hd.exact(others), hd.exact_constant(others.table, others.policies[:, 0], 6)
    assert by_counts.value == pytest.approx(by_tree.value, abs=1e-12)
    assert by_counts.divergence == pytest.approx(by_tree.divergence, abs=1e-10)
    np.testing.assert_allclose(by_counts.variation, by_tree.variation, atol=1e-10)
    drawn = hd.sampled(others, jax.random.key(0), 4000)
    assert abs(drawn.value - by_tree.value) < 4 * drawn.error
    assert abs(drawn.divergence - by_tree.divergence) < 4 * drawn.divergence_error
    np.testing.assert_allclose(drawn.variation, by_tree.variation, atol=0.02)
    plans = sc.pure_plans(np.random.default_rng(3), (3, 3), 7, 5)
    pure = hd.facing(ROCK_PAPER_SCISSORS, plans, 1)
    for name in ("value", "divergence"):
        assert getattr(hd.exact_pure(pure), name) == pytest.approx(getattr(hd.exact(pure), name), abs=1e-10)
    np.testing.assert_allclose(hd.exact_pure(pure).variation, hd.exact(pure).variation, atol=1e-12)
    assert abs(hd.sampled(pure, jax.random.key(1), 2000).value - hd.exact(pure).value) < 0.05


@settings(max_examples=60)
@given(some.integers(0, 2**32), some.sampled_from([0.05, 1.0]), some.integers(1, 12), some.integers(1, 30))
def test_aggregating_loses_at_most_ln_t_on_any_sequence(seed, concentration, count, stages):
    rng = np.random.default_rng(seed)
    policies = rng.dirichlet(np.full(3, concentration), (count, stages))
    seen = rng.integers(3, size=stages)
    ours = -hd.logarithms(hd.predictive(policies, seen)[np.arange(stages), seen]).sum()
    each = -hd.logarithms(policies[:, np.arange(stages), seen]).sum(axis=1)
    assert ours <= each.min() + np.log(count) + 1e-9


@settings(max_examples=25)
@given(some.integers(0, 2**32))
def test_bounds_hold_exactly(seed):
    game, policies = mixtures(seed, (3, 2), int(np.random.default_rng(seed).integers(1, 9)), 5, 0.3)
    for found in sc.audit(game, policies, jax.random.key(0)):
        assert found.error == 0 and found.history_gap >= found.certificate - 1e-9
        assert found.divergence <= found.budget + 1e-9
        # Pinsker and Jensen between the two.
        assert found.variation.mean() <= np.sqrt(found.budget / (2 * 5)) + 1e-9
        assert found.markov_gap - 1e-9 <= found.history_gap <= found.stage_regret + 1e-9


def test_a_history_that_no_policy_explains_keeps_the_prior():
    weights, lost = hd.posterior(np.array([[-np.inf, -np.inf], [-1.0, -np.inf]]))
    assert weights.tolist() == [[0.5, 0.5], [1.0, 0.0]] and lost.tolist() == [True, False]
    policies = np.array([[[1.0, 0.0]] * 3, [[0.0, 1.0]] * 3])
    assert hd.predictive(policies, np.array([0, 1, 0])).tolist() == [[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]]


def test_a_thousand_stages_do_not_underflow():
    _, policies = mixtures(4, (2, 2), 3, 1)
    long = tuple(np.repeat(p, 1000, axis=1) for p in policies)
    found = hd.sampled(hd.facing(ROCK_PAPER_SCISSORS[:, :2, :2], long, 0), jax.random.key(0), 64)
    assert np.isfinite(found.value) and 0 <= found.divergence <= np.log(3) + 4 * found.divergence_error


def test_duplicates_lower_the_budget_and_change_no_gap():
    game, policies = mixtures(6, (2, 2), 2, 4)
    twice = tuple(np.concatenate([p, p]) for p in policies)
    once, doubled = (sc.audit(game, p, jax.random.key(0)) for p in (policies, twice))
    assert [a.history_gap for a in once] == pytest.approx([a.history_gap for a in doubled], abs=1e-12)
    assert doubled[0].budget == pytest.approx(np.log(2)) == pytest.approx(once[0].budget)


def test_relabelling_changes_no_gap():
    game, policies = mixtures(8, (3, 3), 4, 4)
    order = np.array([2, 0, 1])
    moved = sc.audit(game[:, order], (policies[0][:, :, order], policies[1]), jax.random.key(0))
    players = sc.audit(game.transpose(0, 2, 1)[::-1], policies[::-1], jax.random.key(0))
    plain = sc.audit(game, policies, jax.random.key(0))
    for a, b, c in zip(plain, moved, players[::-1], strict=True):
        assert a.history_gap == pytest.approx(b.history_gap, abs=1e-12) == pytest.approx(c.history_gap, abs=1e-12)


def test_nash_products_have_no_gap_and_extraction_finds_them():
    game = random_game(np.random.default_rng(2), 3, 3)
    nash = equilibria(game)[0]
    alone = tuple(np.broadcast_to(p, (1, 8, 3)) for p in nash)
    assert max(a.history_gap for a in sc.audit(game, alone, jax.random.key(0))) < 1e-9
    _, policies = mixtures(3, (3, 3), 5, 4)
    for part, policy in zip(nash, policies, strict=True):
        policy[3, 2] = part
    found = sc.extract(game, policies)
    assert (found.policy, found.stage) == (3, 2) and found.regrets.max() < 1e-9
    gap = max(a.history_gap for a in sc.audit(game, policies, jax.random.key(0)))
    assert found.regrets.sum() <= sc.promised(gap, 2, 5, 4)


def test_what_is_no_product_mixture_is_refused():
    joint = np.full((2, 3, 9), 1 / 9)
    with pytest.raises(ValueError, match=r"\(2, 3, 3\)"):
        sc.mixture(SHAPLEY, (joint, joint))
    with pytest.raises(ValueError, match="product policies"):
        sc.mixture(SHAPLEY, (np.full((2, 3, 3, 3), 1 / 9),) * 2)
    with pytest.raises(ValueError, match="sum to one"):
        sc.mixture(SHAPLEY, (np.full((2, 3, 3), 0.5),) * 2)
    with pytest.raises(ValueError, match="one array for each player"):
        sc.mixture(SHAPLEY, (np.full((2, 3, 3), 1 / 3),))
    with pytest.raises(ValueError, match="too many"):
        hd.exact(hd.facing(SHAPLEY, (np.full((2, 40, 3), 1 / 3),) * 2, 0))
    scaled, low, span = sc.rescaled(10 * ROCK_PAPER_SCISSORS)
    assert (scaled.min(), scaled.max(), low, span) == (0, 1, -10, 20)


# --- named mutants: what is commonly got wrong, and which oracle tells


def audits_of(game, policies):
    return hd.exact(hd.facing(game, policies, 0)).value, hd.brute_force(hd.facing(game, policies, 0))


def test_mutants_are_told_by_the_brute_force_oracle():
    heads, tails = np.array([[0.9, 0.1]] * 3), np.array([[0.1, 0.9]] * 3)
    game, policies = MATCHING_PENNIES, (np.stack([heads, tails]),) * 2
    found, best = audits_of(game, policies)
    others = hd.facing(game, policies, 0)
    sees_the_policy = float((others.policies @ others.table.T).max(axis=2).mean())
    markov_only = float((others.policies @ others.table.T).mean(axis=0).max(axis=1).mean())
    averaged = hd.exact(hd.Others(others.table, others.policies.mean(axis=0, keepdims=True))).value
    assert found == pytest.approx(best, abs=1e-12)
    assert sees_the_policy > best + 1e-3  # a deviator who is told which policy is in force
    assert markov_only < best - 1e-3  # testing Markov deviations only: the whole point
    assert averaged < best - 1e-3  # the average behaviour as one policy: nothing left to learn


# --- Markov games


def test_memory_helps_in_markov_games_too_and_local_search_stays_below():
    game = random_markov_game(np.random.default_rng(0), 3, 2, (2, 2))
    policies = tuple(np.random.default_rng(1).dirichlet(np.full(2, 0.2), (3, 3, 2)) for _ in range(2))
    for i, row in enumerate(mg.gaps(game, policies)):
        assert row["exact"] and row["markov_exact"] and -1e-9 <= row["markov_gap"] <= row["history_gap"] + 1e-12
        local = mg.markov_best(game, policies, i, limit=0)
        assert not local.exact and local.value <= row["markov_gap"] + row["value"] + 1e-12
        fewer = mg.history_best(game, policies, i, sees="states").value
        assert fewer <= mg.history_best(game, policies, i).value + 1e-12
        value, error = mg.history_rollout(game, policies, i, np.random.default_rng(i), 1000)
        assert value - 4 * error <= row["history_gap"] + row["value"]
    sampled = mg.gaps(game, policies, limit=2, samples=50)
    assert not sampled[0]["exact"] and sampled[0]["error"] > 0


def test_values_are_what_episodes_pay():
    game = random_markov_game(np.random.default_rng(3), 4, 3, (2, 3))
    policies = tuple(np.random.default_rng(4).dirichlet(np.ones(k), (1, 4, 3)) for k in (2, 3))
    keys = jax.random.split(jax.random.key(0), 4000)
    paid = jax.vmap(lambda key: episode(game, [p[0] for p in policies], key))(keys).rewards.sum(axis=1)
    error = np.asarray(paid).std(axis=0) / np.sqrt(4000)
    assert (abs(np.asarray(paid).mean(axis=0) - mg.values(game, policies)[0]) < 4 * error + 1e-5).all()


@settings(max_examples=8)
@given(some.integers(0, 2**32))
def test_fresh_correlation_leaves_no_gap_to_memory(seed):
    game = random_markov_game(np.random.default_rng(seed), 3, 2, (2, 3))
    joints, _ = mg.stagewise_cce(game)
    assert mg.correlated_gaps(game, joints).max() < 1e-9
    shifted = np.full_like(joints, 1 / joints[0, 0].size)
    assert mg.correlated_gaps(game, shifted).max() > 1e-3  # uniform play is no equilibrium


def test_game_files(tmp_path):
    file = tmp_path / "game.json"
    file.write_text('{"payoffs": [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]}')
    assert read_game(file).payoffs.shape == (2, 2, 2)
    game = random_markov_game(np.random.default_rng(0), 2, 2, (2, 2))
    policies = [np.full((3, 2, 2, 2), 0.5)] * 2
    np.savez(tmp_path / "game.npz", rewards=game.rewards, transitions=game.transitions, start=game.start,
             policies_0=policies[0], policies_1=policies[1])  # fmt: skip
    found = read_game(tmp_path / "game.npz")
    np.testing.assert_array_equal(found.game.rewards, game.rewards)
    assert len(found.policies) == 2
    for text, reason in (("[]", "object"), ("{", "JSON"), ('{"payoff": 1}', "payoff"),
                         ('{"rewards": [1]}', "transitions"),
                         ('{"payoffs": [[1, 2], [3, 4]]}', "shape"), ('{"payoffs": "x"}', "game.json")):  # fmt: skip
        file.write_text(text)
        with pytest.raises(Exception, match=reason):
            read_game(file)
    with pytest.raises(Exception, match="cannot be read"):
        read_game(tmp_path / "none.json")
    broken = game.transitions.copy()
    broken[0] *= 2
    with pytest.raises(ValueError, match="transitions must be probabilities"):
        mg.checked_game(game.rewards, broken)
    with pytest.raises(ValueError, match="no product policy"):
        mg.checked_policies(game, [np.full((1, 2, 2, 4), 0.25)] * 2)
    assert mg.rescaled(game)[0].rewards.max() == pytest.approx(1 / 2)
