"""Minimax winners against nashpy and scipy, Bradley-Terry scores against choix."""

import numpy as np
import pytest
from scipy.optimize import linprog

from manyminds.theory import preferences as theory


def test_the_minimax_winner_is_a_nash_equilibrium_of_nashpy():
    nash = pytest.importorskip("nashpy")
    rng = np.random.default_rng(0)
    for n in (3, 4, 5):
        game = theory.random_preferences(rng, n)
        (first, second), *_ = nash.Game(game, -game).vertex_enumeration()
        ours = theory.minimax_winner(game).mixture
        assert theory.distance(ours, first) < 1e-6 and theory.distance(ours, second) < 1e-6


def test_fictitious_play_of_nashpy_comes_near_it():
    nash = pytest.importorskip("nashpy")
    game = theory.cycle(0.6, 0.9, 0.2)
    *_, (first, _) = nash.Game(game, -game).fictitious_play(iterations=4000)
    assert theory.exploitability(game, first / first.sum()) < 0.05


def test_the_programme_written_out_for_scipy():
    game = theory.random_preferences(np.random.default_rng(1), 30)
    found = linprog(np.r_[np.zeros(30), -1], A_ub=np.c_[-game.T, np.ones(30)], b_ub=np.zeros(30),
                    A_eq=[[1] * 30 + [0]], b_eq=[1], bounds=[(0, None)] * 30 + [(None, None)])  # fmt: skip
    assert theory.distance(theory.minimax_winner(game).mixture, found.x[:-1]) < 1e-6


def test_scores_are_those_of_choix():
    choix = pytest.importorskip("choix")
    wins = np.random.default_rng(2).poisson(3, (8, 8))
    np.fill_diagonal(wins, 0)
    data = [(i, j) for i in range(8) for j in range(8) for _ in range(wins[i, j])]
    np.testing.assert_allclose(theory.bradley_terry(wins), choix.ilsr_pairwise(8, data), atol=1e-5)
    # Its penalty is alpha times the squared norm, ours half of that.
    np.testing.assert_allclose(theory.bradley_terry(wins, 0.2), choix.opt_pairwise(8, data, alpha=0.1), atol=1e-4)
