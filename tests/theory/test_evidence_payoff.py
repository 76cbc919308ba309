"""The pay-off of a second step: limits, and the recall at which both ways are equal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as s

from manyminds.theory.evidence import Reader, needed_recall, one_step, two_steps

CHANCE = s.floats(0, 1)


@given(CHANCE, CHANCE, CHANCE, CHANCE, CHANCE)
def test_at_the_needed_recall_both_are_equal(q_long, q_short, h_long, h_short, guess):
    reader = Reader(0.5, q_long, q_short, h_long=h_long, h_short=h_short, guess=guess)
    needed = needed_recall(reader)
    if q_short * (1 - h_short) - guess < 1e-3 or not 0 <= needed <= 1:
        return
    assert two_steps(replace(reader, recall=needed)) == pytest.approx(one_step(reader))
    assert two_steps(replace(reader, recall=1.0)) >= one_step(reader) - 1e-9


def test_limits():
    reader = Reader(1.0, 0.7, 0.9, 0.6, 0.2, 0.1, 0.3, 0.25)
    assert two_steps(reader) == pytest.approx(0.9 * 0.9)
    assert two_steps(replace(reader, recall=0.0)) == 0.25
    assert two_steps(replace(reader, recall=0.0), both=True) == pytest.approx(0.6 * 0.7)
    assert two_steps(reader, both=True) == two_steps(reader)  # all found, and relied on
    assert two_steps(replace(reader, focus=0.0), both=True) == pytest.approx(0.6 * 0.7)
    assert needed_recall(Reader(0.5, 0.9, 0.2, guess=0.3)) == float("inf")
