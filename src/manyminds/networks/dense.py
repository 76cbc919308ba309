"""Dense networks with the initialisers that papers name, in one place; all weights are float32."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

Initialiser = Callable[[Array, tuple[int, int]], Array]  # (key, (fan out, fan in)) -> weights


def orthogonal(gain: float = 1.0) -> Initialiser:
    """Rows or columns orthonormal, times `gain` (Saxe et al., arXiv 1312.6120)."""
    return lambda key, shape: jax.nn.initializers.orthogonal(gain)(key, shape, jnp.float32)


def uniform(bound: float | None = None) -> Initialiser:
    """Uniform in plus or minus `bound`; without one, 1 / sqrt(fan in), the default of most frameworks."""

    def draw(key: Array, shape: tuple[int, int]) -> Array:
        limit = shape[1] ** -0.5 if bound is None else bound
        return jax.random.uniform(key, shape, jnp.float32, -limit, limit)

    return draw


class Dense(eqx.Module):
    """An affine map: weights (out, in) and biases (out,)."""

    weight: Array
    bias: Array

    def __init__(
        self,
        inputs: int,
        outputs: int,
        key: Array,
        initial: Initialiser = uniform(),  # noqa: B008
        bias: float = 0.0,
    ) -> None:
        self.weight = initial(key, (outputs, inputs))
        self.bias = jnp.full((outputs,), bias, jnp.float32)

    def __call__(self, x: Array) -> Array:
        return self.weight @ x + self.bias


class Layers(eqx.Module):
    """Dense layers with an activation between them; the last one is plain. `norm` puts a layer norm before each."""

    layers: tuple[Dense, ...]
    norms: tuple[eqx.nn.LayerNorm, ...]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        sizes: Sequence[int],
        key: Array,
        activation: Callable[[Array], Array] = jax.nn.relu,
        initial: Initialiser = uniform(),  # noqa: B008
        last: Initialiser | None = None,
        bias: float = 0.0,
        norm: bool = False,
    ) -> None:
        keys = jax.random.split(key, len(sizes) - 1)
        kinds = [initial] * (len(sizes) - 2) + [last or initial]
        biases = [bias] * (len(sizes) - 2) + [0.0]
        shapes = list(pairwise(sizes))
        self.layers = tuple(Dense(*shape, key=k, initial=kind, bias=b)
                            for shape, k, kind, b in zip(shapes, keys, kinds, biases))  # fmt: skip
        self.norms = tuple(eqx.nn.LayerNorm(size) for size in sizes[1:-1]) if norm else ()
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        for i, layer in enumerate(self.layers[:-1]):
            x = layer(x)
            x = self.activation(self.norms[i](x) if self.norms else x)
        return self.layers[-1](x)


class Scaled(eqx.Module):
    """Layers whose inputs are brought from between `low` and `high` to [-1, 1], and whose outputs are in `unit`s."""

    layers: Layers
    low: tuple[float, ...] = eqx.field(static=True)
    high: tuple[float, ...] = eqx.field(static=True)
    unit: float = eqx.field(static=True)

    def __call__(self, x: Array) -> Array:
        low, high = jnp.asarray(self.low, x.dtype), jnp.asarray(self.high, x.dtype)
        return self.unit * self.layers(2 * (x - low) / (high - low) - 1)


class WithPrior(eqx.Module):
    """A network plus `scale` times a random one that is never trained (Osband et al., arXiv 1806.03335)."""

    learnt: Layers
    prior: Layers
    scale: float = eqx.field(static=True)

    def __call__(self, x: Array) -> Array:
        arrays, static = eqx.partition(self.prior, eqx.is_array)
        fixed = eqx.combine(jax.tree.map(jax.lax.stop_gradient, arrays), static)
        return self.learnt(x) + self.scale * fixed(x)


def ensemble(make: Callable[[Array], eqx.Module], key: Array, members: int) -> eqx.Module:
    """`members` independent networks as one module whose arrays have a leading axis."""
    return eqx.filter_vmap(make)(jax.random.split(key, members))


def each(network: eqx.Module, *inputs: Array) -> Array:
    """What every member of an ensemble says of the same inputs: the outputs with a leading axis of members."""
    return eqx.filter_vmap(lambda member, *x: member(*x), in_axes=(eqx.if_array(0), *(None for _ in inputs)))(
        network, *inputs
    )


def each_batch(network: eqx.Module, rows: Array) -> Array:
    """What every member of an ensemble says of a batch: (members, rows, outputs).

    `rows` has shape (rows, inputs), the same for all members, or (members, rows, inputs), each member's own.
    """
    own = 0 if rows.ndim == 3 else None
    return eqx.filter_vmap(lambda member, x: jax.vmap(member)(x), in_axes=(eqx.if_array(0), own))(network, rows)
