"""Rolling a policy out in an array world: many copies at once, restarted when an episode is over."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.core.array_worlds import ArrayWorld

Policy = Callable[[Array, Array], tuple[Array, Any]]  # (observation, key) -> (action, what else to keep of the step)


class Transition(NamedTuple):
    """One step. `after` is what the step led to, also where the episode is over and the next step starts a new one."""

    observation: Array
    action: Array
    reward: Array
    after: Array
    ended: Array  # nothing comes after
    cut: Array  # stopped by the clock: the value of `after` counts
    kept: Any


class Copies(NamedTuple):
    """Many copies of a world, each somewhere in its episode, with the return and length of that episode so far."""

    states: Any
    returns: Array
    lengths: Array


class Finished(NamedTuple):
    """Episodes that were over in a rollout: mask, return and length per (step, copy)."""

    over: Array
    returns: Array
    lengths: Array

    def mean_return(self) -> Array:
        """Of the episodes that were over; NaN when none was."""
        return jnp.where(self.over, self.returns, 0).sum() / self.over.sum()


def copies(world: ArrayWorld, key: Array, count: int) -> Copies:
    """`count` copies at the start of an episode."""
    states = jax.vmap(world.reset)(jax.random.split(key, count))
    return Copies(states, jnp.zeros(count, jnp.float32), jnp.zeros(count, jnp.int32))


def rollout(
    world: ArrayWorld, policy: Policy, begun: Copies, key: Array, steps: int
) -> tuple[Copies, Transition, Finished]:
    """`steps` steps of every copy; arrays have shape (steps, copies, ...)."""
    count = begun.returns.shape[0]

    def drawn(key: Array) -> tuple[Array, Array, Any]:
        to_act, to_step, to_reset = jax.random.split(key, 3)
        fresh = jax.vmap(world.reset)(jax.random.split(to_reset, count))
        return jax.random.split(to_act, count), jax.random.split(to_step, count), fresh

    def one(now: Copies, step: tuple[Array, Array, Any]) -> tuple[Copies, tuple[Transition, Finished]]:
        to_act, to_step, fresh = step
        seen = jax.vmap(world.observe)(now.states)
        action, kept = jax.vmap(policy)(seen, to_act)
        states, effects = jax.vmap(world.step)(now.states, action, to_step)
        after = jax.vmap(world.observe)(states)
        over = effects.ended | effects.cut
        returns, lengths = now.returns + effects.reward, now.lengths + 1
        states = jax.tree.map(lambda new, old: jnp.where(spread(over, old), new, old), fresh, states)
        going = Copies(states, jnp.where(over, 0, returns), jnp.where(over, 0, lengths))
        seen_step = Transition(seen, action, effects.reward, after, effects.ended, effects.cut, kept)
        return going, (seen_step, Finished(over, returns, lengths))

    # Keys and first states of all steps at once: one by one they are many small kernels.
    each = jax.vmap(drawn)(jax.random.split(key, steps))
    going, (transitions, finished) = lax.scan(one, begun, each)
    return going, transitions, finished


def spread(mask: Array, like: Array) -> Array:
    """A mask of shape (copies,) with trailing axes of length 1, to select whole rows of `like`."""
    return mask.reshape(mask.shape + (1,) * (like.ndim - mask.ndim))


def episodes(world: ArrayWorld, policy: Policy, key: Array, count: int, limit: int) -> tuple[Array, Array]:
    """Return and length of the first episode of each of `count` copies, cut at `limit` steps; shape (count,)."""

    def one(key: Array) -> tuple[Array, Array]:
        to_reset, to_go = jax.random.split(key)

        def step(carry: tuple[Any, Array, Array, Array], key: Array) -> tuple[tuple[Any, Array, Array, Array], None]:
            state, alive, total, length = carry
            to_act, to_step = jax.random.split(key)
            action, _ = policy(world.observe(state), to_act)
            after, effects = world.step(state, action, to_step)
            state = jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, state)
            total, length = total + jnp.where(alive, effects.reward, 0), length + alive
            return (state, alive & ~(effects.ended | effects.cut), total, length), None

        start = (world.reset(to_reset), jnp.bool_(True), jnp.float32(0), jnp.int32(0))
        (_, _, total, length), _ = lax.scan(step, start, jax.random.split(to_go, limit))
        return total, length

    return jax.vmap(one)(jax.random.split(key, count))
