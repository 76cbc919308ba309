"""The maze walked whole: every move of every cell, the wind's chances, and plans that cannot be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.worlds.grids.maze import MOVES, Maze, Walking


def after(maze, cell, action, key=0, t=0):
    state = Walking(jnp.asarray(cell, jnp.int32), jnp.int32(t))
    return jax.jit(maze.step)(state, jnp.int32(action), jax.random.key(key))


def test_every_move_of_every_cell():
    maze = Maze()
    plan = maze.plan
    cells = [(i, j) for i in range(11) for j in range(11) if plan[i][j] == "."]
    states = Walking(jnp.repeat(jnp.asarray(cells, jnp.int32), 4, 0), jnp.zeros(4 * len(cells), jnp.int32))
    actions = jnp.tile(jnp.arange(4), len(cells))
    ours, effects = jax.vmap(maze.step)(states, actions, jax.random.split(jax.random.key(0), 4 * len(cells)))
    expected = []
    for i, j in cells:
        for di, dj in MOVES:
            inside = 0 <= i + di < 11 and 0 <= j + dj < 11 and plan[i + di][j + dj] != "#"
            expected.append((i + di, j + dj) if inside else (i, j))
    np.testing.assert_array_equal(ours.cell, expected)
    np.testing.assert_array_equal(effects.ended, [plan[i][j] == "G" for i, j in expected])
    assert (effects.reward == -1).all() and not effects.cut.any()


def test_the_goal_can_be_reached_from_everywhere():
    maze = Maze()
    reached, edge = {maze.goal}, [maze.goal]
    while edge:
        i, j = edge.pop()
        for di, dj in MOVES:
            there = (i + di, j + dj)
            inside = 0 <= there[0] < 11 and 0 <= there[1] < 11
            if inside and maze.plan[there[0]][there[1]] != "#" and there not in reached:
                reached.add(there)
                edge.append(there)
    assert reached == {tuple(cell) for cell in maze.free.tolist()} | {maze.goal}


def test_the_wind_blows_as_often_as_it_says():
    maze = Maze(wind=0.3)
    state = Walking(jnp.array([[9, 1]] * 4000, jnp.int32), jnp.zeros(4000, jnp.int32))
    cells = jax.vmap(maze.step)(state, jnp.ones(4000, jnp.int32), jax.random.split(jax.random.key(1), 4000))[0].cell
    assert set(map(tuple, np.asarray(cells).tolist())) == {(9, 2), (8, 2)}
    np.testing.assert_allclose((cells[:, 0] == 8).mean(), 0.3, atol=0.03)


def test_slips_choose_any_move():
    maze = Maze(slip=1.0)
    state = Walking(jnp.array([[4, 6]] * 4000, jnp.int32), jnp.zeros(4000, jnp.int32))
    cells = jax.vmap(maze.step)(state, jnp.zeros(4000, jnp.int32), jax.random.split(jax.random.key(1), 4000))[0].cell
    shares = np.unique(np.asarray(cells), axis=0, return_counts=True)[1] / 4000
    np.testing.assert_allclose(shares, 0.25, atol=0.03)


def test_the_clock_cuts_and_the_goal_ends():
    maze = Maze()
    _, effects = after(maze, (0, 0), 0, t=maze.limit - 1)
    assert bool(effects.cut) and not bool(effects.ended)
    _, effects = after(maze, (9, 10), 2, t=maze.limit - 1)
    assert bool(effects.ended) and not bool(effects.cut)


def test_first_cells_are_free_and_all_of_them():
    maze = Maze()
    cells = jax.vmap(lambda key: maze.reset(key).cell)(jax.random.split(jax.random.key(0), 3000))
    assert {tuple(c) for c in np.asarray(cells).tolist()} == {tuple(c) for c in maze.free.tolist()}


@pytest.mark.parametrize(
    ("plan", "said"), [(("..", "."), "one length"), (("..",), "one goal"), (("G?",), "drawn with")]
)
def test_plans_that_cannot_be(plan, said):
    with pytest.raises(ValueError, match=said):
        Maze(plan=plan)
