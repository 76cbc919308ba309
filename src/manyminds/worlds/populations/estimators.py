"""Gradients through draws: what a 0 or 1 (or a count) tells about the probability it was drawn with.

Values are exact draws, always; only the derivatives are estimates. `straight_through` and `weighted` are right in the
mean for what is linear in each draw; the score function is right for everything and has the largest spread.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

Through = Callable[[Array, Array], Array]  # (drawn 0 or 1 as floats, probability) -> the same values with a derivative


def straight_through(drawn: Array, probability: Array) -> Array:
    """d drawn / d probability = 1."""
    return lax.stop_gradient(drawn) + (probability - lax.stop_gradient(probability))


def weighted(drawn: Array, probability: Array) -> Array:
    """d drawn / d probability = 1 / (2p) at a 1 and 1 / (2 (1 - p)) at a 0: 1 in the mean."""
    weight = lax.stop_gradient(bernoulli_weight(drawn, probability))
    return lax.stop_gradient(drawn) + weight * (probability - lax.stop_gradient(probability))


def bernoulli_weight(drawn: Array, probability: Array) -> Array:
    """The weight of `weighted`. A draw that had no chance to come out otherwise gets 1/2 and not infinity."""
    chance = jnp.where(drawn > 0, probability, 1 - probability)
    return 0.5 / jnp.where(chance > 0, chance, 1)


def binomial_weight(successes: Array, trials: Array | int, probability: Array) -> Array:
    """The same for a count: (k / p + (n - k) / (1 - p)) / 2, n in the mean."""
    return (successes / probability + (trials - successes) / (1 - probability)) / 2


def log_likelihood(drawn: Array, probability: Array) -> Array:
    """ln of the probability of what was drawn, summed over all draws; certain draws add nothing."""
    chance = jnp.where(drawn > 0, probability, 1 - probability)
    return jnp.log(jnp.where(chance > 0, chance, 1)).sum()


def score_function(outcome: Array, likelihood: Array, baseline: Array | float = 0.0) -> Array:
    """`outcome` with the derivative (outcome - baseline) d ln P(draws), besides its own (Williams 1992).

    The baseline must not depend on the same draws; the mean of other runs is a good one.
    """
    surprise = lax.stop_gradient(outcome - baseline) * (likelihood - lax.stop_gradient(likelihood))
    return outcome + surprise


ESTIMATORS: dict[str, Through] = {
    "straight-through": straight_through,
    "weighted": weighted,
    "score": lambda drawn, probability: lax.stop_gradient(drawn),
}


def softmax_choice(key: Array, logits: Array, temperature: float = 1.0) -> Array:
    """A one-hot draw by Gumbel's trick with the derivative of the soft choice; shape of `logits`, last axis chosen."""
    noisy = (logits + jax.random.gumbel(key, logits.shape)) / temperature
    soft = jax.nn.softmax(noisy)
    hard = jax.nn.one_hot(jnp.argmax(noisy, -1), logits.shape[-1], dtype=soft.dtype)
    return lax.stop_gradient(hard - soft) + soft
