"""Wrappers over families that no raise wraps: labels found again by walking documents and running programs."""

import json
import re
from collections import Counter
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.agents import sandbox
from manyminds.core import Seeds
from manyminds.worlds.texts.formats import formats, segments
from manyminds.worlds.texts.functions import Functions, applied
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import SPLITS, items, split_of, stream
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.turns import Turns, outside
from manyminds.worlds.texts.wrapping import IN_PROGRAMS, ON_PATHS, WAYS, fits, mutated

SEEDS = Seeds(5)
OUTSIDE = outside()
VERIFIERS = [name for name in OUTSIDE if "verify" in name]
MENDERS = [name for name in OUTSIDE if "verify" not in name]
CASES = [(name, level) for name in OUTSIDE for level in (1, 2, 3)]


def some(name, level, count=12, split="train"):
    return list(islice(stream(OUTSIDE[name], level, split, SEEDS, scarce=True), count))


def test_they_are_never_raised_on():
    raised = families(SEEDS)
    assert not set(OUTSIDE) & set(raised)
    assert {family.of.name for family in raised.values() if isinstance(family, Turns)} == {"sums"}
    assert {family.of.name for family in OUTSIDE.values()} | {"sums"} == set(WAYS)


@pytest.mark.parametrize(("name", "level"), CASES)
def test_gold_is_right_and_can_be_written_in_every_format(name, level):
    family = OUTSIDE[name]
    for item in some(name, level):
        assert family.check(item, item.solution + "\n").ok
        assert family.check(item, item.solution).ok and family.check(item, item.solution).progress == 1
        for form in formats(name):
            (prompt, _), (reply, _) = segments(item, form)
            assert item.prompt in prompt and family.check(item, reply.removesuffix("<end>")).ok
        json.dumps(item.record())


@pytest.mark.parametrize(("name", "level"), CASES)
def test_wrong_answers_are_wrong(name, level):
    family = OUTSIDE[name]
    for item in some(name, level):
        answer = item.answer
        mutants = ["", "#", "# ", item.prompt, f"##{answer}", f"# not {answer}", f"# {answer}0", "# perhaps",
                   "#" + "x" * 10_000, item.solution.rpartition("\n")[0], item.solution.replace("#", "")]  # fmt: skip
        if "verify" in name:
            mutants += ["# bad 9 Nobody", "# bad"] if answer == "ok" else ["# ok", "#ok\n"]
            if answer.count(" ") == 2:
                _, step, value = answer.split()
                mutants += [f"# bad {int(step) + 1} {value}", f"# bad {step} Nobody", f"# bad {step}"]
        for text in mutants:
            if text.strip() == item.solution.strip():
                continue  # a program has no marker to take away
            verdict = family.check(item, text)
            assert not verdict.ok and 0 <= verdict.progress <= 1, (text, item)


@pytest.mark.parametrize("name", list(OUTSIDE))
@given(text=st.text(max_size=200))
@settings(max_examples=60)
def test_checkers_take_any_text(name, text):
    for item in some(name, 1, 2):
        verdict = OUTSIDE[name].check(item, text)
        assert not verdict.ok or text.strip()


@pytest.mark.parametrize("name", list(OUTSIDE))
def test_a_wrapper_belongs_to_the_split_of_what_it_wraps(name):
    for split in SPLITS:
        for item in some(name, 2, 6, split):
            root = [OUTSIDE[name].of.name, json.loads(item.form)[1][0]]
            assert split_of(json.dumps(root, separators=(",", ":"))) == split == item.split


@pytest.mark.parametrize("name", VERIFIERS)
def test_verifying_is_balanced_and_all_kinds_appear(name):
    kinds = Counter(item.meta["kind"] for item in some(name, 3, 200))
    assert 70 < kinds[""] < 130
    assert set(kinds) == {"", *(ON_PATHS if "hops" in name else IN_PROGRAMS)}


def shown(item):
    """The lines of the solution that a prompt shows."""
    lines = item.prompt.split("\n")
    if "hops" in item.family:
        return [line for line in lines if re.fullmatch(r"\d\.\d \w+: \w+: \w+", line)]
    starts = [i for i, line in enumerate(lines) if line.startswith("def f(x)")]
    return lines[starts[1] : next(i for i in range(starts[1], len(lines)) if lines[i] == "    return x") + 1]


def walked(item):
    """The right steps of a path, by the documents and the question of a prompt."""
    told = {(who, relation): (place, whom) for place, relation, who, whom in
            re.findall(r"(\d\.\d) The (\w+) of (\w+) is (\w+)\.", item.prompt)}  # fmt: skip
    question = next(line for line in item.prompt.split("\n") if line.startswith("Who is "))
    at, steps = re.findall(r"(\w+)\?", question)[0], []
    for relation in reversed(re.findall(r"the (\w+) of", question)):
        place, whom = told[at, relation]
        steps.append((f"{place} {at}: {relation}: {whom}", whom))
        at = whom
    return steps


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [name for name in OUTSIDE if "hops" in name])
def test_a_wrong_step_of_a_path_is_named_exactly(name, level):
    for item in some(name, level, 60):
        steps, lines = walked(item), shown(item)
        wrong = next((i for i, (step, _) in enumerate(steps) if i >= len(lines) or lines[i] != step), None)
        if "verify" in name:
            assert item.answer == ("ok" if wrong is None else f"bad {wrong + 1} {steps[wrong][1]}")
            continue
        assert wrong is not None and item.answer == steps[-1][1]
        if item.meta.get("critique") == "right":
            assert f"Critique: Step {wrong + 1} is wrong: it gives {steps[wrong][1]}." in item.prompt


def ran(code, x):
    """What our own program gives, or the kind of its error."""
    space: dict = {}
    exec(code, space)
    return space["f"](x)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [name for name in OUTSIDE if "functions" in name])
def test_a_wrong_program_fails_a_hidden_test_and_the_one_that_is_named(name, level):
    for item in some(name, level, 40):
        code = "\n".join(shown(item))
        if "verify" in name:
            said = re.findall(r"f\((.+)\) == (.+)", item.prompt)
            assert item.answer == "bad" or all(ran(code, eval(x)) == eval(y) for x, y in said)
            continue
        chain, inputs = item.meta["chain"], item.meta["inputs"]
        assert any(ran(code, x) != applied(chain, x) for x in inputs)
        if item.meta.get("critique") == "right":
            x, y = (eval(one) for one in re.findall(r"A test fails: f\((.+)\) == (.+)\.\n", item.prompt)[0])
            assert applied(chain, x) == y != ran(code, x)
            assert len(repr(x)) <= 60


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_verifier_of_programs_is_labelled_by_all_hidden_tests(level):
    """By running the programs that the family makes, on the inputs of what it wraps."""
    for seed in range(60):
        inner = Functions().draft(Random(seed), level)
        slip = WAYS["functions"].slip(Random(seed), inner, IN_PROGRAMS[seed % 3]) if mutated(inner.meta) else None
        if slip is None:
            continue
        differs = [ran("\n".join(slip.lines), x) != applied(inner.meta["chain"], x) for x in inner.meta["inputs"]]
        assert any(differs) and slip.lines[slip.at] != inner.solution.split("\n")[slip.at]
        assert all(ran(inner.solution, x) == applied(inner.meta["chain"], x) for x in inner.meta["inputs"])


def test_only_programs_that_can_be_run_are_mutants():
    """A mutant by another hand may add a string to a list, so that the meaning and the code part."""
    for seed in range(200):
        meta = Functions().draft(Random(seed), 3).meta
        assert all(fits(chain, "list of integers") or fits(chain, "string") for _, chain in mutated(meta))


async def test_a_mended_program_is_judged_by_running_it():
    if sandbox.isolation().walls == "none":
        pytest.skip("; ".join(sandbox.isolation().missing))
    family = OUTSIDE["turns-refine-functions"]
    (item,) = some("turns-refine-functions", 2, 1)
    assert (await family.judge(item, f"```python\n{item.solution}\n```")).ok
    assert not (await family.judge(item, "\n".join(shown(item)))).ok
    (item,) = some("turns-verify-functions", 2, 1)
    assert (await OUTSIDE["turns-verify-functions"].judge(item, item.solution)).ok


def test_solutions_without_a_step_are_passed_over():
    """Of a path that breaks off at its first step there is nothing to show."""
    family = Turns("verify", of=Hops(unanswerable=1.0))
    assert all(shown(item) for item in items(family, 2, "train", SEEDS, 20))
