"""The 144 strict ordinal games of two players with two options: enumerated, not listed, with their families.

Each player ranks the four cells from 1 to 4 without ties: 24 x 24 pairs of rankings. Exchanging the rows or the columns
only renames options and no game is its own renaming, so there are 576 / 4 = 144 games (Rapoport and Guyer 1966). The
families are read from the pure equilibria (after Robinson and Goforth 2005, as used in arXiv 2305.16867).
"""

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Literal, get_args

import numpy as np

from manyminds.theory.normal_form import pure_equilibria
from manyminds.worlds.games.matrix import MatrixGame

Family = Literal["Win-win", "Biased", "Unfair", "Cyclic", "Second Best", "Tragic", "PD Family"]
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True, eq=False)
class OrdinalGame:
    """One of the 144: its number here (from 1), its family, and the game."""

    number: int
    family: Family
    game: MatrixGame

    @property
    def ranks(self) -> tuple[int, ...]:
        """The row player's ranks by cell (rows one after the other), then the column player's."""
        return tuple(int(p) for p in self.game.payoffs.ravel())


def canonical(payoffs: np.ndarray) -> tuple[int, ...]:
    """The renaming of a game that stands for all four: the row player's 4 in the right column, the column player's 4
    in the upper row. Exactly one of the four is like that, because each exchange moves exactly one of the two."""
    table = np.asarray(payoffs)
    if 4 in table[0, :, 0]:
        table = table[:, :, ::-1]
    if 4 in table[1, 1, :]:
        table = table[:, ::-1, :]
    return tuple(int(p) for p in table.ravel())


def family_of(payoffs: np.ndarray) -> Family:
    """The family of a strict ordinal game, by the ranks at its pure equilibria.

    Win-win: both get their best. Cyclic: no pure equilibrium. PD family: some other cell is better for both than the
    equilibrium. Biased: one gets its best, the other its second best (at one of the equilibria at least). Unfair: best
    and third best. Second best: both get their second best. Tragic: second and third best.
    """
    cells = np.asarray(payoffs).reshape(2, -1).T
    reached = [tuple(int(p) for p in payoffs[(slice(None), *at)]) for at in pure_equilibria(payoffs)]
    ranks = [tuple(sorted(cell)) for cell in reached]
    if (4, 4) in ranks:
        return "Win-win"
    if not ranks:
        return "Cyclic"
    if all((cells > np.array(cell)).all(axis=1).any() for cell in reached):
        return "PD Family"
    for cell, name in {(3, 4): "Biased", (2, 4): "Unfair", (3, 3): "Second Best", (2, 3): "Tragic"}.items():
        if cell in ranks:
            return name  # type: ignore[return-value]
    raise ValueError(f"no strict ordinal game has pure equilibria at {reached} only")


@cache
def ordinal_games() -> tuple[OrdinalGame, ...]:
    """All 144, in the order of the ranks of their canonical forms."""
    rankings = list(permutations((1, 2, 3, 4)))
    forms = sorted({canonical(np.array((row, column)).reshape(2, 2, 2)) for row in rankings for column in rankings})
    found = []
    for number, form in enumerate(forms, 1):
        payoffs = np.array(form, float).reshape(2, 2, 2)
        found.append(OrdinalGame(number, family_of(payoffs), MatrixGame(f"ordinal game {number}", payoffs)))
    return tuple(found)


def payoffs_of(games: tuple[OrdinalGame, ...] | None = None) -> np.ndarray:
    """The payoffs of many ordinal games (all by default), shape (games, 2, 2, 2)."""
    return np.stack([entry.game.payoffs for entry in (ordinal_games() if games is None else games)])
