"""The repair loop's closed form beside enumeration of every attempt, and pass@k beside counting subsets."""

from itertools import combinations, permutations, product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.theory.repair_loop import (
    RepairLoop,
    draws_with_replacement,
    draws_without_replacement,
    pass_at,
)

SHARE = st.floats(0, 1)


def enumerated(loop, attempts):
    """P(the program returned is right), attempt by attempt; each assertion is one of: from the code, valid or not."""

    def accepts(right):
        passes = loop.biased + (1 - loop.biased) * loop.valid * (1 if right else 1 - loop.exposing)
        found = 1.0
        for _ in range(loop.asserts):
            found *= passes
        return found

    reached, found = 1.0, 0.0
    for attempt in range(attempts):
        last = attempt == attempts - 1
        found += reached * loop.right * (accepts(True) + (1 - accepts(True)) * last)
        reached *= loop.right * (1 - accepts(True)) + (1 - loop.right) * (1 - accepts(False))
    return found


@given(SHARE, st.integers(1, 8), SHARE, SHARE, SHARE, st.integers(1, 8))
def test_the_closed_form_is_the_sum_over_attempts(p, k, v, d, b, attempts):
    loop = RepairLoop(p, k, v, d, b)
    assert loop.solved(attempts) == pytest.approx(enumerated(loop, attempts), abs=1e-9)


def test_the_printed_examples():
    for b, expected in ((0, 0.9505), (0.5, 0.8527), (1, 0.6)):
        assert RepairLoop(0.6, 5, 0.95, 0.5, b).solved(5) == pytest.approx(expected, abs=5e-5)
    assert RepairLoop(0.6, 5, 0.6, 0.5, 0).solved(5) == pytest.approx(0.667, abs=5e-4)


@given(SHARE, st.integers(1, 8), SHARE, SHARE, st.integers(1, 8))
def test_tests_made_from_the_code_are_worth_one_shot(p, k, v, d, attempts):
    assert RepairLoop(p, k, v, d, 1.0).solved(attempts) == pytest.approx(p)


@given(SHARE, st.integers(1, 5), SHARE, SHARE, st.integers(1, 6))
def test_a_kept_suite_by_all_suites_that_could_be(p, k, v, d, attempts):
    found = 0.0
    for kinds in product(("invalid", "exposing", "blind"), repeat=k):
        chance = {"invalid": 1 - v, "exposing": v * d, "blind": v * (1 - d)}
        weight, reached = 1.0, 1.0
        for kind in kinds:
            weight *= chance[kind]
        for attempt in range(attempts):
            right = "invalid" not in kinds
            wrong = right and "exposing" not in kinds
            last = attempt == attempts - 1
            found += weight * reached * p * (right or last)
            reached *= p * (not right) + (1 - p) * (not wrong)
    assert RepairLoop(p, k, v, d).solved_with_kept_suite(attempts) == pytest.approx(found, abs=1e-9)


def test_a_kept_suite_is_worth_less_where_tests_err():
    loop = RepairLoop(0.6, 5, 0.95, 0.5)
    assert loop.solved_with_kept_suite(5) < loop.solved(5)
    sure = RepairLoop(0.6, 5, 1.0, 1.0)
    assert sure.solved_with_kept_suite(5) == pytest.approx(sure.solved(5))


@pytest.mark.parametrize("wrong", range(6))
def test_draws(wrong):
    orders = [order.index(0) + 1 for order in permutations(range(wrong + 1))]
    assert draws_without_replacement(wrong) == pytest.approx(sum(orders) / len(orders))
    hit = 1 / (wrong + 1)
    assert draws_with_replacement(wrong) == pytest.approx(sum(n * hit * (1 - hit) ** (n - 1) for n in range(1, 2000)))


@pytest.mark.parametrize("n", range(1, 8))
def test_pass_at_counts_subsets(n):
    for c in range(n + 1):
        for k in range(1, n + 1):
            good = sum(any(i < c for i in chosen) for chosen in combinations(range(n), k))
            assert pass_at(k, n, c) == pytest.approx(good / comb(n, k))
    with pytest.raises(ValueError):
        pass_at(n + 1, n, 0)
