"""Strategies of repeated games with two options: one definition each, for the turn world and for arrays.

A strategy is a start (a tuple of small numbers) and a pure function `move(state, seen, xp)`. `xp` is numpy when one
agent plays turn by turn (`Repeater`) and jax.numpy when thousands of matches are played at once; nothing else differs.
The first option of a game is cooperation where that word has a meaning, the second is defection.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from itertools import pairwise
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import View

State = tuple[Any, ...]
UNKNOWN = 1_000_000_000  # the length of a match that nobody announced


class Cells(NamedTuple):
    """One player's payoffs: the first letter is its own option (c the first, d the second), the second the other's."""

    cc: Any
    cd: Any
    dc: Any
    dd: Any


class Seen(NamedTuple):
    """All that a strategy may know when it moves. Before the first round `own` and `other` are False."""

    turn: Any  # whole rounds behind us
    own: Any  # was its own last choice, as it was carried out, the second option?
    other: Any  # was the other's?
    luck: Any  # a uniform draw from [0, 1)
    more: Any  # another one, independent of it
    mine: Cells  # its own payoffs
    theirs: Cells  # the other's payoffs in the same cells
    length: Any  # rounds as announced, or UNKNOWN


Move = Callable[[State, Seen, ModuleType], tuple[Any, State]]


@dataclass(frozen=True, eq=False)  # compared by identity: makers are cached, and a start may hold arrays
class Strategy:
    """A named strategy. `move` gives whether the second option is chosen, and the next state."""

    name: str
    start: State
    move: Move
    stochastic: bool = False


def integer(number: int = 0) -> np.int32:
    return np.int32(number)


def flag(value: bool = False) -> np.bool_:
    return np.bool_(value)


def count(yes: Any, xp: ModuleType) -> Any:
    """1 where `yes`, else 0, as a 32-bit integer."""
    return xp.where(yes, xp.int32(1), xp.int32(0))


def real(number: Any) -> Any:
    """A whole number as a 32-bit float; exact up to 2^24."""
    return number.astype(np.float32)


def last_payoff(seen: Seen, cells: Cells, xp: ModuleType) -> Any:
    """What the last round paid to whose `cells` these are."""
    return xp.where(seen.own, xp.where(seen.other, cells.dd, cells.dc), xp.where(seen.other, cells.cd, cells.cc))


# ---- as an agent


@dataclass
class Repeater:
    """A strategy that sits at a repeated game.

    Its state belongs to one play: it is kept under the play's own stream and begins afresh with the first round, so
    that one object may sit in any number of matches, also in several at once and on both sides of one.
    """

    strategy: Strategy
    states: dict[Any, tuple[int, State]] = field(default_factory=dict)
    kind = "rule"

    async def act(self, view: View) -> Any:
        sight = view.data
        if np.shape(sight.payoffs) != (2, 2, 2):
            raise ValueError(f"{self.strategy.name} plays games of two players with two options each")
        if sight.phase == "predict":
            return sight.their_options[0][forecast(sight.history)]
        play = (view.seeds.root, view.seeds.path[:-1])
        turn, state = (0, self.strategy.start) if sight.round == 0 else self.states[play]
        if turn != sight.round:
            raise ValueError(f"{self.strategy.name} was asked for round {sight.round + 1} after round {turn}")
        second, state = self.strategy.move(state, seen(view), np)
        self.states[play] = (turn + 1, state)
        return sight.options[int(second)]


def seen(view: View) -> Seen:
    """What a strategy sees of a view of the turn world."""
    sight, rng = view.data, view.seeds("luck")
    own, other = sight.history[-1] if sight.history else (0, 0)
    luck, more = (np.float32(rng.getrandbits(24) * 2.0**-24) for _ in range(2))
    mine, theirs = (Cells(*(np.float32(p) for p in np.ravel(payoff))) for payoff in sight.payoffs)
    length = UNKNOWN if sight.length is None else sight.length
    return Seen(np.int32(sight.round), flag(own == 1), flag(other == 1), luck, more, mine, theirs, np.int32(length))


def forecast(history: tuple[tuple[int, ...], ...]) -> int:
    """What the other is expected to do next: what most often followed its last choice, else what it did most often.

    Ties and an empty history go to the first option. Entries of `history` have the own choice first.
    """
    moves = [joint[1] for joint in history]
    after = [now for last, now in pairwise(moves) if last == moves[-1]]
    for seen_so_far in (after, moves):
        counts = Counter(seen_so_far).most_common()
        if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]):
            return counts[0][0]
    return 0


Maker = Callable[..., Strategy]


def seat(make: Maker) -> Callable[..., Repeater]:
    """What makes a `Repeater` from the numbers after a strategy's name."""

    @wraps(make)
    def seated(*numbers: float) -> Repeater:
        return Repeater(make(*numbers))

    return seated
