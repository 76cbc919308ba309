"""Learning from comparisons of whole trajectories by policy gradient: self-play, reward models, duels, true rewards.

Practical self-play (arXiv 2401.04056, section 4): each rollout is compared with a queue of earlier ones, its mean
answer is spread evenly over its steps, and any method for rewards does the rest; here PPO. All four methods below get
the same number of rollouts an iteration, and the first three the same number of comparisons.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from manyminds.core.array_worlds import ArrayWorld
from manyminds.learning import ppo
from manyminds.learning.preferences import (
    Queue,
    Rater,
    answered,
    bradley_terry_loss,
    empty_queue,
    preferences,
    pushed,
    queue,
    scores,
)
from manyminds.learning.rollouts import Transition, copies, rollout
from manyminds.learning.training import Fitting, Logged, applied, fitting
from manyminds.networks.dense import Layers, orthogonal
from manyminds.networks.policies import ActorCritic

Method = Literal["self-play", "duel", "reward model", "true reward"]


@dataclass(frozen=True)
class Settings:
    """How to learn. `horizon` is the length of every episode of the world; `inner.copies` rollouts an iteration."""

    method: Method = "self-play"
    horizon: int = 50
    opponents: int = 10  # places of the queue, and comparisons of each rollout
    inner: ppo.PPO = field(default_factory=ppo.PPO)
    model_width: int = 32
    model_updates: int = 8  # of the reward model, an iteration
    model_step_size: float = 3e-3
    remembered: int = 50  # iterations whose comparisons the reward model is fitted to

    @property
    def players(self) -> int:
        return 2 if self.method == "duel" else 1

    def model_optimiser(self) -> optax.GradientTransformation:
        return optax.adam(self.model_step_size)


class Rolled(NamedTuple):
    """What is kept of a trajectory: what the rater judges, and what a reward model reads (horizon, size)."""

    facts: Any
    inputs: Array


class Compared(NamedTuple):
    """The comparisons of one iteration: inputs (n, ...) and (m, ...), answers (n, m)."""

    mine: Array
    theirs: Array
    answers: Array


class Model(NamedTuple):
    """A reward model, and the comparisons that it is fitted to."""

    fitting: Fitting
    seen: Queue


class State(NamedTuple):
    """Every array has a leading axis of players. `model` is None where no reward is modelled."""

    policy: Fitting
    opponents: Queue
    model: Model | None


def rolled_out(settings: Settings, world: ArrayWorld, network: ActorCritic, key: Array, count: int) -> Transition:
    """`count` whole episodes, (horizon, count, ...)."""

    def policy(observation: Array, key: Array) -> tuple[Array, Any]:
        distribution, value = network(observation)
        action = distribution.sample(key)
        return action, (distribution.log_prob(action), value)

    to_begin, to_go = jax.random.split(key)
    return rollout(world, policy, copies(world, to_begin, count), to_go, settings.horizon)[1]


def kept(rater: Rater, seen: Transition) -> Rolled:
    """What is kept of rollouts, with a leading axis of rollouts."""
    inputs = jnp.concatenate([seen.observation, seen.action], -1).swapaxes(0, 1)
    return Rolled(jax.vmap(rater.facts, 1)(seen), inputs)


def modelled(model: Layers, inputs: Array) -> Array:
    """The modelled reward of every step of a trajectory (horizon, size) -> (horizon,); their sum is its score."""
    return jax.vmap(model)(inputs)[:, 0] / inputs.shape[0]


def start(settings: Settings, world: ArrayWorld, rater: Rater, key: Array) -> State:
    """First policies and models, and queues of their first rollouts."""

    def player(key: Array) -> State:
        to_policy, to_roll, to_model = jax.random.split(key, 3)
        policy = ppo.start(settings.inner, world, to_policy).fitting
        first = kept(rater, rolled_out(settings, world, policy.model, to_roll, settings.inner.copies))
        return State(policy, queue(first, settings.opponents), first_model(settings, world, first, to_model))

    return eqx.filter_vmap(player)(jax.random.split(key, settings.players))


def first_model(settings: Settings, world: ArrayWorld, first: Rolled, key: Array) -> Model | None:
    if settings.method != "reward model":
        return None
    size, n, m = first.inputs.shape[-1], settings.inner.copies, settings.opponents
    layers = Layers((size, settings.model_width, settings.model_width, 1), key, jnp.tanh, orthogonal(2**0.5))
    like = Compared(first.inputs, first.inputs[:m], jnp.zeros((n, m), jnp.float32))
    return Model(fitting(layers, settings.model_optimiser()), empty_queue(like, settings.remembered))


def update(settings: Settings, world: ArrayWorld, rater: Rater, state: State, key: Array) -> tuple[State, Logged]:
    """One iteration of every player; a step for `trained`. Each meets the other's queue, or its own when alone."""
    arrays, static = eqx.partition(state, eqx.is_array)
    foes = jax.tree.map(lambda x: jnp.roll(x, 1, 0), state.opponents)

    def player(own: Any, foes: Queue, key: Array) -> tuple[Any, Logged]:
        after, logged = iterated(settings, world, rater, eqx.combine(own, static), foes, key)
        return eqx.filter(after, eqx.is_array), logged

    after, logged = jax.vmap(player)(arrays, foes, jax.random.split(key, settings.players))
    return eqx.combine(after, static), jax.tree.map(lambda x: x[0], logged)


def iterated(
    settings: Settings, world: ArrayWorld, rater: Rater, own: State, foes: Queue, key: Array
) -> tuple[State, Logged]:
    to_roll, to_answer, to_model, to_learn = jax.random.split(key, 4)
    seen = rolled_out(settings, world, own.policy.model, to_roll, settings.inner.copies)
    fresh = kept(rater, seen)
    answers = answered(preferences(rater, fresh.facts, foes.held.facts), to_answer)
    won, model = scores(answers, foes), own.model
    if model is not None:
        model = taught(settings, model, Compared(fresh.inputs, foes.held.inputs, answers), to_model)
        reward = jax.vmap(lambda x: modelled(model.fitting.model, x))(fresh.inputs).T
    elif settings.method == "true reward":
        reward = seen.reward
    else:
        reward = jnp.broadcast_to(won / settings.horizon, seen.reward.shape)
    batch = ppo.batch_of(settings.inner, own.policy.model, seen._replace(reward=reward))
    policy, logged = ppo.improved(settings.inner, own.policy, batch, to_learn)
    logged = {"return": seen.reward.sum(0).mean(), "won": won.mean(), "entropy": logged["entropy"]}
    return State(policy, pushed(own.opponents, fresh), model), logged | described(rater, fresh.facts)


def described(rater: Rater, facts: Any) -> Logged:
    """The share of rollouts in each region, for raters that have regions."""
    if not hasattr(rater, "region"):
        return {}
    regions = jax.vmap(rater.region)(facts)
    return {f"region {i}": (regions == i).mean() for i in range(len(rater.table))}  # type: ignore[attr-defined]


def taught(
    settings: Settings, model: Model, fresh: Compared, key: Array, rewards: Callable[[Any, Array], Array] = modelled
) -> Model:
    """The reward model after some updates, each on the comparisons of one remembered iteration. `rewards`: how the
    model reads the steps of a trajectory."""
    seen = pushed(model.seen, jax.tree.map(lambda x: x[None], fresh))
    arrays, static = eqx.partition(model.fitting, eqx.is_array)

    def loss(network: Layers, block: Compared) -> Array:
        mine, theirs = (jax.vmap(lambda x: rewards(network, x).sum())(x) for x in (block.mine, block.theirs))
        return bradley_terry_loss(mine, theirs, block.answers)

    def one(carry: Any, key: Array) -> tuple[Any, None]:
        now = eqx.combine(carry, static)
        which = jax.random.randint(key, (), 0, seen.filled)
        gradient = eqx.filter_grad(loss)(now.model, jax.tree.map(lambda x: x[which], seen.held))
        return eqx.filter(applied(now, gradient, settings.model_optimiser()), eqx.is_array), None

    arrays, _ = lax.scan(one, arrays, jax.random.split(key, settings.model_updates))
    return Model(eqx.combine(arrays, static), seen)


def judged(settings: Settings, world: ArrayWorld, rater: Rater, state: State, key: Array, count: int) -> Any:
    """The facts of `count` fresh rollouts of the first player's policy, for held-out comparisons."""
    policy = jax.tree.map(lambda x: x[0] if eqx.is_array(x) else x, state.policy)
    return kept(rater, rolled_out(settings, world, policy.model, key, count)).facts


def step(settings: Settings, world: ArrayWorld, rater: Rater) -> Callable[[State, Array], tuple[State, Logged]]:
    """`update` as a step for `trained`."""
    return lambda state, key: update(settings, world, rater, state, key)


def named(settings: Settings, method: Method) -> Settings:
    """The same settings with another method."""
    return replace(settings, method=method)
