"""Slips: mistakes put into a chain of equations on purpose, so that what a critic must find is known exactly.

Six kinds, as a small model makes them: a result that is a little off, digits swapped, another operation, another
operand, a step left out, and a slip that is carried on through all later steps.
"""

from random import Random
from typing import NamedTuple

from manyminds.worlds.texts.sums import EQUATION

KINDS = ("off", "swapped", "operation", "operand", "missing", "carried")
FARTHEST = 10  # that a result which is a little off lies from the right one
NEAR = (-10, -2, -1, 1, 2, 10)  # how far off results are that somebody makes up


class Slip(NamedTuple):
    """`lines` with one mistake at step `at` (from 0), where `right` should have come out; `kind` of KINDS."""

    lines: list[str]
    at: int
    right: str
    kind: str


def result(a: int, sign: str, b: int) -> int:
    """Of one step, whole and not negative."""
    return max(0, {"+": a + b, "-": a - b, "*": a * b, "/": a // b if b else 0}[sign])


def slipped(rng: Random, lines: list[str], kind: str = "", first: int = 0) -> Slip:
    """One mistake at a step from `first` on, of a kind or of any. Where the kind is not possible there (no digits to
    swap, one step only), the result is off."""
    kind = kind or rng.choice(KINDS)
    at = rng.randrange(first, len(lines))
    a, sign, b, c = EQUATION.fullmatch(lines[at]).groups()  # type: ignore[union-attr]
    if kind == "missing" and len(lines) > 1 and at < len(lines) - 1:
        return Slip([*lines[:at], *lines[at + 1 :]], at, c, kind)
    if kind == "swapped" and len(c) > 1 and c[::-1] != c and c[-1] != "0":
        return Slip(_with(lines, at, f"{a}{sign}{b}={c[::-1]}"), at, c, kind)
    if kind == "operation":
        other = {"+": "-", "-": "+", "*": "+", "/": "-"}[sign]
        wrong = str(result(int(a), other, int(b)))
        if wrong != c:
            return Slip(_with(lines, at, f"{a}{other}{b}={wrong}"), at, c, kind)
    if kind == "operand" and sign != "/":
        near = str(int(b) + rng.choice((1, 2, 10)))
        wrong = str(result(int(a), sign, int(near)))
        if wrong != c:
            return Slip(_with(lines, at, f"{a}{sign}{near}={wrong}"), at, c, kind)
    wrong = str(max(0, int(c) + rng.choice(NEAR)))
    wrong = str(int(c) + 1) if wrong == c else wrong
    changed = _with(lines, at, f"{a}{sign}{b}={wrong}")
    if kind == "carried":
        return Slip(carried(changed, at, c), at, c, kind)
    return Slip(changed, at, c, "off")


def _with(lines: list[str], at: int, line: str) -> list[str]:
    return [*lines[:at], line, *lines[at + 1 :]]


def carried(lines: list[str], at: int, right: str) -> list[str]:
    """The later steps worked out from the wrong result at step `at`, as somebody does who has not noticed."""
    found, wrong = list(lines), lines[at].rpartition("=")[2]
    for i in range(at + 1, len(lines)):
        a, sign, b, c = EQUATION.fullmatch(lines[i]).groups()  # type: ignore[union-attr]
        if right not in (a, b):
            continue
        x, y = (wrong, b) if a == right else (a, wrong)
        if sign == "-" and int(x) < int(y):
            x, y = y, x
        found[i] = f"{x}{sign}{y}={result(int(x), sign, int(y))}"
        right, wrong = c, found[i].rpartition("=")[2]
    return found


def first_difference(steps: list[str], said: list[str]) -> tuple[int, str] | None:
    """Where a solution first departs from the right steps, and what should have come out there; None where it does
    not. For solutions that a model wrote itself."""
    for i, step in enumerate(steps):
        if i >= len(said) or said[i] != step:
            return i, step.rpartition("=")[2]
    return None


def kind_of(step: str, said: str) -> str:
    """Which of KINDS makes the line `said` of the right `step`, each judged by itself; "" where none of them does."""
    right, wrong = EQUATION.fullmatch(step), EQUATION.fullmatch(said)
    if not right or not wrong or right[4] == wrong[4]:
        return ""
    (a, sign, b, c), (x, other, y, z) = right.groups(), wrong.groups()
    if (a, sign, b) == (x, other, y):
        if len(c) > 1 and z == c[::-1]:
            return "swapped"
        return "off" if abs(int(z) - int(c)) <= FARTHEST else ""
    if int(z) != result(int(x), other, int(y)):
        return ""
    if (a, b) == (x, y):
        return "operation"
    return "operand" if other == sign and (a == x or b == y) else ""


def wrong_answer(rng: Random, lines: list[str], answer: str) -> str:
    """What somebody answers who slips once and carries on; another number than `answer`."""
    for _ in range(8):
        end = slipped(rng, lines, "carried").lines[-1].rpartition("=")[2]
        if end != answer:
            return end
    return str(int(lines[-1].rpartition("=")[2]) + rng.choice((1, 2, 10)))
