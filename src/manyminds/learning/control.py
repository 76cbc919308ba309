"""Control of any simulation by a small network whose gradient comes through a differentiable model of it.

`control(world, cost, begin, model, plan, key)` asks of the world only `reset`, `observe` and `step` (three functions of
your own: `Adapted`). The world may be as discrete and random as it likes. On the route `through="world"` it gives all
values, and the model only the derivatives, linearised at the states that the world visited; `through="model"` never
asks the world.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.core.array_worlds import Box, Effects
from manyminds.learning.training import Curves, Fitting, fitting, gradient_step, trained
from manyminds.networks.dense import Layers


class Path(NamedTuple):
    """What was observed, shape (steps + 1, size), and done, shape (steps, actions)."""

    x: Array
    u: Array


Controller = Callable[[Array, Array], Array]  # (observation, share of the horizon that is gone) -> action
Model = Callable[[Array, Array], Array]  # (observation, action) -> the next observation, differentiable
Cost = Callable[[Path, Any], Array]  # (run, aim) -> scalar; what an aim is, the caller decides


@dataclass(frozen=True)
class Adapted:
    """A simulation of your own as a world: `init(key)`, `advance(state, action, key)`, `look(state)`."""

    init: Callable[[Array], Any]
    advance: Callable[[Any, Array, Array], Any]
    look: Callable[[Any], Array]
    observation_size: int
    actions: Box

    def reset(self, key: Array) -> Any:
        return self.init(key)

    def observe(self, state: Any) -> Array:
        return self.look(state)

    def step(self, state: Any, action: Array, key: Array) -> tuple[Any, Effects]:
        return self.advance(state, action, key), Effects(jnp.float32(0), jnp.bool_(False), jnp.bool_(False))


def modelled(model: Model, start: Array, actions: Box) -> Adapted:
    """A model as a world of its own, which begins at `start` and has no chance in it."""
    return Adapted(lambda key: start, lambda x, u, key: model(x, u), lambda x: x, len(start), actions)


class Shares(eqx.Module):
    """No hidden layer and one weight an action: remove the share w of what is observed. Weights live in [0, 1]; the
    clamp has no gradient outside."""

    weights: Array
    of: tuple[int, ...] = eqx.field(static=True)  # which numbers of the observation

    def __call__(self, x: Array, t: Array) -> Array:
        return jnp.clip(self.weights, 0, 1) * x[jnp.asarray(self.of)]

    def inside(self) -> "Shares":
        """With the weights moved to the nearest of [0, 1], so that an optimiser cannot get stuck outside."""
        return Shares(jnp.clip(self.weights, 0, 1), self.of)


class Schedule(eqx.Module):
    """Open loop: a network of the time alone; never negative. `unit` is the size of an ordinary action."""

    layers: Layers
    unit: float = eqx.field(static=True)

    def __call__(self, x: Array, t: Array) -> Array:
        return self.unit * jax.nn.softplus(self.layers(2 * jnp.atleast_1d(t) - 1))


class Feedback(eqx.Module):
    """Closed loop: a network of the logarithms of what is observed, in `scale`; never negative."""

    layers: Layers
    scale: Array
    unit: float = eqx.field(static=True)

    def __call__(self, x: Array, t: Array) -> Array:
        return self.unit * jax.nn.softplus(self.layers(jnp.log1p(x / lax.stop_gradient(self.scale))))


def followed(world: Any, controller: Controller, key: Array, steps: int) -> Path:
    """One run of the world under a controller."""
    to_reset, to_go = jax.random.split(key)
    state = world.reset(to_reset)

    def one(state: Any, at: tuple[Array, Array]) -> tuple[Any, tuple[Array, Array]]:
        t, key = at
        u = controller(world.observe(state), t)
        state, _ = world.step(state, u, key)
        return state, (world.observe(state), u)

    _, (x, u) = lax.scan(one, state, (times(steps), jax.random.split(to_go, steps)))
    return Path(jnp.concatenate([world.observe(state)[None], x]), u)


def replayed(model: Model, controller: Controller, path: Path) -> Path:
    """The same observations again, with the derivatives that the model has at them.

    d x_{k+1} is that of model(x_k, u_k), and u_k is what the controller says of x_k: rounding and chance in the world
    pass derivatives on as if they were not there.
    """

    def one(x: Array, at: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        t, seen = at
        u = controller(x, t)
        said = model(x, u)
        x = seen + (said - lax.stop_gradient(said))
        return x, (x, u)

    # What the model says may not be finite where it was never fitted; then neither is the gradient, and that is found.
    path = lax.stop_gradient(path)
    _, (x, u) = lax.scan(one, path.x[0], (times(len(path.u)), path.x[1:]))
    return Path(jnp.concatenate([path.x[:1], x]), u)


def imagined(model: Model, controller: Controller, start: Array, steps: int) -> Path:
    """A run of the model alone."""

    def one(x: Array, t: Array) -> tuple[Array, tuple[Array, Array]]:
        u = controller(x, t)
        x = model(x, u)
        return x, (x, u)

    _, (x, u) = lax.scan(one, start, times(steps))
    return Path(jnp.concatenate([start[None], x]), u)


def times(steps: int) -> Array:
    return jnp.arange(steps, dtype=jnp.float32) / steps


@dataclass(frozen=True)
class Plan:
    """How a controller is trained. `updates * rollouts` simulations are used when it goes through the world."""

    steps: int
    rollouts: int = 4
    updates: int = 30
    step_size: float = 1e-2
    clip: float = 1.0  # largest norm of a gradient
    through: Literal["world", "model"] = "world"

    @property
    def simulations(self) -> int:
        return self.updates * self.rollouts if self.through == "world" else 0


def control(
    world: Any,
    cost: Cost,
    begin: Callable[[Array, Any], Any],
    model: Model,
    plan: Plan,
    key: Array,
    aim: Any = None,
    inside: Callable[[Any], Any] = lambda controller: controller,
) -> tuple[Any, Curves]:
    """A controller trained by Adam on the mean cost of `plan.rollouts` runs, and its curve.

    `begin(key, aim)` makes the first controller, `inside` brings one back into what is allowed after each update. With
    keys of shape (seeds,), all seeds are trained at once, each for its own row of `aim` (targets, say), and the arrays
    of the controller have a leading axis. Raises `FloatingPointError` when the cost or the controller is no longer
    finite (a model that explodes, most often).
    """
    optimiser = optax.chain(optax.clip_by_global_norm(plan.clip),
                            optax.adam(optax.cosine_decay_schedule(plan.step_size, plan.updates)))  # fmt: skip

    def step(state: tuple[Fitting, Any], key: Array) -> tuple[tuple[Fitting, Any], dict[str, Array]]:
        training, aim = state

        def loss(controller: Any, key: Array) -> tuple[Array, dict[str, Array]]:
            keys = jax.random.split(key, plan.rollouts)
            return jax.vmap(lambda k: cost(rolled(world, controller, model, plan, k), aim))(keys).mean(), {}

        after, logged = gradient_step(loss, optimiser)(training, key)
        return (Fitting(inside(after.model), after.optimiser), aim), logged

    def start(key: Array, aim: Any) -> tuple[Fitting, Any]:
        return fitting(begin(key, aim), optimiser), aim

    many = key.ndim > 0
    first, then = jax.vmap(jax.random.split)(key).swapaxes(0, 1) if many else jax.random.split(key)
    state = eqx.filter_vmap(start)(first, aim) if many else start(first, aim)
    after, curves = trained(step, state, then, plan.updates, chunk=max(plan.updates // 10, 1))
    for leaf in jax.tree.leaves(eqx.filter(after[0].model, eqx.is_inexact_array)):
        if not np.isfinite(leaf).all():
            raise FloatingPointError(f"the controller is not finite after {plan.updates} updates")
    return after[0].model, curves


def rolled(world: Any, controller: Any, model: Model, plan: Plan, key: Array) -> Path:
    """One run on the route of the plan, with derivatives in the controller."""
    if plan.through == "model":
        return imagined(model, controller, world.observe(world.reset(jax.random.split(key)[0])), plan.steps)
    arrays, static = eqx.partition(controller, eqx.is_array)
    still = eqx.combine(lax.stop_gradient(arrays), static)
    return replayed(model, controller, followed(world, still, key, plan.steps))


def late(path: Path, first: int, last: int | None = None) -> Array:
    """The mean observation from step `first` to `last` (the end). Raises `BadInput` for an empty window."""
    window = path.x[first:last]
    if not len(window):
        raise BadInput(f"the late window from step {first} to {last} of {len(path.u)} is empty")
    return window.mean(0)
