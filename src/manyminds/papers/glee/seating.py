"""Games that are played one by one in the turn worlds: any mind in any seat, and the record that each leaves."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from manyminds.agents.seats import rule
from manyminds.core import Agent, Played, Seeds, play
from manyminds.papers.glee.grid import Cell
from manyminds.papers.glee.playing import Games, bargained, persuaded, seats_of
from manyminds.papers.glee.records import GameRecord, Line

NAMES = ("Alice", "Bob")


async def played_in_world(
    cell: Cell, minds: tuple[str, str], repeat: int, seeds: Seeds, seat: Callable[[str, int], Agent],
    record: Any = None, names: tuple[str, str] = NAMES, cap: int = 99,
) -> GameRecord:  # fmt: skip
    """One game. `seat(mind, place)` makes the agent. A game that breaks is void with the reason, and stays counted."""
    agents = {name: seat(mind, place) for place, (name, mind) in enumerate(zip(names, minds))}
    played: Played = await play(cell.world(names, cap), agents, seeds, record)
    end = played.outcome
    void = "" if played.ending == "finished" else f"{played.ending}: {played.reason}"
    turns = [Line(**asdict(turn)) for turn in end.turns] if end is not None else []
    return GameRecord(cell=cell, player_a=minds[0], player_b=minds[1], repeat=repeat, turns=turns,
                      void=void or (end.void if end is not None else ""), leaks=getattr(end, "leaks", 0))  # fmt: skip


def same_on_arrays(cell: Cell, minds: tuple[str, str], repeat: int, seeds: Seeds, cap: int = 99) -> Games:
    """The same game on arrays, with the very draws that the turn world would have made."""
    seated = [rule(mind, rules) for mind, rules in zip(minds, seats_of(cell.family), strict=True)]
    index, repeats = np.zeros(1, int), np.array([repeat])
    if cell.family == "persuasion":
        high = np.array([cell.world().reset(seeds("reset")).qualities])

        def chance(place: int, turn: int, live: np.ndarray) -> np.ndarray:
            return np.array([seeds.child("seat", NAMES[place], turn)("chance").random()])

        return persuaded([cell], index, repeats, minds, seated, high, chance)

    def noise(place: int, turn: int, live: np.ndarray) -> np.ndarray:
        return np.array([seeds.child("seat", NAMES[place], turn)("noise").gauss(0, 1)])

    return bargained([cell], index, repeats, minds, seated, noise, cap)
