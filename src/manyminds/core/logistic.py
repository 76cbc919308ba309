"""Logistic regression by Newton's method, with standard errors, and with separation found out and said.

Grouped data: a row has `successes` of `trials`. Where a combination of predictors separates successes from failures,
the likelihood has no maximum and standard errors mean nothing; `separated` names the predictors behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from manyminds.core.errors import BadInput
from manyminds.core.statistics import Estimate

STEPS, CLOSE = 100, 1e-10


@dataclass(frozen=True)
class LogisticFit:
    """A fitted model. `covariance` is the inverse of the observed information, (p, p)."""

    names: tuple[str, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float  # without the binomial coefficients, as for single observations
    n: int  # observations
    steps: int
    converged: bool
    separated: tuple[str, ...] = ()

    @property
    def errors(self) -> np.ndarray:
        """Standard errors; infinite for predictors that separate."""
        found = np.sqrt(np.clip(np.diag(self.covariance), 0, None))
        return np.where([name in self.separated for name in self.names], np.inf, found)

    def estimate(self, name: str, confidence: float = 0.95) -> Estimate:
        """One coefficient with its Wald interval."""
        from scipy.stats import norm

        i = self.names.index(name)
        width = float(norm.ppf((1 + confidence) / 2) * self.errors[i])
        value = float(self.coefficients[i])
        return Estimate(value, value - width, value + width, self.n)

    def p_value(self, name: str) -> float:
        """Two-sided Wald p-value of a coefficient of 0; 1 where it is not identified."""
        from scipy.stats import norm

        i = self.names.index(name)
        error = self.errors[i]
        return float(2 * norm.sf(abs(self.coefficients[i]) / error)) if np.isfinite(error) and error > 0 else 1.0


def fit(
    predictors: Any, successes: Any, trials: Any = None, names: Sequence[str] = (), ridge: float = 0.0
) -> LogisticFit:
    """Fit P(success) = 1 / (1 + exp(-x b)) to rows x of `predictors` (n, p); a constant is a column like any other.

    `trials` counts the observations of each row (default 1). `ridge` adds ridge/2 |b|^2 to the objective: with it a
    separated fit exists, shrunken. Raises `BadInput` on shapes that do not fit and on collinear predictors.
    """
    x, k, m, named = checked(predictors, successes, trials, names)
    p = x.shape[1]
    split = separation(x, k, m)
    b, steps, converged = np.zeros(p), 0, False
    now = penalised(x, k, m, b, ridge)
    while steps < STEPS:
        steps += 1
        slope = x.T @ (k - m * chance(x @ b)) - ridge * b
        move = np.linalg.lstsq(information(x, m, b) + ridge * np.eye(p), slope)[0]
        size = 1.0
        while penalised(x, k, m, b + size * move, ridge) < now - 1e-12 and size > 1e-8:  # halve what overshoots
            size /= 2
        b = b + size * move
        before, now = now, penalised(x, k, m, b, ridge)
        if now - before < CLOSE * (abs(now) + CLOSE) and np.abs(size * move).max() < 1e-6:
            converged = True
            break
        if split and not ridge and np.abs(x @ b).max() > 25:  # on its way to infinity; this far is far enough
            break
    covariance = np.linalg.pinv(information(x, m, b) + ridge * np.eye(p))
    separated = tuple(named[i] for i in split)
    return LogisticFit(named, b, covariance, penalised(x, k, m, b, 0.0), int(m.sum()), steps,
                       converged and not (separated and not ridge), separated)  # fmt: skip


def chance(eta: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(eta / 2))  # never overflows


def penalised(x: np.ndarray, k: np.ndarray, m: np.ndarray, b: np.ndarray, ridge: float) -> float:
    """The log-likelihood less the penalty."""
    eta = x @ b
    return float(k @ eta - m @ np.logaddexp(0, eta) - ridge / 2 * b @ b)


def information(x: np.ndarray, m: np.ndarray, b: np.ndarray) -> np.ndarray:
    p = chance(x @ b)
    return np.asarray((x * (m * p * (1 - p))[:, None]).T @ x)


def checked(predictors: Any, successes: Any, trials: Any, names: Sequence[str]) -> Any:
    """The data as arrays, without rows of no trials."""
    x, k = np.asarray(predictors, float), np.asarray(successes, float)
    m = np.ones(len(k)) if trials is None else np.asarray(trials, float)
    if x.ndim != 2 or k.shape != (len(x),) or m.shape != k.shape:
        raise BadInput(f"predictors {x.shape} do not fit {k.shape} successes and {m.shape} trials")
    if not np.isfinite(x).all() or (k < 0).any() or (k > m).any():
        raise BadInput("predictors must be finite, and successes from 0 to the trials of their row")
    named = tuple(names) or tuple(f"x{i}" for i in range(x.shape[1]))
    if len(named) != x.shape[1]:
        raise BadInput(f"{len(named)} names for {x.shape[1]} predictors")
    x, k, m = x[m > 0], k[m > 0], m[m > 0]
    if len(x) == 0 or np.linalg.matrix_rank(x) < x.shape[1]:
        raise BadInput(
            f"predictors {', '.join(named)} are collinear in these {len(x)} rows, so they have no own effect"
        )
    return x, k, m, named


def separation(x: np.ndarray, k: np.ndarray, m: np.ndarray) -> list[int]:
    """The predictors of a direction in which no observation is worse off and some are better off, by linear programme.

    There is such a direction exactly if the likelihood has no maximum (Albert and Anderson, 1984); it is searched as
    Konis (2007) does: maximise the sum of the gains s x d over |d| <= 1 with none of them negative.
    """
    from scipy.optimize import linprog

    signed = np.unique(np.concatenate([x[k > 0], -x[k < m]]), axis=0)
    scale = np.abs(signed).max(0)
    signed = signed / np.where(scale > 0, scale, 1)
    found = linprog(-signed.sum(0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    if found.status != 0 or -found.fun < 1e-7:
        return []
    return [i for i, part in enumerate(found.x) if abs(part) > 1e-7]
