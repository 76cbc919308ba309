"""Our regression beside statsmodels: coefficients, errors and intervals, classical and clustered."""

import numpy as np
import pytest

from manyminds.core.regression import Factor, fit

api = pytest.importorskip("statsmodels.api")


def study(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    labels = {"a": rng.integers(0, 3, n), "b": rng.integers(0, 4, n), "who": rng.integers(0, 5, n)}
    outcome = (
        rng.normal(size=3)[labels["a"]] + rng.normal(size=5)[labels["who"]] + rng.normal(size=n) * (1 + labels["b"])
    )
    columns = [np.ones(n)] + [
        labels[name] == level for name, k in (("a", 3), ("b", 4), ("who", 5)) for level in range(1, k)
    ]
    return outcome, labels, np.column_stack(columns).astype(float), rng.integers(0, 30, n)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("clustered", [False, True])
def test_equal_to_eight_digits(seed, clustered):
    outcome, labels, matrix, clusters = study(seed)
    ours = fit(outcome, [Factor(name, labels[name], 0) for name in labels], clusters if clustered else None)
    options = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}, "use_t": True} if clustered else {}
    theirs = api.OLS(outcome, matrix).fit(**options)
    assert ours.coefficients == pytest.approx(theirs.params, abs=1e-8)
    assert ours.errors == pytest.approx(theirs.bse, abs=1e-8)
    low, high = theirs.conf_int().T
    mine = [ours.estimate(*column) for column in ours.columns]
    assert [e.low for e in mine] == pytest.approx(low, abs=1e-8)
    assert [e.high for e in mine] == pytest.approx(high, abs=1e-8)
