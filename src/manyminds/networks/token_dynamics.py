"""How tokens move through the layers of a selective state space stack, when layers become time (arXiv 2410.03292).

Each residual layer is an Euler step of dx_l/dt = sum_{j<=l} P_lj(x) x_j. In one dimension tokens keep their sign, so
the logarithm of their size is followed, with a clock that suits each regime: log-time where they shrink or creep, and a
clock that slows down as they race where they blow up. A plain clock would need e^600 steps or step over the blow-up.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from manyminds.theory.token_dynamics import softplus


@dataclass(frozen=True)
class Line:
    """One channel: mu = S_C' S_B, s = S_Delta, a = decay rate (> 0)."""

    mu: float
    s: float
    a: float

    def regime(self, x: np.ndarray) -> str:
        """`convergence`, `slow divergence` or `fast divergence`, by the signs alone; `still` where nothing moves."""
        if self.mu == 0 or not np.any(x):
            return "still"
        if self.mu < 0:
            return "convergence"
        return "fast divergence" if np.any(self.s * x[x != 0] >= 0) else "slow divergence"

    def log_rates(self, log_size: np.ndarray, sign: np.ndarray) -> np.ndarray:
        """ln |dx_l/dt / (mu x_l)| for all tokens; in logarithms, because steps may be as small as e^-600."""
        u = self.s * sign * np.exp(log_size)
        step = softplus(u)
        log_step = np.where(u < -30, u, np.log(np.maximum(step, 1e-300)))  # ln(ln(1 + e^u)) is u far below 0
        pulled = 2 * log_size + log_step
        decay = np.concatenate([[0.0], np.cumsum(self.a * step[1:])])  # up to token l, from the second on
        # ln sum_{j<=l} exp(pulled_j - (decay_l - decay_j))
        return np.logaddexp.accumulate(pulled + decay) - decay

    def velocity(self, x: np.ndarray) -> np.ndarray:
        """dx/dt, by the definition with its double sum."""
        step = softplus(self.s * x)
        total = np.concatenate([[0.0], np.cumsum(step)])
        out = np.zeros_like(x)
        for i in range(len(x)):
            weights = np.exp(-self.a * (total[i + 1] - total[1 : i + 2]))
            out[i] = self.mu * x[i] * np.sum(weights * x[: i + 1] ** 2 * step[: i + 1])
        return out


class Path(NamedTuple):
    """`log_time`: ln(1 + t) of each point, shape (points,); `x`: the tokens there, shape (points, tokens)."""

    log_time: np.ndarray
    x: np.ndarray


def followed(line: Line, x: np.ndarray, log_times: np.ndarray) -> Path:
    """The tokens at the given values of ln(1 + t), for regimes without blow-up; no x may be 0."""
    sign, begun = np.sign(x), np.log(np.abs(x))

    def motion(log_time: float, log_size: np.ndarray) -> np.ndarray:
        return line.mu * np.exp(log_time + line.log_rates(log_size, sign))

    end = float(log_times[-1])
    found = solve_ivp(motion, (0.0, end), begun, "LSODA", t_eval=log_times, rtol=1e-10, atol=1e-12)
    if not found.success:
        raise ArithmeticError(f"the tokens could not be followed to ln(1+t) = {end:g}: {found.message}")
    return Path(found.t, sign * np.exp(found.y.T))


class BlowUp(NamedTuple):
    time: float
    x: np.ndarray  # the tokens just before


def blown_up(line: Line, x: np.ndarray, size: float = 1e7) -> BlowUp:
    """When the first token reaches infinity; followed to `size`, with the little time that is left from there added.

    The clock runs as dt/dr = 1 / (1 + mu max_l rate_l), so that sizes grow exponentially in r.
    """
    sign, begun = np.sign(x), np.log(np.abs(x))
    n = len(x)

    def motion(_: float, state: np.ndarray) -> np.ndarray:
        rates = line.mu * np.exp(line.log_rates(state[:n], sign))
        pace = 1 / (1 + rates.max())
        return np.concatenate([rates * pace, [pace]])

    def large(_: float, state: np.ndarray) -> float:
        return float(state[:n].max() - np.log(size))

    large.terminal = True  # type: ignore[attr-defined]
    start = np.concatenate([begun, [0.0]])
    found = solve_ivp(motion, (0.0, 1e6), start, "LSODA", events=large, rtol=1e-11, atol=1e-13)
    if not len(found.t_events[0]):
        raise ArithmeticError("the tokens did not blow up")
    end = found.y_events[0][0]
    # Beyond `size`, u' = rate u with a rate that grows as u^3: what is left is 1 / (3 rate).
    left = 1 / (3 * line.mu * np.exp(line.log_rates(end[:n], sign).max()))
    return BlowUp(float(end[n] + left), sign * np.exp(end[:n]))


@dataclass(frozen=True)
class Plane:
    """Tokens with several channels. `product` = S_C' S_B and `steps` = S_Delta have shape (D, D), `decay` (D,)."""

    product: np.ndarray
    steps: np.ndarray
    decay: np.ndarray

    def velocity(self, x: np.ndarray) -> np.ndarray:
        """dx_{l,d}/dt = sum_{j<=l} P_{lj,d} x_{j,d}; `x` has shape (tokens, D)."""
        step = softplus(x @ self.steps.T)
        total = np.cumsum(self.decay * step, axis=0)
        score = np.tril(x @ self.product @ x.T)
        kernel = np.exp(np.minimum(total[None] - total[:, None], 0.0))  # (l, j, D); j > l is masked by the score
        return np.einsum("lj,ljd,jd,jd->ld", score, kernel, step, x)

    def fate(self, x: np.ndarray, small: float = 0.02, large: float = 50.0, budget: int = 20_000) -> str:
        """`converges`, `diverges` or `undecided`: which of two sizes the largest token passes first.

        The clock slows down with the speed of the tokens relative to their size, so that a blow-up is not stepped over.
        Undecided after `budget` evaluations of the velocity, or where tokens turn round each other too fast to follow.
        """
        spent = 0

        def motion(_: float, flat: np.ndarray) -> np.ndarray:
            nonlocal spent
            spent += 1
            if spent > budget:
                raise TimeoutError
            now = flat.reshape(x.shape)
            v = self.velocity(now)
            return (v / (1e-3 + np.linalg.norm(v) / np.linalg.norm(now))).ravel()

        def passed(bound: float) -> Callable[[float, np.ndarray], float]:
            def event(_: float, flat: np.ndarray) -> float:
                return float(np.log(np.linalg.norm(flat.reshape(x.shape), axis=1).max() / bound))

            event.terminal = True  # type: ignore[attr-defined]
            return event

        events = [passed(small), passed(large)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a solver that cannot go on leaves the fate undecided
                found = solve_ivp(motion, (0, 1e6), x.ravel(), "LSODA", events=events, rtol=1e-6, atol=1e-9)
        except TimeoutError:
            return "undecided"
        if len(found.t_events[0]):
            return "converges"
        return "diverges" if len(found.t_events[1]) else "undecided"


def stacked(line: Line, x: np.ndarray, time: float, layers: int) -> np.ndarray:
    """The tokens after `layers` residual layers that share the time between them: Euler steps."""
    for _ in range(layers):
        x = x + time / layers * line.velocity(x)
    return x
