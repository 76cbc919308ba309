"""Design as conditional sampling: learn a reward from few labels, label much data with it, sample at a wanted reward.

The meta-algorithm of reward-directed diffusion (arXiv 2404.07771; Yuan et al., arXiv 2307.07055): (1) fit
f_hat to n2 labelled points, by ridge regression or from pairwise preferences (Bradley-Terry); (2) give n1 >> n2
unlabelled points the labels f_hat(x) + N(0, noise^2); (3) train a conditional score on them; (4) sample given y = a.
What counts is the true reward f* of the samples, never f_hat.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from manyminds.core import BadInput
from manyminds.core.logistic import fit as logistic
from manyminds.learning import ridge
from manyminds.learning.score_matching import Points, points
from manyminds.networks.denoisers import guided
from manyminds.networks.samplers import grid, sampled
from manyminds.theory.guidance import Guidance


class Extrapolation(UserWarning):
    """A condition lies outside what the model was trained on."""


def head(features: Any, labels: Any, penalty: float = 1.0) -> np.ndarray:
    """Weights (m,) of f_hat by ridge regression. Fewer labels than features are refused whatever the penalty: f_hat
    would be flat in whole directions, and sampling would follow it there."""
    features = np.asarray(features, float)
    enough(len(features), features.shape[1], "labelled points")
    return ridge.fitted(features, labels, penalty).weights[:, 0]


def head_from_preferences(first: Any, second: Any, first_won: Any, penalty: float = 1e-2) -> np.ndarray:
    """Weights (m,) of f_hat by the Bradley-Terry likelihood P(first wins) = 1 / (1 + exp(f(second) - f(first))).

    `first` and `second` hold the features of n pairs (n, m), `first_won` (n,) is 0 or 1. Only differences are seen, so
    f_hat is known up to a constant.
    """
    apart = np.asarray(first, float) - np.asarray(second, float)
    enough(*apart.shape, "compared pairs")
    return logistic(apart, np.asarray(first_won, float), ridge=penalty).coefficients


def enough(count: int, size: int, what: str) -> None:
    if count < size:
        raise BadInput(f"{count} {what} are fewer than the {size} features of the reward; label at least {size}, or "
                       "give features of a subspace")  # fmt: skip


def pseudo_labelled(x: Any, weights: np.ndarray, noise: float, rng: np.random.Generator) -> Points:
    """Unlabelled points (n, m) with the labels f_hat(x) + N(0, noise^2) as their condition."""
    x = np.asarray(x, float)
    return points(x, x @ weights + noise * rng.normal(size=len(x)))


def within(data: Points, asked: float) -> bool:
    """Was a condition like `asked` in training? Says so as a warning when not: the result is extrapolation."""
    seen = np.asarray(data.condition)[: int(data.count)]
    if seen.min() <= asked <= seen.max():
        return True
    warnings.warn(f"the condition {asked:g} is outside of what was trained on ({seen.min():.3g} to {seen.max():.3g}); "
                  "the samples extrapolate", Extrapolation, stacklevel=2)  # fmt: skip
    return False


@dataclass(frozen=True)
class Sampling:
    """How designs are drawn from a conditional score."""

    count: int = 2000
    steps: int = 100
    end: float = 8.0
    early: float = 0.01
    method: str = "ancestral"


def designs(
    model: Any, size: int, target: float, key: jax.Array, how: Sampling, guidance: Guidance, mask_probability: float
) -> np.ndarray:
    """`count` points (count, size) given y = `target`, at time `early`: still with its noise h."""
    to_start, to_run = jax.random.split(key)
    score = guided(model, jnp.full((how.count, 1), target, jnp.float32), guidance, mask_probability)
    start = jax.random.normal(to_start, (how.count, size), jnp.float32)
    return np.asarray(sampled(score, start, to_run, grid(how.end, how.early, how.steps), how.method), float)
