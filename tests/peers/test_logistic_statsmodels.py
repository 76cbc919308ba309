"""Our logistic regression and proportions against statsmodels."""

import numpy as np
import pytest

statsmodels = pytest.importorskip("statsmodels.api")

from manyminds.core.logistic import chance, fit  # noqa: E402
from manyminds.core.proportions import newcombe, wilson  # noqa: E402


@pytest.mark.parametrize("root", range(10))
def test_estimates_and_errors(root):
    rng = np.random.default_rng(root)
    x = np.c_[np.ones(400), rng.normal(size=(400, 3)), rng.integers(0, 2, (400, 2))]
    y = (rng.random(400) < chance(x @ rng.normal(size=6))).astype(float)
    ours, theirs = fit(x, y), statsmodels.Logit(y, x).fit(disp=0)
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-5, abs=1e-7)
    assert ours.errors == pytest.approx(theirs.bse, rel=1e-5)
    assert ours.log_likelihood == pytest.approx(theirs.llf)
    assert [ours.p_value(name) for name in ours.names] == pytest.approx(theirs.pvalues, rel=1e-4, abs=1e-12)
    assert [ours.estimate(name).low for name in ours.names] == pytest.approx(theirs.conf_int()[:, 0], rel=1e-4)


def test_grouped_data():
    rng = np.random.default_rng(3)
    x = np.c_[np.ones(12), rng.normal(size=(12, 2))]
    trials = rng.integers(20, 60, 12)
    successes = rng.binomial(trials, chance(x @ np.array([0.2, 1.0, -1.0])))
    ours = fit(x, successes, trials)
    family = statsmodels.families.Binomial()
    theirs = statsmodels.GLM(np.c_[successes, trials - successes], x, family=family).fit()
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-6) and ours.errors == pytest.approx(
        theirs.bse, rel=1e-5
    )


def test_proportions():
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    for k1, n1, k2, n2 in ((5, 20, 9, 30), (0, 10, 4, 9), (28, 30, 30, 30)):
        assert wilson(k1, n1) == pytest.approx(proportion_confint(k1, n1, method="wilson"))
        seen = newcombe(k1, n1, k2, n2)
        assert (seen.low, seen.high) == pytest.approx(confint_proportions_2indep(k1, n1, k2, n2, method="newcomb"))
