"""Exact optima of small problems in mean-field control: linear-quadratic agents, and two states by brute force.

The linear-quadratic world of arXiv 2307.06175's kind: x' = x + u + w, an agent sees y = x + v, w ~ N(0, noise),
v ~ N(0, blur), and all are paid -(Var(mu) + cost E u^2) a step, discounted. Under u = -K y the variance s of the limit
moves as s' = (1 - K)^2 s + K^2 blur + noise: one number, so that everything is exact.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class LinearQuadratic:
    """The constants; `first` is the variance of x_0 (1/3: uniform on [-1, 1])."""

    blur: float = 0.0
    noise: float = 0.01
    cost: float = 0.25
    discount: float = 0.95
    first: float = 1 / 3

    def after(self, s: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """The variance after a step."""
        return (1 - gain) ** 2 * s + gain**2 * self.blur + self.noise

    def reward(self, s: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return -(s + self.cost * gain**2 * (s + self.blur))

    def riccati(self) -> tuple[float, float]:
        """The fixed point P of the Riccati equation without blur, and the gain: V(s) = -P s - const."""
        p = 1.0
        for _ in range(10_000):
            gain = self.discount * p / (self.cost + self.discount * p)
            p = 1 + self.cost * gain**2 + self.discount * p * (1 - gain) ** 2
        return p, gain

    def optimum(self) -> float:
        """The optimal return without blur, in closed form."""
        p, _ = self.riccati()
        return -p * (self.first + self.discount * self.noise / (1 - self.discount))

    def fixed(self, gain: float, steps: int = 2000) -> float:
        """The return of one gain for ever."""
        s, total = self.first, 0.0
        for t in range(steps):
            total += self.discount**t * float(self.reward(s, gain))
            s = float(self.after(s, gain))
        return total

    def best_fixed(self) -> tuple[float, float]:
        """The best gain that never changes, and its return."""
        from scipy.optimize import minimize_scalar

        found = minimize_scalar(lambda gain: -self.fixed(gain), bounds=(0, 1), method="bounded")
        return float(found.x), -float(found.fun)

    def best_moving(self, points: int = 600, gains: int = 501, sweeps: int = 300) -> float:
        """The return of the best gain for every variance, by value iteration on a grid of variances."""
        # V(s) = max_K r(s, K) + discount V(s'); V is smooth, and linear interpolation on a geometric grid is enough.
        s = np.geomspace(self.noise / 2, 2 * max(self.first, self.noise), points)
        choices = np.linspace(0, 1, gains)
        value = np.zeros(points)
        coarse = np.arange(0, gains, 20)
        for sweep in range(sweeps):
            tried = choices[coarse] if sweep < sweeps - 120 else choices
            q = self.reward(s[:, None], tried) + self.discount * np.interp(self.after(s[:, None], tried), s, value)
            value = q.max(1)
        return float(np.interp(self.first, s, value))


class TwoState(NamedTuple):
    """Agents in state 0 or 1 see their state through a channel that lies with chance `blur`, and may move (action 1).

    A move succeeds with chance `works`, else nothing happens; all are paid -(m - wanted)^2 - cost E u for the share m
    of agents in state 1 (before the step). Whoever cannot see its state cannot move only from the wrong one.
    """

    blur: float = 0.2
    works: float = 0.8
    wanted: float = 0.7
    cost: float = 0.05
    discount: float = 0.9
    first: float = 0.1

    def acting(self, rule: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(move | state) for states 0 and 1 from the rule P(move | seen), shape (..., 2)."""
        keep, lie = 1 - self.blur, self.blur
        return keep * rule[..., 0] + lie * rule[..., 1], lie * rule[..., 0] + keep * rule[..., 1]

    def after(self, m: np.ndarray, rule: np.ndarray) -> np.ndarray:
        from_0, from_1 = self.acting(rule)
        return m + self.works * ((1 - m) * from_0 - m * from_1)

    def reward(self, m: np.ndarray, rule: np.ndarray) -> np.ndarray:
        from_0, from_1 = self.acting(rule)
        return -((m - self.wanted) ** 2) - self.cost * ((1 - m) * from_0 + m * from_1)


def brute_force(world: TwoState, points: int = 201, rules: np.ndarray | None = None) -> np.ndarray:
    """The optimal value on an even grid of m in [0, 1], over all `rules` (R, 2) (a 41 x 41 grid unless given)."""
    m = np.linspace(0, 1, points)
    if rules is None:
        each = np.linspace(0, 1, 41)
        rules = np.stack(np.meshgrid(each, each, indexing="ij"), -1).reshape(-1, 2)
    paid, to = world.reward(m[:, None], rules), world.after(m[:, None], rules)
    value = np.zeros(points)
    for _ in range(int(np.ceil(np.log(1e-6) / np.log(world.discount)))):
        value = (paid + world.discount * np.interp(to, m, value)).max(1)
    return value
