"""A hidden word of a list: each guess tells how many letters stand right and how many stand elsewhere.

A state is the indices of the words guessed; the answer is in the world and in nothing that is told. The expert guesses
the word that leaves the fewest words in the worst case.
"""

from collections import Counter
from random import Random
from typing import Any

LETTERS = "abcdef"
SIZES = {1: 4, 2: 6, 3: 8, 4: 12}  # level: words in the list
LEVELS = tuple(SIZES)
MANUAL = "guess WORD tells how many letters stand right and how many others are in the word at another place."


def length(level: int) -> int | None:
    return None  # as many as the expert needs


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    words = dict.fromkeys(" ".join(rng.choice(LETTERS) for _ in range(4)) for _ in range(60))
    listed = list(words)[: SIZES[level]]
    return {"words": listed, "goal": rng.randrange(len(listed))}, ()


def told(world: dict[str, Any], start: tuple[int, ...]) -> str:
    return f"Find the hidden word. Words: {', '.join(world['words'])}. Actions: guess WORD."


def answer(word: str, guess: str) -> tuple[int, int]:
    """(letters that stand right, letters that are elsewhere)."""
    a, b = word.split(), guess.split()
    right = sum(x == y for x, y in zip(a, b))
    return right, sum((Counter(a) & Counter(b)).values()) - right


def step(world: dict[str, Any], state: tuple[int, ...], action: str) -> tuple[int, ...] | str:
    word, _, what = action.partition(" ")
    if word != "guess":
        return f"parameter: there is no action {action[:40]!r}"
    if what not in world["words"]:
        return f"parameter: {what[:40]!r} is not in the list"
    at = world["words"].index(what)
    return (*state, at) if at not in state else "logic: this was guessed before"


def actions(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    return [f"guess {word}" for word in world["words"]]


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    return world["goal"] in state


def seen(world: dict[str, Any], state: tuple[int, ...], action: str) -> str:
    right, other = answer(world["words"][world["goal"]], world["words"][state[-1]])
    return f"{right} right, {other} elsewhere"


def plan(world: dict[str, Any], start: tuple[int, ...]) -> list[str]:
    """The guesses of the expert, who knows only what was answered."""
    words, goal, state, found = world["words"], world["words"][world["goal"]], start, list[str]()
    while not reached(world, state):
        known = [(words[i], answer(goal, words[i])) for i in state]
        left = [word for word in words if all(answer(word, guess) == said for guess, said in known)]
        best = min(left, key=lambda guess: max(Counter(answer(word, guess) for word in left).values()))
        found.append(f"guess {best}")
        state = (*state, words.index(best))
    return found


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    return [world["words"], world["goal"]]
