"""Proximal policy optimisation (Schulman et al., arXiv 1707.06347) with the details that make it work.

The details (value clipping, advantage normalisation per minibatch, annealed step size, global gradient clipping,
orthogonal weights) are those collected in "The 37 implementation details of PPO" (Huang et al., ICLR blog 2022).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from manyminds.core.array_worlds import ArrayWorld
from manyminds.learning.advantages import generalised_advantages, standardised
from manyminds.learning.rollouts import Copies, Transition, copies, rollout
from manyminds.learning.training import Fitting, Logged, applied, fitting
from manyminds.networks.policies import ActorCritic


@dataclass(frozen=True)
class PPO:
    """Settings; the defaults are the usual ones for classic control."""

    copies: int = 4
    steps: int = 128  # of each copy between updates
    updates: int = 1000  # over which the step size falls to 0
    epochs: int = 4
    minibatches: int = 4
    step_size: float = 2.5e-4
    annealed: bool = True
    discount: float = 0.99
    decay: float = 0.95
    clip: float = 0.2
    value_weight: float = 0.5
    entropy_weight: float = 0.01
    largest_gradient: float = 0.5
    standard: bool = True  # advantages of a minibatch to mean 0 and deviation 1; games need their own scale
    width: int = 64
    depth: int = 2

    def optimiser(self) -> optax.GradientTransformation:
        total = self.updates * self.epochs * self.minibatches
        size = optax.linear_schedule(self.step_size, 0.0, total) if self.annealed else self.step_size
        return optax.chain(optax.clip_by_global_norm(self.largest_gradient), optax.adam(size, eps=1e-5))


class State(NamedTuple):
    fitting: Fitting
    copies: Copies
    last_return: Array  # mean of the episodes that were over last, so that a curve has no holes


class Batch(NamedTuple):
    observation: Array
    action: Array
    log_prob: Array
    value: Array
    advantage: Array
    target: Array


def start(settings: PPO, world: ArrayWorld, key: Array) -> State:
    to_net, to_world = jax.random.split(key)
    network = ActorCritic(world.observation_size, world.actions, to_net, settings.width, settings.depth)
    begun = copies(world, to_world, settings.copies)
    return State(fitting(network, settings.optimiser()), begun, jnp.float32(0))


def update(settings: PPO, world: ArrayWorld, state: State, key: Array) -> tuple[State, Logged]:
    """Roll out, estimate advantages, and improve the clipped surrogate for some epochs; a step for `trained`."""
    to_roll, to_learn = jax.random.split(key)
    network = state.fitting.model

    def policy(observation: Array, key: Array) -> tuple[Array, Any]:
        distribution, value = network(observation)
        action = distribution.sample(key)
        return action, (distribution.log_prob(action), value)

    going, seen, finished = rollout(world, policy, state.copies, to_roll, settings.steps)
    batch = batch_of(settings, network, seen)
    learnt, logged = improved(settings, state.fitting, batch, to_learn)
    mean_return = jnp.where(finished.over.any(), finished.mean_return(), state.last_return)
    return State(learnt, going, mean_return), {"return": mean_return, **logged}


def batch_of(settings: PPO, network: ActorCritic, seen: Transition) -> Batch:
    """The rollout as one flat batch of (steps * copies) rows."""
    log_prob, value = seen.kept
    # Only where an episode was cut does the value after differ from the value of the next row.
    value_after = jax.vmap(jax.vmap(lambda observation: network(observation)[1]))(seen.after)
    over = seen.ended | seen.cut
    advantage = generalised_advantages(
        seen.reward, value, value_after, seen.ended, over, settings.discount, settings.decay
    )
    rows = Batch(seen.observation, seen.action, log_prob, value, advantage, advantage + value)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), rows)


def improved(settings: PPO, begun: Fitting, batch: Batch, key: Array) -> tuple[Fitting, Logged]:
    """Several epochs of minibatches in random order."""
    optimiser, rows = settings.optimiser(), batch.advantage.shape[0]
    size = rows // settings.minibatches
    arrays, static = eqx.partition(begun, eqx.is_array)

    def one(carry: Any, which: Array) -> tuple[Any, Logged]:
        state = eqx.combine(carry, static)
        part = jax.tree.map(lambda x: x[which], batch)
        (_, logged), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(state.model, settings, part)
        return eqx.filter(applied(state, gradient, optimiser), eqx.is_array), logged

    orders = jax.vmap(lambda k: shuffled(k, rows))(jax.random.split(key, settings.epochs))
    which = orders[:, : size * settings.minibatches].reshape(-1, size)
    arrays, logged = lax.scan(one, arrays, which)
    return eqx.combine(arrays, static), jax.tree.map(jnp.mean, logged)


def shuffled(key: Array, count: int) -> Array:
    """The numbers below `count` in random order, int32 (count,), by one sort of random bits above the number's own.

    `jax.random.permutation` sorts pairs, twice: a quarter of an update of 4,096 rows. Where the random bits of two
    numbers agree the lower one comes first; beyond 2**16 numbers that would be too often.
    """
    own = (count - 1).bit_length()
    if own > 16:
        return jax.random.permutation(key, count)
    low = jnp.uint32((1 << own) - 1)
    marked = (jax.random.bits(key, (count,), jnp.uint32) & ~low) | jnp.arange(count, dtype=jnp.uint32)
    return (jnp.sort(marked) & low).astype(jnp.int32)


def loss(network: ActorCritic, settings: PPO, batch: Batch) -> tuple[Array, Logged]:
    """The clipped surrogate, the clipped value error and the entropy (equations 7 and 9)."""

    def row(observation: Array, action: Array) -> tuple[Array, Array, Array]:
        distribution, value = network(observation)
        return distribution.log_prob(action), distribution.entropy(), value

    log_prob, entropy, value = jax.vmap(row)(batch.observation, batch.action)
    ratio = jnp.exp(log_prob - batch.log_prob)
    advantage = standardised(batch.advantage) if settings.standard else batch.advantage
    kept = jnp.clip(ratio, 1 - settings.clip, 1 + settings.clip)
    surrogate = jnp.minimum(ratio * advantage, kept * advantage).mean()
    near = batch.value + jnp.clip(value - batch.value, -settings.clip, settings.clip)
    error = 0.5 * jnp.maximum((value - batch.target) ** 2, (near - batch.target) ** 2).mean()
    total = -surrogate + settings.value_weight * error - settings.entropy_weight * entropy.mean()
    divergence = ((ratio - 1) - jnp.log(ratio)).mean()
    return total, {"value error": error, "entropy": entropy.mean(), "divergence": divergence}
