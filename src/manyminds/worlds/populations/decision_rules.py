"""Lower-level policies that all agents of a swarm share: what a vector xi makes of an observation y.

A rule Lambda(xi) draws an action for each agent from its own observation alone. Kernel mixtures are Lipschitz in y,
which the theory needs (arXiv 2307.06175, assumption 1b); histograms jump at the edges of their bins, and do not.
"""

from dataclasses import dataclass
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

LEAST = 1e-3  # of a standard deviation, so that none underflows


class Rule(Protocol):
    @property
    def size(self) -> int:
        """How many numbers xi has."""

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        """Actions (N, du) in [-1, 1] from observations (N, dy)."""


def grid(low: float, high: float, per_side: int, dims: int) -> np.ndarray:
    """The centres of equal cells of a box: (per_side^dims, dims)."""
    side = low + (np.arange(per_side) + 0.5) * (high - low) / per_side
    return np.stack(np.meshgrid(*[side] * dims, indexing="ij"), -1).reshape(-1, dims)


def circle(count: int) -> np.ndarray:
    """Points on the unit circle, (count, 2)."""
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angle), np.sin(angle)], 1)


@dataclass(frozen=True)
class Mixture:
    """pi(. | y) = sum_b weight_b(y) N(m_b, d_b^2), clipped to the box; xi holds the m_b and d_b, squashed by tanh.

    `dims` observations in [low, high] each are covered by per_side^dims centres; `actions` numbers an action."""

    dims: int
    actions: int
    low: float = -1.0
    high: float = 1.0
    per_side: int = 3
    ring: bool = False  # the centres are 2 per_side points of the unit circle instead, for two observations
    width: float | None = None  # of the kernels; half the distance of neighbouring centres when not given
    kernel: bool = True  # else each y belongs to the nearest centre alone: a histogram

    @property
    def centres(self) -> np.ndarray:
        return circle(2 * self.per_side) if self.ring else grid(self.low, self.high, self.per_side, self.dims)

    @property
    def size(self) -> int:
        return 2 * self.actions * len(self.centres)

    @property
    def bandwidth(self) -> float:
        """The width of the kernels. Kernels as wide as their centres are apart would leave hardly a place where
        one part is followed more often than not, and so no rule that does anything firmly."""
        apart = 2 * np.sin(np.pi / len(self.centres)) if self.ring else (self.high - self.low) / self.per_side
        return float(self.width or apart / 2)

    def parts(self, xi: Array) -> tuple[Array, Array]:
        """Means and standard deviations of the components, (B, du) each. Nothing that xi may be leaves the box."""
        mean, spread = jnp.tanh(xi).reshape(2, -1, self.actions)
        return mean, (spread + 1) / 4 + LEAST

    def log_weights(self, y: Array) -> Array:
        """Unnormalised log-weights of the components (N, B). Far from all centres the nearest one keeps its weight,
        because only differences of logarithms count."""
        far = ((y[:, None, :] - jnp.asarray(self.centres, y.dtype)) ** 2).sum(-1)
        if not self.kernel:
            return jnp.where(jnp.arange(far.shape[1]) == far.argmin(1)[:, None], 0.0, -jnp.inf)
        return -far / (2 * self.bandwidth**2)

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        to_part, to_noise = jax.random.split(key)
        mean, spread = self.parts(xi)
        weights = jax.nn.softmax(self.log_weights(y), -1)
        upto = np.triu(np.ones((weights.shape[1], weights.shape[1] - 1), np.float32))
        steps = weights @ upto  # cumulative sums; a small product of matrices is faster than a scan
        part = (jax.random.uniform(to_part, (len(y), 1)) >= steps).sum(-1)
        noise = jax.random.normal(to_noise, (len(y), self.actions), y.dtype)
        return jnp.clip(mean[part] + spread[part] * noise, -1, 1)


@dataclass(frozen=True)
class Linear:
    """u = -K y with one gain K in (0, 1) and no noise, for the linear-quadratic world; its actions are not clipped."""

    size = 1

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        return -jax.nn.sigmoid(xi) * y


@dataclass(frozen=True)
class Coins:
    """Action 1 with one chance for each of a few discrete observations; y is the observation's number."""

    size: int = 2

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        chance = jax.nn.sigmoid(xi)[y[:, 0].astype(jnp.int32)]
        return (jax.random.uniform(key, chance.shape) < chance).astype(jnp.float32)[:, None]
