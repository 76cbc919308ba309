"""What can be said exactly: errors along a rollout, and the edge of reach by its definition and by search."""

import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.theory import edge_of_reach as theory
from manyminds.worlds.grids.goal_grid import GoalGrid


class Exact(BaseModel, frozen=True):
    """`worst`: the largest difference between discount^t error and the error that backups leave. `edges`: random graphs
    on which the definition and breadth-first search agree, of `graphs`. `empty_from`: the least k at which nothing of
    the grid is at the edge."""

    worst: float
    rollouts: int
    edges: int
    graphs: int
    empty_from: int
    diameter: int


def exact(seeds: Seeds, repeats: int) -> dict:
    rng = seeds.numpy("exact")
    worst = max(propagation(rng) for _ in range(repeats))
    edges = sum(same_edge(rng) for _ in range(repeats))
    grid = GoalGrid()
    diameter = int(theory.distances(grid.after, grid.starts).max())
    empty = next(k for k in range(1, diameter + 2) if not theory.edge_of_reach(grid.after, grid.starts, k).any())
    return Exact(worst=worst, rollouts=repeats, edges=edges, graphs=repeats, empty_from=empty,
                 diameter=diameter).model_dump()  # fmt: skip


def propagation(rng: np.random.Generator) -> float:
    """One chain with random rewards, and one rollout on it whose last value is held off by an error."""
    steps, discount, error = int(rng.integers(1, 41)), float(rng.uniform(0.5, 0.999)), float(rng.uniform(0.1, 10))
    rewards, true = rng.normal(size=steps), np.zeros(steps + 1)
    true[steps] = rng.normal()
    for t in reversed(range(steps)):
        true[t] = rewards[t] + discount * true[t + 1]
    found = theory.backed_up(rewards, true, error, discount, sweeps=steps)
    return float(np.abs(found - theory.propagated(error, discount, steps)).max())


def same_edge(rng: np.random.Generator) -> bool:
    """A random graph, random starts, a random k: is the edge of reach what lies at distance exactly k?"""
    cells, actions, steps = int(rng.integers(2, 60)), int(rng.integers(1, 4)), int(rng.integers(1, 12))
    after = rng.integers(cells, size=(cells, actions))
    starts = rng.uniform(size=cells) < 0.1
    starts[rng.integers(cells)] = True
    by_definition = theory.edge_of_reach(after, starts, steps)
    return bool((by_definition == (theory.distances(after, starts) == steps)).all())
