"""Intervals, tests and effect sizes, by scipy, in the few forms that experiments need."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from manyminds.core.seeds import Seeds

Sample = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, the number of independent repeats behind it, and how many could not be scored."""

    value: float
    low: float
    high: float
    n: int
    unscored: int = 0

    def __str__(self) -> str:
        width = max(abs(self.low - self.value), abs(self.high - self.value))
        missing = f" ({self.unscored} unscored)" if self.unscored else ""
        return f"{self.value:.4g} ± {width:.2g}{missing}" if np.isfinite(width) else f"{self.value:.4g}{missing}"


def scored(sample: Sequence[float | None] | np.ndarray) -> tuple[np.ndarray, int]:
    """The values that are scores, and the count of those that are not (None or NaN). Unscored is not zero."""
    values = np.array([np.nan if value is None else value for value in sample], dtype=float)
    kept = values[~np.isnan(values)]
    return kept, len(values) - len(kept)


def mean(sample: Sequence[float | None] | np.ndarray, confidence: float = 0.95) -> Estimate:
    """The mean with its t-interval. One value has an infinite interval; a sample without spread has none."""
    from scipy.stats import t

    values, unscored = scored(sample)
    n = len(values)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, unscored)
    centre = float(values.mean())
    if n == 1:
        return Estimate(centre, -np.inf, np.inf, 1, unscored)
    width = float(t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Estimate(centre, centre - width, centre + width, n, unscored)


def share(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """A proportion with its Wilson interval, which stays honest at 0 and 1."""
    from scipy.stats import binomtest

    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    low, high = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return Estimate(successes / n, float(low), float(high), n)


def bootstrap(
    sample: Sample,
    statistic: Callable[..., Any] = np.mean,
    seeds: Seeds = Seeds(0),  # noqa: B008  a frozen value
    resamples: int = 9999,
    confidence: float = 0.95,
) -> Estimate:
    """Any statistic of one sample with its bias-corrected bootstrap interval (percentile where that is undefined)."""
    from scipy.stats import bootstrap as resample

    values, unscored = scored(sample)
    value = float(statistic(values))
    if len(values) < 2 or np.ptp(values) == 0:
        return Estimate(value, value, value, len(values), unscored)
    options = {"n_resamples": resamples, "confidence_level": confidence, "rng": seeds.numpy("bootstrap")}
    found = resample((values,), statistic, method="BCa", **options).confidence_interval
    if not np.isfinite([found.low, found.high]).all():
        found = resample((values,), statistic, method="percentile", **options).confidence_interval
    return Estimate(value, float(found.low), float(found.high), len(values), unscored)


def difference(a: Sample, b: Sample, paired: bool = False, confidence: float = 0.95) -> Estimate:
    """Mean of `a` less mean of `b` with its t-interval (Welch's when not paired)."""
    from scipy.stats import ttest_ind, ttest_rel

    a, b = np.asarray(a, float), np.asarray(b, float)
    gap = float(a.mean() - b.mean())
    if paired and len(a) != len(b):
        raise ValueError(f"paired samples must be of one length, not {len(a)} and {len(b)}")
    if (np.ptp(a - b) if paired else np.ptp(a) + np.ptp(b)) == 0:
        return Estimate(gap, gap, gap, min(len(a), len(b)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a sample without spread is legal; Welch's test has no trouble
        test = ttest_rel(a, b) if paired else ttest_ind(a, b, equal_var=False)
    interval = test.confidence_interval(confidence)
    return Estimate(gap, float(interval.low), float(interval.high), min(len(a), len(b)))


def permutation_test(a: Sample, b: Sample, seeds: Seeds = Seeds(0), paired: bool = False) -> float:  # noqa: B008
    """Two-sided p-value of no difference in means, by permuting labels (signs when paired); exact when small."""
    from scipy.stats import permutation_test as permute

    def gap(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(x.mean(axis=axis) - y.mean(axis=axis))

    kind = "samples" if paired else "independent"
    found = permute((np.asarray(a, float), np.asarray(b, float)), gap, permutation_type=kind, vectorized=True,
                    n_resamples=9999, rng=seeds.numpy("permutation"))  # fmt: skip
    return float(found.pvalue)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value that two methods are right equally often on the same items.

    `only_a` counts the items that only the first got right, `only_b` those that only the second did.
    """
    from scipy.stats import binomtest

    return 1.0 if only_a + only_b == 0 else float(binomtest(only_a, only_a + only_b, 0.5).pvalue)


def cohens_d(a: Sample, b: Sample) -> float:
    """Standardised difference of means, with the pooled standard deviation."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    return float((a.mean() - b.mean()) / np.sqrt(pooled)) if pooled else float(np.inf * np.sign(a.mean() - b.mean()))


def cliffs_delta(a: Sample, b: Sample) -> float:
    """P(a > b) - P(a < b) over all pairs: an effect size that needs no scale."""
    from scipy.stats import mannwhitneyu

    return float(2 * mannwhitneyu(a, b).statistic / (len(a) * len(b)) - 1)


def corrected(p_values: Sequence[float], method: str = "holm") -> list[float]:
    """p-values corrected for many comparisons: `holm` (family-wise) or `bh` (false discovery rate)."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p_values, float)
    if method == "bh":
        return [float(value) for value in false_discovery_control(p)]
    if method != "holm":
        raise ValueError(f"method must be 'holm' or 'bh', not {method!r}")
    order = np.argsort(p)
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    back = np.empty(len(p))
    back[order] = np.minimum(stepped, 1)
    return [float(value) for value in back]
