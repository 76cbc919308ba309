"""Readers of the files released with the paper: table of games, records of play, human study, look-up tables.

Nothing is repaired. A game whose ranks repeat is named, a choice that is no label and its sentinel of -9999 points make
a pair void from that round on, and points that do not follow from the table are an error with file and line.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from manyminds.core import BadInput
from manyminds.worlds.games.matrix import MatrixGame

SENTINEL = -9999
CELLS = [(f"r{row}_c{column}", (row - 1, column - 1)) for row in (1, 2) for column in (1, 2)]


@dataclass(frozen=True, eq=False)
class Listed:
    """One row of a table of games."""

    number: int
    name: str
    family: str
    game: MatrixGame

    @property
    def strict(self) -> bool:
        """Does each player rank the four cells from 1 to 4 without ties?"""
        return all(sorted(table.ravel()) == [1, 2, 3, 4] for table in self.game.payoffs)


@dataclass(frozen=True)
class Row:
    """One round of one pair. `first` and `second` are the options by their labels."""

    game: int  # 0 in files of a single game
    round: int
    players: tuple[str, str]
    answers: tuple[str, str]
    points: tuple[float, float]
    options: tuple[str, str]  # labels of the first and the second option

    @property
    def void(self) -> bool:
        return SENTINEL in self.points or not set(self.answers) <= set(self.options)


def rows_of(path: Path, needed: Iterable[str], delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file with a head, with their line numbers; a missing column is named."""
    if not path.is_file():
        raise BadInput(f"there is no file {path}")
    with path.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines, delimiter=delimiter)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise BadInput(f"{path} has no column {', '.join(missing)}")
        yield from enumerate(reader, 2)


def games(path: Path) -> list[Listed]:
    """A table of games as released: parted by semicolons, one game a row, its payoffs cell by cell."""
    columns = ("game_number", "game_name", "game_family", *(f"{cell}_p{i}" for cell, _ in CELLS for i in (1, 2)))
    found = []
    for line, row in rows_of(path, columns, ";"):
        payoffs = np.zeros((2, 2, 2))
        try:
            for cell, at in CELLS:
                for player in (0, 1):
                    payoffs[(player, *at)] = float(row[f"{cell}_p{player + 1}"])
            game = MatrixGame(row["game_name"], payoffs)
            found.append(Listed(int(row["game_number"]), row["game_name"], row["game_family"], game))
        except ValueError as error:
            raise BadInput(f"{path}, line {line}: {error}") from None
    return found


def plays(path: Path, labels: tuple[str, str] = ("J", "F")) -> list[Row]:
    """A file of records, of one of the 144 games or of a case study (which has no columns about the game)."""
    needed = ("round", "player1", "player2", "answer1", "answer2", "points1", "points2")
    found = []
    for line, row in rows_of(path, needed):
        if row["round"] == "round":
            continue  # some released files repeat their head
        options = (row["choice_option1"], row["choice_option2"]) if "choice_option1" in row else labels
        try:
            found.append(Row(
                int(row.get("game_number") or 0), int(row["round"]), (row["player1"], row["player2"]),
                (row["answer1"], row["answer2"]), (float(row["points1"]), float(row["points2"])), options,
            ))  # fmt: skip
        except ValueError as error:
            raise BadInput(f"{path}, line {line}: {error}") from None
    return found


@dataclass(frozen=True)
class Played:
    """One pair that played one game: its choices (0 first option) and points by round, up to where it became void."""

    game: int
    players: tuple[str, str]
    choices: np.ndarray  # (rounds, 2)
    points: np.ndarray  # (rounds, 2)
    void: bool


def paired(rows: Iterable[Row]) -> list[Played]:
    """The rows put together to pairs, in the order in which these first appear."""
    grouped: dict[tuple[int, tuple[str, str]], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.game, row.players].append(row)
    found = []
    for (game, players), lines in grouped.items():
        ordered = sorted(lines, key=lambda row: row.round)
        if [row.round for row in ordered] != list(range(1, len(ordered) + 1)):
            raise BadInput(f"game {game}, {players[0]} and {players[1]}: rounds are missing or stand twice")
        good = next((i for i, row in enumerate(ordered) if row.void), len(ordered))
        kept = ordered[:good]
        choices = [[row.options.index(answer) for answer in row.answers] for row in kept]
        points = np.array([row.points for row in kept], float).reshape(-1, 2)
        found.append(Played(game, players, np.array(choices, int).reshape(-1, 2), points, good < len(ordered)))
    return found


def disagreeing(pairs: Iterable[Played], table: dict[int, MatrixGame]) -> int:
    """How many rounds have points that do not follow from the table of games."""
    wrong = 0
    for pair in pairs:
        expected = table[pair.game].payoffs[:, pair.choices[:, 0], pair.choices[:, 1]].T
        wrong += int((expected != pair.points).any(axis=1).sum())
    return wrong


@dataclass(frozen=True)
class Answered:
    """One round of one person in the human study."""

    person: int
    game: str  # PD or BoS
    action: int
    score: float
    opponent: str  # Base or Prompted
    guess: str  # Human or LLM
    coordination: int


def humans(path: Path) -> list[Answered]:
    """The file of the human study: ten rounds of each of two games a person."""
    found = []
    for line, row in rows_of(path, ("id", "game", "action", "score", "opponent", "guess", "coordination")):
        try:
            found.append(Answered(int(row["id"]), row["game"], int(row["action"]), float(row["score"]),
                                  row["opponent"], row["guess"], int(row["coordination"])))  # fmt: skip
        except ValueError as error:
            raise BadInput(f"{path}, line {line}: {error}") from None
    return found


def policy(path: Path) -> dict[str, str]:
    """A look-up table: a JSON object from the other's past choices to the choice that follows."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise BadInput(f"{path} is no look-up table ({error})") from None
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise BadInput(f"{path} is no look-up table: it must be an object of strings")
    return table
