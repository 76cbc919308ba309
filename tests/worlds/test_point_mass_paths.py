"""Paths of the point mass: they end where they should, obey the equations of motion, and differ in quality."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.worlds.control.point_mass_paths import PointMassPaths


@given(some.integers(2, 30), some.floats(0.05, 1), some.integers(0, 99))
@settings(max_examples=25)
def test_least_energy_paths_come_to_rest_at_their_goals(horizon, dt, seed):
    world, rng = PointMassPaths(max(horizon, 4), dt), np.random.default_rng(seed)
    start, goal = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    path = world.rolled(start, world.shortest(start, goal))
    np.testing.assert_allclose(path[:, -1, :2], goal, atol=1e-6)
    np.testing.assert_allclose(path[:, -1, 2:4], 0, atol=1e-6)
    np.testing.assert_allclose(np.diff(path[:, :, 2:4], axis=1), dt * path[:, :-1, 4:], atol=1e-9)
    np.testing.assert_allclose(np.diff(path[:, :, :2], axis=1), dt * path[:, 1:, 2:4], atol=1e-9)


def test_energy_is_least():
    """Any other actions with the same end cost more."""
    world, rng = PointMassPaths(8), np.random.default_rng(0)
    start, goal = rng.normal(size=(1, 4)), rng.normal(size=(1, 2))
    best = world.shortest(start, goal)[0, :-1]
    off = rng.normal(size=(7, 2))
    off -= np.linalg.pinv(world.reach) @ (world.reach @ off)  # no effect on the end
    assert (best**2).sum() < ((best + 0.1 * off) ** 2).sum()


def test_mixed_quality_spreads_returns():
    world = PointMassPaths()
    paths = world.mixed(np.random.default_rng(0), 2000)
    low, high = np.quantile(world.returns(paths), (0.1, 0.9))
    assert paths.shape == (2000, 16, 6) and low < -0.8 and high > -0.4
    np.testing.assert_allclose((paths[:, 0, :2] ** 2).sum(1), 1, rtol=1e-12)
