"""Advantages and returns of recorded steps, with episodes that end and episodes that are only cut told apart."""

import jax
import jax.numpy as jnp
from jax import Array, lax


def generalised_advantages(
    reward: Array, value: Array, value_after: Array, ended: Array, over: Array, discount: float, decay: float
) -> Array:
    """Generalised advantage estimates (Schulman et al., arXiv 1506.02438, equation 16) along axis 0.

    `value_after` is the value of what each step led to (before any restart); it counts as 0 where the episode `ended`,
    and stays where it was only cut. The sum stops wherever the episode is `over`.
    """
    error = reward + discount * jnp.where(ended, 0.0, value_after) - value

    def back(later: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        own, stops = at
        advantage = own + discount * decay * jnp.where(stops, 0.0, later)
        return advantage, advantage

    _, advantages = lax.scan(back, jnp.zeros_like(error[0]), (error, over), reverse=True)
    return advantages


def standardised(x: Array) -> Array:
    """Zero mean and unit deviation; a sample without spread becomes zeros."""
    return (x - x.mean()) / (x.std() + 1e-8)


def discounted_sum(reward: Array, discount: float) -> Array:
    """sum_t discount^t reward_t along axis 0."""
    return jax.numpy.tensordot(discount ** jnp.arange(reward.shape[0], dtype=jnp.float32), reward, 1)
