"""Mirror steps on tables and policy gradient on flights, both from comparisons alone; the longer trainings are slow."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core.checkpoints import Checkpoint
from manyminds.learning import mirror
from manyminds.learning import preference_ppo as learning
from manyminds.learning.ppo import PPO
from manyminds.learning.rollouts import Transition
from manyminds.learning.training import trained
from manyminds.worlds.control.point_mass import LargerReturn, PointMass
from manyminds.worlds.control.ring import Ring, SectorRater

ONE = mirror.Mirror(horizon=1, items=3, rollouts=400, rate=1.0, bound=50.0)


def rollouts(actions, logits):
    observation = jnp.ones((1, len(actions), 1))
    nothing = jnp.zeros((1, len(actions)))
    return Transition(observation, jnp.asarray(actions)[None], nothing, observation, nothing, nothing, None)


def test_a_mirror_step_is_exponential_weights_on_average():
    """One observation, three actions worth (1, 0, -1): logits move by the advantages themselves, rare action or not."""
    worth = jnp.array([1.0, 0.0, -1.0])
    for logits in (jnp.zeros((1, 3)), jnp.array([[-2.0, 0.0, 2.0]])):

        def moved(key, logits=logits):
            actions = jax.random.categorical(key, logits[0], shape=(ONE.rollouts,))
            return mirror.improved(ONE, logits, rollouts(actions, logits), worth[actions]) - logits

        found = jax.vmap(moved)(jax.random.split(jax.random.key(0), 500)).mean(0)[0]
        np.testing.assert_allclose(found, [1, 0, -1], atol=0.03)


def test_plain_policy_gradient_crawls_near_a_corner():
    logits, worth = jnp.array([[-4.0, 0.0, 4.0]]), jnp.array([1.0, 0.0, -1.0])
    actions = jax.random.categorical(jax.random.key(1), logits[0], shape=(ONE.rollouts,))
    plain = replace(ONE, improvement="reinforce")
    step = mirror.improved(plain, logits, rollouts(actions, logits), worth[actions]) - logits
    assert float(jnp.abs(step).max()) < 0.1


def test_logits_stay_within_their_bound():
    found = mirror.improved(replace(ONE, bound=2.5, rate=100.0), jnp.zeros((1, 3)), rollouts([0, 1, 2], None),
                            jnp.array([1.0, 0.0, -1.0]))  # fmt: skip
    np.testing.assert_allclose(found, [[2.5, 0, -2.5]])


def test_wins_are_counted_for_the_winner():
    wins = mirror.counted(jnp.zeros((3, 3)), jnp.array([0, 1]), jnp.array([2]), jnp.array([[1.0], [-1.0]]))
    np.testing.assert_array_equal(wins, [[0, 0, 1], [0, 0, 0], [0, 1, 0]])


SMALL = learning.Settings(inner=PPO(steps=50, copies=12, updates=3, width=8, discount=1.0))


OTHERS = [pytest.param(method, marks=pytest.mark.slow) for method in ("self-play", "duel", "true reward")]


@pytest.mark.parametrize("method", ["reward model", *OTHERS])
def test_every_method_runs_and_a_killed_run_goes_on_as_if_undisturbed(method, tmp_path):
    settings, world, rater = learning.named(SMALL, method), PointMass(), LargerReturn(0.2)
    step, key = learning.step(settings, world, rater), jax.random.key(1)
    begin = lambda: learning.start(settings, world, rater, jax.random.key(0))  # noqa: E731
    whole, curves = trained(step, begin(), key, 3, chunk=1)
    keeper = Checkpoint(tmp_path / "state")

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(step, begin(), key, 3, chunk=1, keeper=keeper, done=killed)
    again, _ = trained(step, begin(), key, 3, chunk=1, keeper=keeper)
    for a, b in zip(*(jax.tree.leaves(eqx.filter(x, eqx.is_array)) for x in (whole, again)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert curves.values["return"].shape == (3,)
    assert learning.judged(settings, world, rater, whole, key, 5).value.shape == (5,)


def test_rewards_are_the_mean_answer_spread_over_the_steps(monkeypatch):
    caught = {}

    def caught_batch(settings, network, seen):
        caught["reward"] = seen.reward
        return original(settings, network, seen)

    original = learning.ppo.batch_of
    monkeypatch.setattr(learning.ppo, "batch_of", caught_batch)
    world, rater = PointMass(), LargerReturn()
    state = learning.start(SMALL, world, rater, jax.random.key(0))
    own = jax.tree.map(lambda x: x[0] if eqx.is_array(x) else x, state)
    learning.iterated(SMALL, world, rater, own, own.opponents, jax.random.key(1))
    total = np.asarray(caught["reward"].sum(0)) * SMALL.opponents  # a whole number of wins less losses
    np.testing.assert_allclose(total, np.round(total), atol=1e-4)
    assert (np.ptp(caught["reward"], axis=0) == 0).all() and total.any()
    assert (np.abs(total) <= SMALL.opponents + 0.01).all()


def test_a_queue_larger_than_the_first_rollouts_is_refused():
    settings = mirror.Mirror(horizon=6, items=9, rollouts=8, opponents=10)
    with pytest.raises(ValueError, match="10 cannot begin with 8"):
        mirror.start(settings, Ring(), SectorRater(), jax.random.key(0))
