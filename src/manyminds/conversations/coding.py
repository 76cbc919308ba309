"""AgentCoder (arXiv 2312.13010): a programmer, a test designer who never sees the code, an executor that is no mind.

Mode `paper` (section 3): the programmer writes, the designer tests, the executor runs; what fails goes back to the
programmer with the error until all tests pass or the rounds are over. Mode `repo` (the released script for HumanEval):
several programs and several suites, drawn afresh each epoch; the program that passes most suites is taken as soon as it
passes enough of them, and nobody is told what failed.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from manyminds.conversations.assertions import Assertion, examples, near, parsed, split
from manyminds.conversations.coding_answers import Program, Suite
from manyminds.conversations.judging import Executor, Judge, Judged
from manyminds.conversations.metered import Meter
from manyminds.conversations.methods import Minds, Question, Reply, Said
from manyminds.core import BadInput, NoAnswer, render
from manyminds.models.request import Message, Request, user

Mode = Literal["paper", "repo"]
Tests = Literal["designer", "shared", "twin", "examples", "none"]
Style = Literal["told", "native"]  # native: nothing is added to the specification, as the house model reads it


@dataclass(frozen=True)
class Attempt:
    """One program, the suite it was judged by, and what came of it."""

    code: str
    judged: Judged
    suite: tuple[Assertion, ...] = ()
    accepted: bool = False
    suites_passed: int = 0  # mode `repo`


@dataclass
class Solved:
    """Everything that happened on one task. `accepted` is None where there was nothing to judge by."""

    attempts: list[Attempt] = field(default_factory=list)
    code: str = ""
    accepted: bool | None = None
    said: list[Said] = field(default_factory=list)
    calls: int = 0
    tokens: int = 0
    invalid: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class AgentCoder:
    """`rounds`: refinements after the first program, or epochs in mode `repo`. Models by role: `programmer`,
    `designer`.

    `tests` says who writes the assertions: a designer who sees the task alone, the programmer in its own conversation
    (`shared`), a `twin` (ours, for models that write programs and no tests: a second program, written from the task
    alone, whose values for inputs near the examples become the assertions), nobody beside the task's own examples, or
    nobody at all. `fresh`: a new suite for every program.
    `feedback`: is the programmer told what failed, or asked anew? `final` is what is returned if nothing was accepted.
    `enough`: of `suites` suites, how many the best of `candidates` programs must pass in mode `repo`.
    """

    mode: Mode = "paper"
    rounds: int = 5
    tests: Tests = "designer"
    feedback: bool = True
    fresh: bool = False
    final: Literal["last", "best"] = "last"
    candidates: int = 5
    suites: int = 10
    enough: int = 3
    style: Style = "told"
    temperature: float = 0.7
    max_tokens: int = 2048
    tries: int = 4  # the first and three more
    seconds: float = 3.0  # for one suite
    unsafe: bool = False  # run programs even where nothing isolates them
    executor: Executor | None = field(default=None, repr=False, compare=False)  # None: a bench for each task

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        solved = await self.solve(question, minds, repeat)
        return Reply(f"```python\n{solved.code}\n```", tuple(solved.said), solved.accepted)

    async def solve(self, question: Question, minds: Minds, repeat: str) -> Solved:
        if not question.entry_point:
            raise BadInput("agentcoder writes a function; give tasks of kind 'code' with an entry_point")
        async with self.judging() as judge:
            task = Task(self, question, Meter(minds), repeat, judge)
            solved = await (task.in_epochs() if self.mode == "repo" else task.in_rounds())
        solved.calls, solved.tokens, solved.invalid = task.meter.calls, task.meter.tokens, task.meter.invalid
        return solved

    @asynccontextmanager
    async def judging(self) -> AsyncIterator[Executor]:
        if self.executor is not None:
            yield self.executor
            return
        async with Judge(whole=self.seconds, unsafe=self.unsafe, size=1) as judge:
            yield judge


@dataclass
class Task:
    """One task while it is worked on."""

    settings: AgentCoder
    question: Question
    meter: Meter
    repeat: str
    judge: Executor
    solved: Solved = field(default_factory=Solved)

    @property
    def entry_point(self) -> str:
        return self.question.entry_point

    @property
    def known(self) -> tuple[Assertion, ...]:
        return tuple(examples(self.question.text, self.entry_point))

    def opening(self, template: str) -> Message:
        if self.settings.style == "native" and template == "coding_program":
            return user(self.question.text)
        return user(render(__package__, template, task=self.question.text, entry_point=self.entry_point))

    async def asked(self, messages: tuple[Message, ...], output: Any, role: str, name: str) -> tuple[Any, str]:
        """The answer to the last message (None where it stays unusable), and the whole text."""
        native = self.settings.style == "native"
        request = Request(messages, temperature=self.settings.temperature, max_tokens=self.settings.max_tokens,
                          output=None if native else output, repeat=f"{self.repeat}/{role} {name}")  # fmt: skip
        value, model = await self.meter.measured(request, role, tries=self.settings.tries)
        text = model.exchanges[-1].completion.text if model.exchanges else ""
        self.solved.said.append(Said(role, text, "tests" if isinstance(output, Suite) else "program"))
        if native and not isinstance(value, NoAnswer):
            try:
                value = output.parse(text)
            except ValueError:
                self.meter.invalid["no program or tests"] += 1
                value = None
        return (None if isinstance(value, NoAnswer) else value), text

    async def program(self, messages: tuple[Message, ...], name: str) -> tuple[str, str]:
        code, text = await self.asked(messages, Program(self.entry_point), "programmer", name)
        return code or "", text

    async def suite(self, told: tuple[Message, ...], name: str) -> tuple[Assertion, ...]:
        """Assertions by whoever writes them. `told` is the programmer's conversation, which only a shared mind sees."""
        who = self.settings.tests
        if who in ("examples", "none"):
            return self.known if who == "examples" else ()
        if who == "twin":
            return await self.twin(name)
        role = "programmer" if who == "shared" else "designer"
        own = user(render(__package__, "coding_own_tests", entry_point=self.entry_point))
        messages = (*told, own) if who == "shared" else (self.opening("coding_tests"),)
        found, _ = await self.asked(messages, Suite(self.entry_point, self.known), role, f"tests {name}")
        return found or self.known

    async def twin(self, name: str) -> tuple[Assertion, ...]:
        """What an independent program gives for inputs near the examples; what it raises is left out."""
        code, _ = await self.asked((self.opening("coding_program"),), Program(self.entry_point), "designer", name)
        calls = near(self.known)
        given = await self.judge.values(self.runnable(code), calls) if code and calls else {}
        told = [f"assert {call} == {one.text}" for call, one in given.items() if one.kind == "value"]
        return (*self.known, *split("\n".join(told), self.entry_point, self.known))

    def runnable(self, code: str) -> str:
        """The program below the imports and helpers that the task itself brings."""
        tree = parsed(self.question.text)
        return f"{self.question.text}\n\n{code}" if tree and len(tree.body) > 1 else code

    async def in_rounds(self) -> Solved:
        """Write, test, repair."""
        opening = (self.opening("coding_program"),)
        messages, suite = opening, ()
        for turn in range(self.settings.rounds + 1):
            code, text = await self.program(messages, str(turn))
            told = (*messages, Message("assistant", text or "(empty)"))
            if turn == 0 or self.settings.fresh:
                suite = await self.suite(told, str(turn))
            attempt = await self.tried(code, suite)
            if attempt.accepted or not suite:
                break
            if turn < self.settings.rounds:
                self.heard(attempt, turn)
                messages = (*told, self.repair(attempt)) if self.settings.feedback else opening
        return self.ended(accepted=attempt.accepted if suite else None)

    def repair(self, attempt: Attempt) -> Message:
        if self.settings.style == "native":
            return user(attempt.judged.failure)
        return user(render(__package__, "coding_repair", failure=attempt.judged.failure, entry_point=self.entry_point))

    async def tried(self, code: str, suite: tuple[Assertion, ...]) -> Attempt:
        judged = (
            await self.judge(self.runnable(code), suite)
            if code and suite
            else Judged((), "" if code else "no program came")
        )
        attempt = Attempt(code, judged, suite, judged.passed)
        self.solved.attempts.append(attempt)
        return attempt

    def heard(self, attempt: Attempt, turn: int) -> None:
        hearer = ("programmer",) if self.settings.feedback else ()
        self.solved.said.append(Said("executor", attempt.judged.failure, "verdict", hearer, turn))

    def ended(self, accepted: bool | None) -> Solved:
        """The accepted program, else the last that came, or the one that passed the largest share."""
        found = [one for one in self.solved.attempts if one.code]
        if accepted or not found or self.settings.final == "last":
            chosen = found[-1] if found else None
        else:
            chosen = max(found, key=lambda one: one.judged.share)
        self.solved.code, self.solved.accepted = chosen.code if chosen else "", accepted
        return self.solved

    async def in_epochs(self) -> Solved:
        """Draw programs and suites, take the program that passes most; from scratch while that is too few."""
        program = (self.opening("coding_program"),)
        for epoch in range(self.settings.rounds):
            programs = [self.program(program, f"{epoch}.{k}") for k in range(self.settings.candidates)]
            drawn = [self.suite((), f"{epoch}.{k}") for k in range(self.settings.suites)]
            codes, suites = await asyncio.gather(asyncio.gather(*programs), asyncio.gather(*drawn))
            scored = [await self.scored(code, suites) for code, _ in codes]
            best = max(scored, key=lambda one: one.suites_passed)
            self.solved.attempts.append(best)
            self.solved.code = best.code or self.solved.code
            if best.accepted:
                break
        self.solved.accepted = best.accepted
        return self.solved

    async def scored(self, code: str, suites: list[tuple[Assertion, ...]]) -> Attempt:
        """A program with the number of suites that it passes entirely; empty suites are left out."""
        judged = [await self.judge(self.runnable(code), suite) for suite in suites if suite] if code else []
        passed = sum(one.passed for one in judged)
        shown = next((one for one in judged if not one.passed), judged[0] if judged else Judged(()))
        return Attempt(code, shown, (), passed >= self.settings.enough, passed)
