"""What can be checked without training: exact scores through the samplers, beside closed forms."""

from itertools import pairwise
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from manyminds.core import Seeds
from manyminds.networks import samplers
from manyminds.theory import diffusions as theory
from manyminds.theory import guidance, mixtures
from manyminds.theory.sample_distances import entropy, mmd_p_value, nearest

LAM, END, EARLY = 0.3, 8.0, 0.01  # data variance, T and t0 of the Gaussian experiments


def decompositions(seeds: Seeds, draws: int) -> list[dict[str, float]]:
    """Largest error of the score's two parts against the score in all D dimensions, relative, per draw and time."""
    rows = []
    for i in range(draws):
        rng = seeds.numpy("decomposition", i)
        size, latent = int(rng.integers(16, 65)), int(rng.integers(2, 9))
        law, frame = mixtures.random_mixture(rng, 3, latent), mixtures.random_frame(rng, size, latent)
        x = 2 * rng.normal(size=(32, size))
        for t in (0.01, 0.3, 2.0):
            whole = mixtures.embedded(law, frame).score(x, t)
            parts = mixtures.decomposed_score(law, frame, x, t)
            rows.append({"size": size, "latent": latent, "time": t,
                         "error": float(np.abs(whole - parts).max() / np.abs(whole).max())})  # fmt: skip
    return rows


def gaussian_score(mean: float, lam: float) -> samplers.Score:
    return lambda x, t: -(x - theory.alpha(t) * mean) / (1 + (lam - 1) * jnp.exp(-t))


def run(score: samplers.Score, seeds: Seeds, name: str, shape: tuple[int, int], times: Any, method: str) -> np.ndarray:
    """Points at the last time in float64, from standard normal noise that depends on `name` only."""
    with jax.enable_x64(True):
        start = jnp.asarray(seeds.numpy("noise", name).normal(size=shape))
        return np.asarray(samplers.sampled(score, start, seeds.jax("steps", name), times, method))


def initialisation() -> list[dict[str, float]]:
    """KL of the exact backward SDE from N(0, 1) at several T, for centred data and for data of mean 1."""
    rows = []
    for end in (2.0, 4.0, 8.0):
        excess = theory.initialisation_excess(LAM, end, EARLY)
        shift = theory.backward_mean(1.0, LAM, end, EARLY) / np.sqrt(theory.variance(LAM, EARLY))
        rows.append({"end": end, "centred": theory.kl_of_excess(excess), "offset": theory.kl_of_excess(excess, shift),
                     "exact": theory.backward_variance(LAM, end, EARLY),
                     "quadrature": theory.variance_with_error(LAM, end, EARLY, 0.0)})  # fmt: skip
    return rows


def simulations(seeds: Seeds, points: int) -> list[dict[str, Any]]:
    """Mean and variance of simulated backward runs on N(mean, 0.3) beside their closed forms, in standard errors."""
    rows = []
    for mean, end in ((0.0, 4.0), (2.0, 1.0)):
        for method in ("Euler-Maruyama", "exponential integrator", "ancestral"):
            times = samplers.grid(end, EARLY, 1000, "geometric" if method == "ancestral" else "uniform")
            name = f"{mean}/{end}/{method}"
            x = run(gaussian_score(mean, LAM), seeds, name, (points, 1), times, method)[:, 0]
            wanted = theory.backward_variance(LAM, end, EARLY)
            middle = np.exp(-EARLY / 2) * mean + theory.backward_mean(mean, LAM, end, EARLY)
            rows.append({"method": method, "mean": mean, "end": end, "variance": float(x.var()), "wanted": wanted,
                         "variance_off": float((x.var() - wanted) / (wanted * np.sqrt(2 / points))),
                         "mean_off": float((x.mean() - middle) / np.sqrt(wanted / points))})  # fmt: skip
    return rows


def bounds() -> list[dict[str, float]]:
    """KL with the score error eps x, and the bound on it from initialisation and score error."""
    rows = []
    for error in (-0.3, -0.1, -0.03, 0.0, 0.03, 0.1, 0.3):
        for end in (1.0, 2.0, 4.0, 8.0):
            out = theory.variance_with_error(LAM, end, EARLY, error)
            exact = theory.initialisation_excess(LAM, end, EARLY)
            excess = out / theory.variance(LAM, EARLY) - 1 if error else exact
            rows.append({"error": error, "end": end, "kl": theory.kl_of_excess(excess),
                         "bound": theory.kl_bound(LAM, end, EARLY, error)})  # fmt: skip
    return rows


def discretisation(seeds: Seeds, points: int) -> dict[str, Any]:
    """Variance errors of Euler-Maruyama by its recursion, their ratios, and simulated variances of coarse runs."""
    steps = [50, 100, 200, 400, 800]
    exact = theory.backward_variance(LAM, END, EARLY)
    errors = [theory.euler_variance(LAM, END, EARLY, n) - exact for n in steps]
    coarse = []
    for n in (20, 50):
        x = run(gaussian_score(0, LAM), seeds, f"coarse/{n}", (points, 1),
                samplers.grid(END, EARLY, n, "uniform"), "Euler-Maruyama")  # fmt: skip
        wanted = theory.euler_variance(LAM, END, EARLY, n)
        coarse.append(float((x.var() - wanted) / (wanted * np.sqrt(2 / points))))
    return {"steps": steps, "errors": errors, "ratios": [a / b for a, b in pairwise(errors)], "coarse_off": coarse}


def same_law(seeds: Seeds, repeats: int, count: int = 400) -> list[float]:
    """p-values of the test that the SDE and the ODE give samples of one law, on a two-dimensional mixture."""
    law = mixtures.isotropic([[-2.0, 0.0], [2.0, 1.0], [0.0, -2.0]], 0.5)
    times, found = samplers.grid(END, EARLY, 300), []
    for i in range(repeats):
        sde, ode = (run(law.score, seeds, f"{name}/{i}", (count, 2), times, method)
                    for name, method in (("sde", "ancestral"), ("ode", "Heun ODE")))  # fmt: skip
        found.append(mmd_p_value(sde, ode, seeds.numpy("permutations", i)))
    return found


class Pressed(eqx.Module):
    """The exact score of one class of a law, guided; the excess weight is an array, so all weights compile once."""

    law: mixtures.Mixture
    own: mixtures.Mixture
    excess: jax.Array

    def __call__(self, x: jax.Array, t: jax.Array) -> jax.Array:
        return guidance.Guidance(self.excess).mixed(self.own.score(x, t), self.law.score(x, t))


def pressed(law: mixtures.Mixture, k: int, w: float) -> Pressed:
    with jax.enable_x64(True):
        return Pressed(law, law.component(k), jnp.asarray(w, jnp.float64))


def guided(seeds: Seeds, weights: tuple[float, ...], points: int, mu: float = 1.0) -> list[dict[str, Any]]:
    """Two classes N(+-mu, 1), pressed towards +1 by each weight from the same noise, beside the tilted density."""
    law, times = mixtures.isotropic([[-mu], [mu]]), samplers.grid(END, 1e-3, 400)
    rows: list[dict[str, Any]] = []
    before = None
    for w in weights:
        x = run(pressed(law, 1, w), seeds, "guided", (points, 1), times, "Heun ODE")
        mean, spread = guidance.tilted_moments(mu, w)
        rows.append({"weight": w, "mean": float(x.mean()), "std": float(x.std()), "entropy": entropy(x),
                     "confidence": float(guidance.confidence(x, mu).mean()), "tilted_mean": mean, "tilted_std": spread,
                     "raised": 1.0 if before is None else float((x > before).mean()),
                     "sample": np.sort(x[:: max(points // 200, 1), 0]).tolist()})  # fmt: skip
        before = x
    return rows


def over_guided(seeds: Seeds, weight: float, points: int) -> list[dict[str, Any]]:
    """The centre of three classes at -2, 0, 2 pressed hard, by the Euler scheme in few and in many steps."""
    law, rows = mixtures.isotropic([[-2.0], [0.0], [2.0]]), []
    for steps, w in ((20, weight), (50, weight), (200, weight), (200, 0.0)):
        times = samplers.grid(END, 1e-3, steps, "uniform")
        x = run(pressed(law, 1, w), seeds, "over", (points, 1), times, "Euler ODE")[:, 0]
        spread = float(x.std())
        kurtosis = float((((x - x.mean()) / spread) ** 4).mean()) if spread > 0 else float("nan")
        rows.append({"steps": steps, "weight": w, "std": spread, "kurtosis": kurtosis, "fate": guidance.fate(x, 1.0)})
    return rows


def memorised(seeds: Seeds, count: int, size: int, samples: int) -> dict[str, float]:
    """Samples from the exact score of the training points themselves: how far from the nearest of them, at t0."""
    points = seeds.numpy("points").normal(size=(count, size))
    times = samplers.grid(END, EARLY, 200)
    x = run(mixtures.empirical(points).score, seeds, "memorised", (samples, size), times, "ancestral")
    held_out = seeds.numpy("held out").normal(size=(samples, size))
    return {"points": count, "size": size, "furthest": float(nearest(x, points).max()),
            "limit": float(5 * np.sqrt(theory.h(EARLY) * size)),
            "held_out": float(nearest(held_out, points).min())}  # fmt: skip
