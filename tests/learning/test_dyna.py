"""Dyna and its models: what a model says is what happened, tables learn by value iteration's answers, ends are ends."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning.continual import Online
from manyminds.learning.dyna import Dyna, Levels, LinearQ, alone, dyna, explored, imagined, living
from manyminds.learning.replay import Rows, added, empty
from manyminds.learning.training import trained
from manyminds.learning.world_models import Imagined, NetworkModel, Outputs, SparseModel
from manyminds.networks.sparse_encoding import SparseEncoding, bounds, sparse_encoding
from manyminds.worlds.control.classic import Pendulum
from manyminds.worlds.grids.maze import Maze

SMALL = Maze(plan=("...", ".#.", "..G"), limit=30)
LOW, HIGH = jnp.zeros(2), jnp.full(2, 2.0)


def table(cells=2):
    return SparseEncoding(bounds([0.0] * 2, [float(cells)] * 2), jnp.eye(2), jnp.zeros(2), 1, 2, cells, "clip")


def sparse_model(apart=True, noise=0.0):
    n = 0 if apart else 4
    within = bounds([0.0] * (2 + n), [2.0] * 2 + [1.0] * n)
    features = sparse_encoding(within, jax.random.key(0), 8, 2, 8, 4.0)
    return SparseModel(features, SMALL.actions, Outputs(jnp.ones(2), jnp.float32(1)), 1e-3, 1024, apart)


def every_step(maze):
    """All transitions of a maze without chance, as rows."""
    cells = jnp.asarray(np.repeat(maze.free, 4, 0), jnp.int32)
    actions = jnp.tile(jnp.arange(4, dtype=jnp.int32), len(maze.free))
    state = maze.reset(jax.random.key(0))._replace(cell=cells, t=jnp.zeros(len(cells), jnp.int32))
    after, effects = jax.vmap(maze.step)(state, actions, jax.random.split(jax.random.key(0), len(cells)))
    return Rows(cells.astype(jnp.float32), actions, effects.reward, after.cell.astype(jnp.float32), effects.ended)


@pytest.mark.parametrize("apart", [True, False], ids=["a regression an action", "actions as inputs"])
def test_one_pass_is_enough_for_a_small_maze(apart):
    model, rows = sparse_model(apart), every_step(SMALL)

    def step(now, row):
        return model.update(now, row, jax.random.key(0)), None

    learn = jax.jit(lambda state: jax.lax.scan(step, state, rows)[0])
    state = learn(learn(learn(model.begun(jax.random.key(0)))))
    said = jax.jit(jax.vmap(partial(model.predict, state)))(rows.observation, rows.action)
    np.testing.assert_allclose(said.after, rows.after, atol=0.15)
    np.testing.assert_array_equal(said.ended, rows.ended)
    np.testing.assert_allclose(said.reward, -1, atol=0.1)
    assert int(state.leader.lost) == 0 and int(state.leader.seen) == 3 * len(rows.reward)
    drawn = model.sample(state, rows.observation[0], rows.action[0], jax.random.key(1))
    assert drawn.after.shape == (2,) and bool(drawn.ended) == bool(said.ended[0])


def test_a_network_model_has_the_same_verbs():
    model = NetworkModel(Online("replay"), SMALL.actions, Outputs(jnp.ones(2), jnp.float32(1)), LOW, HIGH, 50)
    row = jax.tree.map(lambda x: x[0], every_step(SMALL))
    state = model.update(model.begun(jax.random.key(0)), row, jax.random.key(1))
    said = model.sample(state, row.observation, row.action, jax.random.key(2))
    assert isinstance(said, Imagined) and said.after.shape == (2,) and int(state.kept.seen) == 1


def optimal(maze, discount):
    """Values of the cells by value iteration on the table of all steps."""
    rows = every_step(maze)
    cells = {tuple(c): k for k, c in enumerate(maze.free.tolist())}
    value = np.zeros(len(cells))
    after = [cells.get(tuple(c)) for c in np.asarray(rows.after, int).tolist()]
    for _ in range(200):
        q = [
            float(r) + (0 if e else discount * value[a]) for r, e, a in zip(rows.reward, np.asarray(rows.ended), after)
        ]
        value = np.array(q).reshape(-1, 4).max(1)
    return value


def test_the_table_learns_what_value_iteration_says_and_an_end_that_goes_on_does_not():
    rows = every_step(SMALL)
    learner = LinearQ(table(), 4, discount=0.9, step_size=1.0)
    valid = jnp.ones(len(rows.reward), bool)
    update = eqx.filter_jit(learner.update)

    def values(rows):
        state = learner.begun(jax.random.key(0))
        for _ in range(30):
            state = update(state, rows, valid, jax.random.key(0))
        return np.asarray(jax.vmap(lambda o: learner.values(state, o).max())(jnp.asarray(SMALL.free, jnp.float32)))

    np.testing.assert_allclose(values(rows), optimal(SMALL, 0.9), atol=1e-3)
    gone_on = rows._replace(
        ended=jnp.zeros_like(rows.ended), after=jnp.where(rows.ended[:, None], rows.observation, rows.after)
    )
    assert np.abs(values(gone_on) - optimal(SMALL, 0.9)).max() > 1


def test_rows_that_are_not_valid_teach_nothing():
    rows, learner = every_step(SMALL), LinearQ(table(), 4)
    state = learner.begun(jax.random.key(0))
    after = learner.update(state, rows, jnp.zeros(len(rows.reward), bool), jax.random.key(0))
    np.testing.assert_array_equal(after, state)


def test_exploring_breaks_ties_at_random_and_dares_as_often_as_it_says():
    keys = jax.random.split(jax.random.key(0), 4000)
    ties = jax.vmap(lambda key: explored(jnp.array([1.0, 1.0, 0.0]), 0.0, key))(keys)
    np.testing.assert_allclose(np.bincount(ties, minlength=3) / 4000, [0.5, 0.5, 0], atol=0.03)
    dared = jax.vmap(lambda key: explored(jnp.array([1.0, 0.0, 0.0]), 0.3, key))(keys)
    np.testing.assert_allclose((dared == 0).mean(), 0.8, atol=0.03)


class Marching:
    """A model in which every step leads one to the right, and the third cell is the end."""

    def predict(self, state, observation, action):
        after = observation + jnp.array([1.0, 0.0])
        return Imagined(after, jnp.float32(-1), after[0] > 1.5)


def test_imagined_rollouts_follow_the_model_and_begin_again_after_an_end():
    seen = empty(10, 2, SMALL.actions)
    row = Rows(jnp.zeros((1, 2)), jnp.zeros(1, jnp.int32), jnp.zeros(1), jnp.zeros((1, 2)), jnp.zeros(1, bool))
    seen = added(seen, row)
    learner = LinearQ(table(), 4)
    how = Dyna(branches=3, length=4)
    rows = imagined(
        learner, learner.begun(jax.random.key(0)), Marching(), None, how, seen, (LOW, HIGH), jax.random.key(0)
    )
    assert rows.reward.shape == (12,)
    np.testing.assert_array_equal(rows.observation.reshape(3, 4, 2)[0, :, 0], [0, 1, 0, 1])
    np.testing.assert_array_equal(rows.ended.reshape(3, 4)[0], [False, True, False, True])


def area(model, how, steps=400, seeds=4):
    """Mean return of finished episodes in the small maze."""
    learner = LinearQ(table(), 4, 0.95, 0.5)
    step = dyna(SMALL, learner, model, how, LOW, HIGH)
    keys = jax.random.split(jax.random.key(0), seeds)
    begun = eqx.filter_vmap(lambda key: living(SMALL, learner, model, how, key))(keys)
    _, curves = trained(step, begun, keys, steps, chunk=steps)
    return float((curves.values["return over"] / curves.values["over"]).mean())


@pytest.mark.slow
def test_planning_learns_faster_than_acting_alone():
    how = Dyna(branches=5, warm=20, capacity=400)
    planned, by_itself = area(sparse_model(), how), area(None, alone(how))
    assert planned > by_itself


def test_levels_turn_a_box_into_choices():
    world = Levels(Pendulum(), 3)
    state = world.reset(jax.random.key(0))
    for action, torque in enumerate((-2.0, 0.0, 2.0)):
        ours, _ = world.step(state, jnp.int32(action), jax.random.key(0))
        theirs, _ = Pendulum().step(state, jnp.array([torque]), jax.random.key(0))
        np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-6)
