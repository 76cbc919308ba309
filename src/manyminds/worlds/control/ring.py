"""A walk on a ring of cells whose sectors beat each other in a cycle: preferences without any score behind them.

Nine cells, six moves of -1, 0 or 1 from cell 0; a rater judges the sector of the final cell (cell // 3). The minimax
winner over sectors is known in closed form, and a best reply is exact by dynamic programming over reachable cells.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core.array_worlds import Discrete, Effects

CYCLE = ((0.0, 0.6, -0.2), (-0.6, 0.0, 0.9), (0.2, -0.9, 0.0))  # of sectors; minimax winner (9, 2, 6) / 17
MOVES = (-1, 0, 1)


class Place(NamedTuple):
    cell: Array  # int32
    t: Array  # int32, moves made


@dataclass(frozen=True)
class Ring:
    """No reward: whoever compares two walks decides. Observations are one-hot over (move, cell)."""

    cells: int = 9
    moves: int = 6
    actions = Discrete(3)

    @property
    def observation_size(self) -> int:
        return self.moves * self.cells

    def reset(self, key: Array) -> Place:
        return Place(jnp.int32(0), jnp.int32(0))

    def observe(self, state: Place) -> Array:
        """All zeros when no move is left."""
        return jax.nn.one_hot(state.t * self.cells + state.cell, self.observation_size, dtype=jnp.float32)

    def step(self, state: Place, action: Array, key: Array) -> tuple[Place, Effects]:
        cell, t = (state.cell + action.astype(jnp.int32) - 1) % self.cells, state.t + 1
        return Place(cell, t), Effects(jnp.float32(0), t >= self.moves, jnp.bool_(False))

    def final_cells(self, policy: Array) -> Array:
        """The distribution (cells,) of the final cell under a policy (moves, cells, 3), exactly."""
        reached = jax.nn.one_hot(0, self.cells, dtype=policy.dtype)
        for chances in policy:  # (cells, 3)
            flow = reached[:, None] * chances
            reached = sum(jnp.roll(flow[:, a], move) for a, move in enumerate(MOVES))
        return reached

    def best_walk(self, worth: np.ndarray) -> tuple[float, list[int]]:
        """The largest worth (cells,) of a final cell that can be reached, and moves that reach it."""
        value, choices = np.asarray(worth, float), []
        for _ in range(self.moves):
            ahead = np.stack([np.roll(value, -move) for move in MOVES])
            choices.append(ahead.argmax(0))
            value = ahead.max(0)
        cell, walk = 0, []
        for choice in reversed(choices):
            walk.append(int(choice[cell]))
            cell = (cell + MOVES[walk[-1]]) % self.cells
        return float(value[0]), walk


@dataclass(frozen=True)
class SectorRater:
    """Prefers walks by the sector in which they end; `table[i][j]` is the preference for sector i over sector j."""

    table: tuple[tuple[float, ...], ...] = CYCLE
    cells: int = 9

    def facts(self, trajectory: Any) -> Array:
        """The final cell, from the last observation acted on and the last action."""
        cell = trajectory.observation[-1].argmax(-1) % self.cells
        return (cell + trajectory.action[-1].astype(jnp.int32) - 1) % self.cells

    def sector(self, cell: Array) -> Array:
        return cell * len(self.table) // self.cells

    def prefers(self, a: Array, b: Array) -> Array:
        return jnp.asarray(self.table, jnp.float32)[self.sector(a), self.sector(b)]

    def over_cells(self) -> np.ndarray:
        """The preferences between final cells, (cells, cells)."""
        sectors = np.arange(self.cells) * len(self.table) // self.cells
        return np.array(self.table)[np.ix_(sectors, sectors)]


def exploited(ring: Ring, rater: SectorRater, final: np.ndarray) -> float:
    """By how much the best walk beats a distribution (cells,) over final cells."""
    return ring.best_walk(rater.over_cells() @ np.asarray(final, float))[0]
