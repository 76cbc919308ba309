"""A plane on which a step moves by the action: s' = s + a, and nearness to one point is paid.

The simple world of the edge-of-reach paper (arXiv 2402.12527, section 4): the dynamics are as simple as can be, so
whatever goes wrong in learning from short rollouts is not the model's fault.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Box, Effects


class Point(NamedTuple):
    place: Array  # (2,)
    t: Array


@dataclass(frozen=True)
class Plane:
    """Starts uniform in a square of half-width `start`; reward exp(-|s' - centre|^2 / width), at most 1 a step."""

    centre: tuple[float, float] = (6.0, 6.0)
    width: float = 8.0
    start: float = 2.0
    limit: int = 30
    observation_size = 2
    actions = Box(2)

    def reset(self, key: Array) -> Point:
        return Point(jax.random.uniform(key, (2,), jnp.float32, -self.start, self.start), jnp.int32(0))

    def observe(self, state: Point) -> Array:
        return state.place

    def move(self, place: Array, action: Array) -> tuple[Array, Array]:
        """Where an action leads, and what is paid there."""
        after = place + jnp.clip(action, -1.0, 1.0)
        return after, self.paid(after)

    def paid(self, place: Array) -> Array:
        return jnp.exp(-((place - jnp.asarray(self.centre)) ** 2).sum(-1) / self.width)

    def step(self, state: Point, action: Array, key: Array) -> tuple[Point, Effects]:
        after, reward = self.move(state.place, action)
        t = state.t + 1
        return Point(after, t), Effects(reward, jnp.bool_(False), t >= self.limit)

    def at_edge(self, place: Array, steps: int) -> Array:
        """Is a place first reachable at step `steps` of a rollout from the starting square?"""
        far = jnp.abs(place).max(-1)
        return (far > self.start + steps - 1) & (far <= self.start + steps)

    def best_return(self, place: Array, steps: int, discount: float = 1.0) -> Array:
        """What the best policy gets in `steps` steps: straight to the centre on each axis, as nearer pays more."""
        gap = jnp.asarray(self.centre) - place
        left = jnp.maximum(jnp.abs(gap)[..., None, :] - jnp.arange(1, steps + 1)[:, None], 0.0)
        return (jnp.exp(-(left**2).sum(-1) / self.width) * discount ** jnp.arange(steps)).sum(-1)

    def best_value(self, place: Array, discount: float) -> Array:
        """The optimal value without a clock: 64 steps by the formula above, and the centre for ever after.

        Exact for places within 64 of the centre on each axis.
        """
        return self.best_return(place, 64, discount) + discount**64 / (1 - discount)
