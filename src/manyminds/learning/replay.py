"""A ring of transitions on arrays: what was seen, kept in one place, drawn from uniformly."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Box, Space


class Rows(NamedTuple):
    """Transitions, row by row; `ended` is True only where nothing comes after (never where the clock stopped)."""

    observation: Array
    action: Array
    reward: Array
    after: Array
    ended: Array


class Replay(NamedTuple):
    """A ring of `rows`; `next` is where the next row goes, `filled` how many hold something."""

    rows: Rows
    next: Array
    filled: Array


def empty(capacity: int, observation_size: int, actions: Space) -> Replay:
    seen = jnp.zeros((capacity, observation_size), jnp.float32)
    acts = (
        jnp.zeros((capacity, actions.size), jnp.float32) if isinstance(actions, Box) else jnp.zeros(capacity, jnp.int32)
    )
    rows = Rows(seen, acts, jnp.zeros(capacity, jnp.float32), seen, jnp.zeros(capacity, bool))
    return Replay(rows, jnp.int32(0), jnp.int32(0))


def added(replay: Replay, rows: Rows, valid: Array | None = None) -> Replay:
    """The ring with `rows` (leading axis: how many) added; rows that are not `valid` are left out.

    More rows than the ring holds would overwrite each other in one call, so that is refused.
    """
    capacity, count = replay.rows.reward.shape[0], rows.reward.shape[0]
    if count > capacity:
        raise ValueError(f"{count} rows do not fit into a replay of {capacity}")
    valid = jnp.ones(count, bool) if valid is None else valid
    place = replay.next + jnp.cumsum(valid) - 1
    where = jnp.where(valid, place % capacity, capacity)  # out of range: dropped
    kept = jax.tree.map(lambda old, new: old.at[where].set(new.astype(old.dtype), mode="drop"), replay.rows, rows)
    total = valid.sum(dtype=jnp.int32)
    return Replay(kept, (replay.next + total) % capacity, jnp.minimum(replay.filled + total, capacity))


def drawn(replay: Replay, key: Array, count: int) -> Rows:
    """`count` rows, uniformly and with replacement, of those that are filled (the ring must not be empty)."""
    which = jax.random.randint(key, (count,), 0, jnp.maximum(replay.filled, 1))
    return jax.tree.map(lambda x: x[which], replay.rows)
