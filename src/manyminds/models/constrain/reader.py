"""S-expressions with places: lists, names and quoted strings, each of which knows its line and column."""

import re
from dataclasses import dataclass
from typing import NoReturn

from manyminds.core.errors import BadInput

TOKEN = re.compile(r'\s+|;[^\n]*|(?P<open>\()|(?P<close>\))|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<name>[^\s()";]+)')
ESCAPES = {"n": "\n", "t": "\t"}


@dataclass(frozen=True)
class Place:
    """Where something stands, counted from 1."""

    line: int
    column: int

    def refuse(self, problem: str) -> NoReturn:
        raise BadInput(f"line {self.line}, column {self.column}: {problem}")


@dataclass(frozen=True)
class Atom:
    text: str
    at: Place
    quoted: bool = False


@dataclass(frozen=True)
class Group:
    parts: "tuple[Node, ...]"
    at: Place

    @property
    def head(self) -> str:
        """The name that the group begins with, or nothing."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Atom) and not first.quoted else ""


Node = Atom | Group


def read(text: str) -> list[Node]:
    """All expressions of a text; raises `BadInput` with line and column where it is not one."""
    done: list[Node] = []
    open_groups: list[tuple[Place, list[Node]]] = []
    position, line, line_start = 0, 1, 0
    while position < len(text):
        found, place = TOKEN.match(text, position), Place(line, position - line_start + 1)
        if not found:
            place.refuse("a quoted text begins here and has no end")
        into = open_groups[-1][1] if open_groups else done
        if found["open"]:
            open_groups.append((place, []))
        elif found["close"]:
            if not open_groups:
                place.refuse("this ')' closes nothing; remove it, or open a group before it")
            begun, parts = open_groups.pop()
            (open_groups[-1][1] if open_groups else done).append(Group(tuple(parts), begun))
        elif found["text"] is not None:
            into.append(
                Atom(re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), found["text"], flags=re.S), place, True)
            )
        elif found["name"]:
            into.append(Atom(found["name"], place))
        passed = found[0]
        if "\n" in passed:
            line, line_start = line + passed.count("\n"), position + passed.rindex("\n") + 1
        position = found.end()
    if open_groups:
        open_groups[-1][0].refuse("this '(' is never closed")
    return done
