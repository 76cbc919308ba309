"""The drift of a solution under discussion: a two-state chain that spoils right solutions and mends wrong ones.

Each turn a right solution becomes wrong with probability `spoil` and a wrong one right with probability `mend`. Longer
talk helps exactly where the first answers are worse than the stationary share.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np


def stationary(spoil: float, mend: float) -> float:
    """The share of right solutions in the long run; a ValueError where nothing ever changes."""
    if spoil + mend == 0:
        raise ValueError("without spoiling and mending every share is stationary")
    return mend / (spoil + mend)


def accuracy(first: float, spoil: float, mend: float, turns: int) -> np.ndarray:
    """The share of right solutions after 0, 1, ..., `turns` turns: pi + (1 - spoil - mend)^t (first - pi)."""
    if spoil + mend == 0:
        return np.full(turns + 1, first)
    pi = stationary(spoil, mend)
    return np.asarray(pi + (1 - spoil - mend) ** np.arange(turns + 1) * (first - pi))


class Rates(NamedTuple):
    """What was counted: turns that began right, those of them that were spoiled; and so for wrong and mended."""

    right: int
    spoiled: int
    wrong: int
    mended: int

    @property
    def spoil(self) -> float:
        return self.spoiled / self.right if self.right else 0.0

    @property
    def mend(self) -> float:
        return self.mended / self.wrong if self.wrong else 0.0


def rates(talks: Sequence[Sequence[bool]]) -> Rates:
    """Counts over discussions, each a row of "was the solution right" at the end of turn 1, 2, ..."""
    steps = [(a, b) for row in talks for a, b in pairwise(row)]
    right, wrong = [b for a, b in steps if a], [b for a, b in steps if not a]
    return Rates(len(right), right.count(False), len(wrong), wrong.count(True))


def error(first: float, counted: Rates, turns: int, talks: int, first_talks: int) -> np.ndarray:
    """The standard error of (observed accuracy of `talks` other discussions - accuracy predicted from `counted`).

    Adds the sampling variance of the observed share to that of the prediction, by the delta method in the first
    accuracy (estimated on `first_talks`), spoil and mend. For 0 to `turns` turns.
    """
    spoil, mend = counted.spoil, counted.mend

    def predicted(a: float, c: float, r: float) -> np.ndarray:
        return accuracy(a, c, r, turns)

    centre, step = predicted(first, spoil, mend), 1e-6
    parts = [
        (predicted(first + step, spoil, mend), shrunk(first * first_talks, first_talks)),
        (predicted(first, spoil + step, mend), shrunk(counted.spoiled, counted.right)),
        (predicted(first, spoil, mend + step), shrunk(counted.mended, counted.wrong)),
    ]
    variance = sum(((moved - centre) / step) ** 2 * var for moved, var in parts)
    observed = np.array([shrunk(share * talks, talks) for share in centre.tolist()])
    return np.asarray(np.sqrt(variance + observed))


def shrunk(hits: float, n: int) -> float:
    """The variance of an estimated rate, with one success and one failure added, so that it is never 0."""
    p = (hits + 1) / (n + 2)
    return p * (1 - p) / (n + 2)
