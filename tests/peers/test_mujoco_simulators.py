"""Bodies as exact models: the same state and action lead where gymnasium's own episode leads."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning.dynamics_ensembles import ENDINGS, Exact
from manyminds.worlds.control.simulators import BODIES, Body, Simulator

pytest.importorskip("mujoco")


@pytest.mark.parametrize("name", BODIES)
def test_a_step_from_an_observation_is_the_step_of_the_episode(name):
    import gymnasium

    body, rng = Simulator(name), np.random.default_rng(0)
    peer, twin = (gymnasium.make(BODIES[name]).unwrapped for _ in range(2))
    seen, _ = peer.reset(seed=0)
    compared = 0
    for _ in range(20):
        action = rng.uniform(-1, 1, body.action_size)
        # The twin stands where the peer does, along the track too, but begins without the solver's warm start.
        twin.data.qacc_warmstart[:] = 0
        twin.set_state(peer.data.qpos, peer.data.qvel)
        after, reward = body.moved(seen[None], action[None])
        expected, paid, _, _, _ = twin.step(action)
        if np.abs(peer.data.qvel).max() < 10 or name == "halfcheetah":  # faster ones are clipped in the observation
            compared += 1
            np.testing.assert_allclose(after[0], expected, atol=1e-4, rtol=1e-3)
            assert reward[0] == pytest.approx(paid, abs=1e-3)
        seen, _, ended, _, _ = peer.step(action)
        assert bool(ENDINGS[name](jnp.asarray(seen))) == ended
        if ended:
            seen, _ = peer.reset()
    assert compared > 5


def test_it_runs_inside_compiled_code_and_is_sure_of_itself():
    body, rng = Simulator("hopper"), np.random.default_rng(0)
    seen = np.float32([1.25] + [0.0] * 10) + rng.normal(0, 0.01, (3, 11)).astype(np.float32)
    action = rng.uniform(-1, 1, (3, 3)).astype(np.float32)
    said = jax.jit(lambda s, a: Exact(body.move)(s, a))(seen, action)
    after, reward = body.moved(seen, action)
    np.testing.assert_allclose(said.mean[0, :, :-1], after, atol=1e-5)
    np.testing.assert_allclose(said.mean[0, :, -1], reward, atol=1e-5)
    assert not said.std.any()
    with pytest.raises(BadInput, match="hopper"):
        Simulator("hoper")


def test_a_body_is_a_world_on_arrays():
    """Episodes begin where gymnasium's begin, go on step by step as the simulator says, and end where it says."""
    world = Body(Simulator("hopper"), ENDINGS["hopper"], limit=3)
    states = jax.jit(jax.vmap(world.reset))(jax.random.split(jax.random.key(0), 3))
    assert (
        states.seen.shape == (3, 11) and np.ptp(states.seen[:, 0]) > 0 and np.abs(states.seen[:, 0] - 1.25).max() < 0.01
    )
    action = jnp.zeros((3, 3))
    for t in (1, 2, 3):
        expected, paid = world.simulator.moved(np.asarray(states.seen), np.asarray(action))
        states, effects = jax.jit(jax.vmap(world.step))(states, action, jax.random.split(jax.random.key(t), 3))
        np.testing.assert_allclose(states.seen, expected, atol=1e-5)
        np.testing.assert_allclose(effects.reward, paid, atol=1e-5)
        assert not effects.ended.any() and (effects.cut == (t == 3)).all()
    fallen = states._replace(seen=states.seen.at[0, 1].set(0.5))
    _, effects = jax.vmap(world.step)(fallen, action, jax.random.split(jax.random.key(9), 3))
    assert effects.ended.tolist() == [True, False, False] and effects.cut.tolist() == [False, True, True]
