"""A square grid with one goal: every step costs 1, and nothing while the new cell is the goal. Nothing ever ends.

The world in which the edge of reach can be counted (arXiv 2402.12527, our choice of sizes). Array world and tables in
one: `after` and `reward` list what every action does in every cell.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core.array_worlds import Discrete, Effects

MOVES = np.array([(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)])  # stay, north, south, east, west


class Place(NamedTuple):
    cell: Array  # x * size + y
    t: Array


@dataclass(frozen=True)
class GoalGrid:
    """Cells (x, y) from 0 to size - 1; a move against the wall stays. Starts: a square block round `centre`."""

    size: int = 41
    goal: tuple[int, int] = (24, 20)
    centre: tuple[int, int] = (20, 20)
    margin: int = 3  # the block reaches this far from its centre: 7 x 7 cells
    limit: int = 200
    observation_size = 2
    actions = Discrete(5)

    @cached_property
    def places(self) -> np.ndarray:
        """The (x, y) of every cell, shape (cells, 2)."""
        return np.stack(np.divmod(np.arange(self.size**2), self.size), -1)

    @cached_property
    def after(self) -> np.ndarray:
        """The cell that follows, shape (cells, 5)."""
        x, y = np.moveaxis(np.clip(self.places[:, None] + MOVES, 0, self.size - 1), -1, 0)
        return x * self.size + y

    @cached_property
    def paid(self) -> np.ndarray:
        """The reward of arriving in a cell, shape (cells,)."""
        return np.where((self.places == self.goal).all(1), 0.0, -1.0)

    @cached_property
    def reward(self) -> np.ndarray:
        """The reward of an action in a cell, shape (cells, 5)."""
        return self.paid[self.after]

    @cached_property
    def starts(self) -> np.ndarray:
        """The mask of the starting block, shape (cells,)."""
        return (np.abs(self.places - self.centre) <= self.margin).all(1)

    def reset(self, key: Array) -> Place:
        return Place(jax.random.choice(key, jnp.asarray(np.flatnonzero(self.starts))), jnp.int32(0))

    def observe(self, state: Place) -> Array:
        """The place, scaled to -1..1."""
        place = jnp.stack(jnp.divmod(state.cell, self.size)).astype(jnp.float32)
        return 2 * place / (self.size - 1) - 1

    def step(self, state: Place, action: Array, key: Array) -> tuple[Place, Effects]:
        cell, t = jnp.asarray(self.after)[state.cell, action], state.t + 1
        return Place(cell, t), Effects(jnp.asarray(self.paid, jnp.float32)[cell], jnp.bool_(False), t >= self.limit)
