"""Streams that shift: the law of one input stays the same, and only the order in time changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.worlds.control.classic import MountainCar, Moving
from manyminds.worlds.science import streams


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_a_single_input_has_one_law_whatever_the_correlation(correlation):
    """Over many streams, so that correlated centres average out; before clipping the law is N(0, .35^2)."""
    keys = jax.random.split(jax.random.key(0), 400)
    x = np.asarray(jax.vmap(lambda key: streams.shifting(key, correlation, 300, stay=10).inputs)(keys))[..., 0]
    for t in (0, 150, 299):
        assert abs(x[:, t].mean()) < 0.07 and abs(x[:, t].std() - 0.35) < 0.04
    np.testing.assert_allclose(np.quantile(x, [0.1, 0.9]), [-0.4485, 0.4485], atol=0.05)


def test_correlation_is_what_neighbours_share():
    keys = jax.random.split(jax.random.key(1), 3000)
    x = np.asarray(jax.vmap(lambda key: streams.shifting(key, 0.8, 60, stay=20).inputs)(keys))[..., 0]
    # within a stay: d; across one border: .9 d (clipping takes a little off)
    np.testing.assert_allclose(np.corrcoef(x[:, 5], x[:, 15])[0, 1], 0.8, atol=0.03)
    np.testing.assert_allclose(np.corrcoef(x[:, 5], x[:, 25])[0, 1], 0.72, atol=0.04)


def test_targets_are_the_function():
    made = streams.shifting(jax.random.key(2), 0.5, 100)
    np.testing.assert_allclose(made.targets, np.sin(2 * np.pi * np.asarray(made.inputs) ** 2), atol=1e-5)
    noisy = streams.noisy(jax.random.key(3), 5000, 0.1)
    np.testing.assert_allclose((noisy.targets - streams.wave(noisy.inputs)).std(), 0.1, rtol=0.05)
    with pytest.raises(ValueError, match="correlation"):
        streams.shifting(jax.random.key(0), 1.0, 10)


def test_transitions_are_steps_of_the_world():
    world = MountainCar()
    states = Moving(jnp.array([[-0.5, 0.01], [0.2, -0.03]], jnp.float32), jnp.zeros(2, jnp.int32))
    made = streams.transitions(world, states, jax.random.key(0))
    for k in range(2):
        action = int(np.argmax(made.inputs[k, 2:]))
        after, effects = world.step(Moving(states.x[k], jnp.int32(0)), jnp.int32(action), jax.random.key(0))
        np.testing.assert_allclose(made.targets[k], [*(after.x - states.x[k]), effects.reward], atol=1e-6)
