"""Denoising score matching: a network learns the score of data from data that was noised on purpose.

The loss is E ||s(X_t, t) + (X_t - alpha X_0) / h||^2, which differs from the error against the true score by a constant
in s (Vincent 2011; arXiv 2404.07771). A condition is masked with some probability, so that one network
learns the conditional and the unconditional score (classifier-free guidance, arXiv 2207.12598).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array

from manyminds.learning.training import Curves, Fitting, Keeper, applied, fitting, over_seeds, trained
from manyminds.theory.diffusions import alpha, checked_times, h


class Points(NamedTuple):
    """Training data of one seed. Rows from `count` on are padding, so that sets of several sizes train side by side."""

    x: Array  # (n, D)
    condition: Array  # (n, conditions), conditions may be 0
    count: Array  # int32


def points(x: Any, condition: Any = None) -> Points:
    x = jnp.asarray(x, jnp.float32)
    c = jnp.zeros((len(x), 0)) if condition is None else jnp.asarray(condition, jnp.float32).reshape(len(x), -1)
    return Points(x, c.astype(jnp.float32), jnp.int32(len(x)))


@dataclass(frozen=True)
class Matching:
    """How a score is learned. Times are drawn log-uniformly from `early` to `end`, errors are weighted by h (as if
    noise were predicted); the step size falls to 0 along a cosine."""

    steps: int = 2000
    batch: int = 256
    step_size: float = 2e-3
    end: float = 8.0
    early: float = 0.01
    mask_probability: float = 0.0

    def __post_init__(self) -> None:
        checked_times(self.end, self.early)

    def optimiser(self) -> optax.GradientTransformation:
        falling = optax.cosine_decay_schedule(self.step_size, max(self.steps, 1))
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(falling))


def explicit_error(model: Any, x: Array, t: Array, truth: Array, condition: Array, known: Array) -> Array:
    """||s(x, t) - truth||^2 for one point."""
    return jnp.sum((model(x, t, condition, known) - truth) ** 2)


def denoising_error(model: Any, x0: Array, noise: Array, t: Array, condition: Array, known: Array) -> Array:
    """||s(x_t, t) + (x_t - alpha x_0) / h||^2 for one point x_0 (D,) and its noise (D,)."""
    x = alpha(t) * x0 + jnp.sqrt(h(t)) * noise
    return explicit_error(model, x, t, -noise / jnp.sqrt(h(t)), condition, known)


def loss(model: Any, data: Points, key: Array, how: Matching) -> Array:
    """The weighted denoising loss on one random batch, per coordinate."""
    to_rows, to_time, to_noise, to_mask = jax.random.split(key, 4)
    rows = jax.random.randint(to_rows, (how.batch,), 0, data.count)
    x0, condition = data.x[rows], data.condition[rows]
    t = jnp.exp(jax.random.uniform(to_time, (how.batch,), jnp.float32, jnp.log(how.early), jnp.log(how.end)))
    noise = jax.random.normal(to_noise, x0.shape, jnp.float32)
    known = jax.random.bernoulli(to_mask, 1 - how.mask_probability, (how.batch,)).astype(jnp.float32)
    errors = jax.vmap(denoising_error, (None, 0, 0, 0, 0, 0))(model, x0, noise, t, condition, known)
    return (h(t) * errors).mean() / x0.shape[1]


class Study(NamedTuple):
    """A model under training, with its data."""

    fitting: Fitting
    data: Points


def matched(
    make: Callable[[Array], Any],
    data: Points,
    keys: Array,
    how: Matching,
    keeper: Keeper | None = None,
    done: Callable[[], None] = lambda: None,
) -> tuple[Any, Curves]:
    """Trained models, one for each of `keys` (seeds,), stacked; every array of `data` has a leading axis of seeds."""
    optimiser = how.optimiser()

    def step(state: Study, key: Array) -> tuple[Study, dict[str, Array]]:
        value, gradient = eqx.filter_value_and_grad(loss)(state.fitting.model, state.data, key, how)
        return Study(applied(state.fitting, gradient, optimiser), state.data), {"loss": value}

    to_weights, to_steps = jax.vmap(jax.random.split, out_axes=1)(keys)
    begun = over_seeds(lambda key: fitting(make(key), optimiser), to_weights)
    end, curves = trained(step, Study(begun, data), to_steps, how.steps, max(how.steps // 20, 1), keeper, done)
    return end.fitting.model, curves


def stacked(sets: list[Points]) -> Points:
    """The data of several seeds with a leading axis; shorter sets are padded with rows that are never drawn."""
    longest = max(len(s.x) for s in sets)

    def padded(rows: Array) -> Array:
        return jnp.pad(rows, ((0, longest - len(rows)), (0, 0)))

    return Points(jnp.stack([padded(s.x) for s in sets]), jnp.stack([padded(s.condition) for s in sets]),
                  jnp.stack([s.count for s in sets]))  # fmt: skip


def member(models: Any, i: int) -> Any:
    """One of the stacked models."""
    return jax.tree.map(lambda leaf: leaf[i] if eqx.is_array(leaf) else leaf, models)
