"""Logic grids of four houses and three groups: drawn and verified per minute, and all solutions of a puzzle beside the
package `python-constraint` where it is installed. Times are of the process's own CPU, so a busy machine counts less.
"""

import argparse
from collections.abc import Callable
from random import Random
from time import process_time
from typing import Any

from manyminds.worlds.texts import logic_puzzles as lp
from manyminds.worlds.texts.grids import KINDS

SIZE, GROUPS = 4, 3


def cpu(work: Callable[[], Any]) -> float:
    start = process_time()
    work()
    return process_time() - start


def verified(count: int) -> list[lp.Puzzle]:
    """Puzzles, each counted again from nothing."""
    found = [lp.drawn(Random(seed), SIZE, GROUPS) for seed in range(count)]
    for puzzle in found:
        solutions, consistent = lp.count_solutions(puzzle)
        if not solutions == consistent > 0:
            raise ValueError("a puzzle has not one answer")
    return found


def solved_by(constraint: Any, puzzle: lp.Puzzle) -> int:
    """The number of solutions by python-constraint."""
    problem = constraint.Problem()
    problem.addVariables(range(SIZE * GROUPS), list(range(SIZE)))
    for start in range(0, SIZE * GROUPS, SIZE):
        problem.addConstraint(constraint.AllDifferentConstraint(), range(start, start + SIZE))
    for kind, a, b in puzzle.clues:
        test = KINDS[kind]
        if kind in ("at", "not at"):
            problem.addConstraint(lambda x, test=test, b=b: test(x, b), [a])
        else:
            problem.addConstraint(lambda x, y, test=test: test(x, y), [a, b])
    return len(problem.getSolutions())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--puzzles", type=int, default=100)
    options = parser.parse_args()
    lp.table(SIZE, GROUPS)
    puzzles: list[lp.Puzzle] = []
    took = cpu(lambda: puzzles.extend(verified(options.puzzles)))
    print(f"drawn and verified: {60 * len(puzzles) / took:,.0f} a minute of CPU")
    try:
        import constraint
    except ImportError:
        print("python-constraint is not installed")
        return
    ratios = []
    for _ in range(4):
        ours = cpu(lambda: [lp.count_solutions(puzzle) for puzzle in puzzles])
        theirs = cpu(lambda: [solved_by(constraint, puzzle) for puzzle in puzzles])
        ratios.append(theirs / ours)
    told = f"{sum(ratios) / len(ratios):.1f} times python-constraint ({min(ratios):.1f} to {max(ratios):.1f})"
    print(f"all solutions: {told}")


if __name__ == "__main__":
    main()
