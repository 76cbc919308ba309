"""Cultural evolution on arrays: `culture.evolve` for strategies that are arrays, thousands of populations at once.

Every leaf of a strategy is an array (n, B): members, then populations, one a column. Selection, ties by lot and the
order of survivors before newborns are those of `culture`. Every column has a key of its own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.learning.culture import Selection


class Trial(NamedTuple):
    """What a generation's life showed of its members, (n, B) each; `seen` is anything else."""

    score: Array
    trait: Array
    reputation: Array
    seen: Any = ()


class Lived(NamedTuple):
    """A generation on the record; under `evolve` every leaf has a leading axis of generations."""

    strategy: Any
    tested: Trial
    survives: Array  # (n, B) bool: is it among the best half? In the last generation: would it be?
    newborn: Array  # (n, B) bool; all in the first generation


Live = Callable[[Array, Any], Trial]  # of keys (B,) and a strategy
Breed = Callable[[Array, Any], Any]
SELECTIONS: tuple[Selection, ...] = ("truncation", "random", "reputation")


def survives(keys: Array, tested: Trial, keep: int, selection: Array) -> Array:
    """Which `keep` members the selection of that number (B,) keeps (n, B); ties by lot, no value last.

    Ranks are counted over all pairs, which compiles and runs faster than a sort for populations of this kind.
    """
    n = tested.score.shape[0]
    luck = jax.vmap(lambda key: jax.random.uniform(key, n), out_axes=-1)(keys)
    value = jnp.where(selection == 0, tested.score, jnp.where(selection == 1, 0 * luck, tested.reputation))
    value = jnp.where(jnp.isfinite(value), value, -jnp.inf)
    mine, theirs = (value[:, None], luck[:, None]), (value[None], luck[None])
    ahead = (theirs[0] > mine[0]) | ((theirs[0] == mine[0]) & (theirs[1] > mine[1]))
    return ahead.sum(1) < keep


def evolve(keys: Array, strategy: Any, live: Live, breed: Breed, generations: int, selection: Array) -> Lived:
    """Generations from the founders `strategy` on; newborns are `breed(keys, copies of survivors drawn by lot)`.

    `selection` (B,) holds numbers in `SELECTIONS`.
    """
    n = jax.tree.leaves(strategy)[0].shape[0]
    half = n // 2
    everybody = jnp.arange(n, dtype=jnp.int32)[:, None]

    def one(carry: tuple[Any, Array], number: Array) -> tuple[tuple[Any, Array], Lived]:
        strategy, newborn = carry
        now = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys, number)
        to_live, to_select, to_choose, to_breed = jax.vmap(lambda key: jax.random.split(key, 4), out_axes=1)(now)
        tested = live(to_live, strategy)
        kept = survives(to_select, tested, half, selection)
        first = jnp.argsort(~kept, axis=0, stable=True)[:half]  # the survivors, in their order
        best = taken(strategy, first)
        parents = jax.vmap(lambda key: jax.random.randint(key, half, 0, half), out_axes=-1)(to_choose)
        children = breed(to_breed, taken(best, parents))
        following = jax.tree.map(lambda old, new: jnp.concatenate([old, new]), best, children)
        young = jnp.broadcast_to(everybody >= half, kept.shape)
        return (following, young), Lived(strategy, tested, kept, newborn)

    start = (strategy, jnp.ones((n, keys.shape[0]), bool))
    return lax.scan(one, start, jnp.arange(generations, dtype=jnp.int32))[1]


def taken(strategy: Any, rows: Array) -> Any:
    """The members at `rows` (k, B) of every population."""
    return jax.tree.map(lambda leaf: jnp.take_along_axis(leaf, rows, axis=0), strategy)


def mean_where(value: Array, chosen: Array) -> Array:
    """The mean over members (the last axis but one) of what is chosen and has a value; nan without any."""
    chosen = chosen & jnp.isfinite(value)
    count = chosen.sum(-2)
    total = jnp.where(chosen, value, jnp.zeros_like(value)).sum(-2)
    return jnp.where(count > 0, total / jnp.maximum(count, 1).astype(value.dtype), jnp.nan)


def selection_differential(lived: Lived) -> Array:
    """As `culture.selection_differential`, (..., B); the last generation has one too."""
    trait = lived.tested.trait
    gap = mean_where(trait, lived.survives) - mean_where(trait, ~lived.survives)
    return gap / mean_where(trait, jnp.ones_like(lived.survives))


def mutation_bias(lived: Lived) -> Array:
    """As `culture.mutation_bias`, (..., B); nan in the first generation."""
    trait = lived.tested.trait
    return mean_where(trait, lived.newborn) - mean_where(trait, ~lived.newborn)
