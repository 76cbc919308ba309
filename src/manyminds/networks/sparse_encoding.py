"""Feature maps for linear models that learn online: the locality sensitive sparse encoding, and its rivals.

Losse (Liu, Du, Lee and Lin, arXiv 2401.13034) projects an input at random, sorts the projections into
groups of `dims`, and lays a grid over each group. An input is the multilinear weights of the corners of the cells it
falls into: `groups * 2**dims` numbers out of `groups * (bins + 1)**dims` are not zero, whatever the size of the grids.
Inputs that are far apart share no corner, so learning at one cannot disturb the other.

Every map is a module with `size` (features D), `active` (non-zeros K at most) and `__call__(x) -> Active`. The maps are
drawn once and never learnt: a map that moves would make all that was summed up before it wrong.
"""

from typing import Literal, NamedTuple, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

Squash = Literal["sigmoid", "clip"]


class Active(NamedTuple):
    """The features of one input that are not zero: where they stand, int32 (K,), all different; what they are, (K,);
    and how many numbers of the input lay outside the bounds and were clipped, int32 ()."""

    index: Array
    value: Array
    outside: Array


class FeatureMap(Protocol):
    """Any of the maps of this file."""

    @property
    def size(self) -> int: ...

    @property
    def active(self) -> int: ...

    def __call__(self, x: Array) -> Active: ...


class Bounds(NamedTuple):
    """The box in which inputs are expected, (d,) each. It is fixed before learning begins: normalising with running
    statistics would put features of two different encodings into one sum."""

    low: Array
    high: Array

    def unit(self, x: Array) -> tuple[Array, Array]:
        """The input in [-1, 1], clipped, and how many numbers had to be clipped. A side without length gives 0."""
        span = self.high - self.low
        u = jnp.where(span > 0, 2 * (x - self.low) / jnp.where(span > 0, span, 1) - 1, 0)
        return jnp.clip(u, -1, 1), (jnp.abs(u) > 1 + 1e-6).sum(dtype=jnp.int32)


def bounds(low: np.ndarray | list[float], high: np.ndarray | list[float]) -> Bounds:
    low, high = jnp.asarray(low, float), jnp.asarray(high, float)
    if low.ndim != 1 or low.shape != high.shape or not bool((low <= high).all()):
        raise ValueError(f"bounds must be two vectors of one length with low <= high, not {low} and {high}")
    return Bounds(low, high)


class SparseEncoding(eqx.Module):
    """Losse. `projection` is (groups * dims, d), `offset` (groups * dims,).

    The squash turns a projection z into a place on an axis of `bins` cells: "sigmoid" by bins * sigmoid(z), "clip" by
    cutting z to [-1, 1] and stretching it. All weights are at least 0 and those of a group sum to 1.
    """

    bounds: Bounds
    projection: Array
    offset: Array
    groups: int = eqx.field(static=True)
    dims: int = eqx.field(static=True)
    bins: int = eqx.field(static=True)
    squash: Squash = eqx.field(static=True)

    def __check_init__(self) -> None:
        if self.projection.shape[0] != self.groups * self.dims:
            raise ValueError(f"{self.groups} groups of {self.dims} need {self.groups * self.dims} projections, "
                             f"not {self.projection.shape[0]}")  # fmt: skip
        if self.bins < 1 or self.size >= 2**31:
            raise ValueError(f"{self.size:,} features cannot be numbered in 32 bits; take fewer bins or groups")

    @property
    def size(self) -> int:
        return self.groups * (self.bins + 1) ** self.dims

    @property
    def active(self) -> int:
        return self.groups * 2**self.dims

    def __call__(self, x: Array) -> Active:
        u, outside = self.bounds.unit(x)
        z = self.projection @ u + self.offset
        share = jax.nn.sigmoid(z) if self.squash == "sigmoid" else (jnp.clip(z, -1, 1) + 1) / 2
        place = (share * self.bins).reshape(self.groups, self.dims)
        cell = jnp.clip(jnp.floor(place), 0, self.bins - 1)  # the upper border belongs to the last cell
        part = (place - cell)[:, None, :]
        corner = jnp.asarray(np.indices((2,) * self.dims).reshape(self.dims, -1).T)  # (2^dims, dims) of 0 and 1
        value = jnp.where(corner == 1, part, 1 - part).prod(-1)
        stride = jnp.asarray([(self.bins + 1) ** (self.dims - 1 - i) for i in range(self.dims)], jnp.int32)
        first = jnp.arange(self.groups, dtype=jnp.int32)[:, None] * (self.bins + 1) ** self.dims
        index = ((cell[:, None, :].astype(jnp.int32) + corner.astype(jnp.int32)) * stride).sum(-1) + first
        return Active(index.reshape(-1).astype(jnp.int32), value.reshape(-1), outside)


def sparse_encoding(
    within: Bounds,
    key: Array,
    groups: int = 32,
    dims: int = 2,
    bins: int = 10,
    scale: float = 2.0,
    squash: Squash = "sigmoid",
    orthogonal: bool = False,
) -> SparseEncoding:
    """Losse with Gaussian projections and offsets of standard deviation `scale` / sqrt(d) and `scale` / 2.

    At the default, inputs in the bounds spread over the middle of the sigmoid and reach into its bends. `orthogonal`
    (ours) turns the projections of a group until they stand at right angles, keeping the length of the first for all:
    cells are then as long as they are wide, so that fewer pairs of features ever meet. It needs `dims` <= d.
    """
    to_projection, to_offset = jax.random.split(key)
    d, rows = within.low.shape[0], groups * dims
    projection = jax.random.normal(to_projection, (rows, d), within.low.dtype) * scale / d**0.5
    if orthogonal:
        groupwise = projection.reshape(groups, dims, d)
        turned = jnp.linalg.qr(groupwise.mT)[0].mT  # orthonormal rows of the same span
        projection = (turned * jnp.linalg.norm(groupwise[:, :1], axis=-1, keepdims=True)).reshape(rows, d)
    offset = jax.random.normal(to_offset, (rows,), within.low.dtype) * scale / 2
    return SparseEncoding(within, projection, offset, groups, dims, bins, squash)


class TileCoding(eqx.Module):
    """Tilings that are shifted against each other: in each, `dims` of the inputs fall into one tile of weight 1.

    Losse without random projections and without interpolation: the function that is learnt has steps.
    """

    bounds: Bounds
    inputs: Array  # (tilings, dims) which inputs a tiling looks at
    shift: Array  # (tilings, dims) in [0, 1) of a tile
    bins: int = eqx.field(static=True)

    @property
    def size(self) -> int:
        return self.active * (self.bins + 1) ** self.inputs.shape[1]

    @property
    def active(self) -> int:
        return self.inputs.shape[0]

    def __call__(self, x: Array) -> Active:
        u, outside = self.bounds.unit(x)
        place = (u[self.inputs] + 1) / 2 * self.bins + self.shift
        cell = jnp.clip(jnp.floor(place), 0, self.bins).astype(jnp.int32)
        dims = self.inputs.shape[1]
        stride = jnp.asarray([(self.bins + 1) ** (dims - 1 - i) for i in range(dims)], jnp.int32)
        first = jnp.arange(self.active, dtype=jnp.int32) * (self.bins + 1) ** dims
        return Active((cell * stride).sum(-1) + first, jnp.ones(self.active, u.dtype), outside)


def tile_coding(within: Bounds, key: Array, tilings: int, dims: int = 2, bins: int = 10) -> TileCoding:
    """`tilings` tilings of `dims` inputs each (of all inputs where there are fewer), drawn at random."""
    to_inputs, to_shift = jax.random.split(key)
    d = within.low.shape[0]
    dims = min(dims, d)
    chosen = jax.vmap(lambda k: jax.random.permutation(k, d)[:dims])(jax.random.split(to_inputs, tilings))
    shift = jax.random.uniform(to_shift, (tilings, dims), within.low.dtype)
    return TileCoding(within, chosen.astype(jnp.int32), shift, bins)


class DenseFeatures(eqx.Module):
    """Random features that are all at work for every input: cosines (Rahimi and Recht 2007) or rectified lines."""

    bounds: Bounds
    projection: Array  # (D, d)
    offset: Array  # (D,)
    kind: Literal["fourier", "relu"] = eqx.field(static=True)

    @property
    def size(self) -> int:
        return self.projection.shape[0]

    @property
    def active(self) -> int:
        return self.size

    def __call__(self, x: Array) -> Active:
        u, outside = self.bounds.unit(x)
        z = self.projection @ u + self.offset
        value = jnp.cos(z) * 2**0.5 if self.kind == "fourier" else jax.nn.relu(z)
        return Active(jnp.arange(self.size, dtype=jnp.int32), value / self.size**0.5, outside)


def random_fourier(within: Bounds, key: Array, size: int, scale: float = 3.0) -> DenseFeatures:
    """Features whose inner products approximate a Gaussian kernel of width sqrt(d) / `scale`."""
    to_projection, to_offset = jax.random.split(key)
    d = within.low.shape[0]
    projection = jax.random.normal(to_projection, (size, d), within.low.dtype) * scale / d**0.5
    return DenseFeatures(within, projection, jax.random.uniform(to_offset, (size,), within.low.dtype, 0, 2 * jnp.pi),
                         "fourier")  # fmt: skip


def random_relu(within: Bounds, key: Array, size: int, scale: float = 1.0) -> DenseFeatures:
    """Rectified random lines; about half of them are zero for any one input."""
    to_projection, to_offset = jax.random.split(key)
    d = within.low.shape[0]
    projection = jax.random.normal(to_projection, (size, d), within.low.dtype) * scale
    return DenseFeatures(within, projection, jax.random.normal(to_offset, (size,), within.low.dtype) * scale, "relu")


def dense(features: FeatureMap, x: Array) -> Array:
    """The whole feature vector of one input, (D,): for oracles and for maps that are small."""
    active = features(x)
    return jnp.zeros(features.size, active.value.dtype).at[active.index].add(active.value)
