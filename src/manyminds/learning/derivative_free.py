"""Minimisers that ask for values alone: the simplex of Nelder and Mead, and CMA-ES. Both count what they ask.

They are the baselines of whatever learns by gradient through a simulation, where one value costs a simulation or more.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import numpy as np

Objective = Callable[[np.ndarray], float]


class Asked(NamedTuple):
    """What was found. `history[i]`: the lowest value among the first i + 1 that were asked for."""

    best: np.ndarray
    value: float
    history: np.ndarray
    points: np.ndarray  # (asked, size)


class Counter:
    """An objective that keeps what it was asked and stops its minimiser when the budget is spent."""

    def __init__(self, objective: Objective, budget: int) -> None:
        self.objective, self.budget = objective, budget
        self.points: list[np.ndarray] = []
        self.values: list[float] = []

    def __call__(self, point: np.ndarray) -> float:
        if len(self.values) >= self.budget:
            raise Spent
        value = float(self.objective(np.array(point)))
        # What is not a number is worse than anything, so that the search goes elsewhere.
        self.points.append(np.array(point, float))
        self.values.append(value if np.isfinite(value) else np.inf)
        return self.values[-1]

    def asked(self) -> Asked:
        best = int(np.argmin(self.values))
        return Asked(self.points[best], self.values[best], np.minimum.accumulate(self.values), np.array(self.points))


class Spent(Exception):
    """The budget is spent."""


def nelder_mead(objective: Objective, start: np.ndarray, width: float, budget: int) -> Asked:
    """The simplex of scipy, begun at `start` and at `width` from it along each axis; at most `budget` values."""
    from scipy.optimize import minimize

    counted, start = Counter(objective, budget), np.asarray(start, float)
    simplex = np.vstack([start, start + width * np.eye(len(start))])
    options = {"initial_simplex": simplex, "maxfev": 10 * budget, "xatol": 0, "fatol": 0}
    with suppress(Spent):
        minimize(counted, start, method="Nelder-Mead", options=options)
    return counted.asked()


def cma_es(objective: Objective, start: np.ndarray, width: float, budget: int, rng: np.random.Generator) -> Asked:
    """Covariance matrix adaptation (Hansen, arXiv 1604.00772, figure 6, its default constants and no negative weights),
    begun with standard deviation `width`; at most `budget` values."""
    counted, mean, n = Counter(objective, budget), np.array(start, float), len(start)
    offspring = 4 + int(3 * np.log(n))
    parents = offspring // 2
    weights = np.log((offspring + 1) / 2) - np.log(np.arange(1, parents + 1))
    weights /= weights.sum()
    mass = 1 / (weights**2).sum()
    c_sigma = (mass + 2) / (n + mass + 5)
    damping = 1 + 2 * max(0, np.sqrt((mass - 1) / (n + 1)) - 1) + c_sigma
    c_c = (4 + mass / n) / (n + 4 + 2 * mass / n)
    c_1 = 2 / ((n + 1.3) ** 2 + mass)
    c_mu = min(1 - c_1, 2 * (mass - 2 + 1 / mass) / ((n + 2) ** 2 + mass))
    usual = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))  # length of a standard normal vector
    covariance, path_c, path_sigma, generation = np.eye(n), np.zeros(n), np.zeros(n), 0
    try:
        while True:
            generation += 1
            scales, axes = np.linalg.eigh(covariance)
            scales = np.sqrt(np.maximum(scales, 1e-20))
            steps = rng.standard_normal((offspring, n)) * scales @ axes.T
            order = np.argsort([counted(mean + width * step) for step in steps], kind="stable")[:parents]
            step = weights @ steps[order]
            mean = mean + width * step
            white = axes @ ((axes.T @ step) / scales)
            path_sigma = (1 - c_sigma) * path_sigma + np.sqrt(c_sigma * (2 - c_sigma) * mass) * white
            length = np.linalg.norm(path_sigma) / np.sqrt(1 - (1 - c_sigma) ** (2 * generation))
            goes = length < (1.4 + 2 / (n + 1)) * usual
            path_c = (1 - c_c) * path_c + goes * np.sqrt(c_c * (2 - c_c) * mass) * step
            among = (steps[order].T * weights) @ steps[order]
            kept = 1 - c_1 - c_mu + (1 - goes) * c_1 * c_c * (2 - c_c)
            covariance = kept * covariance + c_1 * np.outer(path_c, path_c) + c_mu * among
            width *= np.exp(c_sigma / damping * (np.linalg.norm(path_sigma) / usual - 1))
    except Spent:
        return counted.asked()
