"""Fetching by two: each walks in a part of the house, and things are handed over in the room that both may enter.

A state is (where the first is, where the second is, where each thing is, whether the box is open); what the first
carries is at -1, what the second carries at -2. Room 0 is for both, 1 and 2 are for the first, 3 and 4 for the second.
With a box, thing 0 is its key and thing 1 lies in it. Each knows at first only where things are that it could see.
"""

from collections import deque
from functools import lru_cache
from itertools import product
from random import Random
from typing import Any

from manyminds.worlds.texts.places import fetch
from manyminds.worlds.texts.words import NAMES

LEVELS = (1, 2, 3, 4)
ROOMS = ((0, 1, 2), (0, 3, 4))  # of the first, of the second
TURNS = {1: (3, 7), 2: (8, 12), 3: (9, 16), 4: (10, 20)}  # of the shortest plan
VERBS = "go PLACE, take THING, drop THING, give THING"
State = tuple[int, ...]


def made(rng: Random, level: int) -> tuple[dict[str, Any], State]:
    """One thing to bring at levels 1 and 2, two at level 3, one that lies in a box at level 4; others lie about."""
    boxed = level == 4
    brought = (1,) if boxed else (0, 1) if level == 3 else (0,)
    while True:
        at = [rng.randrange(5) for _ in range(4)]
        if not boxed and rng.random() < 0.3:
            at[0] = rng.choice((-1, -2))
        goals = [[i, rng.choice([room for room in range(5) if room != at[i]])] for i in brought]
        start = (rng.choice(ROOMS[0]), rng.choice(ROOMS[1]), *at, int(not boxed))
        world = {"boxed": int(boxed), "box": at[1] if boxed else -1, "goals": goals}
        low, high = TURNS[level]
        if low <= left_from(world, start)[0] <= high:
            break
    things = [*(["key"] if boxed else []), *rng.sample(fetch.THINGS, 3 if boxed else 4)]
    return world | {"names": rng.sample(NAMES, 2), "places": rng.sample(fetch.PLACES, 5), "things": things}, start


def rules(world: dict[str, Any]) -> str:
    """What both know."""
    return " ".join(f"{name} goes to {', '.join(world['places'][room] for room in rooms)}."
                    for name, rooms in zip(world["names"], ROOMS))  # fmt: skip


def task(world: dict[str, Any]) -> str:
    goals = [f"the {world['things'][thing]} to the {world['places'][room]}" for thing, room in world["goals"]]
    return f"Bring {' and '.join(goals)}."


def placed(world: dict[str, Any], state: State, seat: int, name: str) -> str:
    """What one of them knows of itself and of its rooms; `name` is what it is called, `You` or by its name. What lies
    in the room for both is told of the first where both are told of."""
    you = name == "You"
    said = [f"{name} {'are' if you else 'is'} in the {world['places'][state[seat]]}."]
    for i, (thing, at) in enumerate(zip(world["things"], state[2:-1])):
        if at in (ROOMS[seat] if you or seat == 0 else ROOMS[seat][1:]):
            boxed = " in a box" if i == 1 and world["boxed"] else ""
            said.append(f"The {thing} is in the {world['places'][at]}{boxed}.")
    carried = holding(world, state, seat)
    return " ".join([*said, f"{name} {'hold' if you else 'holds'} {carried}."] if carried != "nothing" else said)


def holding(world: dict[str, Any], state: State, seat: int) -> str:
    return next((thing for thing, at in zip(world["things"], state[2:-1]) if at == -1 - seat), "nothing")


def message(world: dict[str, Any], state: State, seat: int) -> str:
    """What is worth saying: where things that matter are, if the other cannot see it, or else where one is."""
    matter = range(2) if world["boxed"] else [thing for thing, _ in world["goals"]]
    said = [f"I hold {world['things'][i]}" if state[2 + i] < 0 else
            f"{world['things'][i]} in {world['places'][state[2 + i]]}"
            for i in matter if state[2 + i] in (*ROOMS[seat][1:], -1 - seat)]  # fmt: skip
    return ", ".join(said) or f"I am in {world['places'][state[seat]]}"


def acted(world: dict[str, Any], state: State, seat: int, action: str) -> State | str:
    """The state after an action of one of them, or why it failed."""
    word, _, what = action.partition(" ")
    here, at, me, partner = state[seat], list(state[2:-1]), -1 - seat, world["names"][1 - seat]
    if word == "give" and what in world["things"]:
        if at[thing := world["things"].index(what)] != me:
            return f"logic: you do not carry the {what}"
        if state[1 - seat] != here:
            return f"place: {partner} is not here"
        if -2 + seat in at:
            return f"logic: the hands of {partner} are full"
        at[thing] = -2 + seat
        return (*state[:2], *at, state[-1])
    if word == "go" and what in world["places"] and world["places"].index(what) not in ROOMS[seat]:
        return f"place: {partner} alone goes to the {what}"
    # Alone in the house: what the other carries is nowhere.
    after = fetch.step(world, (here, *({me: -1, -2 + seat: -9}.get(one, one) for one in at), state[-1]), action)
    if isinstance(after, str):
        return after
    where = [{-1: me, -9: -2 + seat}.get(one, one) for one in after[1:-1]]
    both = (after[0], state[1]) if seat == 0 else (state[0], after[0])
    return (*both, *where, after[-1])


def actions(world: dict[str, Any], state: State, seat: int) -> list[str]:
    """What is worth trying; it may fail."""
    things = [f"{word} {thing}" for word in ("take", "give", "drop") for thing in world["things"]]
    opening = ["open box"] if world["boxed"] else []
    return [*things, *opening, *(f"go {world['places'][room]}" for room in ROOMS[seat])]


def reached(world: dict[str, Any], state: State) -> bool:
    return all(state[2 + thing] == room for thing, room in world["goals"])


def done(world: dict[str, Any], state: State) -> set[str]:
    """The sub-goals that a state shows: the box open; each thing taken, where one who may bring it can reach it, and
    brought."""
    found = {"open"} if world["boxed"] and state[-1] else set()
    for thing, room in world["goals"]:
        at, bringer = state[2 + thing], int(room in ROOMS[1][1:])
        found |= {f"{thing} taken"} if at < 0 else set()
        found |= {f"{thing} near"} if not room or at in (*ROOMS[bringer], -1 - bringer) else set()
        found |= {f"{thing} brought"} if at == room else set()
    return found


def goals(world: dict[str, Any]) -> int:
    """How many sub-goals there are."""
    return 3 * len(world["goals"]) + int(world["boxed"])


def seen(world: dict[str, Any], state: State, seat: int, action: str) -> str:
    """What is observed after an action that led to `state`."""
    if action.startswith("go "):
        here = [thing for thing, at in zip(world["things"], state[2:-1]) if at == state[seat]]
        here += [world["names"][1 - seat]] if state[0] == state[1] else []
        return f"here: {', '.join(here) or 'nothing'}"
    return "given" if action.startswith("give ") else "done"


def plan(world: dict[str, Any], start: State) -> list[str | None]:
    """The shortest joint plan, a turn each, the first begins; of these one with the fewest actions, done early, and
    None where somebody has nothing to do. Things that do not matter are never touched in it, so a house without them
    is searched, once for all items with the same goals."""
    state, left, found = relevant(world, start), table(world), list[str | None]()
    graph = moves(mattering(world), world["box"])
    while left[state] != (0, 0):
        turns, busy = left[state]
        action, state = next(one for one in graph[state] if left[one[1]] == (turns - 1, busy - (one[0] is not None)))
        found.append(named(world, action))
    return found


def named(world: dict[str, Any], action: str | None) -> str | None:
    """An action of the plain house, where things and rooms are called by their numbers, in the words of a world."""
    word, _, what = (action or "").partition(" ")
    if not what.isdigit():
        return action
    return f"{word} {world['places' if word == 'go' else 'things'][int(what)]}"


def mattering(world: dict[str, Any]) -> int:
    """How many things matter, the first ones: those to bring, or the key and what is in the box."""
    return 2 if world["boxed"] else len(world["goals"])


def relevant(world: dict[str, Any], start: State) -> State:
    """The state, the first being on turn, in a house without the things that do not matter."""
    return (0, *start[: 2 + mattering(world)], start[-1])


def table(world: dict[str, Any]) -> dict[State, tuple[int, int]]:
    return distances(mattering(world), world["box"], tuple(room for _, room in world["goals"]))


def left_from(world: dict[str, Any], start: State) -> tuple[int, int]:
    """(turns, actions in them) of the shortest plan."""
    return table(world)[relevant(world, start)]


@lru_cache(maxsize=32)
def moves(count: int, box: int) -> dict[State, list[tuple[str | None, State]]]:
    """All states of a plain house with `count` things that matter, each with what the one whose turn it is can do,
    doing nothing at last, and where that leads. A state begins with the turn."""
    world = {"names": ["A", "B"], "places": list("01234"), "things": list("01")[:count], "boxed": int(box >= 0),
             "box": box}  # fmt: skip
    places: list[State] = list(product(range(-2, 5), repeat=count))
    found: dict[State, list[tuple[str | None, State]]] = {}
    for turn, a, b, at, opened in product((0, 1), *ROOMS, places, (0, 1) if box >= 0 else (1,)):
        if max(at.count(-1), at.count(-2)) > 1 or (not opened and at[-1] != box):
            continue
        state = (a, b, *at, opened)
        tried = [(action, acted(world, state, turn, action)) for action in actions(world, state, turn)]
        works = [(action, (1 - turn, *after)) for action, after in tried if not isinstance(after, str)]
        found[turn, *state] = [*works, (None, (1 - turn, *state))]
    return found


@lru_cache(maxsize=32)
def before(count: int, box: int) -> dict[State, list[tuple[State, int]]]:
    """The same graph backwards: what leads to each state in one turn, by an action (1) or by waiting (0)."""
    graph = moves(count, box)
    found: dict[State, list[tuple[State, int]]] = {state: [] for state in graph}
    for state, options in graph.items():
        for action, after in options:
            found[after].append((state, int(action is not None)))
    return found


@lru_cache(maxsize=64)
def distances(count: int, box: int, rooms: tuple[int, ...]) -> dict[State, tuple[int, int]]:
    """(turns, actions in them) to the goal from every state, by breadth-first search from all its states backwards;
    `rooms` to which the last things are brought."""
    graph = before(count, box)
    left = {state: (0, 0) for state in graph if state[-1 - len(rooms) : -1] == rooms}
    waiting = deque(left)
    while waiting:
        after = waiting.popleft()
        turns, busy = left[after]
        for state, more in graph[after]:
            if state not in left:
                waiting.append(state)
            if state not in left or left[state][0] > turns:
                left[state] = min(left.get(state, (turns + 1, busy + more)), (turns + 1, busy + more))
    return left


def form(world: dict[str, Any], start: State) -> Any:
    return [len(world["things"]), world["boxed"], world["goals"], start]
