"""Advantages by their definition, the distributions against scipy, and learners that solve what can be solved."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from manyminds.core.array_worlds import Box, Discrete, Effects
from manyminds.learning import ppo, sac
from manyminds.learning.advantages import generalised_advantages
from manyminds.learning.online_sac import Online, lived, living
from manyminds.learning.replay import Rows, added, drawn, empty
from manyminds.learning.rollouts import copies, episodes, rollout
from manyminds.learning.training import over_seeds, trained
from manyminds.networks.dense import Layers, each, ensemble
from manyminds.networks.policies import Categorical, Gaussian, Squashed
from manyminds.worlds.control.classic import CartPole, Pendulum


def test_advantages_by_their_definition():
    rng = np.random.default_rng(0)
    reward, value, after = rng.normal(size=(3, 12))
    ended, over = np.zeros(12, bool), np.zeros(12, bool)
    ended[[3]], over[[3, 8]] = True, True  # one episode ends, one is cut
    found = generalised_advantages(*map(jnp.asarray, (reward, value, after, ended, over)), 0.9, 0.8)
    error = reward + 0.9 * np.where(ended, 0, after) - value
    for t in range(12):
        total, weight = 0.0, 1.0
        for k in range(t, 12):
            total += weight * error[k]
            weight *= 0.9 * 0.8
            if over[k]:
                break
        assert found[t] == pytest.approx(total, rel=1e-5)


def test_distributions_against_scipy():
    logits = jnp.array([0.3, -1.0, 2.0])
    p = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(Categorical(logits).log_prob(jnp.int32(2)), np.log(p[2]), rtol=1e-5)
    np.testing.assert_allclose(Categorical(logits).entropy(), stats.entropy(p), rtol=1e-5)
    normal = Gaussian(jnp.array([0.5, -1.0]), jnp.log(jnp.array([2.0, 0.5])))
    x = jnp.array([1.0, -0.7])
    np.testing.assert_allclose(normal.log_prob(x), stats.norm([0.5, -1], [2, 0.5]).logpdf(x).sum(), rtol=1e-5)
    np.testing.assert_allclose(normal.entropy(), stats.norm([0.5, -1], [2, 0.5]).entropy().sum(), rtol=1e-5)


def test_the_squashed_density_integrates_to_one():
    squashed = Squashed(jnp.array([0.4]), jnp.array([-0.3]), -2.0, 2.0)
    keys = jax.random.split(jax.random.key(0), 20000)
    action, log_prob = jax.vmap(squashed.sample_and_log_prob)(keys)
    assert (jnp.abs(action) <= 2).all()
    # E[1/p] over the tanh's range (-1, 1) is its length.
    assert float(jnp.exp(-log_prob).mean()) == pytest.approx(2.0, rel=0.05)


class Walk(NamedTuple):
    place: jax.Array
    t: jax.Array


@dataclass(frozen=True)
class Corridor:
    """Five cells; +1 and the end at the right, the clock cuts after eight steps."""

    observation_size = 5
    actions = Discrete(2)

    def reset(self, key):
        return Walk(jnp.int32(0), jnp.int32(0))

    def observe(self, state):
        return jax.nn.one_hot(state.place, 5)

    def step(self, state, action, key):
        place, t = jnp.clip(state.place + 2 * action - 1, 0, 4), state.t + 1
        ended = place == 4
        return Walk(place, t), Effects(ended.astype(jnp.float32), ended, (t >= 8) & ~ended)


def test_a_rollout_restarts_and_loses_no_last_observation():
    right = lambda observation, key: (jnp.int32(1), ())  # noqa: E731
    going, seen, finished = rollout(Corridor(), right, copies(Corridor(), jax.random.key(0), 3), jax.random.key(1), 9)
    assert np.array(seen.ended).sum(0).tolist() == [2, 2, 2]
    assert np.argmax(seen.after[3], -1).tolist() == [4, 4, 4] and np.argmax(seen.observation[4], -1).tolist() == [0] * 3
    assert finished.mean_return() == 1 and going.lengths.tolist() == [1, 1, 1]
    returns, lengths = episodes(Corridor(), right, jax.random.key(2), 2, 20)
    assert returns.tolist() == [1, 1] and lengths.tolist() == [4, 4]


@pytest.mark.parametrize("count", [1, 2, 3, 100, 4096, 2**16 + 1])
def test_shuffling_leaves_nothing_out_and_depends_on_the_key(count):
    orders = [np.asarray(ppo.shuffled(jax.random.key(seed), count)) for seed in (0, 0, 1)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(count))
    np.testing.assert_array_equal(orders[0], orders[1])
    assert count < 100 or (orders[0] != orders[2]).mean() > 0.9


def test_every_order_is_as_likely_as_any_other():
    orders = np.asarray(jax.vmap(lambda key: ppo.shuffled(key, 4))(jax.random.split(jax.random.key(0), 12_000)))
    _, times = np.unique(orders, axis=0, return_counts=True)
    assert len(times) == 24 and stats.chisquare(times).pvalue > 0.001


def test_ppo_walks_the_corridor_on_every_seed():
    settings = ppo.PPO(copies=8, steps=32, updates=40, step_size=3e-3, width=16)
    keys = jax.random.split(jax.random.key(0), 3)
    begun = over_seeds(partial(ppo.start, settings, Corridor()), keys)
    end, _ = trained(partial(ppo.update, settings, Corridor()), begun, keys, settings.updates, chunk=20)
    for seed in range(3):
        network = jax.tree.map(lambda x, seed=seed: x[seed] if eqx.is_array(x) else x, end.fitting.model)
        choices = [int(network(jax.nn.one_hot(i, 5))[0].mode()) for i in range(4)]
        assert choices == [1, 1, 1, 1]


@pytest.mark.slow
def test_ppo_balances_the_pole():
    settings = ppo.PPO(updates=976)
    keys = jax.random.split(jax.random.key(0), 3)
    begun = over_seeds(partial(ppo.start, settings, CartPole()), keys)
    _, curves = trained(partial(ppo.update, settings, CartPole()), begun, keys, 976, chunk=122)
    assert (curves.values["return"][-1] > 475).all(), curves.values["return"]


def test_the_replay_is_a_ring():
    rows = lambda *n: Rows(jnp.array(n)[:, None] * 1.0, jnp.array(n), jnp.array(n) * 1.0, jnp.array(n)[:, None] * 1.0,  # noqa: E731
                           jnp.zeros(len(n), bool))  # fmt: skip
    replay = added(empty(4, 1, Discrete(9)), rows(1, 2, 3))
    replay = added(replay, rows(4, 5, 6), valid=jnp.array([True, False, True]))
    assert replay.rows.reward.tolist() == [6, 2, 3, 4] and int(replay.filled) == 4 and int(replay.next) == 1
    assert set(drawn(replay, jax.random.key(0), 200).reward.tolist()) == {2, 3, 4, 6}
    with pytest.raises(ValueError, match="do not fit"):
        added(replay, rows(1, 2, 3, 4, 5))


def test_members_of_an_ensemble_answer_as_they_would_alone():
    make = lambda key: Layers((2, 8, 1), key, norm=True)  # noqa: E731
    keys, x = jax.random.split(jax.random.key(0), 3), jnp.array([0.3, -0.2])
    np.testing.assert_allclose(each(ensemble(make, jax.random.key(0), 3), x), [make(key)(x) for key in keys], rtol=1e-5)


def sac_state(settings):
    rng = np.random.default_rng(0)
    rows = Rows(*(jnp.asarray(rng.normal(size=s), jnp.float32) for s in ((16, 3), (16, 2), (16,), (16, 3))),
                jnp.zeros(16, bool))  # fmt: skip
    state = sac.start(settings, 3, Box(2), jax.random.key(0))
    # Fresh critics are almost flat; larger last layers give gradients that point somewhere.
    return eqx.tree_at(lambda s: s.critics.model.layers[-1].weight, state, replace_fn=lambda w: w * 300), rows


def test_alignment_by_finite_differences_and_for_any_scale():
    state, rows = sac_state(sac.SAC(critics=4, width=16))
    critics, h, aligned = state.critics.model, 1e-2, []
    for observation, action in zip(rows.observation, rows.action):
        steps = [h * e for e in np.eye(2, dtype=np.float32)]
        said = [[sac.values(critics, observation, action + sign * e) for e in steps] for sign in (1, -1)]
        g = np.stack([(up - down) / (2 * h) for up, down in zip(*said)], -1)
        g = g / np.linalg.norm(g, axis=-1, keepdims=True)
        aligned.append(sum(g[i] @ g[j] for i in range(4) for j in range(4) if i != j) / 3)
    # Gradients of ReLU networks jump; a difference that straddles a kink is off, so the mean is compared.
    assert float(sac.alignment(critics, rows)) == pytest.approx(np.mean(aligned), abs=0.1)
    louder = eqx.tree_at(lambda c: (c.layers[-1].weight, c.layers[-1].bias), critics, replace_fn=lambda w: 7 * w)
    assert float(sac.alignment(louder, rows)) == pytest.approx(float(sac.alignment(critics, rows)), abs=1e-5)


def test_targets_are_pessimistic_and_stop_at_the_end():
    settings = sac.SAC(critics=4, width=16, discount=0.9)
    state, rows = sac_state(settings)
    few = state._replace(targets=jax.tree.map(lambda x: x[:2] if eqx.is_array(x) else x, state.targets))
    key, alpha = jax.random.key(3), jnp.float32(0)
    of_four, of_two = (sac.targets(settings, s, rows, alpha, key) for s in (state, few))
    assert (of_four <= of_two + 1e-6).all() and (of_four < of_two - 1e-4).any()
    over = rows._replace(ended=jnp.ones(16, bool))
    np.testing.assert_allclose(sac.targets(settings, state, over, alpha, key), rows.reward, rtol=1e-6)


def test_diversity_needs_two():
    with pytest.raises(ValueError, match="at least two"):
        sac.start(sac.SAC(critics=1, diversity=1.0), 3, Box(2), jax.random.key(0))


@pytest.mark.slow
def test_sac_swings_the_pendulum_up():
    world, settings, how = Pendulum(), sac.SAC(width=64, step_size=1e-3), Online()
    key = jax.random.key(0)
    begun = living(how, settings, world, key)
    end, _ = trained(lived(how, settings, world), begun, key, 6000, chunk=1000)
    returns, _ = episodes(world, lambda o, k: (end.agent.actor.model(o).mode(), ()), jax.random.key(1), 20, 200)
    assert float(returns.mean()) > -250
