"""Classic control on arrays: cart-pole, mountain car, acrobot and pendulum, by the equations of their sources.

Barto, Sutton and Anderson 1983 (cart-pole); Moore 1990 (mountain car); Sutton 1996 (acrobot, with the equations of the
book by Sutton and Barto); the pendulum is the usual swing-up with torque control. Constants, limits and rewards are
those of the gymnasium versions CartPole-v1, MountainCar-v0, Acrobot-v1 and Pendulum-v1; a test steps both.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Box, Discrete, Effects


class Moving(NamedTuple):
    """Any of these worlds: the numbers that move, and the steps taken."""

    x: Array  # float32, the world's own order
    t: Array  # int32


def limited(t: Array, limit: int, ended: Array) -> Array:
    """Cut by the clock, unless the world has ended by itself in the same step."""
    return (t >= limit) & ~ended


@dataclass(frozen=True)
class CartPole:
    """Balance a pole on a cart: x, its speed, the angle from upright, its speed. +1 for every step."""

    limit: int = 500
    observation_size = 4
    actions = Discrete(2)

    def reset(self, key: Array) -> Moving:
        return Moving(jax.random.uniform(key, (4,), jnp.float32, -0.05, 0.05), jnp.int32(0))

    def observe(self, state: Moving) -> Array:
        return state.x

    def step(self, state: Moving, action: Array, key: Array) -> tuple[Moving, Effects]:
        gravity, cart, pole, half, push, dt = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
        x, speed, angle, turning = state.x
        force = jnp.where(action == 1, push, -push)
        sin, cos = jnp.sin(angle), jnp.cos(angle)
        whole = cart + pole
        pulled = (force + pole * half * turning**2 * sin) / whole
        bend = (gravity * sin - cos * pulled) / (half * (4.0 / 3.0 - pole * cos**2 / whole))
        push_back = pulled - pole * half * bend * cos / whole
        after = jnp.stack([x + dt * speed, speed + dt * push_back, angle + dt * turning, turning + dt * bend])
        ended = (jnp.abs(after[0]) > 2.4) | (jnp.abs(after[2]) > 12 * jnp.pi / 180)
        t = state.t + 1
        return Moving(after, t), Effects(jnp.float32(1), ended, limited(t, self.limit, ended))


@dataclass(frozen=True)
class MountainCar:
    """Rock an underpowered car out of a valley: position and speed. -1 a step until the flag at 0.5."""

    limit: int = 200
    observation_size = 2
    actions = Discrete(3)

    def reset(self, key: Array) -> Moving:
        place = jax.random.uniform(key, (), jnp.float32, -0.6, -0.4)
        return Moving(jnp.stack([place, jnp.float32(0)]), jnp.int32(0))

    def observe(self, state: Moving) -> Array:
        return state.x

    def step(self, state: Moving, action: Array, key: Array) -> tuple[Moving, Effects]:
        place, speed = state.x
        speed = speed + (action.astype(jnp.float32) - 1) * 0.001 - 0.0025 * jnp.cos(3 * place)
        speed = jnp.clip(speed, -0.07, 0.07)
        place = jnp.clip(place + speed, -1.2, 0.6)
        speed = jnp.where((place <= -1.2) & (speed < 0), 0.0, speed)
        ended, t = (place >= 0.5) & (speed >= 0), state.t + 1
        return Moving(jnp.stack([place, speed]), t), Effects(jnp.float32(-1), ended, limited(t, self.limit, ended))


@dataclass(frozen=True)
class Acrobot:
    """Swing two links, driven at the joint between them, above the bar: two angles and their speeds. -1 a step."""

    limit: int = 500
    observation_size = 6
    actions = Discrete(3)

    def reset(self, key: Array) -> Moving:
        return Moving(jax.random.uniform(key, (4,), jnp.float32, -0.1, 0.1), jnp.int32(0))

    def observe(self, state: Moving) -> Array:
        a, b, da, db = state.x
        return jnp.stack([jnp.cos(a), jnp.sin(a), jnp.cos(b), jnp.sin(b), da, db])

    def step(self, state: Moving, action: Array, key: Array) -> tuple[Moving, Effects]:
        torque = action.astype(jnp.float32) - 1
        a, b, da, db = runge_kutta(lambda x: acrobot_motion(x, torque), state.x, 0.2)
        after = jnp.stack([wrapped(a), wrapped(b), jnp.clip(da, -4 * jnp.pi, 4 * jnp.pi),
                           jnp.clip(db, -9 * jnp.pi, 9 * jnp.pi)])  # fmt: skip
        ended, t = -jnp.cos(after[0]) - jnp.cos(after[0] + after[1]) > 1.0, state.t + 1
        reward = jnp.where(ended, 0.0, -1.0)
        return Moving(after, t), Effects(reward, ended, limited(t, self.limit, ended))


def acrobot_motion(x: Array, torque: Array) -> Array:
    """Time derivative of (angle, angle, speed, speed); unit masses and lengths, centres half-way, unit inertia."""
    a, b, da, db = x
    g, half = 9.8, 0.5
    d1 = half**2 + (1 + half**2 + 2 * half * jnp.cos(b)) + 2
    d2 = half**2 + half * jnp.cos(b) + 1
    fall2 = half * g * jnp.cos(a + b - jnp.pi / 2)
    fall1 = (-half * db**2 * jnp.sin(b) - 2 * half * db * da * jnp.sin(b)
             + (half + 1) * g * jnp.cos(a - jnp.pi / 2) + fall2)  # fmt: skip
    ddb = (torque + d2 / d1 * fall1 - half * da**2 * jnp.sin(b) - fall2) / (half**2 + 1 - d2**2 / d1)
    dda = -(d2 * ddb + fall1) / d1
    return jnp.stack([da, db, dda, ddb])


def runge_kutta(motion, x: Array, dt: float) -> Array:
    """One classical fourth-order step."""
    k1 = motion(x)
    k2 = motion(x + dt / 2 * k1)
    k3 = motion(x + dt / 2 * k2)
    k4 = motion(x + dt * k3)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def wrapped(angle: Array) -> Array:
    """The angle between -pi and pi."""
    return (angle + jnp.pi) % (2 * jnp.pi) - jnp.pi


@dataclass(frozen=True)
class Pendulum:
    """Swing a pendulum up and hold it with a torque from -2 to 2: angle from upright and its speed."""

    limit: int = 200
    observation_size = 3
    actions = Box(1, -2.0, 2.0)

    def reset(self, key: Array) -> Moving:
        high = jnp.array([jnp.pi, 1.0], jnp.float32)
        return Moving(jax.random.uniform(key, (2,), jnp.float32, -high, high), jnp.int32(0))

    def observe(self, state: Moving) -> Array:
        angle, speed = state.x
        return jnp.stack([jnp.cos(angle), jnp.sin(angle), speed])

    def move(self, observation: Array, action: Array) -> tuple[Array, Array]:
        """What is seen after an action, and what it pays, from what was seen before it."""
        cos, sin, speed = observation
        moving = Moving(jnp.stack([jnp.arctan2(sin, cos), speed]), jnp.int32(0))
        after, effects = self.step(moving, action, jax.random.key(0))  # nothing is left to chance
        return self.observe(after), effects.reward

    def step(self, state: Moving, action: Array, key: Array) -> tuple[Moving, Effects]:
        angle, speed = state.x
        torque = jnp.clip(action.reshape(()), -2.0, 2.0)
        cost = wrapped(angle) ** 2 + 0.1 * speed**2 + 0.001 * torque**2
        speed = jnp.clip(speed + (15.0 * jnp.sin(angle) + 3.0 * torque) * 0.05, -8.0, 8.0)
        t = state.t + 1
        never = jnp.bool_(False)
        return Moving(jnp.stack([angle + speed * 0.05, speed]), t), Effects(-cost, never, limited(t, self.limit, never))
