"""Double Q-learning with a network (van Hasselt, Guez and Silver, arXiv 1509.06461), a `ValueLearner` for Dyna.

One network chooses the action after a step and a copy of it, which stands still between refreshes, says what that
action is worth: the largest of noisy values is then no longer believed only because it is the largest. What it learns
from (real steps, replayed ones, imagined ones) and how it explores is the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array

from manyminds.learning.replay import Rows
from manyminds.learning.training import Fitting, applied, fitting

Network = Callable[[Array], Array]  # an observation -> the value of each action, (n,)


class State(NamedTuple):
    online: Fitting
    target: eqx.Module  # the online network as it was at the last refresh
    updates: Array  # int32, so far


@dataclass(frozen=True, eq=False)
class DoubleQ:
    """`network(key)` makes the network. One call of `update` is one gradient step on the mean squared error of its
    valid rows; every `refresh` of them the target becomes the online network."""

    network: Callable[[Array], eqx.Module]
    optimiser: optax.GradientTransformation
    discount: float = 0.99
    refresh: int = 100

    def begun(self, key: Array) -> State:
        network = self.network(key)
        return State(fitting(network, self.optimiser), network, jnp.int32(0))

    def values(self, state: State, observation: Array) -> Array:
        return state.online.model(observation)

    def update(self, state: State, rows: Rows, valid: Array, key: Array) -> State:
        aim = double_targets(state.online.model, state.target, rows, self.discount)

        def loss(network: Network) -> Array:
            error = taken(jax.vmap(network)(rows.observation), rows.action) - aim
            return 0.5 * jnp.where(valid, error**2, 0).sum() / jnp.maximum(valid.sum(), 1)

        online = applied(state.online, eqx.filter_grad(loss)(state.online.model), self.optimiser)
        updates = state.updates + 1
        fresh = updates % self.refresh == 0
        target = jax.tree.map(
            lambda new, old: jnp.where(fresh, new, old) if eqx.is_array(new) else new, online.model, state.target
        )
        return State(online, target, updates)


def double_targets(online: Network, target: Network, rows: Rows, discount: float) -> Array:
    """r + discount (1 - ended) target(s')[argmax online(s')], shape (rows,)."""
    best = jax.vmap(online)(rows.after).argmax(-1)
    ahead = taken(jax.vmap(target)(rows.after), best)
    return rows.reward + discount * jnp.where(rows.ended, 0, ahead)


def taken(values: Array, actions: Array) -> Array:
    """Of values (rows, n), those of the actions (rows,)."""
    return jnp.take_along_axis(values, actions[:, None], -1)[:, 0]
