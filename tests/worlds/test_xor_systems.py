"""XOR systems: solutions by elimination against all vectors, marginals by rank against counting."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory.exact_marginals import every
from manyminds.worlds.science.xor_systems import random_system


@settings(max_examples=30)
@given(some.integers(0, 10_000), some.integers(3, 7), some.integers(1, 6))
def test_solutions_are_all_vectors_that_satisfy_every_clause(seed, size, clauses):
    system = random_system(np.random.default_rng(seed), size, clauses)
    everything = every(size, 2)
    expected = {tuple(x) for x in everything[system.satisfied(everything)]}
    found = [tuple(x) for x in system.solutions()]
    assert set(found) == expected and len(found) == len(expected) > 0


@settings(max_examples=15)
@given(some.integers(0, 10_000))
def test_a_marginal_is_the_share_of_the_solutions_that_agree(seed):
    system = random_system(np.random.default_rng(seed), 5, 3)
    solutions = system.solutions()
    masks = np.array(list(product(range(3), repeat=5)))
    shares = np.array([((m == 0) | (solutions == m)).all(1).mean() for m in masks])
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(system.log_marginals(masks), np.log(shares), atol=1e-9)


def test_a_clause_has_three_variables():
    system = random_system(np.random.default_rng(0), 6, 4)
    assert (system.clauses.sum(1) == 3).all()
    flipped = system.point.copy()
    flipped[np.flatnonzero(system.clauses[0])[0]] ^= 1
    assert system.satisfied(system.point[None] + 1)[0] and not system.satisfied(flipped[None] + 1)[0]
    with pytest.raises(ValueError):
        random_system(np.random.default_rng(0), 2, 1)
