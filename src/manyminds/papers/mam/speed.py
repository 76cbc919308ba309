"""How long a marginal takes in one call, and by the chain of conditionals, both compiled."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import any_order
from manyminds.networks.marginals import Dual, marginals
from manyminds.papers.mam.settings import SpeedSettings


class Speed(BaseModel, frozen=True):
    """Seconds for a whole batch, the fastest of the repeats."""

    size: int
    batch: int
    width: int
    marginal: float
    chain: float

    @property
    def ratio(self) -> float:
        return self.chain / self.marginal


def fastest(work: Callable[[], jax.Array], repeats: int) -> float:
    """Seconds of the fastest of `repeats` calls, after one that compiles."""
    work().block_until_ready()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work().block_until_ready()
        times.append(perf_counter() - start)
    return min(times)


def timed(how: SpeedSettings, seeds: Seeds) -> dict[str, Any]:
    """Dense networks of the given size on random complete assignments of bits."""
    model = Dual(how.size, 2, seeds.jax("weights"), how.width, how.depth)
    x = jax.random.randint(seeds.jax("x"), (how.batch, how.size), 1, 3, jnp.int32)
    ranks = any_order.forward(*x.shape)
    one = fastest(lambda: marginals(model, x), 3 * how.repeats)
    chain = fastest(lambda: any_order.chain_log_prob(model.logits, x, ranks), how.repeats)
    return Speed(size=how.size, batch=how.batch, width=how.width, marginal=one, chain=chain).model_dump()
