"""Populations of genomes over generations: every seed and every population in one compiled call."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.agents.donors import STOCKS
from manyminds.learning import culture_arrays as culture
from manyminds.learning.culture import Selection
from manyminds.worlds.games import gift_arrays as gift


@dataclass(frozen=True)
class Population:
    """A kind of giver, how generous its errors of copying are, and what selects it."""

    stock: str
    bias: float = 0.0
    selection: Selection = "truncation"


# The paper asks whether its models cooperate because selection favours it or because newborns are generous.
POPULATIONS = {
    "unconditional": Population("unconditional"),
    "unconditional, survival by lot": Population("unconditional", selection="random"),
    "unconditional, generous copies": Population("unconditional", 0.12),
    "reciprocal": Population("reciprocal"),
    "reciprocal, generous copies": Population("reciprocal", 0.08),
    "threshold, generous copies": Population("threshold", 0.08),
    "far-sighted": Population("far-sighted"),
    "punishing": Population("punishing"),
    "unconditional, survival by reputation": Population("unconditional", selection="reputation"),
}


class Curves(NamedTuple):
    """What is kept of every generation; axes (population, seed, generation)."""

    donation: Array  # mean over members of the fraction given
    resources: Array  # mean final resources
    gini: Array
    differential: Array  # selection differential; of the last generation too, though nobody follows it
    bias: Array  # mutation bias, nan in the first
    punished: Array  # share of encounters


def gini(values: Array) -> Array:
    """The Gini coefficient over members (axis 0); 0 where nobody has anything."""
    total = values.sum(0)
    spread = jnp.abs(values[:, None] - values[None]).sum((0, 1))
    return jnp.where(total > 0, spread / (2 * values.shape[0] * jnp.maximum(total, 1e-30)), jnp.zeros_like(total))


@partial(jax.jit, static_argnames=("rules", "members", "generations"))
def evolved(
    keys: Array, breeds: gift.Breed, selections: Array, rules: gift.Rules, members: int, generations: int
) -> Curves:
    """One population a key, (generations, B) each; `breeds` (genes, B) and `selections` (B,) say of which kind."""
    to_found, to_run = gift.branches(keys, 2)

    def live(keys: Array, genomes: Any) -> culture.Trial:
        seen = gift.play(keys, genomes, rules)
        rest = (seen.finals.mean((0, 1)), gini(seen.score), seen.punishment_rate)
        return culture.Trial(seen.score, seen.given, seen.reputation, rest)

    def breed(keys: Array, parents: Any) -> Any:
        return gift.mutated(keys, breeds, parents)

    start = gift.founders(to_found, breeds, members)
    lived = culture.evolve(to_run, start, live, breed, generations, selections)
    resources, inequality, punished = lived.tested.seen
    donation = culture.mean_where(lived.tested.trait, jnp.ones_like(lived.survives))
    return Curves(donation, resources, inequality, culture.selection_differential(lived),
                  culture.mutation_bias(lived), punished)  # fmt: skip


def curves(
    populations: list[Population], key: Array, seeds: int, rules: gift.Rules, members: int, generations: int,
    noise: float,
) -> dict[str, np.ndarray]:  # fmt: skip
    """The curves of all populations, by name of the measure; seed i has the same draws in all of them."""
    kinds = len(populations)
    stocks = [gift.breed(STOCKS[one.stock], noise, one.bias) for one in populations]
    breeds = jax.tree.map(lambda *columns: jnp.repeat(jnp.concatenate(columns, axis=1), seeds, axis=1), *stocks)
    chosen = [culture.SELECTIONS.index(one.selection) for one in populations]
    selections = jnp.repeat(jnp.array(chosen, jnp.int32), seeds)
    keys = jnp.tile(jax.random.split(key, seeds), kinds)
    found = evolved(keys, breeds, selections, rules, members, generations)
    return {name: np.asarray(value).T.reshape(kinds, seeds, generations) for name, value in found._asdict().items()}
