"""Every strategy against every other in all strict ordinal games, on arrays, and a few exact questions.

Which option is called the first is arbitrary in most of the games, and rules such as alternation depend on it. So every
game is played under all four namings of its options, and a game's score is the mean over them.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from manyminds.agents.repeaters_library import strategy
from manyminds.core import Seeds
from manyminds.core import statistics as st
from manyminds.theory.normal_form import equilibria, mixed_value, pure_equilibria
from manyminds.theory.repeated_games import grim_gain
from manyminds.worlds.games.matrix import battle_of_the_sexes, prisoners_dilemma
from manyminds.worlds.games.ordinal import FAMILIES, OrdinalGame, ordinal_games, payoffs_of
from manyminds.worlds.games.tournament import Matches, tournament


class FamilyScore(BaseModel, frozen=True):
    """The mean normalised score of one player in one family, over games, namings, opponents and both seats.

    `low` and `high` bound it over the repetitions; the games are all there are, not a sample.
    """

    player: str
    family: str
    score: float
    low: float | None  # None: one repetition
    high: float | None
    repetitions: int


class Census(BaseModel, frozen=True):
    """What the enumeration of the games gives."""

    games: int
    families: dict[str, int]
    pure: dict[int, int]  # number of pure equilibria -> games
    equilibria: int  # in all games together, mixed ones included
    cyclic_values: list[list[float]]  # distinct values of the mixed equilibria of the cyclic games


class Turns(BaseModel, frozen=True):
    """Predict-then-reply and frequency-based best reply against the alternator in battle of the sexes, by opening."""

    foresight: list[float]  # points a round, one an opening drawn by lot
    best_reply: list[float]
    exact: dict[str, float]  # against the alternator that opens with its first option


class Shadow(BaseModel, frozen=True):
    """What defecting for ever against grim gains over cooperating with it, in points a match."""

    ending: float
    expected: float
    gain: float
    low: float
    high: float
    n: int


def census() -> Census:
    games = ordinal_games()
    found = [equilibria(entry.game.payoffs) for entry in games]
    counts = [len(pure_equilibria(entry.game.payoffs)) for entry in games]
    cyclic = [
        mixed_value(e.game.payoffs, f[0]).round(12).tolist() for e, f in zip(games, found) if e.family == "Cyclic"
    ]
    return Census(
        games=len(games),
        families={family: sum(entry.family == family for entry in games) for family in FAMILIES},
        pure={number: counts.count(number) for number in sorted(set(counts))},
        equilibria=sum(map(len, found)),
        cyclic_values=[list(pair) for pair in sorted({tuple(pair) for pair in cyclic})],
    )


def namings(payoffs: np.ndarray) -> np.ndarray:
    """Every game under the four namings of its options: (G, 2, 2, 2) to (4 G, 2, 2, 2), the namings slowest."""
    return np.concatenate([payoffs[:, :, ::row, ::column] for row in (1, -1) for column in (1, -1)])


def by_game(matches: Matches, games: int) -> np.ndarray:
    """The normalised score of each player in each game and repetition, (N, G, R): over opponents, seats, namings."""
    score = matches.normalised  # (2, N, N, 4 games, R)
    mean = (score[0].mean(axis=1) + score[1].mean(axis=0)) / 2
    return mean.reshape(len(mean), 4, games, -1).mean(axis=1)


def swept(names: Sequence[str], rounds: int, repetitions: int, seeds: Seeds) -> tuple[list[FamilyScore], np.ndarray]:
    """Scores by family, and the score of each player in each game (mean over repetitions, shape (N, 144))."""
    games: tuple[OrdinalGame, ...] = ordinal_games()
    minds = [strategy(name) for name in names]
    if not any(mind.stochastic for mind in minds):
        repetitions = 1  # all would be the same match: no spread, and nothing to put an interval around
    matches = tournament(seeds.jax("sweep"), minds, namings(payoffs_of(games)), rounds, repetitions)
    scores = by_game(matches, len(games))
    rows = []
    for family in (*FAMILIES, "all"):
        kept = [i for i, entry in enumerate(games) if family in (entry.family, "all")]
        for name, values in zip(names, scores[:, kept].mean(axis=1)):
            seen = st.mean(values)
            low, high = (seen.low, seen.high) if repetitions > 1 else (None, None)
            rows.append(
                FamilyScore(player=name, family=family, score=seen.value, low=low, high=high, repetitions=repetitions)
            )
    return rows, scores.mean(axis=2)


def self_play(name: str, family: str, rounds: int, seeds: Seeds) -> list[float]:
    """The normalised score of a player that meets itself, mean of both seats, in every game of a family."""
    games = tuple(entry for entry in ordinal_games() if entry.family == family)
    matches = tournament(seeds.jax("self", name, family, rounds), [strategy(name)], payoffs_of(games), rounds)
    return [float(value) for value in matches.normalised[:, 0, 0, :, 0].mean(axis=0)]


def turns(repeats: int, rounds: int, seeds: Seeds) -> Turns:
    """The alternator opens with either option by lot; the exact case opens with the first."""
    table = battle_of_the_sexes().payoffs
    names = ["foresight", "best-reply", "alternator", "memory-one:0:0:1:1:0.5"]
    minds = [strategy(name) for name in names]
    points = tournament(seeds.jax("turns"), minds, table, rounds, repeats).totals[0, :, :, 0] / rounds
    return Turns(
        foresight=points[0, 3].tolist(),
        best_reply=points[1, 3].tolist(),
        exact={"foresight": float(points[0, 2, 0]), "best-reply": float(points[1, 2, 0])},
    )


def shadows(endings: Sequence[float], repeats: int, seeds: Seeds) -> list[Shadow]:
    """Always-defect against grim, and grim against grim, in independent matches with random endings."""
    game = prisoners_dilemma()
    rows = []
    for ending in endings:
        key = seeds.jax("shadow", str(ending))
        most = max(50, int(np.ceil(25 / ending)))
        played = tournament(key, [strategy("grim"), strategy("defector")], game.payoffs, most, repeats, ending=ending)
        gains = paired_gain(played)
        seen = st.mean(gains)
        rows.append(Shadow(ending=ending, expected=grim_gain(game.payoffs, 1 - ending), gain=seen.value, low=seen.low,
                           high=seen.high, n=seen.n))  # fmt: skip
    return rows


def paired_gain(played: Matches) -> np.ndarray:
    """Totals of a defector against grim less those of grim against grim; every match has a length of its own."""
    return played.totals[0, 1, 0, 0] - played.totals[0, 0, 0, 0]
