"""Factorial designs: every cell, and nuisance factors balanced within each."""

from collections import Counter
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.core import BadInput, Seeds
from manyminds.core.factorial import Design, Factor, balance, balanced_orders

levels = some.integers(1, 4).map(lambda n: tuple(range(n)))


@given(levels, levels, levels, levels, some.integers(1, 20), some.integers(0, 100))
def test_all_cells_and_no_imbalance_beyond_one(a, b, order, case, repeats, root):
    factors = (Factor("a", a), Factor("order", order, True), Factor("b", b), Factor("case", case, True))
    design = Design(factors, repeats)
    trials = list(design.trials(Seeds(root)))
    assert trials == list(design.trials(Seeds(root)))
    counts = Counter(trial.cell(factors) for trial in trials)
    assert set(counts) == set(design.cells()) and set(counts.values()) == {repeats}
    assert balance(trials, factors) <= (0 if repeats % (len(order) * len(case)) == 0 else 1)


def test_a_cell_does_not_depend_on_the_others():
    nuisance = (Factor("order", (1, 2), True), Factor("case", tuple("abcd"), True))
    few = Design((Factor("x", ("p",)), *nuisance), 5).trials(Seeds(3))
    many = [t for t in Design((Factor("x", ("q", "p")), *nuisance), 5).trials(Seeds(3)) if t["x"] == "p"]
    assert [(t["order"], t["case"]) for t in few] == [(t["order"], t["case"]) for t in many]


def test_a_design_that_forgets_to_balance_is_seen():
    factors = (Factor("x", (0, 1)), Factor("order", (0, 1), True))
    trials = [t for t in Design(factors, 8).trials(Seeds(0)) if not (t["x"] == 0 and t["order"] == 1)]
    assert balance(trials, factors) == 4


@given(some.integers(1, 8))
def test_orders_are_balanced_for_place_and_predecessor(n):
    orders = balanced_orders(tuple(range(n)))
    assert len(orders) == (n if n % 2 == 0 else 2 * n)
    assert all(sorted(order) == list(range(n)) for order in orders)
    for place in range(n):
        assert len(set(Counter(order[place] for order in orders).values())) == 1
    follows = Counter((a, b) for order in orders for a, b in pairwise(order))
    assert n == 1 or (set(follows) == set(permutations(range(n), 2)) and len(set(follows.values())) == 1)


def test_what_is_no_design():
    with pytest.raises(BadInput, match="distinct levels"):
        Factor("x", ())
    with pytest.raises(BadInput, match="twice"):
        Design((Factor("x", (1,)), Factor("x", (2,))))
    with pytest.raises(BadInput, match="at least 1"):
        Design((Factor("x", (1,)),), 0)
