"""Preferences over trajectories on arrays: a queue of opponents, a rater's answers, win rates, Bradley-Terry losses.

A rater is pure: `facts(trajectory)` keeps what it judges by, `prefers(a, b)` is 2 Prob(a beats b) - 1 of two facts,
antisymmetric. Its answers are drawn anew for every comparison, so a noisy rater is noisy and not merely wrong.
"""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array


class Rater(Protocol):
    """Who compares two trajectories; anything a rater holds is a parameter, so it may be jitted and vmapped."""

    def facts(self, trajectory: Any) -> Any:
        """What is judged of one trajectory (a tree of arrays whose leading axis is time)."""

    def prefers(self, a: Any, b: Any) -> Array:
        """2 Prob(a beats b) - 1 for the facts of two trajectories, shape ()."""


class Queue(NamedTuple):
    """The last trajectories, first in, first out. `filled` counts those that are there, the oldest is at `next`."""

    held: Any  # arrays with a leading axis of places
    next: Array
    filled: Array


def queue(trajectories: Any, places: int) -> Queue:
    """A queue that begins with the last `places` of some trajectories; ValueError when there are not that many."""
    count = jax.tree.leaves(trajectories)[0].shape[0]
    if places < 1:
        raise ValueError(f"a queue needs at least one place, not {places}")
    if count < places:
        raise ValueError(f"a queue of {places} cannot begin with {count} trajectories; roll out {places} or more first")
    return Queue(jax.tree.map(lambda x: x[count - places :], trajectories), jnp.int32(0), jnp.int32(places))


def empty_queue(like: Any, places: int) -> Queue:
    """A queue without trajectories; `like` is one of them, for shapes and dtypes."""
    held = jax.tree.map(lambda x: jnp.zeros((places, *jnp.shape(x)), jnp.asarray(x).dtype), like)
    return Queue(held, jnp.int32(0), jnp.int32(0))


def pushed(into: Queue, trajectories: Any) -> Queue:
    """The queue after more trajectories came, in their order; what no longer has room is forgotten, oldest first."""
    for old, new in zip(jax.tree.leaves(into.held), jax.tree.leaves(trajectories), strict=True):
        if old.shape[1:] != new.shape[1:]:
            raise ValueError(f"trajectories of shape {new.shape[1:]} do not fit into a queue of {old.shape[1:]}")
    places = jax.tree.leaves(into.held)[0].shape[0]
    count = jax.tree.leaves(trajectories)[0].shape[0]
    late = jax.tree.map(lambda x: x[max(count - places, 0) :], trajectories)
    fresh = min(count, places)
    where = (into.next + jnp.arange(fresh)) % places
    held = jax.tree.map(lambda old, new: old.at[where].set(new), into.held, late)
    return Queue(held, (into.next + fresh) % places, jnp.minimum(into.filled + fresh, places))


def preferences(rater: Rater, mine: Any, theirs: Any) -> Array:
    """The rater's preferences of every one of `mine` (n) over every one of `theirs` (m), shape (n, m)."""
    return jax.vmap(lambda a: jax.vmap(lambda b: rater.prefers(a, b))(theirs))(mine)


def answered(preferences: Array, key: Array) -> Array:
    """One answer for every preference: 1 with probability (1 + P) / 2, else -1. A tie is a fair coin."""
    won = jax.random.uniform(key, preferences.shape) < (1 + preferences) / 2
    return jnp.where(won, 1.0, -1.0)


def scores(answers: Array, opponents: Queue) -> Array:
    """Mean answer (n,) of each trajectory against the opponents that are there; 0 against an empty queue.

    In the scale of the game, from -1 to 1: it is not divided by its deviation, which would destroy that scale, and a
    queue in which everything ties gives zeros.
    """
    there = jnp.arange(answers.shape[-1]) < opponents.filled
    return jnp.where(there, answers, 0.0).sum(-1) / jnp.maximum(opponents.filled, 1)


def win_rates(preferences: Array) -> Array:
    """Chance (n,) to beat another of the same group (n, n); a trajectory is never compared with itself."""
    n = preferences.shape[0]
    off_diagonal = jnp.where(jnp.eye(n, dtype=bool), 0.0, preferences)
    return (1 + off_diagonal.sum(1) / max(n - 1, 1)) / 2


def bradley_terry_loss(mine: Array, theirs: Array, answers: Array) -> Array:
    """Mean log-loss of the answers (n, m) under scores `mine` (n,) and `theirs` (m,), nats a comparison."""
    return jax.nn.softplus(-answers * (mine[:, None] - theirs[None, :])).mean()
