"""Equilibria of all 144 games and of the papers' games beside nashpy."""

import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    nashpy = pytest.importorskip("nashpy")

from manyminds.theory.normal_form import equilibria
from manyminds.worlds.games.matrix import battle_of_the_sexes, prisoners_dilemma
from manyminds.worlds.games.ordinal import ordinal_games


def test_equilibria_are_the_same():
    games = [entry.game for entry in ordinal_games()] + [battle_of_the_sexes(), prisoners_dilemma()]
    for game in games:
        ours = sorted(tuple(np.concatenate(profile).round(9) + 0.0) for profile in equilibria(game.payoffs))
        found = nashpy.Game(*game.payoffs).support_enumeration()
        theirs = sorted({tuple(np.concatenate(profile).round(9) + 0.0) for profile in found})
        assert np.allclose(ours, theirs), game.name
