"""What the released records say when they are computed anew: scores by family, and the human study."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from manyminds.core import BadInput
from manyminds.papers.repeated_games.means import Comparison, independent
from manyminds.papers.repeated_games.records import Answered, Played, games, humans, paired, plays
from manyminds.papers.repeated_games.records import disagreeing as wrong_points

NAMES = {"act_gpt4": "GPT-4", "act_claude2": "Claude 2", "act_claude1": "Claude 1", "act_gpt35": "GPT-3.5",
         "act_llama2": "Llama 2"}  # fmt: skip
GAMES = Path("all_games", "144_games_info.csv")
EXPERIMENTS = Path("all_games", "experiments")
HUMAN = Path("human_experiment", "analysis", "repgames.csv")
CODED = {"PD": "prisoner's dilemma", "BoS": "battle of the sexes"}


class Released(BaseModel, frozen=True):
    """The released records of the 144 games, computed anew."""

    games: int
    rounds: int
    flawed: list[int]  # games whose ranks repeat
    disagreeing: int  # rounds whose points do not follow from the table
    void: int  # pairs that became void
    scores: dict[str, dict[str, float]]  # model -> family (and "all") -> normalised score
    humans: list[Comparison] = []
    both_defect: dict[str, float] = {}  # share of rounds with mutual defection, by kind of policy
    both_cooperate: dict[str, float] = {}


def reanalysed(folder: Path) -> Released:
    """The tables of a folder that holds the released files under their released names."""
    listed = games(folder / GAMES)
    table = {entry.number: entry.game for entry in listed}
    files = sorted((folder / EXPERIMENTS).glob("game_*.csv"))
    if not files:
        raise BadInput(f"{folder / EXPERIMENTS} holds no records (game_1.csv and so on)")
    pairs = [pair for file in files for pair in paired(plays(file))]
    people = humans(folder / HUMAN) if (folder / HUMAN).is_file() else []
    return Released(
        games=len({pair.game for pair in pairs}),
        rounds=sum(len(pair.points) for pair in pairs),
        flawed=[entry.number for entry in listed if not entry.strict],
        disagreeing=wrong_points(pairs, table),
        void=sum(pair.void for pair in pairs),
        scores=family_scores(pairs, {entry.number: entry.family for entry in listed}, {
            number: game.best for number, game in table.items()}),
        humans=human_comparisons(people),
        both_defect=dilemma_share(people, score=5),
        both_cooperate=dilemma_share(people, score=8),
    )  # fmt: skip


def family_scores(
    pairs: Sequence[Played], families: dict[int, str], best: dict[int, np.ndarray]
) -> dict[str, dict[str, float]]:
    """Mean normalised score of each model over opponents, both seats and games. Void pairs are left out."""
    kept: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        if pair.void:
            continue
        for seat, player in enumerate(pair.players):
            score = pair.points[:, seat].mean() / best[pair.game][seat]
            for family in (families[pair.game], "all"):
                kept[NAMES.get(player, player)][family].append(float(score))
    return {player: {family: float(np.mean(v)) for family, v in found.items()} for player, found in kept.items()}


MEASURES: dict[str, Callable[[Answered], float]] = {
    "score": lambda row: row.score,
    "coordination": lambda row: float(row.score != 0),  # the file's own column means something else in places
    "taken for human": lambda row: float(row.guess == "Human"),
}


def per_person(people: Sequence[Answered], game: str, what: str) -> dict[str, list[float]]:
    """Each person's mean of a measure in a game (empty: in all), by the policy it met: persons are the units."""
    kept: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in people:
        if row.game == game or not game:
            kept[row.opponent, row.person].append(MEASURES[what](row))
    found: dict[str, list[float]] = defaultdict(list)
    for (opponent, _), values in kept.items():
        found[opponent].append(float(np.mean(values)))
    return found


def human_comparisons(people: Sequence[Answered]) -> list[Comparison]:
    """Predict-then-act against the plain policy, in each game, with persons as units.

    Everybody played as many rounds, so the t-test of persons' means is the test of a random-intercept model.
    """
    measures = {"BoS": tuple(MEASURES), "PD": ("score", "taken for human"), "": ("taken for human",)}
    found = []
    for game, names in measures.items():
        for name in names:
            groups = per_person(people, game, name)
            if {"Base", "Prompted"} <= set(groups) and min(map(len, groups.values())) > 1:
                over = f"{CODED.get(game, 'both games')}, {name}"
                found.append(independent("Prompted", "Base", groups["Prompted"], groups["Base"], over))
    return found


def dilemma_share(people: Sequence[Answered], score: float) -> dict[str, float]:
    """The share of rounds of the dilemma with this score. (The released notebook calls score 5 joint cooperation; under
    these payoffs it is joint defection.)"""
    kept: dict[str, list[bool]] = defaultdict(list)
    for row in people:
        if row.game == "PD":
            kept[row.opponent].append(row.score == score)
    return {opponent: float(np.mean(values)) for opponent, values in kept.items()}
