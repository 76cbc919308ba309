"""The house model's decoder: a Llama-style transformer in JAX that reads and writes the files of `transformers`.

RMSNorm (arXiv 1910.07467), rotary positions (arXiv 2104.09864), grouped-query attention (arXiv 2305.13245), SwiGLU
(arXiv 2002.05202), embeddings shared between input and output. Weights keep the names and the layout, (out, in), of a
`LlamaForCausalLM`, so `config.json` and `model.safetensors` of a folder serve both.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

LOW = -1e30  # a score that no softmax notices


@dataclass(frozen=True)
class Shape:
    """What decides the arrays of a decoder."""

    vocab: int = 1024
    size: int = 256  # channels between the layers
    layers: int = 6
    heads: int = 8
    groups: int = 4  # key and value heads; every one serves heads / groups query heads
    hidden: int = 688  # channels within a SwiGLU
    context: int = 512
    base: float = 10_000.0  # of the rotary angles
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        return self.size // self.heads

    @property
    def parameters(self) -> int:
        attention = 2 * self.size * self.head * (self.heads + self.groups)
        return (
            self.vocab * self.size + self.size + self.layers * (attention + 3 * self.size * self.hidden + 2 * self.size)
        )


SIZES = {
    "XS": Shape(512, 128, 4, 4, 2, 352, 256),
    "T": Shape(1024, 192, 6, 4, 2, 512, 512),  # 2.8 M: more tokens in the same time
    "S": Shape(),
    "M": Shape(1024, 320, 8, 8, 4, 864, 512),
}


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def contract(axes: str, numbers: Any, a: Array, b: Array) -> Array:
    """`einsum(axes, a, b)` with factors rounded to the dtype `numbers` and sums in float32, the same way backwards."""
    return jnp.einsum(axes, a.astype(numbers), b.astype(numbers), preferred_element_type=jnp.float32)


def _forward(axes: str, numbers: Any, a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
    a, b = a.astype(numbers), b.astype(numbers)
    return jnp.einsum(axes, a, b, preferred_element_type=jnp.float32), (a, b)


def _backward(axes: str, numbers: Any, kept: tuple[Array, Array], given: Array) -> tuple[Array, Array]:
    inputs, out = axes.split("->")
    left, right = inputs.split(",")
    (a, b), given = kept, given.astype(numbers)
    to_a = jnp.einsum(f"{out},{right}->{left}", given, b, preferred_element_type=jnp.float32)
    to_b = jnp.einsum(f"{out},{left}->{right}", given, a, preferred_element_type=jnp.float32)
    return to_a, to_b


contract.defvjp(_forward, _backward)


class Layer(eqx.Module):
    """One block: attention, then SwiGLU, each after a norm and added to what came in."""

    q: Array  # (heads * head, size)
    k: Array  # (groups * head, size)
    v: Array
    o: Array  # (size, heads * head)
    gate: Array  # (hidden, size)
    up: Array
    down: Array  # (size, hidden)
    before: Array  # (size,) the scale of the norm before attention
    between: Array  # and of the one before the SwiGLU

    @classmethod
    def drawn(cls, shape: Shape, key: Array) -> "Layer":
        rows = {"q": (shape.heads * shape.head, shape.size), "k": (shape.groups * shape.head, shape.size),
                "v": (shape.groups * shape.head, shape.size), "o": (shape.size, shape.heads * shape.head),
                "gate": (shape.hidden, shape.size), "up": (shape.hidden, shape.size),
                "down": (shape.size, shape.hidden)}  # fmt: skip
        keys = dict(zip(rows, jax.random.split(key, len(rows))))
        # As large as keeps the size of what goes through; what is added to the stream is smaller in deeper models.
        usual = shape.size**-0.5
        scale = {name: usual / (2 * shape.layers) ** 0.5 if name in ("o", "down") else usual for name in rows}
        weights = {name: scale[name] * jax.random.normal(keys[name], rows[name]) for name in rows}
        return cls(**weights, before=jnp.ones(shape.size), between=jnp.ones(shape.size))


class Decoder(eqx.Module):
    """The weights, and what they make of tokens."""

    embedding: Array  # (vocab, size), input and output
    layers: tuple[Layer, ...]
    norm: Array  # (size,)
    shape: Shape = eqx.field(static=True)

    @classmethod
    def drawn(cls, shape: Shape, key: Array) -> "Decoder":
        first, *keys = jax.random.split(key, shape.layers + 1)
        # Smaller ones would be lost under what the first layers add to them: looking up is then learned late or never.
        embedding = 0.1 * jax.random.normal(first, (shape.vocab, shape.size))
        layers = tuple(Layer.drawn(shape, own) for own in keys)
        return cls(embedding, layers, jnp.ones(shape.size), shape)

    @classmethod
    def like(cls, shape: Shape) -> "Decoder":
        """The structure alone: shapes and dtypes without numbers."""
        found: Decoder = eqx.filter_eval_shape(cls.drawn, shape, jax.random.key(0))
        return found

    def __call__(self, tokens: Array, documents: Array | None = None, numbers: Any = jnp.float32) -> Array:
        """Logits (rows, length, vocab) after every token of `tokens` (rows, length).

        `documents` (rows, length) numbers the texts that share a row: none sees another. Because angles are relative,
        positions need not start again with each of them.
        """
        length = tokens.shape[1]
        seen = jnp.tril(jnp.ones((length, length), bool))[None]
        if documents is not None:
            seen = seen & (documents[:, :, None] == documents[:, None, :])
        turn = angles(self.shape, jnp.arange(length)[None])
        x = self.embedding[tokens]
        for layer in self.layers:
            x = block(layer, self.shape, x, turn, seen, numbers)[0]
        return self.logits(x, numbers)

    def logits(self, x: Array, numbers: Any = jnp.float32) -> Array:
        return contract("...i,oi->...o", numbers, normed(x, self.norm, self.shape.epsilon), self.embedding)


def normed(x: Array, scale: Array, epsilon: float) -> Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + epsilon) * scale


def angles(shape: Shape, positions: Array) -> tuple[Array, Array]:
    """Cosine and sine of the rotary angles: positions (rows, length) -> (rows, length, 1, head) each."""
    rates = shape.base ** (-jnp.arange(0, shape.head, 2, dtype=jnp.float32) / shape.head)
    angle = positions[..., None].astype(jnp.float32) * rates
    both = jnp.concatenate([angle, angle], axis=-1)[:, :, None]
    return jnp.cos(both), jnp.sin(both)


def turned(x: Array, turn: tuple[Array, Array]) -> Array:
    """x (rows, length, heads, head), each pair of channels (i, i + head / 2) turned by its angle."""
    low, high = jnp.split(x, 2, axis=-1)
    return x * turn[0] + jnp.concatenate([-high, low], axis=-1) * turn[1]


def projected(
    layer: Layer, shape: Shape, x: Array, turn: tuple[Array, Array], numbers: Any
) -> tuple[Array, Array, Array]:
    """Queries (rows, length, groups, heads / groups, head), keys and values (rows, length, groups, head) of x."""
    rows, length, _ = x.shape
    inner = normed(x, layer.before, shape.epsilon)
    dense = partial(contract, "bti,oi->bto", numbers, inner)
    q = turned(dense(layer.q).reshape(rows, length, shape.heads, shape.head), turn)
    k = turned(dense(layer.k).reshape(rows, length, shape.groups, shape.head), turn)
    v = dense(layer.v).reshape(rows, length, shape.groups, shape.head)
    return q.reshape(rows, length, shape.groups, -1, shape.head), k, v


def block(
    layer: Layer, shape: Shape, x: Array, turn: tuple[Array, Array], seen: Array, numbers: Any
) -> tuple[Array, Array, Array]:
    """One layer over whole texts: x (rows, length, size), `seen` (rows or 1, length, length), where nothing sees what
    comes after it.

    Attention goes by blocks of queries, each with the keys up to its end: what would be masked is not computed.
    """
    q, k, v = projected(layer, shape, x, turn, numbers)
    length = x.shape[1]
    step = max(64, length // 4)
    blocks = [(begin, min(begin + step, length)) for begin in range(0, length, step)]
    mixed = [
        attended(q[:, begin:end], k[:, :end], v[:, :end], seen[:, begin:end, :end], numbers) for begin, end in blocks
    ]
    return finished(layer, shape, x, jnp.concatenate(mixed, axis=1), numbers), k, v


def attended(q: Array, k: Array, v: Array, seen: Array, numbers: Any) -> Array:
    """What the queries (rows, queries, groups, heads / groups, head) get of the values (rows, keys, groups, head)."""
    scores = contract("btgrd,bsgd->bgrts", numbers, q * q.shape[-1] ** -0.5, k)
    weights = jax.nn.softmax(jnp.where(seen[:, None, None], scores, LOW), axis=-1)
    mixed: Array = contract("bgrts,bsgd->btgrd", numbers, weights, v)
    return mixed


def finished(layer: Layer, shape: Shape, x: Array, mixed: Array, numbers: Any) -> Array:
    """The rest of a layer after attention has mixed the values."""
    rows, length, _ = x.shape
    x = x + contract("bti,oi->bto", numbers, mixed.reshape(rows, length, -1), layer.o)
    inner = normed(x, layer.between, shape.epsilon)
    dense = partial(contract, "bti,oi->bto", numbers, inner)
    return x + contract("bti,oi->bto", numbers, jax.nn.silu(dense(layer.gate)) * dense(layer.up), layer.down)
