"""Networks over partial assignments: the log-probability of what is known, and of each symbol where nothing is.

A partial assignment is an int32 vector (size,): 0 where a variable is unknown, 1 to `symbols` where it is known. A
marginal network says log p(x_S) in one pass; an any-order conditional network says the logits of every position's
symbol, given the known ones (arXiv 2310.12920, section 3).
"""

from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core import BadInput
from manyminds.networks.attention import Block
from manyminds.networks.dense import Dense, Initialiser, uniform


class MarginalModel(Protocol):
    """What training, sampling and measuring need of a model."""

    size: int
    symbols: int
    log_z0: float

    def head(self, x: Array) -> Array:
        """The raw output for one partial assignment: log p(x_S) + log_z0."""

    def logits(self, x: Array) -> Array:
        """Unnormalised log-probabilities of the symbols 1 to `symbols` at every position, shape (size, symbols)."""


def log_marginal(model: MarginalModel, x: Array) -> Array:
    """log p(x_S). Forgetting the offset would leave every log-probability off by log_z0."""
    return model.head(x) - model.log_z0


def zeros() -> Initialiser:
    """All weights 0: a network whose last layer begins so begins as the uniform law."""
    return lambda key, shape: jnp.zeros(shape, jnp.float32)


def one_hot(x: Array, symbols: int) -> Array:
    """(size,) -> (size (symbols + 1),): unknown has a place of its own."""
    return jax.nn.one_hot(x, symbols + 1, dtype=jnp.float32).ravel()


class ResidualLayers(eqx.Module):
    """Dense layers with leaky ReLU and a residual around each but the first and the last; the last begins at 0."""

    first: Dense
    hidden: tuple[Dense, ...]
    last: Dense

    def __init__(self, inputs: int, outputs: int, width: int, depth: int, key: Array) -> None:
        keys = jax.random.split(key, depth + 1)
        he = uniform((6 / width) ** 0.5 / depth)
        self.first = Dense(inputs, width, keys[0], uniform())
        self.hidden = tuple(Dense(width, width, own, he) for own in keys[1:-1])
        self.last = Dense(width, outputs, keys[-1], zeros())

    def __call__(self, x: Array) -> Array:
        x = jax.nn.leaky_relu(self.first(x))
        for layer in self.hidden:
            x = x + jax.nn.leaky_relu(layer(x))
        return self.last(x)


class Dual(eqx.Module):
    """Two separate dense networks, one a marginal head and one an any-order conditional.

    With `pairwise` (ours) a quadratic form of the one-hot input is added to the marginal head and, as its counterpart,
    a linear one to the logits. Dense layers alone find a sum over pairs of 100 variables very slowly, and stay at a law
    without correlations until then.
    """

    marginal: ResidualLayers
    conditional: ResidualLayers
    pairs: Array | None  # (inputs, inputs)
    direct: Array | None  # (size symbols, inputs)
    size: int = eqx.field(static=True)
    symbols: int = eqx.field(static=True)
    log_z0: float = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        symbols: int,
        key: Array,
        width: int = 256,
        depth: int = 3,
        log_z0: float = 0.0,
        pairwise: bool = False,
    ) -> None:
        to_marginal, to_conditional = jax.random.split(key)
        inputs = size * (symbols + 1)
        self.marginal = ResidualLayers(inputs, 1, width, depth, to_marginal)
        self.conditional = ResidualLayers(inputs, size * symbols, width, depth, to_conditional)
        self.pairs = jnp.zeros((inputs, inputs), jnp.float32) if pairwise else None
        self.direct = jnp.zeros((size * symbols, inputs), jnp.float32) if pairwise else None
        self.size, self.symbols, self.log_z0 = size, symbols, log_z0

    def head(self, x: Array) -> Array:
        seen = one_hot(x, self.symbols)
        said = self.marginal(seen)[0]
        return said if self.pairs is None else said + seen @ self.pairs @ seen

    def logits(self, x: Array) -> Array:
        seen = one_hot(x, self.symbols)
        said = self.conditional(seen)
        said = said if self.direct is None else said + self.direct @ seen
        return said.reshape(self.size, self.symbols)


class MaskedTransformer(eqx.Module):
    """One transformer without a causal mask and two read-outs: logits at each position, and the marginal from the mean
    over positions (our choice of pooling)."""

    embedding: Array
    place: Array
    blocks: tuple[Block, ...]
    final: eqx.nn.LayerNorm
    readout: Dense
    widen: Dense
    marginal: Dense
    size: int = eqx.field(static=True)
    symbols: int = eqx.field(static=True)
    log_z0: float = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        symbols: int,
        key: Array,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        log_z0: float = 0.0,
    ) -> None:
        keys = jax.random.split(key, depth + 5)
        self.embedding = 0.5 * jax.random.normal(keys[0], (symbols + 1, width), jnp.float32)
        self.place = 0.5 * jax.random.normal(keys[1], (size, width), jnp.float32)
        self.blocks = tuple(Block(width, heads, own) for own in keys[5:])
        self.final = eqx.nn.LayerNorm(width)
        self.readout = Dense(width, symbols, keys[2], zeros())
        self.widen = Dense(width, 4 * width, keys[3])
        self.marginal = Dense(4 * width, 1, keys[4], zeros())
        self.size, self.symbols, self.log_z0 = size, symbols, log_z0

    def trunk(self, x: Array) -> Array:
        seen = self.embedding[x] + self.place
        for block in self.blocks:
            seen = block(seen)
        return jax.vmap(self.final)(seen)

    def head(self, x: Array) -> Array:
        pooled = self.trunk(x).mean(0)
        return self.marginal(jax.nn.gelu(self.widen(pooled)))[0]

    def logits(self, x: Array) -> Array:
        return jax.vmap(self.readout)(self.trunk(x))


def only_marginal(model: Any) -> Any:
    """A tree like `model` that is true on the arrays of the marginal head alone: what stage two of maximum likelihood
    trains while the conditionals stay as they are."""
    nothing = jax.tree.map(lambda _: False, model)

    def parts(m: Any) -> tuple[Any, ...]:
        if isinstance(model, MaskedTransformer):
            return (m.widen, m.marginal)
        return (m.marginal,) if model.pairs is None else (m.marginal, m.pairs)

    arrays = jax.tree.map(eqx.is_inexact_array, parts(model))
    return eqx.tree_at(parts, nothing, arrays)


def features_shared(model: Any) -> Any:
    """The model with a marginal head that begins with the features of the conditionals, where the two are apart: stage
    two then learns to read them instead of learning them anew from one number a string."""
    if not isinstance(model, Dual):
        return model
    return eqx.tree_at(lambda m: (m.marginal.first, m.marginal.hidden), model,
                       (model.conditional.first, model.conditional.hidden))  # fmt: skip


def checked(x: Any, size: int, symbols: int) -> np.ndarray:
    """`x` as int32 (..., size); raises BadInput naming the first entry that is no symbol, or the wrong length."""
    x = np.asarray(x)
    if x.ndim == 0 or x.shape[-1] != size:
        raise BadInput(f"the model has {size} variables, and what is asked about has the shape {x.shape}")
    if not np.issubdtype(x.dtype, np.integer):
        raise BadInput(f"symbols are integers from 0 (unknown) to {symbols}, not {x.dtype}")
    wrong = np.argwhere((x < 0) | (x > symbols))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise BadInput(f"symbols go from 0 (unknown) to {symbols}; at {at} stands {int(x[at])}")
    return x.astype(np.int32)


@eqx.filter_jit
def marginals(model: MarginalModel, x: Array) -> Array:
    """log p(x_S) of a batch (n, size), in one pass; exactly 0 where nothing is known."""
    return jnp.where((x == 0).all(1), 0.0, jax.vmap(lambda own: log_marginal(model, own))(x))


def queried(model: MarginalModel, x: Any, chunk: int = 8192) -> np.ndarray:
    """log p(x_S) of checked partial assignments (..., size), `chunk` of them at a time."""
    x = checked(x, model.size, model.symbols)
    rows = x.reshape(-1, model.size)
    if len(rows) <= chunk:
        return np.asarray(marginals(model, jnp.asarray(rows))).reshape(x.shape[:-1])
    padded = np.concatenate([rows, np.zeros((-len(rows) % chunk, model.size), np.int32)])
    parts = [np.asarray(marginals(model, jnp.asarray(part))) for part in np.split(padded, len(padded) // chunk)]
    return np.concatenate(parts)[: len(rows)].reshape(x.shape[:-1])
