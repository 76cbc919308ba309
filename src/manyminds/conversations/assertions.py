"""Assertions about a function, one by one: split from a text by its syntax, and decided outside of the program.

An assertion `assert f([3, 1]) == [1, 3]` becomes the call `f([3, 1])`, which the program is asked for, and the check
`_0 == [1, 3]`, which it never sees. So a program cannot read what is expected of it, and an object that claims to equal
everything is no plain value and fails. Calls that depend on a loop of the assertion itself cannot be taken apart;
those assertions are decided next to the program (`inside`), which a hostile one may then deceive.
"""

import ast
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.S | re.M)
TICKS = str.maketrans(dict.fromkeys("｀ˋ‵", "`"))  # marks that some models write where a fence is meant


@dataclass(frozen=True)
class Assertion:
    """One `assert` about `entry_point`, in the normal form of its syntax."""

    source: str
    calls: tuple[str, ...] = ()  # expressions for the program
    check: str = ""  # an expression in _0, _1, ... for whoever decides; "" where it must be decided inside

    @property
    def inside(self) -> bool:
        return not self.check

    @cached_property
    def plain(self) -> tuple[str, Any] | None:
        """(operator, value) where what the calls give (one value, or a list of them) is compared with a literal."""
        if self.inside:
            return None
        test = ast.parse(self.check, mode="eval").body
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and given(test.left, len(self.calls)):
            name = {ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is"}.get(type(test.ops[0]))
            try:
                value = ast.literal_eval(test.comparators[0])
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                return None
            return (name, value) if name and (name != "is" or value in (None, True, False)) else None
        return ("is", True) if given(test, 1) and not isinstance(test, ast.List) else None

    @property
    def several(self) -> bool:
        """Whether it compares a list of calls, and not the value of one."""
        return self.check.startswith("[")


def given(node: ast.AST, count: int) -> bool:
    """Whether a node is what the calls gave: `_0` for one, `[_0, _1]` for several."""
    if isinstance(node, ast.List):
        return [one.id if isinstance(one, ast.Name) else "" for one in node.elts] == [f"_{k}" for k in range(count)]
    return count == 1 and isinstance(node, ast.Name) and node.id == "_0"


def parsed(text: str) -> ast.Module | None:
    """The tree of a program; None for what is none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def blocks(text: str) -> list[str]:
    """The fenced blocks of a reply, in order."""
    plain = unicodedata.normalize("NFC", text.translate(TICKS)) + "\n"
    return [found[3] for found in FENCE.finditer(plain.replace("\r\n", "\n"))]


def split(text: str, entry_point: str, known: Iterable[Assertion] = ()) -> list[Assertion]:
    """The assertions about `entry_point` in a text (its fenced blocks, or all of it): each by its own syntax, none
    twice. What contradicts one of `known`, or another of the text, is left out: of two that contradict each other one
    is wrong, and nobody can say which."""
    found: dict[str, Assertion] = {}
    for block in blocks(text) or [text]:
        for node in statements(block):
            one = assertion(node, entry_point)
            if one:
                found.setdefault(one.source, one)
    expected: dict[str, set[str]] = {}
    sure = list(known)
    for one in [*sure, *found.values()]:
        if one.plain and one.plain[0] != "!=":
            expected.setdefault(", ".join(one.calls), set()).add(repr(one.plain))
    right = {one.source for one in sure}
    return [
        one for one in found.values()
        if one.source in right or not one.plain or len(expected.get(", ".join(one.calls), ())) < 2
    ]  # fmt: skip


def statements(block: str) -> list[ast.Assert]:
    """Every `assert` of a block, in whatever it is wrapped; of a block that does not parse, those of its pieces that
    do."""
    tree = parsed(block)
    if tree is None:
        pieces = re.split(r"(?m)^(?=[ \t]*assert\b)", block)
        # A piece may end in something that is no code: then its longest beginning that is.
        trees = [longest(piece.strip()) for piece in pieces if piece.lstrip().startswith("assert")]
    else:
        trees = [tree]
    return [node for one in trees if one for node in ast.walk(one) if isinstance(node, ast.Assert)]


def longest(text: str) -> ast.Module | None:
    """The longest beginning of a text, in whole lines, that parses."""
    lines = text.split("\n")[:2000]
    for end in range(len(lines), 0, -1):
        tree = parsed("\n".join(lines[:end]))
        if tree is not None:
            return tree
    return None


def assertion(node: ast.Assert, entry_point: str) -> Assertion | None:
    """What an `assert` asks of `entry_point`; None where it asks nothing."""
    test = node.test
    if not any(calls(one, entry_point) for one in ast.walk(test)):
        return None
    return taken_apart(ast.unparse(test), entry_point)


@lru_cache(maxsize=20_000)
def taken_apart(text: str, entry_point: str) -> Assertion:
    """The assertion that an expression holds, in calls and check. Suites repeat themselves, so it is remembered."""
    source, test, found = f"assert {text}", ast.parse(text, mode="eval").body, []

    class Taken(ast.NodeTransformer):
        def visit_Call(self, call: ast.Call) -> ast.AST:
            if calls(call, entry_point):
                found.append(ast.unparse(call))
                return ast.Name(f"_{len(found) - 1}", ast.Load())
            return self.generic_visit(call)

    nested = any(calls(inner, entry_point) for scope in ast.walk(test) if isinstance(scope, SCOPES)
                 for inner in ast.walk(scope))  # fmt: skip
    rest = Taken().visit(test)
    if nested or any(isinstance(one, ast.Name) and one.id == entry_point for one in ast.walk(rest)):
        return Assertion(source)
    if isinstance(rest, ast.Compare) and len(rest.ops) == 1 and isinstance(rest.ops[0], ast.Eq | ast.NotEq | ast.Is):
        other = rest.comparators[0]
        if given(other, len(found)) and not given(rest.left, len(found)):
            rest.left, rest.comparators = other, [rest.left]
    return Assertion(source, tuple(found), ast.unparse(rest))


def calls(node: ast.AST, entry_point: str) -> bool:
    """Whether a node is a call of the function."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry_point


def examples(spec: str, entry_point: str) -> list[Assertion]:
    """The public examples of a specification: `>>> f(1)` with the value below it, lines `f(1) == 2`, `f(1) -> 2` or
    `f(1) => 2`, and assertions."""
    lines = [line.strip() for line in spec.split("\n")]
    written = []
    for line, below in zip(lines, [*lines[1:], ""]):
        bare = line.removeprefix(">>>").strip().removeprefix("assert ").strip()
        if not bare.startswith(f"{entry_point}("):
            continue
        if line.startswith(">>>"):
            bare = bare if below == "True" and not bare.endswith(")") else f"({bare}) == {below}"
        written.append(f"assert {re.sub(r'(?<=[)]) *(?:->|=>|➞) *', ' == ', bare)}")
    found = [one for text in written for one in split(text, entry_point)]
    return list({one.source: one for one in found if one.plain}.values())


def near(known: Iterable[Assertion], most: int = 12) -> list[str]:
    """Calls with arguments near those of known assertions: empty, shorter, longer, turned around."""
    found: dict[str, None] = {}
    for one in known:
        for written in one.calls:
            call = ast.parse(written, mode="eval").body
            assert isinstance(call, ast.Call)
            for at, node in enumerate(call.args):
                try:
                    value = ast.literal_eval(node)
                except (ValueError, TypeError, SyntaxError):
                    continue
                for other in varied(value):
                    arguments = [ast.unparse(arg) for arg in call.args]
                    arguments[at] = repr(other)
                    found[ast.unparse(ast.parse(f"{ast.unparse(call.func)}({', '.join(arguments)})"))] = None
    return [call for call in found if all(call not in one.calls for one in known)][:most]


def varied(value: Any) -> list[Any]:
    """Values near a plain one: empty, shorter, longer, turned around; none for other kinds."""
    if isinstance(value, bool) or value is None:
        return [not value]
    if isinstance(value, int | float):
        return [0, 1, -value, value + 1, 2 * value]
    if isinstance(value, str | list | tuple):
        return [value[:0], value[::-1], value[1:], value + value, value[:1]]
    return []


@lru_cache(maxsize=20_000)
def value_of(text: str) -> Any:
    """The plain value that a program gave, from its literal; raises ValueError where it is none."""
    try:
        tree = ast.parse(text, mode="eval")
        return literal(tree.body)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"no plain value: {type(error).__name__}") from None


def literal(node: ast.AST) -> Any:
    """As `ast.literal_eval`, with `nan` (infinities are written 1e999)."""
    if isinstance(node, ast.Name) and node.id == "nan":
        return math.nan
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)](map(literal, node.elts))
    if isinstance(node, ast.Dict):
        return {literal(key): literal(value) for key, value in zip(node.keys, node.values) if key is not None}
    return ast.literal_eval(node)


def holds(one: Assertion, values: list[Any]) -> bool:
    """Whether a plain assertion holds for what the program gave, by Python's own equality."""
    assert one.plain
    operator, expected = one.plain
    value = values if one.several else values[0]
    if operator == "is":
        # `assert f(x)` asks for truth; `is None` and the like for that very value.
        return bool(value) if one.check == "_0" else value is expected
    try:
        return bool((value == expected) == (operator == "=="))
    except (RecursionError, TypeError):
        return False
