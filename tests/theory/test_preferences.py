"""Rules of choice on preference matrices: closed forms, brute force, and what must not change anything."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as s

from manyminds.theory import preferences as theory

matrices = s.integers(0, 10_000).flatmap(
    lambda seed: s.integers(2, 9).map(lambda n: theory.random_preferences(np.random.default_rng(seed), n))
)


@settings(max_examples=40)
@given(matrices)
def test_nobody_beats_the_minimax_winner(matrix):
    value, mixture = theory.minimax_winner(matrix)
    assert abs(value) < 1e-9 and theory.exploitability(matrix, mixture) < 1e-9
    assert theory.duality_gap(matrix, mixture, mixture) == pytest.approx(0, abs=2e-9)


@settings(max_examples=40)
@given(matrices, s.floats(0.01, 1))
def test_the_scale_of_preferences_does_not_matter(matrix, scale):
    assert theory.distance(theory.minimax_winner(matrix).mixture, theory.minimax_winner(scale * matrix).mixture) < 1e-6


@settings(max_examples=40)
@given(matrices, s.integers(0, 100))
def test_a_clone_shares_the_mass_of_its_original(matrix, which):
    which %= len(matrix)
    before, after = (theory.minimax_winner(m).mixture for m in (matrix, theory.cloned(matrix, which)))
    assert before[which] == pytest.approx(after[which] + after[-1], abs=1e-6)


@settings(max_examples=40)
@given(matrices, s.integers(0, 100), s.floats(0.05, 0.5))
def test_what_is_dominated_gets_nothing(matrix, which, worse):
    which, n = which % len(matrix), len(matrix)
    wide = np.zeros((n + 1, n + 1))
    wide[:n, :n] = 0.4 * matrix
    wide[n, :n] = wide[which, :n] - worse  # worse than `which` against everybody, itself included
    wide[:n, n] = -wide[n, :n]
    wide[n, which], wide[which, n] = -worse, worse
    assert theory.minimax_winner(wide).mixture[n] < 1e-9


def test_the_weighted_cycle_in_closed_form():
    rng = np.random.default_rng(0)
    for _ in range(20):
        weights = rng.uniform(0.05, 1, 3)
        found = theory.minimax_winner(theory.cycle(*weights)).mixture
        np.testing.assert_allclose(found, theory.cycle_winner(*weights), atol=1e-9)
    np.testing.assert_allclose(theory.cycle_winner(0.6, 0.9, 0.2) * 17, (9, 2, 6))
    np.testing.assert_allclose(theory.minimax_winner(theory.rock_paper_scissors(7)).mixture, 1 / 7, atol=1e-9)


def test_a_favourite_is_the_only_winner_whatever_cycles_below_it():
    matrix = theory.with_favourite(np.random.default_rng(1), 9, 0.3)
    assert theory.condorcet(matrix) == 0 == theory.copeland(matrix).argmax()
    np.testing.assert_allclose(theory.minimax_winner(matrix).mixture, np.eye(9)[0], atol=1e-9)
    assert theory.condorcet(theory.rock_paper_scissors(5)) is None


def test_the_borda_trap():
    trap = theory.BORDA_TRAP
    assert theory.minimax_winner(trap).mixture.argmax() == 0 == theory.condorcet(trap)
    assert theory.borda(trap).argmax() == theory.fitted_to(trap).argmax() == 1
    np.testing.assert_allclose(theory.borda(trap)[:2], (0.2, 0.6))


def test_cycles_are_counted_as_by_hand():
    matrix = theory.random_preferences(np.random.default_rng(2), 8)
    triples = list(combinations(range(8), 3))
    cyclic = sum(
        any(matrix[a, b] > 0 and matrix[b, c] > 0 and matrix[c, a] > 0 for a, b, c in permutations(triple))
        for triple in triples
    )
    assert theory.cyclic_triples(matrix) == cyclic
    assert theory.intransitivity(matrix) == pytest.approx(cyclic / len(triples))
    assert theory.intransitivity(theory.cycle(0.1, 0.1, 0.1)) == 1
    order = np.sign(np.arange(5)[:, None] - np.arange(5)[None]).astype(float)
    assert theory.cyclic_triples(order) == 0 == theory.intransitivity(order[:2, :2])


def test_scores_that_exist_are_found_and_cost_nothing():
    scores = np.array([0.5, -1.0, 0.2, 0.3])
    matrix = np.tanh((scores[:, None] - scores[None]) / 2)
    found = theory.fitted_to(matrix)
    np.testing.assert_allclose(found, scores - scores.mean(), atol=1e-6)
    assert theory.misfit(matrix, found) == pytest.approx(0, abs=1e-9)
    assert theory.misfit(theory.cycle(0.6, 0.9, 0.2), theory.fitted_to(theory.cycle(0.6, 0.9, 0.2))) > 0.05


def test_scores_that_do_not_exist_are_refused_unless_drawn_in():
    wins = np.array([[0, 3, 2], [0, 0, 2], [0, 1, 0]])
    with pytest.raises(ValueError, match="ridge"):
        theory.bradley_terry(wins)
    assert theory.bradley_terry(wins, ridge=0.1).argmax() == 0


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (np.zeros((2, 3)), "square"),
        (np.zeros(3), "square"),
        (np.zeros((0, 0)), "square"),
        ([[0, 0.5], [0.5, 0]], "mirror"),
        ([[0.1, 0], [0, 0]], "mirror"),
        ([[0, np.nan], [np.nan, 0]], "finite"),
        ([[0, 1.5], [-1.5, 0]], "outside"),
    ],
)
def test_what_is_no_preference_matrix_is_refused(matrix, said):
    with pytest.raises(ValueError, match=said):
        theory.minimax_winner(np.array(matrix))


def test_both_orders_are_averaged_on_demand():
    biased = np.array([[0, 0.5], [0.1, 0]])  # whoever is shown first is favoured
    np.testing.assert_allclose(theory.antisymmetric(biased), [[0, 0.2], [-0.2, 0]])
    np.testing.assert_allclose(theory.from_chances([[0.5, 0.6], [0.4, 0.5]]), [[0, 0.2], [-0.2, 0]], atol=1e-12)


def test_three_votes_can_go_round():
    votes = theory.majority([[3, 2, 1], [2, 1, 3], [1, 3, 2]])
    np.testing.assert_allclose(votes, theory.cycle(1 / 3, 1 / 3, 1 / 3))
