"""Sorting that gradients can pass."""

import jax
import jax.numpy as jnp
from jax import Array


def softsort(scores: Array, temperature: float = 1.0) -> Array:
    """A soft permutation that sorts `scores` ascending: row i is softmax_j(-|sorted_i - score_j| / temperature).

    SoftSort of Prillo and Eisenschlos (arXiv 2006.16038). Rows sum to 1; as the temperature falls to 0 they become the
    rows of the hard permutation. Shape (n,) -> (n, n).
    """
    return jax.nn.softmax(-jnp.abs(jnp.sort(scores)[:, None] - scores[None, :]) / temperature, axis=1)
