"""Rooms for two: a workshop and a house in which two agents take turns, each with hands and knowledge of its own.

They do what the world allows, `give THING` to each other and `say TEXT`. Each sees what its own action led to, what the
other did and said since, and what it holds itself. A failed action changes nothing, not even whose turn it is, and says
what was wrong: a parameter, a place or the logic. An item can be played turn by turn, each agent in a context of its
own, or answered with a whole joint plan by one who knows everything; a state begins with whose turn it is.

The worked solution is a shortest joint plan after one message of each, which tells the other what it cannot see; who
must wait says it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

from manyminds.core import unknown
from manyminds.worlds.texts.breadth_first import shortest_plan
from manyminds.worlds.texts.items import Draft, Item, Verdict
from manyminds.worlds.texts.places import fetch_pair, workshop_pair

State = tuple[int, ...]
WORLDS: dict[str, ModuleType] = {"craft": workshop_pair, "fetch": fetch_pair}
FAMILIES = tuple(f"rooms-{kind}-pair" for kind in WORLDS)
LONGEST = 60  # letters of a message that are heard


def step(world: dict[str, Any], state: State, action: str) -> State | str:
    """The state after an action of the one whose turn it is, or why it failed."""
    seat, (word, _, said) = state[0], action.partition(" ")
    if word == "say":
        return (1 - seat, *state[1:]) if said.strip() else "parameter: say something"
    after = WORLDS[world["kind"]].acted(world, state[1:], seat, action)
    return after if isinstance(after, str) else (1 - seat, *after)


def legal(world: dict[str, Any], state: State) -> list[tuple[str, State]]:
    """All actions that work in a state, with where they lead; of all messages, one."""
    tried = [*WORLDS[world["kind"]].actions(world, state[1:], state[0]), "say nothing"]
    found = ((action, step(world, state, action)) for action in tried)
    return [(action, after) for action, after in found if not isinstance(after, str)]


def reached(world: dict[str, Any], state: State) -> bool:
    return bool(WORLDS[world["kind"]].reached(world, state[1:]))


def searched(world: dict[str, Any], start: State, most: int = 200_000) -> list[str] | None:
    """A shortest joint plan by breadth-first search of at most `most` joint states: the oracle for small worlds."""
    return shortest_plan(start, partial(legal, world), partial(reached, world), most)


class Turn(NamedTuple):
    """A line as it was played: whose, what came of it, and the state after it; `worked` unless it failed."""

    seat: int
    line: str
    worked: bool
    seen: str
    state: State


def history(item: Item, lines: Sequence[str]) -> list[Turn]:
    world, state, found = item.meta["world"], tuple(item.meta["start"]), list[Turn]()
    for line in lines:
        seat, after = state[0], step(world, state, line)
        if isinstance(after, str):
            found.append(Turn(seat, line, False, after, state))
            continue
        state = after
        said = "said" if line.startswith("say ") else WORLDS[world["kind"]].seen(world, state[1:], seat, line)
        found.append(Turn(seat, line, True, said, state))
    return found


def sight(item: Item, before: Sequence[Turn], seat: int) -> str:
    """What an agent observes at its turn: what came of its last action, what the other did since, what it holds; ""
    at the very beginning."""
    if not before:
        return ""
    world, parts = item.meta["world"], list[str]()
    last = max((i for i, turn in enumerate(before) if turn.seat == seat), default=-1)
    if last >= 0:
        parts.append(f"{before[last].seen}.")
    parts += [f"{world['names'][1 - seat]}: {heard(turn.line)}." for turn in before[last + 1 :] if turn.worked]
    held = WORLDS[world["kind"]].holding(world, before[-1].state[1:], seat)
    return " ".join([*parts, f"You hold {held}."])


def next_seat(item: Item, lines: Sequence[str]) -> int:
    """Whose turn it is after some lines."""
    return history(item, lines)[-1].state[0] if lines else int(item.meta["start"][0])


def seen_next(item: Item, lines: Sequence[str]) -> str:
    """What the one whose turn it is observes after some lines."""
    before = history(item, lines)
    return sight(item, before, before[-1].state[0])


def heard(line: str) -> str:
    """A line as the other reads it: short, and without what could pass for a mark of somebody's turn."""
    return line[:LONGEST].translate({ord("<"): "", ord(">"): ""})


@dataclass(frozen=True)
class RoomsForTwo:
    """`kind` of world: craft or fetch. The highest level is out of distribution."""

    kind: str = "craft"

    def __post_init__(self) -> None:
        if self.kind not in WORLDS:
            raise unknown("world", self.kind, WORLDS)

    @property
    def name(self) -> str:
        return f"rooms-{self.kind}-pair"

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(WORLDS[self.kind].LEVELS)

    def draft(self, rng: Random, level: int) -> Draft:
        module = WORLDS[self.kind]
        while True:
            world, start = module.made(rng, level)
            world["kind"] = self.kind
            found = module.plan(world, start)
            if all(map(any, (found[::2], found[1::2]))) or (self.kind, level) == ("fetch", 1):  # both are needed
                break
        lines = self.spoken(world, start, [None, None, *found])
        solution = "\n".join([*lines, "#done"])
        names, end = world["names"], f"Actions: {module.VERBS}, say TEXT."
        known = [module.placed(world, start, seat, name) for seat, name in enumerate(names)]
        rules = f"{module.task(world)} {module.rules(world)}"
        mine = [module.placed(world, start, seat, "You") for seat in (0, 1)]
        told = [f"You are {names[seat]}, with {names[1 - seat]}. {rules} {mine[seat]} {end}" for seat in (0, 1)]
        prompt = f"{rules} {' '.join(known)} {end} {names[0]} begins, then they take turns."
        meta = {"world": world, "start": [0, *start], "shortest": len(found), "direct": solution, "told": told}
        return Draft(module.form(world, start), prompt, solution, "done", meta)

    def spoken(self, world: dict[str, Any], start: State, found: Sequence[str | None]) -> list[str]:
        """A plan with messages in place of waiting."""
        state, lines = (0, *start), list[str]()
        for action in found:
            lines.append(action or f"say {WORLDS[self.kind].message(world, state[1:], state[0])}")
            after = step(world, state, lines[-1])
            assert not isinstance(after, str), (after, lines)
            state = after
        return lines

    def check(self, item: Item, text: str) -> Verdict:
        """Only what ends in the goal counts, whoever says that it is done. `progress`: the share of the sub-goals that
        were ever reached, those apart that were so at first. At most twice as many actions as the solution has, and
        two."""
        world, state = item.meta["world"], tuple(item.meta["start"])
        done, most = WORLDS[world["kind"]].done, 2 * (item.meta["shortest"] + 2) + 2
        at_first = done(world, state[1:])
        found, reason, taken = set(at_first), "", 0

        def progress() -> float:
            return len(found - at_first) / int(WORLDS[world["kind"]].goals(world) - len(at_first))

        for line in filter(None, map(str.strip, text[:20_000].split("\n"))):
            if line == "#done":
                there = reached(world, state)
                return Verdict(there, line, "" if there else reason or "the goal is not reached", progress())
            if (taken := taken + 1) > most:
                return Verdict(False, None, "too many actions", progress())
            after = step(world, state, line)
            if isinstance(after, str):
                reason = reason or after
                continue
            state = after
            found |= done(world, state[1:])
        return Verdict(False, None, reason or "does not end with #done", progress())
