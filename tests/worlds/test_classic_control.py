"""Classic control on arrays against gymnasium, step by step from the same states."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core.array_worlds import Box
from manyminds.worlds.control.classic import Acrobot, CartPole, MountainCar, Moving, Pendulum

PAIRS = [
    (CartPole(), "CartPole-v1", "state"),
    (MountainCar(), "MountainCar-v0", "state"),
    (Acrobot(), "Acrobot-v1", "state"),
    (Pendulum(), "Pendulum-v1", "state"),
]


@pytest.mark.parametrize(("world", "name", "field"), PAIRS, ids=[name for _, name, _ in PAIRS])
def test_the_same_state_leads_to_the_same_state(world, name, field):
    peer = gymnasium.make(name).unwrapped
    rng, step, observe = np.random.default_rng(0), jax.jit(world.step), jax.jit(world.observe)
    seen, _ = peer.reset(seed=0)
    restarts = 0
    for _ in range(300):
        ours = Moving(jnp.asarray(getattr(peer, field), jnp.float32), jnp.int32(0))
        np.testing.assert_allclose(observe(ours), seen, atol=1e-5)
        if isinstance(world.actions, Box):
            action = rng.uniform(-2, 2, 1).astype(np.float32)
        else:
            action = int(rng.integers(world.actions.n))
        after, effects = step(ours, jnp.asarray(action), jax.random.key(0))
        seen, reward, ended, _, _ = peer.step(action)
        np.testing.assert_allclose(observe(after), seen, atol=2e-4)
        np.testing.assert_allclose(effects.reward, reward, atol=1e-4)
        assert bool(effects.ended) == ended
        if ended:
            restarts += 1
            seen, _ = peer.reset()
    assert name != "CartPole-v1" or restarts > 3


@pytest.mark.parametrize(("world", "name", "field"), PAIRS, ids=[name for _, name, _ in PAIRS])
def test_the_clock_cuts_and_does_not_end(world, name, field):
    assert gymnasium.spec(name).max_episode_steps == world.limit
    state = world.reset(jax.random.key(1))._replace(t=jnp.int32(world.limit - 1))
    action = jnp.zeros(1) if isinstance(world.actions, Box) else jnp.int32(1)
    _, effects = world.step(state, action, jax.random.key(2))
    assert bool(effects.cut) and not bool(effects.ended)


def test_first_states_are_spread_as_in_gymnasium():
    keys = jax.random.split(jax.random.key(3), 2000)
    for world, name, _ in PAIRS:
        peer = gymnasium.make(name).unwrapped
        theirs = np.array([peer.reset(seed=i)[0] for i in range(500)])
        ours = np.array(jax.vmap(lambda key, world=world: world.observe(world.reset(key)))(keys))
        np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=0.15)
        np.testing.assert_allclose(ours.std(0), theirs.std(0), rtol=0.15, atol=0.01)


def test_what_is_seen_of_a_pendulum_and_an_action_say_what_is_seen_next():
    world = Pendulum()
    for seed in range(5):
        to_reset, to_act = jax.random.split(jax.random.key(seed))
        state, action = world.reset(to_reset), jax.random.uniform(to_act, (1,), jnp.float32, -2, 2)
        after, effects = world.step(state, action, to_act)
        seen, reward = world.move(world.observe(state), action)
        np.testing.assert_allclose(seen, world.observe(after), atol=1e-5)
        np.testing.assert_allclose(reward, effects.reward, rtol=1e-4)
