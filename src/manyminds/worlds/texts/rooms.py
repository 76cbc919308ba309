"""Rooms: five small text worlds with actions, and a sixth that is drawn; a plan is right when it reaches the goal.

Each world is a module of `places/` with a pure function `step(world, state, action) -> state, or the reason why not`. A
failed action changes nothing and says what was wrong with it: a parameter, a place or the logic. An item can be played
action by action or answered with a whole plan, one action a line, ended by `#done`; it takes at most twice as many
actions as the shortest plan, and two.
"""

from dataclasses import dataclass
from functools import partial
from random import Random
from types import ModuleType
from typing import Any

from manyminds.core import unknown
from manyminds.worlds.texts.breadth_first import shortest_plan
from manyminds.worlds.texts.items import Draft, Item, Verdict
from manyminds.worlds.texts.places import fetch, guess, maze, sampled, todo, workshop

State = tuple[int, ...]
WORLDS: dict[str, ModuleType] = {
    "maze": maze, "craft": workshop, "fetch": fetch, "word": guess, "todo": todo, "sampled": sampled
}  # fmt: skip
RAISED = tuple(kind for kind in WORLDS if kind != "sampled")  # the last kind is unseen, out of distribution
MANUALS: dict[str, str] = {kind: world.MANUAL for kind, world in WORLDS.items()}
UNSEEN_VERBS = {  # out of distribution: another grammar for the same actions
    "go": "walk", "take": "grab", "drop": "leave", "open": "unlock", "make": "build", "guess": "try", "close": "finish",
    "give": "hand", "delete": "erase",
}  # fmt: skip


def step(world: dict[str, Any], state: State, action: str) -> State | str:
    """The state after an action, or why it failed."""
    return WORLDS[world["kind"]].step(world, state, action)  # type: ignore[no-any-return]


def legal(world: dict[str, Any], state: State) -> list[tuple[str, State]]:
    """All actions that work in a state, with where they lead."""
    found = ((action, step(world, state, action)) for action in WORLDS[world["kind"]].actions(world, state))
    return [(action, after) for action, after in found if not isinstance(after, str)]


def reached(world: dict[str, Any], state: State) -> bool:
    return bool(WORLDS[world["kind"]].reached(world, state))


def plan(world: dict[str, Any], start: State) -> list[str] | None:
    """A shortest plan (of the word world: what the expert does); None where there is none."""
    own = getattr(WORLDS[world["kind"]], "plan", None)
    return own(world, start) if own else searched(world, start)


def searched(world: dict[str, Any], start: State, most: int = 200_000) -> list[str] | None:
    """A shortest plan by breadth-first search of at most `most` states."""
    return shortest_plan(start, partial(legal, world), partial(reached, world), most)


@dataclass(frozen=True)
class Rooms:
    """`kind` of world; `manual`: its page of rules stands in the prompt. Out of distribution: the highest levels, and
    an `unseen` grammar."""

    kind: str = "maze"
    manual: bool = False
    unseen: bool = False

    def __post_init__(self) -> None:
        if self.kind not in WORLDS:
            raise unknown("world", self.kind, WORLDS)

    @property
    def name(self) -> str:
        return f"rooms-{self.kind}"

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(WORLDS[self.kind].LEVELS)

    def draft(self, rng: Random, level: int) -> Draft:
        module = WORLDS[self.kind]
        while True:
            world, start = module.made(rng, level)
            world["kind"] = self.kind
            if self.kind == "todo":
                if len(todo.wanted(world, start)) != level or todo.target(world, start) == start:
                    continue
                world["goal"] = list(todo.target(world, start))
            actions = plan(world, start)
            if actions and len(actions) == (module.length(level) or len(actions)):
                break
        said = module.told(world, start)
        if self.manual:
            said = f"{module.MANUAL}\n{said}"
        if self.unseen:
            head, _, rules = said.rpartition("Actions: ")
            said = f"{head}Actions: {', '.join(_spoken(one) for one in rules.split(', '))}"
        shown = [_spoken(action) if self.unseen else action for action in actions]
        solution = "\n".join([*shown, "#done"])
        meta = {
            "world": world,
            "start": list(start),
            "shortest": len(actions),
            "direct": solution,
            "unseen": self.unseen,
        }
        return Draft(module.form(world, start), said, solution, "done", meta)

    def check(self, item: Item, text: str) -> Verdict:
        """Only what ends in the goal counts. `progress`: how much nearer to it the text ever came."""
        world, state = item.meta["world"], tuple(item.meta["start"])
        reason, nearest, taken = "", 0.0, 0
        for line in filter(None, map(str.strip, text[:20_000].split("\n"))):
            if line == "#done":
                there = reached(world, state)
                return Verdict(
                    there, line, "" if there else reason or "the goal is not reached", 1.0 if there else nearest
                )
            if (taken := taken + 1) > 2 * item.meta["shortest"] + 2:
                return Verdict(False, None, "too many actions", nearest)
            after = step(world, state, understood(item, line))
            if isinstance(after, str):
                reason = reason or after
                continue
            state = after
            nearest = max(nearest, self.nearer(item, state))
        return Verdict(False, None, reason or "does not end with #done", nearest / 2)

    def nearer(self, item: Item, state: State) -> float:
        """1 minus the share of the shortest plan that is left."""
        left = plan(item.meta["world"], state)
        return 0.0 if left is None else max(0.0, 1 - len(left) / item.meta["shortest"])


def _spoken(action: str) -> str:
    word, blank, rest = action.partition(" ")
    return f"{UNSEEN_VERBS.get(word, word)}{blank}{rest}"


def understood(item: Item, line: str) -> str:
    """An action in the grammar of the world."""
    if not item.meta["unseen"]:
        return line
    word, blank, rest = line.partition(" ")
    known = {spoken: verb for verb, spoken in UNSEEN_VERBS.items()}
    return f"{known.get(word, '?' if word in UNSEEN_VERBS else word)}{blank}{rest}"


def played(item: Item, actions: list[str]) -> list[str]:
    """What is seen after each action."""
    world, state, found = item.meta["world"], tuple(item.meta["start"]), list[str]()
    for action in actions:
        after = step(world, state, understood(item, action))
        if isinstance(after, str):
            found.append(after)
        else:
            state = after
            found.append(WORLDS[world["kind"]].seen(world, state, understood(item, action)))
    return found


def repaired(item: Item) -> list[str]:
    """The actions of the solution with one that fails before the last of them, always the same for an item."""
    actions, world, state = item.solution.split("\n")[:-1], item.meta["world"], tuple(item.meta["start"])
    rng = Random(item.form_hash)
    at = rng.randrange(len(actions))
    for action in actions[:at]:
        after = step(world, state, understood(item, action))
        state = state if isinstance(after, str) else after
    tried = WORLDS[world["kind"]].actions(world, state)
    failing = [action for action in tried if isinstance(step(world, state, action), str)]
    return [*actions[:at], *([rng.choice(failing)] if failing else []), *actions[at:]]
