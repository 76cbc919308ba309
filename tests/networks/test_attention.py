"""Attention sees what its mask allows and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.networks.attention import Attention, Block, causal, in_order, only


@pytest.fixture
def x():
    return jax.random.normal(jax.random.key(1), (6, 8))


def changed(x, at):
    return x.at[at, 0].add(2.0)


@pytest.mark.parametrize("make", [Attention, Block])
def test_the_future_is_not_seen_through_a_causal_mask(make, x):
    layer = make(8, 2, jax.random.key(0))
    before, after = (layer(own, causal(6)) for own in (x, changed(x, 3)))
    np.testing.assert_array_equal(before[:3], after[:3])
    assert (jnp.abs(before[3:] - after[3:]).max(1) > 1e-4).all()
    assert jnp.abs(layer(x) - layer(changed(x, 3)))[:3].max() > 1e-4  # without the mask it is seen


def test_in_an_order_only_what_comes_earlier_is_seen(x):
    layer, ranks = Attention(8, 2, jax.random.key(0)), jnp.array([3, 0, 5, 1, 4, 2])
    before, after = (layer(own, in_order(ranks)) for own in (x, changed(x, 0)))
    moved = np.abs(before - after).max(1) > 1e-4
    np.testing.assert_array_equal(moved, ranks >= 3)
    np.testing.assert_array_equal(in_order(jnp.arange(6)), causal(6))
    assert not in_order(ranks, itself=False).diagonal().any()


def test_only_the_known_are_seen(x):
    layer, known = Attention(8, 4, jax.random.key(0)), jnp.array([1, 0, 1, 1, 0, 0], bool)
    shift = jnp.abs(layer(x, only(known)) - layer(changed(x, 1), only(known))).max(1)
    assert (shift[jnp.array([0, 2, 3, 4, 5])] == 0).all()


def test_who_may_look_at_nothing_gets_nothing(x):
    layer = Attention(8, 2, jax.random.key(0))
    found = layer(x, jnp.zeros((6, 6), bool))
    np.testing.assert_allclose(found, jnp.broadcast_to(layer.out.bias, (6, 8)), atol=1e-6)


def test_it_is_softmax_of_products_in_every_head(x):
    layer = Attention(8, 2, jax.random.key(3))
    context = jax.random.normal(jax.random.key(2), (4, 8))
    q, k, v = (np.asarray(of) @ np.asarray(m.weight).T + np.asarray(m.bias)
               for m, of in ((layer.query, x), (layer.key, context), (layer.value, context)))  # fmt: skip
    mixed = []
    for head in (slice(0, 4), slice(4, 8)):
        scores = np.exp(q[:, head] @ k[:, head].T / 2)
        mixed.append(scores / scores.sum(1, keepdims=True) @ v[:, head])
    expected = np.concatenate(mixed, 1) @ np.asarray(layer.out.weight).T + np.asarray(layer.out.bias)
    np.testing.assert_allclose(layer(x, context=context), expected, atol=1e-5)


def test_heads_must_share_the_channels():
    with pytest.raises(ValueError, match="7 channels"):
        Attention(7, 2, jax.random.key(0))
