"""Learners whose regret vanishes: Hedge, optimistic Hedge, regret matching and regret matching plus, on arrays.

A learner keeps a memory of the payoffs that each of its actions would have earned, and plays a mixture that depends on
nothing else. All of them are pure functions that run under `jit`, `scan` and `vmap`; payoffs should lie in a range of
length one, otherwise pass that length as `scale`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax


class Memory(NamedTuple):
    """What a learner with k actions remembers."""

    total: Array  # (k,) what each action would have earned so far
    last: Array  # (k,) the same of the last round
    regret: Array  # (k,) what each action would have earned more than was earned, so far
    rounds: Array  # () rounds begun, the first is 1


class Learner(NamedTuple):
    """How to play from a memory, and how to remember a round."""

    play: Callable[[Memory, float], Array]  # (memory, scale) -> probabilities (k,)
    floor: float = -jnp.inf  # cumulated regrets are cut off below it: 0 for regret matching plus


def begun(total: Array) -> Memory:
    """The memory before the first round; `total` is a head start of each action, usually zero."""
    zero = jnp.zeros_like(total)
    return Memory(total, zero, zero, jnp.int32(1))


def remembered(learner: Learner, memory: Memory, played: Array, values: Array) -> Memory:
    """The memory after a round in which the mixture `played` was in force and action a was worth `values[a]`."""
    regret = jnp.maximum(memory.regret + values - played @ values, learner.floor)
    return Memory(memory.total + values, values, regret, memory.rounds + 1)


def hedge_rate(memory: Memory, scale: float) -> Array:
    """sqrt(8 ln k / t) / scale: at any time t the regret is then at most scale sqrt(2 t ln k) or so."""
    return jnp.sqrt(8 * jnp.log(memory.total.shape[0]) / memory.rounds.astype(memory.total.dtype)) / scale


def play_hedge(memory: Memory, scale: float) -> Array:
    """Exponential weights on what was earned (Freund and Schapire 1997), with a rate that needs no horizon."""
    return jax.nn.softmax(hedge_rate(memory, scale) * memory.total)


def play_optimistic_hedge(memory: Memory, scale: float) -> Array:
    """Hedge that counts the last round twice, as a guess of the next (Syrgkanis and others 2015)."""
    return jax.nn.softmax(hedge_rate(memory, scale) * (memory.total + memory.last))


def play_regret_matching(memory: Memory, scale: float) -> Array:
    """In proportion to positive regret (Hart and Mas-Colell 2000); uniform when there is none."""
    positive = jnp.maximum(memory.regret, 0)
    total = positive.sum()
    return jnp.where(total > 0, positive / jnp.where(total > 0, total, 1), 1 / positive.shape[0])


HEDGE = Learner(play_hedge)
OPTIMISTIC_HEDGE = Learner(play_optimistic_hedge)
REGRET_MATCHING = Learner(play_regret_matching)
REGRET_MATCHING_PLUS = Learner(play_regret_matching, 0.0)
LEARNERS = {
    "hedge": HEDGE,
    "optimistic-hedge": OPTIMISTIC_HEDGE,
    "regret-matching": REGRET_MATCHING,
    "regret-matching-plus": REGRET_MATCHING_PLUS,
}


def against(learner: Learner, values: Array, start: Array | None = None, scale: float = 1.0) -> Array:
    """The mixtures (T, k) of a learner that is shown `values` (T, k), one row a round, whoever made them."""

    def once(memory: Memory, row: Array) -> tuple[Memory, Array]:
        played = learner.play(memory, scale)
        return remembered(learner, memory, played, row), played

    head = jnp.zeros(values.shape[1], values.dtype) if start is None else start
    return lax.scan(once, begun(head), values)[1]


@partial(jax.jit, static_argnames=("learners", "rounds"))
def _self_play(payoffs: Array, starts: tuple[Array, ...], learners: tuple[Learner, ...], rounds: int, scale: float):  # noqa: ANN202
    players = range(payoffs.shape[0])

    def worth(player: int, played: Sequence[Array]) -> Array:
        table = jnp.moveaxis(payoffs[player], player, 0)
        for other in reversed(players):
            if other != player:
                table = table @ played[other]
        return table

    def once(memories: tuple[Memory, ...], _: None) -> tuple[tuple[Memory, ...], tuple[Array, ...]]:
        played = tuple(learners[i].play(memories[i], scale) for i in players)
        after = tuple(remembered(learners[i], memories[i], played[i], worth(i, played)) for i in players)
        return after, played

    return lax.scan(once, tuple(map(begun, starts)), None, length=rounds)[1]


def self_play(
    payoffs: np.ndarray | Array,
    rounds: int,
    learner: Learner | Sequence[Learner] = HEDGE,
    starts: Sequence[np.ndarray] | None = None,
    scale: float = 1.0,
) -> tuple[Array, ...]:
    """All mixtures of learners that play each other with full information: for each player (rounds, |A_i|).

    `payoffs` has shape (n, |A_1|, ..., |A_n|); `starts` are head starts in cumulative payoff, one vector a player;
    `scale` is the length of the payoffs' range. One `learner` for all or one for each.
    """
    table = jnp.asarray(payoffs, jnp.float32)
    learners = (learner,) * table.shape[0] if isinstance(learner, Learner) else tuple(learner)
    heads = [np.zeros(k) for k in table.shape[1:]] if starts is None else starts
    return _self_play(table, tuple(jnp.asarray(h, jnp.float32) for h in heads), learners, rounds, scale)


def external_regret(values: np.ndarray, played: np.ndarray) -> np.ndarray:
    """Regret after each round, shape (T,): the best fixed action so far less what was earned. In float64."""
    values, played = np.asarray(values, float), np.asarray(played, float)
    return values.cumsum(axis=0).max(axis=1) - (values * played).sum(axis=1).cumsum()
