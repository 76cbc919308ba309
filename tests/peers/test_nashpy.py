"""Equilibria of random games against nashpy."""

import warnings

import numpy as np
import pytest

from manyminds.theory.named_games import random_game
from manyminds.theory.normal_form import equilibria, regrets

nash = pytest.importorskip("nashpy")


def same(ours, theirs):
    close = lambda a, b: max(abs(x - y).max() for x, y in zip(a, b, strict=True)) < 1e-6  # noqa: E731
    assert len(ours) == len(theirs)
    assert all(any(close(a, b) for b in theirs) for a in ours) and all(any(close(a, b) for a in ours) for b in theirs)


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (2, 3), (3, 3), (4, 3), (4, 4)])
def test_support_and_vertex_enumeration_find_the_same_equilibria(rows, columns):
    rng = np.random.default_rng(rows * 10 + columns)
    for _ in range(12):
        game = random_game(rng, rows, columns)
        peer = nash.Game(game[0], game[1])
        ours = equilibria(game)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            same(ours, list(peer.support_enumeration()))
            same(ours, list(peer.vertex_enumeration()))


def test_every_lemke_howson_path_ends_at_one_of_ours():
    rng = np.random.default_rng(5)
    for _ in range(12):
        game = random_game(rng, 3, 4)
        ours = equilibria(game)
        for path in nash.Game(game[0], game[1]).lemke_howson_enumeration():
            if any(len(p) != k or not np.isfinite(p).all() for p, k in zip(path, (3, 4), strict=True)):
                continue  # a path that broke in the peer
            assert min(max(abs(x - y).max() for x, y in zip(path, own, strict=True)) for own in ours) < 1e-6
            assert regrets(game, path).max() < 1e-6
