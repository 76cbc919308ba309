"""Flows, equilibria and best replies of mean-field games against arithmetic, brute force and closed forms."""

from dataclasses import dataclass, replace
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning.hybrid_mirror_descent import hybrid
from manyminds.theory import mean_field_games as mfg
from manyminds.theory.graphexes import GRAPHONS, PowerGraphon, PowerLaw, meeting, midpoints
from manyminds.theory.mean_field_games import Descent
from manyminds.worlds.populations.network_games import GAMES, SIR, SIS, Beach, Cyber, Rumour, Unmoved

ALONE = np.ones((1, 1))


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@dataclass(frozen=True)
class Crossing:
    """Two ways, each as slow as it is crowded: whoever is on one may change. At half and half nobody gains."""

    steps: int = 3
    start: tuple[float, ...] = (0.5, 0.5)
    actions = 2

    def transition(self, seen):
        return jnp.broadcast_to(jnp.eye(2)[None], (2, 2, 2))

    def reward(self, seen):
        return -jnp.broadcast_to(seen[:, None], (2, 2))


@pytest.mark.parametrize("name", GAMES)
def test_transitions_are_laws_and_mass_is_kept(name):
    game = GAMES[name]
    rng = np.random.default_rng(0)
    for seen in rng.dirichlet(np.ones(len(game.start)), 5):
        chance = np.asarray(game.transition(jnp.asarray(seen)))
        assert (chance >= 0).all() and np.abs(chance.sum(-1) - 1).max() < 1e-12
    policy = jnp.asarray(rng.dirichlet(np.ones(game.actions), (game.steps, 3, len(game.start))))
    flow = mfg.passed(game, rng.dirichlet(np.ones(3), 3), policy).flow
    assert np.abs(np.asarray(flow).sum(-1) - 1).max() < 1e-12


def test_infection_that_nobody_fights_settles_at_three_quarters():
    quiet = Unmoved(SIS(steps=200))
    flow = mfg.passed(quiet, ALONE, mfg.uniform(quiet)).flow
    assert abs(float(flow[-1, 0, 1]) - 0.75) < 1e-9  # .2 m = .8 m (1 - m)


@pytest.mark.parametrize("game", [SIS(steps=2), SIR(steps=2), Rumour(steps=2), Beach(steps=1, places=4, bar=2)])
def test_best_values_by_all_deterministic_policies(game):
    policy = jnp.asarray(np.random.default_rng(1).dirichlet(np.ones(game.actions), (game.steps, 1, len(game.start))))
    tables = mfg.passed(game, ALONE, policy).tables
    start, cells = mfg.starts(game, 1), game.steps * len(game.start)
    choices = jnp.array(list(product(range(game.actions), repeat=cells)))
    pure = jnp.eye(game.actions)[choices].reshape(-1, game.steps, 1, len(game.start), game.actions)
    every = jax.vmap(lambda one: mfg.returned(start, mfg.action_values(tables, one)[0], one)[0])(pure)
    gain = mfg.gains(start, tables, policy)
    assert float(gain.own[0] + gain.gain[0]) == pytest.approx(float(every.max()), abs=1e-12)


def test_action_values_by_the_mass_on_states():
    """The return is also what the occupied (state, action) pairs are paid."""
    game = SIR(steps=7)
    policy = jnp.asarray(np.random.default_rng(2).dirichlet(np.ones(2), (7, 1, 3)))
    tables = mfg.passed(game, ALONE, policy).tables
    start = mfg.starts(game, 1)
    paid = float((mfg.occupied(start, tables, policy) * tables.reward).sum())
    assert float(mfg.gains(start, tables, policy).own[0]) == pytest.approx(paid, abs=1e-12)


def test_an_exact_equilibrium_has_no_gain_and_soft_values_would_give_one(monkeypatch):
    game = Crossing()
    assert float(mfg.exploitability(game, ALONE, mfg.uniform(game))) == 0
    soft = lambda tables: tables.reward + jnp.log(2.0)  # noqa: E731  log-sum-exp in place of the maximum
    monkeypatch.setattr(mfg, "best_values", soft)
    assert float(mfg.exploitability(game, ALONE, mfg.uniform(game))) != 0


def test_learning_reaches_an_equilibrium_and_each_solver_says_how_near_it_is():
    game = Rumour(steps=12)
    for learnt in (mfg.mirror_descent(game, ALONE, Descent(400, 0.5)), mfg.fictitious_play(game, ALONE, 400)):
        again = float(mfg.exploitability(game, ALONE, learnt.policy))
        assert again == pytest.approx(float(learnt.gain[-1, 0]), abs=1e-12)
        assert again < 0.01 * float(learnt.gain[0, 0])
    greatest = mfg.mirror_descent(game, ALONE, Descent(400, 0.5, backup="greatest"))
    assert float(greatest.gain[-1, 0]) < 0.05 * float(greatest.gain[0, 0])


def test_labels_of_a_separable_limit_have_one_policy_and_others_do_not():
    game, how = SIR(steps=10), Descent(50, 0.5)
    alone = mfg.mirror_descent(game, ALONE, how).policy
    for kernel in (meeting(PowerLaw(0.5), midpoints(9.0, 6)), meeting(PowerGraphon(), midpoints(1.0, 6))):
        many = mfg.mirror_descent(game, kernel, how).policy
        assert np.abs(np.asarray(many - alone)).max() < 1e-12
    other = meeting(GRAPHONS["uniform attachment"], midpoints(1.0, 6))
    begun = jnp.asarray(np.linspace([0.95, 0.05, 0], [0.5, 0.5, 0], 6))
    apart = mfg.mirror_descent(game, other, how, begun).policy
    assert float(jnp.ptp(apart, axis=1).max()) > 0.01


def test_meeting_is_weighted_by_degree():
    """When labels differ, the plain mean over labels is not what anybody meets."""
    labels = midpoints(9.0, 8)
    kernel = meeting(PowerLaw(0.5), labels)
    mu = np.linspace(0.9, 0.1, 8)  # more infected where there are more contacts
    weights = PowerLaw(0.5).factor(labels)
    assert kernel @ mu == pytest.approx(weights @ mu / weights.sum()) and abs((kernel @ mu)[0] - mu.mean()) > 0.2


def test_the_order_of_labels_does_not_matter():
    game, how = SIR(steps=8), Descent(30, 0.5)
    kernel = meeting(GRAPHONS["ranked attachment"], midpoints(1.0, 5))
    begun = np.linspace([0.95, 0.05, 0], [0.5, 0.5, 0], 5)
    order = np.array([3, 0, 4, 1, 2])
    plain = mfg.mirror_descent(game, kernel, how, jnp.asarray(begun)).policy
    moved = mfg.mirror_descent(game, kernel[order][:, order], how, jnp.asarray(begun[order])).policy
    assert np.abs(np.asarray(plain)[:, order] - np.asarray(moved)).max() < 1e-12


def test_a_dense_limit_by_hand():
    """The graphon 1 - max(x, y) on two labels, one step of SIS without protection, worked out on paper."""
    game = Unmoved(SIS(steps=1))
    kernel = meeting(GRAPHONS["uniform attachment"], np.array([0.25, 0.75]))
    assert kernel == pytest.approx(np.array([[0.75, 0.25], [0.5, 0.5]]))
    begun = jnp.array([[0.6, 0.4], [1.0, 0.0]])
    flow = mfg.passed(game, kernel, mfg.uniform(game, 2), begun).flow
    assert np.asarray(flow[1, :, 1]) == pytest.approx([0.4 * 0.8 + 0.6 * 0.8 * 0.3, 0.8 * 0.2])


def test_cyber_infection_is_a_union_of_causes_and_the_level_of_defence_switches():
    chance = np.asarray(Cyber().transition(jnp.array([0.2, 0.3, 0.4, 0.1])))
    caught = 1 - (1 - 0.1 * 0.05) * (1 - 0.1 * 0.2) * (1 - 0.2 * 0.4)
    assert chance[1, 0] == pytest.approx([caught, 1 - caught, 0, 0])
    assert chance[1, 1] == pytest.approx([0.7 * caught, 0.7 * (1 - caught), 0.3 * caught, 0.3 * (1 - caught)])
    assert chance[2, 1, :2].sum() == pytest.approx(0.3) and chance[2, 0] == pytest.approx([0, 0, 0.8, 0.2])


def test_no_horizon_is_refused():
    with pytest.raises(ValueError, match="at least one decision"):
        replace(SIS(), steps=0)


@pytest.mark.parametrize("closure", ["iid", "joint"])
def test_the_periphery_answers_and_does_not_disturb_the_core(closure):
    game = SIR(steps=12)
    few, many = (hybrid(game, last, Descent(60, 0.5), closure=closure) for last in (1, 3))
    assert (few.policies[0] == many.policies[0]).all() and (few.flows[:, 0] == many.flows[:, 0]).all()
    assert np.allclose(few.policies[1], many.policies[1], atol=1e-12)
