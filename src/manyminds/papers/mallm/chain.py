"""Does a two-state chain tell where talk leads? Spoiling and mending of half of the items predict the other half."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manyminds.papers.mallm.talks import Talk
from manyminds.theory import drift

FEWEST = 10  # talks in each half


@dataclass(frozen=True)
class Followed:
    """`counted` and `first` (the share right after turn 1) are of one half; by turn, what they predict of the other
    half, what it shows, and the standard error of the difference."""

    counted: drift.Rates
    first: float
    expected: np.ndarray
    seen: np.ndarray
    errors: np.ndarray
    talks: int


def series(talks: Sequence[Talk]) -> list[list[bool]]:
    """Was the solution right after each turn? A score of 1 is right."""
    return [[score == 1 for score in talk.scores] for talk in talks]


def followed(talks: Sequence[Talk]) -> Followed | None:
    """Every second item counts, the others are predicted; items, not talks, are split, and the repeats of an item count
    as one talk in the error. None where a half has too few talks."""
    rows = [t for t in talks if set(t.scores) <= {0.0, 1.0}]
    names = sorted({(t.task, t.item) for t in rows})
    halves = [[t for t in rows if (t.task, t.item) in names[side::2]] for side in (0, 1)]
    if min(map(len, halves)) < FEWEST:
        return None
    known, held_out = (series(half) for half in halves)
    turns = min(len(row) for row in known + held_out)
    known, held_out = ([row[:turns] for row in half] for half in (known, held_out))
    first = float(np.mean([row[0] for row in known]))
    counted = drift.rates(known)
    expected = drift.accuracy(first, counted.spoil, counted.mend, turns - 1)
    errors = drift.error(first, counted, turns - 1, len(names[1::2]), len(names[0::2]))
    return Followed(counted, first, expected, np.mean(held_out, axis=0), errors, len(held_out))
