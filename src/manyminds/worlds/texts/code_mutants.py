"""Mutants of a Python function: one small change each, of the kinds that programmers make.

Also a way to run trusted code of which a change may have made an endless loop: every loop and call counts its turns.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

COMPARATORS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv}

CASES = {"lower": "upper", "upper": "lower"}


class Changed(NamedTuple):
    kind: str
    source: str


def changed(source: str) -> Iterator[Changed]:
    """All programs one small change away, in the order of the text; `source` holds one function."""
    tree = ast.parse(source)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    seen = {ast.unparse(tree)}
    for index, node in enumerate(ast.walk(tree)):
        for kind, edit in edits(node, function):
            copy = deepcopy(tree)
            edit(list(ast.walk(copy))[index])
            written = ast.unparse(ast.fix_missing_locations(copy))
            if written not in seen:
                seen.add(written)
                yield Changed(kind, written)


Edit = tuple[str, Callable[[Any], None]]


def edits(node: ast.AST, function: ast.FunctionDef) -> list[Edit]:
    """What can be changed at one node; each edit is applied to the node at the same place of a copy."""
    found: list[Edit] = []
    match node:
        case ast.Assign(value=ast.Constant(value=value)) | ast.AnnAssign(value=ast.Constant(value=value)):
            found += [("initial value", _put("value", ast.Constant(other))) for other in _near(value)]
        case ast.Return(value=ast.Constant(value=value)):
            found += [("base case", _put("value", ast.Constant(other))) for other in _near(value)]
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            found.append(("operator", _put("op", OPERATORS[type(op)]())))
            for side in ("left", "right"):
                value = getattr(getattr(node, side), "value", None)
                if type(value) is int:
                    found += [("off by one", _put(side, ast.Constant(value + d))) for d in (1, -1)]
            if isinstance(op, (ast.Sub, ast.FloorDiv, ast.Mod)):
                found.append(("swapped operands", _swap("left", "right")))
        case ast.Compare(ops=[op]) if type(op) in COMPARATORS:
            found.append(("comparator", _put("ops", [COMPARATORS[type(op)]()])))
        case ast.If():
            found.append(("dropped branch", _put("test", ast.Constant(False))))
            found.append(("always taken", _put("test", ast.Constant(True))))
        case ast.Call(args=[_, _, *_]):
            found.append(("swapped arguments", lambda call: call.args.reverse()))
        case ast.Call(func=ast.Name(id="range" | "min" | "max"), args=[ast.Constant(value=int(value)), *_]):
            found.append(("off by one", lambda call: call.args.__setitem__(0, ast.Constant(value + 1))))
        case ast.Call(func=ast.Attribute(attr="lower" | "upper" as attr)):
            found.append(("other method", lambda call: setattr(call.func, "attr", CASES[attr])))
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            found += [("off by one", _put("value", value + d)) for d in (1, -1)]
        case ast.Slice(step=ast.UnaryOp()):
            found.append(("dropped step", _put("step", None)))
        case ast.IfExp():
            found.append(("swapped branches", _swap("body", "orelse")))
        case ast.BoolOp(op=op):
            found.append(("connective", _put("op", ast.Or() if isinstance(op, ast.And) else ast.And())))
        case ast.AugAssign(op=op) if type(op) in OPERATORS:
            found.append(("operator", _put("op", OPERATORS[type(op)]())))
        case (
            ast.GeneratorExp(generators=[ast.comprehension(ifs=[_])])
            | ast.ListComp(generators=[ast.comprehension(ifs=[_])])
        ):
            found.append(("dropped filter", lambda made: setattr(made.generators[0], "ifs", [])))
        case ast.For() | ast.While():
            last = function.body[-1]
            if isinstance(last, ast.Return):
                found.append(("early return", lambda loop: loop.body.append(deepcopy(last))))
    body = getattr(node, "body", None)
    for i, statement in enumerate(body if isinstance(body, list) else []):
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Expr)):
            found.append(("dropped statement", lambda owner, i=i: owner.body.__setitem__(i, ast.Pass())))
    return found


def _near(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [0] if value is None else []


def _put(field: str, value: Any) -> Callable[[Any], None]:
    return lambda node: setattr(node, field, deepcopy(value))


def _swap(a: str, b: str) -> Callable[[Any], None]:
    def swapped(node: Any) -> None:
        left, right = getattr(node, a), getattr(node, b)
        setattr(node, a, right)
        setattr(node, b, left)

    return swapped


class TooLong(Exception):
    """The turns of a run are used up."""


class _Counted(ast.NodeTransformer):
    """Puts a count at the head of every loop and function."""

    def _counted(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body.insert(0, ast.parse("_turn()").body[0])
        return node

    visit_For = visit_While = visit_FunctionDef = _counted


class Ran(NamedTuple):
    """["value", result] or ["error", name of its type], and the turns it took."""

    outcome: list[Any]
    turns: int


def runnable(source: str, name: str) -> Callable[[list[Any], int], Ran]:
    """Trusted code as a function of (arguments, turns allowed): the arguments are copied, more turns are an error."""
    left = [0]

    def turn() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise TooLong

    space: dict[str, Any] = {"_turn": turn}
    exec(compile(ast.fix_missing_locations(_Counted().visit(ast.parse(source))), f"<{name}>", "exec"), space)

    def ran(arguments: list[Any], turns: int) -> Ran:
        left[0] = turns
        try:
            found = ["value", space[name](*deepcopy(arguments))]
        except Exception as error:  # whatever a mutant may raise is its outcome
            found = ["error", type(error).__name__]
        return Ran(found, turns - left[0])

    return ran
