"""Offline learning in a model: short rollouts from states of the data into a replay, and soft actor-critic on both.

The procedure of MBPO and MOPO (arXiv 1906.08253, 2005.13239), with the penalties on models that are doubted, and of
RAVL (arXiv 2402.12527, section 5), which has no such penalty: there only the critics are pessimistic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.core.array_worlds import Box
from manyminds.learning import sac
from manyminds.learning.dynamics_ensembles import Model, drawn_from, mobile, mopo, morel
from manyminds.learning.replay import Replay, Rows, added, drawn, empty
from manyminds.learning.training import Logged

Penalty = Literal["none", "mopo", "morel", "mobile"]
Ending = Callable[[Array], Array]  # (rows, observation size) -> which of them have ended


class Oracle(Protocol):
    """Knows what comes after some states: which of `after` (rows, size), and their discounted return, each (rows,)."""

    def __call__(self, agent: sac.State, after: Array, key: Array) -> tuple[Array, Array]: ...


@dataclass(frozen=True)
class Branches:
    """Settings of the rollouts; the defaults are those of the released code."""

    steps: int = 5  # k
    rollouts: int = 50_000  # an epoch
    updates: int = 1000  # an epoch
    kept: int = 5  # epochs that the replay of the model holds
    batch: int = 256
    real: float = 0.05  # the share of a batch that comes from the data
    penalty: Penalty = "none"
    weight: float = 1.0  # the coefficient of the penalty
    threshold: float = 1.0  # of the discrepancy, beyond which MOReL halts
    worst: float = 0.0  # what MOReL pays there instead of the reward, before the weight is taken off

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadInput(f"rollouts of {self.steps} steps visit nothing; steps must be at least 1")
        if not 0 <= self.real <= 1:
            raise BadInput(f"real is the share of a batch, from 0 to 1, not {self.real}")
        if self.rollouts < 1 or self.updates < 1 or self.kept < 1 or self.batch < 1:
            raise BadInput("rollouts, updates, kept and batch must be at least 1")
        if self.real and not self.real_rows:
            raise BadInput(f"real={self.real} of a batch of {self.batch} is no row; set real=0 or at least "
                           f"{1 / self.batch:.4f}")  # fmt: skip

    @property
    def real_rows(self) -> int:
        """Rows of a batch that come from the data."""
        return int(self.real * self.batch)


class Learning(NamedTuple):
    """The learner and what its rollouts have gathered."""

    agent: sac.State
    replay: Replay


def begun(settings: Branches, learner: sac.SAC, size: int, actions: Box, key: Array) -> Learning:
    return Learning(sac.start(learner, size, actions, key),
                    empty(settings.kept * settings.steps * settings.rollouts, size, actions))  # fmt: skip


def branched(
    settings: Branches,
    model: Model,
    ended: Ending,
    agent: sac.State,
    data: Rows,
    replay: Replay,
    key: Array,
    truth: tuple[Oracle, float] | None = None,
) -> tuple[Replay, Logged]:
    """Roll the policy out from states of the data and add what it met to the replay.

    Always from the data, never from where earlier rollouts went: that would be another edge of reach. Rows of rollouts
    that have ended, or left the numbers, are dropped; the clock of a rollout (k) is no end: `ended` stays False there.
    """
    to_start, to_roll = jax.random.split(key)
    count = data.reward.shape[0]
    begin = data.observation[jax.random.randint(to_start, (settings.rollouts,), 0, count)]

    def step(carry: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], tuple[Rows, Array, Array]]:
        seen, going = carry
        to_act, to_move = jax.random.split(key)
        action, _ = sac.acted(agent.actor.model, seen, to_act)
        said = model(seen, action)
        after, reward = drawn_from(said, to_move)
        sane = jnp.isfinite(after).all(-1) & jnp.isfinite(reward)
        over = ended(after)
        if settings.penalty == "mopo":
            reward = reward - settings.weight * mopo(said)
        if settings.penalty == "morel":
            unknown = morel(said) > settings.threshold
            reward = jnp.where(unknown, settings.worst - settings.weight, reward)
            over = over | unknown
        valid = going & sane
        rows = Rows(seen, action, reward, after, over)
        # A row that is dropped still passes through `where`: keep what is not finite out of it.
        onward = jnp.where((valid & ~over)[:, None], after, seen)
        return (onward, valid & ~over), (rows, valid, (going & ~sane).sum())

    alive = jnp.ones(settings.rollouts, bool)
    _, (rows, valid, lost) = lax.scan(step, (begin, alive), jax.random.split(to_roll, settings.steps))
    if truth:
        last = settled(jax.tree.map(lambda x: x[-1], rows), agent, *truth, jax.random.fold_in(key, 1))
        rows = jax.tree.map(lambda every, new: every.at[-1].set(new), rows, last)
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), rows)
    logged = {"kept": valid.mean(dtype=jnp.float32), "not finite": lost.sum().astype(jnp.float32)}
    return added(replay, flat, valid.reshape(-1)), logged


def batch_of(settings: Branches, data: Rows, replay: Replay, key: Array) -> Rows:
    """A batch of `real_rows` rows of the data, then the rest from rollouts; all of it from the data while no rollout
    has left a row (every one ended or left the numbers at once)."""
    to_real, to_model = jax.random.split(key)
    which = jax.random.randint(to_real, (settings.batch,), 0, data.reward.shape[0])
    from_model = (jnp.arange(settings.batch) >= settings.real_rows) & (replay.filled > 0)
    return jax.tree.map(
        lambda real, dreamt: jnp.where(from_model.reshape(-1, *[1] * (real.ndim - 1)), dreamt, real[which]),
        data, drawn(replay, to_model, settings.batch),
    )  # fmt: skip


def doubted(model: Model, weight: float) -> sac.Targets:
    """Targets less the spread over members of r + discount V(s'), one next state a member (MOBILE)."""

    def aim(settings: sac.SAC, state: sac.State, rows: Rows, alpha: Array, key: Array) -> Array:
        said = model(rows.observation, rows.action)
        # One key for all members: what differs must be the models, not the luck of the policy.
        each = jax.vmap(lambda mean: mean[:, -1] + settings.discount * sac.soft_values(state, mean[:, :-1], alpha, key))
        usual = sac.targets(settings, state, rows, alpha, key)
        return lax.stop_gradient(usual - weight * mobile(each(said.mean)))

    return aim


def settled(rows: Rows, agent: sac.State, oracle: Oracle, discount: float, key: Array) -> Rows:
    """Rows with the truth written in where the oracle knows it: their target then bootstraps nothing."""
    known, value = oracle(agent, rows.after, key)
    known = known & ~rows.ended
    return rows._replace(reward=rows.reward + jnp.where(known, discount * value, 0.0), ended=rows.ended | known)


def epoch(
    settings: Branches, learner: sac.SAC, model: Model, ended: Ending, data: Rows, oracle: Oracle | None = None
) -> Callable[[Learning, Array], tuple[Learning, Logged]]:
    """A step for `trained`: rollouts with the current policy, then `updates` updates; logs the means of both.

    `oracle` patches true values into the targets (the paper's OraclePatch).
    """
    aim = doubted(model, settings.weight) if settings.penalty == "mobile" else None
    truth = None if oracle is None else (oracle, learner.discount)

    def step(now: Learning, key: Array) -> tuple[Learning, Logged]:
        to_roll, to_learn = jax.random.split(key)
        replay, seen = branched(settings, model, ended, now.agent, data, now.replay, to_roll, truth)

        def one(agent: sac.State, key: Array) -> tuple[sac.State, Logged]:
            to_draw, to_update = jax.random.split(key)
            return sac.update(learner, agent, batch_of(settings, data, replay, to_draw), to_update, aim)

        agent, logged = lax.scan(one, now.agent, jax.random.split(to_learn, settings.updates))
        return Learning(agent, replay), {**jax.tree.map(lambda x: x.mean(0), logged), **seen}

    return step
