"""The ring by enumeration of all walks, the point mass by closed forms, and raters that are antisymmetric."""

from itertools import product

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning.rollouts import copies, rollout
from manyminds.worlds.control import gymnasium_episodes
from manyminds.worlds.control.point_mass import LargerReturn, Path, PointMass, Regions, ShortStrides, path
from manyminds.worlds.control.ring import Ring, SectorRater, exploited

RING, SECTORS = Ring(), SectorRater()


def test_final_cells_are_those_of_all_walks():
    policy = np.random.default_rng(0).dirichlet(np.ones(3), (6, 9))
    found = np.zeros(9)
    for walk in product(range(3), repeat=6):
        cell, chance = 0, 1.0
        for t, move in enumerate(walk):
            chance *= policy[t, cell, move]
            cell = (cell + move - 1) % 9
        found[cell] += chance
    np.testing.assert_allclose(RING.final_cells(jnp.asarray(policy, jnp.float32)), found, atol=1e-6)


def test_the_best_walk_by_dynamic_programming_is_the_best_of_all():
    for limit in (2, 6):  # with two moves most cells are out of reach
        ring, worth = Ring(moves=limit), np.random.default_rng(limit).normal(size=9)
        ends = {walk: sum(m - 1 for m in walk) % 9 for walk in product(range(3), repeat=limit)}
        value, walk = ring.best_walk(worth)
        assert value == max(worth[end] for end in ends.values()) == worth[ends[tuple(walk)]]


def test_the_closed_form_mixture_cannot_be_exploited_and_vertices_can():
    spread = np.repeat(np.array([9, 2, 6]) / 17 / 3, 3)
    assert exploited(RING, SECTORS, spread) == pytest.approx(0, abs=1e-12)
    for cell, by in ((0, 0.2), (3, 0.6), (8, 0.9)):
        assert exploited(RING, SECTORS, np.eye(9)[cell]) == pytest.approx(by)


def test_the_rater_sees_where_a_walk_ended():
    policy = lambda seen, key: (jax.random.randint(key, (), 0, 3), None)  # noqa: E731
    begun = copies(RING, jax.random.key(0), 50)
    _, seen, finished = rollout(RING, policy, begun, jax.random.key(1), 6)
    ends = (np.asarray(seen.action) - 1).sum(0) % 9
    np.testing.assert_array_equal(jax.vmap(SECTORS.facts, 1)(seen), ends)
    assert np.asarray(finished.over).sum() == 50 and finished.over[-1].all() and seen.ended[-1].all()


def flight(world, force):
    policy = lambda seen, key: (jnp.asarray(force, jnp.float32), None)  # noqa: E731
    return rollout(world, policy, copies(world, jax.random.key(0), 1), jax.random.key(1), world.limit)[1]


def test_full_force_gives_the_closed_form_and_more_force_nothing_more():
    for force in ([1.0, 0.0], [7.0, 0.0]):
        seen = flight(PointMass(), force)
        assert float(seen.reward.sum()) == pytest.approx(PointMass().furthest(), abs=1e-4)
    facts = jax.vmap(path, 1)(seen)
    places = 4 * np.r_[0.0, np.asarray(seen.after[:, 0, 0])]
    assert facts.stride[0] == pytest.approx(max(places[12:] - places[:-12]), abs=1e-4) and facts.stride[0] > 1.5
    assert float(flight(PointMass(), [0.0, 1.0]).reward.sum()) < 0  # off the lane costs


def test_sectors_of_the_end_point():
    for force, region in (([1.0, 0.5], 0), ([-1.0, 0.1], 1), ([0.5, -1.0], 2)):
        facts = jax.vmap(path, 1)(flight(PointMass(), force))
        assert int(Regions().region(Path(*(x[0] for x in facts)))) == region


RATERS = [LargerReturn(), LargerReturn(0.2), ShortStrides(), ShortStrides(flip=0.1), Regions()]


@pytest.mark.parametrize("rater", RATERS, ids=str)
def test_raters_are_antisymmetric(rater):
    rng = np.random.default_rng(0)
    many = Path(*(jnp.asarray(x, jnp.float32) for x in (rng.normal(size=40), rng.uniform(1, 2, 40),
                                                        rng.uniform(0, 2 * np.pi, 40))))  # fmt: skip
    found = np.asarray(jax.vmap(lambda a: jax.vmap(lambda b: rater.prefers(a, b))(many))(many))
    np.testing.assert_allclose(found, -found.T, atol=1e-7)
    assert (np.diag(found) == 0).all() and np.abs(found).max() <= 1


def test_a_long_stride_loses_to_any_path_without_one():
    one = lambda value, stride: Path(jnp.float32(value), jnp.float32(stride), jnp.float32(0))  # noqa: E731
    rater = ShortStrides()
    assert rater.prefers(one(1, 1.4), one(9, 1.6)) == 1 == rater.prefers(one(9, 1.6), one(1, 1.6))
    assert rater.prefers(one(9, 1.4), one(1, 1.4)) == 1


def test_gymnasium_episodes_have_the_shape_of_rollouts():
    act = lambda seen, rng: rng.uniform(-2, 2, (len(seen), 1))  # noqa: E731
    found = gymnasium_episodes.episodes("Pendulum-v1", act, 3, seed=5, limit=20)
    assert found.observation.shape == (20, 3, 3) and (found.length == 20).all() and not found.ended.any()
    peer, total = gymnasium.make("Pendulum-v1"), 0.0
    peer.reset(seed=6)
    for action in found.action[:, 1]:
        total += float(peer.step(action)[1])
    assert found.returns()[1] == pytest.approx(total, abs=1e-3)


def test_episodes_that_end_early_are_padded():
    class Short(gymnasium.Env):
        observation_space = action_space = gymnasium.spaces.Box(-1, 1, (1,))

        def reset(self, *, seed=None, options=None):
            self.left = 2 + seed
            return np.ones(1, np.float32), {}

        def step(self, action):
            self.left -= 1
            return np.ones(1, np.float32), 1.0, self.left == 0, False, {}

    gymnasium.register("Short-v0", Short, disable_env_checker=True)
    found = gymnasium_episodes.episodes("Short-v0", lambda seen, rng: np.ones((len(seen), 1)), 2, seed=0, limit=9)
    np.testing.assert_array_equal(found.length, [2, 3])
    np.testing.assert_array_equal(found.returns(), [2, 3])
    np.testing.assert_array_equal(found.observation[:, 0, 0], [1, 1, 0])
    np.testing.assert_array_equal(found.ended[:, 0], [False, True, True])


def test_what_is_missing_is_said_with_its_remedy(monkeypatch):
    def refused(name):
        raise gymnasium.error.DependencyNotInstalled("no mujoco")

    for name, said in (("CartPole-v1", "only a box"), ("Nowhere-v9", "has no environment")):
        with pytest.raises(BadInput, match=said):
            gymnasium_episodes.made(name)
    monkeypatch.setattr(gymnasium, "make", refused)
    with pytest.raises(BadInput, match=r"pip install 'gymnasium\[mujoco\]'"):
        gymnasium_episodes.made("Ant-v5")
