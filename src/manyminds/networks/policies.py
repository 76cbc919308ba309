"""What a policy network says: a distribution over actions, and a value."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Box, Discrete, Space
from manyminds.networks.dense import Layers, orthogonal


class Categorical(NamedTuple):
    """One of n, by unnormalised log-probabilities."""

    logits: Array

    def sample(self, key: Array) -> Array:
        return jax.random.categorical(key, self.logits)

    def mode(self) -> Array:
        return jnp.argmax(self.logits, -1)

    def log_prob(self, action: Array) -> Array:
        logs = jax.nn.log_softmax(self.logits)
        return jnp.take_along_axis(logs, action[..., None].astype(jnp.int32), -1)[..., 0]

    def entropy(self) -> Array:
        logs = jax.nn.log_softmax(self.logits)
        return -(jnp.exp(logs) * logs).sum(-1)


class Gaussian(NamedTuple):
    """Independent normals; the world clips what lies outside its box."""

    mean: Array
    log_std: Array

    def sample(self, key: Array) -> Array:
        return self.mean + jnp.exp(self.log_std) * jax.random.normal(key, self.mean.shape, self.mean.dtype)

    def mode(self) -> Array:
        return self.mean

    def log_prob(self, action: Array) -> Array:
        z = (action - self.mean) * jnp.exp(-self.log_std)
        return (-0.5 * z**2 - self.log_std - 0.5 * jnp.log(2 * jnp.pi)).sum(-1)

    def entropy(self) -> Array:
        return (self.log_std + 0.5 * jnp.log(2 * jnp.pi * jnp.e)).sum(-1)


class Squashed(NamedTuple):
    """Normals through tanh, scaled to the box from `low` to `high` (Haarnoja et al., arXiv 1801.01290, appendix C)."""

    mean: Array
    log_std: Array
    low: float
    high: float

    def sample(self, key: Array) -> Array:
        return self.sample_and_log_prob(key)[0]

    def mode(self) -> Array:
        return self.scaled(self.mean)

    def scaled(self, raw: Array) -> Array:
        return self.low + (jnp.tanh(raw) + 1) * (self.high - self.low) / 2

    def sample_and_log_prob(self, key: Array) -> tuple[Array, Array]:
        """The density is that of the tanh before scaling, so that target entropies do not depend on the box."""
        raw = self.mean + jnp.exp(self.log_std) * jax.random.normal(key, self.mean.shape, self.mean.dtype)
        # log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)), which does not underflow.
        squeezed = 2 * (jnp.log(2.0) - raw - jax.nn.softplus(-2 * raw))
        log_prob = Gaussian(self.mean, self.log_std).log_prob(raw) - squeezed.sum(-1)
        return self.scaled(raw), log_prob


class ActorCritic(eqx.Module):
    """Separate tanh networks for the policy and the value, orthogonal with the usual gains (sqrt 2; .01 and 1 last)."""

    actor: Layers
    critic: Layers
    log_std: Array
    actions: Space = eqx.field(static=True)

    def __init__(self, observation_size: int, actions: Space, key: Array, width: int = 64, depth: int = 2) -> None:
        to_actor, to_critic = jax.random.split(key)
        outputs = actions.n if isinstance(actions, Discrete) else actions.size
        sizes = (observation_size, *[width] * depth)
        options = {"activation": jnp.tanh, "initial": orthogonal(2**0.5)}
        self.actor = Layers((*sizes, outputs), to_actor, last=orthogonal(0.01), **options)
        self.critic = Layers((*sizes, 1), to_critic, last=orthogonal(1.0), **options)
        self.log_std = jnp.zeros(actions.size if isinstance(actions, Box) else 0, jnp.float32)
        self.actions = actions

    def __call__(self, observation: Array) -> tuple[Categorical | Gaussian, Array]:
        """The distribution over actions and the value, for one observation."""
        said = self.actor(observation)
        value = self.critic(observation)[0]
        if isinstance(self.actions, Discrete):
            return Categorical(said), value
        return Gaussian(said, jnp.broadcast_to(self.log_std, said.shape)), value


class SquashedActor(eqx.Module):
    """A policy over a box for soft actor-critic: ReLU layers, then mean and clipped log standard deviation."""

    layers: Layers
    actions: Box = eqx.field(static=True)
    bounds: tuple[float, float] = eqx.field(static=True)

    def __init__(self, layers: Layers, actions: Box, bounds: tuple[float, float] = (-5.0, 2.0)) -> None:
        self.layers, self.actions, self.bounds = layers, actions, bounds

    def __call__(self, observation: Array) -> Squashed:
        mean, log_std = jnp.split(self.layers(observation), 2)
        return Squashed(mean, jnp.clip(log_std, *self.bounds), self.actions.low, self.actions.high)
