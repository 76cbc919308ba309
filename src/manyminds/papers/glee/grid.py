"""The parameter grid: three families of games, every combination of their parameters (sections 3 and 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from manyminds.core import World
from manyminds.worlds.games.bargaining import Bargaining
from manyminds.worlds.games.negotiation import Negotiation
from manyminds.worlds.games.persuasion import Persuasion

Family = Literal["bargaining", "negotiation", "persuasion"]
FAMILIES: tuple[Family, ...] = ("bargaining", "negotiation", "persuasion")
METRICS = ("efficiency", "fairness")
# What the two parameters of a cell are, by family; the third is always the money.
PARAMETERS: dict[Family, tuple[str, str]] = {
    "bargaining": ("discount of Alice", "discount of Bob"),
    "negotiation": ("value to Alice", "value to Bob"),
    "persuasion": ("prior", "value"),
}


@dataclass(frozen=True)
class Cell:
    """One configuration. `rounds=None`: no end that the players know of."""

    family: Family
    first: float  # discount factor or value of Alice; the prior
    second: float  # discount factor or value of Bob; a good product's value
    money: float
    rounds: int | None
    complete: bool
    words: bool  # free text allowed (bargaining, negotiation), or text in place of yes and no (persuasion)
    myopic: bool = False

    @property
    def market(self) -> str:
        """The joint level of the three market dimensions."""
        knows = "complete" if self.complete else "incomplete"
        if self.family == "persuasion":
            return f"{knows}, {'text' if self.words else 'binary'}, {'myopic' if self.myopic else 'long-living'}"
        return f"{self.rounds or 'inf'}, {knows}, {'messages' if self.words else 'silent'}"

    def world(self, names: tuple[str, str] = ("Alice", "Bob"), cap: int = 99) -> World:
        """The game of this cell."""
        pair = (self.first, self.second)
        if self.family == "bargaining":
            return Bargaining(names, self.money, self.rounds, self.complete, self.words, cap, pair)
        if self.family == "negotiation":
            return Negotiation(names, self.money, self.rounds, self.complete, self.words, cap, pair)
        return Persuasion(names, self.money, self.first, self.second, self.rounds or 1, self.complete, self.words,
                          self.myopic)  # fmt: skip


# The levels that coefficients are read against.
DEFAULTS: dict[Family, Cell] = {
    "bargaining": Cell("bargaining", 0.9, 0.9, 1e4, None, True, False),
    "negotiation": Cell("negotiation", 1.0, 1.0, 1e4, 1, True, False),
    "persuasion": Cell("persuasion", 0.5, 1.25, 1e4, 20, True, False, False),
}


def pairs_of(
    family: Family, firsts: Sequence[float], seconds: Sequence[float], money: Sequence[float], rounds: Sequence[int]
) -> list[Cell]:
    """All cells of one family; `rounds` of 0 stand for no end."""
    flags = (True, False)
    if family == "persuasion":
        return [Cell(family, *values) for values in product(firsts, seconds, money, rounds, flags, flags, flags)]
    return [Cell(family, a, b, m, t or None, ci, words)
            for a, b, m, t, ci, words in product(firsts, seconds, money, rounds, flags, flags)]  # fmt: skip
