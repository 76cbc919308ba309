"""Correlated and coarse correlated equilibria: the polytopes as linear programs, and gaps of joint distributions.

Correlated equilibrium (Aumann 1974): nobody gains by answering a recommendation with another action. Coarse correlated
equilibrium (Moulin and Vial 1978): nobody gains by ignoring recommendations altogether and playing one fixed action.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from manyminds.theory.normal_form import checked


class Correlated(NamedTuple):
    """The best (coarse) correlated equilibrium for an objective."""

    joint: np.ndarray  # (|A_1|, ..., |A_n|), sums to one
    value: float  # of the objective
    payoffs: np.ndarray  # (n,), expected


def deviation_gains(payoffs: np.ndarray, coarse: bool = False) -> list[np.ndarray]:
    """For each player the gains of each of its deviations at each joint action.

    Coarse: shape (|A_i|, *A), deviation to a fixed action. Otherwise: shape (|A_i|, |A_i|, *A), from the first action
    to the second, zero where the first was not recommended.
    """
    game = checked(payoffs)
    gains = []
    for i, own in enumerate(game):
        to = np.stack([np.broadcast_to(own.take([b], axis=i), own.shape) - own for b in range(own.shape[i])])
        if coarse:
            gains.append(to)
            continue
        shape = [-1 if axis == i else 1 for axis in range(own.ndim)]
        told = np.eye(own.shape[i]).reshape(own.shape[i], *shape)
        gains.append(told[:, None] * to[None])
    return gains


def solve(
    payoffs: np.ndarray, objective: np.ndarray | Sequence[float] | None = None, coarse: bool = False
) -> Correlated:
    """The (coarse) correlated equilibrium that maximises a linear objective, by HiGHS.

    `objective`: an array over joint actions, or one weight for each player; None is welfare, the sum of payoffs. The
    polytope is never empty, because it holds every Nash equilibrium.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    game = checked(payoffs)
    aim = np.ones(len(game)) if objective is None else np.asarray(objective, float)
    if aim.shape == (len(game),):
        aim = np.tensordot(aim, game, axes=1)
    if aim.shape != game.shape[1:]:
        raise ValueError(f"an objective is a weight for each player or an array {game.shape[1:]}, not {aim.shape}")
    rows = np.concatenate([g.reshape(-1, aim.size) for g in deviation_gains(game, coarse)])
    rows = rows[np.abs(rows).any(axis=1)]
    found = linprog(
        -aim.ravel(), A_ub=csr_matrix(rows), b_ub=np.zeros(len(rows)), A_eq=np.ones((1, aim.size)), b_eq=[1.0]
    )
    if found.status != 0:
        raise ArithmeticError(f"the linear program did not solve: {found.message}")
    joint = np.maximum(found.x, 0).reshape(aim.shape)
    joint /= joint.sum()
    return Correlated(joint, float((aim * joint).sum()), (game * joint).reshape(len(game), -1).sum(axis=1))


def coarse_gaps(payoffs: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """What each player gains at most by one fixed action instead of recommendations, shape (n,); may be negative."""
    return np.array([(g * joint).reshape(len(g), -1).sum(axis=1).max() for g in deviation_gains(payoffs, coarse=True)])


def gaps(payoffs: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """What each player gains at most by a map from recommendations to actions, shape (n,), >= 0; zero is a correlated
    equilibrium. (Internal regret, the largest gain of a single swap, lies between this over |A_i| and this.)"""
    totals = [(g * joint).reshape(*g.shape[:2], -1).sum(axis=2) for g in deviation_gains(payoffs)]
    return np.array([t.max(axis=1).sum() for t in totals])


def swap_gains(payoffs: np.ndarray, joint: np.ndarray) -> list[np.ndarray]:
    """For each player the gain of each single swap, shape (|A_i|, |A_i|): from the first action to the second."""
    return [(g * joint).reshape(*g.shape[:2], -1).sum(axis=2) for g in deviation_gains(payoffs)]


def product(profile: Sequence[np.ndarray]) -> np.ndarray:
    """The joint distribution of independent play."""
    joint = np.ones(())
    for part in profile:
        joint = np.multiply.outer(joint, part)
    return joint
