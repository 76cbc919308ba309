"""Samplers of a diffusion: from noise at time T back to time t0, with any score, in any of the usual steps.

A score is a function of points (N, D) and one time t, giving grad log p_t at the points (N, D). A step is a function of
(score, x, t, next time, key). Processes and signs as in `theory/diffusions.py` (arXiv 2404.07771).
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import unknown
from manyminds.theory.diffusions import alpha, checked_times, h

Score = Callable[[Array, Array], Array]
Step = Callable[[Score, Array, Array, Array, Array], Array]
Spacing = Literal["uniform", "geometric"]


def noise_like(key: Array, x: Array) -> Array:
    return jax.random.normal(key, x.shape, x.dtype)


def euler_maruyama(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """dY = [Y/2 + score] ds + dW, everything frozen over the step."""
    step = t - after
    return x + step * (x / 2 + score(x, t)) + jnp.sqrt(step) * noise_like(key, x)


def exponential(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """The same equation with only the score frozen: its linear part is integrated exactly."""
    grown = jnp.exp((t - after) / 2)
    return grown * x + 2 * (grown - 1) * score(x, t) + jnp.sqrt(grown**2 - 1) * noise_like(key, x)


def clean(score: Score, x: Array, t: Array) -> Array:
    """E(X_0 | X_t = x), by Tweedie's formula."""
    return (x + h(t) * score(x, t)) / alpha(t)


def ancestral(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """DDPM (Ho et al., arXiv 2006.11239): from q(x_after | x_t, x_0) with the expected x_0 in the place of x_0."""
    kept = alpha(t) / alpha(after)  # of x_after in x_t
    mean = (alpha(after) * (1 - kept**2) * clean(score, x, t) + kept * h(after) * x) / h(t)
    return mean + jnp.sqrt((1 - kept**2) * h(after) / h(t)) * noise_like(key, x)


def euler_ode(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """The probability-flow equation dY = [Y/2 + score/2] ds: half the score, no noise, the same marginals."""
    return x + (t - after) * (x + score(x, t)) / 2


def heun_ode(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """The same by Heun's method, of second order."""
    first = (x + score(x, t)) / 2
    ahead = x + (t - after) * first
    return x + (t - after) * (first + (ahead + score(ahead, after)) / 2) / 2


def ddim(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """DDIM (Song et al., arXiv 2010.02502): the flow with the expected x_0 and noise frozen over the step."""
    return alpha(after) * clean(score, x, t) - jnp.sqrt(h(after) * h(t)) * score(x, t)


def predictor_corrector(score: Score, x: Array, t: Array, after: Array, key: Array) -> Array:
    """Euler-Maruyama, then one Langevin step at the new time of a tenth of its noise (arXiv 2011.13456)."""
    to_predict, to_correct = jax.random.split(key)
    x = euler_maruyama(score, x, t, after, to_predict)
    size = 0.1 * h(after)
    return x + size * score(x, after) + jnp.sqrt(2 * size) * noise_like(to_correct, x)


STEPS: dict[str, Step] = {
    "Euler-Maruyama": euler_maruyama, "exponential integrator": exponential, "ancestral": ancestral,
    "Euler ODE": euler_ode, "Heun ODE": heun_ode, "DDIM": ddim, "predictor-corrector": predictor_corrector,
}  # fmt: skip


def grid(end: float, early: float, steps: int, spacing: Spacing = "geometric") -> np.ndarray:
    """Times from `end` down to `early`, (steps + 1,). Geometric ones shrink with t, where the score grows."""
    checked_times(end, early)
    return np.geomspace(end, early, steps + 1) if spacing == "geometric" else np.linspace(end, early, steps + 1)


class Known(NamedTuple):
    """Coordinates that are fixed beforehand (inpainting, a hard constraint): where, and at what."""

    where: Array  # (N, D) or (D,), bool
    values: Array  # the same shape, of the data

    def imposed(self, x: Array, t: Array, key: Array) -> Array:
        """The known coordinates as the forward process would have them at time t.

        The usual way, and biased: the others hear of the known ones only through the noise. See `Pulled`.
        """
        return jnp.where(self.where, alpha(t) * self.values + jnp.sqrt(h(t)) * noise_like(key, x), x)


class Pulled(eqx.Module):
    """The score given that `matrix` x_0 = `values`: that of the data plus the gradient of the log-density of `values`
    under a normal law around matrix times the expected x_0, with covariance h matrix matrix'.

    Unlike imposing coordinates (`Known.imposed`), this moves all that the data ties to the known ones. Exact for white
    Gaussian data (pseudo-inverse guidance, Song et al. 2023, with the variance h that such data has given x_t).
    """

    score: Any
    matrix: Array  # (k, D), independent rows
    values: Array  # (N, k)

    def __call__(self, x: Array, t: Array) -> Array:
        expected, back = jax.vjp(lambda x: clean(self.score, x, t), x)
        missing = self.values - expected @ self.matrix.T
        pull = jnp.linalg.solve(self.matrix @ self.matrix.T, missing.T).T @ self.matrix
        return self.score(x, t) + back(pull)[0] / h(t)


def simulated(
    score: Score, start: Array, key: Array, times: Array, step: Step, known: Known | None = None
) -> tuple[Array, Array]:
    """The points at the last of `times` (T first), from `start` (N, D) at the first; and the time of the first step
    after which a point was not finite (NaN when all were). Compiles whole."""

    def one(carry: tuple[Array, Array], way: tuple[Array, Array, Array]) -> tuple[tuple[Array, Array], None]:
        (x, broken), (t, after, own) = carry, way
        to_step, to_known = jax.random.split(own)
        x = step(score, x, t, after, to_step)
        if known is not None:
            x = known.imposed(x, after, to_known)
        bad = jnp.isnan(broken) & ~jnp.isfinite(x).all()
        return (x, jnp.where(bad, t, broken)), None

    times = jnp.asarray(times, start.dtype)
    keys = jax.random.split(key, len(times) - 1)
    never = jnp.asarray(jnp.nan, start.dtype)
    return lax.scan(one, (start, never), (times[:-1], times[1:], keys))[0]


compiled = eqx.filter_jit(simulated)


def sampled(
    score: Score, start: Array, key: Array, times: Any, method: str = "ancestral", known: Known | None = None
) -> Array:
    """As `simulated`, by the name of a method. Raises FloatingPointError with the time when a score is not finite."""
    if method not in STEPS:
        raise unknown("sampler", method, STEPS)
    x, broken = compiled(score, start, key, jnp.asarray(times, start.dtype), STEPS[method], known)
    if not np.isnan(float(broken)):
        raise FloatingPointError(f"the score is not finite, or the step too long for it, at t = {float(broken):.4g}; "
                                 "train longer, guide less or take more steps")  # fmt: skip
    return x


def forward(x: Array, key: Array, t: float) -> Array:
    """Data after the forward process has run to time t."""
    return alpha(t) * x + h(t) ** 0.5 * noise_like(key, x)
