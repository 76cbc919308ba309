"""Many answers of the house model at once, in lock-step: the prompts are read together, each of them once, then every
row grows by a token a step, its keys and values kept in a cache. Of a prompt that goes on where an earlier row ended
(the next turn of a play) only the rest is read.

How a token is chosen, masked and when an answer ends is decided as for every other model on this machine
(`models/decoding.py`), so an answer depends on its own stream of draws and not on who is decoded beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.models.decoding import Row, advance, masks
from manyminds.models.house.decoder import LOW, Decoder, angles, attended, block, contract, finished, projected

WIDTHS = (1, 8, 16, 32, 64, 128)  # rows of a batch: few, so that few programs are compiled
LENGTHS = (64, 96, 128, 192, 256, 384, 512)  # tokens of a prompt, and places in a cache
RESTS = (32, 128, 512)  # tokens of a prompt that are not yet in the cache


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


class Read(NamedTuple):
    """What was read in one row: its tokens, and their keys and values: for every layer (groups, places, head)."""

    tokens: tuple[int, ...]
    keys: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]


@partial(jax.jit, static_argnames="numbers", donate_argnames="cache")
def read_on(
    decoder: Decoder, cache: Cache, tokens: Array, starts: Array, lengths: Array, numbers: Any
) -> tuple[Array, Cache]:
    """Read the rest of prompts of which the first `starts` (rows,) tokens are in the cache: `tokens` (rows, places)
    after these, up to `lengths` (rows,) in all. Logits (rows, vocab) after the last of them, and the cache."""
    rows, places = jnp.arange(tokens.shape[0])[:, None], starts[:, None] + jnp.arange(tokens.shape[1])
    turn = angles(decoder.shape, places)
    seen = jnp.arange(cache.keys[0].shape[2]) <= places[..., None]
    x, keys, values = decoder.embedding[tokens], [], []
    for layer, old_keys, old_values in zip(decoder.layers, cache.keys, cache.values):
        q, k, v = projected(layer, decoder.shape, x, turn, numbers)
        keys.append(old_keys.at[rows, :, places].set(k))  # beyond the last place nothing is set
        values.append(old_values.at[rows, :, places].set(v))
        mixed = attended(q, keys[-1].transpose(0, 2, 1, 3), values[-1].transpose(0, 2, 1, 3), seen, numbers)
        x = finished(layer, decoder.shape, x, mixed, numbers)
    last = jnp.take_along_axis(x, (lengths - 1 - starts)[:, None, None], axis=1)[:, 0]
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


def beginnings(rows: Sequence[Row]) -> dict[tuple[int, ...], Read | None]:
    """Every prompt once, with what was read before by one of the rows that ask it."""
    found: dict[tuple[int, ...], Read | None] = {}
    for row in rows:
        prompt = tuple(row.prompt)
        found[prompt] = found.get(prompt) or row.before
    return found


def opened(
    decoder: Decoder, prompts: Mapping[tuple[int, ...], Read | None], numbers: Any
) -> tuple[Array, np.ndarray, Cache]:
    """All prompts read: logits (rows, vocab), lengths (rows,) and the cache."""
    shape = decoder.shape
    tokens, lengths = filled(list(prompts), shape.context)
    starts = np.zeros(len(lengths), np.int32)
    for i, (prompt, before) in enumerate(prompts.items()):
        starts[i] = min(shared(prompt, before.tokens), len(prompt) - 1) if before else 0
    if not starts.any():
        logits, cache = read(decoder, jnp.asarray(tokens), jnp.asarray(lengths), numbers)
        return logits, lengths, cache
    whole = (len(lengths), shape.groups, tokens.shape[1], shape.head)
    keys, values = ([np.zeros(whole, np.float32) for _ in decoder.layers] for _ in range(2))
    rest = np.zeros((len(lengths), fitting(RESTS, int((lengths - starts).max()), shape.context)), np.int32)
    for i, ((prompt, before), start) in enumerate(zip(prompts.items(), starts)):
        rest[i, : len(prompt) - start] = prompt[start:]
        if before:
            for layer, (old_keys, old_values) in enumerate(zip(before.keys, before.values)):
                keys[layer][i, :, :start], values[layer][i, :, :start] = old_keys[:, :start], old_values[:, :start]
    cache = Cache(tuple(map(jnp.asarray, keys)), tuple(map(jnp.asarray, values)))
    logits, cache = read_on(decoder, cache, *map(jnp.asarray, (rest, starts, lengths)), numbers)
    return logits, lengths, cache


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts have in common from the beginning on."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))


def keep(rows: Sequence[Row], cache: Cache, places: Sequence[int], lengths: np.ndarray) -> None:
    """Let rows hold what of them is in the cache at their `places`."""
    seen = [[np.asarray(array) for array in arrays] for arrays in cache]
    for row, at in zip(rows, places):
        length = int(lengths[at])
        keys, values = (tuple(array[at, :, :length].copy() for array in arrays) for arrays in seen)
        row.kept = Read(tuple((row.prompt + row.tokens)[:length]), keys, values)


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
    context, prompts = decoder.shape.context, beginnings(rows)
    logits, lengths, cache = opened(decoder, prompts, numbers)
    if len(prompts) < len(rows):
        number = {prompt: i for i, prompt in enumerate(prompts)}
        whose = np.array([number[tuple(row.prompt)] for row in rows] + [0] * (width - len(rows)))
        logits, lengths = logits[whose], lengths[whose]
        cache = kept(cache, jnp.asarray(whose), cache.keys[0].shape[2])
    while True:
        growing = [i for i, row in enumerate(going) if not row.finish]
        legal = masks([going[i] for i in growing])  # while the logits are computed
        found = np.array(logits)
        if silent is not None:
            found[:, silent] = LOW
        advance([going[i] for i in growing], found[growing], legal, ends, text_of)
        done = [i for i in growing if going[i].finish and going[i].keeps]
        if done:
            keep([going[i] for i in done], cache, done, lengths)
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
