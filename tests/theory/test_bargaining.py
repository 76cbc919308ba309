"""Division and trade against figures on paper, backward induction by brute force, and broken formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory.bargaining import division_tree, finite_shares, proposer_share, rubinstein, trade_price
from manyminds.theory.sequential import backward_induction, friendly

# First and second discount factor -> the first share without an end and with 12 stages, as printed in the paper.
FIGURES = {(0.9, 0.9): (0.5263, 0.3777), (0.8, 0.95): (0.2083, 0.1682), (0.95, 0.8): (0.8333, 0.6728)}


@pytest.mark.parametrize(("factors", "shares"), FIGURES.items())
def test_figures_of_the_paper(factors, shares):
    assert rubinstein(*factors) == pytest.approx(shares[0], abs=5e-5)
    assert finite_shares(*factors, 12)[0] == pytest.approx(shares[1], abs=5e-5)


def test_the_patient_take_all_and_two_of_them_leave_it_open():
    assert rubinstein(0.9, 1.0) == 0 and rubinstein(1.0, 0.9) == 1 and rubinstein(1.0, 1.0) is None
    assert finite_shares(1, 1, 12)[0] == 0  # of an even number of stages the second player has the last word
    assert finite_shares(1, 1, 11)[0] == 1


@given(some.floats(0, 0.99), some.floats(0, 0.99), some.integers(1, 40))
def test_the_recursion_as_it_is_defined(first, second, stages):
    shares = finite_shares(first, second, stages)
    assert shares[-1] == 1
    for stage in range(1, stages):
        responder = second if stage % 2 else first
        assert shares[stage - 1] == pytest.approx(1 - responder * shares[stage], abs=1e-12)


@settings(max_examples=20)
@given(some.floats(0, 0.9), some.floats(0, 0.9))
def test_a_far_end_is_like_none(first, second):
    assert proposer_share(first, second, 299) == pytest.approx(rubinstein(first, second), abs=1e-9)


def test_arrays_are_the_numbers_one_by_one():
    rng = np.random.default_rng(1)
    first, second = rng.random((2, 50))
    later = np.where(rng.random(50) < 0.3, np.nan, rng.integers(0, 12, 50))
    whole = proposer_share(first, second, later)
    assert whole == pytest.approx([proposer_share(*each) for each in zip(first, second, later)])
    with pytest.raises(ValueError, match="counts stages"):
        proposer_share(0.9, 0.9, -1)


@pytest.mark.parametrize("factors", [(0.5, 0.5), (0.75, 0.5), (1.0, 0.5), (0.5, 1.0)])
@pytest.mark.parametrize("stages", [1, 2, 3])
def test_backward_induction_on_a_grid_that_holds_the_answer(factors, stages):
    """With ties in favour of both, the tree's value is the closed form to the width of the grid."""
    grid = [k / 16 for k in range(17)]
    solved = backward_induction(division_tree(factors, stages, grid), friendly)
    assert solved.values[0] == pytest.approx(finite_shares(*factors, stages)[0], abs=1 / 16 + 1e-9)
    assert solved.values.sum() == pytest.approx(1)  # agreed on at once, so nothing is lost


def test_prices_of_the_paper():
    assert trade_price(0.8, 1.2, 1) == 1.2 and trade_price(0.8, 1.2, 10) == 0.8
    assert trade_price(1.2, 0.8, 10) is None and trade_price(0.8, 1.2, None) is None
    assert trade_price(0.8, 1.2, 1, seller_first=False) == 0.8 and trade_price(1, 1, 1) == 1


def test_a_mutant_that_discounts_the_proposer_is_noticed():
    def wrong(first, second, stages):
        share = 1.0
        for stage in range(stages - 1, 0, -1):
            share = 1 - (first if stage % 2 else second) * share  # the proposer's factor in place of the responder's
        return share

    assert abs(wrong(0.8, 0.95, 12) - finite_shares(0.8, 0.95, 12)[0]) > 0.1
