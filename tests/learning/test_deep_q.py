"""Double Q-learning: targets are the formula, a table swept whole is Q-learning, a network finds value iteration."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.learning.deep_q import DoubleQ, double_targets
from manyminds.learning.dyna import Dyna, dyna, living
from manyminds.learning.replay import Rows
from manyminds.learning.training import over_seeds, trained
from manyminds.networks.dense import Layers, Scaled, uniform
from manyminds.worlds.grids.maze import Maze

STATES, ACTIONS, DISCOUNT = 6, 3, 0.9
KEY = jax.random.key(0)


class Table(eqx.Module):
    """A value for each state and action; observations are unit vectors."""

    weight: jax.Array  # (states, actions)

    def __call__(self, observation):
        return observation @ self.weight


def problem(seed=0):
    """A small process without chance: next states, rewards and ends, each (states, actions)."""
    rng = np.random.default_rng(seed)
    return rng.integers(STATES, size=(STATES, ACTIONS)), rng.normal(size=(STATES, ACTIONS)), rng.random(
        (STATES, ACTIONS)) < 0.2  # fmt: skip


def sweep(after, reward, ended):
    """Every state and action of it as rows, in order."""
    eye = np.eye(STATES, dtype=np.float32)
    rows = (
        eye.repeat(ACTIONS, 0),
        np.tile(np.arange(ACTIONS), STATES),
        reward.ravel(),
        eye[after.ravel()],
        ended.ravel(),
    )
    kinds = (jnp.float32, jnp.int32, jnp.float32, jnp.float32, bool)
    return Rows(*(jnp.asarray(x, kind) for x, kind in zip(rows, kinds)))


def backed_up(q, after, reward, ended):
    """One step of value iteration on the values of actions."""
    return reward + DISCOUNT * np.where(ended, 0, q.max(1)[after])


def swept(learner, rows, state, times):
    """The state after so many updates on all rows."""
    good = jnp.ones(len(rows.reward), bool)
    arrays, static = eqx.partition(state, eqx.is_array)

    def one(carry, _):
        return eqx.filter(learner.update(eqx.combine(carry, static), rows, good, KEY), eqx.is_array), None

    arrays = jax.jit(lambda begun: jax.lax.scan(one, begun, None, times)[0])(arrays)
    return eqx.combine(arrays, static)


def all_values(learner, state):
    return np.asarray(jax.vmap(partial(learner.values, state))(jnp.eye(STATES)))


@given(st.integers(0, 10_000))
def test_targets_are_the_formula(seed):
    rng = np.random.default_rng(seed)
    online, target = rng.normal(size=(2, STATES, ACTIONS)).astype(np.float32)
    after, reward, ended = problem(seed)
    rows = sweep(after, reward, ended)
    expected = [r if e else r + DISCOUNT * target[s][online[s].argmax()]
                for s, r, e in zip(after.ravel(), reward.ravel(), ended.ravel())]  # fmt: skip
    found = double_targets(Table(jnp.asarray(online)), Table(jnp.asarray(target)), rows, DISCOUNT)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_table_swept_whole_and_refreshed_always_is_q_learning():
    """Plain gradient on the mean over n rows at step size n * .5 moves every value half the way to its target."""
    after, reward, ended = problem()
    rows = sweep(after, reward, ended)
    learner = DoubleQ(lambda key: Table(jnp.zeros((STATES, ACTIONS))), optax.sgd(0.5 * len(rows.reward)), DISCOUNT, 1)
    q, state = np.zeros((STATES, ACTIONS)), learner.begun(KEY)
    for _ in range(5):
        q = 0.5 * q + 0.5 * backed_up(q, after, reward, ended)
        state = swept(learner, rows, state, 1)
        np.testing.assert_allclose(all_values(learner, state), q, atol=1e-5)
    for _ in range(400):
        q = backed_up(q, after, reward, ended)
    np.testing.assert_allclose(all_values(learner, swept(learner, rows, state, 400)), q, atol=1e-3)


def test_a_network_finds_what_value_iteration_finds():
    after, reward, ended = problem()
    learner = DoubleQ(lambda key: Layers((STATES, 32, ACTIONS), key), optax.adam(3e-3), DISCOUNT, 20)
    q = np.zeros((STATES, ACTIONS))
    for _ in range(400):
        q = backed_up(q, after, reward, ended)
    state = swept(learner, sweep(after, reward, ended), learner.begun(KEY), 4000)
    np.testing.assert_allclose(all_values(learner, state), q, atol=0.05)
    assert np.ptp(q) > 1  # or anything would do


def test_the_target_stands_still_between_refreshes():
    rows = sweep(*problem())
    learner = DoubleQ(lambda key: Table(jnp.zeros((STATES, ACTIONS))), optax.sgd(1.0), DISCOUNT, refresh=3)
    state = learner.begun(KEY)
    for refreshed in (False, False, True, False):
        before, state = state, swept(learner, rows, state, 1)
        expected = state.online.model if refreshed else before.target
        np.testing.assert_array_equal(state.target.weight, expected.weight)
        assert (state.online.model.weight != before.online.model.weight).any()


def test_rows_that_are_not_valid_teach_nothing():
    rows = sweep(*problem())
    learner = DoubleQ(lambda key: Layers((STATES, 8, ACTIONS), key), optax.adam(1e-2), DISCOUNT, 1)
    state, good = learner.begun(KEY), jnp.arange(len(rows.reward)) < 4
    spoilt = rows._replace(reward=jnp.where(good, rows.reward, 1e6))
    update = eqx.filter_jit(learner.update)
    once = update(state, spoilt, good, KEY)
    few = update(state, jax.tree.map(lambda x: x[:4], rows), good[:4], KEY)
    np.testing.assert_allclose(all_values(learner, once), all_values(learner, few), atol=1e-5)
    idle = update(state, rows, jnp.zeros_like(good), KEY)
    np.testing.assert_array_equal(all_values(learner, idle), all_values(learner, state))


def test_scaled_layers_see_bounds_as_one_and_speak_in_units():
    layers = Layers((2, 3), KEY)
    scaled = Scaled(layers, (0.0, -4.0), (10.0, 4.0), 7.0)
    for raw, unit in (([0.0, -4.0], [-1.0, -1.0]), ([10.0, 4.0], [1.0, 1.0]), ([5.0, 0.0], [0.0, 0.0])):
        np.testing.assert_allclose(scaled(jnp.array(raw)), 7 * layers(jnp.array(unit)), rtol=1e-5)


@pytest.mark.slow
def test_it_learns_a_maze_in_dyna_with_steps_replayed_all_seeds_at_once():
    maze = Maze(plan=("...", ".#.", "..G"), limit=30)
    low, high = (0.0, 0.0), (2.0, 2.0)
    learner = DoubleQ(lambda key: Scaled(Layers((2, 32, 32, 4), key, last=uniform(3e-3)), low, high, 10.0),
                      optax.adam(3e-3), DISCOUNT, 50)  # fmt: skip
    how = Dyna(branches=15, warm=20, capacity=2000, replayed=True)
    step = dyna(maze, learner, None, how, jnp.asarray(low), jnp.asarray(high))
    keys = jax.random.split(KEY, 3)
    begun = over_seeds(lambda key: living(maze, learner, None, how, key), keys)
    _, curves = trained(step, begun, keys, 2000, chunk=500)
    returns = curves.values["return over"] / curves.values["over"]
    assert returns.shape == (4, 3)
    assert (returns[-1] > -6).all()  # the shortest ways take 1 to 4 steps; a tenth of all steps are at random
    assert (returns[-1] > returns[0]).all()
