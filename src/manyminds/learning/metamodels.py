"""Metamodels: differential equations fitted to the mean runs of a simulation, from power laws to neural networks.

Each is an equinox module with `rate(x)`, the change of counts in a step of time without removal. They are fitted by
multiple shooting: many short pieces of the runs, each begun where the data are, so that no long run can explode.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.learning.training import Curves, fitting, gradient_step, trained
from manyminds.networks.dense import Layers

SMALL = 1e-6  # of a unit: logarithms are taken from here on


def advanced(rate: Callable[[Array], Array], x: Array, step: float) -> Array:
    """x after `step`, by the classical method of Runge and Kutta."""
    k1 = rate(x)
    k2 = rate(x + step / 2 * k1)
    k3 = rate(x + step / 2 * k2)
    k4 = rate(x + step * k3)
    return x + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


class PowerLaws(eqx.Module):
    """x_i' = sum over terms of +- r x^g. With fixed exponents this is mass action, with free ones the generalised kind;
    two terms a species, one of each sign, make an S-system."""

    log_rate: Array  # (terms,)
    exponents: Array  # (terms, size)
    unit: Array  # (size,), in which x is measured
    species: tuple[int, ...] = eqx.field(static=True)
    signs: tuple[int, ...] = eqx.field(static=True)
    free: bool = eqx.field(static=True)  # are the exponents fitted?

    def rate(self, x: Array) -> Array:
        exponents = self.exponents if self.free else lax.stop_gradient(self.exponents)
        unit = lax.stop_gradient(self.unit)
        terms = jnp.exp(self.log_rate + exponents @ jnp.log(jnp.maximum(x / unit, SMALL)))
        signed = jnp.asarray(self.signs, x.dtype) * terms
        return unit * jnp.zeros_like(x).at[jnp.asarray(self.species)].add(signed)


class Polynomial(eqx.Module):
    """x' = unit * W m, with m the monomials of x / unit up to `order` (1 or 2)."""

    weights: Array  # (size, monomials)
    unit: Array
    order: int = eqx.field(static=True)

    def rate(self, x: Array) -> Array:
        return self.unit * (self.weights @ monomials(x / self.unit, self.order))


def monomials(z: Any, order: int) -> Any:
    """1, z, and for order 2 every product of two, along the last axis."""
    xp: Any = jnp if isinstance(z, Array) else np
    ones = xp.ones_like(z[..., :1])
    first, second = np.triu_indices(z.shape[-1])
    return xp.concatenate([ones, z] + ([z[..., first] * z[..., second]] if order == 2 else []), -1)


class Neural(eqx.Module):
    """x' = x * speed * f(ln(x / unit)): growth rates by a tanh network, so that counts stay positive and growth stays
    bounded however far from the data x is."""

    layers: Layers
    unit: Array
    speed: float = eqx.field(static=True)

    def rate(self, x: Array) -> Array:
        z = jnp.log(jnp.maximum(x / lax.stop_gradient(self.unit), SMALL))
        return x * self.speed * self.layers(z)


class Runs(NamedTuple):
    """Mean runs of a simulation. `x`: (sets, steps + 1, size). `shares`: (sets, size), removed each step from step
    `since` on."""

    x: np.ndarray
    shares: np.ndarray
    since: int

    @property
    def unit(self) -> np.ndarray:
        """The mean of each number over all runs, float32."""
        return np.maximum(self.x.mean((0, 1)), 1e-9).astype(np.float32)


def pieces(runs: Runs, length: int, every: int) -> tuple[Array, Array]:
    """Pieces of `length` steps, (pieces, length + 1, size), and what is removed in each, (pieces, size). The pieces in
    which the removal begins are left out."""
    steps = runs.x.shape[1] - 1
    starts = [s for s in range(0, steps - length + 1, every) if s >= runs.since or s + length <= runs.since]
    if not starts:
        raise BadInput(f"runs of {steps} steps have no piece of {length}; give longer runs or shorter pieces")
    x = np.stack([run[s : s + length + 1] for run in runs.x for s in starts])
    shares = np.stack([share * (s >= runs.since) for share in runs.shares for s in starts])
    return jnp.asarray(x, jnp.float32), jnp.asarray(shares, jnp.float32)


def followed(model: Any, start: Array, shares: Array, substeps: int = 1) -> Array:
    """x after every step for as many steps as `shares` has rows, `start` included: (steps + 1, size)."""

    def one(x: Array, share: Array) -> tuple[Array, Array]:
        for _ in range(substeps):
            x = advanced(lambda at: model.rate(at) - share * at, x, 1 / substeps)
        return x, x

    return jnp.concatenate([start[None], lax.scan(one, start, shares)[1]])


def fitted(
    model: Any, runs: Runs, key: Array, updates: int = 600, step_size: float = 3e-3, length: int = 20, every: int = 10,
    batch: int = 64,
) -> tuple[Any, Curves]:  # fmt: skip
    """The model after Adam on the mean squared error of short pieces, in units of each number's spread."""
    x, shares = pieces(runs, length, every)
    spread = jnp.asarray(runs.x.std((0, 1)), jnp.float32)

    def loss(model: Any, key: Array) -> tuple[Array, dict[str, Array]]:
        rows = jax.random.randint(key, (batch,), 0, len(x))
        said = jax.vmap(lambda at, share: followed(model, at, jnp.tile(share, (length, 1))))(x[rows, 0], shares[rows])
        return (((said - x[rows]) / spread) ** 2).mean(), {}

    optimiser = optax.chain(optax.clip_by_global_norm(1.0),
                            optax.adam(optax.cosine_decay_schedule(step_size, updates)))  # fmt: skip
    step, chunk = gradient_step(loss, optimiser), max(updates // 10, 1)
    after, curves = trained(step, fitting(model, optimiser), key, updates, chunk)
    return after.model, curves


def regressed(runs: Runs, order: int, length: int = 20, every: int = 10) -> Polynomial:
    """The polynomial whose integral over short pieces of the data is nearest to what changed, by least squares."""
    x, shares = (np.asarray(a, float) for a in pieces(runs, length, every))
    unit = runs.unit.astype(float)
    z = x / unit
    between = np.trapezoid(monomials(z, order), axis=1)
    change = z[:, -1] - z[:, 0] + shares * np.trapezoid(z, axis=1)
    weights = np.linalg.lstsq(between, change, rcond=None)[0].T
    return Polynomial(jnp.asarray(weights, jnp.float32), jnp.asarray(unit, jnp.float32), order)


def error(model: Any, runs: Runs) -> np.ndarray:
    """Root of the mean squared error of whole runs from their first state, of each set, in units of each number's
    spread over all runs; infinite where the model explodes."""
    steps = runs.x.shape[1] - 1
    on = (np.arange(steps) >= runs.since)[:, None]
    shares = jnp.asarray(runs.shares[:, None] * on, jnp.float32)
    said = np.asarray(jax.jit(jax.vmap(lambda at, share: followed(model, at, share)))(
        jnp.asarray(runs.x[:, 0], jnp.float32), shares), float)  # fmt: skip
    spread = runs.x.std((0, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.sqrt((((said - runs.x) / spread) ** 2).mean((1, 2)))
    return np.where(np.isfinite(found), found, np.inf)
