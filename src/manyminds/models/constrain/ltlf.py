"""Linear temporal logic over finite traces (LTLf): formulas, their truth on a trace, and their automata by progression.

A trace is a sequence of letters and exactly one letter holds at each step: a state, or a state with its content,
written `action=Search` (`action="look up"` with blanks). `state` alone holds for the state with any content.

    !a   a & b   a | b   a -> b   X a (there is a next step and a holds there)   N a (if there is one, a holds there)
    G a  F a     a U b   a R b    last (there is no next step)   true   false

The binding grows from `->` over `|`, `&` and `U`, `R` to the prefix operators. Progression: Bacchus and Kabanza 1998;
traces that end: De Giacomo and Vardi 2013.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NoReturn

from manyminds.core.errors import BadInput
from manyminds.models.constrain.automata import Automaton, minimal

TOKEN = re.compile(r'\s*(->|[!&|()]|[A-Za-z_]\w*(?:-\w+)*(?:=(?:"[^"]*"|[\w.-]+))?)')
Kind = Literal["true", "false", "atom", "not", "and", "or", "X", "N", "U", "R"]
LEVELS = (("->",), ("|",), ("&",), ("U", "R"))  # from loose to tight; all group to the right


@dataclass(frozen=True)
class Formula:
    """In negation normal form: `not` stands before atoms only."""

    kind: Kind
    name: str = ""
    parts: "tuple[Formula, ...]" = ()

    def atoms(self) -> set[str]:
        return {self.name} if self.kind == "atom" else set[str]().union(*(part.atoms() for part in self.parts))


TRUE, FALSE = Formula("true"), Formula("false")
OPPOSITE: dict[Kind, Kind] = {"true": "false", "false": "true", "and": "or", "or": "and", "X": "N", "N": "X", "U": "R",
                              "R": "U"}  # fmt: skip


def negated(formula: Formula) -> Formula:
    if formula.kind == "not":
        return formula.parts[0]
    if formula.kind == "atom":
        return Formula("not", "", (formula,))
    return Formula(OPPOSITE[formula.kind], "", tuple(map(negated, formula.parts)))


class Reading:
    """A formula that is being read."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, position = text, list[tuple[str, int]](), 0
        while text[position:].strip():
            found = TOKEN.match(text, position)
            if not found:
                blank = len(text[position:]) - len(text[position:].lstrip())
                self.refuse(f"{text[position + blank]!r} means nothing here", position + blank)
            self.tokens.append((found[1], found.start(1)))
            position = found.end()
        self.at = 0

    def refuse(self, problem: str, column: int) -> NoReturn:
        raise BadInput(f"formula {self.text!r}, column {column + 1}: {problem}")

    @property
    def token(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    @property
    def column(self) -> int:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else len(self.text)

    def binary(self, level: int = 0) -> Formula:
        if level == len(LEVELS):
            return self.prefix()
        left, operator = self.binary(level + 1), self.token
        if operator not in LEVELS[level]:
            return left
        self.at += 1
        right = self.binary(level)
        if operator == "->":
            return Formula("or", "", (negated(left), right))
        kinds: dict[str, Kind] = {"|": "or", "&": "and", "U": "U", "R": "R"}
        return Formula(kinds[operator], "", (left, right))

    def prefix(self) -> Formula:
        token, column = self.token, self.column
        self.at += 1
        if token == "(":
            inner = self.binary()
            if self.token != ")":
                self.refuse(f"a ')' is missing for the '(' in column {column + 1}", self.column)
            self.at += 1
            return inner
        if token == "!":
            return negated(self.prefix())
        if token in ("X", "N"):
            return Formula("X" if token == "X" else "N", "", (self.prefix(),))
        if token == "G":
            return Formula("R", "", (FALSE, self.prefix()))
        if token == "F":
            return Formula("U", "", (TRUE, self.prefix()))
        constants = {"true": TRUE, "false": FALSE, "last": Formula("N", "", (FALSE,))}
        if token in constants:
            return constants[token]
        if not token or not re.match(r"[A-Za-z_]", token) or token in ("U", "R"):
            self.refuse(f"a formula is missing before {token!r}" if token else "the formula stops too early", column)
        return Formula("atom", token.replace('"', ""))


def formula(text: str) -> Formula:
    """The formula of a text; raises `BadInput` with the column where it is none."""
    reading = Reading(text)
    found = reading.binary()
    if reading.token:
        reading.refuse(f"{reading.token!r} is one too many", reading.column)
    return found


def holds(atom: str, letter: str) -> bool:
    """Whether an atom holds where `letter` does: the state itself, or the state with just this content."""
    return atom == letter or atom == letter.partition("=")[0]


def truth(formula: Formula, trace: Sequence[str], at: int = 0) -> bool:
    """Whether a formula holds at a step of a trace, straight from the definition (the oracle of the automata)."""
    a, b = (*formula.parts, TRUE, TRUE)[:2]
    match formula.kind:
        case "true" | "false":
            return formula.kind == "true"
        case "atom":
            return at < len(trace) and holds(formula.name, trace[at])
        case "not":
            return not truth(a, trace, at)
        case "and":
            return truth(a, trace, at) and truth(b, trace, at)
        case "or":
            return truth(a, trace, at) or truth(b, trace, at)
        case "X":
            return at + 1 < len(trace) and truth(a, trace, at + 1)
        case "N":
            return at + 1 >= len(trace) or truth(a, trace, at + 1)
        case "U":
            return any(truth(b, trace, i) and all(truth(a, trace, j) for j in range(at, i))
                       for i in range(at, len(trace)))  # fmt: skip
    return all(truth(b, trace, i) or any(truth(a, trace, j) for j in range(at, i)) for i in range(at, len(trace)))


# What is left to show after some steps: an "or" of "and"s of formulas, none of which contains another.
Rest = frozenset[frozenset[Formula]]
NOTHING: Rest = frozenset([frozenset()])  # nothing is left to show
NEVER: Rest = frozenset()
GOES_ON = Formula("U", "", (TRUE, TRUE))  # there is another step
IS_OVER = Formula("R", "", (FALSE, FALSE))


def any_of(a: Rest, b: Rest) -> Rest:
    both = a | b
    return frozenset(one for one in both if not any(other < one for other in both))


def all_of(a: Rest, b: Rest) -> Rest:
    return any_of(frozenset(x | y for x in a for y in b), NEVER)


def rest_of(formula: Formula) -> Rest:
    """A formula as what is left to show."""
    match formula.kind:
        case "true":
            return NOTHING
        case "false":
            return NEVER
        case "and":
            return all_of(rest_of(formula.parts[0]), rest_of(formula.parts[1]))
        case "or":
            return any_of(rest_of(formula.parts[0]), rest_of(formula.parts[1]))
    return frozenset([frozenset([formula])])


@lru_cache(maxsize=100_000)
def progressed(formula: Formula, letter: str) -> Rest:
    """What is left of a formula once a step with `letter` has been made."""
    a, b = (*formula.parts, TRUE, TRUE)[:2]
    match formula.kind:
        case "atom":
            return NOTHING if holds(formula.name, letter) else NEVER
        case "not":
            return NEVER if holds(a.name, letter) else NOTHING
        case "X":
            return all_of(rest_of(a), rest_of(GOES_ON))
        case "N":
            return any_of(rest_of(a), rest_of(IS_OVER))
        case "U":
            return any_of(progressed(b, letter), all_of(progressed(a, letter), rest_of(formula)))
        case "R":
            return all_of(progressed(b, letter), any_of(progressed(a, letter), rest_of(formula)))
        case "and":
            return all_of(progressed(a, letter), progressed(b, letter))
        case "or":
            return any_of(progressed(a, letter), progressed(b, letter))
    return rest_of(formula)


def over(formula: Formula) -> bool:
    """Whether what is left holds when no step follows."""
    return formula.kind in ("R", "N", "not", "true")


def automaton_of(formula: Formula, letters: Sequence[str], most: int = 20_000) -> Automaton:
    """The smallest automaton of the traces on which a formula holds; raises `BadInput` beyond `most` states."""
    first = rest_of(formula)
    numbers, moves, waiting = {first: 0}, [dict[str, int]()], [first]
    while waiting:
        here = waiting.pop()
        for letter in letters:
            there = NEVER
            for clause in here:
                left = NOTHING
                for part in clause:
                    left = all_of(left, progressed(part, letter))
                there = any_of(there, left)
            if there == NEVER:
                continue
            if there not in numbers:
                numbers[there] = len(moves)
                moves.append({})
                waiting.append(there)
                if len(moves) > most:
                    raise BadInput(f"the automaton of a formula has more than {most:,} states; split or simplify it")
            moves[numbers[here]][letter] = numbers[there]
    ends = frozenset(n for rest, n in numbers.items() if any(all(map(over, clause)) for clause in rest))
    return minimal(Automaton(tuple(moves), ends))
