"""Playing repeated games with large language models (arXiv 2305.16867): rules, learners and models at 2x2 games."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from manyminds.agents.lookups import ROUNDS, lookup, tabulated
from manyminds.agents.repeaters import UNKNOWN, Cells, Seen, State, Strategy, flag
from manyminds.agents.repeaters_library import strategy
from manyminds.agents.seats import PERSON
from manyminds.core import BadInput, Lab, PaperResults, Seeds, unknown
from manyminds.papers.index import paper
from manyminds.papers.repeated_games.claims import CLAIMS
from manyminds.papers.repeated_games.imitation import Renamed, imitated
from manyminds.papers.repeated_games.means import Comparison, paired
from manyminds.papers.repeated_games.organisms import Renaming
from manyminds.papers.repeated_games.organisms import renamed as raised_and_renamed
from manyminds.papers.repeated_games.reanalysis import Released, reanalysed
from manyminds.papers.repeated_games.seating import (
    CONDITIONS,
    Match,
    Talk,
    bare,
    checked,
    game_called,
    language_seat,
    match,
)
from manyminds.papers.repeated_games.shown import figures, tables
from manyminds.papers.repeated_games.sweep import Census, FamilyScore, Shadow, Turns, census, self_play, shadows, swept
from manyminds.papers.repeated_games.sweep import turns as turn_taking
from manyminds.tuning.organisms import Raising
from manyminds.worlds.games.matrix import prisoners_dilemma

STRATEGIES = ("cooperator", "defector", "random", "alternator", "tit-for-tat", "tit-for-two-tats", "grim",
              "win-stay-lose-shift", "best-reply", "fictitious-play", "thompson", "attraction", "q-learning",
              "foresight")  # fmt: skip
HAND_CODED = ("cooperator", "defector", "defect-once", "alternator", "late-alternator")
LONGEST = ROUNDS - 1  # letters of the longest key of a look-up table
TABULATED = ("tit-for-tat", "grim", "win-stay-lose-shift", "nydegger", "downing", "hard-tit-for-tat")


class Config(Raising):
    """The paper's settings. The sweep runs on arrays; `players` sit in the turn world, where models can sit too."""

    strategies: tuple[str, ...] = Field(STRATEGIES, description="rules that meet in all 144 games, on arrays")
    repetitions: int = Field(20, ge=1, le=10_000, description="repetitions of the sweep")
    rounds: int = Field(10, ge=1, le=1000, description="rounds of a match")
    learning_rounds: int = Field(1000, ge=1, le=100_000, description="rounds in which fictitious play meets itself")
    players: tuple[str, ...] = Field(
        ("grim", "tit-for-tat", "best-reply", "foresight"),
        description="rules, model references or 'human'; with scot: before it a seat predicts first, with reply: it"
        " also plays the best reply to that",
    )
    opponents: tuple[str, ...] = Field(HAND_CODED, description="hand-coded players that the players also meet")
    games: tuple[str, ...] = Field(
        ("pd", "bos"), description="pd, bos (payoffs after colons: bos:9:8:0), all (the 144) or 144/NUMBER"
    )
    condition: tuple[str, ...] = Field(("base",), description="rows of the table of conditions")
    repeats: int = Field(1, ge=1, le=1000, description="repeats of every match of the turn world")
    noise: float = Field(0.0, ge=0, le=1, description="chance that a choice is carried out as the other option")
    temperature: float = Field(0.0, ge=0, le=2)
    tokens: int = Field(1, ge=1, le=4096, description="length of a model's answer; 1 is the paper's")
    reasks: int = Field(0, ge=0, le=10, description="times that a model is asked again; 0 is the paper's")
    endings: tuple[float, ...] = Field(
        (0.3, 0.5, 0.7, 0.9), description="ending probabilities under which grim is tried"
    )
    openings: int = Field(20, ge=2, le=10_000, description="alternators that open by lot")
    imitation: bool = Field(False, description="train small networks and rename their questions (half a minute)")
    organism_matches: int = Field(60, ge=1, le=10_000, description="matches whose rounds are asked of each organism")
    records: str = Field("", description="a folder with the released records, to be computed anew")

    @field_validator("strategies")
    @classmethod
    def strategies_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = [strategy(name).name for name in names]
        except BadInput as error:
            raise ValueError(str(error)) from None
        if len(set(found)) < len(found):
            raise ValueError("a strategy is named twice")
        return names

    @field_validator("players", "opponents")
    @classmethod
    def seats_exist(cls, seats: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(checked(seat) for seat in seats))
        except BadInput as error:
            raise ValueError(str(error)) from None

    @field_validator("games")
    @classmethod
    def games_exist(cls, games: tuple[str, ...]) -> tuple[str, ...]:
        for game in games:
            if game != "all":
                game_called(game)
        return games

    @field_validator("condition")
    @classmethod
    def conditions_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CONDITIONS:
                raise ValueError(str(unknown("condition", name, CONDITIONS)))
        return names

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run of this config will call."""
        return tuple(dict.fromkeys(bare(seat) for seat in (*self.players, *self.opponents) if language_seat(seat)))

    @property
    def tables(self) -> tuple[str, ...]:
        """The games of the turn world, one by one."""
        return tuple(dict.fromkeys(
            name for game in self.games for name in ([f"144/{i}" for i in range(1, 145)] if game == "all" else [game])
        ))  # fmt: skip

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every ordered pair of players, themselves included, and every player with every opponent in both seats."""
        met = [pair for p, o in product(self.players, self.opponents) for pair in ((p, o), (o, p))]
        return tuple(dict.fromkeys((*product(self.players, repeat=2), *met)))


class Results(PaperResults):
    census: Census
    families: list[FamilyScore]
    comparisons: list[Comparison]  # pairs of players over the 144 games
    cyclic: list[float]  # fictitious play against itself, normalised, game by game
    win_win: list[float]
    turns: Turns
    shadows: list[Shadow]
    lookup: dict[str, int]  # strategy -> keys on which its table does what it does
    matches: list[Match]
    models: tuple[str, ...]
    imitation: dict[str, Renamed]  # trained on one naming of the options, or balanced over both
    organisms: list[Renaming] = Field(default_factory=list)
    released: Released | None = None


async def run(config: Config, lab: Lab) -> Results:
    """The arrays first, piece by piece, then every match of the turn world."""
    done = lab.progress(6, "arrays")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    def sweep() -> dict[str, Any]:
        rows, scores = swept(config.strategies, config.rounds, config.repetitions, lab.seeds.child("sweep"))
        return {"rows": [row.model_dump() for row in rows], "scores": scores.tolist()}

    found = await piece("sweep", sweep)
    cyclic = await piece("cyclic", lambda: self_play("fictitious-play", "Cyclic", config.learning_rounds, lab.seeds))
    win_win = await piece("win-win", lambda: self_play("fictitious-play", "Win-win", config.rounds, lab.seeds))
    turns = await piece("turns", lambda: turn_taking(config.openings, config.rounds, lab.seeds).model_dump())
    shades = await piece("shadows", lambda: [s.model_dump() for s in shadows(config.endings, 20_000, lab.seeds)])
    held = await piece("lookup", lambda: {name: looked_up(strategy(name)) for name in TABULATED})
    copied = await lab.once("imitation", lambda: renamed(lab.seeds)) if config.imitation else {}
    talk = Talk(config.tokens, config.reasks + 1, config.temperature)
    jobs = [
        match(lab, game, condition, pair, repeat, config.rounds, config.noise, talk)
        for game in config.tables
        for condition in config.condition
        for pair in config.pairs
        for repeat in range(config.repeats)
    ]
    if PERSON in map(bare, (*config.players, *config.opponents)):  # a person sits at one table at a time
        matches = [(await lab.gather([job], "matches"))[0] for job in jobs]
    else:
        matches = await lab.gather(jobs, "matches")
    released = None if not config.records else reanalysed(Path(config.records))
    organisms = [await raised_and_renamed(lab, config, balanced, seed, config.organism_matches)
                 for seed in range(config.organisms) for balanced in (True, False)]  # fmt: skip
    return Results(
        census=census(),
        families=[FamilyScore(**row) for row in found["rows"]],
        comparisons=[*compared(config.strategies, np.array(found["scores"])), *players_compared(matches)],
        cyclic=cyclic,
        win_win=win_win,
        turns=Turns(**turns),
        shadows=[Shadow(**row) for row in shades],
        lookup=held,
        matches=matches,
        models=config.models,
        imitation={name: Renamed(**row) for name, row in copied.items()},
        organisms=organisms,
        released=released,
    )


def renamed(seeds: Seeds) -> dict[str, Any]:
    """Networks trained on one naming of the options and on both, and what renaming changes in their choices."""
    return {name: imitated(seeds.child("imitation"), balanced).model_dump()
            for name, balanced in (("balanced", True), ("one naming", False))}  # fmt: skip


def compared(names: Sequence[str], scores: np.ndarray) -> list[Comparison]:
    """The leader of the sweep beside those next to it, and predict-then-reply beside best reply, game by game."""
    order = np.argsort(-scores.mean(axis=1))
    leader = names[order[0]]
    chosen = [(leader, names[i]) for i in order[1:4]]
    if {"foresight", "best-reply"} <= set(names):
        chosen.append(("foresight", "best-reply"))
    at = {name: i for i, name in enumerate(names)}
    return [paired(a, b, scores[at[a]], scores[at[b]], "144 games") for a, b in dict.fromkeys(chosen)]


def players_compared(matches: Sequence[Match]) -> list[Comparison]:
    """Every two players of the turn world over the ordinal games that both played."""
    kept: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in matches:
        if row.scores is not None and row.game.startswith("144/"):
            for player, score in zip((row.first, row.second), row.scores):
                kept[player][row.game].append(score)
    found = []
    for i, a in enumerate(kept):
        for b in list(kept)[i + 1 :]:
            both = sorted(set(kept[a]) & set(kept[b]))
            if len(both) > 1:
                means = ([float(np.mean(kept[who][game])) for game in both] for who in (a, b))
                found.append(paired(a, b, *means, "ordinal games"))
    return found


def looked_up(mind: Strategy) -> int:
    """On how many keys the look-up table of a strategy, played as a strategy, does what the strategy itself does."""
    mine, theirs = (Cells(*map(np.float32, table.ravel())) for table in prisoners_dilemma().seen_by(0))
    written = lookup(tabulated(mind, mine, theirs))

    def agreeing(key: str, states: tuple[State, State], second: bool) -> int:
        """Over this key and all that begin with it; `second` is what the strategy itself did before."""
        other = key.endswith("F")
        seen = Seen(np.int32(len(key)), flag(second), flag(other), np.float32(0), np.float32(0), mine, theirs,
                    np.int32(UNKNOWN))  # fmt: skip
        (does, after), (table_does, table_after) = (m.move(s, seen, np) for m, s in zip((mind, written), states))
        below = (
            [agreeing(key + label, (after, table_after), bool(does)) for label in "JF"] if len(key) < LONGEST else [0]
        )
        return int(bool(does) == bool(table_does)) + sum(below)

    return agreeing("", (mind.start, written.start), False)


PAPER = paper(
    "repeated-games",
    authors="Akata, Schulz, Coda-Forno, Oh, Bethge, Schulz",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
