"""Games in normal form: any number of players, any number of options each, with the named games of the papers.

Payoffs are one array of shape (n, |A_1|, ..., |A_n|), as in `theory.normal_form`: `payoffs[i, a_1, ..., a_n]` is what
player i gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from manyminds.theory.named_games import NAMED as CLASSICS
from manyminds.theory.normal_form import checked


@dataclass(frozen=True, eq=False)
class MatrixGame:
    """One game, played once: who gets what after which joint choice."""

    name: str
    payoffs: np.ndarray  # (n, |A_1|, ..., |A_n|)

    def __post_init__(self) -> None:
        table = checked(self.payoffs).copy()
        table.flags.writeable = False
        object.__setattr__(self, "payoffs", table)

    @property
    def players(self) -> int:
        return len(self.payoffs)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many options each player has."""
        return self.payoffs.shape[1:]

    @cached_property
    def best(self) -> np.ndarray:
        """The largest payoff of each player anywhere in the game, shape (n,): what scores are divided by."""
        return self.payoffs.reshape(self.players, -1).max(axis=1)

    @cached_property
    def worst(self) -> np.ndarray:
        """The smallest payoff of each player anywhere in the game, shape (n,)."""
        return self.payoffs.reshape(self.players, -1).min(axis=1)

    def paid(self, choices: Sequence[int]) -> tuple[float, ...]:
        """What each player gets after these choices."""
        return tuple(float(p) for p in self.payoffs[(slice(None), *choices)])

    def seen_by(self, player: int) -> np.ndarray:
        """The game from one seat: that player first, then the others in their order, in payoffs and in options.

        Shape (n, |A_player|, others' options). For two players this is the mirrored game for the second one, who
        would otherwise read the first one's table.
        """
        order = (player, *(i for i in range(self.players) if i != player))
        return np.transpose(self.payoffs[list(order)], (0, *(1 + i for i in order)))

    def joint_choices(self) -> list[tuple[int, ...]]:
        """All joint choices, the first player's option changing slowest."""
        return list(product(*map(range, self.shape)))


def bimatrix(name: str, cells: Sequence[Sequence[tuple[float, float]]]) -> MatrixGame:
    """A game of two players from rows of cells (row player's payoff, column player's payoff)."""
    return MatrixGame(name, np.moveaxis(np.array(cells, float), -1, 0))


def symmetric(name: str, row: Sequence[Sequence[float]]) -> MatrixGame:
    """A symmetric game of two players from the row player's payoffs."""
    own = np.array(row, float)
    return MatrixGame(name, np.stack([own, own.T]))


def prisoners_dilemma(r: float = 8, s: float = 0, t: float = 10, p: float = 5) -> MatrixGame:
    """The first option is to cooperate. Defaults are those of arXiv 2305.16867, section on the prisoner's dilemma."""
    return symmetric("prisoner's dilemma", [[r, s], [t, p]])


def battle_of_the_sexes(preferred: float = 10, other: float = 7, apart: float = 0) -> MatrixGame:
    """Both want to meet, the first player rather at the first option, the second at the second (arXiv 2305.16867)."""
    cells = [[(preferred, other), (apart, apart)], [(apart, apart), (other, preferred)]]
    return bimatrix("battle of the sexes", cells)


def from_text(text: str) -> MatrixGame:
    """The game of two players written as rows of cells, `8,8 0,10 / 10,0 5,5`, or by its name, as `shapley`."""
    if text in CLASSICS:
        return MatrixGame(text, CLASSICS[text])
    try:
        rows = [[tuple(float(p) for p in cell.split(",")) for cell in row.split()] for row in text.split("/")]
    except ValueError as error:
        said = f"payoffs {text!r} hold something that is no number ({error})"
        raise ValueError(f"{said}; named games: {', '.join(CLASSICS)}") from None
    cells: list[Any] = [cell for row in rows for cell in row]
    if not cells or len({len(row) for row in rows}) != 1 or {len(cell) for cell in cells} != {2}:
        raise ValueError(f"payoffs {text!r}: write rows of cells ROW,COLUMN with the same number in each row, as in"
                         f" '8,8 0,10 / 10,0 5,5', or one of {', '.join(CLASSICS)}")  # fmt: skip
    return bimatrix("matrix", rows)


NAMED = {"pd": prisoners_dilemma(), "bos": battle_of_the_sexes()}
