"""A list of tasks to filter and edit until it is as the order says. A state is (owner, open?) of each task; a task that
is deleted has owner -1."""

from random import Random
from typing import Any

from manyminds.worlds.texts.words import NAMES

DAYS = ("Mon", "Tue", "Wed")
ORDERS = ("close", "give", "delete")
LEVELS = (1, 2, 3, 4)
MANUAL = "close N ends an open task. give N to NAME changes its owner. delete N removes it."


def length(level: int) -> int:
    return level


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    names = rng.sample(NAMES, 3)
    count = 3 + level
    days = [rng.choice(DAYS) for _ in range(count)]
    start = tuple(value for _ in range(count) for value in (rng.randrange(3), int(rng.random() < 0.7)))
    order, owner, to = rng.choice(ORDERS), rng.randrange(3), rng.randrange(3)
    day = rng.choice(DAYS) if level > 2 and rng.random() < 0.5 else ""
    return {"names": names, "days": days, "order": order, "owner": owner, "to": to, "day": day}, start


def wanted(world: dict[str, Any], start: tuple[int, ...]) -> list[int]:
    """The tasks that the order means: open ones of an owner, of a day if it names one."""
    return [i for i, day in enumerate(world["days"])
            if start[2 * i] == world["owner"] and start[2 * i + 1] and world["day"] in ("", day)]  # fmt: skip


def told(world: dict[str, Any], start: tuple[int, ...]) -> str:
    names = world["names"]
    rows = " ".join(f"{i + 1}: {names[start[2 * i]]}, {day}, {'open' if start[2 * i + 1] else 'closed'}."
                    for i, day in enumerate(world["days"]))  # fmt: skip
    which = f"every open task of {names[world['owner']]}" + (f" for {world['day']}" if world["day"] else "")
    order = f"Give {which} to {names[world['to']]}" if world["order"] == "give" else f"{world['order'].title()} {which}"
    return f"{rows} {order}. Actions: close N, give N to NAME, delete N."


def step(world: dict[str, Any], state: tuple[int, ...], action: str) -> tuple[int, ...] | str:
    word, *rest = action.split(" ")
    known = (word == "give" and len(rest) == 3 and rest[1] == "to") or (word in ("close", "delete") and len(rest) == 1)
    if not known or not (rest[0].isascii() and rest[0].isdigit()):
        return f"parameter: there is no action {action[:40]!r}"
    at, after = int(rest[0][:6]) - 1, list(state)
    if not 0 <= at < len(world["days"]) or state[2 * at] == -1:
        return f"place: there is no task {rest[0][:6]}"
    if word == "delete":
        after[2 * at : 2 * at + 2] = [-1, 0]
    elif word == "close":
        if not state[2 * at + 1]:
            return f"logic: task {rest[0]} is closed"
        after[2 * at + 1] = 0
    else:
        if rest[2] not in world["names"]:
            return f"parameter: nobody is called {rest[2][:20]!r}"
        after[2 * at] = world["names"].index(rest[2])
    return tuple(after)


def actions(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    numbers = range(1, len(world["days"]) + 1)
    gifts = [f"give {n} to {name}" for n in numbers for name in world["names"]]
    return [*(f"{word} {n}" for word in ("close", "delete") for n in numbers), *gifts]


def edit(world: dict[str, Any], at: int) -> str:
    give = world["order"] == "give"
    return f"give {at + 1} to {world['names'][world['to']]}" if give else f"{world['order']} {at + 1}"


def target(world: dict[str, Any], start: tuple[int, ...]) -> tuple[int, ...]:
    for at in wanted(world, start):
        after = step(world, start, edit(world, at))
        assert not isinstance(after, str)
        start = after
    return start


def plan(world: dict[str, Any], state: tuple[int, ...]) -> list[str] | None:
    """The edits that are left; None where one too many was made, for nothing is opened again or brought back."""
    found, goal = [], world["goal"]
    for i in range(len(world["days"])):
        (owner, is_open), (to, left_open) = state[2 * i : 2 * i + 2], goal[2 * i : 2 * i + 2]
        if owner == -1 != to or is_open < left_open:
            return None
        if to == -1:
            found += [f"delete {i + 1}"] if owner != -1 else []
            continue
        if owner != to:
            found.append(f"give {i + 1} to {world['names'][to]}")
        if is_open > left_open:
            found.append(f"close {i + 1}")
    return found


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    return list(state) == world["goal"]


def seen(world: dict[str, Any], state: tuple[int, ...], action: str) -> str:
    return "done"


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    return [world["days"], world["order"], world["owner"], world["to"], world["day"], start]
