"""What a programmer and a test designer may answer: a program that defines the function, assertions about it."""

import ast
from dataclasses import dataclass
from typing import Any

from manyminds.conversations.assertions import Assertion, blocks, longest, parsed, split
from manyminds.core.actions import Invalid


@dataclass(frozen=True)
class Program:
    """A program that defines `entry_point`: the last fenced block that does, else the longest beginning of the reply
    (or what follows its first line of code) that parses and does."""

    entry_point: str

    def check(self, value: Any) -> str:
        return self.parse(str(value))

    def parse(self, text: str) -> str:
        for block in reversed(blocks(text)):
            if defines(block, self.entry_point):
                return block.strip("\n")
        bare = text.strip("\n")
        starts = [0, *(bare.find(f"\n{word}") + 1 for word in ("def ", "import ", "from ", "class ", "```"))]
        for start in sorted({start for start in starts if start >= 0}):
            piece = bare[start:].removeprefix("```python\n").removeprefix("```\n")
            tree = longest(piece)
            if tree is not None and tree.body and defines(code := ended(piece, tree), self.entry_point):
                return code
        raise Invalid(f"there is no program that defines {self.entry_point} in the answer")

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"End with one fenced Python block that holds the whole function `{self.entry_point}` and its imports."


def defines(code: str, entry_point: str) -> bool:
    """Whether code parses and defines a function of that name at its top."""
    tree = parsed(code)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return tree is not None and any(isinstance(node, kinds) and node.name == entry_point for node in tree.body)


def ended(piece: str, tree: ast.Module) -> str:
    """The lines of a piece up to the end of its program."""
    return "\n".join(piece.split("\n")[: tree.body[-1].end_lineno])


@dataclass(frozen=True)
class Suite:
    """Assertions about `entry_point`, at least one, none that contradicts a public example."""

    entry_point: str
    known: tuple[Assertion, ...] = ()

    def check(self, value: Any) -> tuple[Assertion, ...]:
        return self.parse(str(value))

    def parse(self, text: str) -> tuple[Assertion, ...]:
        found = tuple(split(text, self.entry_point, self.known))
        if not found:
            raise Invalid(f"there is no usable assertion about {self.entry_point} in the answer")
        return found

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"End with one fenced Python block of lines `assert {self.entry_point}(...) == ...`."
