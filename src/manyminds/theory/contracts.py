"""The cheapest contract for one agent who chooses a hidden effort, sees a private signal and reports it.

The agent is paid by its report and by an outcome that both see later. Payments lie in [0, cap] (limited liability). A
deviation is double: another effort, followed by any map from signals to reports; both must be tested together. Without
signals (a single signal value) this is moral hazard alone, with verifiable outcomes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# HiGHS allows constraints to be off by 1e-7 unless told; incentives are checked to 1e-9.
TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


class Contract(NamedTuple):
    """`payments` (S, O), by report and outcome; what it costs in expectation; what the agent keeps after its effort."""

    payments: np.ndarray
    cost: float
    rent: float


class Strict(NamedTuple):
    """A contract that makes an effort and the truth strictly best: by `effort` against every other effort (with any
    reports), by `truth` against every other report of one signal after the right effort, times its probability."""

    payments: np.ndarray
    effort: float
    truth: float


def checked_laws(laws: np.ndarray, costs: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Laws (efforts, S, O), each summing to one, and non-negative costs; ValueError otherwise."""
    laws, costs = np.asarray(laws, float), np.asarray(costs, float)
    if laws.ndim != 3 or costs.shape != laws.shape[:1]:
        raise ValueError(f"laws must have the shape (efforts, signals, outcomes) and costs one number an effort; got "
                         f"{laws.shape} and {costs.shape}")  # fmt: skip
    if laws.min() < -1e-12 or abs(laws.sum(axis=(1, 2)) - 1).max() > 1e-9:
        raise ValueError("each effort's law of signal and outcome must be probabilities that sum to one")
    if costs.min() < 0 or not np.isfinite(costs).all():
        raise ValueError("costs of efforts must be finite and not negative")
    return laws, costs


def cheapest(laws: np.ndarray, costs: Sequence[float], effort: int, cap: float) -> Contract | None:
    """The cheapest contract under which `effort` and honest reports are a best response; None when the cap forbids it.

    `laws[b, s, o]` is the probability of signal s and outcome o under effort b.
    """
    from scipy.optimize import linprog

    laws, costs = checked_laws(laws, costs)
    matrix, right = _constraints(laws, costs, effort)
    honest = laws[effort].ravel()
    extra = matrix.shape[1] - honest.size
    found = linprog(np.r_[honest, np.zeros(extra)], matrix, right,
                    bounds=[(0, cap)] * honest.size + [(None, None)] * extra, options=TIGHT)  # fmt: skip
    if found.status != 0:
        return None
    payments = np.where(laws[effort] > 0, found.x[: honest.size].reshape(laws.shape[1:]), 0.0)
    cost = float((laws[effort] * payments).sum())
    return Contract(payments, cost, cost - float(costs[effort]))


def _constraints(laws: np.ndarray, costs: np.ndarray, effort: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows over (payments, best report values z[b', s]): the linear form of all double deviations."""
    efforts, signals, outcomes = laws.shape
    pay = signals * outcomes
    rows, right = [], []
    for other in range(efforts):
        row = np.zeros(pay + efforts * signals)
        row[:pay] = -laws[effort].ravel()
        row[pay + other * signals : pay + (other + 1) * signals] = 1
        rows.append(row)
        right.append(costs[other] - costs[effort])
        for seen in range(signals):
            for said in range(signals):
                row = np.zeros(pay + efforts * signals)
                row[said * outcomes : (said + 1) * outcomes] = laws[other, seen]
                row[pay + other * signals + seen] = -1
                rows.append(row)
                right.append(0.0)
    return np.array(rows), np.array(right)


def strictest(laws: np.ndarray, costs: Sequence[float], effort: int, cap: float) -> Strict | None:
    """The contract with the largest margin: both margins of `Strict` at least m, and m as large as can be.

    None when no contract makes `effort` and the truth strictly best, for example because a signal says nothing.
    """
    from scipy.optimize import linprog

    laws, costs = checked_laws(laws, costs)
    matrix, right = _constraints(laws, costs, effort)
    efforts, signals, outcomes = laws.shape
    pay = signals * outcomes
    margin = np.zeros(len(matrix))
    for other in range(efforts):
        margin[other * (1 + signals**2)] = float(other != effort)
    rows, sides = [np.c_[matrix, margin]], [right]
    for seen in range(signals):
        for said in range(signals):
            if said != seen:
                row = np.zeros(matrix.shape[1] + 1)
                row[said * outcomes : (said + 1) * outcomes] += laws[effort, seen]
                row[seen * outcomes : (seen + 1) * outcomes] -= laws[effort, seen]
                row[-1] = 1
                rows.append(row[None])
                sides.append([0.0])
    bounds = [(0, cap)] * pay + [(None, None)] * (efforts * signals) + [(None, None)]
    cost = np.r_[np.zeros(matrix.shape[1]), -1.0]
    found = linprog(cost, np.concatenate(rows), np.concatenate(sides), bounds=bounds, options=TIGHT)
    if found.status != 0 or -found.fun <= 1e-9:
        return None
    payments = found.x[:pay].reshape(signals, outcomes)
    return Strict(payments, *margins(laws, costs, effort, payments))


def margins(laws: np.ndarray, costs: np.ndarray, effort: int, payments: np.ndarray) -> tuple[float, float]:
    """The two margins of `Strict` under these payments; infinite where there is nothing to deviate to."""
    worth = laws @ payments.T  # effort, signal seen, report
    honest = float(np.trace(worth[effort]) - costs[effort])
    best = worth.max(axis=2).sum(axis=1) - costs
    others = [honest - best[b] for b in range(len(laws)) if b != effort]
    lies = worth[effort].diagonal()[:, None] - worth[effort]
    off = lies[~np.eye(len(lies), dtype=bool)]
    return float(min(others, default=np.inf)), float(off.min()) if off.size else np.inf


def bonus(cost: float, with_effort: float, without: float) -> float:
    """The cheapest bonus on success that makes an effort of this cost worth its while, in closed form: c / (p - p0).

    `with_effort` and `without` are the probabilities of success. Infinite when effort does not help. For a guess of a
    fair coin by a signal of accuracy q against a blind guess this is c / (q - 1/2), and the expected pay is q times it.
    """
    gain = with_effort - without
    return cost / gain if gain > 0 else float("inf")


def success_law(with_effort: Sequence[float]) -> np.ndarray:
    """Laws (efforts, 1, 2) of a verifiable failure (0) or success (1), from each effort's chance of success."""
    p = np.asarray(with_effort, float)
    return np.stack([1 - p, p], axis=1)[:, None, :]
