"""Comparisons of two means as in the paper: t-test, Cohen's d, and the default (JZS) Bayes factor."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

WIDE = math.sqrt(2) / 2  # scale of the Cauchy prior on the effect size, the usual default


class Comparison(BaseModel, frozen=True):
    """Two samples compared. `bayes` is the evidence for a difference over none, `bayes_greater` that for the first
    being greater over none (the paper's, for the human study); None where there is no variance."""

    first: str
    second: str
    over: str  # what the units are
    n: int
    gap: float
    t: float | None
    df: float | None
    p: float | None
    d: float | None
    bayes: float | None
    bayes_greater: float | None


def jzs(t: float, df: float, n: float, scale: float = WIDE) -> float:
    """The Bayes factor of a t-test for a difference over none (Rouder et al. 2009, equation 1).

    `n`: the number of pairs, or n1 n2 / (n1 + n2) for two independent samples. The prior on the effect size is a Cauchy
    with this scale: a normal whose variance is an inverse chi-squared g, which is what is integrated out.
    """
    from scipy.integrate import quad

    power = -(df + 1) / 2

    def density(u: float) -> float:  # g = exp(u), so that the mass is in one place on a line
        g = math.exp(u)
        spread = 1 + n * g * scale**2
        log = -0.5 * math.log(spread) + power * math.log1p(t * t / (spread * df))
        return math.exp(log - power * math.log1p(t * t / df) - 1.5 * u - 1 / (2 * g) + u) / math.sqrt(2 * math.pi)

    found, _ = quad(density, -12, 40, limit=500)
    return found


def directional(t: float, df: float, n: float, scale: float = WIDE) -> float:
    """The same for a positive effect only: the prior is the positive half of the Cauchy."""
    from scipy.integrate import quad
    from scipy.stats import cauchy, nct
    from scipy.stats import t as student

    root, peak = math.sqrt(n), abs(t) / math.sqrt(n)

    def density(delta: float) -> float:
        return float(nct.pdf(t, df, delta * root) * 2 * cauchy.pdf(delta, scale=scale))

    found, _ = quad(density, 0, peak + 30 / root, limit=500, points=[peak])  # beyond, the data have no density left
    return found / float(student.pdf(t, df))


def paired(
    first: str, second: str, a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, over: str
) -> Comparison:
    """The same units under two conditions. d is the mean difference over the deviation of the differences."""
    gaps = np.asarray(a, float) - np.asarray(b, float)
    n, spread = len(gaps), float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
    gap = float(gaps.mean())
    if n < 2 or spread < 1e-12:  # equal differences: no test has anything to say
        return Comparison(first=first, second=second, over=over, n=n, gap=gap, **nothing())
    t = gap / (spread / math.sqrt(n))
    return judged(first, second, over, n, gap, t, n - 1, gap / spread, n)


def independent(first: str, second: str, a: Sequence[float], b: Sequence[float], over: str) -> Comparison:
    """Two groups of different units; equal variances, as the Bayes factor has it."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    df = len(x) + len(y) - 2
    if min(len(x), len(y)) < 2:
        raise ValueError("two groups of two units at least")
    pooled = ((len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)) / df
    gap, n = float(x.mean() - y.mean()), len(x) * len(y) / (len(x) + len(y))
    if pooled < 1e-24:
        return Comparison(first=first, second=second, over=over, n=len(x) + len(y), gap=gap, **nothing())
    d = gap / math.sqrt(pooled)
    return judged(first, second, over, len(x) + len(y), gap, d * math.sqrt(n), df, d, n)


def judged(
    first: str, second: str, over: str, n: int, gap: float, t: float, df: float, d: float, size: float
) -> Comparison:
    from scipy.stats import t as student

    p = float(2 * student.sf(abs(t), df))
    return Comparison(first=first, second=second, over=over, n=n, gap=gap, t=t, df=df, p=p, d=d, bayes=jzs(t, df, size),
                      bayes_greater=directional(t, df, size))  # fmt: skip


def nothing() -> dict[str, Any]:
    return dict.fromkeys(("t", "df", "p", "d", "bayes", "bayes_greater"))
