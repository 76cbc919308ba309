"""A maze: walk over a grid between walls to a cell. A state is (x, y); x grows to the east, y to the south."""

from random import Random
from typing import Any

MOVES = {"north": (0, -1), "south": (0, 1), "west": (-1, 0), "east": (1, 0)}
LEVELS = (1, 2, 3, 4, 5, 6)
MANUAL = "go DIRECTION moves one cell north, south, west or east. Walls and the edge of the grid stop you."


def length(level: int) -> int:
    """Actions of the shortest plan."""
    return level + 2


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    size = 4 if level <= 2 else 5 if level <= 4 else 7
    cells = [[x, y] for x in range(size) for y in range(size)]
    rng.shuffle(cells)
    return {"size": size, "walls": sorted(cells[2 : 2 + size * size // 4]), "goal": cells[1]}, tuple(cells[0])


def told(world: dict[str, Any], start: tuple[int, ...]) -> str:
    walls = " ".join(f"{x},{y}" for x, y in world["walls"])
    goal = world["goal"]
    return (f"Maze {world['size']} by {world['size']}. You are at {start[0]},{start[1]}. Walls: {walls}. "
            f"Reach {goal[0]},{goal[1]}. Actions: go DIRECTION.")  # fmt: skip


def step(world: dict[str, Any], state: tuple[int, ...], action: str) -> tuple[int, ...] | str:
    word, _, where = action.partition(" ")
    if word != "go" or where not in MOVES:
        return f"parameter: there is no action {action[:40]!r}"
    x, y = state[0] + MOVES[where][0], state[1] + MOVES[where][1]
    if not (0 <= x < world["size"] and 0 <= y < world["size"]) or [x, y] in world["walls"]:
        return f"place: a wall in the {where}"
    return (x, y)


def actions(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    """What is worth trying; it may fail."""
    return [f"go {where}" for where in MOVES]


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    return list(state) == world["goal"]


def seen(world: dict[str, Any], state: tuple[int, ...], action: str) -> str:
    """What is observed after an action that led to `state`."""
    return f"at {state[0]},{state[1]}"


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    return [world, start]
