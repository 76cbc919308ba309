"""A logic grid puzzle as clauses of propositional logic, and unit propagation: a solver that shares nothing with the
table of assignments nor with the sets of `logic_puzzles.domains`.

A literal is v H + h + 1 ("value v is in house h") or its negation as a negative number, as SAT solvers take them. A
clue on two values has the support encoding, under which unit propagation is as strong as arc consistency (Gent, 2002).
"""

from collections.abc import Sequence
from itertools import combinations

from manyminds.worlds.texts.grids import KINDS, Clue

Clauses = list[tuple[int, ...]]


def clauses(clues: Sequence[Clue], size: int, groups: int) -> Clauses:
    """All that the houses and the clues say."""
    houses = range(size)

    def at(value: int, house: int) -> int:
        return value * size + house + 1

    found: Clauses = []
    for start in range(0, size * groups, size):
        group = range(start, start + size)
        cells = [[at(v, h) for h in houses] for v in group] + [[at(v, h) for v in group] for h in houses]
        for cell in cells:
            found.append(tuple(cell))
            found += [(-x, -y) for x, y in combinations(cell, 2)]
    for kind, a, b in clues:
        if kind in ("at", "not at"):
            found.append((at(a, b) if kind == "at" else -at(a, b),))
            continue
        for h in houses:
            found.append((-at(a, h), *(at(b, k) for k in houses if KINDS[kind](h, k))))
            found.append((-at(b, h), *(at(a, k) for k in houses if KINDS[kind](k, h))))
    return found


def propagated(every: Clauses) -> set[int] | None:
    """The literals that follow by unit propagation; None where a clause is violated."""
    true: set[int] = set()
    left = list(every)
    while True:
        units = set()
        rest = []
        for clause in left:
            if any(literal in true for literal in clause):
                continue
            free = tuple(literal for literal in clause if -literal not in true)
            if not free:
                return None
            if len(free) == 1:
                units.add(free[0])
            else:
                rest.append(free)
        if not units:
            return true
        if any(-literal in units for literal in units):
            return None
        true |= units
        left = rest


def answered(clues: Sequence[Clue], size: int, groups: int, asked: int) -> int | None:
    """The house (from 1) of a value where unit propagation finds it."""
    true = propagated(clauses(clues, size, groups)) or set()
    return next((h + 1 for h in range(size) if asked * size + h + 1 in true), None)
