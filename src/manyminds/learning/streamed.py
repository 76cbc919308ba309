"""A stream of any length through Follow-The-Leader: in chunks, with rows that are widened when they are full."""

from itertools import pairwise
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core import BadInput
from manyminds.learning import follow_the_leader as ftl
from manyminds.networks.sparse_encoding import FeatureMap


class Streamed(NamedTuple):
    """What a stream left. `said`: predictions before each observation was seen, (N, S); `outside`: numbers of inputs
    that lay outside the bounds; `kept`: the leaders at the ends that were asked for."""

    leader: ftl.Leader
    said: np.ndarray
    outside: int
    kept: tuple[ftl.Leader, ...]


@eqx.filter_jit
def advanced(
    features: FeatureMap, leader: ftl.Leader, inputs: Array, targets: Array, ridge: float
) -> tuple[ftl.Leader, Array, Array]:
    """A chunk: an input that is not finite goes the way of a target that is not."""
    active = jax.vmap(features)(jnp.nan_to_num(inputs))
    bad = ~jnp.isfinite(inputs).all(1)
    targets = jnp.where(bad[:, None], jnp.nan, targets)
    after, said = ftl.learnt(leader, active.index, active.value.astype(leader.cross.dtype), targets, ridge)
    return after, said, jnp.where(bad, 0, active.outside).sum()


def followed(
    features: FeatureMap,
    inputs: np.ndarray,
    targets: np.ndarray,
    ridge: float = 1e-3,
    width: int = 256,
    dtype: Any = jnp.float64,
    chunk: int = 500,
    ends: tuple[int, ...] = (),
    limit: float = ftl.LIMIT,
) -> Streamed:
    """Learn `inputs` (N, d) and `targets` (N, S) in order.

    A chunk in which a row ran full is taken again with rows twice as wide, so the sums stay exact; `ends` are places
    (observations done) at which the leader is kept. Raises `BadInput` when rows outgrow `limit` GiB.
    """
    inputs, targets = np.asarray(inputs), np.asarray(targets)
    if inputs.ndim != 2 or targets.ndim != 2 or len(inputs) != len(targets):
        raise BadInput(f"inputs and targets must be tables of one length, not {inputs.shape} and {targets.shape}")
    leader = ftl.begun(features.size, targets.shape[1], width, dtype, limit)
    borders = sorted({*range(0, len(inputs), chunk), *ends, len(inputs)})
    said, outside, kept = [], 0, {}
    for first, last in pairwise(borders):
        rows = jnp.asarray(inputs[first:last], dtype), jnp.asarray(targets[first:last], dtype)
        while True:
            after, some, out = advanced(features, leader, *rows, ridge)
            if int(after.lost) == 0:
                break
            wider = 2 * leader.columns.shape[2]
            ftl.begun(features.size, targets.shape[1], wider, dtype, limit)  # refuses what is too large
            leader = ftl.widened(leader, wider)
        leader, outside = after, outside + int(out)
        said.append(np.asarray(some))
        if last in ends:
            kept[last] = leader
    return Streamed(leader, np.concatenate(said), outside, tuple(kept[end] for end in ends))


def answers(features: FeatureMap, weights: Any, inputs: np.ndarray) -> np.ndarray:
    """W' phi of each input, (N, S), for weights (D, S)."""
    active = jax.vmap(features)(jnp.asarray(inputs))
    return np.einsum("nk,nks->ns", np.asarray(active.value), np.asarray(weights)[np.asarray(active.index)])
