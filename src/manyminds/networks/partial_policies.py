"""An actor that sees less than its critic: trained centrally, executed on what it sees alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from manyminds.networks.dense import Layers, orthogonal
from manyminds.networks.policies import Gaussian


class PartialActorCritic(eqx.Module):
    """Tanh networks for a Gaussian policy and a value. Each sees its own stretch of the observation: what stands from
    `actor_sees[0]` up to `actor_sees[1]`, and the same for the critic."""

    actor: Layers
    critic: Layers
    log_std: Array
    actor_sees: tuple[int, int] = eqx.field(static=True)
    critic_sees: tuple[int, int] = eqx.field(static=True)

    def __init__(
        self, actor_sees: tuple[int, int], critic_sees: tuple[int, int], actions: int, key: Array, width: int = 64,
        depth: int = 2, spread: float = 1.0,
    ) -> None:  # fmt: skip
        """`spread`: the first standard deviation of the policy."""
        to_actor, to_critic = jax.random.split(key)
        options = {"activation": jnp.tanh, "initial": orthogonal(2**0.5)}
        hidden = [width] * depth
        self.actor = Layers(
            (actor_sees[1] - actor_sees[0], *hidden, actions), to_actor, last=orthogonal(0.01), **options
        )
        self.critic = Layers((critic_sees[1] - critic_sees[0], *hidden, 1), to_critic, last=orthogonal(1.0), **options)
        self.log_std = jnp.full(actions, jnp.log(spread), jnp.float32)
        self.actor_sees, self.critic_sees = actor_sees, critic_sees

    def __call__(self, observation: Array) -> tuple[Gaussian, Array]:
        """The distribution over actions and the value, for one observation."""
        mean = self.actor(observation[slice(*self.actor_sees)])
        value = self.critic(observation[slice(*self.critic_sees)])[0]
        return Gaussian(mean, jnp.broadcast_to(self.log_std, mean.shape)), value
