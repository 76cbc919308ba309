"""Ising models learnt from their energy, by each objective, and measured against what is exactly known."""

from time import perf_counter
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import any_order
from manyminds.learning.marginalization import Objective, begun, energy_step, one_of
from manyminds.learning.training import Keeper, trained
from manyminds.networks.marginals import Dual, log_marginal, queried
from manyminds.papers.mam.settings import IsingSettings
from manyminds.theory import exact_marginals, ising
from manyminds.worlds.science.ising import Lattice

ENUMERABLE = 65_536


class Truth(BaseModel, frozen=True):
    """By the transfer matrix."""

    log_z: float
    magnetisation: float
    correlation: float  # of neighbours


class Enumerated(BaseModel, frozen=True):
    """One seed against all configurations. None for objectives that train no marginal head."""

    kl: float  # of the law along an order to the truth, nats, mean over the forward and three random orders
    order_gap: float  # mean |log p along a random order - log p along the forward one|, x from the truth
    error: float | None = None  # mean |log p^(x_S) - log p(x_S)|, S of every size
    correlation: float | None = None  # Pearson, of the same
    mass: float | None = None  # sum over x of exp(log p^(x)); 1 when normalised
    sums: list[float] | None = None  # mean |log sum_v p^(x_S, v) - log p^(x_S)| by the size of S


class Sampled(BaseModel, frozen=True):
    """One seed by its samples. Errors are standard errors."""

    gap: float  # E_q[log q - f] = KL - log Z
    gap_error: float
    magnetisation: float
    magnetisation_error: float
    correlation: float
    correlation_error: float
    bits: float  # of true samples by the chain rule, a dimension
    head_error: float | None = None  # mean |marginal head - chain rule| on its own samples
    head_spearman: float | None = None


class Learnt(BaseModel, frozen=True):
    """One objective: an entry a seed."""

    objective: Objective
    length: int
    steps: int
    seconds: float  # a step and seed, compiling left out
    truth: Truth
    sampled: list[Sampled]
    enumerated: list[Enumerated]  # empty where there is too much to enumerate
    curve: list[list[float]]  # of log p - f as training sees it


def learnt(objective: Objective, how: IsingSettings, seeds: Seeds, keeper: Keeper | None = None) -> dict[str, Any]:
    """Train all seeds of one objective at once, then measure each. All objectives begin with the same networks."""
    lattice = Lattice(how.length, how.sigma, how.b)
    optimiser = how.optimiser(how.steps)

    def make(key: jax.Array) -> Dual:
        return Dual(lattice.size, 2, key, how.width, how.depth, lattice.size * float(np.log(2)), how.pairwise)

    start = begun(make, optimiser, jax.random.split(seeds.jax("weights"), how.seeds), how.batch)
    step = energy_step(lambda _, x: lattice.energy(x), jnp.zeros(how.seeds), optimiser, objective, how.alpha,
                       how.erase, how.refresh)  # fmt: skip
    times: list[float] = []
    chunk = max(how.steps // 10, 1)
    end, curves = trained(step, start, seeds.jax("training", objective), how.steps, chunk, keeper,
                          done=lambda: times.append(perf_counter()))  # fmt: skip
    models = [one_of(end.fit.model, i) for i in range(how.seeds)]
    heads = objective in ("marginals", "squared")
    rows = [sampled(model, lattice, how, seeds.child("measured", i), heads) for i, model in enumerate(models)]
    exact = []
    if 2**lattice.size <= ENUMERABLE:
        exact = [enumerated(model, lattice, how, seeds.child("exact", i), heads) for i, model in enumerate(models)]
    return Learnt(
        objective=objective, length=how.length, steps=how.steps,
        seconds=float(np.median(np.diff(times)) / chunk / how.seeds) if len(times) > 1 else float("nan"),
        truth=truth(how), sampled=rows, enumerated=exact, curve=curves.values["gap"].T.tolist(),
    ).model_dump()  # fmt: skip


def truth(how: IsingSettings) -> Truth:
    settings = (how.length, how.length, how.sigma, how.b)
    return Truth(log_z=ising.log_partition(*settings), magnetisation=ising.magnetisation(*settings),
                 correlation=ising.neighbour_correlation(*settings))  # fmt: skip


def sampled(model: Dual, lattice: Lattice, how: IsingSettings, seeds: Seeds, heads: bool) -> Sampled:
    """What samples of the model say, and how likely it finds samples of the truth."""
    x, log_q = any_order.sampled(model.logits, seeds.jax("samples"), how.samples, lattice.size)
    true = lattice.gibbs(seeds.jax("gibbs"), how.samples, 200)
    likely = any_order.over_orders(model.logits, seeds.jax("orders"), true, 2)
    bits = -float(likely.mean()) / np.log(2) / lattice.size
    said: dict[str, float] = {"bits": bits}
    measures = {"gap": log_q - lattice.energy(x), "magnetisation": lattice.magnetisation(x),
                "correlation": lattice.correlation(x)}  # fmt: skip
    for name, values in measures.items():
        said |= {name: float(values.mean()), f"{name}_error": float(values.std() / len(x) ** 0.5)}
    if heads:
        chain = np.asarray(any_order.over_orders(model.logits, seeds.jax("own orders"), x, 2))
        head = queried(model, x)
        said |= {"head_error": float(np.abs(head - chain).mean()), "head_spearman": spearman(head, chain)}
    return Sampled(**said)


def enumerated(model: Dual, lattice: Lattice, how: IsingSettings, seeds: Seeds, heads: bool) -> Enumerated:
    """The model against all configurations."""
    size, rng = lattice.size, seeds.numpy("subsets")
    everything = exact_marginals.every(size, 2)
    table = exact_marginals.tabled(lattice.energy(jnp.asarray(everything)), size, 2)
    forward, *others = laws(model, rng)
    weights = np.exp(table.ravel())
    kl = float(np.mean([exact_marginals.divergence(law, table) for law in (forward, *others)]))
    order_gap = float(np.mean([weights @ np.abs(law - forward).ravel() for law in others]))
    if not heads:
        return Enumerated(kl=kl, order_gap=order_gap)
    x = everything[rng.choice(len(everything), how.subsets, p=weights / weights.sum())]
    ranks = rng.permuted(np.tile(np.arange(size), (len(x), 1)), axis=1)
    known = np.arange(len(x)) % (size + 1)
    partial = np.where(ranks < known[:, None], x, 0).astype(np.int32)
    exact, found = exact_marginals.log_marginals(table, partial), queried(model, partial)
    return Enumerated(
        kl=kl, order_gap=order_gap, error=float(np.abs(found - exact).mean()),
        correlation=float(np.corrcoef(found, exact)[0, 1]),
        mass=float(np.exp(queried(model, everything).astype(float)).sum()), sums=sums(model, partial, ranks, known),
    )  # fmt: skip


@eqx.filter_jit
def asked(model: Dual, x: jax.Array) -> jax.Array:
    """Logits of a batch."""
    return jax.vmap(model.logits)(x)


def laws(model: Dual, rng: np.random.Generator) -> list[np.ndarray]:
    """The exact law that the conditionals sample from, forward and in three random orders."""
    orders = [np.arange(model.size), *(rng.permutation(model.size) for _ in range(3))]
    return [exact_marginals.chain_table(lambda x: np.asarray(asked(model, jnp.asarray(x))), order, model.size,
                                        model.symbols) for order in orders]  # fmt: skip


@eqx.filter_jit
def raw(model: Dual, x: jax.Array) -> jax.Array:
    """log p(x_S) of a batch as the head says it, the empty assignment included."""
    return jax.vmap(lambda own: log_marginal(model, own))(x)


def sums(model: Dual, partial: np.ndarray, ranks: np.ndarray, known: np.ndarray) -> list[float]:
    """How far the sum over the symbols of one more variable is from the marginal, by how many are known."""
    open_rows = known < model.size
    rows, ranks, known = partial[open_rows], ranks[open_rows], known[open_rows]
    place = np.argmax(ranks == known[:, None], axis=1)
    more = np.repeat(rows[:, None], model.symbols, axis=1)
    more[np.arange(len(rows)), :, place] = np.arange(1, model.symbols + 1)
    parts = np.asarray(raw(model, jnp.asarray(more.reshape(-1, model.size)))).reshape(len(rows), -1)
    gaps = np.abs(np.logaddexp.reduce(parts, axis=1) - np.asarray(raw(model, jnp.asarray(rows))))
    return [float(gaps[known == count].mean()) for count in range(model.size)]


def spearman(a: np.ndarray, b: np.ndarray) -> float | None:
    """The rank correlation; None where one of the two does not vary."""
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic) if min(np.ptp(a), np.ptp(b)) > 0 else None
