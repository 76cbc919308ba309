"""Calibration by gradient through the simulation: one R, an R for each week, or a network that emits them.

Derivatives pass through every draw of an infection (straight-through); what minds answered is taken as given, because
a model that is asked in words has no derivative.
"""

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.core import Seeds
from manyminds.networks.calibrators import Calibrator, optimiser
from manyminds.papers.agenttorch.living import WEEK
from manyminds.worlds.populations.epidemic import Epidemic, Health, Place, weekly

LOWEST, HIGHEST = 1.4, 4.5  # bounds of R under the network


def weekly_cases(
    reproduction: Array, world: Epidemic, weeks: int, place: Place, isolation: Array, state: Health, key: Array
) -> Array:
    """New cases by week as a function of R, shape (weeks,); `isolation`: (weeks, archetypes) or (archetypes,)."""
    policy = world.policy(3.0, isolation, isolation.shape[-1])._replace(reproduction=jnp.atleast_1d(reproduction))
    _, daily = world.dynamics().steps(place, policy, state, key, jnp.int32(0), weeks * WEEK)
    return weekly(daily["cases"].sum(1))


@partial(jax.jit, static_argnums=(1, 2))
def sensitivity(log_r: Array, world: Epidemic, weeks: int, *rest: Any) -> tuple[Array, Array]:
    """Weekly cases and their derivative in ln R."""
    found: tuple[Array, Array] = jax.jvp(
        lambda x: weekly_cases(jnp.exp(x), world, weeks, *rest), (log_r,), (jnp.ones_like(log_r),)
    )
    return found


def stepped(log_r: float, lived: np.ndarray, observed: np.ndarray, slope: np.ndarray, longest: float = 0.25) -> float:
    """ln R after one damped Gauss-Newton step towards the observed weekly cases."""
    step = float(slope @ (observed - lived)) / max(float(slope @ slope), 1e-9)
    return log_r + float(np.clip(step, -longest, longest))


class Fitted(NamedTuple):
    """A calibration: R by week, the loss after every update, and how many simulations it took in all."""

    reproduction: np.ndarray
    losses: np.ndarray
    simulations: int


def relative(cases: Array, observed: Array) -> Array:
    """Mean squared error of ln weekly cases: every week counts, the small ones too."""
    return jnp.mean((jnp.log1p(cases) - jnp.log1p(observed.astype(jnp.float32))) ** 2)


@partial(jax.jit, static_argnums=(0, 1, 2))
def fitted_weeks(
    world: Epidemic, weeks: int, updates: int, start: Array, rate: float, place: Place, state: Health, key: Array,
    observed: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """R by week after `updates` of Adam on their logarithms, and the losses; the best one seen is returned."""
    at_home = jnp.zeros(1, jnp.float32)
    chooser = optax.adam(optax.cosine_decay_schedule(rate, updates, 0.1))

    def loss(log_r: Array, own: Array) -> Array:
        return relative(weekly_cases(jnp.exp(log_r), world, weeks, place, at_home, state, own), observed)

    def one(carry: Any, i: Array) -> tuple[Any, tuple[Array, Array]]:
        log_r, memory = carry
        value, slope = jax.value_and_grad(loss)(log_r, jax.random.fold_in(key, i % 4))
        change, memory = chooser.update(slope, memory)
        return (log_r + change, memory), (value, log_r)

    begun = jnp.log(start)
    (_, _), (losses, path) = lax.scan(one, (begun, chooser.init(begun)), jnp.arange(updates))
    # Single losses are noisy: what is kept is the mean of the last updates, not the luckiest.
    return jnp.exp(path[-updates // 5 :].mean(0)), losses


@partial(jax.jit, static_argnums=(0, 1))
def searched(
    world: Epidemic, weeks: int, points: Array, place: Place, state: Health, key: Array, observed: Array
) -> Array:
    """The losses at given R by week, shape (points, weeks) -> (points,), under the same draws as the fit."""
    at_home = jnp.zeros(1, jnp.float32)

    def one(i: Array) -> Array:
        own = jax.random.fold_in(key, i % 4)
        return relative(weekly_cases(points[i], world, weeks, place, at_home, state, own), observed)

    return lax.map(one, jnp.arange(points.shape[0]))


def features(cases: np.ndarray, seeds: Seeds, read: int = 3) -> np.ndarray:
    """Three weeks of seven signals for the network: six changes of mobility (here noise around 0) and cases."""
    moved = 0.1 * seeds.numpy("mobility").normal(size=(read, 6))
    level = np.log1p(cases[:read]) / 10
    return np.concatenate([moved, level[:, None]], 1).astype(np.float32)


def fitted_network(
    world: Epidemic, weeks: int, updates: int, seeds: Seeds, place: Place, state: Health, key: Array, observed: Array,
    rate: float = 5e-3,
) -> Fitted:  # fmt: skip
    """A network trained through the simulation: it reads the first weeks and emits R for all of them."""
    heads = {"reproduction": (1, LOWEST, HIGHEST)}
    model = Calibrator(7, heads, seeds.jax("network"))
    # R is the only head here, so it learns at the full rate.
    chooser = optimiser(rate, slower={})
    read, at_home = jnp.asarray(features(np.asarray(observed), seeds)), jnp.zeros(1, jnp.float32)

    def loss(net: Calibrator, own: Array, place: Place, state: Health) -> Array:
        r = net(read, weeks)["reproduction"][:, 0]
        return relative(weekly_cases(r, world, weeks, place, at_home, state, own), observed)

    @eqx.filter_jit
    def update(net: Calibrator, memory: Any, own: Array, place: Place, state: Health) -> Any:
        value, slope = eqx.filter_value_and_grad(loss)(net, own, place, state)
        change, memory = chooser.update(slope, memory, eqx.filter(net, eqx.is_array))
        return eqx.apply_updates(net, change), memory, value

    memory, losses = chooser.init(eqx.filter(model, eqx.is_array)), []
    for i in range(updates):
        model, memory, value = update(model, memory, jax.random.fold_in(key, i % 4), place, state)
        losses.append(float(value))
    return Fitted(np.asarray(model(read, weeks)["reproduction"][:, 0]), np.array(losses), 2 * updates)
