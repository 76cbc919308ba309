"""The functions of the bank with everything that is known of them: what each of their programs gives for each input."""

import ast
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from manyminds.conversations.assertions import Assertion, examples, split, value_of
from manyminds.conversations.judging import Given, Judge
from manyminds.core import Seeds
from manyminds.worlds.texts import function_bank

INPUTS = (("ordinary", 24), ("edge", 12), ("large", 8))  # that a scripted designer can think of
MUTANTS = 8


@dataclass(frozen=True)
class Item:
    """One function. `programs`: the reference, then wrong ones; `gives[i][call]` is what program i gives as a literal,
    None where it gives no value; `inputs` are calls by kind, none of them a public example."""

    name: str
    family: str
    spec: str
    programs: tuple[str, ...]
    inputs: dict[str, tuple[str, ...]]
    hidden: tuple[Assertion, ...]
    gives: tuple[dict[str, str | None], ...]

    @property
    def reference(self) -> str:
        return self.programs[0]

    @property
    def wrong(self) -> int:
        return len(self.programs) - 1

    @cached_property
    def public(self) -> tuple[Assertion, ...]:
        return tuple(examples(self.spec, self.name))

    @cached_property
    def calls(self) -> tuple[str, ...]:
        return tuple(call for kind in self.inputs.values() for call in kind)

    @cached_property
    def safe(self) -> tuple[str, ...]:
        """Calls for which every program gives some value: a test that asks for nothing more exposes nobody."""
        return tuple(call for call in self.calls if all(given[call] is not None for given in self.gives))

    def exposed(self, program: int, call: str) -> bool:
        """Whether the value for `call` tells a program from the reference, by Python's equality."""
        found, right = self.gives[program][call], self.gives[0][call]
        return found is None or bool(value_of(found) != value_of(right or ""))

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Few calls that together expose every wrong program, found greedily."""
        left, found = set(range(1, len(self.programs))), []
        while left:
            best = max(self.calls, key=lambda call: sum(self.exposed(m, call) for m in left))
            found.append(best)
            left -= {m for m in left if self.exposed(m, best)}
        return tuple(found)

    @cached_property
    def survivors(self) -> int:
        """Wrong programs that pass the public examples."""
        calls = [one.calls[0] for one in self.public]
        return sum(not any(self.exposed(m, call) for call in calls) for m in range(1, len(self.programs)))

    def number(self, code: str) -> int | None:
        """Which of the programs a text is."""
        return next((i for i, program in enumerate(self.programs) if program.strip() == code.strip()), None)


def call_of(name: str, arguments: Sequence[Any]) -> str:
    return ast.unparse(ast.parse(f"{name}({', '.join(map(repr, arguments))})"))


def raw(task: Any, seeds: Seeds) -> dict[str, Any]:
    """What the bank says of a task, before any program has run."""
    known = {call_of(task.name, arguments) for arguments, _ in task.public}
    inputs: dict[str, list[str]] = {}
    for mode, count in INPUTS:
        rng, found = seeds("inputs", task.name, mode), []
        for _ in range(4 * count):
            call = call_of(task.name, function_bank.arguments(task, mode, rng))
            if call not in known and len(found) < count:
                known.add(call)
                found.append(call)
        inputs[mode] = found
    mutants = function_bank.mutants(task, MUTANTS)
    for one in mutants:
        call = call_of(task.name, one.witness)
        if call not in known:
            known.add(call)
            inputs["edge" if one.extreme else "ordinary"].append(call)
    hidden = [f"assert {call_of(task.name, given)} == {value!r}" for given, value in function_bank.hidden_tests(task)]
    return {"name": task.name, "family": task.family, "spec": task.prompt, "inputs": inputs, "hidden": hidden,
            "programs": [task.reference, *(one.source for one in mutants)]}  # fmt: skip


def chosen(count: int) -> list[Any]:
    """`count` tasks of the bank, as evenly from its families as they allow."""
    groups = [
        [task for task in function_bank.tasks().values() if task.family == name] for name in function_bank.FAMILIES
    ]
    turns = [group[i] for i in range(max(map(len, groups))) for group in groups if i < len(group)]
    return turns[:count]


async def surveyed(found: dict[str, Any], judge: Judge) -> dict[str, Any]:
    """Run every program of an item on every input; drop inputs that the reference cannot bear, programs that no hidden
    test tells from it, and those that raise on most inputs: whoever looks at them once sees that they are wrong."""
    hidden = split("\n".join(found["hidden"]), found["name"])
    public = examples(found["spec"], found["name"])
    asked = [call for kind in found["inputs"].values() for call in kind]
    asked += [call for one in (*hidden, *public) for call in one.calls]
    given = await asyncio.gather(*(judge.values(code, list(dict.fromkeys(asked))) for code in found["programs"]))
    gives = [{call: one.text if one.kind == "value" else None for call, one in row.items()} for row in given]
    inputs = {mode: [call for call in calls if gives[0][call] is not None] for mode, calls in found["inputs"].items()}
    kept = [one.source for one in hidden if gives[0][one.calls[0]] is not None]
    one = item(found | {"inputs": inputs, "gives": gives, "hidden": kept})
    live = [0]
    for program in range(1, len(gives)):
        told_apart = any(one.exposed(program, test.calls[0]) for test in one.hidden)
        silent = sum(gives[program][call] is None for call in one.calls)
        exposed = any(one.exposed(program, call) for call in one.calls)
        live += [program] if told_apart and exposed and silent <= len(one.calls) / 2 else []
    return found | {"inputs": inputs, "hidden": kept, "gives": [gives[i] for i in live],
                    "programs": [found["programs"][i] for i in live]}  # fmt: skip


def item(found: dict[str, Any]) -> Item:
    hidden = split("\n".join(found["hidden"]), found["name"])
    inputs = {mode: tuple(calls) for mode, calls in found["inputs"].items()}
    return Item(found["name"], found["family"], found["spec"], tuple(found["programs"]), inputs, tuple(hidden),
                tuple(found["gives"]))  # fmt: skip


def known_to(judge: Judge, items: Sequence[Item]) -> None:
    """Let a judge remember what has been run, so that nothing runs twice."""
    for one in items:
        for code, given in zip(one.programs, one.gives):
            for call, text in given.items():
                judge.known[code, call] = Given("value", text) if text is not None else Given("error", "no value")


async def items(lab: Any, judge: Judge, count: int) -> list[Item]:
    """The items of a run, each surveyed once in its life."""
    jobs = [lab.once(f"item {task.name}", survey(task, lab.seeds, judge)) for task in chosen(count)]
    found = [item(one) for one in await lab.gather(jobs, "functions")]
    known_to(judge, found)
    return found


def survey(task: Any, seeds: Seeds, judge: Judge) -> Callable[[], Any]:
    return lambda: surveyed(raw(task, seeds), judge)
