"""A workshop: take raw things and make others of two parts, which are used up. A state counts what is held."""

from random import Random
from typing import Any

from manyminds.worlds.texts.words import MATERIALS

LEVELS = (1, 2, 3, 4)
RAW, MADE = 4, 4
ROOM = 6  # of each thing: more than any recipe tree of ours has leaves of one kind
MANUAL = "take THING gives a raw thing. make THING uses up one of each of its two parts, which you must hold."


def length(level: int) -> int:
    return 2 * level + 1


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    things = rng.sample(MATERIALS, RAW + MADE)
    recipes = {things[i]: rng.sample(things[max(0, i - 4) : i], 2) for i in range(RAW, RAW + MADE)}
    return {"things": things, "recipes": recipes, "goal": [rng.randrange(RAW, RAW + MADE)]}, (0,) * len(things)


def told(world: dict[str, Any], start: tuple[int, ...]) -> str:
    recipes = " ".join(f"{a} + {b} make {what}." for what, (a, b) in world["recipes"].items())
    goal = world["things"][world["goal"][0]]
    return f"Raw: {', '.join(world['things'][:RAW])}. {recipes} Get one {goal}. Actions: take THING, make THING."


def step(world: dict[str, Any], state: tuple[int, ...], action: str) -> tuple[int, ...] | str:
    word, _, what = action.partition(" ")
    things = world["things"]
    if word not in ("take", "make") or what not in things:
        return f"parameter: there is no action {action[:40]!r}"
    at, held = things.index(what), list(state)
    parts = world["recipes"].get(what)
    if (word == "take") == bool(parts):
        return f"logic: {what} is {'made, not taken' if parts else 'taken, not made'}"
    for part in parts or []:
        held[things.index(part)] -= 1
    if min(held) < 0:
        return f"logic: parts of {what} are missing"
    held[at] += 1
    return tuple(held) if held[at] <= ROOM else f"place: no room for more {what}"


def actions(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    return [f"{'make' if thing in world['recipes'] else 'take'} {thing}" for thing in world["things"]]


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    return bool(state[world["goal"][0]])


def seen(world: dict[str, Any], state: tuple[int, ...], action: str) -> str:
    return f"got {action.partition(' ')[2]}"


def plan(world: dict[str, Any], start: tuple[int, ...]) -> list[str]:
    """The shortest plan. Parts are used up, so the recipes unfold to a tree; what is held saves its branch."""
    held, found = dict(zip(world["things"], start)), list[str]()

    def get(what: str) -> None:
        if held[what]:
            held[what] -= 1
            return
        for part in world["recipes"].get(what, []):
            get(part)
        found.append(f"{'make' if what in world['recipes'] else 'take'} {what}")

    get(world["things"][world["goal"][0]])
    return found


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    number = world["things"].index
    return [
        sorted([number(what), *map(number, parts)] for what, parts in world["recipes"].items()),
        world["goal"],
        start,
    ]
