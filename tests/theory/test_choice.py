"""Choice by noisy utilities: the closed form against drawing the noise, and what a regression gets back."""

import numpy as np
import pytest

from manyminds.core.logistic import fit
from manyminds.theory.choice import TERMS, Weights, gap, probability, scaled, terms

TORN = Weights(0.5, 1.0, -0.3, 0.8, 1.2, noise=0.7)


@pytest.mark.parametrize("sees", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_gumbel_noise_gives_the_logistic_law(sees):
    fits = {"customer": (1, 0), "principal": (0, 1), "values": (1, 0.5)}
    weights = {"customer": 0.5 + 0.8 * sees[0], "principal": 1.0 + 1.2 * sees[1], "values": -0.3}
    worth = np.array([sum(weights[party] * fits[party][k] for party in fits) for k in (0, 1)])
    drawn = worth + np.random.default_rng(1).gumbel(scale=0.7, size=(200_000, 2))
    told = probability(TORN, terms(*(fit[0] - fit[1] for fit in fits.values()), *sees))
    assert (drawn[:, 0] > drawn[:, 1]).mean() == pytest.approx(float(told), abs=0.004)


def test_a_regression_on_the_exact_chances_returns_the_weights():
    rng = np.random.default_rng(2)
    predictors = terms(*rng.integers(-1, 2, (3, 400)), *rng.integers(0, 2, (2, 400)))
    found = fit(predictors, probability(TORN, predictors), names=TERMS)
    assert found.coefficients == pytest.approx(scaled(TORN), abs=1e-6)
    assert gap(TORN, predictors) == pytest.approx(np.log(1 / (1 / probability(TORN, predictors) - 1)), abs=1e-9)
