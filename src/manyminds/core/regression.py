"""Least squares on factors or on numbers: standard errors, intervals, p-values, named collinearity.

Factors become one-hot columns against reference levels: the coefficient of a level is the expected difference from the
reference level of its factor, all else equal. That is what makes agents comparable which did not play the same games: a
mean over unequal games is no ranking.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from manyminds.core.statistics import Estimate

INTERCEPT = ("intercept", "")
Column = tuple[str, str]  # factor and level


class Collinear(ValueError):
    """Some columns are combinations of each other, so their coefficients have no values; `columns` names them."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        said = ", ".join(f"{factor}={level}" if level else factor for factor, level in self.columns)
        super().__init__(f"these columns are collinear: {said}; drop a factor, merge levels or vary them independently")


@dataclass(frozen=True)
class Factor:
    """One categorical input: a label for each observation, and the level that the others are compared with.

    Labels are compared as text. `reference=None` keeps a column for every level, which is collinear with an intercept.
    """

    name: str
    labels: Sequence[Any] | np.ndarray
    reference: Any = None


@dataclass(frozen=True)
class Design:
    """The matrix of a regression, (observations, columns), what each column stands for, and the reference levels."""

    columns: tuple[Column, ...]
    matrix: np.ndarray
    references: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Regression:
    """A fitted regression. `errors` are standard errors in the order of `columns`; `sigma` is the residual's deviation.

    `freedom` are the degrees of freedom behind the intervals, `unscored` the observations without an outcome, which
    were left out.
    """

    columns: tuple[Column, ...]
    coefficients: np.ndarray
    errors: np.ndarray
    covariance: np.ndarray
    sigma: float
    freedom: int
    n: int
    unscored: int = 0
    confidence: float = 0.95
    references: tuple[Column, ...] = ()
    explained: float = float("nan")  # R squared

    def p_value(self, factor: str, level: Any = "") -> float:
        """Two-sided p-value of a coefficient of 0."""
        from scipy.stats import t

        at = self.columns.index((factor, str(level)))
        error = float(self.errors[at])
        return float(2 * t.sf(abs(float(self.coefficients[at])) / error, self.freedom)) if error else 0.0

    def estimate(self, factor: str, level: Any) -> Estimate:
        """The coefficient of a level with its t-interval; that of a reference level is 0 without width."""
        from scipy.stats import t

        where = {column: i for i, column in enumerate(self.columns)}
        if (factor, str(level)) in self.references:
            return Estimate(0.0, 0.0, 0.0, self.n, self.unscored)
        at = where.get((factor, str(level)))
        if at is None:
            raise KeyError(f"{factor}={level} has no coefficient in this regression")
        value, error = float(self.coefficients[at]), float(self.errors[at])
        width = float(t.ppf((1 + self.confidence) / 2, self.freedom)) * error
        return Estimate(value, value - width, value + width, self.n, self.unscored)

    @property
    def intercept(self) -> Estimate:
        """The expected outcome where every factor has its reference level."""
        return self.estimate(*INTERCEPT)

    def expected(self, levels: dict[str, Any]) -> float:
        """The expected outcome at some levels; factors that are not named stand at their reference."""
        return self.intercept.value + sum(self.estimate(name, level).value for name, level in levels.items())


def design(factors: Sequence[Factor], intercept: bool = True) -> Design:
    """One-hot columns of all factors, each without its reference level. A reference that nobody has is refused."""
    if not factors:
        raise ValueError("a regression on factors needs at least one")
    n = len(factors[0].labels)
    columns: list[Column] = [INTERCEPT] if intercept else []
    blocks = [np.ones((n, 1))] if intercept else []
    for factor in factors:
        labels = np.asarray(factor.labels).astype(str)
        if len(labels) != n:
            raise ValueError(f"factor {factor.name!r} has {len(labels)} labels, the first factor has {n}")
        levels, codes = np.unique(labels, return_inverse=True)
        kept = [i for i, level in enumerate(levels) if factor.reference is None or level != str(factor.reference)]
        if factor.reference is not None and len(kept) == len(levels):
            seen = f"{factor.reference!r}, only at {', '.join(levels[:8]) or 'nothing'}"
            raise ValueError(f"factor {factor.name!r} has no observation at its reference {seen}")
        columns += [(factor.name, str(levels[i])) for i in kept]
        blocks.append((codes[:, None] == np.array(kept, int)).astype(float))
    references = tuple((f.name, str(f.reference)) for f in factors if f.reference is not None)
    return Design(tuple(columns), np.concatenate(blocks, axis=1), references)


def collinear(matrix: np.ndarray, columns: Sequence[Column], tolerance: float = 1e-9) -> tuple[Column, ...]:
    """The columns that take part in a linear dependence; none when all coefficients are determined."""
    scale = np.linalg.norm(matrix, axis=0)
    gram = matrix.T @ matrix / np.outer(np.where(scale, scale, 1), np.where(scale, scale, 1))
    values, vectors = np.linalg.eigh(gram)
    null = vectors[:, values < tolerance * len(columns)]
    return tuple(column for column, weights in zip(columns, null) if np.abs(weights).max(initial=0) > 1e-6)


def fit(
    outcome: Sequence[float | None] | np.ndarray,
    factors: Sequence[Factor],
    clusters: Sequence[Any] | np.ndarray | None = None,
    confidence: float = 0.95,
) -> Regression:
    """Ordinary least squares of `outcome` on one-hot `factors`; observations without one (None, NaN) are counted.

    `clusters` labels observations that are not independent of each other (the same cell played again): errors are then
    robust to any dependence within a cluster (CR1), with the number of clusters less one as degrees of freedom.
    Raises `Collinear` with the names of the columns, or ValueError when there are too few observations or clusters.
    """
    y = np.array([np.nan if value is None else value for value in outcome], dtype=float)
    scored = ~np.isnan(y)
    kept = [replace(factor, labels=np.asarray(factor.labels)[scored]) for factor in factors]
    return solved(y, scored, design(kept), clusters, confidence)


def fit_numbers(
    outcome: Sequence[float | None] | np.ndarray,
    predictors: dict[str, Sequence[float] | np.ndarray],
    clusters: Sequence[Any] | np.ndarray | None = None,
    confidence: float = 0.95,
) -> Regression:
    """Ordinary least squares of `outcome` on numbers and a constant; a coefficient is `estimate(name, "")`.

    `clusters`, what is unscored and what is raised as in `fit`.
    """
    y = np.array([np.nan if value is None else value for value in outcome], dtype=float)
    scored = ~np.isnan(y)
    matrix = np.stack([np.ones(len(y)), *(np.asarray(column, float) for column in predictors.values())], axis=1)
    made = Design((INTERCEPT, *((name, "") for name in predictors)), matrix[scored])
    return solved(y, scored, made, clusters, confidence)


def solved(
    y: np.ndarray,
    scored: np.ndarray,
    made: Design,
    clusters: Sequence[Any] | np.ndarray | None,
    confidence: float,
) -> Regression:
    """The regression of the outcomes that are scored on a design of as many rows."""
    matrix, y, unscored = made.matrix, y[scored], int((~scored).sum())
    n, width = matrix.shape
    if named := collinear(matrix, made.columns):
        raise Collinear(named)
    if n <= width:
        raise ValueError(f"{n} observations cannot determine {width} coefficients with an interval")
    q, r = np.linalg.qr(matrix)
    coefficients = np.linalg.solve(r, q.T @ y)
    residual = y - matrix @ coefficients
    inverse = np.linalg.inv(r)
    bread = inverse @ inverse.T
    sigma = float(np.sqrt(residual @ residual / (n - width)))
    covariance, freedom = bread * sigma**2, n - width
    if clusters is not None:
        covariance, freedom = clustered(matrix, residual, bread, np.asarray(clusters)[scored])
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))  # what is zero may come out just below
    around = float(((y - y.mean()) ** 2).sum())
    explained = 1 - float(residual @ residual) / around if around else 1.0
    return Regression(made.columns, coefficients, errors, covariance, sigma, freedom, n, unscored, confidence,
                      made.references, explained)  # fmt: skip


def clustered(
    matrix: np.ndarray, residual: np.ndarray, bread: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, int]:
    """The covariance of the coefficients that allows for dependence within clusters, and its degrees of freedom."""
    _, codes = np.unique(clusters.astype(str), return_inverse=True)
    groups = int(codes.max()) + 1
    n, width = matrix.shape
    if groups <= width:  # coefficients that follow single clusters would seem to have no error at all
        raise ValueError(f"{groups} clusters cannot determine the errors of {width} coefficients; use classical ones")
    scores = np.zeros((groups, width))
    np.add.at(scores, codes, matrix * residual[:, None])
    correction = groups / (groups - 1) * (n - 1) / (n - width)
    return bread @ (scores.T @ scores) @ bread * correction, groups - 1
