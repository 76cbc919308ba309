"""Closed forms of diffusions against quadrature, finite differences, scipy and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from manyminds.core import BadInput
from manyminds.theory import diffusions as theory
from manyminds.theory import guidance, mixtures
from manyminds.theory.sample_distances import entropy, mmd_p_value, sliced_wasserstein2, wasserstein2

RNG = np.random.default_rng(0)


@given(some.floats(1e-6, 20))
def test_what_is_left_and_what_is_noise_make_one(t):
    assert theory.alpha(t) ** 2 + theory.h(t) == pytest.approx(1, abs=1e-14)


@given(some.floats(0.05, 9), some.floats(0.5, 6), some.floats(0.001, 0.4))
@settings(max_examples=30)
def test_the_backward_variance_is_its_integral(lam, end, early):
    exact = theory.backward_variance(lam, end, early)
    assert exact == pytest.approx(theory.variance_with_error(lam, end, early, 0.0), rel=1e-9)
    excess = theory.initialisation_excess(lam, end, early)
    assert theory.variance(lam, early) * (1 + excess) == pytest.approx(exact, rel=1e-12)


@given(some.floats(0.05, 9), some.floats(0.5, 6), some.floats(-0.5, 0.5))
@settings(max_examples=30)
def test_kl_stays_below_its_bound(lam, end, error):
    out = theory.variance_with_error(lam, end, 0.01, error)
    kl = theory.kl_of_excess(out / theory.variance(lam, 0.01) - 1)
    assert -1e-12 <= kl <= theory.kl_bound(lam, end, 0.01, error) + 1e-12


def test_kl_of_normals():
    assert theory.kl_of_excess(0.7, 0.3) == pytest.approx(theory.gaussian_kl(0.0, 1.0, 0.3, 1.7), rel=1e-12)
    x = np.linspace(-12, 12, 100_001)
    p, q = stats.norm(0.2, 0.8), stats.norm(-0.5, 1.3)
    by_sum = (p.pdf(x) * (p.logpdf(x) - q.logpdf(x))).sum() * (x[1] - x[0])
    assert theory.gaussian_kl(0.2, 0.64, -0.5, 1.69) == pytest.approx(by_sum, rel=1e-8)
    with pytest.raises(BadInput, match="second covariance is singular"):
        theory.gaussian_kl([0, 0], np.eye(2), [0, 0], np.ones((2, 2)))


def test_the_backward_mean_solves_its_equation():
    """dm/ds = m/2 - (m - alpha offset) / v, by small steps of the midpoint rule."""
    offset, lam, end, early, steps = 1.7, 0.3, 2.0, 0.05, 20_000
    m, step = 0.0, (end - early) / steps

    def slope(m, t):
        return m / 2 - (m - np.exp(-t / 2) * offset) / theory.variance(lam, t)

    for k in range(steps):
        t = end - k * step
        m += step * slope(m + step / 2 * slope(m, t), t - step / 2)
    wanted = np.exp(-early / 2) * offset + theory.backward_mean(offset, lam, end, early)
    assert m == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("t", [0.01, 0.3, 2.0])
def test_scores_are_gradients_of_densities(t):
    law = mixtures.random_mixture(RNG, 3, 4)
    x, step = 1.5 * RNG.normal(size=(20, 4)), 1e-5
    ends = [(law.log_density(x + step * e, t) - law.log_density(x - step * e, t)) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(law.score(x, t), np.stack(ends, 1), rtol=1e-5, atol=1e-5)
    # and densities are scipy's
    k = stats.multivariate_normal
    covs = [b @ np.diag(v) @ b.T for b, v in zip(law.bases, law.variances)]
    a, h = np.exp(-t / 2), 1 - np.exp(-t)
    by_scipy = sum(w * k(a * m, a**2 * c + h * np.eye(4)).pdf(x) for w, m, c in zip(law.weights, law.means, covs))
    np.testing.assert_allclose(np.exp(law.log_density(x, t)), by_scipy, rtol=1e-8)


@pytest.mark.parametrize("t", [0.01, 0.3, 2.0])
def test_scores_on_subspaces_fall_into_two_parts(t):
    latent, frame = mixtures.random_mixture(RNG, 3, 4), mixtures.random_frame(RNG, 40, 4)
    x = 2 * RNG.normal(size=(30, 40))
    whole, parts = mixtures.embedded(latent, frame).score(x, t), mixtures.decomposed_score(latent, frame, x, t)
    assert np.abs(whole - parts).max() / np.abs(whole).max() < 1e-10
    # Mutant: without the part that points back to the subspace.
    assert np.abs(whole - latent.score(x @ frame, t) @ frame.T).max() > 0.1


def test_moments_of_mixtures_are_those_of_draws():
    law = mixtures.random_mixture(np.random.default_rng(3), 3, 2)
    mean, cov = law.moments(0.0)
    x, which = law.draw(np.random.default_rng(4), 200_000)
    np.testing.assert_allclose(x.mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(x.T), cov, atol=0.1)
    np.testing.assert_allclose(np.bincount(which) / len(x), law.weights, atol=0.01)


@given(some.floats(0.2, 2), some.floats(-1, 8), some.floats(0.01, 6))
@settings(max_examples=30)
def test_the_guided_drift_is_that_of_the_guided_score(mu, w, t):
    law, x = mixtures.isotropic([[-mu], [mu]]), np.linspace(-4, 4, 9)[:, None]
    score = guidance.Guidance(w).mixed(law.component(1).score(x, t), law.score(x, t))
    np.testing.assert_allclose((x + score) / 2, guidance.two_class_drift(x, t, mu, w), atol=1e-8)


def test_the_other_convention_is_one_more():
    excess, scale = guidance.Guidance(1.0), guidance.Guidance(1.0, "scale")
    assert excess.mixed(3.0, 1.0) == 5.0 and scale.mixed(3.0, 1.0) == 3.0
    assert guidance.Guidance(2.0, "scale").mixed(3.0, 1.0) == excess.mixed(3.0, 1.0)
    assert guidance.Guidance(-1.0).mixed(3.0, 1.0) == 1.0


def test_tilted_moments():
    assert guidance.tilted_moments(1.0, 1.0) == pytest.approx((1.290, 0.863), abs=1e-3)
    assert guidance.tilted_moments(1.0, 0.0) == pytest.approx((1.0, 1.0), abs=1e-9)
    assert guidance.tilted_moments(1.0, -1.0) == pytest.approx((0.0, 2**0.5), abs=1e-9)


def test_fates():
    z = RNG.normal(size=4000)
    assert guidance.fate(z, 1.0) == "as conditional" and guidance.fate(0.5 * z, 1.0) == "sharpened"
    assert guidance.fate(3 * z, 1.0) == "widened" and guidance.fate(1e-5 * z, 1.0) == "collapsed"
    assert guidance.fate(10 * np.sign(z) + z, 1.0) == "split" and guidance.fate(0 * z, 1.0) == "collapsed"


def test_the_optimality_gap_by_regression():
    """E(f* | y) of jointly normal f* and y, from draws."""
    rng = np.random.default_rng(5)
    true, fitted, noise = np.array([0.6, 0.8, 0.0]), np.array([0.5, 0.9, 0.3]), 0.3
    z = rng.normal(size=(400_000, 3))
    y = z @ fitted + noise * rng.normal(size=len(z))
    slope = (z @ true) @ y / (y @ y)
    assert theory.optimality_gap(2.0, true, fitted, noise) == pytest.approx(2 * (1 - slope), abs=0.01)
    assert theory.optimality_gap(1.0, true, true, 0.3) == pytest.approx(0.0826, abs=1e-4)


def test_what_cannot_be():
    for end, early in ((1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (1.0, -1.0)):
        with pytest.raises(BadInput):
            theory.checked_times(end, early)
    with pytest.raises(BadInput, match="eigenvalue"):
        mixtures.mixture([1.0], [[0.0]], [[[-1.0]]])
    with pytest.raises(BadInput, match="sum to 1"):
        mixtures.mixture([0.4, 0.4], np.zeros((2, 1)), np.ones((2, 1, 1)))
    with pytest.raises(BadInput, match="do not fit"):
        mixtures.random_frame(RNG, 2, 3)
    with pytest.raises(BadInput, match="never masked"):
        guidance.Guidance(1.0).checked(0.0)
    guidance.Guidance(0.0).checked(0.0)


def test_singular_data_has_a_score_all_the_same():
    law = mixtures.mixture([1.0], [[1.0, 0.0]], [np.diag([1.0, 0.0])])
    x = np.array([[1.0, 0.5]])
    np.testing.assert_allclose(law.score(x, 0.1)[0, 1], -0.5 / (1 - np.exp(-0.1)), rtol=1e-12)


def test_distances_between_samples():
    rng = np.random.default_rng(6)
    a = rng.normal(size=(400, 3))
    shift = np.array([0.3, 0.0, -0.4])
    assert wasserstein2(a, a + shift) == pytest.approx(0.5, rel=1e-9)
    # the mean over directions of (u'shift)^2 is |shift|^2 / D
    assert sliced_wasserstein2(a, a + shift, rng, 4000) == pytest.approx(0.5 / 3**0.5, rel=0.05)
    assert mmd_p_value(a, rng.normal(size=(400, 3)), rng) > 0.05 > mmd_p_value(a, a + 1, rng)
    assert entropy(rng.normal(size=(4000, 2))) == pytest.approx(np.log(2 * np.pi * np.e), abs=0.08)
