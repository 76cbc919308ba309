"""Strings designed for a property: sampled around a fixed scaffold, beside the exact law that they should follow."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import any_order
from manyminds.learning.marginalization import begun, energy_step, one_of
from manyminds.learning.training import trained
from manyminds.networks.marginals import Dual, queried
from manyminds.papers.mam.lattices import asked
from manyminds.papers.mam.settings import DesignSettings
from manyminds.theory import exact_marginals
from manyminds.worlds.science.molecules import Grammar


class Design(BaseModel, frozen=True):
    """One target and one seed. Means are of the property, over samples and over the exact tilted law."""

    target: float
    seed: int
    mean: float  # without a scaffold
    exact_mean: float
    held_mean: float  # with the scaffold
    exact_held_mean: float
    respected: float  # share of samples that keep the scaffold
    kl: float  # of the forward law to the tilted one, nats
    scaffold_error: float  # |log p^(scaffold) - log p(scaffold)|
    examples: list[str]


def designed(how: DesignSettings, seeds: Seeds) -> list[dict[str, Any]]:
    """All targets and seeds at once, as seeds of one training with energies of their own."""
    grammar, targets = Grammar(), jnp.tile(jnp.asarray(how.targets, jnp.float32), how.seeds)
    optimiser = how.optimiser(how.steps)

    def make(key: jax.Array) -> Dual:
        return Dual(how.size, grammar.symbols, key, how.width, how.depth, how.size * float(np.log(grammar.symbols)))

    start = begun(make, optimiser, jax.random.split(seeds.jax("weights"), len(targets)), how.batch)
    step = energy_step(lambda target, x: grammar.energy(target, how.tau, x), targets, optimiser, "marginals",
                       how.alpha, how.erase, how.refresh, how.scrambled_share, how.cap)  # fmt: skip
    end, _ = trained(step, start, seeds.jax("training"), how.steps, max(how.steps // 10, 1))
    everything = exact_marginals.every(how.size, grammar.symbols)
    worth = np.asarray(grammar.properties(jnp.asarray(everything)))
    return [
        measured(one_of(end.fit.model, i), grammar, how, i, everything, worth, seeds.child("measured", i))
        for i in range(len(targets))
    ]


def measured(
    model: Dual,
    grammar: Grammar,
    how: DesignSettings,
    index: int,
    everything: np.ndarray,
    worth: np.ndarray,
    seeds: Seeds,
) -> dict[str, Any]:
    seed, which = divmod(index, len(how.targets))
    target, scaffold = how.targets[which], np.asarray(how.scaffold, np.int32)
    table = exact_marginals.tabled(-((worth - target) ** 2) / how.tau, how.size, grammar.symbols)
    law = np.exp(table.ravel())
    held = law * ((scaffold == 0) | (everything == scaffold)).all(1)
    given = jnp.asarray(np.repeat(scaffold[None], how.samples, axis=0))
    free = any_order.completed(model.logits, seeds.jax("free"), jnp.zeros_like(given))
    kept = np.asarray(any_order.completed(model.logits, seeds.jax("held"), given))
    forward = exact_marginals.chain_table(
        lambda x: np.asarray(asked(model, jnp.asarray(x))), np.arange(how.size), how.size, grammar.symbols
    )
    exact = exact_marginals.log_marginals(table, scaffold[None])
    return Design(
        target=target,
        seed=seed,
        mean=grammar.properties(free).mean(),
        exact_mean=law @ worth,
        held_mean=grammar.properties(jnp.asarray(kept)).mean(),
        exact_held_mean=held @ worth / held.sum(),
        respected=((scaffold == 0) | (kept == scaffold)).all(1).mean(),
        kl=exact_marginals.divergence(forward, table),
        scaffold_error=abs(queried(model, scaffold) - exact[0]),
        examples=[grammar.read(row) for row in kept[:3]],
    ).model_dump()
