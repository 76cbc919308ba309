"""Marginals by table, by chain and by dynamic programming, against sums written out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.theory import exact_marginals as exact


def partials(size, symbols):
    return np.array(list(product(range(symbols + 1), repeat=size)))


def test_the_table_sums_out_what_is_unknown():
    rng = np.random.default_rng(0)
    logs = rng.normal(size=27)
    table, everything = exact.tabled(logs, 3, 3), exact.every(3, 3)
    p = np.exp(logs) / np.exp(logs).sum()
    for row, found in zip(partials(3, 3), exact.log_marginals(table, partials(3, 3))):
        assert np.exp(found) == pytest.approx(p[((row == 0) | (everything == row)).all(1)].sum())


@given(some.permutations(range(3)), some.integers(0, 100))
def test_a_chain_is_normalised_in_every_order_and_equal_to_its_law(order, seed):
    table = exact.tabled(np.random.default_rng(seed).normal(size=8), 3, 2)

    def logits(x):
        more = np.repeat(np.repeat(x[:, None, None], 3, 1), 2, 2)  # (n, place, symbol, size)
        for place, symbol in product(range(3), range(2)):
            more[:, place, symbol, place] = symbol + 1
        return exact.log_marginals(table, more.reshape(-1, 3)).reshape(len(x), 3, 2)

    found = exact.chain_table(logits, np.array(order), 3, 2)
    np.testing.assert_allclose(found, table, atol=1e-9)


def test_divergence_of_a_law_to_itself_is_0_and_to_another_is_not():
    table = exact.tabled(np.arange(4.0), 2, 2)
    assert exact.divergence(table, table) == 0
    even = exact.tabled(np.zeros(4), 2, 2)
    assert exact.divergence(even, table) == pytest.approx(-np.log(4) - table.mean())


def test_too_many_assignments_are_refused():
    with pytest.raises(ValueError, match="too many"):
        exact.every(30, 2)


@pytest.fixture
def chain():
    """Order 2 over three symbols, all contexts, with its stationary law."""
    rng = np.random.default_rng(4)
    contexts = np.array(list(product((1, 2, 3), repeat=2)))
    moves = np.zeros((9, 9))
    for i, (_, last) in enumerate(contexts):
        for j, (first, _) in enumerate(contexts):
            moves[i, j] = rng.uniform() if first == last else 0
    moves /= moves.sum(1, keepdims=True)
    start = np.linalg.matrix_power(moves, 200)[0]
    return exact.MarkovChain(contexts, start / start.sum(), moves)


def brute(chain, size):
    """The law of all strings, letter by letter."""
    place = {tuple(c): i for i, c in enumerate(chain.contexts)}
    logs = []
    for string in product((1, 2, 3), repeat=size):
        p = chain.start[place[string[:2]]]
        for i in range(2, size):
            p *= chain.moves[place[string[i - 2 : i]], place[string[i - 1 : i + 1]]]
        logs.append(np.log(p))
    return np.array(logs)


def test_dynamic_programming_gives_every_mask_what_enumeration_gives(chain):
    logs = brute(chain, 4)
    table = exact.tabled(logs, 4, 3)
    masks = partials(4, 3)
    np.testing.assert_allclose(chain.log_marginals(masks), exact.log_marginals(table, masks), atol=1e-9)
    assert logs.max() < 0 and np.exp(logs).sum() == pytest.approx(1)


def test_entropy_is_that_of_the_strings(chain):
    for size in (2, 4):
        logs = brute(chain, size)
        assert chain.entropy(size) == pytest.approx(-(np.exp(logs) * logs).sum(), abs=1e-9)


def test_what_cannot_be_has_no_probability(chain):
    never = exact.MarkovChain(chain.contexts, np.eye(9)[0], chain.moves)  # begins with 1 1
    assert never.log_marginals(np.array([[2, 0, 0, 0]]))[0] == -np.inf
    with pytest.raises(ValueError, match="order 2"):
        never.log_marginals(np.array([[1]]))
