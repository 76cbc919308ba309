"""What must come out when the tokens of a one-dimensional selective state space stack move (arXiv 2410.03292).

The continuous limit of the layers is, for token l of L with weights shared by all layers,

    dx_l/dt = mu x_l sum_{j<=l} w_lj x_j^2 D(x_j),   w_lj = exp(-a sum_{k=j+1}^l D(x_k)),   D(u) = ln(1 + e^{s u}),

with mu = S_C' S_B, s = S_Delta, a > 0. Three regimes: mu < 0, all tokens vanish; mu > 0 and s x_l < 0 for all l, they
grow with the logarithm of time; mu > 0 and s x_l > 0 for some l, they blow up in finite time. The constants below are
derived here: near 0 the step D is ln 2, and the sums sum_j 2^{-a(l-j)} c_j^2 must all equal 1 / (2 |mu| ln 2).
"""

import numpy as np


def softplus(u: np.ndarray) -> np.ndarray:
    """ln(1 + e^u) without overflow."""
    return np.logaddexp(0.0, u)


def convergence_constants(mu: float, a: float, tokens: int) -> np.ndarray:
    """Limits of |x_l| sqrt(t) for mu < 0: sqrt(K) for the first token, sqrt(K (1 - 2^-a)) for every later one."""
    if mu >= 0 or a <= 0:
        raise ValueError(f"tokens converge to 0 for mu < 0 and a > 0, not for mu = {mu:g} and a = {a:g}")
    k = 1 / (2 * -mu * np.log(2))
    return np.sqrt(k * np.where(np.arange(tokens) == 0, 1.0, 1 - 2.0**-a))


def convergence_clock(start: float, now: float, mu: float, s: float) -> float:
    """The time at which the first token has come from `start` to `now` (same sign, nearer to 0), for mu < 0.

    t = int_{now}^{start} du / (|mu| u^3 D(u)), exact because the first token hears only itself. Integrated over ln u.
    """
    from scipy.integrate import quad

    sign = np.sign(start)
    inverse = lambda y: np.exp(-2 * y) / softplus(s * sign * np.exp(y)) / -mu  # noqa: E731
    ends = np.log(abs(now)), np.log(abs(start))
    return float(quad(inverse, *ends, epsabs=0, epsrel=1e-12, limit=500)[0])


def blow_up_time(start: float, mu: float, s: float) -> float:
    """When a token alone, with mu > 0 and s x > 0, reaches infinity: int_{|x|}^inf du / (mu u^3 D(|s| u)).

    With more tokens the least of these times over the fast ones is an upper bound: the others only help a token grow.
    """
    from scipy.integrate import quad

    if mu <= 0 or s * start <= 0:
        raise ValueError("a token blows up in finite time for mu > 0 and s x > 0")
    # Substituting u = |x| / v maps the half line to (0, 1]; the integrand is then v / (mu x^2 D(|s x| / v)).
    inside = lambda v: v / (mu * start**2 * softplus(abs(s * start) / v)) if v > 0 else 0.0  # noqa: E731
    return float(quad(inside, 0, 1, epsabs=0, epsrel=1e-12, limit=500)[0])


def slow_growth(log_time: np.ndarray, mu: float, s: float) -> np.ndarray:
    """Where |s| x of the first token tends for mu > 0 and s x < 0: ln t + 3 ln ln t + ln(mu / s^2), up to
    O(ln ln t / ln t). Far out dx/dt = mu x^3 e^{-|s| x}; the constant follows from 3 ln x = 3 ln ln t - 3 ln |s|."""
    return log_time + 3 * np.log(log_time) + np.log(mu / s**2)
