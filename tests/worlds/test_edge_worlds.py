"""The grid and the plane of the edge-of-reach problem, against counting and against search."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.worlds.control.plane import Plane, Point
from manyminds.worlds.grids.goal_grid import GoalGrid, Place


def test_the_grid_as_an_array_world_is_its_table():
    grid = GoalGrid(size=7, goal=(5, 3), centre=(3, 3), margin=1)
    cells, actions = (x.ravel() for x in np.meshgrid(np.arange(49), np.arange(5), indexing="ij"))
    step = jax.jit(jax.vmap(lambda c, a: grid.step(Place(c, jnp.int32(0)), a, jax.random.key(0))))
    after, effects = step(cells, actions)
    assert (np.asarray(after.cell) == grid.after[cells, actions]).all()
    assert (np.asarray(effects.reward) == grid.reward[cells, actions]).all() and not effects.ended.any()
    assert grid.starts.sum() == 9 and (grid.paid == 0).sum() == 1
    begun = jax.vmap(grid.reset)(jax.random.split(jax.random.key(0), 200)).cell
    assert set(np.asarray(begun)) == set(np.flatnonzero(grid.starts))


@settings(max_examples=40)
@given(some.integers(0, 48), some.integers(0, 4))
def test_a_move_changes_one_coordinate_by_one_or_nothing_at_the_wall(cell, action):
    grid = GoalGrid(size=7)
    gap = np.abs(grid.places[grid.after[cell, action]] - grid.places[cell]).sum()
    assert gap == 0 if action == 0 else gap <= 1


def test_the_plane_moves_by_the_clipped_action_and_pays_where_it_arrives():
    plane = Plane()
    after, effects = plane.step(Point(jnp.array([5.0, 5.5]), jnp.int32(29)), jnp.array([3.0, 0.5]), jax.random.key(0))
    assert after.place.tolist() == [6, 6] and effects.reward == 1 and effects.cut and not effects.ended


def test_no_random_walk_beats_the_best_return_and_going_straight_reaches_it():
    plane, rng = Plane(), np.random.default_rng(0)
    for _ in range(20):
        start = place = rng.uniform(-2, 2, 2)
        total, straight, here = 0.0, 0.0, start.copy()
        for t in range(12):
            place = place + rng.uniform(-0.2, 1, 2).clip(-1, 1)
            total += 0.97**t * float(plane.paid(place))
            here = here + np.clip(np.array(plane.centre) - here, -1, 1)
            straight += 0.97**t * float(plane.paid(here))
        best = float(plane.best_return(start, 12, 0.97))
        assert total <= best + 1e-5 and abs(straight - best) < 1e-4


def test_the_best_value_is_that_of_a_long_walk():
    plane, start = Plane(), jnp.array([-2.0, 1.0])
    np.testing.assert_allclose(plane.best_value(start, 0.99), plane.best_return(start, 2000, 0.99), rtol=1e-4)


def test_the_edge_of_the_plane_is_reached_at_the_last_step_only():
    plane, key = Plane(), jax.random.key(1)
    place = jax.random.uniform(key, (2000, 2), jnp.float32, -2, 2)
    for t in range(1, 6):
        place = place + jnp.sign(place)  # the fastest way out
        assert bool(plane.at_edge(place, 5).any()) == (t == 5)
