"""Logistic regression against closed forms, gradients, and data that have no estimate."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from manyminds.core import BadInput
from manyminds.core.logistic import chance, fit

cells = some.tuples(some.integers(1, 30), some.integers(1, 30))


@given(cells, cells)
def test_two_by_two_in_closed_form(first, second):
    (a, b), (c, d) = first, second
    found = fit([[1, 0], [1, 1]], [a, c], [a + b, c + d], ("constant", "x"))
    assert found.converged and not found.separated
    assert found.coefficients == pytest.approx([log(a / b), log(c * b / (d * a))], abs=1e-6)
    assert found.errors == pytest.approx([sqrt(1 / a + 1 / b), sqrt(1 / a + 1 / b + 1 / c + 1 / d)], rel=1e-5)
    seen = found.estimate("x")
    assert seen.high - seen.value == pytest.approx(1.959964 * found.errors[1], rel=1e-5)
    assert 0 < found.p_value("x") <= 1


@given(some.integers(0, 10_000))
@settings(max_examples=30)
def test_the_slope_is_zero_and_the_curvature_right_at_the_estimate(root):
    rng = np.random.default_rng(root)
    x = np.c_[np.ones(200), rng.normal(size=(200, 2))]
    y = (rng.random(200) < chance(x @ np.array([0.3, -1.0, 0.5]))).astype(float)
    found = fit(x, y)
    assume(not found.separated)
    p = chance(x @ found.coefficients)
    assert x.T @ (y - p) == pytest.approx(np.zeros(3), abs=1e-5)
    inverse = np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x)
    assert found.errors == pytest.approx(np.sqrt(np.diag(inverse)), rel=1e-6)
    assert found.log_likelihood == pytest.approx(float(np.sum(np.where(y == 1, np.log(p), np.log(1 - p)))))


def test_grouping_changes_nothing():
    rng = np.random.default_rng(1)
    x = np.c_[np.ones(300), rng.integers(0, 3, (300, 2))]
    y = rng.integers(0, 2, 300)
    rows, inverse = np.unique(x, axis=0, return_inverse=True)
    one = fit(x, y)
    other = fit(rows, np.bincount(inverse.ravel(), y), np.bincount(inverse.ravel()))
    assert one.coefficients == pytest.approx(other.coefficients) and one.errors == pytest.approx(other.errors)
    assert one.log_likelihood == pytest.approx(other.log_likelihood) and one.n == other.n == 300


@pytest.mark.parametrize(("x", "y", "expected"), [
    ([0, 0, 1, 1], [0, 0, 1, 1], {"x"}),  # complete
    ([0, 1, 1, 2], [0, 0, 1, 1], {"constant", "x"}),  # quasi-complete: both outcomes at 1
    ([0, 0, 1, 1], [0, 1, 1, 1], {"x"}),  # an empty cell
    ([0, 0, 1, 1], [1, 1, 1, 1], {"constant"}),  # one outcome only
    ([0, 0, 1, 1], [0, 1, 0, 1], set()),
    ([0, 1, 2, 3], [0, 1, 0, 1], set()),
])  # fmt: skip
def test_separation_is_found_and_said(x, y, expected):
    found = fit(np.c_[np.ones(4), x], y, names=("constant", "x"))
    assert set(found.separated) >= expected and bool(found.separated) == bool(expected)
    for name in found.separated:
        assert np.isinf(found.estimate(name).high) and found.p_value(name) == 1
    assert found.converged != bool(expected)
    shrunken = fit(np.c_[np.ones(4), x], y, ridge=0.5)
    assert shrunken.converged and np.abs(shrunken.coefficients).max() < 5


@given(some.lists(some.tuples(some.integers(0, 2), some.integers(0, 1)), min_size=4, max_size=12))
@settings(max_examples=60)
def test_separation_is_what_brute_force_finds(rows):
    """With one ordered predictor and a constant: separated exactly if a cut puts every outcome on its side."""
    x, y = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assume(len(set(x)) > 1)

    def cut(sign):
        ones, zeros = sign * x[y == 1], sign * x[y == 0]
        return len(ones) == 0 or len(zeros) == 0 or (zeros.max() <= ones.min() and (len(set(x)) > 1))

    found = fit(np.c_[np.ones(len(x)), x], y)
    assert bool(found.separated) == (cut(1) or cut(-1))


@pytest.mark.parametrize(("x", "y", "names"), [
    ([[1, 1], [1, 1]], [0, 1], ()), ([[1], [1]], [0, 1, 1], ()), ([[1], [1]], [0, 2], ()),
    ([[np.nan], [1]], [0, 1], ()), ([[1], [1]], [0, 1], ("a", "b")), (np.zeros((0, 1)), [], ()),
])  # fmt: skip
def test_data_that_cannot_be_fitted(x, y, names):
    with pytest.raises(BadInput):
        fit(x, y, names=names)


def test_at_the_maximum_the_score_is_nought():
    rng = np.random.default_rng(0)
    x = np.c_[np.ones(960), rng.integers(0, 2, (960, 48))]
    y = rng.integers(0, 2, 960)
    found = fit(x, y)
    p = 1 / (1 + np.exp(-x @ found.coefficients))
    assert found.converged and np.abs(x.T @ (y - p)).max() < 1e-6
    information = x.T @ (x * (p * (1 - p))[:, None])
    np.testing.assert_allclose(found.covariance @ information, np.eye(49), atol=1e-6)
