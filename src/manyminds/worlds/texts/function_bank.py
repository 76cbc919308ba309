"""A bank of 128 small pure functions in eight families: specification, reference, typed inputs, hidden tests, mutants.

The functions stand as ordinary Python in `bank/`, with two examples each that were written by hand and are checked as
doctests; the annotations name the kinds of their arguments. A mutant is proved to differ by a witness. Some of them
pass the public examples, and at least one fails on edge or large inputs alone, so tests have to be thought of.
"""

import ast
import inspect
import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from importlib import import_module
from random import Random
from typing import Any, NamedTuple

from manyminds.core import Seeds
from manyminds.worlds.texts import running
from manyminds.worlds.texts.bank.kinds import KINDS, MODES, PLAIN, value
from manyminds.worlds.texts.code_mutants import Changed, changed, runnable
from manyminds.worlds.texts.items import Verdict

FAMILIES = ("lists", "strings", "integers", "recursions", "tables", "spans", "matrices", "parsing")
MIX = (("ordinary", 70), ("edge", 20), ("large", 10))  # hidden tests of a hundred
ENDLESS = 20_000  # turns of loops after which a program is taken not to end
Test = tuple[list[Any], Any]  # arguments and what must come out


class Task(NamedTuple):
    """One function to be written. `prompt` is all that a programmer may see; `reference` is right by definition."""

    name: str
    family: str
    prompt: str
    reference: str
    kinds: tuple[str, ...]  # of the arguments
    returns: str
    function: Callable[..., Any]
    public: tuple[Test, ...]


class Mutant(NamedTuple):
    """A wrong program. `witness` is an input at which it differs; `hidden` is true where it passes the public examples,
    `extreme` where ordinary inputs do not find it."""

    kind: str
    source: str
    witness: list[Any]
    hidden: bool
    extreme: bool


@cache
def tasks() -> dict[str, Task]:
    """All functions by name."""
    found = {}
    for family in FAMILIES:
        module = import_module(f"manyminds.worlds.texts.bank.{family}")
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = _task(node, family, getattr(module, node.name))
    return found


def _task(node: ast.FunctionDef, family: str, function: Callable[..., Any]) -> Task:
    kinds = tuple(ast.unparse(one.annotation) for one in node.args.args if one.annotation)
    for one, kind in zip(node.args.args, kinds):
        one.annotation = ast.Name(PLAIN.get(kind, kind))
    body = node.body[1:]
    node.body = node.body[:1]
    prompt = ast.unparse(node)
    node.body = body
    public = tuple(_example(line, node.name, function) for line in _examples(function))
    assert node.returns
    return Task(node.name, family, prompt, ast.unparse(node), kinds, ast.unparse(node.returns), function, public)


def _examples(function: Callable[..., Any]) -> list[str]:
    return [line.strip()[4:] for line in (function.__doc__ or "").split("\n") if line.strip().startswith(">>> ")]


def _example(line: str, name: str, function: Callable[..., Any]) -> Test:
    calls = [one for one in ast.walk(ast.parse(line)) if isinstance(one, ast.Call) and ast.unparse(one.func) == name]
    arguments = [ast.literal_eval(one) for one in calls[0].args]
    return arguments, function(*arguments)


def arguments(task: Task, mode: str, rng: Random) -> list[Any]:
    """Arguments of a task: all ordinary, at least one at an edge, or all large."""
    if mode != "edge":
        return [value(kind, mode, rng) for kind in task.kinds]
    at = rng.randrange(len(task.kinds))
    modes = ["edge" if i == at or rng.random() < 0.5 else "ordinary" for i in range(len(task.kinds))]
    return [value(kind, mode, rng) for kind, mode in zip(task.kinds, modes)]


@cache
def _tests(name: str, root: int) -> dict[str, list[Test]]:
    """A hundred tests by mode."""
    task, found = tasks()[name], {}
    for mode, count in MIX:
        rng = Seeds(root)("function bank", name, mode)
        given = [arguments(task, mode, rng) for _ in range(count)]
        found[mode] = [(one, task.function(*deepcopy(one))) for one in given]
    return found


def hidden_tests(task: Task, root: int = 0) -> list[Test]:
    """A hundred inputs, edge and large ones among them, with what must come out."""
    return [test for mode in MODES for test in _tests(task.name, root)[mode]]


@cache
def _mutants(name: str, count: int) -> tuple[Mutant, ...]:
    task = tasks()[name]
    proved = [one for change in [*_extremes(task), *changed(task.reference)] if (one := _proved(task, change))]
    Random(name).shuffle(proved)
    # One that only edge or large inputs find, then those that pass the public examples, then one of each kind.
    extreme = [one for one in proved if one.extreme]
    hidden = [one for one in proved if one.hidden and not one.extreme]
    rest = [one for one in proved if not one.hidden and not one.extreme]
    third = -(-count // 3)
    chosen: list[Mutant] = []
    for group, most in ((extreme, 2), (hidden, third + 1), (extreme, third), (rest, count), (hidden, count)):
        fresh = [one for one in group if one.kind not in [other.kind for other in chosen]]
        for one in [*fresh, *group]:
            enough = len(chosen) >= count or (group is extreme and sum(two.hidden for two in chosen) >= most)
            if one not in chosen and not enough and most > 0:
                chosen.append(one)
                most -= group is not extreme
    return tuple(chosen)


def mutants(task: Task, count: int = 8) -> tuple[Mutant, ...]:
    """Wrong programs near the right one, each with a witness; fewer than `count` where there are not so many."""
    return _mutants(task.name, count)


def _extremes(task: Task) -> list[Changed]:
    """Programs that are wrong at one edge, or that take no more than the beginning of what is large."""
    head, _, body = task.reference.partition("\n")
    names = [one.arg for one in ast.parse(task.reference).body[0].args.args]  # type: ignore[attr-defined]
    wrong = {"int": ("-7",), "str": ("'?'",), "bool": ("True", "False")}.get(
        task.returns.removesuffix(" | None"), ("[0]",)
    )
    found = []
    for name, kind in zip(names, task.kinds):
        plain = PLAIN.get(kind, kind)
        for edge in KINDS[kind][1]:
            found += [
                Changed("base case", f"{head}\n    if {name} == {edge!r}:\n        return {one}\n{body}")
                for one in wrong
            ]
        cuts = ("[:3]", "[:5]", "[:10]") if plain != "int" else (3, 5, 7) if kind == "Small" else (10, 25, 90)
        for cut in cuts:
            short = f"min({name}, {cut})" if plain == "int" else f"{name}{cut}"
            found.append(Changed("cut short", f"{head}\n    {name} = {short}\n{body}"))
    return found


@cache
def _turns(name: str, mode: str) -> int:
    """Turns of loops and calls that a mutant may take: ten times as many as the reference ever does, and some."""
    task = tasks()[name]
    ran = runnable(task.reference, name)
    tests = task.public if mode == "public" else _tests(name, 0)[mode]
    return 50 + 10 * max(ran(one, 10**9).turns for one, _ in tests)


def _proved(task: Task, change: Changed) -> Mutant | None:
    """The mutant with its witness; None for a program that no test tells from the reference."""
    try:
        ran = runnable(change.source, task.name)
    except SyntaxError:
        return None

    def differs(given: list[Any], expected: Any, turns: int) -> bool:
        found = ran(given, turns).outcome
        if found == ["error", "TooLong"]:  # slow, or without end
            found = ran(given, max(turns, ENDLESS)).outcome
        return not same(found, ["value", expected])

    def caught(mode: str) -> list[Any] | None:
        tests = task.public if mode == "public" else _tests(task.name, 0)[mode]
        turns = _turns(task.name, mode)
        return next((one for one, expected in tests if differs(one, expected, turns)), None)

    public, ordinary = caught("public"), caught("ordinary")
    witness = ordinary or public or caught("edge") or caught("large")
    if witness is None:
        return None
    return Mutant(change.kind, change.source, witness, public is None, ordinary is None and public is None)


def same(a: Any, b: Any) -> bool:
    """Equal as JSON, where True is not 1."""
    try:
        return json.dumps(a, default=str) == json.dumps(b, default=str)
    except ValueError:  # an integer too long to be written
        return False


async def judge(task: Task, code: str, seconds: float = 5.0) -> Verdict:
    """Run a program on the hidden tests in the sandbox."""
    return await running.judged(code, task.name, hidden_tests(task), seconds)
