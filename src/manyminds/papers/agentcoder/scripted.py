"""Scripted programmers and designers with known chances: minds whose loop has a closed form. No language models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from manyminds.conversations.assertions import Assertion, holds, split, value_of
from manyminds.conversations.methods import Minds
from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.models.scripted import Scripted
from manyminds.papers.agentcoder.bank import Item

Memory = Literal["none", "tried", "consistent"]
KINDS = ("ordinary", "edge", "large")


@dataclass(frozen=True)
class Programmer:
    """Writes the reference with probability `right`, else one of the wrong programs, all alike.

    Of what it was told in its conversation it remembers nothing; or that what failed is wrong (`tried`); or which
    programs are `consistent` with every assertion that failed. With a memory it draws evenly from what is left, and
    where nothing is, as in the beginning.
    """

    right: float = 0.6
    memory: Memory = "none"

    def chosen(self, item: Item, request: Request, rng: Random) -> int:
        left = (
            [i for i in range(len(item.programs)) if self.possible(item, i, request)] if self.memory != "none" else []
        )
        if len(request.messages) > 1 and left:
            return rng.choice(left)
        return 0 if rng.random() < self.right else rng.randint(1, item.wrong)

    def possible(self, item: Item, program: int, request: Request) -> bool:
        """Whether a program is none of those that failed and, if it remembers so much, passes what they failed."""
        for message in request.messages:
            if message.role == "assistant" and item.programs[program].strip() in message.content:
                return False
            if self.memory == "consistent" and message.role == "user":
                tests = [one for one in split(message.content, item.name) if one.plain]
                if not all(passes(item, program, one) for one in tests):
                    return False
        return True


def passes(item: Item, program: int, one: Assertion) -> bool:
    values = [item.gives[program].get(call) for call in one.calls]
    return None not in values and holds(one, [value_of(text or "") for text in values])


@dataclass(frozen=True)
class Designer:
    """Writes `asserts` assertions, each valid with probability `valid`.

    `exposing`: the chance that a valid one exposes every wrong program (it asks for several values at once), else it
    exposes none (it only asks for some value). None: ordinary, edge and large inputs in turn, with the right value.
    `apart`: just the values that together expose every wrong program, an assertion for each.
    `biased`: the chance that an assertion states what the mind's own program gives; only a shared mind has one.
    """

    asserts: int = 5
    valid: float = 0.95
    exposing: float | None = 0.5
    biased: float = 0.0
    apart: bool = False

    def suite(self, item: Item, request: Request, rng: Random) -> list[str]:
        if self.apart:
            return [f"assert {call} == {item.gives[0][call]}" for call in item.telling]
        own = own_program(item, request) if self.biased else None
        return self.by_kind(item, rng) if self.exposing is None else self.by_chance(item, own, rng)

    def by_kind(self, item: Item, rng: Random) -> list[str]:
        shuffled = {kind: iter(rng.sample(item.inputs[kind], len(item.inputs[kind]))) for kind in KINDS}
        calls = [next(shuffled[KINDS[j % 3]], "") for j in range(self.asserts)]
        return [self.stated(item, call, rng) for call in calls if call]

    def stated(self, item: Item, call: str, rng: Random) -> str:
        return f"assert {call} == {item.gives[0][call] if rng.random() < self.valid else never(item, call)}"

    def by_chance(self, item: Item, own: int | None, rng: Random) -> list[str]:
        assert self.exposing is not None
        # An input for each assertion, so that no two of them are about the same and could contradict each other.
        safe = rng.sample(item.safe, len(item.safe))
        found = []
        for call in safe[: self.asserts]:
            biased, valid, exposing = (rng.random() for _ in range(3))
            if own is not None and biased < self.biased:
                found.append(f"assert {call} == {item.gives[own][call]}")
            elif valid >= self.valid:
                found.append(f"assert {call} == {never(item, call)}")
            elif exposing < self.exposing:
                calls = (*item.telling, call)
                found.append(f"assert [{', '.join(calls)}] == [{', '.join(item.gives[0][c] or '' for c in calls)}]")
            else:
                found.append(f"assert {call} != 'no value of it'")
        return found


def own_program(item: Item, request: Request) -> int | None:
    """The program that the mind wrote last in this conversation."""
    texts = [message.content for message in request.messages if message.role == "assistant"]
    return next((i for i, code in enumerate(item.programs) if texts and code.strip() in texts[-1]), None)


def never(item: Item, call: str) -> str:
    """A value that no program of the item gives for `call`: an invalid assertion fails everything."""
    given = {one[call] for one in item.gives}
    return next(text for text in ("7919", "'wrong'", "'wrong too'") if text not in given)


def minds(
    item: Item, programmer: Programmer, designer: Designer, seeds: Seeds, log: list[Request] | None = None
) -> Minds:
    """The two roles as models. What they draw depends on the stream of the call alone, so arms that ask for the same
    program get the same one. `log` collects what the designer is asked in a conversation of its own."""

    def write(request: Request) -> str:
        rng = seeds(item.name, request.repeat)
        if "tests " in request.repeat:
            return fenced(designer.suite(item, request, rng))
        return fenced([item.programs[programmer.chosen(item, request, rng)]])

    def design(request: Request) -> str:
        if log is not None:
            log.append(request)
        return fenced(designer.suite(item, request, seeds(item.name, request.repeat)))

    return Minds(model("programmer", write), {"designer": model("designer", design)})


def model(role: str, script: Callable[[Request], Any]) -> Scripted:
    return Scripted(f"scripted {role}", script)


def fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```python", *lines, "```"])
