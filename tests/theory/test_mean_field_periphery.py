"""Players of few neighbours: counts, closures and limits against enumeration and simulation."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning.hybrid_mirror_descent import hybrid
from manyminds.theory import mean_field_games as mfg
from manyminds.theory import mean_field_periphery as edge
from manyminds.theory.mean_field_games import Descent
from manyminds.worlds.populations.network_games import SIR, SIS, Unmoved


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def quiet(steps=12, last=3, game=None):
    """Nobody acts: the core's passage, and what the periphery sees of it."""
    game = Unmoved(game or SIR(steps=steps))
    policy = mfg.uniform(game)
    core = mfg.passed(game, np.ones((1, 1)), policy)
    return game, mfg.uniform(game, last), edge.met(core, policy), core


def test_counts_and_their_chances():
    rows, p = edge.counts(3, 3), np.array([0.5, 0.3, 0.2])
    assert len(rows) == 10 and (rows.sum(1) == 3).all() and len(np.unique(rows, axis=0)) == 10
    tuples = [np.bincount(t, minlength=3) for t in product(range(3), repeat=3)]
    odds = [p[list(t)].prod() for t in product(range(3), repeat=3)]
    expected = [sum(o for t, o in zip(tuples, odds) if (t == row).all()) for row in rows]
    assert np.asarray(edge.multinomial(3, jnp.asarray(p))) == pytest.approx(expected)
    assert np.asarray(edge.multinomial(2, jnp.array([1.0, 0.0]))).sum() == 1  # 0^0 is 1


def test_count_moves_by_moving_each_neighbour():
    moves = np.random.default_rng(0).dirichlet(np.ones(3), 3)
    for k, found in enumerate(edge.count_moves(jnp.asarray(moves), 3), 1):
        rows = edge.counts(k, 3)
        for i, row in enumerate(rows):
            own, expected = np.repeat(np.arange(3), row), np.zeros(len(rows))
            for to in product(range(3), repeat=k):
                at = int(np.flatnonzero((rows == np.bincount(to, minlength=3)).all(1))[0])
                expected[at] += np.prod([moves[x, y] for x, y in zip(own, to)])
            assert np.asarray(found[i]) == pytest.approx(expected)


def test_linear_games_forget_the_degree_under_independent_draws_but_not_under_the_joint_law():
    game, policy, met, core = quiet()
    iid, joint = edge.sampled_flow(game, policy, met), edge.joint_flow(game, policy, met)
    assert np.abs(np.asarray(iid) - np.asarray(core.flow)).max() < 1e-12
    gaps = np.abs(np.asarray(joint) - np.asarray(core.flow)).sum(-1).mean(0)
    assert gaps[0] > gaps[1] > gaps[2] > 0.01


def test_many_neighbours_are_the_core():
    game, policy, met, core = quiet(last=24, game=SIS(steps=6, start=(0.9, 0.1)))
    gaps = np.abs(np.asarray(edge.joint_flow(game, policy, met) - core.flow)).sum(-1).max(0)
    assert gaps[23] < 0.6 * gaps[11] < 0.4 * gaps[5]  # like 1 / k


def test_the_joint_law_is_exact_when_neighbours_take_no_notice():
    """Simulate players with three neighbours who move as the core does."""
    game, policy, met, _ = quiet(steps=8, last=3)
    rng, n = np.random.default_rng(0), 60_000
    start = np.array(game.start)
    x, others = rng.choice(3, n, p=start), rng.choice(3, (n, 3), p=start)
    draw = lambda p: (rng.random((*p.shape[:-1], 1)) >= np.cumsum(p, -1)[..., :-1]).sum(-1)  # noqa: E731
    for t in range(8):
        shares = np.eye(3)[others].mean(1)
        ill = 0.8 * shares[:, 1]
        rows = np.stack([np.stack([1 - ill, ill, 0 * ill], 1), np.tile([0, 0.9, 0.1], (n, 1)),
                         np.tile([0, 0, 1.0], (n, 1))], 1)  # fmt: skip
        x, others = draw(rows[np.arange(n), x]), draw(np.asarray(met.moves[t])[others])
    seen = np.bincount(x, minlength=3) / n
    expected = np.asarray(edge.joint_flow(game, policy, met))[-1, 2]
    assert np.abs(seen - expected).max() < 4 * 0.5 / np.sqrt(n)
    assert np.abs(seen - np.asarray(edge.sampled_flow(game, policy, met))[-1, 2]).max() > 0.02


def test_degree_is_given_and_not_drawn():
    """A label whose expected degree is 1 has a random degree; the periphery is the nodes whose degree is 1."""
    game, policy, met, _ = quiet(steps=12, last=6)
    flows = np.asarray(edge.joint_flow(game, policy, met))
    poisson = 1 / np.cumprod(np.arange(1, 7.0))
    mixed = np.einsum("k,tkx->tx", poisson / poisson.sum(), flows)
    assert np.abs(mixed - flows[:, 0]).max() > 0.03


def test_whoever_sees_its_neighbours_is_worth_no_less():
    found = hybrid(SIS(steps=6), 2, Descent(50, 0.5))
    value, policy = edge.informed_value(SIS(steps=6), 2, found.met)
    assert (np.asarray(value) >= np.asarray(found.periphery.own[-1])).all()
    flow = edge.joint(SIS(steps=6), policy, found.met, edge.all_count_moves(found.met, 2))[0]
    assert np.abs(np.asarray(flow).sum(-1) - 1).max() < 1e-12


def test_answers_to_a_fixed_flow_are_best():
    found = hybrid(SIR(steps=10), 3, Descent(800, 0.5), closure="iid")
    tables = edge.sampled_tables(SIR(steps=10), 3, found.met.seen)
    best = np.einsum("x,kx->k", SIR().start, np.asarray(mfg.best_values(tables)[0].max(-1)))
    assert np.asarray(found.periphery.own[-1]) == pytest.approx(best, rel=1e-3)
