"""Logic grids against other people's solvers: python-constraint finds the same solutions, z3 the same answers."""

from random import Random

import pytest

from manyminds.worlds.texts import logic_puzzles as lp
from manyminds.worlds.texts import puzzle_clauses
from manyminds.worlds.texts.grids import KINDS

SHAPES = [(3, 3), (4, 2), (4, 3), (5, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_python_constraint_finds_the_same_solutions(shape):
    constraint = pytest.importorskip("constraint")
    for seed in range(3):
        puzzle = lp.drawn(Random(seed), *shape)
        problem = constraint.Problem()
        problem.addVariables(range(len(puzzle.names)), list(range(puzzle.size)))
        for start in range(0, len(puzzle.names), puzzle.size):
            problem.addConstraint(constraint.AllDifferentConstraint(), range(start, start + puzzle.size))
        for kind, a, b in puzzle.clues:
            test = KINDS[kind]
            if kind in ("at", "not at"):
                problem.addConstraint(lambda x, test=test, b=b: test(x, b), [a])
            else:
                problem.addConstraint(lambda x, y, test=test: test(x, y), [a, b])
        found = problem.getSolutions()
        assert len(found) == lp.count_solutions(puzzle)[0]
        assert {one[puzzle.asked] + 1 for one in found} == {puzzle.answer}


@pytest.mark.parametrize("shape", SHAPES)
def test_z3_finds_the_same_answer_in_the_clauses(shape):
    z3 = pytest.importorskip("z3")
    for seed in range(3):
        puzzle = lp.drawn(Random(seed), *shape)
        solver = z3.Solver()
        literal = [None, *(z3.Bool(str(i)) for i in range(1, len(puzzle.names) * puzzle.size + 1))]
        for clause in puzzle_clauses.clauses(puzzle.clues, *shape):
            solver.add(z3.Or([literal[x] if x > 0 else z3.Not(literal[-x]) for x in clause]))
        able = {h + 1 for h in range(puzzle.size) if
                solver.check(literal[puzzle.asked * puzzle.size + h + 1]) == z3.sat}  # fmt: skip
        assert able == {puzzle.answer}
