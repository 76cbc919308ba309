"""How many programs are drawn with and without a memory, and how good the scripted designers' suites are."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.coding import AgentCoder
from manyminds.conversations.coding_answers import Suite
from manyminds.conversations.judging import Judge
from manyminds.conversations.methods import Question
from manyminds.conversations.suite_measures import covered, killed, valid
from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.papers.agentcoder.bank import Item
from manyminds.papers.agentcoder.scripted import Designer, Memory, Programmer, fenced, minds
from manyminds.theory.repair_loop import draws_with_replacement, draws_without_replacement

MOST = 1000  # programs drawn; more are never needed but with a chance below 1e-40


def expected_draws(memory: Memory, item: Item) -> float:
    """Expected draws until the right program comes, if all that are left are drawn alike."""
    if memory == "none":
        return draws_with_replacement(item.wrong)
    if memory == "tried":
        return draws_without_replacement(item.wrong)
    order, known = item.telling, dict[frozenset[int], float]()
    first = {m: next(call for call in order if item.exposed(m, call)) for m in range(1, item.wrong + 1)}

    def left(programs: frozenset[int]) -> float:
        """With these wrong programs and the right one left: what fails is told of the first assertion that it fails."""
        if programs not in known:
            after = [left(frozenset(m for m in programs if not item.exposed(m, first[tried]))) for tried in programs]
            known[programs] = 1 + sum(after) / (len(programs) + 1)
        return known[programs]

    return left(frozenset(first))


class Draws(BaseModel, frozen=True):
    """Programs drawn until the right one came, over all trials, and what is expected: by counting, or for `consistent`
    by going through all that could be left."""

    memory: Memory
    drawn: tuple[int, ...]
    expected: float

    @property
    def mean(self) -> float:
        return sum(self.drawn) / len(self.drawn)


async def draws(memory: Memory, items: Sequence[Item], judge: Judge, seeds: Seeds, runs: int) -> Draws:
    """One right program among the wrong ones of each item, and tests that are always right."""
    designer = Designer(apart=True)
    coder = AgentCoder(executor=judge, rounds=MOST, feedback=memory != "none")
    found = []
    for item in items:
        programmer = Programmer(1 / len(item.programs), memory)
        for run in range(runs):
            table = minds(item, programmer, designer, seeds.child("draws", memory))
            solved = await coder.solve(Question(item.spec, entry_point=item.name), table, f"run {run}")
            found.append(len(solved.attempts))
    expected = sum(expected_draws(memory, item) for item in items) / len(items)
    return Draws(memory=memory, drawn=tuple(found), expected=expected)


class SuiteScore(BaseModel, frozen=True):
    """One suite: assertions that the reference passes, statements of the reference that ran, wrong programs killed."""

    item: str
    valid: int
    asserts: int
    lines: int
    of_lines: int
    killed: int
    wrong: int


async def scored(designer: Designer, items: Sequence[Item], judge: Judge, seeds: Seeds) -> list[SuiteScore]:
    found = []
    for item in items:
        rng = seeds("suite", item.name)
        suite = Suite(item.name, item.public).parse(fenced(designer.suite(item, Request(()), rng)))
        good = await valid(judge, item.reference, suite)
        sound = [one for one, right in zip(suite, good) if right]
        assert judge.pool
        lines, of_lines = await covered(judge.pool, item.reference, suite)
        dead = await killed(judge, item.programs[1:], sound)
        found.append(SuiteScore(item=item.name, valid=sum(good), asserts=len(suite), lines=lines, of_lines=of_lines,
                                killed=dead, wrong=item.wrong))  # fmt: skip
    return found


async def never_rejected(items: Sequence[Item], judge: Judge, seeds: Seeds) -> int:
    """How many references a suite of valid assertions rejects."""
    rejected = 0
    for item in items:
        suites = (Designer(valid=1.0), Designer(valid=1.0, exposing=None), Designer(valid=1.0, exposing=1.0))
        for k, designer in enumerate(suites):
            lines = designer.suite(item, Request(()), seeds("sound", item.name, k))
            suite = Suite(item.name, item.public).parse(fenced(lines))
            rejected += not (await judge(item.reference, suite)).passed
    return rejected


def totals(scores: Sequence[SuiteScore]) -> dict[str, Any]:
    """Shares over all suites: right as a whole, right by assertion, lines, wrong programs killed."""
    return {
        "suites": sum(one.valid == one.asserts for one in scores) / len(scores),
        "assertions": sum(one.valid for one in scores) / sum(one.asserts for one in scores),
        "lines": sum(one.lines for one in scores) / sum(one.of_lines for one in scores),
        "killed": sum(one.killed for one in scores) / sum(one.wrong for one in scores),
    }
