"""Many answers of the house model at once, in lock-step: the prompts are read together, each of them once, then every
row grows by a token a step, its keys and values kept in a cache.

How a token is chosen, masked and when an answer ends is decided as for every other model on this machine
(`models/decoding.py`), so an answer depends on its own stream of draws and not on who is decoded beside it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.models.decoding import Row, advance, masks
from manyminds.models.house.decoder import LOW, Decoder, angles, block, contract, finished, projected

WIDTHS = (1, 8, 16, 32, 64, 128)  # rows of a batch: few, so that few programs are compiled
LENGTHS = (64, 96, 128, 192, 256, 384, 512)  # tokens of a prompt, and places in a cache


class Cache(NamedTuple):
    """Keys and values of all that was read: for every layer (rows, groups, places, head)."""

    keys: tuple[Array, ...]
    values: tuple[Array, ...]


@partial(jax.jit, static_argnames="numbers")
def read(decoder: Decoder, tokens: Array, lengths: Array, numbers: Any) -> tuple[Array, Cache]:
    """Read prompts: tokens (rows, places), filled up on the right, of which `lengths` (rows,) count. Logits
    (rows, vocab) after the last of them, and the cache."""
    places = tokens.shape[1]
    seen = jnp.tril(jnp.ones((places, places), bool))[None]
    turn = angles(decoder.shape, jnp.arange(places)[None])
    x, keys, values = decoder.embedding[tokens], [], []
    for layer in decoder.layers:
        x, k, v = block(layer, decoder.shape, x, turn, seen, numbers)
        keys.append(k.transpose(0, 2, 1, 3))
        values.append(v.transpose(0, 2, 1, 3))
    last = jnp.take_along_axis(x, lengths[:, None, None] - 1, axis=1)[:, 0]
    return decoder.logits(last, numbers), Cache(tuple(keys), tuple(values))


@partial(jax.jit, static_argnames="numbers", donate_argnames="cache")
def grow(decoder: Decoder, cache: Cache, tokens: Array, places: Array, numbers: Any) -> tuple[Array, Cache]:
    """One token a row, which comes to stand at `places` (rows,): logits (rows, vocab) after it, and the cache."""
    shape, rows = decoder.shape, jnp.arange(tokens.shape[0])
    turn = angles(shape, places[:, None])
    seen = jnp.arange(cache.keys[0].shape[2])[None] <= places[:, None]
    x, keys, values = decoder.embedding[tokens][:, None], [], []
    for layer, old_keys, old_values in zip(decoder.layers, cache.keys, cache.values):
        q, k, v = projected(layer, shape, x, turn, numbers)
        all_keys = old_keys.at[rows, :, places].set(k[:, 0])
        all_values = old_values.at[rows, :, places].set(v[:, 0])
        scores = contract("bgrd,bgsd->bgrs", numbers, q[:, 0] * shape.head**-0.5, all_keys)
        weights = jax.nn.softmax(jnp.where(seen[:, None, None], scores, LOW), axis=-1)
        mixed = contract("bgrs,bgsd->bgrd", numbers, weights, all_values)
        x = finished(layer, shape, x, mixed[:, None], numbers)
        keys.append(all_keys)
        values.append(all_values)
    return decoder.logits(x[:, 0], numbers), Cache(tuple(keys), tuple(values))


@partial(jax.jit, static_argnames="places")
def kept(cache: Cache, rows: Array, places: int) -> Cache:
    """The cache of some rows, with room for `places` tokens."""

    def one(old: Array) -> Array:
        return jnp.pad(old[rows], ((0, 0), (0, 0), (0, max(0, places - old.shape[2])), (0, 0)))

    return Cache(tuple(map(one, cache.keys)), tuple(map(one, cache.values)))


def fitting(sizes: Sequence[int], wanted: int, most: int = 2**31) -> int:
    """The smallest of `sizes` that is enough, at most `most`; the next multiple of the largest beyond them."""
    found = next((size for size in sizes if size >= wanted), -(-wanted // sizes[-1]) * sizes[-1])
    return min(found, most)


def filled(prompts: Sequence[Sequence[int]], context: int) -> tuple[np.ndarray, np.ndarray]:
    """Prompts as rows of one array, filled up on the right and by further rows, and their lengths."""
    longest = fitting(LENGTHS, max(map(len, prompts)), context)
    tokens = np.zeros((fitting(WIDTHS, len(prompts)), longest), np.int32)
    lengths = np.ones(len(tokens), np.int32)
    for i, prompt in enumerate(prompts):
        tokens[i, : len(prompt)], lengths[i] = prompt, len(prompt)
    return tokens, lengths


def decode(
    decoder: Decoder,
    rows: Sequence[Row],
    ends: Sequence[int],
    text_of: Callable[[list[int]], str],
    silent: np.ndarray | None = None,
    numbers: Any = jnp.float32,
) -> None:
    """Let all rows grow until each is finished. `silent` (tokens,): tokens that no answer contains."""
    for row in rows:
        row.begin()
    going, width = list(rows), fitting(WIDTHS, len(rows))  # the arrays have `width` rows, of which the first ones count
    context = decoder.shape.context
    prompts = list(dict.fromkeys(tuple(row.prompt) for row in rows))
    tokens, lengths = filled(prompts, context)
    logits, cache = read(decoder, jnp.asarray(tokens), jnp.asarray(lengths), numbers)
    if len(prompts) < len(rows):
        number = {prompt: i for i, prompt in enumerate(prompts)}
        shared = np.array([number[tuple(row.prompt)] for row in rows] + [0] * (width - len(rows)))
        logits, lengths, cache = logits[shared], lengths[shared], kept(cache, jnp.asarray(shared), tokens.shape[1])
    while True:
        growing = [i for i, row in enumerate(going) if not row.finish]
        legal = masks([going[i] for i in growing])  # while the logits are computed
        found = np.array(logits)
        if silent is not None:
            found[:, silent] = LOW
        advance([going[i] for i in growing], found[growing], legal, ends, text_of)
        left = [i for i in growing if not going[i].finish]
        if not left:
            return
        needed, places = fitting(WIDTHS, len(left)), fitting(LENGTHS, int(lengths[left].max()) + 1, context)
        if needed < width or places > cache.keys[0].shape[2]:  # those that have ended leave; or more room is needed
            chosen, width = np.array([*left, *[left[0]] * (needed - len(left))]), needed
            going = [going[i] for i in left]
            lengths, cache = lengths[chosen], kept(cache, jnp.asarray(chosen), places)
        newest = np.zeros(width, np.int32)
        newest[: len(going)] = [row.tokens[-1] if row.tokens else 0 for row in going]
        logits, cache = grow(decoder, cache, jnp.asarray(newest), jnp.asarray(lengths), numbers)
        lengths = np.minimum(lengths + 1, context - 1).astype(np.int32)
