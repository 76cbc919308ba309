"""The sparse encoding against tables that interpolate, against its own definition, and against what breaks locality."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.networks import sparse_encoding as maps


def boxed(d=3, groups=8, dims=2, bins=5, seed=0, **how):
    return maps.sparse_encoding(maps.bounds([-1.0] * d, [1.0] * d), jax.random.key(seed), groups, dims, bins, **how)


def identity(d, bins):
    return maps.SparseEncoding(maps.bounds([0.0] * d, [1.0] * d), jnp.eye(d), jnp.zeros(d), 1, d, bins, "clip")


ENCODERS = {
    (dims, squash): eqx.filter_jit(boxed(dims=dims, squash=squash))
    for dims in (1, 2, 3)
    for squash in ("sigmoid", "clip")
}


@settings(max_examples=60)
@given(some.lists(some.floats(-5, 5, width=32), min_size=3, max_size=3), some.sampled_from(sorted(ENCODERS)))
def test_groups_sum_to_one_and_few_are_at_work(x, kind):
    dims, active = kind[0], ENCODERS[kind](np.array(x, np.float32))
    index, value = np.asarray(active.index), np.asarray(active.value)
    assert index.shape == value.shape == (8 * 2**dims,)
    assert len(set(index.tolist())) == len(index)
    assert index.min() >= 0 and index.max() < 8 * 6**dims and value.min() >= 0
    np.testing.assert_allclose(value.reshape(8, -1).sum(1), 1, atol=1e-5)
    assert sum(abs(v) > 1.0001 for v in x) <= int(active.outside) <= sum(abs(v) > 0.9999 for v in x)


def test_one_projection_is_a_table_that_interpolates():
    features, table = identity(1, 10), np.random.default_rng(0).normal(size=11)
    x = np.linspace(0, 1, 101)
    said = jax.jit(jax.vmap(partial(maps.dense, features)))(jnp.asarray(x[:, None])) @ table
    np.testing.assert_allclose(said, np.interp(x, np.linspace(0, 1, 11), table), atol=1e-5)


def test_two_projections_interpolate_like_scipy():
    from scipy.interpolate import RegularGridInterpolator

    features, table = identity(2, 4), np.random.default_rng(1).normal(size=(5, 5))
    x = np.random.default_rng(2).uniform(0, 1, (50, 2))
    theirs = RegularGridInterpolator((np.linspace(0, 1, 5),) * 2, table)(x)
    ours = jax.jit(jax.vmap(partial(maps.dense, features)))(jnp.asarray(x)) @ table.reshape(-1)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def change(features, step, n=200):
    """The mean change of the features, in the 1-norm, when inputs move by `step`."""
    x = jax.random.uniform(jax.random.key(5), (n, 3), minval=-0.8, maxval=0.8)
    whole = jax.jit(jax.vmap(partial(maps.dense, features)))
    return np.abs(np.asarray(whole(x + step) - whole(x))).sum(1)


def test_features_are_continuous_and_tiles_are_not():
    features = boxed()
    small, smaller = change(features, 1e-2).max(), change(features, 1e-3).max()
    assert smaller < small / 5 < 1
    tiles = maps.tile_coding(maps.bounds([-1.0] * 3, [1.0] * 3), jax.random.key(0), 32)
    assert change(tiles, 1e-3).max() >= 2  # somewhere a border is crossed: one tile off, one on


def test_far_inputs_share_less_than_near_ones():
    """What makes it local. A hashed map, in which all inputs share alike, would fail."""
    features = boxed(groups=64, bins=16)
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (100, 3))
    direction = rng.normal(size=(100, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)

    def shared(distance):
        moved = np.clip(x + distance * direction, -1, 1)
        one, two = (jax.jit(jax.vmap(features))(jnp.asarray(z)).index for z in (x, moved))
        return np.mean([len(np.intersect1d(a, b)) for a, b in zip(one, two)]) / features.active

    near, middle, far = shared(0.02), shared(0.3), shared(1.0)
    assert near > 0.8 > middle > far


def test_orthogonal_groups_stand_at_right_angles():
    features = boxed(orthogonal=True)
    for one, two in np.asarray(features.projection).reshape(8, 2, 3):
        assert abs(one @ two) < 1e-5 and abs(one @ one - two @ two) < 1e-5


def test_other_maps_have_the_size_they_say():
    within = maps.bounds([-1.0, 0.0], [1.0, 2.0])
    x = jnp.array([0.3, 0.4])
    for features in (
        maps.tile_coding(within, jax.random.key(0), 7, 3),
        maps.random_fourier(within, jax.random.key(0), 9),
        maps.random_relu(within, jax.random.key(0), 9),
    ):
        active = eqx.filter_jit(features)(x)
        assert active.index.shape == (features.active,) and int(active.index.max()) < features.size
        assert len(set(active.index.tolist())) == features.active


def test_fourier_features_approximate_their_kernel():
    within = maps.bounds([-1.0], [1.0])
    features = maps.random_fourier(within, jax.random.key(0), 20_000, scale=3.0)
    a, b = (maps.dense(features, jnp.array([v])) for v in (0.1, 0.4))
    np.testing.assert_allclose(a @ b, np.exp(-((3 * 0.3) ** 2) / 2), atol=0.03)


def test_an_input_that_never_moves_is_encoded():
    features = maps.sparse_encoding(maps.bounds([0.0, 2.0], [1.0, 2.0]), jax.random.key(0), 4, 2, 3)
    assert np.isfinite(features(jnp.array([0.5, 2.0])).value).all()


def test_bad_bounds_and_sizes_are_refused():
    with pytest.raises(ValueError, match="low <= high"):
        maps.bounds([1.0], [0.0])
    with pytest.raises(ValueError, match="32 bits"):
        boxed(dims=2, groups=2000, bins=2000)
    with pytest.raises(ValueError, match="projections"):
        maps.SparseEncoding(maps.bounds([0.0], [1.0]), jnp.eye(1), jnp.zeros(1), 2, 1, 3, "clip")
