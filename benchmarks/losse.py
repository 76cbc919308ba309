"""What an online step costs: sparse against dense, as features grow, beside a refit and JAX's own sparse format."""

import argparse
from functools import partial
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import sparse

from manyminds.core import Seeds
from manyminds.learning import follow_the_leader as ftl
from manyminds.networks import sparse_encoding as maps
from manyminds.papers.losse.cost import WIDTH, dense_seconds, sparse_seconds, stream


def growth(steps: int, repeats: int) -> None:
    seeds, first = Seeds(0), None
    for bins in (10, 21, 43):
        early, late, size, stored = sparse_seconds(seeds, bins, steps, repeats)
        first = first or late
        print(f"sparse step, D = {size:6,}: {late * 1e6:7.1f} us late, {early * 1e6:7.1f} us early, ratio to the first "
              f"{late / first:.2f}; {stored:,} numbers of {size**2:,} stored, "
              f"{ftl.memory(size, WIDTH, 5):.3f} GiB in rows of {WIDTH}")  # fmt: skip
    dense = dense_seconds(1936, 15)
    print(f"dense Sherman-Morrison step (NumPy, float64), D =  1,936: {dense * 1e6:.0f} us; ratio {dense / first:.0f}")


def refit(steps: int) -> None:
    features = maps.sparse_encoding(maps.bounds([-1.0] * 2, [1.0] * 2), Seeds(0).jax("features"), 16, 2, 10)
    active, y = stream(Seeds(0), features, steps)
    leader, _ = jax.jit(partial(ftl.learnt, ridge=1e-2))(
        ftl.begun(features.size, 5, WIDTH), active.index, active.value, y
    )
    start = perf_counter()
    ftl.solved(leader, 1e-2)
    print(f"refit of everything once, after {steps} observations: {(perf_counter() - start) * 1e3:.1f} ms")


def bcoo(size: int = 1936, active: int = 64, steps: int = 20) -> None:
    """The rows A[s, :] W by a BCOO matrix of the same numbers: its format cannot pick rows without touching all."""
    rng = np.random.default_rng(0)
    pairs = [(i, j) for i in range(size) for j in rng.choice(size, 64, replace=False)]
    matrix = sparse.BCOO((jnp.ones(len(pairs)), jnp.asarray(pairs)), shape=(size, size))
    weights = jnp.asarray(rng.normal(size=(size, 5)), jnp.float32)
    index = jnp.asarray(rng.choice(size, active, replace=False))
    product = jax.jit(lambda m, w: (m @ w)[index])
    product(matrix, weights).block_until_ready()
    start = perf_counter()
    for _ in range(steps):
        product(matrix, weights).block_until_ready()
    print(f"A[s, :] W alone by BCOO, {len(pairs):,} numbers: {(perf_counter() - start) / steps * 1e6:.0f} us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    growth(options.steps, options.repeats)
    refit(5 * options.steps)
    bcoo()


if __name__ == "__main__":
    main()
