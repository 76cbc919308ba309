"""Closed forms of the commons against brute force, and the measures against definitions written out."""

from itertools import product

import pytest

from manyminds.core.welfare import compliance, over_usage, survival
from manyminds.theory import commons as theory


def test_shares_by_definition():
    for pool in range(10, 101):
        assert theory.sustainable_total(pool) == pool // 2
        assert theory.sustainable_share(pool, 5) == pool // 2 // 5
    assert theory.planner_optimum() == 650 and theory.planner_optimum(keep_alive=True) == 645


def test_planner_by_walking_every_plan_of_a_small_pool():
    def walk(pool, months):
        if not months:
            return 0
        return max(take + (walk(theory.grown(pool - take, 8, 2), months - 1) if pool - take >= 2 else 0)
                   for take in range(pool + 1))  # fmt: skip

    assert theory.planner_optimum(3, full=8, dead=2) == walk(8, 3)


def test_talk_by_walking_every_belief():
    quiet = median = 0.0
    for beliefs in product((20, 10), repeat=5):
        chance = 0.3 ** beliefs.count(20) * 0.7 ** beliefs.count(10)
        quiet += chance * (sum(beliefs) <= 50)
        median += chance * (sorted(beliefs)[2] <= 10)
        assert theory.total_under_mean(beliefs) == sum(beliefs)  # a mean only moves who takes what
    assert quiet == pytest.approx(theory.survival_without_talk(5, 0.3)) == pytest.approx(0.16807)
    assert median == pytest.approx(theory.survival_with_median(5, 0.3)) == pytest.approx(0.83692)


def test_over_usage_has_two_denominators():
    seen = over_usage([{"a": 20, "b": 20, "c": 20, "d": 20, "e": 10}], [10], other_records=9)
    assert (seen.harvests_over, seen.of_harvests, seen.of_records) == (4, 4 / 5, 4 / 14)
    assert over_usage([], []).of_harvests is None


def test_compliance_counts_only_months_with_a_limit():
    assert compliance([{"a": 9}, {"a": 10, "b": 12}], [None, 10]) == 0.5
    assert compliance([{"a": 9}], [None]) is None


def test_unscored_societies_are_not_failures():
    rate, months = survival([12, 12, 3, None], 12)
    assert rate.value == pytest.approx(2 / 3) and (rate.unscored, months.unscored) == (1, 1) and months.value == 9
