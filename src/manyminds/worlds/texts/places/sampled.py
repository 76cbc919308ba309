"""A drawn world: actions with conditions and effects over a few facts, told in drawn words; no two are the same.

For agents that must act by what a prompt says, not by what they know of a world. A state is which facts hold. Actions
are rows (verb, thing, facts needed, fact made, fact undone or -1).
"""

from random import Random
from typing import Any

from manyminds.worlds.texts.words import MATERIALS

VERBS = (
    "polish",
    "heat",
    "lift",
    "turn",
    "press",
    "cover",
    "fill",
    "fold",
    "tie",
    "wash",
    "bend",
    "mark",
    "weigh",
    "cool",
)
STATES = ("clean", "hot", "high", "round", "flat", "dark", "full", "small", "tight", "wet", "bent", "red")
FACTS = 7
LEVELS = (1, 2, 3, 4, 5)
MANUAL = (
    "Each action has a verb and a thing. It works only when all that it needs holds; then it makes and undoes facts."
)


def length(level: int) -> int:
    return level + 2


def made(rng: Random, level: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """A chain of facts, each needed for the next, among actions that lead elsewhere."""
    things, states, verbs = rng.sample(MATERIALS, FACTS), rng.sample(STATES, FACTS), rng.sample(VERBS, 10)
    chain = rng.sample(range(FACTS), level + 2)
    rows = []
    for i, verb in enumerate(verbs[: max(len(chain), rng.randint(6, 10))]):
        makes = chain[i] if i < len(chain) else rng.randrange(FACTS)
        needed = set(chain[max(0, i - 1) : i] if i < len(chain) else [])
        needed |= set(rng.sample(range(FACTS) if i >= len(chain) else chain[:i], min(i, rng.randint(0, 1)))) - {makes}
        others = [one for one in range(FACTS) if one != makes]
        rows.append([verb, rng.choice(things), sorted(needed), makes, rng.choice(others) if rng.random() < 0.3 else -1])
    rng.shuffle(rows)
    start = tuple(int(i not in chain and rng.random() < 0.4) for i in range(FACTS))
    return {"things": things, "states": states, "rows": rows, "goal": chain[-1]}, start


def fact(world: dict[str, Any], i: int) -> str:
    return f"{world['things'][i]} {world['states'][i]}"


def told(world: dict[str, Any], start: tuple[int, ...]) -> str:
    def row(verb: str, thing: str, needed: list[int], makes: int, undone: int) -> str:
        needs = f"needs {', '.join(fact(world, i) for i in needed)}; " if needed else ""
        undoes = f", undoes {fact(world, undone)}" if undone >= 0 else ""
        return f"{verb} {thing}: {needs}makes {fact(world, makes)}{undoes}."

    holds = ", ".join(fact(world, i) for i, now in enumerate(start) if now) or "nothing"
    rows = " ".join(row(*one) for one in world["rows"])
    return f"{rows} Now: {holds}. Get {fact(world, world['goal'])}. Actions: VERB THING."


def step(world: dict[str, Any], state: tuple[int, ...], action: str) -> tuple[int, ...] | str:
    verb, _, thing = action.partition(" ")
    row = next((one for one in world["rows"] if one[0] == verb), None)
    if row is None:
        return f"parameter: there is no action {action[:40]!r}"
    if row[1] != thing:
        return f"place: {verb} works on the {row[1]}"
    lacking = [fact(world, i) for i in row[2] if not state[i]]
    if lacking:
        return f"logic: {verb} needs {lacking[0]}"
    after = list(state)
    if row[4] >= 0:
        after[row[4]] = 0
    after[row[3]] = 1
    return tuple(after)


def actions(world: dict[str, Any], state: tuple[int, ...]) -> list[str]:
    return [f"{verb} {thing}" for verb, thing, *_ in world["rows"]]


def reached(world: dict[str, Any], state: tuple[int, ...]) -> bool:
    return bool(state[world["goal"]])


def seen(world: dict[str, Any], state: tuple[int, ...], action: str) -> str:
    made = next(one[3] for one in world["rows"] if one[0] == action.partition(" ")[0])
    return f"now {fact(world, made)}"


def form(world: dict[str, Any], start: tuple[int, ...]) -> Any:
    return [[row[2:] for row in world["rows"]], world["goal"], start]
