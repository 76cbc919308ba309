"""Walks on a ring compared by noisy raters who go round: self-play, duels and reward models on equal comparisons."""

from typing import Any

import jax
import numpy as np
from jax import Array
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning.mirror import Mirror, start, step
from manyminds.learning.training import Keeper, over_seeds, trained
from manyminds.theory.preferences import cycle_winner, distance
from manyminds.worlds.control.ring import CYCLE, Ring, SectorRater, exploited

WINNER = cycle_winner(CYCLE[0][1], CYCLE[1][2], CYCLE[2][0])  # (9, 2, 6) / 17


class Walked(BaseModel, frozen=True):
    """One way of learning; a list has one entry a seed. Exploitabilities are exact, from the policies themselves."""

    method: str
    average: list[float]  # of the mixture of all policies
    last: list[float]  # of the last policy
    sectors: list[list[float]]  # where the mixture ends
    last_sectors: list[list[float]]
    distance: list[float]  # total variation of the mixture from the minimax winner over sectors
    comparisons: int  # answers given to one learner
    rollouts: int
    curve: list[list[float]]  # sectors of the first seed's policy over time


METHODS = {
    "self-play": {},
    "duel": {"method": "duel"},
    "reward model": {"method": "reward model"},
    "plain gradient": {"improvement": "reinforce", "rate": 1.0},
}


def walked(method: str, seeds: Seeds, repeats: int, iterations: int, keeper: Keeper | None = None) -> dict[str, Any]:
    """Train `repeats` seeds at once by one of METHODS."""
    ring, rater = Ring(), SectorRater()
    settings = Mirror(horizon=ring.moves, items=ring.cells, **METHODS[method])

    def distribution(policy: Array) -> Array:
        return ring.final_cells(policy.reshape(ring.moves, ring.cells, 3))

    keys = jax.random.split(seeds.jax("start"), repeats)
    begun = over_seeds(lambda key: start(settings, ring, rater, key), keys)
    own = jax.random.split(seeds.jax("learn"), repeats)
    chunk = max(iterations // 100, 1)
    end, curves = trained(step(settings, ring, rater, distribution), begun, own, iterations, chunk, keeper)
    average = np.asarray(end.average[:, 0], float) / iterations
    last = np.asarray(jax.vmap(lambda logits: distribution(jax.nn.softmax(logits)))(end.logits[:, 0]), float)
    cells = np.stack([curves.values[f"item {i}"] for i in range(ring.cells)], -1)  # (chunks, seeds, cells)
    met = iterations * settings.rollouts * settings.opponents
    return Walked(
        method=method,
        average=[exploited(ring, rater, p) for p in average],
        last=[exploited(ring, rater, p) for p in last],
        sectors=by_sector(average).tolist(),
        last_sectors=by_sector(last).tolist(),
        distance=[distance(p, WINNER) for p in by_sector(average)],
        comparisons=met,
        rollouts=iterations * settings.rollouts * settings.players,
        curve=by_sector(cells[:, 0]).tolist(),
    ).model_dump()


def by_sector(cells: np.ndarray) -> np.ndarray:
    """(..., 9) over cells to (..., 3) over sectors."""
    return cells.reshape(*cells.shape[:-1], 3, -1).sum(-1)
