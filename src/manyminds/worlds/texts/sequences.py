"""Sequence tasks with exactly known answers, made on arrays: what a memory must hold, and where it is asked for it.

Each task gives (tokens, targets, asked): int32 (L,), int32 (L,), float32 (L,) with 1 where the answer counts. The token
0 is a blank that means nothing; 1 is the marker that asks.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

BLANK, ASK, FIRST = 0, 1, 2  # from FIRST on: symbols


class Item(NamedTuple):
    tokens: Array
    targets: Array
    asked: Array


def induction(key: Array, length: int, symbols: int) -> Item:
    """A random sequence in which the marker stands once, early, before some symbol, and once at the end: what follows
    now? (Olsson et al., arXiv 2209.11895; the form of arXiv 2312.00752, section 4.1.)"""
    to_fill, to_place = jax.random.split(key)
    tokens = jax.random.randint(to_fill, (length,), FIRST, FIRST + symbols)
    place = jax.random.randint(to_place, (), 0, length - 2)
    tokens = tokens.at[place].set(ASK).at[length - 1].set(ASK)
    return last(tokens, tokens[place + 1])


def recall(key: Array, length: int, symbols: int) -> Item:
    """Pairs of key and value, then one of the keys again: which value went with it? Keys are distinct; `length` is odd.

    Associative recall (Ba et al., arXiv 1610.06258); keys and values are different symbols.
    """
    pairs, half = (length - 1) // 2, symbols // 2
    if pairs > half or length % 2 == 0:
        raise ValueError(
            f"{pairs} pairs need as many keys, an odd length and two kinds of symbols, not {symbols} symbols"
        )
    to_keys, to_values, to_ask = jax.random.split(key, 3)
    keys = FIRST + jax.random.permutation(to_keys, half)[:pairs]
    values = FIRST + half + jax.random.randint(to_values, (pairs,), 0, half)
    which = jax.random.randint(to_ask, (), 0, pairs)
    tokens = jnp.concatenate([jnp.stack([keys, values], 1).ravel(), keys[which][None]])
    return last(tokens, values[which])


def first_key(key: Array, length: int, symbols: int) -> Item:
    """One symbol at the start, noise after it, and the marker at the end: what stood first?"""
    tokens = jax.random.randint(key, (length,), FIRST, FIRST + symbols).at[length - 1].set(ASK)
    return last(tokens, tokens[0])


def selective_copy(key: Array, length: int, symbols: int, count: int = 4) -> Item:
    """`count` symbols at random places among blanks, then as many markers: give the symbols back in order."""
    to_fill, to_place = jax.random.split(key)
    body = length - count
    places = jnp.sort(jax.random.permutation(to_place, body)[:count])
    said = jax.random.randint(to_fill, (count,), FIRST, FIRST + symbols)
    tokens = jnp.zeros(length, jnp.int32).at[places].set(said).at[body:].set(ASK)
    targets = jnp.zeros(length, jnp.int32).at[body:].set(said)
    return Item(tokens, targets, (jnp.arange(length) >= body).astype(jnp.float32))


def last(tokens: Array, answer: Array) -> Item:
    """Only the last position is asked."""
    place = len(tokens) - 1
    return Item(
        tokens, jnp.zeros_like(tokens).at[place].set(answer), jnp.zeros(len(tokens), jnp.float32).at[place].set(1)
    )


TASKS: dict[str, Callable[[Array, int, int], Item]] = {
    "induction": induction,
    "recall": recall,
    "first-key": first_key,
    "selective-copy": selective_copy,
}


def batch(task: str, key: Array, count: int, length: int, symbols: int) -> Item:
    """`count` independent items of a task."""
    return jax.vmap(lambda own: TASKS[task](own, length, symbols))(jax.random.split(key, count))
