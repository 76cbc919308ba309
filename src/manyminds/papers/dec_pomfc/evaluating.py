"""What trained swarms do: returns by way of execution and number of agents, distance to the limit, rules by hand."""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.worlds.populations.decision_rules import Rule
from manyminds.worlds.populations.lifted import Choose, Own, followed
from manyminds.worlds.populations.swarms import Aggregation, Swarm, order_parameter

Execution = Literal["mean", "shared", "own", "open"]
WAYS: tuple[Execution, ...] = ("mean", "shared", "own", "open")


class Score(BaseModel, frozen=True):
    """Episodes of one policy: the sum of rewards, the discounted one, and the order at the end (the length of the mean
    heading; for Aggregation the mean distance to the mean)."""

    total: list[float]
    discounted: list[float]
    order: float


class Runs(BaseModel, frozen=True):
    """One way of execution with one number of agents."""

    way: str
    agents: int
    scores: list[Score]  # one a seed

    def totals(self) -> list[float]:
        return [float(np.mean(score.total)) for score in self.scores]


def chooses(network: Any, way: Execution, agents: int) -> Choose:
    """How xi comes about: the actor's mean, one draw for all, or a draw for each agent. Where `network` is a recorded
    sequence of rules (T, size) it is replayed, whatever the swarm does ("open")."""

    def choose(observation: Array, t: Array, key: Array) -> Array:
        if way == "open":
            return network[t]
        distribution, _ = network(observation)
        if way == "mean":
            return distribution.mode()
        if way == "shared":
            return distribution.sample(key)
        return jax.vmap(distribution.sample)(jax.random.split(key, agents))

    return choose


@eqx.filter_jit
def played(swarm: Swarm, rule: Rule, network: Any, way: Execution, agents: int, keys: Array) -> tuple[Array, Array]:
    """The rewards (episodes, T) and the order at the end (episodes,)."""
    acting: Any = Own(rule) if way == "own" else rule

    def one(key: Array) -> tuple[Array, Array]:
        found = followed(swarm, acting, chooses(network, way, agents), agents, key, kept=True)
        return found.reward, ordered(swarm, jax.tree.map(lambda x: x[-1], found.states))

    return jax.lax.map(one, keys)


@eqx.filter_jit
def recorded(swarm: Swarm, rule: Rule, network: Any, agents: int, key: Array) -> Any:
    """One episode by the actor's mean, with its states."""
    return followed(swarm, rule, chooses(network, "mean", agents), agents, key, kept=True)


def ordered(swarm: Swarm, state: Any) -> Array:
    if hasattr(state, "angle"):
        return order_parameter(state.angle)
    return jnp.linalg.norm(state - state.mean(0), axis=-1).mean() if isinstance(swarm, Aggregation) else jnp.var(state)


def scored(
    swarm: Swarm, rule: Rule, network: Any, way: Execution, agents: int, episodes: int, key: Array, discount: float
) -> Score:
    rewards, orders = played(swarm, rule, network, way, agents, jax.random.split(key, episodes))
    rewards = np.asarray(rewards, float)
    weights = discount ** np.arange(swarm.steps)
    return Score(total=rewards.sum(1).tolist(), discounted=(rewards @ weights).tolist(), order=float(orders.mean()))


def executed(
    swarm: Swarm, rule: Rule, networks: list[Any], way: Execution, agents: int, episodes: int, seeds: Seeds,
    discount: float, limit: int,
) -> Runs:  # fmt: skip
    """One way of execution for every trained network. Open loop takes its rules from a trajectory of `limit` agents."""
    scores = []
    for i, network in enumerate(networks):
        acting = recorded(swarm, rule, network, limit, seeds.jax("limit", i)).xi if way == "open" else network
        scores.append(
            scored(swarm, rule, acting, way, agents, episodes, seeds.jax("episodes", way, agents, i), discount)
        )
    return Runs(way=way, agents=agents, scores=scores)


class ByHand(eqx.Module):
    """A rule of one number, its gain: turn towards the neighbours' mean heading, or go to the middle of the box."""

    to_the_middle: bool = eqx.field(static=True)
    size: int = eqx.field(static=True, default=1)

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        return jnp.clip(-xi * y if self.to_the_middle else xi * y[:, 1:], -1, 1)


class Independent(eqx.Module):
    """The rule that IPPO or MAPPO learnt, executed by its mean: it sees one agent's observation alone."""

    network: Any
    size: int = eqx.field(static=True, default=1)

    def act(self, xi: Array, y: Array, key: Array) -> Array:
        return jnp.clip(jax.vmap(self.network.actor)(y), -1, 1)


def simple(swarm: Swarm, rule: Any, gain: float, agents: int, episodes: int, key: Array, discount: float) -> Score:
    """A rule with one and the same number at every step."""
    return scored(swarm, rule, jnp.full((swarm.steps, 1), gain), "open", agents, episodes, key, discount)


def by_hand(
    swarm: Swarm, gains: tuple[float, ...], agents: int, episodes: int, key: Array, discount: float
) -> tuple[float, Score, Score]:
    """The gain that does best, its score on other episodes, and that of doing nothing (gain 0)."""
    rule = ByHand(isinstance(swarm, Aggregation))
    tune, test = jax.random.split(key)
    tried = [np.mean(simple(swarm, rule, gain, agents, episodes, tune, discount).total) for gain in gains]
    best = gains[int(np.argmax(tried))]
    return best, *(simple(swarm, rule, gain, agents, episodes, test, discount) for gain in (best, 0.0))


def apart_from_limit(
    swarm: Swarm, rule: Rule, network: Any, sizes: tuple[int, ...], limit: int, episodes: int, key: Array
) -> list[float]:
    """For each number of agents the mean absolute difference of features from those of `limit` agents, over time, under
    the same recorded rules."""
    far = recorded(swarm, rule, network, limit, key)

    @eqx.filter_jit
    def features(xis: Array, agents: int, keys: Array) -> Array:
        return jax.lax.map(lambda k: followed(swarm, rule, chooses(xis, "open", agents), agents, k).features, keys)

    keys = jax.random.split(key, episodes)
    return [float(jnp.abs(features(far.xi, agents, keys) - far.features[None]).mean()) for agents in sizes]


def shown_path(swarm: Swarm, rule: Rule, network: Any, agents: int, key: Array) -> dict[str, list[Any]]:
    """One episode for the eye, every other step: places (T / 2, N, 2) and, where there are any, angles (T / 2, N)."""
    states = jax.tree.map(lambda x: np.round(np.asarray(x[::2]), 3), recorded(swarm, rule, network, agents, key).states)
    if hasattr(states, "angle"):
        return {"place": states.place.tolist(), "angle": states.angle.tolist()}
    return {"place": states.tolist()}
