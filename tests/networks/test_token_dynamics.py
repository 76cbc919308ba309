"""Tokens that move: the fast forms against the definition, the regimes against closed forms and quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.networks.token_dynamics import Line, Plane, blown_up, followed, stacked
from manyminds.theory import token_dynamics as theory

sizes = some.floats(0.1, 3)
tokens = some.lists(some.tuples(sizes, some.sampled_from([-1, 1])), min_size=1, max_size=6).map(
    lambda pairs: np.array([size * sign for size, sign in pairs])
)


@given(tokens, some.floats(-2, 2), some.floats(-2, 2), some.floats(0.1, 3))
@settings(max_examples=60)
def test_log_rates_are_the_definition(x, mu, s, a):
    line = Line(mu, s, a)
    fast = mu * x * np.exp(line.log_rates(np.log(np.abs(x)), np.sign(x)))
    np.testing.assert_allclose(fast, line.velocity(x), rtol=1e-9, atol=1e-12)


@given(tokens, some.floats(0.2, 2), some.floats(-2, 2), some.floats(0.1, 3), some.floats(0.1, 4))
@settings(max_examples=30)
def test_causal_keeps_zero_and_mu_is_a_clock(x, mu, s, a, c):
    line, velocity = Line(mu, s, a), Line(mu, s, a).velocity(x)
    changed = np.append(x[:-1], x[-1] + 1)
    np.testing.assert_array_equal(velocity[:-1], line.velocity(changed)[:-1])
    np.testing.assert_allclose(Line(c * mu, s, a).velocity(x), c * velocity, rtol=1e-12)
    assert line.velocity(np.append(x, 0.0))[-1] == 0  # a token at 0 never leaves, so signs are kept


def test_a_plane_with_one_channel_is_the_line():
    x, line = np.array([0.5, -1.2, 0.9]), Line(-0.8, 0.7, 1.3)
    plane = Plane(np.array([[line.mu]]), np.array([[line.s]]), np.array([line.a]))
    np.testing.assert_allclose(plane.velocity(x[:, None])[:, 0], line.velocity(x), rtol=1e-12)


def test_converging_tokens_reach_their_constants():
    x, line = np.array([0.5, -1.2, 0.9, 0.3]), Line(-0.8, 0.7, 2.0)
    path = followed(line, x, np.log1p(np.array([0.0, 1e4, 1e8])))
    assert (np.sign(path.x) == np.sign(x)).all() and (np.diff(np.abs(path.x), axis=0) < 0).all()
    reached = np.abs(path.x[-1]) * 1e4 / theory.convergence_constants(line.mu, line.a, 4)
    np.testing.assert_allclose(reached, 1, atol=0.01)
    assert theory.convergence_clock(x[0], path.x[-1, 0], line.mu, line.s) == pytest.approx(1e8, rel=1e-6)


def test_slow_tokens_grow_like_the_logarithm():
    line, x = Line(1.3, -0.6, 0.8), np.array([0.4, 1.1, 0.7])
    path = followed(line, x, np.linspace(0, 600, 61))
    assert (np.diff(path.x, axis=0) > 0).all()
    assert abs(0.6 * path.x[-1, 0] - theory.slow_growth(np.array(600.0), line.mu, line.s)) < 0.2


def test_one_token_blows_up_on_time_and_others_only_hasten_it():
    assert blown_up(Line(1.0, 1.0, 1.0), np.array([1.0])).time == pytest.approx(
        theory.blow_up_time(1.0, 1.0, 1.0), abs=1e-8
    )
    line, x = Line(0.9, 0.8, 0.5), np.array([-1.0, 0.6, 1.4])
    end = blown_up(line, x)
    assert end.time <= min(theory.blow_up_time(v, line.mu, line.s) for v in x if line.s * v > 0) + 1e-9
    assert abs(end.x[0]) < 10  # the slow token before the first fast one is not affected


def test_layers_are_euler_steps():
    line, x = Line(-0.8, 0.7, 1.3), np.array([0.5, -1.2, 0.9, 0.3])
    exact = followed(line, x, np.log1p(np.array([0.0, 1.0]))).x[-1]
    errors = [np.abs(stacked(line, x, 1.0, n) - exact).max() for n in (16, 32, 64, 128)]
    ratios = [big / small for big, small in pairwise(errors)]
    assert all(1.8 < ratio < 2.2 for ratio in ratios)


def test_regimes_by_sign():
    x = np.array([0.5, 1.0])
    assert Line(-1, 1, 1).regime(x) == "convergence" and Line(1, -1, 1).regime(x) == "slow divergence"
    assert Line(1, 1, 1).regime(x) == "fast divergence" and Line(1, 1, 1).regime(0 * x) == "still"
    # With s = 0 the step is ln 2 for ever, so the rate grows as x^2: finite time.
    assert Line(1, 0, 1).regime(x) == "fast divergence" and np.isfinite(blown_up(Line(1, 0, 1), x).time)
    for bad in (lambda: theory.blow_up_time(1, 1, -1), lambda: theory.convergence_constants(1, 1, 2)):
        with pytest.raises(ValueError, match="mu"):
            bad()


def test_fates_in_the_plane():
    x = np.array([[0.5, 1.0], [-0.7, 0.2]])
    options = {"steps": np.eye(2), "decay": np.ones(2)}
    assert Plane(-np.eye(2), **options).fate(x) == "converges"
    assert Plane(np.eye(2), **options).fate(x) == "diverges"
