"""Intervals and tests of proportions against scipy, published examples and brute force."""

from math import comb, inf, isnan, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import binomtest, fisher_exact

from manyminds.core.proportions import bounds, fisher, gap_bounds, log_odds_ratio, newcombe, wilson

counts = some.integers(0, 40).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n)))


@given(counts)
def test_wilson_solves_its_equation(pair):
    k, n = pair
    low, high = wilson(k, n)
    if n == 0:
        assert (low, high) == (0, 1)
        return
    z = 1.959963984540054
    for edge in (low, high):
        assert (k / n - edge) ** 2 == pytest.approx(z**2 * edge * (1 - edge) / n, abs=1e-9)
    interval = binomtest(k, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("k1", "n1", "k2", "n2", "low", "high"), [
    (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926), (0, 10, 0, 20, -0.1611, 0.2775), (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
])  # fmt: skip
def test_newcombe_as_printed(k1, n1, k2, n2, low, high):
    """Newcombe (1998), Statistics in Medicine 17, table II, method 10."""
    seen = newcombe(k1, n1, k2, n2)
    assert (seen.low, seen.high) == pytest.approx((low, high), abs=6e-5)
    assert seen.value == pytest.approx(k1 / n1 - k2 / n2)


@given(counts, counts)
def test_newcombe_and_fisher_do_not_care_about_names(a, b):
    one, other = newcombe(*a, *b), newcombe(*b, *a)
    if a[1] and b[1]:
        assert one.value == -other.value and one.low == pytest.approx(-other.high)
        assert -1 - 1e-9 <= one.low <= one.value <= one.high <= 1 + 1e-9
    else:
        assert isnan(one.value) and (one.low, one.high) == (-1, 1)
    p = fisher(*a, *b)
    assert p == pytest.approx(fisher(*b, *a), rel=1e-6) and 0 < p <= 1
    assert p == pytest.approx(float(fisher_exact([[a[0], a[1] - a[0]], [b[0], b[1] - b[0]]]).pvalue))


def test_fisher_by_hand():
    """All tables with the same margins, summed where they are no more likely than the one seen."""
    k1, n1, k2, n2 = 7, 10, 2, 9
    k, n = k1 + k2, n1 + n2
    chances = {i: comb(n1, i) * comb(n2, k - i) / comb(n, k) for i in range(max(0, k - n2), min(n1, k) + 1)}
    assert fisher(k1, n1, k2, n2) == pytest.approx(sum(p for p in chances.values() if p <= chances[k1] * (1 + 1e-9)))


def test_log_odds():
    seen = log_odds_ratio(20, 30, 10, 30)
    assert seen.value == pytest.approx(log(20.5 * 20.5 / (10.5 * 10.5)))
    assert seen.error == pytest.approx(sqrt(2 / 20.5 + 2 / 10.5)) and seen.low < seen.value < seen.high
    assert log_odds_ratio(20, 30, 10, 30, 0).ratio == pytest.approx(4)
    assert log_odds_ratio(5, 5, 0, 5).value > 0 and log_odds_ratio(5, 5, 0, 5, 0).value == inf
    assert log_odds_ratio(0, 0, 0, 0).value == 0 and isnan(log_odds_ratio(0, 0, 0, 0, 0).value)


@given(counts, some.integers(0, 20))
def test_bounds_are_what_brute_force_finds(pair, lost):
    k, valid = pair
    if valid + lost == 0:
        assert bounds(k, valid, 0) == (0, 1)
        return
    possible = [(k + extra) / (valid + lost) for extra in range(lost + 1)]
    assert bounds(k, valid, valid + lost) == (min(possible), max(possible))
    low, high = gap_bounds((k, valid, valid + lost), (0, 1, 2))
    assert (low, high) == (min(possible) - 0.5, max(possible))


def test_what_is_no_proportion():
    for call in (lambda: wilson(3, 2), lambda: bounds(1, 3, 2), lambda: fisher(-1, 2, 0, 1)):
        with pytest.raises(ValueError, match=r"is not a proportion|cannot be"):
            call()
