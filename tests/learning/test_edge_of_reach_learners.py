"""Tabular learners, ensembles of models and branched rollouts: identities, errors, and the traps that hide the edge."""

from dataclasses import replace
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning import branched_rollouts as br
from manyminds.learning import dynamics_ensembles as de
from manyminds.learning import sac
from manyminds.learning import tabular_dynamics as td
from manyminds.learning import tabular_edge as te
from manyminds.learning.replay import Rows, empty
from manyminds.worlds.control.plane import Plane
from manyminds.worlds.grids.goal_grid import GoalGrid

GRID = GoalGrid(size=11, goal=(8, 5), centre=(5, 5), margin=1)
STARTS = jnp.asarray(np.flatnonzero(GRID.starts))
PLANE = Plane()


@partial(jax.jit, static_argnums=0)
def tabular(recipe, steps, key):
    model = te.exact(GRID.after, GRID.paid)
    return te.learnt(recipe, model, STARTS, steps, te.no_patch(121), key)


def test_tables_that_share_a_target_are_one_table_that_begins_at_their_lowest(monkeypatch):
    recipe = te.Recipe(members=6, spread=5.0, epochs=8, rollouts=30)
    many = tabular(recipe, 3, jax.random.key(0))
    normal = jax.random.normal
    monkeypatch.setattr(jax.random, "normal", lambda key, shape: normal(key, (6, *shape[1:])).min(0, keepdims=True))
    one = te.learnt(replace(recipe, members=1), te.exact(GRID.after, GRID.paid), STARTS, 3, te.no_patch(121),
                    jax.random.key(0))  # fmt: skip
    np.testing.assert_allclose(one.tables[0], many.tables.min(0), atol=1e-4)
    assert (one.visited == many.visited).all()


def test_what_was_never_visited_keeps_its_first_values():
    found = tabular(te.Recipe(epochs=5, rollouts=50), 2, jax.random.key(1))
    assert (found.tables[0][~np.asarray(found.visited)] == 0).all() and (found.tables[0] <= 0).all()
    reach = np.abs(GRID.places - 5).clip(1).sum(1) - 2
    assert not found.visited[reach >= 2].any()  # rows at step 2 are targets only


def test_traps_change_what_is_visited_or_bootstrapped():
    recipe, key = te.Recipe(epochs=10, rollouts=50), jax.random.key(2)
    plain, wander = tabular(recipe, 2, key), tabular(replace(recipe, wander=True), 2, key)
    reach = np.abs(GRID.places - 5).clip(1).sum(1) - 2
    assert wander.visited[reach >= 2].any() and not plain.visited[reach >= 2].any()
    forget = tabular(replace(recipe, forget=True), 2, key)
    assert forget.visited.sum() < plain.visited.sum()


def said(seed=0, members=4):
    rng = np.random.default_rng(seed)
    return de.Said(jnp.asarray(rng.normal(size=(members, 9, 3)), jnp.float32),
                   jnp.asarray(rng.uniform(0.1, 1, (members, 9, 3)), jnp.float32))  # fmt: skip


def test_penalties_by_loops_over_members():
    guess, rows = said(), range(9)
    norms = [max(np.linalg.norm(guess.std[i, r]) for i in range(4)) for r in rows]
    np.testing.assert_allclose(de.mopo(guess), norms, rtol=1e-5)
    seen = guess.mean[..., :-1]
    gaps = [max(np.linalg.norm(seen[i, r] - seen[j, r]) for i in range(4) for j in range(4)) for r in rows]
    np.testing.assert_allclose(de.morel(guess), gaps, rtol=1e-5)
    np.testing.assert_allclose(de.mobile(seen[..., 0]), np.std(seen[..., 0], 0), rtol=1e-4)


def small_fit():
    return de.Fit(members=3, elites=2, width=16, depth=2, batch=32, least_epochs=2, most_epochs=40)


def plane_rows(count=200, seed=0):
    rng = np.random.default_rng(seed)
    place = rng.uniform(-2, 2, (count, 2)).astype(np.float32)
    action = rng.uniform(-1, 1, (count, 2)).astype(np.float32)
    after, reward = jax.vmap(PLANE.move)(place, action)
    return Rows(place, action, np.asarray(reward), np.asarray(after), np.zeros(count, bool))


@pytest.fixture(scope="module")
def learned():
    return de.fitted(small_fit(), plane_rows(), jax.random.key(0))


def test_an_ensemble_learns_the_plane_and_keeps_its_best_members(learned):
    assert learned.errors.max() < 0.5 * np.var(plane_rows().action)  # what saying the mean would leave
    assert learned.model.centre.shape == (4,)
    elites = jax.tree.leaves(eqx.filter(learned.model.members, eqx.is_array))
    assert all(leaf.shape[0] == 2 for leaf in elites)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_doubts_shrink_with_the_true_share_and_vanish_at_one(learned, share):
    rows, true = plane_rows(seed=1), de.Exact(PLANE.move)
    found = de.Blended(learned.model, true, jnp.float32(share))(rows.observation, rows.action)
    bare = learned.model(rows.observation, rows.action)
    for doubt in (de.mopo, de.morel):
        np.testing.assert_allclose(doubt(found), (1 - share) * doubt(bare), rtol=1e-3, atol=1e-6)
    if share == 1:
        assert float(de.mopo(found).max()) == float(de.morel(found).max()) == 0
        assert float(de.mobile(found.mean[..., -1]).max()) == 0
        after, _ = de.drawn_from(found, jax.random.key(0))
        np.testing.assert_array_equal(after, true(rows.observation, rows.action).mean[0, :, :2])


def test_drawing_uses_every_member_and_its_noise():
    guess = de.Said(jnp.array([[[0.0, 0]], [[10.0, 0]]]).repeat(4000, 1), jnp.ones((2, 4000, 2)))
    after, _ = de.drawn_from(guess, jax.random.key(0))
    assert abs(float((after > 5).mean()) - 0.5) < 0.05
    assert abs(float(after[after < 5].std()) - 1) < 0.05


def test_what_cannot_be_fitted_is_named():
    with pytest.raises(BadInput, match="too few"):
        de.fitted(small_fit(), plane_rows(2), jax.random.key(0))
    rows = plane_rows(20)
    broken = rows._replace(reward=np.where(np.arange(20) == 3, np.nan, rows.reward))
    with pytest.raises(BadInput, match="not finite"):
        de.fitted(small_fit(), broken, jax.random.key(0))


def test_bodies_fall_where_their_rules_say():
    hopper = jnp.array([[1.2, 0.1, 0.0], [0.69, 0.1, 0.0], [1.2, 0.21, 0.0], [1.2, 0.1, 101.0], [jnp.nan, 0.1, 0.0]])
    assert de.hopper_ended(hopper).tolist() == [False, True, True, True, True]
    walker = jnp.array([[1.2, 0.9], [0.8, 0.0], [2.0, 0.0], [1.2, 1.0]])
    assert de.walker_ended(walker).tolist() == [False, True, True, True]
    assert not de.never_ended(hopper).any()


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"real": 0.001}, {"real": 1.5}, {"rollouts": 0}])
def test_settings_that_do_nothing_are_refused(wrong):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        br.Branches(**wrong)


SMALL = br.Branches(steps=3, rollouts=40, updates=2, batch=16, real=0.25, kept=2)


def agent(learner=sac.SAC(width=8, depth=1)):  # noqa: B008
    return sac.start(learner, 2, PLANE.actions, jax.random.key(0))


def rolled(settings, model, ended=de.never_ended, now=None, key=0, **more):
    replay = empty(settings.kept * settings.steps * settings.rollouts, 2, PLANE.actions)
    data = jax.tree.map(jnp.asarray, plane_rows())
    return br.branched(settings, model, ended, now or agent(), data, replay, jax.random.key(key), **more)


def test_rollouts_begin_in_the_data_follow_the_world_and_a_cut_is_no_end():
    replay, logged = rolled(SMALL, de.Exact(PLANE.move))
    rows = jax.tree.map(lambda x: np.asarray(x)[:120], replay.rows)
    assert int(replay.filled) == 120 and float(logged["kept"]) == 1 and not rows.ended.any()
    assert (np.abs(rows.observation[:40]) <= 2).all()
    np.testing.assert_array_equal(rows.observation[40:], rows.after[:80])
    after, reward = jax.vmap(PLANE.move)(rows.observation, rows.action)
    np.testing.assert_allclose(rows.after, after, atol=1e-6)
    np.testing.assert_allclose(rows.reward, reward, rtol=1e-5)


def test_rows_after_an_end_are_dropped_also_when_every_rollout_ends_at_once():
    right = lambda seen: seen[..., 0] > 0  # noqa: E731
    replay, logged = rolled(SMALL, de.Exact(PLANE.move), right)
    rows = jax.tree.map(lambda x: np.asarray(x)[: int(replay.filled)], replay.rows)
    assert 40 < len(rows.reward) < 120 and (rows.ended == (rows.after[:, 0] > 0)).all()
    every = lambda seen: jnp.ones(len(seen), bool)  # noqa: E731
    replay, logged = rolled(SMALL, de.Exact(PLANE.move), every)
    assert int(replay.filled) == 40 and float(logged["kept"]) == pytest.approx(1 / 3)


def test_what_is_not_finite_never_reaches_the_replay_and_training_goes_on_with_data():
    torn = de.Exact(lambda place, action: (place + jnp.nan, jnp.float32(0)))
    replay, logged = rolled(SMALL, torn)
    assert int(replay.filled) == 0 and float(logged["not finite"]) == 40
    data = jax.tree.map(jnp.asarray, plane_rows())
    batch = br.batch_of(SMALL, data, replay, jax.random.key(0))
    known = {tuple(row) for row in np.asarray(data.observation).tolist()}
    assert all(tuple(row) in known for row in np.asarray(batch.observation).tolist())


def test_a_batch_holds_the_share_of_data_that_was_asked_for():
    replay, _ = rolled(SMALL, de.Exact(lambda place, action: (place + 100, jnp.float32(7))))
    data = jax.tree.map(jnp.asarray, plane_rows())
    batch = br.batch_of(SMALL, data, replay, jax.random.key(0))
    assert SMALL.real_rows == 4 and (np.asarray(batch.reward) == 7).tolist() == [False] * 4 + [True] * 12
    alone = br.batch_of(replace(SMALL, real=1.0), data, replay, jax.random.key(0))
    assert (np.asarray(alone.reward) != 7).all()


def test_penalties_are_taken_off_and_none_is_left_in_the_true_world(learned):
    for penalty in ("mopo", "morel", "mobile"):
        settings = replace(SMALL, penalty=penalty, weight=3.0)
        plain, _ = rolled(SMALL, de.Exact(PLANE.move))
        doubted, _ = rolled(settings, de.Exact(PLANE.move))
        np.testing.assert_array_equal(plain.rows.reward, doubted.rows.reward)
    rows, _ = rolled(replace(SMALL, penalty="mopo", weight=3.0), learned.model)
    bare, _ = rolled(SMALL, learned.model)
    off = 3 * de.mopo(learned.model(bare.rows.observation, bare.rows.action))[:40]
    np.testing.assert_allclose(rows.rows.reward[:40], bare.rows.reward[:40] - off, rtol=1e-3, atol=1e-4)
    halted, _ = rolled(replace(SMALL, penalty="morel", weight=3.0, threshold=-1.0), learned.model)
    assert int(halted.filled) == 40 and (np.asarray(halted.rows.reward[:40]) == -3).all()
    assert halted.rows.ended[:40].all()


def test_mobile_targets_are_the_usual_ones_in_the_true_world(learned):
    learner, now, key = sac.SAC(width=8, depth=1), agent(), jax.random.key(5)
    rows, alpha = jax.tree.map(jnp.asarray, plane_rows(16)), jnp.float32(0.1)
    usual = sac.targets(learner, now, rows, alpha, key)
    np.testing.assert_array_equal(br.doubted(de.Exact(PLANE.move), 9.0)(learner, now, rows, alpha, key), usual)
    assert (br.doubted(learned.model, 9.0)(learner, now, rows, alpha, key) < usual).all()


def test_an_oracle_writes_the_truth_into_the_last_step_only():
    oracle = lambda agent, after, key: (after[:, 0] > 0, jnp.full(len(after), 50.0))  # noqa: E731
    plain, _ = rolled(SMALL, de.Exact(PLANE.move))
    told, _ = rolled(SMALL, de.Exact(PLANE.move), truth=(oracle, 0.9))
    known = np.asarray(plain.rows.after[:, 0] > 0) & (np.arange(240) >= 80) & (np.arange(240) < 120)
    np.testing.assert_allclose(told.rows.reward, plain.rows.reward + np.where(known, 45.0, 0.0), rtol=1e-5)
    assert (np.asarray(told.rows.ended) == known).all()


def test_an_epoch_with_one_plain_critic_is_model_based_policy_optimisation():
    """N=1 and eta=0: the target is that of a single critic, with no minimum and no diversity."""
    learner = sac.SAC(critics=1, width=8, depth=1)
    now, rows = agent(learner), jax.tree.map(jnp.asarray, plane_rows(16))
    key, alpha = jax.random.key(1), jnp.float32(0.1)
    action, log = sac.acted(now.actor.model, rows.after, key)
    alone = jax.tree.map(lambda x: x[0] if eqx.is_array(x) else x, now.targets)
    value = jax.vmap(lambda s, a: alone(jnp.concatenate([s, a]))[0])(rows.after, action)
    expected = rows.reward + learner.discount * (value - alpha * log)
    np.testing.assert_allclose(sac.targets(learner, now, rows, alpha, key), expected, rtol=1e-5)
    step = br.epoch(SMALL, learner, de.Exact(PLANE.move), de.never_ended, jax.tree.map(jnp.asarray, plane_rows()))
    after, logged = step(br.begun(SMALL, learner, 2, PLANE.actions, key), key)
    assert "alignment" not in logged and int(after.replay.filled) == 120
    with pytest.raises(ValueError, match="at least two"):
        sac.start(sac.SAC(critics=1, diversity=1.0), 2, PLANE.actions, key)


def test_priors_are_never_trained_and_differ_by_member():
    learner = sac.SAC(critics=3, width=8, depth=1, prior=2.0)
    now, rows = agent(learner), jax.tree.map(jnp.asarray, plane_rows(16))
    after, _ = sac.update(learner, now, rows, jax.random.key(0))
    for old, new in zip(jax.tree.leaves(now.critics.model.prior), jax.tree.leaves(after.critics.model.prior)):
        np.testing.assert_array_equal(old, new)
    first = after.critics.model.prior.layers[0].weight
    assert not np.allclose(first[0], first[1])
    moved = after.critics.model.learnt.layers[0].weight - now.critics.model.learnt.layers[0].weight
    assert float(jnp.abs(moved).max()) > 0


def test_tabular_guesses_know_the_data_and_doubt_the_rest():
    rng = np.random.default_rng(0)
    cells, actions = td.wandered(GRID.after, GRID.starts, 400, 2, rng)
    known = td.guessed(GRID.after, cells, actions, 3, rng)
    assert (known.after == GRID.after)[~known.unknown].all()
    outside = np.ones(GRID.after.shape, bool)
    outside[cells, actions] = False
    assert known.unknown[:, outside].all()
    for share in (0.0, 0.5, 1.0):
        model = td.blended(known, GRID.after, GRID.paid, GRID.places, share, "mopo", 5.0)
        assert float(model.weight.sum()) == pytest.approx(1)
        expected = 5 * (1 - share) * 2**0.5 * known.unknown.any(0)
        np.testing.assert_allclose(model.penalty, expected, rtol=1e-5)
