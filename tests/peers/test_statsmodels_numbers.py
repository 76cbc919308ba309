"""Least squares on numbers against statsmodels."""

import numpy as np
import pytest

from manyminds.core import regression

sm = pytest.importorskip("statsmodels.api")


def test_the_whole_fit():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 70))
    y = 1 + 2 * a + 0.3 * b + rng.normal(size=70)
    ours = regression.fit_numbers(y, {"a": a, "b": b})
    theirs = sm.OLS(y, sm.add_constant(np.stack([a, b], 1))).fit()
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-10)
    np.testing.assert_allclose(ours.errors, theirs.bse, atol=1e-10)
    np.testing.assert_allclose([ours.p_value("a"), ours.p_value("b")], theirs.pvalues[1:], rtol=1e-8)
    assert ours.explained == pytest.approx(theirs.rsquared)
