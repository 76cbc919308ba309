"""Networks on a stream: what each remedy keeps, and that it does what it is for."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning import continual
from manyminds.learning.continual import Forgetting, Kept, Online, forgetting_table


def test_replay_is_a_ring_and_a_coreset_a_uniform_sample():
    def filled(settings, key, n=40, room=10):
        kept = Kept(jnp.zeros((room, 1)), jnp.zeros((room, 1)), jnp.int32(0))

        def step(now, row):
            i, own = row
            return continual.remembered(settings, now, i[None] * 1.0, i[None] * 2.0, own), None

        return jax.lax.scan(step, kept, (jnp.arange(n), jax.random.split(key, n)))[0]

    ring = filled(Online("replay"), jax.random.key(0))
    assert sorted(ring.inputs[:, 0].tolist()) == list(range(30, 40))
    keys = jax.random.split(jax.random.key(1), 2000)
    pools = np.asarray(jax.vmap(lambda key: filled(Online("coreset"), key).inputs[:, 0])(keys))
    shares = np.bincount(pools.astype(int).ravel(), minlength=40) / 2000
    np.testing.assert_allclose(shares, 0.25, atol=0.05)  # each of 40 is in a pool of 10 equally often
    assert all(len(set(pool)) == 10 for pool in pools.tolist())


def two_tasks(settings, seed=0, n=600):
    """Error on the left half of a curve when it is left, and after the right half."""
    key = jax.random.key(seed)
    left, right = (jax.random.uniform(k, (n, 1), minval=a, maxval=b)
                   for k, (a, b) in zip(jax.random.split(key), ((-1, 0), (0, 1))))  # fmt: skip

    def curve(x):
        return jnp.sin(3 * x) + (x > 0)

    learning = continual.begun(settings, 1, 1, 2 * n, key)
    errors = []
    for part in (left, right):
        learning, _ = eqx.filter_jit(continual.learnt)(settings, learning, part, curve(part), key)
        said = jax.vmap(learning.fitting.model)(left)
        errors.append(continual.rmse(said, curve(left)))
    return Forgetting(*errors)


def test_a_network_alone_forgets_and_replay_helps():
    alone, replay = two_tasks(Online(step_size=3e-3)), two_tasks(Online("replay", step_size=3e-3))
    assert alone.amount > 0.1 and replay.amount < alone.amount / 3


def test_synapses_that_are_held_forget_less():
    free, held = (two_tasks(Online("synaptic", step_size=3e-3, hold=hold), seed=1) for hold in (0.0, 1.0))
    assert held.amount < 0.7 * free.amount
    plain = two_tasks(Online(step_size=3e-3), seed=1)
    np.testing.assert_allclose(free, plain, atol=1e-5)  # held by nothing, it is the network alone


def test_importance_is_the_fall_of_the_loss_along_a_path():
    """On a quadratic with small steps the paths sum to how much the loss fell (arXiv 1703.04200, equation 3)."""
    settings = Online("synaptic", width=4, depth=1, step_size=1e-4)
    learning = continual.begun(settings, 1, 1, 1, jax.random.key(0))
    x, y = jnp.ones((200, 1)) * 0.5, jnp.ones((200, 1))
    settings_long = Online(**{**settings.__dict__, "consolidate": 10_000})
    after, _ = eqx.filter_jit(continual.learnt)(settings_long, learning, x, y, jax.random.key(1))
    fell = [continual.squared(l.fitting.model, x[:1], y[:1]) for l in (learning, after)]  # noqa: E741
    total = sum(float(leaf.sum()) for leaf in jax.tree.leaves(after.synapses.path))
    np.testing.assert_allclose(total, float(fell[0] - fell[1]), rtol=0.02)


def test_forgetting_is_measured_against_when_a_part_was_left():
    table = forgetting_table(np.array([[1.0, 9.0], [3.0, 2.0]]))
    assert table == [Forgetting(1.0, 3.0), Forgetting(2.0, 2.0)]
    assert table[0].amount == 2 and table[0].share == 2 and Forgetting(0.0, 0.0).share == 0
    with pytest.raises(ValueError, match="square"):
        forgetting_table(np.zeros((2, 3)))
