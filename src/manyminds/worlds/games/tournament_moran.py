"""The Moran process of strategies: who earns more is copied more often, and a random one makes room.

Fitness is the sum of mean match payoffs against everybody else. Matches are represented by their means, which is exact
where they are deterministic; with chance in them the process is the one in which every pair meets very often.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.worlds.games.tournament import Matches


class Evolved(NamedTuple):
    """Where processes ended: the counts of each strategy (processes, K) and the steps taken (processes,)."""

    counts: np.ndarray
    steps: np.ndarray

    @property
    def fixed(self) -> np.ndarray:
        """Did one strategy take over?"""
        return (self.counts > 0).sum(-1) == 1


def mean_payoffs(matches: Matches) -> np.ndarray:
    """The mean points a round of strategy i against j, over games and both roles, shape (N, N)."""
    each = matches.totals / matches.rounds
    return (each[0].mean(axis=(2, 3)) + each[1].mean(axis=(2, 3)).T) / 2


def fitness(counts: Array, payoffs: Array) -> Array:
    """The total against all others of one player of each strategy, shape (K,); whoever is extinct has a value too."""
    return payoffs @ counts - jnp.diagonal(payoffs)


@partial(jax.jit, static_argnames=("processes", "steps"))
def run(key: Array, payoffs: Array, start: Array, processes: int, steps: int, mutation: Array) -> tuple[Array, Array]:
    def one(key: Array) -> tuple[Array, Array]:
        def going(carry: tuple[Array, Array, Array]) -> Array:
            counts, step, _ = carry
            return (step < steps) & (((counts > 0).sum() > 1) | (mutation > 0))

        def generation(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            counts, step, key = carry
            key, born, dying, mutates, into = jax.random.split(key, 5)
            weight = counts * fitness(counts, payoffs)
            parent = jax.random.categorical(born, jnp.log(weight))
            shift = jax.random.randint(into, (), 1, max(len(start), 2))
            changed = (parent + shift) % len(start)
            child = jnp.where(jax.random.uniform(mutates) < mutation, changed, parent)
            dead = jax.random.categorical(dying, jnp.log(counts))
            return counts.at[child].add(1.0).at[dead].add(-1.0), step + 1, key

        counts, step, _ = lax.while_loop(going, generation, (start, jnp.int32(0), key))
        return counts, step

    return jax.vmap(one)(jax.random.split(key, processes))


def moran(
    key: Array,
    payoffs: np.ndarray,
    counts: np.ndarray,
    processes: int = 1000,
    steps: int = 100_000,
    mutation: float = 0.0,
) -> Evolved:
    """`processes` birth-death processes from the same population, until one strategy is left or `steps` are taken.

    `payoffs` (K, K): what a player of strategy i earns in a match with j; fitness must be positive wherever it counts.
    A child is of another strategy, any of them alike, with probability `mutation` (then nothing is ever fixed).
    """
    table, start = np.asarray(payoffs, np.float32), np.asarray(counts, np.float32)
    if (table < 0).any():
        raise ValueError("fitness is a sum of payoffs, so they must not be negative")
    if table.shape != (len(start),) * 2 or start.sum() < 2:
        raise ValueError("give a square table and the count of each strategy, two players at least")
    ends, taken = run(key, jnp.asarray(table), jnp.asarray(start), processes, steps, jnp.float32(mutation))
    return Evolved(np.asarray(ends).round().astype(int), np.asarray(taken))


def fixation(payoffs: np.ndarray, mutants: int, players: int) -> float:
    """The chance that strategy 0, held by `mutants` of `players`, takes over from strategy 1 (closed form).

    1 / rho_1 = 1 + sum_k prod_{j<=k} g_j / f_j with f and g the fitness of 0 and 1 where j hold 0 (Nowak 2006, chapter
    6); for m mutants the sum of the first m terms over the sum of all.
    """
    (aa, ab), (ba, bb) = np.asarray(payoffs, float)
    j = np.arange(1, players)
    f = aa * (j - 1) + ab * (players - j)
    g = ba * j + bb * (players - j - 1)
    terms = np.concatenate([[1.0], np.cumprod(g / f)])
    return float(terms[:mutants].sum() / terms.sum())
