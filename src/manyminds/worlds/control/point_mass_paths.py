"""Paths of a point mass in the plane, as data for planners: to a goal, and of mixed quality around the origin.

The mass has position and speed and is accelerated: v' = v + dt a, p' = p + dt v'. A path is an array (H, 6) whose rows
are position, speed (before the action) and acceleration.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SIZE = 6  # numbers in a row


@dataclass(frozen=True)
class PointMassPaths:
    """Paths of `horizon` rows, `dt` apart in time. All randomness comes from the generator given."""

    horizon: int = 16
    dt: float = 0.25
    jitter: float = 0.1  # standard deviation of what is added to every action of the data

    @cached_property
    def reach(self) -> np.ndarray:
        """What the actions of one axis do to its last position and speed: (2, horizon - 1)."""
        steps = self.horizon - 1
        later = np.arange(steps, 0, -1)  # steps from an action to the end, its own included
        return np.stack([self.dt**2 * later, np.full(steps, self.dt)])

    def rolled(self, start: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Paths (N, H, 6) from start states (N, 4) under actions (N, H, 2); the last action has no effect within."""
        rows, p, v = [], start[:, :2], start[:, 2:]
        for a in actions.transpose(1, 0, 2):
            rows.append(np.concatenate([p, v, a], 1))
            v = v + self.dt * a
            p = p + self.dt * v
        return np.stack(rows, 1)

    def shortest(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Actions (N, H, 2) of least energy that come to rest at the goals (N, 2)."""
        steps = self.horizon - 1
        drift = start[:, :2] + steps * self.dt * start[:, 2:]
        missing = np.stack([goal - drift, -start[:, 2:]], 1)  # (N, 2 conditions, 2 axes)
        actions = np.einsum("hc,ncx->nhx", np.linalg.pinv(self.reach), missing)
        return np.concatenate([actions, np.zeros((len(start), 1, 2))], 1)

    def to_goals(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Paths between uniform places of the square [-1, 1]^2, at least energy but for the jitter."""
        start = np.concatenate([rng.uniform(-1, 1, (count, 2)), np.zeros((count, 2))], 1)
        actions = self.shortest(start, rng.uniform(-1, 1, (count, 2)))
        return self.rolled(start, actions + self.jitter * rng.normal(size=actions.shape))

    def starts(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """At rest on the unit circle."""
        angle = rng.uniform(0, 2 * np.pi, count)
        return np.concatenate([np.stack([np.cos(angle), np.sin(angle)], 1), np.zeros((count, 2))], 1)

    def mixed(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Paths of controllers of mixed quality that ought to bring the mass to the origin and keep it there.

        Quality is uniform in [0, 1]: the better the controller, the nearer to the origin it aims, the harder it pulls.
        """
        start, quality = self.starts(rng, count), rng.uniform(0, 1, (count, 1))
        aim = (1 - quality) * rng.normal(size=(count, 2))
        pull = 0.5 + 2.5 * quality
        rows, p, v = [], start[:, :2], start[:, 2:]
        for _ in range(self.horizon):
            a = pull * (aim - p) - 2 * np.sqrt(pull) * v + self.jitter * rng.normal(size=p.shape)
            rows.append(np.concatenate([p, v, a], 1))
            v = v + self.dt * a
            p = p + self.dt * v
        return np.stack(rows, 1)

    def returns(self, paths: np.ndarray) -> np.ndarray:
        """Minus the mean squared distance from the origin: (N,)."""
        return -(paths[:, :, :2] ** 2).sum(2).mean(1)
