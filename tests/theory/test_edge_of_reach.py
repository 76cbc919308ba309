"""The edge of reach by its definition and by search, values by a second way, errors along a rollout exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory import edge_of_reach as theory
from manyminds.worlds.grids.goal_grid import GoalGrid


@some.composite
def graphs(draw):
    cells, actions = draw(some.integers(1, 12)), draw(some.integers(1, 3))
    rows = some.lists(some.integers(0, cells - 1), min_size=actions, max_size=actions)
    after = np.array(draw(some.lists(rows, min_size=cells, max_size=cells)))
    starts = np.zeros(cells, bool)
    starts[list(draw(some.sets(some.integers(0, cells - 1), min_size=1)))] = True
    return after, starts, draw(some.integers(1, 6))


def places(after, starts, steps):
    """Where every single sequence of actions leads, one by one."""
    found = [set(np.flatnonzero(starts))]
    for _ in range(steps):
        found.append({int(after[cell, action]) for cell in found[-1] for action in range(after.shape[1])})
    return found


@settings(max_examples=60)
@given(graphs())
def test_the_edge_by_enumeration_by_definition_and_by_search(graph):
    after, starts, steps = graph
    rows = places(after, starts, steps)
    expected = rows[steps] - set().union(*rows[:steps])
    assert set(np.flatnonzero(theory.edge_of_reach(after, starts, steps))) == expected
    assert set(np.flatnonzero(theory.distances(after, starts) == steps)) == expected


def test_the_edge_of_the_grid_is_a_ring_and_vanishes_past_the_farthest_cell():
    grid = GoalGrid()
    gap = np.maximum(np.abs(grid.places - grid.centre) - grid.margin, 0).sum(1)
    for k in (1, 3, 5, 10):
        assert (theory.edge_of_reach(grid.after, grid.starts, k) == (gap == k)).all()
    far = theory.distances(grid.after, grid.starts).max()
    assert far == 34 and not theory.edge_of_reach(grid.after, grid.starts, 35).any()
    assert theory.edge_of_reach(grid.after, grid.starts, 34).any()


def test_best_values_by_the_distance_to_the_goal():
    grid, discount = GoalGrid(), 0.95
    steps = np.abs(grid.places - grid.goal).sum(1)
    expected = -(1 - discount ** np.maximum(steps - 1, 0)) / (1 - discount)
    found = theory.optimal_values(grid.after, grid.reward, discount)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found[grid.starts].mean() == pytest.approx(-4.19, abs=0.005)


@settings(max_examples=30)
@given(graphs(), some.integers(0, 2**32 - 1))
def test_policy_values_solve_their_linear_equation(graph, seed):
    after, rng = graph[0], np.random.default_rng(seed)
    reward, policy = rng.normal(size=after.shape), rng.integers(after.shape[1], size=len(after))
    rows = np.arange(len(after))
    move = np.zeros((len(after), len(after)))
    move[rows, after[rows, policy]] = 1
    expected = np.linalg.solve(np.eye(len(after)) - 0.9 * move, reward[rows, policy])
    np.testing.assert_allclose(theory.policy_values(after, reward, policy, 0.9), expected, atol=1e-10)


@settings(max_examples=50)
@given(some.integers(1, 40), some.floats(0.1, 0.999), some.floats(-10, 10))
def test_an_error_at_the_end_is_passed_on_exactly(steps, discount, error):
    rewards = np.sin(np.arange(steps))
    true = np.zeros(steps + 1)
    for t in reversed(range(steps)):
        true[t] = rewards[t] + discount * true[t + 1]
    found = theory.backed_up(rewards, true, error, discount, sweeps=steps)
    np.testing.assert_allclose(found, theory.propagated(error, discount, steps), atol=1e-12)
    # A learner that takes the cut for an end passes nothing on: the problem is hidden, and every value is biased.
    hidden = theory.backed_up(rewards, true, -true[steps], discount, sweeps=steps)
    np.testing.assert_allclose(hidden, 0, atol=1e-12)
