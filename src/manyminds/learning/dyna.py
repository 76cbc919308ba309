"""Dyna: act, learn a model from what was seen, and learn to act from what the model says would happen.

Sutton (1990), as arXiv 2401.13034 uses it: after each real step the model is updated once, then the learner
learns from the real step and from imagined ones that begin in states seen before. Without a model this is the same
learner alone; with `replayed` it learns from real steps again. Everything is one step for `training.trained`.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.core.array_worlds import ArrayWorld, Box, Discrete, Effects
from manyminds.learning.replay import Replay, Rows, added, drawn, empty
from manyminds.learning.training import Logged, Step
from manyminds.learning.world_models import WorldModel
from manyminds.networks.sparse_encoding import FeatureMap


class ValueLearner(Protocol):
    """What learns the values of discrete actions."""

    def begun(self, key: Array) -> Any: ...

    def values(self, state: Any, observation: Array) -> Array:
        """The value of each action, (n,)."""

    def update(self, state: Any, rows: Rows, valid: Array, key: Array) -> Any:
        """After learning from rows (leading axis: how many); those that are not valid teach nothing."""


@dataclass(frozen=True, eq=False)
class LinearQ:
    """Q-learning, linear in features of the observation with a weight vector an action (Watkins 1989).

    Each row moves the value of its action by `step_size` of the way to its target, whatever the features' size. With
    features that are one for a cell and zero elsewhere this is a table.
    """

    features: FeatureMap
    actions: int
    discount: float = 0.99
    step_size: float = 0.5
    initial: float = 0.0

    def begun(self, key: Array) -> Array:
        return jnp.full((self.actions, self.features.size), self.initial, jnp.float32)

    def values(self, state: Array, observation: Array) -> Array:
        active = self.features(observation)
        return state[:, active.index] @ active.value

    def update(self, state: Array, rows: Rows, valid: Array, key: Array) -> Array:
        def one(weights: Array, given: tuple[Rows, Array]) -> tuple[Array, None]:
            row, good = given
            ahead = self.values(weights, row.after).max()
            target = row.reward + self.discount * jnp.where(row.ended, 0, ahead)
            active = self.features(row.observation)
            error = target - weights[row.action, active.index] @ active.value
            change = jnp.where(good, self.step_size * error / (active.value @ active.value), 0) * active.value
            return weights.at[row.action, active.index].add(change), None

        return lax.scan(one, state, (rows, valid))[0]


@dataclass(frozen=True)
class Levels:
    """A world with one number as its action, in which one of `n` levels from lowest to highest is chosen instead."""

    world: ArrayWorld
    n: int = 3

    @property
    def observation_size(self) -> int:
        return self.world.observation_size

    @property
    def actions(self) -> Discrete:
        return Discrete(self.n)

    def reset(self, key: Array) -> Any:
        return self.world.reset(key)

    def observe(self, state: Any) -> Array:
        return self.world.observe(state)

    def step(self, state: Any, action: Array, key: Array) -> tuple[Any, Effects]:
        box = self.world.actions
        assert isinstance(box, Box) and box.size == 1
        return self.world.step(state, jnp.linspace(box.low, box.high, self.n, dtype=jnp.float32)[action][None], key)


@dataclass(frozen=True)
class Dyna:
    """How much is imagined, and how the learner explores. `low`, `high`: imagined observations are kept inside."""

    branches: int = 10  # imagined rollouts after each real step; with `replayed`, real rows learnt from again
    length: int = 1  # steps of a rollout
    explore: float = 0.1  # chance of a random action, real or imagined
    warm: int = 100  # real steps before anything is imagined
    capacity: int = 20_000  # steps whose observations can be returned to
    replayed: bool = False  # the rows learnt from are real ones, and no model is asked
    noise: bool = False  # sample steps from the model instead of taking the expected ones


class Living(NamedTuple):
    """Where a run stands."""

    world: Any
    learner: Any
    model: Any
    seen: Replay
    total: Array  # return of this episode so far
    steps: Array  # real steps so far


def living(world: ArrayWorld, learner: ValueLearner, model: WorldModel | None, how: Dyna, key: Array) -> Living:
    to_world, to_learner, to_model = jax.random.split(key, 3)
    return Living(
        world.reset(to_world), learner.begun(to_learner), model.begun(to_model) if model else None,
        empty(how.capacity, world.observation_size, world.actions), jnp.float32(0), jnp.int32(0),
    )  # fmt: skip


def explored(values: Array, explore: float, key: Array) -> Array:
    """The best action, ties broken at random; with chance `explore` any."""
    to_dare, to_act, to_break = jax.random.split(key, 3)
    n = values.shape[0]
    ties = jnp.where(values >= values.max(), jax.random.uniform(to_break, (n,), jnp.float32), -1)
    dared = jax.random.bernoulli(to_dare, explore)
    return jnp.where(dared, jax.random.randint(to_act, (), 0, n, jnp.int32), ties.argmax().astype(jnp.int32))


def dyna(
    world: ArrayWorld, learner: ValueLearner, model: WorldModel | None, how: Dyna, low: Array, high: Array
) -> Step:
    """One real step and all that is learnt from it. Logs `over` and `return over` (0 but where an episode is over): the
    ratio of their means over a chunk is the mean return of the episodes that were over in it."""

    def step(now: Living, key: Array) -> tuple[Living, Logged]:
        to_act, to_step, to_reset, to_model, to_plan, to_learn = jax.random.split(key, 6)
        observation = world.observe(now.world)
        action = explored(learner.values(now.learner, observation), how.explore, to_act)
        state, effects = world.step(now.world, action, to_step)
        row = Rows(observation, action, effects.reward, world.observe(state), effects.ended)
        seen = added(now.seen, jax.tree.map(lambda x: jnp.asarray(x)[None], row))
        believed = model.update(now.model, row, to_model) if model else None
        rows, valid = jax.tree.map(lambda x: jnp.asarray(x)[None], row), jnp.ones(1, bool)
        if how.branches and (model or how.replayed):
            if how.replayed or model is None:
                more = drawn(seen, to_plan, how.branches)
            else:
                more = imagined(learner, now.learner, model, believed, how, seen, (low, high), to_plan)
            rows = jax.tree.map(lambda a, b: jnp.concatenate([a, b.astype(a.dtype)]), rows, more)
            valid = jnp.concatenate([valid, jnp.full(rows.reward.shape[0] - 1, now.steps >= how.warm)])
        taught = learner.update(now.learner, rows, valid, to_learn)
        over, total = effects.ended | effects.cut, now.total + effects.reward
        fresh = world.reset(to_reset)
        after = jax.tree.map(lambda new, old: jnp.where(over, new, old), fresh, state)
        logged = {"over": over.astype(jnp.float32), "return over": jnp.where(over, total, 0), "reward": effects.reward}
        return Living(after, taught, believed, seen, jnp.where(over, 0, total), now.steps + 1), logged

    return step


def imagined(
    learner: ValueLearner, taught: Any, model: WorldModel, believed: Any, how: Dyna, seen: Replay,
    limits: tuple[Array, Array], key: Array,
) -> Rows:  # fmt: skip
    """Rollouts of the model that begin in observations seen before, (branches * length) rows. What comes after an
    imagined end begins again where the rollout began."""
    to_begin, to_go = jax.random.split(key)
    first = drawn(seen, to_begin, how.branches).observation

    def one(begun: Array, key: Array) -> Rows:
        def step(observation: Array, key: Array) -> tuple[Array, Rows]:
            to_act, to_sample = jax.random.split(key)
            action = explored(learner.values(taught, observation), how.explore, to_act)
            if how.noise:
                said = model.sample(believed, observation, action, to_sample)
            else:
                said = model.predict(believed, observation, action)
            after = jnp.clip(jnp.nan_to_num(said.after), *limits)
            row = Rows(observation, action, said.reward, after, said.ended)
            return jnp.where(said.ended, begun, after), row

        return lax.scan(step, begun, jax.random.split(key, how.length))[1]

    rows = jax.vmap(one)(first, jax.random.split(to_go, how.branches))
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), rows)


def alone(how: Dyna) -> Dyna:
    """The same learner without imagination."""
    return replace(how, branches=0)
