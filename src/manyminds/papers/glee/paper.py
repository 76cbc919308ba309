"""GLEE (arXiv 2410.05254): one space of two-player economic games in language, one set of measures, one regression."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from manyminds.core import Lab, PaperResults
from manyminds.models.load import names_model
from manyminds.papers.glee.analysis import (
    Anchoring,
    Effect,
    Meta,
    Misfit,
    anchoring,
    market_effects,
    meta_game,
    mind_effects,
    misfit,
    share_outside,
)
from manyminds.papers.glee.answers import Answers
from manyminds.papers.glee.claims import CLAIMS
from manyminds.papers.glee.config import Config
from manyminds.papers.glee.grid import METRICS, Cell, Family
from manyminds.papers.glee.match import arranged
from manyminds.papers.glee.oracles import Oracle, Sold, commitments, committed_sales, divisions, trades
from manyminds.papers.glee.organisms import Bargained, raised
from manyminds.papers.glee.planted import Study, study
from manyminds.papers.glee.playing import Games, write_games
from manyminds.papers.glee.records import measured, read_records, write_records
from manyminds.papers.glee.seating import played_in_world, same_on_arrays
from manyminds.papers.glee.show import figures, tables
from manyminds.papers.index import paper


class Played(BaseModel, frozen=True):
    """How many games of a family there are, and how many of them could not be scored, for what reason."""

    family: Family
    cells: int
    pairs: int
    games: int
    void: int
    no_agreement: int
    undefined: dict[str, int]  # measure -> games without it, void ones left out
    outside: float  # share of games whose fairness leaves [0, 1]


class Twin(BaseModel, frozen=True):
    """Games of rules played in the turn worlds and on arrays with the same draws: the largest difference."""

    games: int
    gap: float


class Results(PaperResults):
    played: list[Played]
    markets: list[Effect] = Field(default_factory=list)
    gains: list[Effect] = Field(default_factory=list)
    meta: list[Meta] = Field(default_factory=list)
    anchors: list[Anchoring] = Field(default_factory=list)
    misfits: list[Misfit] = Field(default_factory=list)
    oracles: list[Oracle] = Field(default_factory=list)
    sold: list[Sold] = Field(default_factory=list)
    studies: list[Study] = Field(default_factory=list)
    edge: float = 0.0
    twin: Twin | None = None
    answers: dict[str, Answers] = Field(default_factory=dict)  # by language player
    leaks: int = 0  # messages that told a hidden parameter
    left_out: dict[str, int] = Field(default_factory=dict)  # games of an archive that could not be read, by reason
    notes: list[str] = Field(default_factory=list)  # what could not be computed from these games, and why
    language: bool = False  # did anybody but rules play?
    organisms: list[Bargained] = Field(default_factory=list)
    archived: bool = False  # are these games from an archive?


async def run(config: Config, lab: Lab) -> Results:
    """Play or read the games of each family, analyse them, and put theory beside play."""
    found: dict[str, Any] = {"edge": config.edge}
    games: dict[Family, tuple[list[Cell], Games]] = {}
    if config.archive:
        records, left_out = read_records(Path(config.archive))
        found |= {"left_out": dict(left_out), "archived": True, "language": True}
        for family in config.families:
            if mine := [record for record in records if record.cell.family == family]:
                games[family] = measured(mine)
        found["leaks"] = sum(record.leaks for record in records)
    else:
        arranged_games = await arranged(config, lab)
        games, found["answers"], found["leaks"] = arranged_games.games, arranged_games.answers, arranged_games.leaks
        found["language"] = bool(arranged_games.records)
        if arranged_games.records:
            write_records(arranged_games.records, lab.folder / "games.jsonl")
    write_games(games, lab.folder / "games.csv.gz")
    found |= analysed(config, lab, games)
    if config.theory:
        found["oracles"], found["sold"] = await theories(config, lab)
    if not (config.archive or config.players) and config.replayed:
        found["twin"] = await twin(config, lab)
    found["organisms"] = [await raised(lab, config, config.cells("bargaining"), seed, config.organism_games)
                          for seed in range(config.organisms)]  # fmt: skip
    if not found["language"] and config.studies and "negotiation" in games:
        found["studies"] = studies(config, lab, *games["negotiation"])
    return Results(**found)


def analysed(config: Config, lab: Lab, games: dict[Family, tuple[list[Cell], Games]]) -> dict[str, Any]:
    """Everything that is read from games; what these games do not determine is noted with the reason."""
    names = ("played", "markets", "gains", "meta", "anchors", "misfits", "notes")
    found: dict[str, list[Any]] = {name: [] for name in names}
    for family, (cells, table) in games.items():
        found["played"].append(counted(family, cells, table))
        if family != "persuasion":
            found["anchors"] += anchoring(family, table)
        base = "" if config.archive else config.seated(family)[0][0]
        readings: dict[str, Callable[[], list[Any]]] = {
            "markets": partial(market_effects, cells, table, config.intervals),
            "gains": partial(mind_effects, cells, table, config.intervals, base),
            "meta": partial(list_of, partial(meta_game, cells, table)),
            "misfits": partial(list_of, *(partial(misfit, cells, table, measure, lab.seeds) for measure in METRICS)),
        }
        for name, reading in readings.items():
            try:
                found[name] += reading()
            except ValueError as reason:  # too few games, or players and cells that always go together
                found["notes"].append(f"no {name} of {family}: {reason}")
    return found


def list_of(*readings: Callable[[], Any]) -> list[Any]:
    """What they give, without those that give nothing."""
    return [value for reading in readings if (value := reading()) is not None]


def counted(family: Family, cells: list[Cell], games: Games) -> Played:
    valid = ~games.void
    undefined = {measure: int((np.isnan(getattr(games, measure)) & valid).sum()) for measure in METRICS}
    none = 0 if family == "persuasion" else int((np.isnan(games.stage) & valid).sum())
    pairs = set(zip(games.player_a.tolist(), games.player_b.tolist()))
    outside = share_outside(games).value
    return Played(family=family, cells=len(cells), pairs=len(pairs), games=len(games), void=int(games.void.sum()),
                  no_agreement=none, undefined=undefined, outside=0.0 if np.isnan(outside) else outside)  # fmt: skip


async def theories(config: Config, lab: Lab) -> tuple[list[Oracle], list[Sold]]:
    """Theory beside play, in the families of this run."""
    found, sold = [], []
    if "bargaining" in config.families:
        found.append(await divisions(config.cells("bargaining"), config.cap))
    if "negotiation" in config.families:
        found.append(await trades(config.cells("negotiation"), config.cap))
    if "persuasion" in config.families:
        found.append(commitments(config.priors, config.values))
        sold = committed_sales(config.cells("persuasion"), config.repeats, lab.seeds.child("sold"))
    return found, sold


async def twin(config: Config, lab: Lab) -> Twin:
    """Games of rules, drawn over families, cells and pairs, played in the turn worlds and on arrays."""
    rng, gap, count = lab.seeds("twin"), 0.0, 0
    for number in range(config.replayed):
        family = rng.choice(config.families)
        seats = [[mind for mind in side if not names_model(mind) and mind != "human"] for side in config.seated(family)]
        if not all(seats):
            continue
        cell, minds = rng.choice(config.cells(family)), (rng.choice(seats[0]), rng.choice(seats[1]))
        seeds = lab.seeds.child("twin", number)
        record = await played_in_world(cell, minds, number, seeds, rule_of(family), lab.record(f"twin/{number}"),
                                       cap=config.cap)  # fmt: skip
        turned = measured([record])[1]
        arrayed = same_on_arrays(cell, minds, number, seeds, config.cap)
        for name in ("efficiency", "fairness", "gain_a", "gain_b", "stage", "first_offer"):
            pair = getattr(turned, name)[0], getattr(arrayed, name)[0]
            both = np.isnan(pair[0]) and np.isnan(pair[1])
            gap = max(gap, 0.0 if both else np.nan_to_num(abs(pair[0] - pair[1]), nan=np.inf))
        count += 1
    return Twin(games=count, gap=float(gap))


def rule_of(family: Family) -> Any:
    """What makes an agent of a rule's name and a seat."""
    from manyminds.agents.seats import rule
    from manyminds.papers.glee.playing import seats_of

    return lambda mind, place: rule(mind, seats_of(family)[place])


def studies(config: Config, lab: Lab, cells: list[Cell], games: Games) -> list[Study]:
    """Studies with a planted edge, drawn from the games of Alice's mind that varies most from game to game."""
    names = sorted(set(games.player_a.tolist()))
    chosen = "anchor" if "anchor" in names else names[0]
    mine = games.take((games.player_a == chosen) & ~games.void)
    return [study(cells, mine, lab.seeds.child("study", number), config.edge, config.study_share, config.tilt,
                  config.study_noise) for number in range(config.studies)]  # fmt: skip


PAPER = paper(
    "glee",
    authors="Shapira, Madmon, Reinman, Amouyal, Reichart, Tennenholtz",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
