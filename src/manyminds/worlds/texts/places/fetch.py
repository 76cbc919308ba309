"""Fetching: carry a thing to a place, one thing at a time; it may lie in a box that its key opens.

A state is (where you are, where each thing is, whether the box is open); a thing that is carried is at -1. Thing 0 is
the key.
"""

from random import Random
from typing import Any

PLACES = ("hall", "kitchen", "garden", "cellar", "attic", "porch")
THINGS = ("ball", "book", "cup", "hat", "lamp", "coin", "map", "ring")
LEVELS = (1, 2, 3, 4, 5)
MANUAL = (
    "go PLACE walks there. take THING needs the thing here and empty hands. drop THING puts down what you carry. "
    "open box needs the key in your hands, here where the box is."
)


def length(level: int) -> int:
    return level + (2 if level <= 2 else 3)  # opening the box takes three more, one of them instead of a walk


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    places = rng.sample(PLACES, 4 if level <= 4 else 5)
    things = ["key", *rng.sample(THINGS, 3 if level <= 4 else 4)]
    at = [rng.randrange(len(places)) for _ in range(1 + len(things))]
    boxed = rng.randrange(1, len(things)) if level >= 3 else 0  # which thing lies in the box; 0: there is none
    world = {"places": places, "things": things, "boxed": boxed, "box": at[1 + boxed] if boxed else -1,
             "goal": [boxed or rng.randrange(1, len(things)), rng.randrange(len(places))]}  # fmt: skip
    return world, (*at, int(not boxed))


def told(world: dict[str, Any], start: tuple[int, ...]) -> str:
    places, things = world["places"], world["things"]
    where = [f"The {thing} is in the {places[at]}{' in a box' if i and i == world['boxed'] else ''}."
             for i, (thing, at) in enumerate(zip(things, start[1:-1])) if i or world["boxed"]]  # fmt: skip
    thing, goal = things[world["goal"][0]], places[world["goal"][1]]
    opening = ", open box" if world["boxed"] else ""
    return (f"Places: {', '.join(places)}. You are in the {places[start[0]]}. {' '.join(where)} Bring the {thing} to "
            f"the {goal}. Actions: go PLACE, take THING, drop THING{opening}.")  # fmt: skip


def step(world: dict[str, Any], state: tuple[int, ...], action: str) -> tuple[int, ...] | str:
    word, _, what = action.partition(" ")
    here, at, opened = state[0], list(state[1:-1]), state[-1]
    if word == "go" and what in world["places"]:
        where = world["places"].index(what)
        return (where, *state[1:]) if where != here else f"place: you are in the {what}"
    if action == "open box" and world["boxed"]:
        if world["box"] != here:
            return "place: the box is not here"
        if at[0] != -1:
            return "logic: the key is not in your hands"
        return (*state[:-1], 1) if not opened else "logic: the box is open"
    if word not in ("take", "drop") or what not in world["things"]:
        return f"parameter: there is no action {action[:40]!r}"
    thing = world["things"].index(what)
    if word == "drop":
        if at[thing] != -1:
            return f"logic: you do not carry the {what}"
        at[thing] = here
    else:
        if at[thing] != here:
            return f"place: the {what} is not here"
        if thing and thing == world["boxed"] and not opened:
            return f"logic: the {what} is in the box"
        if -1 in at:
            return "logic: your hands are full"
        at[thing] = -1
    return (here, *at, opened)


def actions(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    tried = [f"{word} {thing}" for word in ("take", "drop") for thing in world["things"]]
    return [*tried, "open box", *(f"go {place}" for place in world["places"])]


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    thing, place = world["goal"]
    return state[1 + thing] == place


def plan(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    """The shortest plan: empty the hands of what is not needed, open the box if the thing lies in it, then carry."""
    places, things, (thing, goal) = world["places"], world["things"], world["goal"]
    here, at, opened = state[0], list(state[1:-1]), state[-1]
    found: list[str] = []

    def go(place: int) -> None:
        nonlocal here
        if place != here:
            found.append(f"go {places[place]}")
            here = place

    if reached(world, state):
        return found
    locked = thing == world["boxed"] and not opened
    held = at.index(-1) if -1 in at else None
    if held is not None and held not in ((0,) if locked else (thing,)):
        found.append(f"drop {things[held]}")
    if locked:
        if held != 0:
            go(at[0])
            found.append("take key")
        go(world["box"])
        found += ["open box", "drop key"]
    if held != thing:
        go(at[thing])
        found.append(f"take {things[thing]}")
    go(goal)
    return [*found, f"drop {things[thing]}"]


def seen(world: dict[str, Any], state: tuple[int, ...], action: str) -> str:
    if action.startswith("go "):
        skip = 0 if world["boxed"] else 1
        here = [thing for thing, at in zip(world["things"][skip:], state[1 + skip : -1]) if at == state[0]]
        return f"here: {', '.join(here) or 'nothing'}"
    return "done"


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    key = [] if world["boxed"] else [1]  # where a useless key lies says nothing
    shown = [at for i, at in enumerate(start) if i not in key]
    return [len(world["places"]), len(world["things"]), world["boxed"], world["goal"], shown]
