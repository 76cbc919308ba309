"""Models of token sequences from layers that map (L, size) to (L, size): embedding, residual layers, logits."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from manyminds.networks.dense import Dense


class SequenceModel(eqx.Module):
    """Residual layers between an embedding and a linear read-out; `norm` puts a root-mean-square norm before each."""

    embedding: Array
    layers: tuple[eqx.Module, ...]
    norms: tuple[eqx.nn.RMSNorm, ...]
    final: eqx.nn.RMSNorm | None
    readout: Dense

    def __init__(
        self,
        vocabulary: int,
        size: int,
        layer: Callable[[Array], eqx.Module],
        depth: int,
        key: Array,
        norm: bool = True,
    ) -> None:
        to_embed, to_read, *keys = jax.random.split(key, depth + 2)
        self.embedding = 0.5 * jax.random.normal(to_embed, (vocabulary, size), jnp.float32)
        self.layers = tuple(layer(k) for k in keys)
        self.norms = tuple(eqx.nn.RMSNorm(size, use_bias=False) for _ in keys) if norm else ()
        self.final = eqx.nn.RMSNorm(size, use_bias=False) if norm else None
        self.readout = Dense(size, vocabulary, to_read)

    def __call__(self, tokens: Array, key: Array | None = None) -> Array:
        """Logits (L, vocabulary) of one sequence of token ids (L,)."""
        x = self.embedding[tokens]
        for i, layer in enumerate(self.layers):
            own = None if key is None else jax.random.fold_in(key, i)
            seen = jax.vmap(self.norms[i])(x) if self.norms else x
            x = x + layer(seen, own)
        if self.final is not None:
            x = jax.vmap(self.final)(x)
        return jax.vmap(self.readout)(x)


def answered(logits: Array, targets: Array, asked: Array) -> tuple[Array, Array]:
    """Mean log-loss (nats) and accuracy over the asked positions of one sequence."""
    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), targets[:, None], 1)[:, 0]
    right = jnp.argmax(logits, 1) == targets
    total = asked.sum()
    return (losses * asked).sum() / total, (right * asked).sum() / total
