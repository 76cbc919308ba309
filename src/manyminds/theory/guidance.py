"""What guidance does to Gaussian classes: the guided drift, the law it is mistaken for, and how it fails.

Convention, here and everywhere: `excess` weight w >= -1, guided = (1 + w) conditional - w unconditional, so that w = 0
is the conditional score and w = -1 the unconditional one. The other usage, unconditional + g (conditional -
unconditional), has g = 1 + w (arXiv 2404.07771; Wu et al. 2024 for mixtures).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from manyminds.core import BadInput
from manyminds.theory.diffusions import alpha, namespace

Convention = Literal["excess", "scale"]


@dataclass(frozen=True)
class Guidance:
    """How strongly a condition is pressed, with the convention that the number is meant in."""

    weight: float
    convention: Convention = "excess"

    @property
    def excess(self) -> float:
        """w of guided = (1 + w) conditional - w unconditional."""
        return self.weight if self.convention == "excess" else self.weight - 1

    def mixed(self, conditional: Any, unconditional: Any) -> Any:
        w = self.excess
        return (1 + w) * conditional - w * unconditional

    def checked(self, mask_probability: float) -> None:
        """Refuse to mix in an unconditional score that was never trained."""
        if mask_probability <= 0 and self.excess != 0:
            raise BadInput(
                f"guidance with excess weight {self.excess:g} needs the unconditional score, but the condition was "
                "never masked in training; train with mask_probability = 0.1 or so"
            )


def two_class_drift(x: Any, t: Any, mu: float, w: float) -> Any:
    """Of the probability-flow ODE (reversed time) guided to class +1 of N(+-mu, 1):
    (alpha mu / 2) [(1 + w) - w tanh(alpha mu x)]. The linear parts of drift and score cancel at unit variance."""
    xp, pull = namespace(x), alpha(t) * mu
    return pull / 2 * ((1 + w) - w * xp.tanh(pull * x))


def confidence(x: Any, mu: float) -> Any:
    """P(class +1 | x) for the data: 1 / (1 + e^{-2 mu x})."""
    return 1 / (1 + namespace(x).exp(-2 * mu * x))


def tilted_moments(mu: float, w: float, width: float = 12.0, points: int = 200_001) -> tuple[float, float]:
    """Mean and standard deviation of the density proportional to p(x|+1)^{1+w} p(x)^{-w}, which guidance is often
    taken to sample and does not; by the trapezoid rule."""
    x = np.linspace(-width, width, points)
    log_plus, log_minus = -((x - mu) ** 2) / 2, -((x + mu) ** 2) / 2
    logs = (1 + w) * log_plus - w * (np.logaddexp(log_plus, log_minus) - np.log(2))
    p = np.exp(logs - logs.max())
    p /= p.sum()
    mean = float(p @ x)
    return mean, float(np.sqrt(p @ (x - mean) ** 2))


Fate = Literal["as conditional", "sharpened", "widened", "collapsed", "split"]


def fate(samples: Any, expected: float) -> Fate:
    """What guidance made of one class with standard deviation `expected`, from samples (N,).

    Split: two modes by Sarle's coefficient (skewness^2 + 1) / kurtosis > 5/9, the value of a uniform law, and wider
    than the class. Collapsed: less than a thousandth of the class's width is left.
    """
    x = np.asarray(samples, float)
    spread = x.std()
    if spread < 1e-3 * expected:
        return "collapsed"
    z = (x - x.mean()) / spread
    if spread > 1.5 * expected:
        return "split" if ((z**3).mean() ** 2 + 1) / (z**4).mean() > 5 / 9 else "widened"
    return "sharpened" if spread < 0.9 * expected else "as conditional"
