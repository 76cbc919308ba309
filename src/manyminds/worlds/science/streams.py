"""Streams to learn from in one pass whose inputs drift: the shift can be set, and what can be learnt does not change.

Everything is (inputs (N, d), targets (N, S)), drawn from one key; a learner that forgets does worse on them than one
that does not, and nothing else tells the two apart.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.core.array_worlds import ArrayWorld, Discrete


class Stream(NamedTuple):
    """Inputs (N, d) and targets (N, S) in the order in which they are seen."""

    inputs: Array
    targets: Array


def wave(x: Array) -> Array:
    """sin(2 pi x^2), the function of the shifting stream (Pan, Banman and White, arXiv 1911.08068)."""
    return jnp.sin(2 * jnp.pi * x**2)


def shifting(key: Array, correlation: float, steps: int, stay: int = 150, spread: float = 0.35) -> Stream:
    """Inputs around a centre that moves every `stay` steps, (N, 1); the target is `wave` of the input, (N, 1).

    Centres are S_{j+1} = .9 S_j + sqrt(.19) e, e ~ N(0, correlation spread^2), started in their stationary law; inputs
    are N(S, (1 - correlation) spread^2), clipped to [-1, 1]. The law of a single input is N(0, spread^2) whatever the
    `correlation` in [0, 1): only the order in time depends on it, so what gets worse as it grows is forgetting.
    """
    if not 0 <= correlation < 1:
        raise ValueError(f"the correlation must lie in [0, 1), not {correlation}")
    to_first, to_centres, to_inputs = jax.random.split(key, 3)
    periods = -(-steps // stay)
    deviation = spread * correlation**0.5
    noise = deviation * 0.19**0.5 * jax.random.normal(to_centres, (periods,))
    first = deviation * jax.random.normal(to_first, ())
    centres = lax.scan(lambda s, e: (0.9 * s + e, s), first, noise)[1]
    around = spread * (1 - correlation) ** 0.5 * jax.random.normal(to_inputs, (steps,))
    x = jnp.clip(jnp.repeat(centres, stay, total_repeat_length=periods * stay)[:steps] + around, -1, 1)
    return Stream(x[:, None], wave(x)[:, None])


def noisy(key: Array, steps: int, noise: float = 0.1) -> Stream:
    """The same function of inputs uniform in [-1, 1], with normal noise on the targets: stationary, for regret."""
    to_inputs, to_noise = jax.random.split(key)
    x = jax.random.uniform(to_inputs, (steps,), minval=-1.0, maxval=1.0)
    return Stream(x[:, None], (wave(x) + noise * jax.random.normal(to_noise, (steps,)))[:, None])


def one_hot(actions: Any, action: Array) -> Array:
    """What a model sees of an action: a unit vector for a discrete one, else its numbers."""
    return jax.nn.one_hot(action, actions.n) if isinstance(actions, Discrete) else jnp.atleast_1d(action)


def transitions(world: ArrayWorld, states: Any, key: Array) -> Stream:
    """One step from each of `states` (leading axis N) under random actions: inputs [observation, action], targets
    [change of the observation, reward]."""
    to_act, to_step = jax.random.split(key)
    count = jax.tree.leaves(states)[0].shape[0]
    kind = world.actions
    if isinstance(kind, Discrete):
        actions = jax.random.randint(to_act, (count,), 0, kind.n)
    else:
        actions = jax.random.uniform(to_act, (count, kind.size), minval=kind.low, maxval=kind.high)
    seen = jax.vmap(world.observe)(states)
    after, effects = jax.vmap(world.step)(states, actions, jax.random.split(to_step, count))
    change = jax.vmap(world.observe)(after) - seen
    inputs = jnp.concatenate([seen, jax.vmap(lambda a: one_hot(kind, a))(actions)], 1)
    return Stream(inputs, jnp.concatenate([change, effects.reward[:, None]], 1))
