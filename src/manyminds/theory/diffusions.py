"""What must come out of a diffusion: the forward process, and backward runs on Gaussian data in closed form.

Forward (variance preserving, an Ornstein-Uhlenbeck process): dX = -X/2 dt + dW, so X_t given X_0 is normal with mean
alpha X_0 and variance h, alpha = e^{-t/2}, h = 1 - e^{-t} (arXiv 2404.07771). Backward in reversed time
s = T - t: dY = [Y/2 + score(Y, T - s)] ds + dW from N(0, 1), stopped at t = t0 > 0. On data N(0, lam) all of it is a
number. All formulas after the first two are derived here; float64 throughout.
"""

from typing import Any

import numpy as np

from manyminds.core import BadInput


def alpha(t: Any) -> Any:
    """What is left of the data at time t: e^{-t/2}."""
    return namespace(t).exp(-t / 2)


def h(t: Any) -> Any:
    """The variance of the noise at time t: 1 - e^{-t}, without cancellation at small t."""
    return -namespace(t).expm1(-t)


def namespace(x: Any) -> Any:
    """NumPy or JAX, whichever the array belongs to: one formula serves the oracle and the compiled sampler."""
    return x.__array_namespace__() if hasattr(x, "__array_namespace__") else np


def checked_times(end: float, early: float) -> None:
    """Refuse times between which no backward run exists."""
    if early <= 0:
        raise BadInput(f"a backward run must stop early at a time > 0, not at {early:g}: at 0 the noise h is 0 and the "
                       "score divides by it; 0.01 is usual")  # fmt: skip
    if early >= end:
        raise BadInput(f"a backward run goes from the end T down to the early stop; {early:g} is not below T = {end:g}")


def variance(lam: float, t: Any) -> Any:
    """Of X_t for data N(0, lam): 1 + (lam - 1) e^{-t}."""
    return 1 + (lam - 1) * np.exp(-t)


def propagator(lam: float, end: float, early: float) -> float:
    """Phi: what the exact backward SDE leaves of a deviation at time `end` when it has come down to `early`."""
    return float(np.exp((end - early) / 2) * (np.exp(early) + lam - 1) / (np.exp(end) + lam - 1))


def backward_variance(lam: float, end: float, early: float) -> float:
    """Of the exact backward SDE from N(0, 1): v(t0) + (1 - v(T)) Phi^2; the second part is the initialisation error."""
    return float(variance(lam, early) + (1 - variance(lam, end)) * propagator(lam, end, early) ** 2)


def initialisation_excess(lam: float, end: float, early: float) -> float:
    """Relative error of that variance, computed without the difference that would lose it below 1e-16."""
    return float((1 - lam) * np.exp(-end) * propagator(lam, end, early) ** 2 / variance(lam, early))


def backward_mean(offset: float, lam: float, end: float, early: float) -> float:
    """By how much a run from N(0, 1) misses the mean of data N(offset, lam) at `early`: offset e^{-T/2} Phi."""
    return float(-offset * np.exp(-end / 2) * propagator(lam, end, early))


def kl_of_excess(excess: float, shift: float = 0.0) -> float:
    """KL(N(0, v) || N(m, v (1 + excess))) with shift = m / sqrt(v); accurate for excesses far below 1e-8."""
    x = excess
    return float(0.5 * (np.log1p(x) - x / (1 + x) + shift**2 / (1 + x)))


def gaussian_kl(mean_p: Any, cov_p: Any, mean_q: Any, cov_q: Any) -> float:
    """KL(N(mean_p, cov_p) || N(mean_q, cov_q)) in nats. A singular covariance has no density and is refused."""
    (mp, mq), (cp, cq) = map(np.atleast_1d, (mean_p, mean_q)), map(np.atleast_2d, (cov_p, cov_q))
    for name, c in (("first", cp), ("second", cq)):
        if np.linalg.eigvalsh(c).min() <= 1e-12 * max(np.abs(c).max(), 1e-300):
            raise BadInput(f"the {name} covariance is singular: KL needs densities; compare at a time t > 0, where the "
                           "process has added h(t) to every direction")  # fmt: skip
    apart = mq - mp
    trace = np.trace(np.linalg.solve(cq, cp)) + apart @ np.linalg.solve(cq, apart) - len(mp)
    return float(0.5 * (trace + np.linalg.slogdet(cq)[1] - np.linalg.slogdet(cp)[1]))


def variance_with_error(lam: float, end: float, early: float, error: float) -> float:
    """Of the backward SDE whose score is the exact one plus error * x, from N(0, 1), by quadrature."""
    from scipy.integrate import quad

    def left(t: float) -> float:
        return propagator(lam, t, early) ** 2 * np.exp(2 * error * (t - early))

    return float(left(end) + quad(left, early, end, epsabs=1e-14, epsrel=1e-12, limit=500)[0])


def kl_bound(lam: float, end: float, early: float, error: float) -> float:
    """Upper bound on KL(p_{t0} || output) by Girsanov: KL(p_T || N(0, 1)) + 1/2 int error^2 v(t) dt."""
    start = variance(lam, end) - 1
    initial = 0.5 * (start - np.log1p(start))
    integral = end - early + (lam - 1) * (np.exp(-early) - np.exp(-end))
    return float(initial + 0.5 * error**2 * integral)


def euler_variance(lam: float, end: float, early: float, steps: int) -> float:
    """Of Euler-Maruyama on the exact backward SDE from N(0, 1) in equal steps: a recursion, nothing sampled."""
    step, v = (end - early) / steps, 1.0
    for k in range(steps):
        v = (1 + step * (0.5 - 1 / variance(lam, end - k * step))) ** 2 * v + step
    return float(v)


def optimality_gap(target: float, true: Any, fitted: Any, noise: float) -> float:
    """a - E f*(x | y = a) when z is standard normal, y = fitted'z + N(0, noise^2) and f* = true'z.

    y and f* are jointly normal, so E f* = (true'fitted) a / (|fitted|^2 + noise^2): what a perfect conditional sampler
    must give, and by how much it must miss.
    """
    fitted, true = np.asarray(fitted, float), np.asarray(true, float)
    return float(target * (1 - true @ fitted / (fitted @ fitted + noise**2)))
