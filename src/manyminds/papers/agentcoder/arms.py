"""The arms of the offline experiment: ways to arrange the same minds, what came of them, and their closed forms."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.coding import AgentCoder
from manyminds.conversations.judging import Judge
from manyminds.conversations.methods import Question
from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.papers.agentcoder.bank import Item
from manyminds.papers.agentcoder.scripted import KINDS, Designer, Programmer, minds
from manyminds.theory.repair_loop import RepairLoop


class Trial(BaseModel, frozen=True):
    """One task once. `right` says of every attempt whether its program passes the hidden tests, `passed` whether it
    passed the tests it was judged by; `final` is about the program returned."""

    item: str
    run: int
    right: tuple[bool, ...]
    passed: tuple[bool, ...]
    final: bool
    accepted: bool | None
    calls: int
    tokens: int
    leaked: int = 0  # characters of programs among what the designer was asked

    def after(self, attempts: int) -> bool:
        """Whether it would be solved with so many attempts."""
        return self.right[min(attempts, len(self.right)) - 1]


@dataclass(frozen=True)
class Arm:
    """One arrangement; `expected` says whether the loop's closed form speaks of it."""

    name: str
    coder: dict[str, Any]
    programmer: Programmer = field(default_factory=Programmer)
    designer: Designer = field(default_factory=Designer)
    expected: bool = True

    def closed_form(self, item: Item, attempts: int) -> float:
        """P(solved) of one item; wrong programs differ in how they are exposed, so what accepts them is averaged."""
        right, tests = self.programmer.right, self.coder.get("tests", "designer")
        if tests == "none":
            return right
        if tests == "examples":
            return RepairLoop(right, 1, slipping=item.survivors / item.wrong).solved(attempts)
        loop = self.loop(item)
        return loop.solved(attempts) if self.coder.get("fresh") else loop.solved_with_kept_suite(attempts)

    def loop(self, item: Item) -> RepairLoop:
        one = self.designer
        chances = [slips(item, one, m) for m in range(1, item.wrong + 1)] if one.exposing is None else []
        slipping = sum(chances) / len(chances) if chances else None
        return RepairLoop(self.programmer.right, one.asserts, one.valid, one.exposing or 0.0, one.biased, slipping)


def slips(item: Item, designer: Designer, program: int) -> float:
    """P(a suite by kinds accepts a wrong program): inputs of a kind are drawn without replacement."""
    found = designer.valid**designer.asserts
    for k, kind in enumerate(KINDS):
        drawn, n = len(range(k, designer.asserts, 3)), len(item.inputs[kind])
        telling = sum(item.exposed(program, call) for call in item.inputs[kind])
        found *= prod((n - telling - i) / (n - i) if n > i else 1.0 for i in range(drawn))
    return max(0.0, found)


def arms(right: float, asserts: int, valid: float, exposing: float, bad: float, rounds: int) -> tuple[Arm, ...]:
    """All arms. A loop has `rounds` repairs; every mind is the same in all of them."""
    anew = {"feedback": False, "rounds": rounds, "fresh": True}
    programmer, designer = Programmer(right), Designer(asserts, valid, exposing)

    def shared(biased: float) -> Designer:
        return Designer(asserts, valid, exposing, biased)

    return (
        Arm("programmer", {"tests": "none"}, programmer),
        Arm("with public examples", anew | {"tests": "examples"}, programmer),
        Arm("one mind, all tests from its code", anew | {"tests": "shared"}, programmer, shared(1.0)),
        Arm("one mind, half of its tests from its code", anew | {"tests": "shared"}, programmer, shared(0.5)),
        Arm("full loop", anew, programmer, designer),
        Arm("full loop, inputs by kind", anew, programmer, Designer(asserts, valid, None)),
        Arm("full loop, bad tests", anew, programmer, Designer(asserts, bad, exposing)),
        Arm("full loop, one suite for all rounds", anew | {"fresh": False}, programmer, designer),
        Arm("paper: one suite, told what failed", {"rounds": rounds}, Programmer(right, "consistent"), designer, False),
        Arm("repo: 5 programs, 10 suites", {"mode": "repo", "rounds": rounds + 1}, programmer, designer, False),
    )  # fmt: skip


@dataclass
class Bench:
    """What all arms share: the judge, the seeds, and which programs are right."""

    judge: Judge
    seeds: Seeds
    right: dict[tuple[str, str], bool] = field(default_factory=dict)

    async def solves(self, item: Item, code: str) -> bool:
        """Whether a program passes the hidden tests."""
        if (item.name, code) not in self.right:
            self.right[item.name, code] = bool(code) and (await self.judge(code, item.hidden)).passed
        return self.right[item.name, code]

    async def trial(self, arm: Arm, item: Item, run: int) -> Trial:
        log: list[Request] = []
        coder = AgentCoder(executor=self.judge, **arm.coder)
        table = minds(item, arm.programmer, arm.designer, self.seeds, log)
        solved = await coder.solve(Question(item.spec, entry_point=item.name), table, f"run {run}")
        right = [await self.solves(item, one.code) for one in solved.attempts]
        shown = "\n".join(message.content for request in log for message in request.messages)
        bodies = [line for code in item.programs for line in code.split("\n")[1:] if line not in item.spec]
        return Trial(item=item.name, run=run, right=tuple(right),
                     passed=tuple(one.accepted for one in solved.attempts), final=await self.solves(item, solved.code),
                     accepted=solved.accepted, calls=solved.calls, tokens=solved.tokens,
                     leaked=sum(len(line) for line in bodies if f"\n{line}\n" in shown))  # fmt: skip

    async def trials(self, arm: Arm, items: Sequence[Item], runs: int) -> list[Trial]:
        return [await self.trial(arm, item, run) for run in range(runs) for item in items]
