"""Least squares on factors: planted truth, closed forms on small tables, named collinearity, counted gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.core.regression import Collinear, Factor, design, fit


def test_two_groups_are_the_difference_of_their_means():
    group, outcome = ["a"] * 3 + ["b"] * 4, [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0]
    found = fit(outcome, [Factor("group", group, "a")])
    effect = found.estimate("group", "b")
    assert found.intercept.value == pytest.approx(2) and effect.value == pytest.approx(4.5)
    pooled = (2 * 1.0 + 3 * (5 / 3)) / 5  # the pooled variance of Student's test
    assert found.errors[1] == pytest.approx(np.sqrt(pooled * (1 / 3 + 1 / 4)))
    assert effect.high - effect.value == pytest.approx(2.570582 * found.errors[1], rel=1e-6)  # t, 5 degrees of freedom
    assert found.estimate("group", "a").value == 0 and found.expected({"group": "b"}) == pytest.approx(6.5)


@settings(max_examples=25)
@given(some.integers(0, 10**6))
def test_planted_effects_come_back_exactly_without_noise(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 3, 60), rng.integers(0, 4, 60)
    a[:3], b[:4] = range(3), range(4)
    left, right = rng.normal(size=3), rng.normal(size=4)
    found = fit(left[a] + right[b], [Factor("a", a, 0), Factor("b", b, 0)])
    for level in range(1, 3):
        assert found.estimate("a", level).value == pytest.approx(left[level] - left[0], abs=1e-9)


def test_a_missing_reference_level_makes_collinear_columns_and_they_are_named():
    with pytest.raises(Collinear, match="intercept") as caught:
        fit([1.0, 2.0, 3.0, 4.0], [Factor("a", ["x", "y", "x", "y"])])
    assert set(caught.value.columns) == {("intercept", ""), ("a", "x"), ("a", "y")}
    twice = [Factor("a", list("xyxyxy"), "x"), Factor("copy", list("uvuvuv"), "u"), Factor("b", list("ppqqpq"), "p")]
    with pytest.raises(Collinear) as caught:
        fit(np.arange(6.0), twice)
    assert set(caught.value.columns) == {("a", "y"), ("copy", "v")}  # the innocent factor is not accused


def test_what_cannot_be_fitted_says_why():
    with pytest.raises(ValueError, match="no observation at its reference 'z', only at x, y"):
        design([Factor("a", ["x", "y"], "z")])
    with pytest.raises(ValueError, match="has 1 labels"):
        design([Factor("a", ["x", "y"], "x"), Factor("b", ["p"], "p")])
    with pytest.raises(ValueError, match="2 observations cannot determine 2"):
        fit([1.0, 2.0], [Factor("a", ["x", "y"], "x")])
    found = fit([1.0, 2.0, 3.0], [Factor("a", ["x", "y", "x"], "x")])
    with pytest.raises(KeyError, match="a=w"):
        found.estimate("a", "w")


def test_missing_outcomes_are_left_out_and_counted():
    found = fit([1.0, None, 3.0, float("nan"), 5.0], [Factor("a", ["x", "x", "y", "y", "x"], "x")])
    assert (found.n, found.unscored, found.estimate("a", "y").unscored) == (3, 2, 2)


def test_repeats_of_a_cell_do_not_narrow_clustered_intervals():
    rng = np.random.default_rng(4)
    a, lack_of_fit = np.repeat(["x", "y"], 20), rng.normal(size=40)
    once = fit(lack_of_fit, [Factor("a", a, "x")])
    ten = fit(np.tile(lack_of_fit, 10), [Factor("a", np.tile(a, 10), "x")])
    kept = fit(np.tile(lack_of_fit, 10), [Factor("a", np.tile(a, 10), "x")], np.tile(np.arange(40), 10))
    assert ten.errors[1] < 0.4 * once.errors[1]  # the copies are taken for news
    assert kept.errors[1] == pytest.approx(once.errors[1], rel=0.1)
    with pytest.raises(ValueError, match="2 clusters cannot determine the errors of 2"):
        fit([1.0, 2.0, 3.0, 5.0], [Factor("a", ["x", "y", "x", "y"], "x")], ["c", "d", "c", "d"])
