"""A workshop for two: each finds other raw things and can make other things, so parts must be given away.

A state is what the first holds of every thing, then what the second holds. Who takes and makes what is known to both,
what they hold at first is not. Every thing is needed once at most, so a plan is a tree of tasks whose agents are given.
"""

from itertools import product
from random import Random
from typing import Any, NamedTuple

from manyminds.worlds.texts.places import workshop
from manyminds.worlds.texts.words import MATERIALS, NAMES

LEVELS = (1, 2, 3, 4)
MADE = 4
VERBS = "take THING, make THING, give THING"


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """`level` things are made one of another, all of different raw things; the other recipes lead elsewhere."""
    raw = max(4, level + 1)
    things = rng.sample(MATERIALS, raw + MADE)
    pool, recipes = list(range(level + 1)), dict[str, list[str]]()
    for i in range(raw, raw + level):
        parts = rng.sample(pool, 2)
        pool = [*(one for one in pool if one not in parts), i]
        recipes[things[i]] = [things[part] for part in parts]
    for i in range(raw + level, raw + MADE):
        recipes[things[i]] = rng.sample(things[:i], 2)
    owners = rng.sample([i % 2 for i in range(raw)], raw) + rng.sample([i % 2 for i in range(MADE)], MADE)
    held = [0] * (2 * len(things))
    for seat, what in zip((0, 1), rng.sample(range(raw), 2)):
        held[seat * len(things) + what] = int(rng.random() < 0.5)
    world = {"names": rng.sample(NAMES, 2), "things": things, "recipes": recipes, "raw": raw,
             "owner": dict(zip(things, owners)), "goal": [raw + level - 1]}  # fmt: skip
    return world, tuple(held)


def rules(world: dict[str, Any]) -> str:
    """What both know."""
    said = []
    for seat, name in enumerate(world["names"]):
        own = [what for what in world["things"] if world["owner"][what] == seat]
        raw = ", ".join(what for what in own if what not in world["recipes"])
        makes = ", ".join(f"{what} of {' + '.join(world['recipes'][what])}" for what in own if what in world["recipes"])
        said.append(f"{name} takes {raw}; makes {makes}.")
    return " ".join(said)


def task(world: dict[str, Any]) -> str:
    return f"Get one {world['things'][world['goal'][0]]}."


def placed(world: dict[str, Any], state: tuple[int, ...], seat: int, name: str) -> str:
    """What one of them knows of itself at first; `name` is what it is called, `You` or by its name."""
    return f"{name} {'hold' if name == 'You' else 'holds'} {holding(world, state, seat)}."


def half(world: dict[str, Any], state: tuple[int, ...], seat: int) -> tuple[int, ...]:
    count = len(world["things"])
    return state[seat * count : (seat + 1) * count]


def holding(world: dict[str, Any], state: tuple[int, ...], seat: int) -> str:
    return ", ".join(
        thing for thing, count in zip(world["things"], half(world, state, seat)) for _ in range(count)
    ) or "nothing"  # fmt: skip


def message(world: dict[str, Any], state: tuple[int, ...], seat: int) -> str:
    """What is worth saying: what the other cannot see."""
    return f"I hold {holding(world, state, seat)}"


def acted(world: dict[str, Any], state: tuple[int, ...], seat: int, action: str) -> tuple[int, ...] | str:
    """The state after an action of one of them, or why it failed."""
    word, _, what = action.partition(" ")
    own, other = half(world, state, seat), half(world, state, 1 - seat)
    if word in ("take", "make") and world["owner"].get(what, seat) != seat:
        return f"place: {world['names'][1 - seat]} alone can {word} {what}"
    if word == "give" and what in world["things"]:
        at = world["things"].index(what)
        if not own[at]:
            return f"logic: you do not hold {what}"
        if other[at] >= workshop.ROOM:
            return f"place: no room for more {what}"
        own, other = (
            tuple(count + change * (i == at) for i, count in enumerate(held))
            for held, change in ((own, -1), (other, 1))
        )
    else:
        after = workshop.step(world, own, action)
        if isinstance(after, str):
            return after
        own = after
    return (*own, *other) if seat == 0 else (*other, *own)


def actions(world: dict[str, Any], state: tuple[int, ...], seat: int) -> list[str]:
    """What is worth trying; it may fail."""
    own = [action for action in workshop.actions(world, state) if world["owner"][action.partition(" ")[2]] == seat]
    return [*own, *(f"give {thing}" for thing, held in zip(world["things"], half(world, state, seat)) if held)]


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    return any(half(world, state, seat)[world["goal"][0]] for seat in (0, 1))


def done(world: dict[str, Any], state: tuple[int, ...]) -> set[str]:
    """The sub-goals that a state shows: things of the tree of the goal that somebody holds."""

    def tree(what: str) -> list[str]:
        return [what, *(one for part in world["recipes"].get(what, []) for one in tree(part))]

    wanted = [what for what in tree(world["things"][world["goal"][0]]) if what in world["recipes"]]
    held = {thing for seat in (0, 1) for thing, count in zip(world["things"], half(world, state, seat)) if count}
    return held & set(wanted)


def goals(world: dict[str, Any]) -> int:
    """How many sub-goals there are: the things to make."""
    return int(world["goal"][0]) - int(world["raw"]) + 1


def seen(world: dict[str, Any], state: tuple[int, ...], seat: int, action: str) -> str:
    """What is observed after an action that led to `state`."""
    word, _, what = action.partition(" ")
    return "given" if word == "give" else f"got {what}"


class Task(NamedTuple):
    """Something that one of them does; `after`: the actions that must come before."""

    seat: int
    action: str
    after: tuple[str, ...]


def plan(world: dict[str, Any], start: tuple[int, ...]) -> list[str | None]:
    """The shortest joint plan, a turn each, the first begins; None where somebody has nothing to do."""
    return min((scheduled(tasks) for tasks in produced(world, start, world["things"][world["goal"][0]])), key=len)


def produced(world: dict[str, Any], start: tuple[int, ...], what: str) -> list[tuple[Task, ...]]:
    """All ways in which its owner gets a thing that nobody holds; the last task brings it."""
    seat, parts = world["owner"][what], world["recipes"].get(what)
    if not parts:
        return [(Task(seat, f"take {what}", ()),)]
    found = []
    for ways in product(*(delivered(world, start, part, seat) for part in parts)):
        before = tuple(way[-1].action for way in ways if way)
        found.append((*(one for way in ways for one in way), Task(seat, f"make {what}", before)))
    return found


def delivered(world: dict[str, Any], start: tuple[int, ...], what: str, seat: int) -> list[tuple[Task, ...]]:
    """All ways, that could be the shortest, in which somebody comes to hold a thing."""
    at = world["things"].index(what)
    if half(world, start, seat)[at]:
        return [()]
    given = f"give {what}"
    found: list[tuple[Task, ...]] = [(Task(1 - seat, given, ()),)] if half(world, start, 1 - seat)[at] else []
    for way in produced(world, start, what):
        last = way[-1]
        found.append(way if last.seat == seat else (*way, Task(last.seat, given, (last.action,))))
    return found


def scheduled(tasks: tuple[Task, ...]) -> list[str | None]:
    """The fewest turns in which all tasks are done: breadth-first over which of them are. Who could do something does
    it, because that never takes a choice away."""
    number = {one.action: i for i, one in enumerate(tasks)}
    needs = [sum(1 << number[action] for action in one.after) for one in tasks]
    mine = [[i for i, one in enumerate(tasks) if one.seat == seat] for seat in (0, 1)]
    layers: list[dict[int, tuple[int, int]]] = [{0: (0, -1)}]  # what is done: (what was before, the task since)
    full = (1 << len(tasks)) - 1
    while full not in layers[-1]:
        layer: dict[int, tuple[int, int]] = {}
        for mask in layers[-1]:
            ready = [i for i in mine[(len(layers) - 1) % 2] if not mask >> i & 1 and needs[i] & ~mask == 0]
            for i in ready or [-1]:
                layer.setdefault(mask | 1 << i if i >= 0 else mask, (mask, i))
        layers.append(layer)
    found: list[str | None] = []
    mask = full
    for layer in reversed(layers[1:]):
        mask, i = layer[mask]
        found.append(tasks[i].action if i >= 0 else None)
    return found[::-1]


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    number = world["things"].index
    rows = sorted([number(what), *map(number, parts)] for what, parts in world["recipes"].items())
    return [rows, list(world["owner"].values()), world["goal"], start]
