"""Playing cells of the grid: on arrays where two rules sit, one by one in the turn worlds where anybody else does."""

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.agents import bargainers, persuaders
from manyminds.agents.seats import Rules, rule
from manyminds.core import Seeds
from manyminds.papers.glee import measures
from manyminds.papers.glee.grid import Cell, Family
from manyminds.worlds.games.bilateral_arrays import Draw, Shops, Tables, advising, alternating


@dataclass(frozen=True)
class Games:
    """Finished games of one family in columns; NaN: undefined or not there. Gains are shares of the money."""

    cell: np.ndarray  # index into the cells of the family
    player_a: np.ndarray  # who sat in the first seat, by name
    player_b: np.ndarray
    repeat: np.ndarray
    efficiency: np.ndarray
    fairness: np.ndarray
    gain_a: np.ndarray
    gain_b: np.ndarray
    stage: np.ndarray  # of the agreement
    first_offer: np.ndarray  # what Alice's first offer would leave to Bob
    void: np.ndarray  # bool

    def __len__(self) -> int:
        return len(self.cell)

    def take(self, chosen: np.ndarray) -> "Games":
        """The games at some indices, or where a mask is true."""
        return Games(*(getattr(self, column.name)[chosen] for column in fields(self)))


def joined(parts: Sequence[Games]) -> Games:
    return Games(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Games)))


def seats_of(family: Family) -> tuple[Rules, Rules]:
    """The rules that can sit in the first and in the second seat of a family."""
    if family == "persuasion":
        return persuaders.SENDERS, persuaders.BUYERS
    return bargainers.RULES, bargainers.RULES


def tables_of(cells: Sequence[Cell], cap: int) -> Tables:
    """Cells of bargaining or negotiation, one game each, as arrays."""
    division = cells[0].family == "bargaining"
    first, second = np.array([c.first for c in cells]), np.array([c.second for c in cells])
    told = np.array([np.nan if c.rounds is None else c.rounds for c in cells])
    complete = np.array([c.complete for c in cells])
    one = np.ones(len(cells))
    pie = one if division else second - first
    discounts = np.stack([first, second]) if division else np.stack([one, one])
    others = np.where(complete, discounts[::-1], np.nan) if division else discounts
    ceilings = np.stack([one, one]) if division else np.stack([np.full(len(cells), np.inf), second])
    told_pie = pie if division else np.where(complete, pie, np.nan)
    return Tables(pie, told_pie, np.where(np.isnan(told), cap, told), told, discounts, others, ceilings)


def shops_of(cells: Sequence[Cell], high: np.ndarray) -> Shops:
    """Cells of persuasion with the qualities of their rounds, (games, rounds)."""
    complete = np.array([c.complete for c in cells])
    value = np.array([c.second for c in cells])
    myopic = np.array([c.myopic for c in cells])
    return Shops(high, np.array([c.first for c in cells]), value, np.where(complete, value, np.nan), myopic)


def on_arrays(cells: Sequence[Cell], minds: tuple[str, str], repeats: int, seeds: Seeds, cap: int = 99) -> Games:
    """Every cell `repeats` times with two rules."""
    family = cells[0].family
    seated = [rule(mind, rules) for mind, rules in zip(minds, seats_of(family), strict=True)]
    many = [cell for _ in range(repeats) for cell in cells]
    index, repeat = np.tile(np.arange(len(cells)), repeats), np.repeat(np.arange(repeats), len(cells))
    # Draws belong to the game, whoever plays it: pairs of minds meet the same products.
    stream = seeds.child(family)
    if family == "persuasion":
        rounds = cells[0].rounds or 1
        luck = stream.numpy("quality").random((len(many), rounds))
        high = luck < np.array([c.first for c in many])[:, None]
        return persuaded(many, index, repeat, minds, seated, high, uniform(stream.child(*minds)))
    normal = stream.child(*minds).numpy("noise")

    def noise(seat: int, turn: int, live: np.ndarray) -> np.ndarray:
        return normal.standard_normal(len(live))

    return bargained(many, index, repeat, minds, seated, noise, cap)


def uniform(seeds: Seeds) -> Draw:
    rng = seeds.numpy("chance")
    return lambda seat, turn, live: rng.random(len(live))


def bargained(
    cells: Sequence[Cell], index: np.ndarray, repeat: np.ndarray, names: tuple[str, str], minds: Any, noise: Draw,
    cap: int,
) -> Games:  # fmt: skip
    """Games of alternating offers, one for each of `cells`, with their measures."""
    deals = alternating(tables_of(cells, cap), tuple(minds), noise)
    first, second = np.array([c.first for c in cells]), np.array([c.second for c in cells])
    none = np.isnan(deals.stage)
    if cells[0].family == "bargaining":
        efficiency, fairness = measures.bargaining(deals.stage, deals.gains[0], first, second)
        factors = np.stack([first, second]) ** (np.where(none, 1, deals.stage) - 1)
    else:
        efficiency, fairness = measures.negotiation(deals.gains[0] + first, first, second)
        factors = np.ones((2, len(cells)))
    gains = np.where(none, 0.0, factors * deals.gains)
    return columns(index, names, repeat, efficiency, fairness, gains, deals.stage, deals.first_offer)


def persuaded(
    cells: Sequence[Cell], index: np.ndarray, repeat: np.ndarray, names: tuple[str, str], minds: Any, high: np.ndarray,
    chance: Draw,
) -> Games:  # fmt: skip
    """Games of repeated advice, one for each of `cells`, with their measures."""
    shops = shops_of(cells, high)
    sold = advising(shops, tuple(minds), chance).bought
    efficiency, fairness = measures.persuasion(high, sold)
    gains = np.stack(measures.sales_gains(high, sold, shops.value))
    nothing = np.full(len(cells), np.nan)
    return columns(index, names, repeat, efficiency, fairness, gains, nothing, nothing)


def columns(
    index: np.ndarray, names: tuple[str, str], repeat: np.ndarray, efficiency: np.ndarray, fairness: np.ndarray,
    gains: np.ndarray, stage: np.ndarray, first_offer: np.ndarray,
) -> Games:  # fmt: skip
    n = len(index)
    return Games(index, np.full(n, names[0]), np.full(n, names[1]), repeat, efficiency, fairness, gains[0], gains[1],
                 stage, first_offer, np.zeros(n, bool))  # fmt: skip


COLUMNS = ("family", "first", "second", "money", "rounds", "complete", "words", "myopic")


def write_games(games: dict[Family, tuple[Sequence[Cell], Games]], path: Path) -> None:
    """Every game as a line of a compressed CSV: the cell's fields, then the measures; empty where undefined."""
    own = [column.name for column in fields(Games) if column.name != "cell"]
    with gzip.GzipFile(path, "wb", mtime=0) as packed, io.TextIOWrapper(packed, encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([*COLUMNS, *own])
        for cells, table in games.values():
            heads = [[getattr(cell, name) for name in COLUMNS] for cell in cells]
            values = [[None if value != value else value for value in getattr(table, name).tolist()] for name in own]
            writer.writerows([*heads[at], *row] for at, row in zip(table.cell.tolist(), zip(*values)))
