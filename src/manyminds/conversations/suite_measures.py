"""How good a suite of assertions is: is it right, which lines does it reach, which wrong programs does it reject?"""

import ast
import json
from collections.abc import Sequence
from secrets import token_hex

from manyminds.conversations.assertions import Assertion
from manyminds.conversations.judging import Executor, Runner, inside, questions


async def valid(judge: Executor, reference: str, suite: Sequence[Assertion]) -> list[bool]:
    """Which assertions the reference passes. All of them: the suite is right, as the paper counts by task."""
    return [one.outcome == "passed" for one in (await judge(reference, suite)).decided]


async def killed(judge: Executor, mutants: Sequence[str], suite: Sequence[Assertion]) -> int:
    """How many of some wrong programs the suite rejects."""
    return sum([not (await judge(mutant, suite)).passed for mutant in mutants]) if suite else 0


def statements(code: str) -> dict[int, int]:
    """Line -> first line of the innermost statement that it belongs to, without docstrings."""
    found: dict[int, tuple[int, int]] = {}
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.stmt) or is_text(node):
            continue
        last = node.end_lineno or node.lineno
        if isinstance(body := getattr(node, "body", None), list) and body:
            last = max(node.lineno, body[0].lineno - 1)  # of a compound statement its head
        for line in range(node.lineno, last + 1):
            if line not in found or found[line][1] > last - node.lineno:
                found[line] = (node.lineno, last - node.lineno)
    return {line: first for line, (first, _) in found.items()}


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


async def covered(runner: Runner, reference: str, suite: Sequence[Assertion], each: float = 1.0) -> tuple[int, int]:
    """(statements of the reference that ran under the suite, statements that could)."""
    belongs = statements(reference)
    calls = list(dict.fromkeys(call for one in suite for call in questions(one)))
    mark = token_hex(8)
    ran = await runner.run(inside(reference, calls, mark, each, traced=True))
    lines: set[int] = set()
    for line in ran.stdout.split("\n"):
        if line.startswith(mark):
            _, kind, text = json.loads(line.removeprefix(mark))
            lines |= set(map(int, text.split())) if kind == "lines" else set()
    return len({belongs[line] for line in lines if line in belongs}), len(set(belongs.values()))
