"""Preferences between alternatives as a matrix: who wins by which rule of choice, and how far a mixture can be beaten.

`preferences[i, j]` = 2 Prob(i beats j) - 1, from -1 to 1, antisymmetric, shape (n, n). It is the payoff of a symmetric
zero-sum game; a mixture that no alternative beats on average is its minimax winner (von Neumann winner), which exists
whatever cycles there are (Swamy et al., arXiv 2401.04056, section 2).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from manyminds.core import logistic
from manyminds.theory.normal_form import security, two_players

CLOSE = 1e-9  # how far from antisymmetric rounding may leave a matrix


class Winner(NamedTuple):
    """A minimax winner: the value of the game (0 up to rounding) and the mixture, shape (n,)."""

    value: float
    mixture: np.ndarray


def checked(preferences: np.ndarray) -> np.ndarray:
    """The matrix as floats; a ValueError says which entry makes it no preference matrix."""
    matrix = np.asarray(preferences, float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"preferences are a square matrix of all pairs, not of shape {matrix.shape}")
    for wrong, said in (
        (~np.isfinite(matrix), "is not a finite number"),
        (np.abs(matrix) > 1 + CLOSE, "is outside -1 to 1 (it must be 2 Prob(i beats j) - 1)"),
        (
            np.abs(matrix + matrix.T) > CLOSE,
            "is not minus its mirror image; use `antisymmetric` to average both orders",
        ),
    ):
        if wrong.any():
            i, j = np.argwhere(wrong)[0].tolist()
            raise ValueError(f"preference [{i}, {j}] = {matrix[i, j]} {said}")
    return matrix


def antisymmetric(preferences: np.ndarray) -> np.ndarray:
    """The nearest antisymmetric matrix: every pair averaged over both orders, as when a judge is asked twice."""
    matrix = np.asarray(preferences, float)
    return checked((matrix - matrix.T) / 2)


def from_chances(chances: np.ndarray) -> np.ndarray:
    """Preferences from Prob(i beats j); the two chances of a pair must sum to 1 (a tie is half a win each)."""
    return checked(2 * np.asarray(chances, float) - 1)


def copeland(preferences: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """How many others each alternative beats, shape (n,); the Copeland winners are those with the most."""
    return np.asarray((checked(preferences) > tolerance).sum(axis=1))


def condorcet(preferences: np.ndarray, tolerance: float = 1e-12) -> int | None:
    """The alternative that beats every other, or None. If there is one it is the only minimax winner."""
    wins = copeland(preferences, tolerance)
    best = int(wins.argmax())
    return best if wins[best] == len(wins) - 1 else None


def borda(preferences: np.ndarray) -> np.ndarray:
    """Mean preference over the others, shape (n,): the order that a Bradley-Terry fit to uniform pairs gives."""
    matrix = checked(preferences)
    return np.asarray(matrix.sum(axis=1) / max(len(matrix) - 1, 1))


def minimax_winner(preferences: np.ndarray) -> Winner:
    """A mixture p with max over i of (P p)_i = 0, by linear programme; in degenerate games one of several."""
    matrix = checked(preferences)
    found = security(two_players(matrix, -matrix), 0)
    mixture = np.clip(found.strategy, 0, None)
    return Winner(found.value, mixture / mixture.sum())


def exploitability(preferences: np.ndarray, mixture: np.ndarray) -> float:
    """By how much the best single alternative beats a mixture: max_i (P p)_i >= 0, and 0 for minimax winners only."""
    return float(np.max(np.asarray(preferences) @ np.asarray(mixture)))


def duality_gap(preferences: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """max_i (P q)_i - min_j (p P)_j of a pair of mixtures; of (p, p) it is twice the exploitability."""
    matrix = np.asarray(preferences)
    return float((matrix @ second).max() - (np.asarray(first) @ matrix).min())


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Total variation between two mixtures, from 0 to 1."""
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)


def cyclic_triples(preferences: np.ndarray, tolerance: float = 1e-12) -> int:
    """How many triples go round: i beats j beats k beats i. A tie closes no cycle."""
    beats = (checked(preferences) > tolerance).astype(float)
    return round(float(np.trace(beats @ beats @ beats)) / 3)


def intransitivity(preferences: np.ndarray, tolerance: float = 1e-12) -> float:
    """The share of all triples that are cyclic; at most (n + 1) / (4 n - 8), 0 below three alternatives."""
    n = len(preferences)
    triples = n * (n - 1) * (n - 2) // 6
    return cyclic_triples(preferences, tolerance) / triples if triples else 0.0


def bradley_terry(wins: np.ndarray, ridge: float = 0.0) -> np.ndarray:
    """Maximum-likelihood scores s, mean 0, shape (n,): Prob(i beats j) = 1 / (1 + exp(s_j - s_i)).

    `wins[i, j]` counts how often i beat j (fractions are fine; the diagonal is ignored). Without a `ridge` the maximum
    exists only if no group of alternatives wins all its comparisons with the rest (Ford, 1957); otherwise ValueError.
    """
    counts = np.array(wins, float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError(f"wins are a square matrix of counts, not {counts.shape} with {counts.min():g} as its least")
    n = len(counts)
    first, second = np.triu_indices(n, 1)
    design = np.eye(n)[first] - np.eye(n)[second]
    won, met = counts[first, second], (counts + counts.T)[first, second]
    # Scores are known up to a constant: the last is held at 0, or with a ridge all are drawn to their mean.
    columns = design if ridge else design[:, :-1]
    if ridge:
        columns, won, met = np.r_[columns, np.ones((1, n))], np.r_[won, 0.5], np.r_[met, 1.0]
    elif not connected(counts):
        raise ValueError("some alternatives win, or lose, all their comparisons with the rest; give a ridge above 0")
    scores = logistic.fit(columns, won, met, ridge=ridge).coefficients
    scores = scores if ridge else np.r_[scores, 0.0]
    return np.asarray(scores - scores.mean())


def connected(wins: np.ndarray) -> bool:
    """Can every alternative be reached from every other along wins?"""
    from scipy.sparse.csgraph import connected_components

    off_diagonal = np.where(np.eye(len(wins), dtype=bool), 0, wins)
    return int(connected_components(off_diagonal > 0, directed=True, connection="strong")[0]) == 1


def misfit(preferences: np.ndarray, scores: np.ndarray) -> float:
    """What Bradley-Terry scores lose on the true preferences: log-loss less entropy, nats a comparison, >= 0."""
    matrix = checked(preferences)
    first, second = np.triu_indices(len(matrix), 1)
    p = (1 + matrix[first, second]) / 2
    gaps = np.asarray(scores)[first] - np.asarray(scores)[second]
    loss = p * np.logaddexp(0, -gaps) + (1 - p) * np.logaddexp(0, gaps)
    entropy = -sum(np.where(q > 0, q * np.log(np.where(q > 0, q, 1)), 0) for q in (p, 1 - p))
    return float((loss - entropy).mean())


def fitted_to(preferences: np.ndarray, ridge: float = 0.0) -> np.ndarray:
    """The Bradley-Terry scores that endlessly many comparisons of uniformly drawn pairs lead to."""
    return bradley_terry((1 + checked(preferences)) / 2, ridge)


def random_preferences(rng: np.random.Generator, n: int) -> np.ndarray:
    """Uniform from -1 to 1 for every pair."""
    upper = np.triu(rng.uniform(-1, 1, (n, n)), 1)
    return np.asarray(upper - upper.T)


def with_favourite(rng: np.random.Generator, n: int, gap: float) -> np.ndarray:
    """Random preferences in which alternative 0 beats every other by exactly `gap`."""
    matrix = random_preferences(rng, n)
    matrix[0, 1:], matrix[1:, 0] = gap, -gap
    return matrix


def cycle(first: float, second: float, third: float) -> np.ndarray:
    """Rock, paper, scissors with weights: 0 beats 1 by `first`, 1 beats 2 by `second`, 2 beats 0 by `third`."""
    return np.array([[0, first, -third], [-first, 0, second], [third, -second, 0]])


def cycle_winner(first: float, second: float, third: float) -> np.ndarray:
    """The minimax winner of `cycle`, in closed form: each alternative has the weight of the pair without it."""
    weights = np.array([second, third, first])
    return weights / weights.sum()


def cloned(preferences: np.ndarray, which: int) -> np.ndarray:
    """The same preferences with a copy of one alternative at the end; original and copy are equal."""
    order = [*range(len(preferences)), which]
    return checked(preferences)[np.ix_(order, order)]


def rock_paper_scissors(n: int) -> np.ndarray:
    """An odd number of alternatives on a circle; each surely beats the half that comes after it."""
    if n < 3 or n % 2 == 0:
        raise ValueError(f"a fair circle needs an odd number of at least 3 alternatives, not {n}")
    ahead = (np.arange(n)[None, :] - np.arange(n)[:, None]) % n
    return np.where(ahead == 0, 0.0, np.where(ahead <= n // 2, 1.0, -1.0))


# Alternative 0 beats all others by a little and is the minimax winner; 1 crushes what 0 only beats, and wins by Borda.
BORDA_TRAP = np.array([[0, 0.2, 0.2, 0.2], [-0.2, 0, 1, 1], [-0.2, -1, 0, 1], [-0.2, -1, -1, 0]])


def majority(scores: Sequence[Sequence[float]]) -> np.ndarray:
    """Preferences of several raters, each with a score for every alternative, shape (raters, n): the mean of votes."""
    votes = np.sign(np.asarray(scores, float)[:, :, None] - np.asarray(scores, float)[:, None, :])
    return checked(votes.mean(axis=0))
