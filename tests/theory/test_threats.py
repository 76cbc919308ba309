"""Policies with memory: the grim profile in closed form, brute force over deviations, and the kibitzer's bounds."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory.kibitzer import kibitzer_visits, least_gap_with_kibitzer, with_kibitzer
from manyminds.theory.named_games import THREATS, random_game
from manyminds.theory.normal_form import equilibria, pure, regrets
from manyminds.theory.threats import (
    Automaton,
    grim,
    plain_gap,
    stationary,
    value_and_best,
)

GRIM = grim(THREATS, (0, 0), (2, 2))


def test_the_only_equilibria_in_sight_are_not_on_or_off_the_path():
    assert regrets(THREATS, pure(THREATS, (0, 0))).tolist() == [0.25, 0.25]
    assert regrets(THREATS, pure(THREATS, (2, 2))) == pytest.approx([0.1, 0.1])
    assert any(p[0].argmax() == p[1].argmax() == 1 and regrets(THREATS, p).max() < 1e-9 for p in equilibria(THREATS))


@pytest.mark.parametrize("stages", [10, 20, 50, 200])
def test_threats_leave_a_quarter_over_h(stages):
    for player in range(2):
        assert plain_gap(THREATS, GRIM, player, stages) == pytest.approx(0.25 / stages, abs=1e-12)


def test_best_deviation_against_an_automaton_by_trying_all_plans():
    rng = np.random.default_rng(0)
    game = random_game(rng, 2, 2)
    machine = Automaton(tuple(np.eye(2)[rng.integers(2, size=3)] for _ in range(2)), rng.integers(3, size=(3, 2, 2)))
    best = -np.inf
    for plan in product(range(2), repeat=4):  # the other is deterministic, so a plan is a sequence
        state, total = machine.start, 0.0
        for action in plan:
            done = (action, int(machine.mixes[1][state].argmax()))
            total, state = total + game[0][done], int(machine.moves[(state, *done)])
        best = max(best, total / 4)
    assert value_and_best(game, machine, 0, 4)[1] == pytest.approx(best)


@settings(max_examples=20)
@given(some.integers(0, 2**32))
def test_the_kibitzers_game_is_zero_sum_and_zero_at_obedience(seed):
    game = random_game(np.random.default_rng(seed), 2, 3)
    named = with_kibitzer(game)
    assert named.shape == (3, 2, 3, 5) and abs(named.sum(axis=0)).max() < 1e-12
    assert named[2, 0, 0, 0] == 0 and named[2, 1, 0, 0] == game[0, 0, 0] - game[0, 1, 0]
    assert named[2, 0, 1, 2 + 2] == game[1, 0, 2] - game[1, 0, 1] == -named[1, 0, 1, 2 + 2]


def gaps_of_a_stationary_kibitzer(mix, stages):
    """The three gaps when the kibitzer mixes so on the path and, after a deviation by j, names j's best reply."""
    named = with_kibitzer(THREATS)
    path = named[:, 0, 0] @ mix
    gaps = [named[2, 0, 0].max() - path[2]]
    for j in range(2):
        once = max(named[(j, *((a, 0) if j == 0 else (0, a)))] @ mix for a in (1, 2))
        gaps.append(max(max(0.0, once - path[j]) / stages - path[j] * (stages - 1) / stages, 0.0))
    return gaps


def test_whatever_the_kibitzer_does_somebody_gains_a_twelfth():
    """A grid over symmetric strategies stays above the bound, and near what the program finds."""
    found = least_gap_with_kibitzer(THREATS, GRIM, 20)
    assert found == pytest.approx(0.25 / 3, abs=1e-9)
    grid = []
    for good, idle in product(np.linspace(0, 0.5, 51), np.linspace(0, 0.5, 51)):
        if good + idle <= 0.5:
            rest = 0.5 - good - idle
            grid.append(max(gaps_of_a_stationary_kibitzer(np.array([idle, good, rest] * 2), 20)))
    assert found <= min(grid) + 1e-9 and min(grid) < 0.09


def test_reacting_threats_leave_a_tenth_over_three():
    supports = [s for size in (1, 2, 6) for s in combinations(range(6), size)]
    least = min(least_gap_with_kibitzer(THREATS, GRIM, 10, s) for s in supports)
    assert least >= 0.1 / 3 - 1e-9


def test_the_bound_of_the_kibitzer_in_other_games_too():
    rng = np.random.default_rng(5)
    for _ in range(5):
        game = random_game(rng, 2, 2)
        profile = grim(game, (0, 1), (1, 0))
        bound = regrets(game, pure(game, (0, 1))).max() / 3
        assert least_gap_with_kibitzer(game, profile, 6) >= bound - 1e-9


@settings(max_examples=8)
@given(some.integers(0, 2**32))
def test_the_kibitzers_deviation_earns_the_regrets_it_visits(seed):
    rng = np.random.default_rng(seed)
    game, stages, count = random_game(rng, 2, 2), 12, 3
    machines = [Automaton(tuple(rng.dirichlet([0.5, 0.5], 2) for _ in range(2)), rng.integers(2, size=(2, 2, 2)))
                for _ in range(count)]  # fmt: skip
    found = kibitzer_visits(game, machines, stages, rng, 60)
    loss = np.sqrt(8 * np.log(count) / stages)
    assert found.value + 4 * found.error >= found.mean_largest_regret - loss and found.flagged == 0
    assert regrets(game, found.best).sum() == pytest.approx(found.sums.min())


def test_extraction_without_the_kibitzer_fails_on_threats_and_works_on_equilibria():
    alone = kibitzer_visits(THREATS, [GRIM], 10, np.random.default_rng(0), 5)
    assert alone.sums.min() == 0.5 and alone.value == pytest.approx(0.25)  # a small gap, and no equilibrium anywhere
    defect = stationary(pure(THREATS, (1, 1)))
    mixed = kibitzer_visits(THREATS, [GRIM, defect], 10, np.random.default_rng(0), 10)
    assert mixed.sums.min() == 0 and [int(p.argmax()) for p in mixed.best] == [1, 1]


def test_mutants():
    """Equilibria sought on the path only, and one shared rollout for obeying and deviating."""
    obeyed, best = value_and_best(THREATS, GRIM, 0, 10)
    shared_path = float(THREATS[0][:, 0].max())  # the deviator still meets cooperation: the path of the obedient
    assert best - obeyed == pytest.approx(0.025) and shared_path - obeyed == pytest.approx(0.25)
    # On the path alone the profile (C, C) has regret; that it is held by threats is seen off the path only.
    assert plain_gap(THREATS, stationary(pure(THREATS, (0, 0))), 0, 10) == pytest.approx(0.25)
