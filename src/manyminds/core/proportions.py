"""Proportions and their differences: intervals, exact tests, log odds, and bounds when answers are missing.

Successes are `k` of `n`. Nothing here divides by zero: what is undefined is NaN, or an interval that excludes nothing.
"""

from dataclasses import dataclass
from math import exp, inf, log, nan, sqrt

from manyminds.core.statistics import Estimate, share


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson interval of a proportion; (0, 1) without observations."""
    checked(k, n)
    found = share(k, n, confidence)
    return (0.0, 1.0) if n == 0 else (found.low, found.high)


def newcombe(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> Estimate:
    """k1/n1 - k2/n2 with Newcombe's interval (1998, method 10: the square-and-add of two Wilson intervals)."""
    low1, high1 = wilson(k1, n1, confidence)
    low2, high2 = wilson(k2, n2, confidence)
    if not n1 or not n2:
        return Estimate(nan, -1.0, 1.0, min(n1, n2))
    p1, p2 = k1 / n1, k2 / n2
    gap = p1 - p2
    return Estimate(gap, gap - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
                    gap + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2), min(n1, n2))  # fmt: skip


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """Two-sided p-value of Fisher's exact test that two proportions are equal; 1 where a group is empty."""
    from scipy.stats import fisher_exact

    checked(k1, n1)
    checked(k2, n2)
    return float(fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)


@dataclass(frozen=True)
class LogOdds:
    """A log odds ratio, its standard error and its 95 % interval; `ratio` is the odds ratio."""

    value: float
    error: float

    @property
    def low(self) -> float:
        return self.value - 1.959963984540054 * self.error

    @property
    def high(self) -> float:
        return self.value + 1.959963984540054 * self.error

    @property
    def ratio(self) -> float:
        return exp(self.value)


def log_odds_ratio(k1: int, n1: int, k2: int, n2: int, correction: float = 0.5) -> LogOdds:
    """The log odds ratio of two groups, with Haldane's 0.5 added to each of the four counts (Woolf's error).

    With `correction` 0 a count of 0 gives an infinite ratio and error.
    """
    checked(k1, n1)
    checked(k2, n2)
    a, b, c, d = (count + correction for count in (k1, n1 - k1, k2, n2 - k2))
    if min(a, b, c, d) == 0:
        up, down = a * d, b * c
        return LogOdds(nan if up == down else inf if up > down else -inf, inf)
    return LogOdds(log(a * d / (b * c)), sqrt(1 / a + 1 / b + 1 / c + 1 / d))


def bounds(k: int, valid: int, total: int) -> tuple[float, float]:
    """What the proportion could be among all `total`, if every missing answer had been a failure or a success.

    Without any assumption on why answers are missing; (0, 1) where all are.
    """
    checked(k, valid)
    if valid > total:
        raise ValueError(f"{valid} valid answers of {total} cannot be")
    return (0.0, 1.0) if total == 0 else (k / total, (k + total - valid) / total)


def gap_bounds(first: tuple[int, int, int], second: tuple[int, int, int]) -> tuple[float, float]:
    """The least and the greatest difference of two proportions; each group is (successes, valid, total)."""
    (low1, high1), (low2, high2) = bounds(*first), bounds(*second)
    return low1 - high2, high1 - low2


def checked(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is not a proportion")
