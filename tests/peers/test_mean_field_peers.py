"""Mirror descent beside mfglib and open_spiel: the same policies after as many iterations of the same step."""

import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from manyminds.theory import mean_field_games as mfg
from manyminds.theory.graphexes import PowerLaw, meeting, midpoints
from manyminds.theory.mean_field_games import Descent
from manyminds.worlds.populations.network_games import GAMES

pytest.importorskip("mfglib")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.mark.parametrize("name", ["sis", "sir", "rumour"])
def test_policies_and_exploitability_are_those_of_mfglib(name):
    from mean_field import theirs
    from mfglib.alg import OnlineMirrorDescent
    from mfglib.scoring import exploitability_score

    steps, iterations = 20, 30
    env = theirs(name, steps)
    solution = OnlineMirrorDescent(alpha=0.1).solve(env, max_iter=iterations, atol=None, rtol=None, verbose=False)
    policy = (solution[0] if isinstance(solution, tuple) else solution)[-1]
    game = replace(GAMES[name], steps=steps)
    with jax.enable_x64(True):
        kernel = meeting(PowerLaw(0.5), midpoints(9.0, 4))  # a separable graphex is the single-population game
        learnt = mfg.mirror_descent(game, kernel, Descent(iterations, 0.1))
    apart = np.abs(policy.numpy()[:, None] - np.asarray(learnt.policy)).sum(-1).max() / 2
    assert apart < 1e-3
    assert np.asarray(learnt.gain)[-1].mean() == pytest.approx(exploitability_score(env, policy), abs=1e-6)
