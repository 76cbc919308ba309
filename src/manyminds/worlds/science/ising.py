"""An Ising lattice on a torus: its energy on arrays, its Gibbs sampler, and what is measured on its spins.

A configuration is int32 (length^2,) of symbols 1 and 2, which are the spins -1 and 1 (0 is unknown and has no energy).
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax


@dataclass(frozen=True)
class Lattice:
    """A torus of `length` times `length` spins with f(s) = s' J s + b sum s, J = sigma times the adjacency matrix."""

    length: int = 10
    sigma: float = 0.1
    b: float = 0.2

    def __post_init__(self) -> None:
        if self.length < 3:
            raise ValueError(f"a torus has sides of at least 3, where all four neighbours differ, not {self.length}")

    @property
    def size(self) -> int:
        return self.length**2

    def spins(self, x: Array) -> Array:
        return (2 * x - 3).astype(jnp.float32).reshape(*x.shape[:-1], self.length, self.length)

    def energy(self, x: Array) -> Array:
        """f, the unnormalised log-probability; every edge counts twice, as J is symmetric. x: (..., size)."""
        s = self.spins(x)
        pairs = s * (jnp.roll(s, 1, -1) + jnp.roll(s, 1, -2))
        return (2 * self.sigma * pairs + self.b * s).sum((-1, -2))

    def magnetisation(self, x: Array) -> Array:
        """The mean spin of each configuration."""
        return self.spins(x).mean((-1, -2))

    def correlation(self, x: Array) -> Array:
        """The mean product of neighbouring spins of each configuration."""
        s = self.spins(x)
        return (s * (jnp.roll(s, 1, -1) + jnp.roll(s, 1, -2))).mean((-1, -2)) / 2

    def matrix(self) -> np.ndarray:
        """J, (size, size)."""
        places = np.arange(self.size).reshape(self.length, self.length)
        j = np.zeros((self.size, self.size))
        for axis in (0, 1):
            j[places, np.roll(places, 1, axis)] = j[np.roll(places, 1, axis), places] = self.sigma
        return j

    @partial(jax.jit, static_argnums=(0, 2, 3))
    def gibbs(self, key: Array, chains: int, sweeps: int) -> Array:
        """`chains` configurations (chains, size) after `sweeps` sweeps of single-site Gibbs from random ones."""
        around = jnp.asarray(self.matrix() / self.sigma if self.sigma else self.matrix(), jnp.float32)
        start, walk = jax.random.split(key)
        s = 2.0 * jax.random.bernoulli(start, 0.5, (chains, self.size)).astype(jnp.float32) - 1

        def site(s: Array, step: Array) -> tuple[Array, None]:
            place = step % self.size
            field = 2 * self.sigma * s @ around[place] + self.b
            up = jax.random.uniform(jax.random.fold_in(walk, step), (chains,)) < jax.nn.sigmoid(2 * field)
            return s.at[:, place].set(jnp.where(up, 1.0, -1.0)), None

        s, _ = lax.scan(site, s, jnp.arange(sweeps * self.size))
        return ((s + 3) / 2).astype(jnp.int32)
