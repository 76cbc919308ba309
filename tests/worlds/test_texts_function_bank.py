"""The bank of functions: references pass, mutants fail at their witness, and public examples do not find them all."""

import doctest
import importlib
import json

import pytest

from manyminds.agents import sandbox
from manyminds.worlds.texts.code_mutants import changed, runnable
from manyminds.worlds.texts.function_bank import FAMILIES, arguments, hidden_tests, judge, mutants, same, tasks

TASKS = tasks()
TURNS = 20_000  # more than any reference takes
SOME = list(TASKS)[::9]  # one or two of each family; the slow test takes all


def broken(name):
    """Every demand that the mutants of a task do not meet."""
    task, made = TASKS[name], mutants(TASKS[name])
    reference = runnable(task.reference, name)
    wrong = []
    for one in made:
        ours, theirs = runnable(one.source, name)(one.witness, TURNS), reference(one.witness, TURNS)
        wrong += ["equal at its witness"] if same(ours.outcome, theirs.outcome) else []
        passes = all(same(runnable(one.source, name)(a, TURNS).outcome, ["value", e]) for a, e in task.public)
        wrong += ["public examples"] if passes != one.hidden else []
    wrong += ["too few"] if len(made) < 8 or len({one.source for one in made}) < len(made) else []
    wrong += ["too easy"] if 3 * sum(one.hidden for one in made) < len(made) else []
    wrong += ["no extreme"] if not any(one.extreme for one in made) else []
    return wrong


def test_there_are_sixteen_functions_in_each_of_eight_families():
    assert len(TASKS) == 128 and len(FAMILIES) == 8
    assert all(sum(task.family == family for task in TASKS.values()) == 16 for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_examples_written_by_hand_hold(family):
    module = importlib.import_module(f"manyminds.worlds.texts.bank.{family}")
    ran = doctest.testmod(module)
    assert ran.attempted == 32 and ran.failed == 0


def test_a_prompt_shows_the_examples_and_not_the_program():
    for task in TASKS.values():
        assert task.prompt.count(">>>") == len(task.public) == 2
        head, *body = task.reference.split("\n")
        assert task.prompt.startswith(head) and body
        assert not any(line.strip() in task.prompt for line in body if len(line.strip()) > 12)


def test_hidden_tests_are_a_hundred_that_repeat_and_take_json():
    for task in TASKS.values():
        found = hidden_tests(task)
        assert len(found) == 100 and json.loads(json.dumps(found)) is not None
        assert len({json.dumps(given) for given, _ in found}) >= 12
    assert hidden_tests(task) == hidden_tests(task) != hidden_tests(task, 1)


def test_inputs_have_edges_and_sizes():
    from random import Random

    rng, task = Random(0), TASKS["longest_run"]
    assert [] in [arguments(task, "edge", rng)[0] for _ in range(40)]
    assert len(arguments(task, "large", rng)[0]) > 10 * len(arguments(task, "ordinary", rng)[0])


@pytest.mark.parametrize("name", SOME)
def test_mutants_are_wrong_and_not_all_easy(name):
    assert broken(name) == []


@pytest.mark.slow
def test_mutants_of_all_functions():
    assert {name: wrong for name in TASKS if (wrong := broken(name))} == {}


def test_the_kinds_of_change():
    source = "def f(x):\n    n = 0\n    for v in x:\n        if v < 3:\n            n += v - 1\n    return n"
    kinds = {one.kind for one in changed(source)}
    assert kinds >= {"initial value", "comparator", "dropped branch", "always taken", "operator", "swapped operands",
                     "off by one", "early return", "dropped statement"}  # fmt: skip
    assert all(one.source != source for one in changed(source))


def test_endless_loops_end():
    ran = runnable("def f(n):\n    while n:\n        pass\n    return n", "f")
    assert ran([1], 1000).outcome == ["error", "TooLong"] and ran([0], 1000).outcome == ["value", 0]


async def test_programs_are_judged_in_the_sandbox():
    if sandbox.isolation().walls == "none":
        pytest.skip("; ".join(sandbox.isolation().missing))
    for name in ("window_sums", "read_roman"):
        task = TASKS[name]
        assert (await judge(task, task.reference)).ok
        verdict = await judge(task, mutants(task)[0].source)
        assert not verdict.ok and 0 < verdict.progress < 1
        assert not (await judge(task, f"class E:\n    __eq__ = lambda a, b: True\ndef {name}(*x): return E()")).ok
        assert not (await judge(task, f"import os\ndef {name}(*x): os._exit(0)")).ok
