"""Matrix games and the enumeration of the 144: counts by brute force, invariance under renaming, mirrored views."""

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.worlds.games.matrix import MatrixGame, battle_of_the_sexes, bimatrix, from_text, prisoners_dilemma
from manyminds.worlds.games.ordinal import FAMILIES, canonical, family_of, ordinal_games, payoffs_of

RANKINGS = list(permutations((1, 2, 3, 4)))


def renamed(table, rows, columns):
    return table[:, :: -1 if rows else 1, :: -1 if columns else 1]


def stable_cells(table):
    """Pure equilibria by the definition."""
    return [(a, b) for a, b in product((0, 1), repeat=2)
            if table[0, a, b] >= table[0, 1 - a, b] and table[1, a, b] >= table[1, a, 1 - b]]  # fmt: skip


def test_the_enumeration_is_the_quotient_by_renaming():
    classes = set()
    for row, column in product(RANKINGS, repeat=2):
        table = np.array((row, column)).reshape(2, 2, 2)
        classes.add(frozenset(renamed(table, r, c).tobytes() for r in (0, 1) for c in (0, 1)))
    assert len(classes) == 144 and {len(found) for found in classes} == {4}  # no game is its own renaming
    ours = {frozenset(renamed(e.game.payoffs.astype(int), r, c).tobytes() for r in (0, 1) for c in (0, 1))
            for e in ordinal_games()}  # fmt: skip
    assert ours == classes
    # Exchanging the players pairs the games up; twelve of them are symmetric.
    swapped = [canonical(np.stack([e.game.payoffs[1].T, e.game.payoffs[0].T])) for e in ordinal_games()]
    assert sum(form == e.ranks for form, e in zip(swapped, ordinal_games())) == 12


def test_the_census_of_pure_equilibria_and_families():
    counts = Counter(len(stable_cells(entry.game.payoffs)) for entry in ordinal_games())
    assert counts == {1: 108, 2: 18, 0: 18}
    families = Counter(entry.family for entry in ordinal_games())
    assert families == dict(zip(FAMILIES, (36, 44, 19, 18, 12, 8, 7)))


def test_families_of_known_games():
    def of(text):
        return family_of(from_text(text).payoffs)

    assert of("3,3 1,4 / 4,1 2,2") == "PD Family"  # prisoner's dilemma
    assert of("4,4 1,3 / 3,1 2,2") == "Win-win"  # stag hunt
    assert of("3,3 2,4 / 4,2 1,1") == "Unfair"  # chicken
    assert of("3,4 1,1 / 2,2 4,3") == "Biased"  # battle of the sexes
    assert of("2,2 1,4 / 4,1 3,3") == "Second Best"  # deadlock
    assert of("1,4 3,2 / 4,1 2,3") == "Cyclic"


@given(some.sampled_from(ordinal_games()), some.booleans(), some.booleans())
def test_renaming_changes_neither_family_nor_canonical_form(entry, rows, columns):
    table = renamed(entry.game.payoffs, rows, columns)
    assert canonical(table) == entry.ranks and family_of(table) == entry.family


def test_a_player_sees_the_game_from_its_own_side():
    game = bimatrix("odd", [[(1, 10), (2, 20)], [(3, 30), (4, 40)]])
    assert np.array_equal(game.seen_by(0), game.payoffs)
    mirrored = game.seen_by(1)
    for own, other in product((0, 1), repeat=2):
        assert mirrored[0, own, other] == game.payoffs[1, other, own]
        assert mirrored[1, own, other] == game.payoffs[0, other, own]


@given(some.integers(2, 4), some.data())
def test_views_of_many_players_agree_with_what_is_paid(players, data):
    shape = tuple(data.draw(some.integers(1, 3)) for _ in range(players))
    game = MatrixGame("any", np.arange(players * np.prod(shape), dtype=float).reshape(players, *shape))
    joint = tuple(data.draw(some.integers(0, k - 1)) for k in shape)
    for seat in range(players):
        order = [seat, *(i for i in range(players) if i != seat)]
        seen = game.seen_by(seat)[(slice(None), *(joint[i] for i in order))]
        assert list(seen) == [game.paid(joint)[i] for i in order]


def test_the_papers_games_and_the_best_payoff():
    assert prisoners_dilemma().payoffs.tolist() == [[[8, 0], [10, 5]], [[8, 10], [0, 5]]]
    assert battle_of_the_sexes().payoffs.tolist() == [[[10, 0], [0, 7]], [[7, 0], [0, 10]]]
    assert bimatrix("x", [[(1, 5), (2, 0)]]).best.tolist() == [2, 5]
    assert payoffs_of().shape == (144, 2, 2, 2) and payoffs_of().max() == 4


def test_payoffs_in_words():
    assert np.array_equal(from_text("8,8 0,10 / 10,0 5,5").payoffs, prisoners_dilemma().payoffs)
    for text in ("", "1,2 3", "1,2 3,4 / 5,6", "a,b"):
        with pytest.raises(ValueError, match="payoffs"):
            from_text(text)
    with pytest.raises(ValueError):
        prisoners_dilemma().payoffs[0, 0, 0] = 9  # a game does not change
