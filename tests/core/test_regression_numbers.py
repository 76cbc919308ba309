"""Least squares on numbers: equal to numpy's, with the known sampling law of slopes."""

import numpy as np
import pytest

from manyminds.core import regression


def test_coefficients_and_r_squared_are_those_of_lstsq():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 60))
    y = 2 + 3 * a - b + rng.normal(size=60)
    found = regression.fit_numbers(y, {"a": a, "b": b})
    x = np.stack([np.ones(60), a, b], 1)
    expected, residual = np.linalg.lstsq(x, y)[:2]
    np.testing.assert_allclose(found.coefficients, expected, atol=1e-12)
    assert found.explained == pytest.approx(1 - residual[0] / ((y - y.mean()) ** 2).sum())
    assert found.p_value("a") < 1e-10 and found.intercept.low < 2 < found.intercept.high


def test_p_values_are_uniform_without_an_effect():
    rng = np.random.default_rng(2)
    p = [regression.fit_numbers(rng.normal(size=20), {"x": rng.normal(size=20)}).p_value("x") for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_what_is_missing_is_counted_and_what_is_collinear_named():
    x = np.arange(6.0)
    assert regression.fit_numbers([1, None, 2, 5, 3, 4], {"x": x}).unscored == 1
    with pytest.raises(regression.Collinear, match="twice"):
        regression.fit_numbers(x**2, {"x": x, "twice": 2 * x})
