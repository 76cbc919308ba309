"""Array worlds in the forms of JaxMARL and Gymnasium, and the open commons against the closed one."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core.interop.arrays import ALL, Functional, gymnasium_env
from manyminds.worlds.control.classic import CartPole
from manyminds.worlds.games import commons_arrays as closed
from manyminds.worlds.games.commons_seats import OpenCommons, Society


def test_the_open_commons_is_the_closed_one_when_told_to_do_the_same():
    rules = closed.Rules(months=6)
    world, wishes = OpenCommons(5, rules), (20, 30, 25, 5, 40)
    seats = closed.seats([("takes", wish) for wish in wishes])

    def together(key):
        state = world.reset(key)
        other, found = closed.State(state.pool, state.alive, state.catches), []
        for month, now in enumerate(jax.random.split(key, 3)):
            state, effects = world.step(state, jnp.array(wishes), now)
            other, seen = closed.month(rules, seats, other, jnp.int16(month), now)
            found.append(((state.pool, state.alive, effects.reward.astype(int), effects.ended),
                          (other.pool, other.alive, seen.takes.astype(int), ~other.alive)))  # fmt: skip
        return found

    for ours, theirs in jax.jit(jax.vmap(together))(jax.random.split(jax.random.key(0), 50)):
        assert all((a == b).all() for a, b in zip(ours, theirs))


def test_a_policy_sees_itself_first_and_others_only_with_open_books():
    state = Society(jnp.int16(50), jnp.bool_(True), jnp.array([1, 2, 3], jnp.int16), jnp.int16(6))
    seen = OpenCommons(3).observe(state)
    assert np.allclose(seen, [[0.5, 0.5, 0.01, 0.02, 0.03], [0.5, 0.5, 0.02, 0.03, 0.01], [0.5, 0.5, 0.03, 0.01, 0.02]])
    shut = OpenCommons(3, closed.Rules(open_books=False)).observe(state)
    assert np.allclose(shut[:, 3:], -1) and np.allclose(shut[:, :3], seen[:, :3])


def test_the_functional_form_compiles_and_maps_over_seeds():
    env = Functional(OpenCommons(3, closed.Rules(months=2)))
    keys = jax.random.split(jax.random.key(0), 7)
    seen, states = jax.jit(jax.vmap(env.reset))(keys)
    assert set(seen) == set(env.agents) and seen[env.agents[0]].shape == (7, env.observation_size("member 1"))
    actions = {name: jnp.full(7, 10) for name in env.agents}
    _, states, rewards, dones, _ = jax.jit(jax.vmap(env.step_env))(keys, states, actions)
    assert (rewards["member 2"] == 10).all() and not dones[ALL].any()
    _, after, _, dones, infos = jax.jit(jax.vmap(env.step))(keys, states, actions)
    assert dones[ALL].all() and infos["cut"].all() and not infos["ended"].any()
    assert (after.month == 0).all() and (infos["last"]["member 1"][:, 1] == 1).all()  # begun anew, the end kept


def test_a_world_of_one_policy_has_one_agent():
    env = Functional(CartPole())
    seen, state = env.reset(jax.random.key(0))
    seen, state, rewards, dones, _ = env.step_env(jax.random.key(1), state, {"agent": jnp.int32(0)})
    assert seen["agent"].shape == (env.world.observation_size,) and rewards["agent"].shape == ()
    assert set(dones) == {"agent", ALL}


def test_gymnasium_accepts_it():
    pytest.importorskip("gymnasium")
    from gymnasium.utils.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(gymnasium_env(CartPole()), skip_render_check=True)


def test_gymnasium_plays_what_the_world_plays():
    pytest.importorskip("gymnasium")
    world = CartPole()
    env = gymnasium_env(world)
    first, _ = env.reset(seed=3)
    steps = [env.step(k % 2) for k in range(5)]
    again, _ = env.reset(seed=3)
    assert (first == again).all() and all((a[0] == env.step(k % 2)[0]).all() for k, a in enumerate(steps))
