"""Learning from comparisons of whole episodes by soft actor-critic, where episodes are stepped outside of JAX.

The learner of arXiv 2401.04056, section 5: each episode is compared with a queue of earlier ones, its mean answer is
spread evenly over the steps that it has, and soft actor-critic learns from all steps so far. The counterpart of
`preference_ppo` for simulators: the same queue, answers, scores and reward model, and episodes that may end early.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput, Seeds
from manyminds.core.array_worlds import Box
from manyminds.learning import preference_ppo, sac
from manyminds.learning.preference_ppo import Compared, Model, Rolled, taught
from manyminds.learning.preferences import Queue, Rater, answered, empty_queue, preferences, pushed, queue, scores
from manyminds.learning.replay import Replay, Rows, added, drawn, empty
from manyminds.learning.training import Logged, fitting
from manyminds.networks.dense import Layers, orthogonal


class Episodes(Protocol):
    """Episodes side by side, (steps, n, ...); steps from `length` (n,) on are padding, and `ended` is True there."""

    observation: Any
    action: Any
    reward: Any
    after: Any
    ended: Any
    length: Any


Acting = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Roll = Callable[[Acting, int, int], Episodes]  # (act, how many, seed) -> episodes of at most `horizon` steps


@dataclass(frozen=True)
class Settings:
    """`comparing` holds the method, the most steps of an episode (`horizon`), the queue and the reward model."""

    comparing: preference_ppo.Settings = field(default_factory=lambda: preference_ppo.Settings(horizon=1000))
    episodes: int = 4  # an iteration
    updates: int = 1000  # an iteration
    batch: int = 256
    capacity: int = 200_000  # steps that are remembered
    # Answers that are spread over a long episode are small: a temperature of 1 would hide them at first.
    learner: sac.SAC = field(default_factory=lambda: sac.SAC(start_temperature=0.01))

    def __post_init__(self) -> None:
        if self.comparing.method == "duel":
            raise BadInput("there is no duel by soft actor-critic; choose self-play, reward model or true reward")
        if self.episodes < 1 or self.updates < 1:
            raise BadInput(f"episodes and updates are at least 1, not {self.episodes} and {self.updates}")
        most = max(self.episodes, self.comparing.opponents) * self.comparing.horizon
        if self.capacity < most:
            raise BadInput(f"an iteration has up to {most:,} steps, and {self.capacity:,} are remembered")


class State(NamedTuple):
    """What a checkpoint holds. `model` is None where no reward is modelled."""

    iteration: np.ndarray
    agent: sac.State
    replay: Replay
    opponents: Queue  # of Rolled: what a rater judges, and what a reward model reads
    model: Model | None


class Steps(NamedTuple):
    """Episodes (n, horizon, ...), filled up; `there` (n, horizon) says which steps are real."""

    rows: Rows
    there: Array


# ---- episodes


def rolled_out(settings: Settings, roll: Roll, agent: sac.State, count: int, seeds: Seeds) -> Steps:
    """`count` episodes of the policy as it stands."""
    act = acting(agent.actor.model)
    return side_by_side(roll(act, count, seeds("episodes").getrandbits(31)), settings.comparing.horizon)


def acting(actor: Any) -> Acting:
    def act(seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.asarray(chosen(actor, jnp.asarray(seen, jnp.float32), jax.random.key(int(rng.integers(2**31)))))

    return act


@eqx.filter_jit
def chosen(actor: Any, seen: Array, key: Array) -> Array:
    return sac.acted(actor, seen, key)[0]


def side_by_side(found: Episodes, horizon: int) -> Steps:
    """Every episode filled up to `horizon` steps, so that one compiled program serves all."""
    steps = len(found.reward)
    if steps > horizon:
        raise BadInput(f"episodes have {steps} steps and the horizon is {horizon}")

    def long(x: np.ndarray) -> Array:
        filling = ((0, horizon - steps), *[(0, 0)] * (x.ndim - 1))
        return jnp.asarray(np.pad(x, filling).swapaxes(0, 1))

    rows = Rows(*map(long, (found.observation, found.action, found.reward, found.after, found.ended)))
    return Steps(rows, jnp.arange(horizon) < jnp.asarray(found.length)[:, None])


def kept(rater: Rater, seen: Steps) -> Rolled:
    """What is kept of episodes: a reward model reads what was seen and done, and 1 where a step is real."""
    marks = seen.there[..., None].astype(jnp.float32)
    inputs = jnp.concatenate([seen.rows.observation * marks, seen.rows.action * marks, marks], -1)
    return Rolled(jax.vmap(rater.facts)(seen.rows), inputs)


# ---- rewards


def masked(model: Layers, inputs: Array) -> Array:
    """The modelled reward of every step of an episode (horizon, size) -> (horizon,), 0 for filling."""
    return preference_ppo.modelled(model, inputs[:, :-1]) * inputs[:, -1]


def spread(won: Array, there: Array) -> Array:
    """The score (n,) of every episode, evenly over the steps that it has: (n, horizon)."""
    return jnp.where(there, (won / jnp.maximum(there.sum(1), 1))[:, None], 0.0)


def first_model(settings: Settings, inputs: Array, key: Array) -> Model | None:
    own = settings.comparing
    if own.method != "reward model":
        return None
    _, steps, size = inputs.shape
    layers = Layers((size - 1, own.model_width, own.model_width, 1), key, jnp.tanh, orthogonal(2**0.5))
    like = Compared(*(jnp.zeros((n, steps, size)) for n in (settings.episodes, own.opponents)),
                    jnp.zeros((settings.episodes, own.opponents)))  # fmt: skip
    return Model(fitting(layers, own.model_optimiser()), empty_queue(like, own.remembered))


@eqx.filter_jit
def rewarded(
    settings: Settings, rater: Rater, opponents: Queue, model: Model | None, seen: Steps, key: Array
) -> tuple[Array, Model | None, Rolled, Array]:
    """Rewards (n, horizon) of fresh episodes, the reward model after their comparisons, what is kept, and scores."""
    to_answer, to_model = jax.random.split(key)
    fresh = kept(rater, seen)
    answers = answered(preferences(rater, fresh.facts, opponents.held.facts), to_answer)
    won = scores(answers, opponents)
    if model is not None:
        compared = Compared(fresh.inputs, opponents.held.inputs, answers)
        model = taught(settings.comparing, model, compared, to_model, masked)
        reward = jax.vmap(lambda x: masked(model.fitting.model, x))(fresh.inputs)
    elif settings.comparing.method == "true reward":
        reward = jnp.where(seen.there, seen.rows.reward, 0.0)
    else:
        reward = spread(won, seen.there)
    return reward, model, fresh, won


# ---- learning


@eqx.filter_jit
def learnt(
    settings: Settings, agent: sac.State, replay: Replay, seen: Steps, reward: Array, key: Array
) -> tuple[sac.State, Replay, Logged]:
    """The agent after `updates` updates on everything that is remembered, the fresh steps among it."""
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), seen.rows._replace(reward=reward))
    replay = added(replay, flat, seen.there.reshape(-1))
    arrays, static = eqx.partition(agent, eqx.is_array)

    def one(carry: Any, key: Array) -> tuple[Any, Logged]:
        to_draw, to_update = jax.random.split(key)
        rows = drawn(replay, to_draw, settings.batch)
        after, logged = sac.update(settings.learner, eqx.combine(carry, static), rows, to_update)
        return eqx.filter(after, eqx.is_array), logged

    arrays, logged = lax.scan(one, arrays, jax.random.split(key, settings.updates))
    return eqx.combine(arrays, static), replay, jax.tree.map(lambda x: x.mean(0), logged)


def start(settings: Settings, rater: Rater, roll: Roll, observation_size: int, actions: Box, seeds: Seeds) -> State:
    """The first policy, and a queue of its episodes."""
    agent = sac.start(settings.learner, observation_size, actions, seeds.jax("agent"))
    first = kept(rater, rolled_out(settings, roll, agent, settings.comparing.opponents, seeds.child("first")))
    replay = empty(settings.capacity, observation_size, actions)
    model = first_model(settings, first.inputs, seeds.jax("model"))
    return State(np.array(0), agent, replay, queue(first, settings.comparing.opponents), model)


def iterated(
    settings: Settings, rater: Rater, roll: Roll, state: State, seeds: Seeds
) -> tuple[State, dict[str, float]]:
    """One iteration: episodes, comparisons with the queue, updates. Its draws are those of its number, so a run that
    was killed goes on as if nothing had happened. Raises FloatingPointError when a measure is not finite."""
    own = seeds.child("iteration", int(state.iteration))
    seen = rolled_out(settings, roll, state.agent, settings.episodes, own)
    reward, model, fresh, won = rewarded(settings, rater, state.opponents, state.model, seen, own.jax("answers"))
    agent, replay, logged = learnt(settings, state.agent, state.replay, seen, reward, own.jax("learn"))
    after = State(state.iteration + 1, agent, replay, pushed(state.opponents, fresh), model)
    returns = jnp.where(seen.there, seen.rows.reward, 0.0).sum(1)
    said = {"return": float(returns.mean()), "won": float(won.mean()), "steps": float(seen.there.sum()),
            **{name: float(value) for name, value in logged.items()}}  # fmt: skip
    if not np.isfinite(list(said.values())).all():
        raise FloatingPointError(f"a measure is not finite in iteration {int(state.iteration)}: {said}")
    return after, said
