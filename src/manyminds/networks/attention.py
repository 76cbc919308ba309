"""Attention and the masks that say who may look at whom: everyone, the past, the earlier in an order, the known.

A mask is a boolean array (L, M): may position l look at position m of the context?
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from manyminds.networks.dense import Dense


def causal(length: int) -> Array:
    """Every position sees itself and what stands before it."""
    return jnp.tril(jnp.ones((length, length), bool))


def in_order(ranks: Array, itself: bool = True) -> Array:
    """Position i sees those that come earlier in the order in which it is number `ranks[i]`; `itself` included or not.

    The order 0, 1, 2, ... with `itself` is the causal mask.
    """
    return ranks[:, None] >= ranks[None] if itself else ranks[:, None] > ranks[None]


def only(known: Array) -> Array:
    """Every position sees the known ones (boolean, shape (M,)) and nothing else."""
    return jnp.broadcast_to(known, (known.shape[0], known.shape[0]))


class Attention(eqx.Module):
    """Scaled dot-product attention with heads (Vaswani et al., arXiv 1706.03762, section 3.2)."""

    query: Dense
    key: Dense
    value: Dense
    out: Dense
    heads: int = eqx.field(static=True)

    def __init__(self, size: int, heads: int, key: Array) -> None:
        if size % heads:
            raise ValueError(f"{size} channels cannot be shared among {heads} heads; make one a multiple of the other")
        keys = jax.random.split(key, 4)
        self.query, self.key, self.value, self.out = (Dense(size, size, own) for own in keys)
        self.heads = heads

    def __call__(self, x: Array, mask: Array | None = None, context: Array | None = None) -> Array:
        """(L, size) -> (L, size). `context` (M, size) is what is looked at, `x` itself when None; who may look at
        nothing gets 0 (plus the bias of the last map), not an average of what it must not see."""
        seen = x if context is None else context

        def split(dense: Dense, of: Array) -> Array:
            return jax.vmap(dense)(of).reshape(of.shape[0], self.heads, -1)

        q, k, v = split(self.query, x), split(self.key, seen), split(self.value, seen)
        scores = jnp.einsum("lhc,mhc->hlm", q, k) / jnp.sqrt(jnp.float32(q.shape[-1]))
        weights = jax.nn.softmax(scores, axis=-1) if mask is None else masked_softmax(scores, mask)
        mixed = jnp.einsum("hlm,mhc->lhc", weights, v).reshape(x.shape[0], -1)
        return jax.vmap(self.out)(mixed)


def masked_softmax(scores: Array, mask: Array) -> Array:
    """Softmax over the last axis among what `mask` allows; all 0 in a row that allows nothing."""
    low = jnp.finfo(scores.dtype).min
    return jnp.where(mask, jax.nn.softmax(jnp.where(mask, scores, low), axis=-1), 0.0)


class Block(eqx.Module):
    """A residual block: attention, then two dense layers, a layer norm before each (arXiv 2002.04745)."""

    attention: Attention
    widen: Dense
    narrow: Dense
    before: eqx.nn.LayerNorm
    between: eqx.nn.LayerNorm

    def __init__(self, size: int, heads: int, key: Array, expand: int = 4) -> None:
        to_attention, to_widen, to_narrow = jax.random.split(key, 3)
        self.attention = Attention(size, heads, to_attention)
        self.widen = Dense(size, expand * size, to_widen)
        self.narrow = Dense(expand * size, size, to_narrow)
        self.before, self.between = eqx.nn.LayerNorm(size), eqx.nn.LayerNorm(size)

    def __call__(self, x: Array, mask: Array | None = None, context: Array | None = None) -> Array:
        """(L, size) -> (L, size); `context` is taken as it is, `x` through the norm."""
        x = x + self.attention(jax.vmap(self.before)(x), mask, context)
        return x + jax.vmap(lambda own: self.narrow(jax.nn.gelu(self.widen(self.between(own)))))(x)
