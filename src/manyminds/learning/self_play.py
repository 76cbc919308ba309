"""Self-play on a preference matrix: one player without regret against itself, and two that duel (arXiv 2401.04056).

Section 3 of the paper: play p_t, receive r_t = P p_t, update by a rule without regret, return the average. Because a
mixture ties with itself, the exploitability of the average is exactly the average regret; on cyclic preferences the
last mixture goes round and round, so both are reported.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.learning.no_regret import Learner, Memory, begun, remembered


def play_fixed_hedge(memory: Memory, scale: float) -> Array:
    """Exponential weights with the constant rate 1 / `scale`."""
    return jax.nn.softmax(memory.total / scale)


FIXED_HEDGE = Learner(play_fixed_hedge)


def tuned_rate(alternatives: int, rounds: int) -> float:
    """sqrt(2 ln N / T), at which Hedge on payoffs from -1 to 1 has a regret of at most sqrt(2 T ln N)."""
    return float((2 * jnp.log(alternatives) / rounds) ** 0.5)


class SelfPlay(NamedTuple):
    """What came of self-play. Curves have one entry a mark, that is every `rounds / marks` rounds."""

    average: Array  # (n,) of all mixtures played
    last: Array  # (n,) the mixture after the last update
    regret: Array  # () largest external regret / rounds, summed up by the learner as it played
    exploitability: Array  # (marks,) of the average so far
    last_exploitability: Array  # (marks,) of the mixture at that moment


@partial(jax.jit, static_argnames=("rounds", "learner", "marks"))
def self_played(
    preferences: Array,
    rounds: int,
    learner: Learner = FIXED_HEDGE,
    scale: float | Array = 1.0,
    start: Array | None = None,
    marks: int = 1,
) -> SelfPlay:
    """Self-play of one learner on `preferences` (n, n) for `rounds`, a multiple of `marks`; runs under vmap.

    Computes in the precision of `preferences`. `start` is a head start of each alternative, usually none.
    """
    if rounds % marks:
        raise ValueError(f"{rounds} rounds do not divide into {marks} marks")
    head = jnp.zeros(preferences.shape[0], preferences.dtype) if start is None else start
    scale = jnp.asarray(scale, preferences.dtype)

    def once(carry: tuple[Memory, Array], _: None) -> tuple[tuple[Memory, Array], None]:
        memory, total = carry
        played = learner.play(memory, scale)
        return (remembered(learner, memory, played, preferences @ played), total + played), None

    def stretch(carry: tuple[Memory, Array], _: None) -> tuple[tuple[Memory, Array], tuple[Array, Array]]:
        (memory, total), _ = lax.scan(once, carry, None, length=rounds // marks)
        now = learner.play(memory, scale)
        return (memory, total), ((preferences @ (total / total.sum())).max(), (preferences @ now).max())

    begin = (begun(head), jnp.zeros_like(head))
    (memory, total), (average_curve, last_curve) = lax.scan(stretch, begin, None, length=marks)
    return SelfPlay(
        total / rounds, learner.play(memory, scale), memory.regret.max() / rounds, average_curve, last_curve
    )


@partial(jax.jit, static_argnames=("rounds", "learner"))
def duelled(
    preferences: Array, rounds: int, learner: Learner = FIXED_HEDGE, scale: float | Array = 1.0,
    starts: tuple[Array, Array] | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """All mixtures of two learners that face each other, (rounds, n) each: the usual dueling, twice the memory.

    With equal starts both play what `self_played` plays, because the game is antisymmetric.
    """
    heads = (jnp.zeros(preferences.shape[0], preferences.dtype),) * 2 if starts is None else starts
    scale = jnp.asarray(scale, preferences.dtype)

    def once(pair: tuple[Memory, Memory], _: None) -> tuple[tuple[Memory, Memory], tuple[Array, Array]]:
        first, second = pair
        p, q = learner.play(first, scale), learner.play(second, scale)
        # The column player's payoffs are -p P = P' (-p) = P p by antisymmetry; written as what it is paid.
        after = (remembered(learner, first, p, preferences @ q), remembered(learner, second, q, -(p @ preferences)))
        return after, (p, q)

    return lax.scan(once, (begun(heads[0]), begun(heads[1])), None, length=rounds)[1]


def mixtures(preferences: Array, rounds: int, learner: Learner = FIXED_HEDGE, scale: float = 1.0) -> Array:
    """Every mixture that self-play plays, shape (rounds, n)."""
    return duelled(preferences, rounds, learner, scale)[0]
