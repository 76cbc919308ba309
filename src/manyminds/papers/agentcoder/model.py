"""Language models as programmers and designers: on HumanEval or MBPP as released, or on the bank."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.coding import AgentCoder
from manyminds.conversations.judging import Judge, digest
from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.suite_measures import covered, killed, valid
from manyminds.core import BadInput, Lab
from manyminds.papers.agentcoder.bank import Item
from manyminds.worlds.texts.published import human_eval, mbpp, records
from manyminds.worlds.texts.task_files import Row


class Answered(BaseModel, frozen=True):
    """One task once. `right`: by attempt, on the plain tests; `extended`: the returned program on the ET tests, None
    without them. Of the first suite: assertions, those that the reference passes, its statements that ran; mutants."""

    item: str
    run: int
    right: tuple[bool, ...]
    final: bool
    extended: bool | None
    accepted: bool | None
    calls: int
    tokens: int
    asked_again: int
    valid: int = 0
    asserts: int = 0
    lines: int = 0
    of_lines: int = 0
    killed: int = 0
    wrong: int = 0

    def after(self, attempts: int) -> bool:
        return self.right[min(attempts, len(self.right)) - 1]


@dataclass(frozen=True)
class Problem:
    """One task: what may be asked, a program known to be right, and how a program is judged in the end."""

    name: str
    question: Question
    reference: str
    solves: Callable[[str], Awaitable[bool]]
    solves_extended: Callable[[str], Awaitable[bool]] | None = None
    wrong: tuple[str, ...] = ()


def of_bank(items: Sequence[Item], judge: Judge) -> list[Problem]:
    def solves(item: Item) -> Callable[[str], Awaitable[bool]]:
        async def one(code: str) -> bool:
            return bool(code) and (await judge(code, item.hidden)).passed

        return one

    return [Problem(item.name, Question(item.spec, entry_point=item.name), item.reference, solves(item),
                    wrong=item.programs[1:]) for item in items]  # fmt: skip


def released(data: Path, extended: Path | None, judge: Judge, seconds: float) -> list[Problem]:
    """The tasks of a file in the form of HumanEval or MBPP, with the tests of its ET form where given. The tests of a
    task are for judging alone: no mind is asked with them, also not those of MBPP, which the released script shows."""
    first = next((found for _, found in records(data, "task_id")), None)
    if first is None:
        raise BadInput(f"{data} holds no tasks")
    read = human_eval if "entry_point" in first else mbpp
    plain, more = read(data), {row.id: row for row in read(data, extended)} if extended else {}

    def solves(row: Row) -> Callable[[str], Awaitable[bool]]:
        async def one(code: str) -> bool:
            text = f"{before(row)}\n{row.setup}\n{code}"
            return bool(code) and await judge.runs_through(text, row.tests, seconds)

        return one

    return [Problem(row.id, Question(row.prompt, entry_point=row.entry_point), str(row.meta["gold"]), solves(row),
                    solves(more[row.id]) if row.id in more else None) for row in plain]  # fmt: skip


def before(row: Row) -> str:
    """What the prompt of a task defines, where it is code: imports and helpers that its tests may use."""
    return row.prompt if f"def {row.entry_point}" in row.prompt else ""


async def answered(
    coder: AgentCoder, problem: Problem, minds: Minds, run: int, judge: Judge, lab: Lab, measured: bool
) -> Answered:
    """One task: solved, then judged by what no mind has seen."""
    solved = await coder.solve(problem.question, minds, f"{problem.name}/{run}")
    suite = solved.attempts[0].suite if solved.attempts else ()

    async def judged() -> dict[str, Any]:
        found: dict[str, Any] = {"right": [await problem.solves(one.code) for one in solved.attempts]}
        found["final"] = await problem.solves(solved.code)
        more = problem.solves_extended
        found["extended"] = await more(solved.code) if more else None
        if suite and measured and judge.pool:
            good = await valid(judge, problem.reference, suite)
            lines, of_lines = await covered(judge.pool, problem.reference, suite)
            sound = [one for one, right in zip(suite, good) if right]
            found |= {"valid": sum(good), "asserts": len(suite), "lines": lines, "of_lines": of_lines,
                      "killed": await killed(judge, problem.wrong, sound), "wrong": len(problem.wrong)}  # fmt: skip
        return found

    parts = [solved.code, *(one.code for one in solved.attempts), *(one.source for one in suite), str(measured)]
    found = await lab.once(f"solved {problem.name}/{run} {digest(*parts)}", judged)
    return Answered(item=problem.name, run=run, accepted=solved.accepted, calls=solved.calls, tokens=solved.tokens,
                    asked_again=solved.invalid.total(), **found)  # fmt: skip
