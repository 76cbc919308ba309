"""The training loop: the same steps whether disturbed or not, seeds apart, and its gradients right."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from manyminds.learning.training import fitting, gradient_step, over_seeds, trained


class InMemory:
    """Keeps as a checkpoint would, and dies after `lives` of them."""

    def __init__(self, lives=99):
        self.kept, self.lives = None, lives

    def load(self, like):
        return self.kept

    def save(self, kept):
        self.kept = jax.tree.map(np.array, kept)
        self.lives -= 1
        if not self.lives:
            raise KeyboardInterrupt


def walk(state, key):
    after = state + jax.random.normal(key)
    return after, {"place": after}


def test_killed_and_resumed_is_as_if_undisturbed():
    key = jax.random.key(5)
    whole, curves = trained(walk, jnp.float32(0), key, 25, chunk=10)
    keeper = InMemory(lives=2)
    with pytest.raises(KeyboardInterrupt):
        trained(walk, jnp.float32(0), key, 25, chunk=10, keeper=keeper)
    keeper.lives = 99
    resumed, again = trained(walk, jnp.float32(0), key, 25, chunk=10, keeper=keeper)
    assert resumed == whole
    np.testing.assert_array_equal(again.values["place"], curves.values["place"])
    assert list(curves.steps) == [10, 20, 25]


def test_seeds_together_are_seeds_apart():
    keys = jax.random.split(jax.random.key(1), 3)
    together, curves = trained(walk, jnp.zeros(3), keys, 20, chunk=7)
    apart = [trained(walk, jnp.float32(0), key, 20, chunk=7)[0] for key in keys]
    np.testing.assert_allclose(together, apart, rtol=1e-6)
    assert curves.values["place"].shape == (3, 3)


def test_a_line_is_found_by_least_squares():
    x = jnp.linspace(-1, 1, 32)
    y = 3 * x - 1
    optimiser = optax.adam(0.1)

    def loss(line, key):
        error = ((line.weight[0, 0] * x + line.bias[0] - y) ** 2).mean()
        return error, {}

    begun = over_seeds(
        lambda key: fitting(eqx.nn.Linear(1, 1, key=key), optimiser), jax.random.split(jax.random.key(0), 2)
    )
    found, curves = trained(gradient_step(loss, optimiser), begun, jax.random.split(jax.random.key(1), 2), 400)
    np.testing.assert_allclose(found.model.weight[:, 0, 0], [3, 3], atol=1e-2)
    np.testing.assert_allclose(found.model.bias[:, 0], [-1, -1], atol=1e-2)
    assert (curves.values["loss"][-1] < curves.values["loss"][0] / 100).all()


def test_a_loss_that_is_no_number_stops_with_its_step():
    with pytest.raises(FloatingPointError, match="between steps 10 and 20"):
        trained(
            lambda s, k: (s + 1, {"loss": jnp.where(s > 12, jnp.nan, s)}),
            jnp.float32(0),
            jax.random.key(0),
            30,
            chunk=10,
        )
