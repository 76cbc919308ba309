"""Comparisons of episodes that are stepped outside of JAX: scores and rewards against arithmetic by hand, on a stub."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.core.array_worlds import Box
from manyminds.core.checkpoints import Checkpoint
from manyminds.learning import preference_ppo as comparing
from manyminds.learning import preference_sac as learning
from manyminds.learning.sac import SAC
from manyminds.worlds.control.gymnasium_episodes import LargerSum

LIMIT = 6


class Stub(NamedTuple):
    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    after: np.ndarray
    ended: np.ndarray
    length: np.ndarray


def stub(rewards, lengths):
    """Episodes (steps, n) with these rewards, filled up with zeros, as an environment's come."""
    reward = np.array(rewards, np.float32).T
    steps, n = reward.shape
    going = np.arange(steps)[:, None] < np.array(lengths)
    ended = ~going | (np.arange(steps)[:, None] == np.array(lengths) - 1)
    seen = np.ones((steps, n, 2), np.float32) * going[..., None]
    return Stub(seen, np.full((steps, n, 1), 0.5, np.float32) * going[..., None], reward * going, seen, ended,
                np.array(lengths))  # fmt: skip


def settings(method="self-play", **changed):
    own = comparing.Settings(method=method, horizon=LIMIT, opponents=3, model_width=8, remembered=4)
    quick = SAC(width=8, start_temperature=0.01)
    return replace(learning.Settings(own, episodes=2, updates=3, batch=8, capacity=100, learner=quick), **changed)


def compared(method="self-play", model=None, flip=0.0):
    """Two fresh episodes of 2 and 4 steps against three with the returns 0, 2 and 5."""
    fresh = learning.side_by_side(stub([[1, 0, 0, 0], [1, 1, 1, 1]], [2, 4]), LIMIT)
    earlier = learning.side_by_side(stub([[0, 0], [2, 0], [5, 0]], [2, 2, 1]), LIMIT)
    rater = LargerSum(flip)
    held = learning.queue(learning.kept(rater, earlier), 3)
    return fresh, learning.rewarded(settings(method), rater, held, model, fresh, jax.random.key(0))


def test_scores_are_mean_answers_and_rewards_sum_to_them():
    fresh, (reward, _, rolled, won) = compared()
    np.testing.assert_allclose(won, [-1 / 3, 1 / 3], atol=1e-6)  # returns 1 and 4 against 0, 2 and 5
    np.testing.assert_allclose(reward[0], [-1 / 6, -1 / 6, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(reward[1], [1 / 12] * 4 + [0, 0], atol=1e-6)
    np.testing.assert_allclose(rolled.facts, [1, 4])
    np.testing.assert_array_equal(rolled.inputs[:, :, -1], fresh.there)


def test_the_true_reward_is_that_of_the_steps():
    fresh, (reward, *_) = compared("true reward")
    np.testing.assert_allclose(reward, fresh.rows.reward)
    assert float(reward.sum()) == 5


def test_a_noisy_rater_flips_answers():
    assert float(LargerSum(0.2).prefers(2.0, 1.0)) == pytest.approx(0.6)
    assert float(LargerSum().prefers(1.0, 1.0)) == 0


def test_filling_is_worth_nothing_to_a_reward_model():
    model = learning.first_model(settings("reward model"), jnp.zeros((3, LIMIT, 4)), jax.random.key(0))
    fresh, (reward, after, *_) = compared("reward model", model)
    assert (np.asarray(reward)[~np.asarray(fresh.there)] == 0).all() and np.abs(reward).max() > 0
    assert int(after.seen.filled) == 1
    assert learning.first_model(settings(), jnp.zeros((3, LIMIT, 4)), jax.random.key(0)) is None


def roll(act, count, seed):
    """Two of six steps and the rest of four; an action near 1 earns most."""
    rng = np.random.default_rng(seed)
    lengths = [6 if i < 2 else 4 for i in range(count)]
    seen = rng.normal(size=(LIMIT, count, 2)).astype(np.float32)
    action = np.stack([act(row, rng) for row in seen])
    found = stub(action[..., 0].T, lengths)
    return found._replace(observation=seen, action=action)


@pytest.mark.parametrize("method", ["self-play", "reward model", "true reward"])
def test_it_runs_and_goes_on_where_it_was_killed(method, tmp_path):
    own, rater = settings(method), LargerSum(0.1)
    begun = learning.start(own, rater, roll, 2, Box(1), Seeds(0))
    states, said = [begun], {}
    for _ in range(3):
        state, said = learning.iterated(own, rater, roll, states[-1], Seeds(0))
        states.append(state)
    assert said["steps"] == 12 and -1 <= said["won"] <= 1 and int(states[-1].replay.filled) == 36
    assert int(states[-1].opponents.filled) == 3
    kept = Checkpoint(tmp_path / "x")
    kept.save(states[2])
    again, heard = learning.iterated(own, rater, roll, kept.load(begun), Seeds(0))
    assert heard == said
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(states[3]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_cannot_work_is_refused():
    with pytest.raises(BadInput, match="duel"):
        settings("duel")
    with pytest.raises(BadInput, match="up to 18 steps, and 17"):
        settings(capacity=17)
    with pytest.raises(BadInput, match="updates"):
        settings(updates=0)
    with pytest.raises(BadInput, match="7 steps and the horizon is 6"):
        learning.side_by_side(stub([[0] * 7], [7]), LIMIT)
