"""Logic grids: one answer by three solvers, no clue too many, the text read back, and the rules of scoring."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.core import BadInput
from manyminds.worlds.texts import grids, puzzle_clauses
from manyminds.worlds.texts import logic_puzzles as lp

SIZES = st.sampled_from([(2, 2), (2, 4), (3, 2), (3, 3), (4, 2)])


def house_of(domains, puzzle):
    left = domains[puzzle.asked]
    return next(iter(left)) + 1 if len(left) == 1 else None


@settings(max_examples=25)
@given(st.integers(0, 10**6), SIZES)
def test_one_answer_and_no_clue_too_many(seed, shape):
    puzzle = lp.drawn(Random(seed), *shape)
    # the nursery's own enumeration, by sets of bits
    assert grids.answers(list(puzzle.clues), *shape, puzzle.asked) == {puzzle.answer - 1}
    for clue in puzzle.clues:
        rest = [one for one in puzzle.clues if one != clue]
        assert len(grids.answers(rest, *shape, puzzle.asked)) > 1
    solutions, consistent = lp.count_solutions(puzzle)
    assert solutions == consistent > 0
    assert sorted(puzzle.choices) == list(range(1, shape[0] + 1))
    assert lp.read(puzzle.text) == (shape[0], puzzle.names, puzzle.clues, puzzle.asked)


@settings(max_examples=25)
@given(st.integers(0, 10**6), SIZES)
def test_propagation_is_sound_and_the_same_on_sets_and_on_clauses(seed, shape):
    """Arc consistency with both readings of a permutation equals unit propagation on the support encoding."""
    puzzle = lp.drawn(Random(seed), *shape)
    found = lp.domains(puzzle.clues, *shape)
    true = puzzle_clauses.propagated(puzzle_clauses.clauses(puzzle.clues, *shape))
    size = shape[0]
    for value, houses in enumerate(found):
        assert houses == {h for h in range(size) if -(value * size + h + 1) not in true}
        assert grids.answers(list(puzzle.clues), *shape, value) <= houses
    assert house_of(found, puzzle) == puzzle_clauses.answered(puzzle.clues, *shape, puzzle.asked)


@settings(max_examples=5)
@given(st.integers(0, 10**6))
def test_the_integer_programme_agrees(seed):
    puzzle = lp.drawn(Random(seed), 4, 3)
    able = {h + 1 for h in range(4) if lp.possible(puzzle.clues, 4, 3, puzzle.asked, h)}
    assert able == {puzzle.answer}
    assert not lp.possible(puzzle.clues, 4, 3, puzzle.asked, puzzle.answer - 1, there=False)
    fewer = puzzle.clues[1:]  # without a needed clue it must find another answer
    assert sum(lp.possible(fewer, 4, 3, puzzle.asked, h) for h in range(4)) > 1


def test_contradictions_are_found():
    clues = [grids.Clue("at", 0, 0), grids.Clue("at", 1, 0)]
    assert puzzle_clauses.propagated(puzzle_clauses.clauses(clues, 2, 1)) is None
    assert not any(lp.possible(clues, 2, 1, 0, h) for h in range(2))


def test_mutants_are_caught():
    """A draw that stops early or keeps no minimality would fail the properties above: here it is made to."""
    puzzle = lp.drawn(Random(3), 3, 2)
    early = puzzle.clues[:-1]
    assert len(grids.answers(list(early), 3, 2, puzzle.asked)) > 1
    extra = next(c for c in (grids.Clue("at", v, h) for v in range(6) for h in range(3))
                 if c not in puzzle.clues and (lp.table(3, 2)[:, c.a] == c.b).any()
                 and grids.answers([*puzzle.clues, c], 3, 2, puzzle.asked) == {puzzle.answer - 1})  # fmt: skip
    table = lp.table(3, 2)
    wrong = table[table[:, puzzle.asked] != puzzle.answer - 1]
    assert set(lp.needed([extra, *puzzle.clues], wrong)) < {extra, *puzzle.clues}


def test_bad_puzzles_are_refused():
    with pytest.raises(BadInput):
        lp.drawn(Random(0), 5, 5)
    with pytest.raises(BadInput):
        lp.read("There are 3 cows.")
    with pytest.raises(BadInput):
        lp.clue_of("the cat is sad", ["cat"])


@pytest.mark.parametrize(
    ("text", "target", "occurs", "paper", "whole"),
    [
        ("2", "2", True, True, True),
        ("The second house.", "2", True, True, True),
        ("house 2, the second", "2", True, True, True),
        ("house 2 of 4", "2", True, False, False),
        ("3", "2", False, False, False),
        ("12", "12", True, False, True),  # more than ten houses: its digits are others' digits
        ("10", "10", True, False, True),
        ("10", "1", True, False, False),
        ("seconds ago", "2", True, True, False),  # parts of words count by the paper's rule
        ("", "2", False, False, False),
    ],
)
def test_rules_of_scoring(text, target, occurs, paper, whole):
    assert (lp.occurs(text, target), lp.right(text, target), lp.right_number(text, target)) == (occurs, paper, whole)


def test_strange_answers_are_seen_and_chance_is_the_papers():
    assert lp.ambiguous("house 2 of 4") and not lp.ambiguous("house 2, the second")
    assert sum(lp.RELEASED.values()) == 200
    assert round(100 * lp.chance([h for h, n in lp.RELEASED.items() for _ in range(n)]), 1) == 30.8
