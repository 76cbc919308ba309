"""Win rates that length cannot buy: preference by logistic regression, predicted for answers of equal length.

As AlpacaEval 2.0 does (arXiv 2404.04475): the log odds that an answer is preferred to the reference are a constant (the
model), the hyperbolic tangent of the standardised difference in length, and the difficulty of the instruction. The
length-controlled win rate is what the fit predicts where that difference is zero, averaged over the instructions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manyminds.core import logistic
from manyminds.core.errors import BadInput


@dataclass(frozen=True)
class WinRate:
    """Shares in [0, 1]: as judged, and at equal lengths; `length` is the coefficient of the length term."""

    raw: float
    controlled: float
    length: float
    n: int


def controlled(
    preferences: Sequence[float] | np.ndarray,
    lengths: Sequence[float] | np.ndarray,
    reference_lengths: Sequence[float] | np.ndarray,
    difficulty: Sequence[float] | np.ndarray | None = None,
    ridge: float = 1e-3,
) -> WinRate:
    """The win rate of one model from `preferences` in [0, 1] (1: preferred to the reference, 0.5: a tie).

    `lengths` in characters or tokens, one an instruction. `difficulty` is centred here; without it the term is left
    out. The little ridge keeps the fit finite where a model wins everything. Raises `BadInput` where nothing is judged.
    """
    won = np.asarray(preferences, float)
    if not len(won):
        raise BadInput("a win rate needs at least one judged answer")
    gap = np.asarray(lengths, float) - np.asarray(reference_lengths, float)
    spread = float(gap.std())
    columns, names = [np.ones(len(won))], ["model"]
    if spread > 0:
        columns.append(np.tanh(gap / spread))
        names.append("length")
    if difficulty is not None and np.ptp(difficulty) > 0:
        columns.append(np.asarray(difficulty, float) - np.mean(difficulty))
        names.append("difficulty")
    fitted = logistic.fit(np.stack(columns, 1), won, names=names, ridge=ridge)
    weights = dict(zip(names, fitted.coefficients))
    eta = np.full(len(won), weights["model"])
    if "difficulty" in weights:
        eta += weights["difficulty"] * columns[-1]
    level = float(logistic.chance(eta).mean())
    return WinRate(float(won.mean()), level, float(weights.get("length", 0.0)), len(won))
