"""Players that learn while they play: best replies to beliefs, Thompson sampling, attractions, Q-learning, foresight.

They read their payoffs, so they play any game of two options. Ties go to the first option. Sources: Brown (1951) for
fictitious play, Camerer and Ho (1999) for experience-weighted attraction, Watkins (1989) for Q-learning; `foresight` is
predict-then-act (arXiv 2305.16867, section on social chain of thought) with transition counts as the predictor.
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from manyminds.agents.repeaters import Cells, Seen, State, Strategy, count, flag, integer, last_payoff, real
from manyminds.agents.repeaters_classic import probability
from manyminds.agents.repeaters_first import tallied


def second_is_better(first: Any, second: Any, mine: Cells) -> Any:
    """Is the second option the better reply to weights on the other's first and second option?"""
    return first * mine.dc + second * mine.dd > first * mine.cc + second * mine.cd


@cache
def fictitious_play(prior: float = 1.0) -> Strategy:
    """The best reply to how often each option was seen, with `prior` imagined sights of each."""
    if prior < 0:
        raise ValueError("a prior is a count of at least 0")

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        c, d = tallied(*state, seen, xp)
        unseen = real(count((seen.turn == 0) & (prior == 0), xp))  # nothing known: both options alike
        weight = xp.float32(prior) + unseen
        return second_is_better(real(c) + weight, real(d) + weight, seen.mine), (c, d)

    return Strategy("best-reply" if prior == 0 else f"fictitious-play:{prior:g}", (integer(), integer()), move)


@cache
def best_reply() -> Strategy:
    """The myopic best reply to the frequencies seen so far."""
    return fictitious_play(0.0)


@cache
def cournot() -> Strategy:
    """The best reply to the other's last choice."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        none = seen.turn == 0
        weights = real(count(none | ~seen.other, xp)), real(count(none | seen.other, xp))
        return second_is_better(*weights, seen.mine), state

    return Strategy("cournot", (), move)


@cache
def thompson() -> Strategy:
    """The best reply to a belief drawn from the Beta posterior (uniform prior) on the other's mix.

    A Beta draw is a ratio of two Gamma draws, and these are drawn by the Wilson-Hilferty cube of a normal: an
    approximation, within 0.02 of the exact distribution function for all counts.
    """

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        c, d = tallied(*state, seen, xp)
        radius = xp.sqrt(-2 * xp.log(1 - seen.luck))
        angle = xp.float32(2 * np.pi) * seen.more
        first = gamma(real(c) + 1, radius * xp.cos(angle), xp)
        second = gamma(real(d) + 1, radius * xp.sin(angle), xp)
        return second_is_better(first, second, seen.mine), (c, d)

    return Strategy("thompson", (integer(), integer()), move, stochastic=True)


def gamma(shape: Any, normal: Any, xp: ModuleType) -> Any:
    """About a Gamma draw of this shape, from a standard normal one (Wilson and Hilferty 1931)."""
    root = xp.maximum(1 - 1 / (9 * shape) + normal / (3 * xp.sqrt(shape)), xp.float32(0))
    return shape * root * root * root


@cache
def attraction(decay: float = 0.9, foregone: float = 0.5, cumulative: float = 0.0, sharpness: float = 1.0) -> Strategy:
    """Experience-weighted attraction: phi, delta, kappa and lambda, in payoffs as they stand in the game."""
    for value in (decay, foregone, cumulative):
        probability(value)

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        first, second, experience = state
        began = seen.turn > 0
        grown = xp.float32(decay * (1 - cumulative)) * experience + 1
        if_first = xp.where(seen.other, seen.mine.cd, seen.mine.cc)
        if_second = xp.where(seen.other, seen.mine.dd, seen.mine.dc)
        weight = (
            xp.where(seen.own, xp.float32(foregone), xp.float32(1)),
            xp.where(seen.own, xp.float32(1), xp.float32(foregone)),
        )
        kept = xp.float32(decay) * experience
        first = xp.where(began, (kept * first + weight[0] * if_first) / grown, first)
        second = xp.where(began, (kept * second + weight[1] * if_second) / grown, second)
        experience = xp.where(began, grown, experience)
        gap = xp.clip(xp.float32(sharpness) * (second - first), -60.0, 60.0)
        return seen.luck < 1 / (1 + xp.exp(-gap)), (first, second, experience)

    start = (np.float32(0), np.float32(0), np.float32(1))
    return Strategy(f"attraction:{decay:g}:{foregone:g}:{cumulative:g}:{sharpness:g}", start, move, stochastic=True)


@cache
def q_learning(rate: float = 0.2, patience: float = 0.9, exploring: float = 0.1) -> Strategy:
    """Tabular Q-learning; the state is the last joint outcome, and one with probability `exploring` tries anything."""
    for value in (rate, patience, exploring):
        probability(value)

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        values, situation = state  # values (..., 5, 2): after each outcome (and before any), of each option
        outcome = 2 * count(seen.own, xp) + count(seen.other, xp)
        here = xp.where(seen.turn > 0, outcome, xp.int32(4))
        places = xp.arange(5, dtype=xp.int32)
        now = real(count(places == here[..., None], xp))
        before = real(count(places == situation[..., None], xp))
        ahead = (values * now[..., None]).sum(-2)
        target = last_payoff(seen, seen.mine, xp) + xp.float32(patience) * ahead.max(-1)
        acted = xp.stack([~seen.own, seen.own], axis=-1)
        cell = before[..., None] * real(count(acted, xp))[..., None, :]
        learns = real(count(seen.turn > 0, xp))[..., None, None] * cell * xp.float32(rate)
        values = values + learns * (target[..., None, None] - values)
        ahead = (values * now[..., None]).sum(-2)
        greedy = ahead[..., 1] > ahead[..., 0]
        tries = seen.luck < xp.float32(exploring)
        return xp.where(tries, seen.more < 0.5, greedy), (values, here)

    start = (np.zeros((5, 2), np.float32), integer(4))
    return Strategy(f"q-learning:{rate:g}:{patience:g}:{exploring:g}", start, move, stochastic=True)


@cache
def foresight() -> Strategy:
    """Predicts the other's next option from what followed its last one so far, then replies best to the prediction.

    Where both options followed equally often (nothing is known, say) it takes both for equally likely.
    """

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        cc, cd, dc, dd, before = state  # how often each option of the other followed each
        moved = seen.turn > 1
        cc = cc + count(moved & ~before & ~seen.other, xp)
        cd = cd + count(moved & ~before & seen.other, xp)
        dc = dc + count(moved & before & ~seen.other, xp)
        dd = dd + count(moved & before & seen.other, xp)
        first, second = xp.where(seen.other, dc, cc), xp.where(seen.other, dd, cd)
        known = seen.turn > 0
        weights = real(count(~known | (first >= second), xp)), real(count(~known | (second >= first), xp))
        return second_is_better(*weights, seen.mine), (cc, cd, dc, dd, seen.other)

    return Strategy("foresight", (integer(), integer(), integer(), integer(), flag()), move)


LEARNERS = {
    "best-reply": best_reply, "fictitious-play": fictitious_play, "cournot": cournot, "thompson": thompson,
    "attraction": attraction, "q-learning": q_learning, "foresight": foresight,
}  # fmt: skip
