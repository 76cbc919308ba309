"""A point mass in the plane and four kinds of preferences over where it goes; the offline stand-in for locomotion.

Preferences after section 5 of arXiv 2401.04056: the larger return (with or without answers flipped at random), a limit
on a part of the whole path that no reward of single steps expresses, and a cycle over regions in which paths end.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Box, Effects
from manyminds.worlds.control.ring import CYCLE


class Flight(NamedTuple):
    place: Array  # (2,)
    speed: Array  # (2,)
    t: Array  # int32


@dataclass(frozen=True)
class PointMass:
    """Pushed by a force of at most 1 on each axis against drag; the return is progress along x less time off the axis.

    An episode begins at the origin, at rest or with a random speed (`nudge`: its deviation on each axis), and ends
    after `limit` steps: nothing comes after. Observations: place / 4, speed, and the share of time gone by, shape (5,).
    """

    limit: int = 50
    dt: float = 0.1
    drag: float = 0.3
    lane: float = 0.2  # cost of a unit of time one unit off the axis
    nudge: float = 0.0
    observation_size = 5
    actions = Box(2)

    def reset(self, key: Array) -> Flight:
        speed = self.nudge * jax.random.normal(key, (2,), jnp.float32)
        return Flight(jnp.zeros(2, jnp.float32), speed, jnp.int32(0))

    def observe(self, state: Flight) -> Array:
        late = (state.t / self.limit).astype(jnp.float32)
        return jnp.concatenate([state.place / 4, state.speed, late[None]])

    def step(self, state: Flight, action: Array, key: Array) -> tuple[Flight, Effects]:
        force = jnp.clip(action, -1.0, 1.0)
        speed = state.speed + self.dt * (force - self.drag * state.speed)
        place = state.place + self.dt * speed
        reward = place[0] - state.place[0] - self.lane * self.dt * jnp.abs(place[1])
        t = state.t + 1
        return Flight(place, speed, t), Effects(reward, t >= self.limit, jnp.bool_(False))

    def furthest(self) -> float:
        """The largest return from rest: full force along x all the time, in closed form."""
        kept = 1 - self.drag * self.dt
        # speed_k = (1 - kept^k) / drag, and place is the sum of dt speed_k over k = 1..limit
        return self.dt / self.drag * (self.limit - kept * (1 - kept**self.limit) / (1 - kept))


class Path(NamedTuple):
    """What raters judge of a path."""

    value: Array  # the return
    stride: Array  # the largest distance between two moments a quarter of the episode apart
    angle: Array  # of the end point, from 0 to 2 pi


def path(trajectory: Any) -> Path:
    """The facts of one trajectory (observations, rewards and observations after, leading axis time)."""
    places = 4 * jnp.concatenate([trajectory.observation[:1, :2], trajectory.after[:, :2]])
    window = trajectory.reward.shape[0] // 4
    stride = jnp.linalg.norm(places[window:] - places[:-window], axis=-1).max()
    angle = jnp.arctan2(places[-1, 1], places[-1, 0]) % (2 * jnp.pi)
    return Path(trajectory.reward.sum(), stride, angle)


@dataclass(frozen=True)
class LargerReturn:
    """Prefers the larger return; every answer is flipped with probability `flip`, anew each time."""

    flip: float = 0.0

    def facts(self, trajectory: Any) -> Path:
        return path(trajectory)

    def prefers(self, a: Path, b: Path) -> Array:
        return (1 - 2 * self.flip) * jnp.sign(a.value - b.value)


@dataclass(frozen=True)
class ShortStrides:
    """Prefers the larger return, unless one of the two (and only one) ever strides further than `limit`: it loses."""

    limit: float = 1.5
    flip: float = 0.0

    def facts(self, trajectory: Any) -> Path:
        return path(trajectory)

    def prefers(self, a: Path, b: Path) -> Array:
        kept_a, kept_b = a.stride <= self.limit, b.stride <= self.limit
        by_limit = kept_a.astype(jnp.float32) - kept_b.astype(jnp.float32)
        return (1 - 2 * self.flip) * jnp.where(kept_a == kept_b, jnp.sign(a.value - b.value), by_limit)


@dataclass(frozen=True)
class Regions:
    """Raters who, taken together, go round: equal sectors by the angle of the end point, compared by `table`."""

    table: tuple[tuple[float, ...], ...] = CYCLE

    def facts(self, trajectory: Any) -> Path:
        return path(trajectory)

    def region(self, facts: Path) -> Array:
        n = len(self.table)
        return jnp.minimum((facts.angle / (2 * jnp.pi) * n).astype(jnp.int32), n - 1)

    def prefers(self, a: Path, b: Path) -> Array:
        return jnp.asarray(self.table, jnp.float32)[self.region(a), self.region(b)]
