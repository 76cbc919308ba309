"""What a step costs: the sparse step, the same at sixteen times the features, and a dense Sherman-Morrison step."""

from functools import partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from manyminds.core import Seeds
from manyminds.learning import follow_the_leader as ftl
from manyminds.networks import sparse_encoding as maps
from manyminds.papers.losse.rows import Cost

WIDTH = 1024


def stream(seeds: Seeds, features: maps.SparseEncoding, steps: int) -> tuple[Any, jax.Array]:
    """A walk around a circle in the plane with five outputs: active features and targets."""
    rng = seeds.numpy("walk")
    angle = np.cumsum(rng.normal(0, 0.05, steps))
    x = 0.5 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.normal(size=(steps, 2))
    y = np.stack([np.sin(3 * x[:, 0]), x[:, 1] ** 2, x[:, 0] * x[:, 1], x[:, 0], x[:, 1]], 1)
    return jax.jit(jax.vmap(features))(jnp.asarray(x, jnp.float32)), jnp.asarray(y, jnp.float32)


def sparse_seconds(seeds: Seeds, bins: int, steps: int, repeats: int) -> tuple[float, float, int, int]:
    """Seconds a step early and late in a stream (least of `repeats`), features, and numbers stored."""
    within = maps.bounds([-1.0] * 2, [1.0] * 2)
    features = maps.sparse_encoding(within, seeds.jax("features"), groups=16, dims=2, bins=bins)
    active, y = stream(seeds, features, 8 * steps)
    learn = jax.jit(partial(ftl.learnt, ridge=1e-2), donate_argnums=0)  # the sums are changed in place

    def part(i: int) -> tuple[jax.Array, ...]:
        rows = slice(i * steps, (i + 1) * steps)
        return active.index[rows], active.value[rows], y[rows]

    leader, _ = learn(ftl.begun(features.size, 5, WIDTH), *part(0))  # compiles
    early, late = [], []
    for _ in range(repeats):
        leader = jax.block_until_ready(ftl.begun(features.size, 5, WIDTH))
        for i in range(8):
            begin = perf_counter()
            leader, said = learn(leader, *part(i))
            jax.block_until_ready((leader, said))
            if i in (1, 7):
                (early if i == 1 else late).append((perf_counter() - begin) / steps)
    if int(leader.lost):
        raise RuntimeError(f"{int(leader.lost)} numbers found no place in rows of {WIDTH}")
    return min(early), min(late), features.size, ftl.stored(leader)


def dense_seconds(size: int, steps: int) -> float:
    """Seconds of a Sherman-Morrison step on all features in NumPy, float64."""
    rng = np.random.default_rng(0)
    inverse, weights, spent = np.eye(size) * 1e3, np.zeros((size, 5)), []
    for _ in range(steps):
        x, y = np.zeros(size), rng.normal(size=5)
        x[rng.choice(size, 64, replace=False)] = 0.25
        begin = perf_counter()
        pulled = inverse @ x
        gain = pulled / (1 + x @ pulled)
        weights += np.outer(gain, y - x @ weights)
        inverse -= np.outer(gain, pulled)
        spent.append(perf_counter() - begin)
    return float(np.median(spent))


def cost(seeds: Seeds, steps: int = 100, repeats: int = 3, dense_steps: int = 15) -> dict[str, Any]:
    """Ten bins give 1936 features with 64 at work, 43 bins sixteen times as many with as many at work."""
    early, late, size, stored = sparse_seconds(seeds, 10, steps, repeats)
    _, larger, larger_size, larger_stored = sparse_seconds(seeds, 43, steps, repeats)
    return Cost(
        sparse=late, larger=larger, dense=dense_seconds(size, dense_steps), early=early, late=late, size=size,
        larger_size=larger_size, stored=stored, larger_stored=larger_stored,
    ).model_dump()  # fmt: skip
