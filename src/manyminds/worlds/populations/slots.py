"""Individuals that are born and die in arrays of fixed size: who wins a place, who is drawn, where the newborn go."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.worlds.populations.draws import mixed, numbered


def words(key: Array, count: int) -> Array:
    """One random 32-bit word for each of `count` individuals, no two alike (a keyed bijection of their numbers)."""
    first, second = jax.random.key_data(key).astype(jnp.uint32)[:2]
    return lax.optimization_barrier(mixed(mixed(numbered(count) + first) ^ second))


def winners(words: Array, place: Array, contends: Array, places: int) -> Array:
    """A random contender of each place, as a mask: the one with the largest word."""
    best = jnp.zeros(places, jnp.uint32).at[place].max(jnp.where(contends, words, 0))
    return contends & (words == best[place])


def chosen(words: Array, among: Array, number: Array) -> Array:
    """`number` of those in the mask `among`, every subset alike; all of them when there are fewer.

    The words are distinct, so a threshold has exactly `number` below it; it is found bit by bit, without sorting.
    """

    def bit(i: Array, threshold: Array) -> Array:
        higher = threshold | (jnp.uint32(1) << (31 - i).astype(jnp.uint32))
        return jnp.where((among & (words < higher)).sum() <= number, higher, threshold)

    threshold = lax.fori_loop(0, 32, bit, jnp.uint32(0))
    return among & ((words < threshold) | (number >= among.sum()))


class Births(NamedTuple):
    """Which slots are taken by the newborn, the parent of each (any index elsewhere), and how many found no slot."""

    child: Array
    parent: Array
    lost: Array


def births(alive: Array, bears: Array) -> Births:
    """One child for each individual in the mask `bears`, in the first free slots."""
    # The barriers keep XLA from computing all that came before once more in every loop that uses it: compiling would
    # take minutes.
    alive, bears = lax.optimization_barrier((alive, bears))
    size, number = len(alive), bears.sum()
    parents = jnp.zeros(size, jnp.int32).at[jnp.where(bears, jnp.cumsum(bears) - 1, size)].set(
        jnp.arange(size, dtype=jnp.int32), mode="drop")  # fmt: skip
    rank = jnp.cumsum(~alive) - 1
    child = ~alive & (rank < number)
    parent = parents[jnp.clip(rank, 0, size - 1)]
    return Births(*lax.optimization_barrier((child, parent)), jnp.maximum(number - (~alive).sum(), 0))
