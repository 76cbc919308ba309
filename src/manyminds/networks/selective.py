"""Selective state spaces (Gu and Dao, arXiv 2312.00752): one recurrence, written as a scan, in parallel, as attention.

For channel d, with step D_l > 0, decay rates a > 0, inputs B_l and outputs C_l of N states:

    h_l = exp(-a D_l) h_{l-1} + D_l B_l x_l,    y_l = C_l' h_l.

When the rates of a channel are one number, y_l = sum_{j<=l} (C_l' B_j) D_j exp(-a sum_{k=j+1}^l D_k) x_j: masked linear
attention with a decay (arXiv 2410.03292, section 2; arXiv 2405.21060 for the duality).
"""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.networks.dense import Dense, uniform
from manyminds.networks.sorting import softsort

Product = Literal["free", "positive", "negative", "mixed"]
Reorder = Literal["none", "learned", "random"]


def scanned(x: Array, step: Array, rates: Array, b: Array, c: Array) -> Array:
    """The recurrence, position by position. `x`, `step`: (L, D); `rates`: (D, N); `b`, `c`: (L, N). Gives (L, D)."""

    def one(h: Array, at: tuple[Array, Array, Array, Array]) -> tuple[Array, Array]:
        x, step, b, c = at
        h = jnp.exp(-rates * step[:, None]) * h + (step * x)[:, None] * b
        return h, h @ c

    return lax.scan(one, jnp.zeros(rates.shape, x.dtype), (x, step, b, c))[1]


def scanned_in_parallel(x: Array, step: Array, rates: Array, b: Array, c: Array) -> Array:
    """The same by an associative scan: log L rounds instead of L, at the price of all states in memory."""
    keep = jnp.exp(-rates * step[..., None])  # (L, D, N)
    enter = (step * x)[..., None] * b[:, None]

    def after(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        return first[0] * second[0], second[0] * first[1] + second[1]

    _, h = lax.associative_scan(after, (keep, enter))
    return jnp.einsum("ldn,ln->ld", h, c)


def attended(x: Array, step: Array, rates: Array, b: Array, c: Array) -> Array:
    """The same as attention, for one decay rate a channel: `rates` has shape (D,)."""
    total = jnp.cumsum(rates * step, axis=0)
    score = jnp.tril(c @ b.T)
    kernel = jnp.exp(jnp.minimum(total[None] - total[:, None], 0.0))  # (l, j, D); later j are masked by the score
    return jnp.einsum("lj,ljd,jd->ld", score, kernel, step * x)


class Maps(eqx.Module):
    """The maps to C and B with a chosen sign of S_C' S_B (arXiv 2410.03292, section 4.1).

    U (N, E) begins with a unit upper triangle; S_C = U and S_B = diag(e) U, so that S_C' S_B = U' diag(e) U has as many
    positive and negative eigenvalues as e (Sylvester), the rest 0. `free` is two plain maps, scaled so that S_C' S_B
    begins with the same Frobenius norm as the others. `strength` scales S_C' S_B; at 0 nothing passes, the control that
    a difference in sign must not survive.
    """

    u: Array
    other: Array | None  # S_B of the free form
    size: Array  # e before its sign, shape (N,)
    product: Product = eqx.field(static=True)
    strength: float = eqx.field(static=True)

    def __init__(self, channels: int, states: int, key: Array, product: Product, strength: float = 1.0) -> None:
        to_u, to_other = jax.random.split(key)
        self.product, self.strength = product, strength
        self.u = uniform()(to_u, (states, channels))
        self.size = jnp.zeros(states, jnp.float32)
        self.other = None
        if product == "free":
            other = uniform()(to_other, (states, channels))
            shaped = unit_triangular(self.u)
            wanted = (jnp.log(2.0) + 0.7) * jnp.linalg.norm(shaped.T @ shaped)
            scale = jnp.sqrt(wanted / jnp.linalg.norm(self.u.T @ other))
            self.u, self.other = self.u * scale, other * scale

    @property
    def c(self) -> Array:
        if self.product == "free":
            return self.u
        return unit_triangular(self.u)

    @property
    def b(self) -> Array:
        if self.other is not None:
            return self.strength * self.other
        # The offset keeps e away from 0, where its sign would mean nothing; the mixed form is the only one without it.
        e = jax.nn.softplus(self.size)
        half = jnp.arange(self.size.shape[0]) < self.size.shape[0] // 2
        signed = {"positive": e + 0.7, "negative": -(e + 0.7), "mixed": jnp.where(half, e, -e)}
        return self.strength * signed[self.product][:, None] * self.c


def unit_triangular(u: Array) -> Array:
    """`u` (N, E) with its first N columns made upper triangular with a unit diagonal: full rank whatever `u` is."""
    n = u.shape[0]
    return jnp.concatenate([jnp.triu(u[:, :n], 1) + jnp.eye(n, dtype=u.dtype), u[:, n:]], axis=1)


class Selective(eqx.Module):
    """A selective state space layer as in Mamba: gate, short causal convolution, scan, residual of the input.

    `reorder` sorts the input of the scan, softly, by an importance that is linear in the step before its softplus
    (arXiv 2410.03292, section 4.2); `restore` puts the outputs back in their places, which the released code does not.
    """

    enter: Dense
    kernel: Array  # (width, E)
    maps: Maps
    narrow: Array  # (rank, E)
    widen: Dense
    log_rates: Array  # (E, N)
    skip: Array
    leave: Dense
    importance: Array
    reorder: Reorder = eqx.field(static=True)
    restore: bool = eqx.field(static=True)
    temperature: float = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        key: Array,
        states: int = 16,
        expand: int = 2,
        product: Product = "free",
        strength: float = 1.0,
        reorder: Reorder = "none",
        restore: bool = True,
        temperature: float = 1.0,
    ) -> None:
        keys = jax.random.split(key, 7)
        inner, rank = size * expand, -(-size // 16)
        self.enter = Dense(size, 2 * inner, keys[0])
        self.kernel = uniform(0.5)(keys[1], (4, inner))
        self.maps = Maps(inner, states, keys[2], product, strength)
        self.narrow = uniform()(keys[3], (rank, inner))
        # Steps begin between .001 and .1, on a logarithmic scale: softplus of the bias.
        steps = jnp.exp(jax.random.uniform(keys[5], (inner,), jnp.float32, jnp.log(1e-3), jnp.log(0.1)))
        widen = Dense(rank, inner, keys[4], uniform(rank**-0.5))
        self.widen = eqx.tree_at(lambda dense: dense.bias, widen, steps + jnp.log(-jnp.expm1(-steps)))
        self.log_rates = jnp.log(jnp.broadcast_to(jnp.arange(1, states + 1, dtype=jnp.float32), (inner, states)))
        self.skip = jnp.ones(inner, jnp.float32)
        self.leave = Dense(inner, size, keys[6])
        self.importance = jnp.full(inner, 1.0 / inner, jnp.float32)
        self.reorder, self.restore, self.temperature = reorder, restore, temperature

    def __call__(self, x: Array, key: Array | None = None) -> Array:
        """(L, size) -> (L, size). `key` is needed for a random order only."""
        inner, gate = jnp.split(jax.vmap(self.enter)(x), 2, axis=1)
        padded = jnp.pad(inner, ((len(self.kernel) - 1, 0), (0, 0)))
        inner = jax.nn.silu(sum(padded[i : i + len(x)] * w for i, w in enumerate(self.kernel)))
        order = self.order(inner, key)
        moved = inner if order is None else order @ inner
        out = scanned(moved, self.step(moved), jnp.exp(self.log_rates), moved @ self.maps.b.T, moved @ self.maps.c.T)
        out = out + self.skip * moved
        if order is not None and self.restore:
            out = order.T @ out
        return jax.vmap(self.leave)(out * jax.nn.silu(gate))

    def raw_step(self, inner: Array) -> Array:
        return jax.vmap(self.widen)(inner @ self.narrow.T)

    def step(self, inner: Array) -> Array:
        return jax.nn.softplus(self.raw_step(inner))

    def order(self, inner: Array, key: Array | None) -> Array | None:
        """The (soft) permutation of positions, or None."""
        if self.reorder == "none":
            return None
        if self.reorder == "random":
            if key is None:
                raise ValueError("a random order needs a key")
            return jnp.eye(len(inner), dtype=inner.dtype)[jax.random.permutation(key, len(inner))]
        return softsort(self.raw_step(inner) @ self.importance, self.temperature)
