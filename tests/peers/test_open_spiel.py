"""Correlated and coarse correlated equilibria of random games against open_spiel: the constraints, and the optima."""

import numpy as np
import pytest

from manyminds.theory import correlated
from manyminds.theory.named_games import CHICKEN, random_game

pytest.importorskip("pyspiel")
jpsro = pytest.importorskip("open_spiel.python.algorithms.jpsro")


def gaps_by_peer(game, joint, coarse):
    """The gains of all deviations as open_spiel's constraint matrix says: (player, gain) for each row."""
    build = jpsro._cce_constraints if coarse else jpsro._ace_constraints
    matrix, *_, meta = build(game, [0.0] * len(game), remove_null=False)
    return meta["p_vec"], matrix @ joint.ravel()


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (2, 3, 2), (2, 2, 2, 2)])
def test_gaps_of_random_joint_play(shape):
    rng = np.random.default_rng(sum(shape))
    for _ in range(10):
        game = random_game(rng, *shape)
        joint = rng.dirichlet(np.ones(int(np.prod(shape)))).reshape(shape)
        who, gains = gaps_by_peer(game, joint, coarse=True)
        ours = correlated.coarse_gaps(game, joint)
        assert ours == pytest.approx([gains[who == i].max() for i in range(len(shape))], abs=1e-7)
        who, gains = gaps_by_peer(game, joint, coarse=False)
        swaps = correlated.swap_gains(game, joint)
        for i in range(len(shape)):
            off = swaps[i][~np.eye(shape[i], dtype=bool)]
            assert np.sort(off) == pytest.approx(np.sort(gains[who == i]), abs=1e-7)


@pytest.mark.parametrize("coarse", [False, True])
def test_our_optimum_is_feasible_for_the_peer_and_equal_to_its_own(coarse):
    cvxpy = pytest.importorskip("cvxpy")
    if "ECOS" not in cvxpy.installed_solvers():
        pytest.skip("the peer's programs ask for the solver ECOS")
    rng = np.random.default_rng(7)
    for game in (CHICKEN, random_game(rng, 3, 3), random_game(rng, 2, 2, 2)):
        ours = correlated.solve(game, coarse=coarse)
        _, gains = gaps_by_peer(game, ours.joint, coarse)
        assert gains.max() < 1e-7
        solve = jpsro._mwcce if coarse else jpsro._mwce
        theirs, _ = solve(game, [np.ones(k) for k in game.shape[1:]])
        value = float((game.sum(axis=0) * np.reshape(theirs, game.shape[1:])).sum())
        assert ours.value == pytest.approx(value, abs=1e-5)
