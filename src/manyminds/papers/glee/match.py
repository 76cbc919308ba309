"""Who meets whom in which cells, and how: rules on arrays, any other mind in the turn worlds through the run's door."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from manyminds.agents.correspondent import Correspondent
from manyminds.agents.language import Profile
from manyminds.agents.person import Person
from manyminds.agents.seats import PERSON, rule
from manyminds.core import Agent, Lab
from manyminds.models.load import names_model
from manyminds.papers.glee.answers import Answers, Counts
from manyminds.papers.glee.config import Config
from manyminds.papers.glee.grid import Cell, Family
from manyminds.papers.glee.playing import Games, joined, on_arrays, seats_of
from manyminds.papers.glee.records import GameRecord, measured
from manyminds.papers.glee.seating import played_in_world


@dataclass
class Arranged:
    """All games of a run by family, with the cells that their indices mean; and the records of those played singly."""

    games: dict[Family, tuple[list[Cell], Games]] = field(default_factory=dict)
    records: list[GameRecord] = field(default_factory=list)
    answers: dict[str, Answers] = field(default_factory=dict)
    leaks: int = 0


def is_rule(mind: str) -> bool:
    return mind != PERSON and not names_model(mind)


def chosen(config: Config, lab: Lab, family: Family, pair: tuple[str, str], cells: list[Cell]) -> list[int]:
    """The cells that a pair plays: all of them, or its own random part."""
    if config.fraction == 1:
        return list(range(len(cells)))
    size = max(1, round(config.fraction * len(cells)))
    return sorted(lab.seeds("cells", family, *pair).sample(range(len(cells)), size))


async def arranged(config: Config, lab: Lab) -> Arranged:
    """Play everything that the config asks for."""
    found, counts = Arranged(), {mind: Counts() for mind in config.models}
    for family in config.families:
        cells = config.cells(family)
        seats = config.seated(family)
        pairs = [(a, b) for a in seats[0] for b in seats[1]]
        parts = []
        for pair in pairs:
            if all(map(is_rule, pair)):
                part = chosen(config, lab, family, pair, cells)
                games = on_arrays([cells[i] for i in part], pair, config.repeats, lab.seeds, config.cap)
                parts.append(reindexed(games, np.array(part)))
        spoken = [pair for pair in pairs if not all(map(is_rule, pair))]
        records = await one_by_one(config, lab, family, cells, spoken, counts)
        if records:
            own, games = measured(records)
            parts.append(reindexed(games, np.array([cells.index(cell) for cell in own])))
            found.records += records
        found.games[family] = (cells, joined(parts))
    found.answers = {mind: count.frozen() for mind, count in counts.items()}
    found.leaks = sum(record.leaks for record in found.records)
    return found


def reindexed(games: Games, cells: np.ndarray) -> Games:
    """The same games with `cell` counted in the family's whole list."""
    columns = {name: getattr(games, name) for name in games.__dataclass_fields__}
    return Games(**columns | {"cell": cells[games.cell]})


async def one_by_one(
    config: Config, lab: Lab, family: Family, cells: list[Cell], pairs: list[tuple[str, str]],
    counts: dict[str, Counts],
) -> list[GameRecord]:  # fmt: skip
    """The games in which not only rules play."""
    seat = seating(config, lab, family, counts)

    async def one(pair: tuple[str, str], at: int, repeat: int) -> GameRecord:
        place = (family, *pair, at, repeat)
        record, seeds = lab.record("/".join(map(str, place))), lab.seeds.child(*place)
        return await played_in_world(cells[at], pair, repeat, seeds, seat, record, config.names, config.cap)

    places = [(pair, at, repeat) for pair in pairs for at in chosen(config, lab, family, pair, cells)
              for repeat in range(config.repeats)]  # fmt: skip
    if any(PERSON in pair for pair in pairs):  # a person can sit at one table at a time
        return [(await lab.gather([one(*place)], family))[0] for place in places]
    return await lab.gather([one(*place) for place in places], family)


def seating(config: Config, lab: Lab, family: Family, counts: dict[str, Counts]) -> Callable[[str, int], Agent]:
    """What makes an agent of a mind's name and a seat; a language player starts each game with a new thread."""
    rules = seats_of(family)

    def seat(mind: str, place: int) -> Any:
        if mind == PERSON:
            return Person()
        if is_rule(mind):
            return rule(mind, rules[place])
        count = counts[mind]
        return Correspondent(lab.model(mind), Profile(config.names[place]), config.temperature, reasks=config.reasks,
                             invalid=count.invalid, answered=count.answered)  # fmt: skip

    return seat
