"""A maze on arrays: walk from a random cell to the goal around walls, with a wind that may blow.

Sutton's maze for Dyna (1990) in a square of 11 x 11. The observation is the cell, (row, column); a step costs 1 until
the goal is reached. Walking into a wall or off the board leaves one where one is.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core.array_worlds import Discrete, Effects

PLAN = (
    "...........",
    "...#.......",
    "...#...###.",
    "...#.....#.",
    "...#.....#.",
    "...####..#.",
    ".........#.",
    ".#####...#.",
    ".....#...#.",
    ".....#.....",
    ".....#....G",
)
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left


class Walking(NamedTuple):
    cell: Array  # int32 (2,): row and column
    t: Array  # int32: steps taken


@dataclass(frozen=True)
class Maze:
    """`plan`: rows of equal length with one G (goal), # (wall) and . (free). `wind`: the chance that a step is followed
    by a push of one cell up. `slip`: the chance that a random move is made instead of the one that was chosen."""

    plan: tuple[str, ...] = PLAN
    wind: float = 0.0
    slip: float = 0.0
    limit: int = 200
    observation_size = 2
    actions = Discrete(4)

    def __post_init__(self) -> None:
        if len({len(row) for row in self.plan}) != 1 or "".join(self.plan).count("G") != 1:
            raise ValueError("a plan has rows of one length and exactly one goal, G")
        if strange := sorted(set("".join(self.plan)) - set(".#G")):
            raise ValueError(f"a plan is drawn with '.', '#' and 'G', not with {strange}")

    @property
    def walls(self) -> np.ndarray:
        return np.array([[mark == "#" for mark in row] for row in self.plan])

    @property
    def goal(self) -> tuple[int, int]:
        row = next(i for i, marks in enumerate(self.plan) if "G" in marks)
        return row, self.plan[row].index("G")

    @property
    def free(self) -> np.ndarray:
        """The cells in which an episode may begin, (cells, 2)."""
        return np.array([(i, j) for i, row in enumerate(self.plan) for j, mark in enumerate(row) if mark == "."])

    def reset(self, key: Array) -> Walking:
        free = jnp.asarray(self.free, jnp.int32)
        return Walking(free[jax.random.randint(key, (), 0, free.shape[0])], jnp.int32(0))

    def observe(self, state: Walking) -> Array:
        return state.cell.astype(jnp.float32)

    def moved(self, cell: Array, by: Array) -> Array:
        """The cell after a move, or the same cell where the move leads into a wall or off the board."""
        walls = jnp.asarray(np.pad(self.walls, 1, constant_values=True))  # the border of the board is a wall
        there = cell + by
        return jnp.where(walls[there[0] + 1, there[1] + 1], cell, there)

    def step(self, state: Walking, action: Array, key: Array) -> tuple[Walking, Effects]:
        to_slip, to_move, to_wind = jax.random.split(key, 3)
        moves = jnp.asarray(MOVES, jnp.int32)
        slipped = jax.random.bernoulli(to_slip, self.slip)
        chosen = jnp.where(slipped, jax.random.randint(to_move, (), 0, 4), action)
        cell = self.moved(state.cell, moves[chosen])
        blown = jax.random.bernoulli(to_wind, self.wind)
        arrived = (cell == jnp.asarray(self.goal)).all()  # the wind does not blow anybody out of the goal
        cell = jnp.where(blown & ~arrived, self.moved(cell, moves[0]), cell)
        ended, t = (cell == jnp.asarray(self.goal)).all(), state.t + 1
        return Walking(cell, t), Effects(jnp.float32(-1), ended, (t >= self.limit) & ~ended)
