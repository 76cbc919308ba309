"""Behaviour expressions: which sequences of states are legal (arXiv 2310.08535, section 3), and what they mean.

    (next a b c)          a, then b, then c
    (or a b)              a or b
    (until phi s)         phi any number of times, then the state s; until_k at most k times, until_m_k m to k times
    (always phi)          phi any number of times; may stop between two rounds

So the language is that of regular expressions with bounded repetition. A part of it can be said in LTL over finite
traces, and for expressions in which every state stands once (local languages) `local_formula` says it mechanically.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from manyminds.core.errors import unknown
from manyminds.models.constrain.reader import Atom, Node

UNTIL = re.compile(r"until(?:_(\d+))?(?:_(\d+))?")


@dataclass(frozen=True)
class Step:
    state: str


@dataclass(frozen=True)
class Next:
    parts: "tuple[Behaviour, ...]"


@dataclass(frozen=True)
class Or:
    parts: "tuple[Behaviour, ...]"


@dataclass(frozen=True)
class Until:
    """`body` from `least` to `most` times (None: without end), then the state `exit` (None: then nothing)."""

    body: "Behaviour"
    exit: str | None
    least: int = 0
    most: int | None = None


Behaviour = Step | Next | Or | Until


def behaviour(node: Node, states: tuple[str, ...]) -> Behaviour:
    """The expression of a node; raises `BadInput` with its place where it is none."""
    if isinstance(node, Atom):
        if node.text not in states:
            node.at.refuse(str(unknown("state", node.text, states)))
        return Step(node.text)
    head, parts = node.head, node.parts[1:]
    if head in ("next", "or"):
        if not parts:
            node.at.refuse(f"({head}) needs at least one part")
        inner = tuple(behaviour(part, states) for part in parts)
        return Next(inner) if head == "next" else Or(inner)
    if head == "always":
        if len(parts) != 1:
            node.at.refuse(f"(always phi) has one part, not {len(parts)}")
        return Until(behaviour(parts[0], states), None)
    found = UNTIL.fullmatch(head)
    if not found:
        node.at.refuse(str(unknown("operator", head, ("next", "or", "until", "until_5", "until_1_3", "always"))))
    if len(parts) != 2:
        node.at.refuse(f"({head} phi state) has two parts, not {len(parts)}")
    if not isinstance(parts[1], Atom):
        parts[1].at.refuse(f"the exit of {head} must be a single state; put what follows it into a (next ...)")
    low, high = found[1], found[2]
    least, most = (int(low), int(high)) if high else (0, int(low) if low else None)
    if most is not None and least > most:
        node.at.refuse(f"{head} asks for at least {least} and at most {most} rounds")
    behaviour(parts[1], states)
    return Until(behaviour(parts[0], states), parts[1].text, least, most)


def steps(expression: Behaviour) -> Iterator[str]:
    """The states of an expression, as often as they stand in it."""
    match expression:
        case Step(state):
            yield state
        case Next(parts) | Or(parts):
            for part in parts:
                yield from steps(part)
        case Until(body, exit):
            yield from steps(body)
            if exit is not None:
                yield exit


def capped(expression: Behaviour, most: int | None) -> Behaviour:
    """The expression with `most` as the cap of every loop that has none; with None all upper caps are taken off."""
    match expression:
        case Next(parts):
            return Next(tuple(capped(part, most) for part in parts))
        case Or(parts):
            return Or(tuple(capped(part, most) for part in parts))
        case Until(body, exit, least, own):
            cap = None if most is None else most if own is None else own
            return Until(capped(body, most), exit, least, cap)
    return expression


@dataclass(frozen=True)
class Local:
    """What decides a local language: how words may begin and end, what may follow what, whether none is a word."""

    first: frozenset[str]
    last: frozenset[str]
    follow: frozenset[tuple[str, str]]
    empty: bool


def local(expression: Behaviour) -> Local:
    """The sets of Glushkov's construction; they decide the language where every state stands once."""
    match expression:
        case Step(state):
            return Local(frozenset([state]), frozenset([state]), frozenset(), False)
        case Or(parts):
            inner = [local(part) for part in parts]
            return Local(frozenset().union(*(one.first for one in inner)),
                         frozenset().union(*(one.last for one in inner)),
                         frozenset().union(*(one.follow for one in inner)),
                         any(one.empty for one in inner))  # fmt: skip
        case Next(parts):
            found, *rest = [local(part) for part in parts]
            for one in rest:
                found = joined(found, one)
            return found
        case Until(body, exit):
            one = local(body)
            loop = Local(one.first, one.last, one.follow | pairs(one.last, one.first), True)
            return loop if exit is None else joined(loop, local(Step(exit)))


def pairs(before: frozenset[str], after: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset((a, b) for a in before for b in after)


def joined(a: Local, b: Local) -> Local:
    first = a.first | b.first if a.empty else a.first
    last = a.last | b.last if b.empty else b.last
    return Local(first, last, a.follow | b.follow | pairs(a.last, b.first), a.empty and b.empty)


def local_formula(expression: Behaviour) -> str | None:
    """An LTLf formula with the same words (of one state or more), or None where this construction has none.

    It exists where every state stands once and no loop is counted. Elsewhere there may be none at all: a repetition of
    `aa` counts modulo two, which no formula of LTLf can.
    """
    named = list(steps(expression))
    if len(set(named)) < len(named) or counted(expression):
        return None
    sets = local(expression)
    rules = [either(sets.first)]
    for state in named:
        after = {b for a, b in sets.follow if a == state}
        needed = f"X({either(after)})" if after else "last" if state in sets.last else "false"
        if state in sets.last and after:
            needed = f"(last | {needed})"
        rules.append(f"G({state} -> {needed})")
    return " & ".join(rules)


def either(states: frozenset[str] | set[str]) -> str:
    return "(" + " | ".join(sorted(states)) + ")"


def counted(expression: Behaviour) -> bool:
    match expression:
        case Next(parts) | Or(parts):
            return any(map(counted, parts))
        case Until(body, _, least, most):
            return least > 0 or most is not None or counted(body)
    return False
