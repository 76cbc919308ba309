"""A swarm lifted to one agent: the state is the whole swarm, the action is the rule that all agents follow this step.

The lifted world is an array world, so that any single-agent learner applies (arXiv 2307.06175, section 3: the policy
gradient of N agents that share one draw of xi converges to that of the limit).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.core.array_worlds import Box, Effects
from manyminds.worlds.populations.decision_rules import Rule
from manyminds.worlds.populations.swarms import Swarm

CLOCK = 4  # numbers that tell the time


class Moment(NamedTuple):
    swarm: Any
    t: Array  # int32


@dataclass(frozen=True)
class Lifted:
    """What the learner sees is first the time (`CLOCK` numbers), then the distribution of agents."""

    swarm: Swarm
    rule: Rule
    agents: int = 200
    scale: float = 1.0  # what the learner's rewards are multiplied by, so that values are of the size of 1

    @property
    def observation_size(self) -> int:
        return CLOCK + self.swarm.feature_size

    @property
    def actions(self) -> Box:
        """xi is any vector: rules squash it themselves."""
        return Box(self.rule.size, -jnp.inf, jnp.inf)

    def reset(self, key: Array) -> Moment:
        return Moment(self.swarm.reset(key, self.agents), jnp.int32(0))

    def observe(self, state: Moment) -> Array:
        return jnp.concatenate([clock(state.t, self.swarm.steps), self.swarm.features(state.swarm)])

    def step(self, state: Moment, action: Array, key: Array) -> tuple[Moment, Effects]:
        """All agents draw by the one rule `action`; an episode is cut by the clock, never ended."""
        after, _, reward = stepped(self.swarm, self.rule, state.swarm, action, key)
        t = state.t + 1
        return Moment(after, t), Effects(self.scale * reward, jnp.bool_(False), t >= self.swarm.steps)


def clock(t: Array, steps: int) -> Array:
    """The time as numbers a network can use: the share gone, and three that move at the beginning."""
    t = t.astype(jnp.float32)
    return jnp.stack([t / steps, jnp.exp(-t / 1.5), jnp.exp(-t / 5), jnp.exp(-t / 15)])


def stepped(swarm: Swarm, rule: Rule, state: Any, xi: Array, key: Array) -> tuple[Any, Array, Array]:
    """The swarm after one step, what was done, and the reward of the state it was in."""
    to_see, to_act, to_move = jax.random.split(key, 3)
    action = rule.act(xi, swarm.seen(state, to_see), to_act)
    return swarm.moved(state, action, to_move), action, swarm.reward(state, action)


class Own(NamedTuple):
    """Not a rule for all: every agent follows a xi of its own, shape (N, size)."""

    rule: Rule

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        keys = jax.random.split(key, len(y))
        return jax.vmap(lambda own, at, k: self.rule.act(own, at[None], k)[0])(xi, y, keys)


class Followed(NamedTuple):
    """One episode: the reward and the features before every step, the rules that were followed, the states."""

    reward: Array  # (T,)
    features: Array  # (T, feature_size)
    xi: Array  # (T, size), or (T, N, size) when every agent has its own
    states: Any  # (T, ...), only when asked for


Choose = Callable[[Array, Array, Array], Array]  # (observation, t, key) -> xi


def followed(swarm: Swarm, rule: Rule, choose: Choose, agents: int, key: Array, kept: bool = False) -> Followed:
    """One episode of `agents` agents under the rules that are chosen for them."""
    to_reset, to_go = jax.random.split(key)

    def one(state: Any, at: tuple[Array, Array]) -> tuple[Any, Followed]:
        t, key = at
        to_choose, to_step = jax.random.split(key)
        features = swarm.features(state)
        xi = choose(jnp.concatenate([clock(t, swarm.steps), features]), t, to_choose)
        after, _, reward = stepped(swarm, rule, state, xi, to_step)
        return after, Followed(reward, features, xi, state if kept else None)

    times = jnp.arange(swarm.steps), jax.random.split(to_go, swarm.steps)
    return lax.scan(one, swarm.reset(to_reset, agents), times)[1]
