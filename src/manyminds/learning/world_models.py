"""World models that learn online: predict a step, sample one, update from one that was seen. State in, state out.

A model is told what it sees of a world (its observation size and actions) and never the world itself. Outputs are the
change of the observation, the reward, and whether the episode has ended (above a half counts as yes).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Discrete, Space
from manyminds.learning import continual
from manyminds.learning import follow_the_leader as ftl
from manyminds.learning.continual import Online
from manyminds.learning.replay import Rows
from manyminds.networks.sparse_encoding import FeatureMap


class Imagined(NamedTuple):
    """What a model says of one step: the next observation, the reward, and whether nothing comes after."""

    after: Array
    reward: Array
    ended: Array


class WorldModel(Protocol):
    """Any model of a world; every method may be jitted and vmapped."""

    def begun(self, key: Array) -> Any:
        """The state of a model that has seen nothing."""

    def predict(self, state: Any, observation: Array, action: Array) -> Imagined:
        """The expected step."""

    def sample(self, state: Any, observation: Array, action: Array, key: Array) -> Imagined:
        """A step drawn from what the model believes."""

    def update(self, state: Any, row: Rows, key: Array) -> Any:
        """The model after one transition (`Rows` without a leading axis)."""


def model_input(actions: Space, observation: Array, action: Array) -> Array:
    """[observation, action], a discrete action as a unit vector."""
    act = jax.nn.one_hot(action, actions.n, dtype=observation.dtype) if isinstance(actions, Discrete) else action
    return jnp.concatenate([observation, jnp.atleast_1d(act)])


class Outputs(NamedTuple):
    """The units of a model's targets: typical sizes of a change (observation size,) and of a reward. Dividing by them
    lets one squared error be fair to all outputs."""

    change: Array
    reward: Array

    def of(self, row: Rows) -> Array:
        change = (row.after - row.observation) / self.change
        ended = row.ended.astype(change.dtype)
        return jnp.concatenate([change, jnp.stack([row.reward / self.reward, ended])])

    def read(self, said: Array, observation: Array) -> Imagined:
        return Imagined(observation + said[:-2] * self.change, said[-2] * self.reward, said[-1] > 0.5)


class SparseState(NamedTuple):
    leader: ftl.Leader
    errors: Array  # (S,): sum of squared errors before each update


@dataclass(frozen=True, eq=False)
class SparseModel:
    """Follow-The-Leader on sparse features (arXiv 2401.13034): one pass, nothing replayed.

    With `apart` the features are of the observation and each discrete action has a regression of its own: all actions
    are far from each other. Without, they are of [observation, action] as in the paper.
    """

    features: FeatureMap
    actions: Space
    outputs: Outputs
    ridge: float = 1e-3
    width: int = 512
    apart: bool = False
    dtype: Any = jnp.float32

    def active(self, observation: Array, action: Array) -> tuple[Array, Array, Array]:
        """Which features of which part are at work: (part, index, value)."""
        x = observation if self.apart else model_input(self.actions, observation, action)
        at = self.features(x)
        return (action if self.apart else jnp.int32(0)), at.index, at.value.astype(self.dtype)

    def begun(self, key: Array) -> SparseState:
        size = self.outputs.change.shape[0] + 2
        parts = self.actions.n if self.apart and isinstance(self.actions, Discrete) else 1
        leader = ftl.begun(self.features.size, size, self.width, self.dtype, parts=parts)
        return SparseState(leader, jnp.zeros(size, self.dtype))

    def said(self, state: SparseState, observation: Array, action: Array) -> Array:
        part, index, value = self.active(observation, action)
        return ftl.predicted(state.leader, index, value, part)

    def predict(self, state: SparseState, observation: Array, action: Array) -> Imagined:
        return self.outputs.read(self.said(state, observation, action).astype(observation.dtype), observation)

    def sample(self, state: SparseState, observation: Array, action: Array, key: Array) -> Imagined:
        """The expected step with normal noise of the size of past errors on the observation and the reward."""
        said = self.said(state, observation, action)
        deviation = jnp.sqrt(state.errors / jnp.maximum(state.leader.seen, 1)).at[-1].set(0)
        noise = deviation * jax.random.normal(key, said.shape, said.dtype)
        return self.outputs.read((said + noise).astype(observation.dtype), observation)

    def update(self, state: SparseState, row: Rows, key: Array) -> SparseState:
        part, index, value = self.active(row.observation, row.action)
        target = self.outputs.of(row).astype(self.dtype)
        missed = ftl.predicted(state.leader, index, value, part) - target
        after = ftl.updated(state.leader, index, value, target, self.ridge, part)
        return SparseState(after, state.errors + jnp.where(after.seen > state.leader.seen, missed**2, 0))


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A dense network of [observation, action] with a remedy against forgetting, or none. `low`, `high`: bounds of the
    observation, brought to [-1, 1]."""

    settings: Online
    actions: Space
    outputs: Outputs
    low: Array
    high: Array
    steps: int  # observations that replay must have room for

    def begun(self, key: Array) -> continual.Learning:
        size = self.outputs.change.shape[0]
        inputs = size + (self.actions.n if isinstance(self.actions, Discrete) else self.actions.size)
        return continual.begun(self.settings, inputs, size + 2, self.steps, key)

    def given(self, observation: Array, action: Array) -> Array:
        unit = 2 * (observation - self.low) / (self.high - self.low) - 1
        return model_input(self.actions, unit, action)

    def predict(self, state: continual.Learning, observation: Array, action: Array) -> Imagined:
        return self.outputs.read(state.fitting.model(self.given(observation, action)), observation)

    def sample(self, state: continual.Learning, observation: Array, action: Array, key: Array) -> Imagined:
        """The expected step: a single network has no opinion on its errors."""
        return self.predict(state, observation, action)

    def update(self, state: continual.Learning, row: Rows, key: Array) -> continual.Learning:
        given = self.given(row.observation, row.action)
        return continual.updated(self.settings, state, given, self.outputs.of(row), key)
