"""The strategies of Axelrod's first tournament (Axelrod 1980), read as the `axelrod` library reads their descriptions.

Where a description leaves something open, the reading is that of the library, so that the two can be compared match by
match. Chi-squared tests against an even coin have one degree of freedom and level 0.05: what is compared is the
statistic (c - d)^2 / (c + d).
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from manyminds.agents.repeaters import Seen, State, Strategy, count, flag, integer, last_payoff, real
from manyminds.agents.repeaters_classic import coin, grim, grofman, joss, probability, tit_for_tat

CRITICAL = 3.841458820694124  # of the chi-squared distribution with one degree of freedom, at 0.05


def looks_random(c: Any, d: Any) -> Any:
    """Would a chi-squared test let these counts pass as an even coin's?"""
    return real((c - d) * (c - d)) <= CRITICAL * real(c + d)


def tallied(c: Any, d: Any, seen: Seen, xp: ModuleType) -> tuple[Any, Any]:
    """The counts of the other's choices, with the last round."""
    played = seen.turn > 0
    return c + count(played & ~seen.other, xp), d + count(played & seen.other, xp)


def ending(seen: Seen, rounds: int = 2) -> Any:
    """Is this one of the last `rounds` rounds, and known to be?"""
    return seen.turn >= seen.length - rounds


@cache
def tideman_chieruzzi() -> Strategy:
    """Second: retaliates longer after every run of defections, and gives a fresh start to who falls behind."""
    start = (flag(), integer(), integer(), np.float32(0), integer(), flag(), integer())

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        retaliating, length, remaining, margin, last_fresh, fresh, remembered = state
        began = seen.turn > 0
        remembered = remembered + count(began & seen.other, xp)
        won = last_payoff(seen, seen.mine, xp) - last_payoff(seen, seen.theirs, xp)
        margin = margin + xp.where(began, won, xp.zeros_like(won))
        now = seen.turn + 1
        due = (last_fresh == 0) | (now - last_fresh >= 20)
        far = (2 * remembered - seen.turn) * (2 * remembered - seen.turn) >= 9 * seen.turn
        renewed = due & (margin >= 10) & (seen.length - now >= 10) & ~seen.other & far & began & ~fresh
        # A fresh start: this cooperation and the next, and everything is forgotten.
        zero = xp.int32(0)
        retaliating, length = retaliating & ~renewed, xp.where(renewed, zero, length)
        remaining, remembered = xp.where(renewed, zero, remaining), xp.where(renewed, zero, remembered)
        quiet = renewed | fresh | ~began
        begins = ~quiet & ~retaliating & seen.other
        length = length + count(begins, xp)
        remaining = xp.where(begins, length, remaining)
        punishes = ~quiet & (retaliating | begins)
        remaining = remaining - count(punishes, xp)
        retaliating = xp.where(punishes, remaining > 0, retaliating)
        last_fresh = xp.where(renewed, now, last_fresh)
        after = (retaliating, length, remaining, margin, last_fresh, renewed, remembered)
        return punishes | ending(seen), after

    return Strategy("tideman-chieruzzi", start, move)


NYDEGGER = (1, 6, 7, 17, 22, 23, 26, 29, 30, 31, 33, 38, 39, 45, 49, 54, 55, 58, 61)
NYDEGGER_BITS = tuple(sum(1 << (a - low) for a in NYDEGGER if low <= a < low + 16) for low in (0, 16, 32, 48))


@cache
def nydegger() -> Strategy:
    """Third: from its fourth move on it looks three outcomes up in a table."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        past, opened = state  # the last three outcomes, two bits each, newest highest; did the other open with D?
        outcome = 2 * count(seen.other, xp) + count(seen.own, xp)
        past = xp.where(seen.turn > 0, (past >> 2) + 16 * outcome, past)
        opened = xp.where(seen.turn == 1, seen.other, opened)
        words = [xp.int32(word) for word in NYDEGGER_BITS]
        word = xp.where(past < 32, xp.where(past < 16, *words[:2]), xp.where(past < 48, *words[2:]))
        table = ((word >> (past & 15)) & 1) == 1
        early = seen.other | ((seen.turn == 2) & opened)
        return xp.where(seen.turn < 3, early & (seen.turn > 0), table), (past, opened)

    return Strategy("nydegger", (integer(), flag()), move)


@cache
def shubik() -> Strategy:
    """Fifth: every new departure from mutual cooperation is punished one round longer."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        length, remaining = state
        provoked = (remaining == 0) & seen.other & ~seen.own
        length = length + count(provoked, xp)
        remaining = xp.where(provoked, length, remaining)
        punishes = remaining > 0
        return punishes, (length, remaining - count(punishes, xp))

    return Strategy("shubik", (integer(), integer()), move)


@cache
def stein_rapoport() -> Strategy:
    """Sixth: tit-for-tat that tests every fifteen rounds whether the other is random, and ends with defections."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        c, d, judged = state
        c, d = tallied(c, d, seen, xp)
        judged = xp.where((seen.turn + 1) % 15 == 0, looks_random(c, d), judged)
        defects = xp.where(seen.turn < 4, False, judged | seen.other)
        return defects | ending(seen), (c, d, judged)

    return Strategy("stein-rapoport", (integer(), integer(), flag()), move)


@cache
def davis() -> Strategy:
    """Eighth: cooperates for ten rounds, then is grim."""
    return Strategy("davis", grim(10).start, grim(10).move)


@cache
def graaskamp() -> Strategy:
    """Ninth: tit-for-tat with one probe, then it defects against coins, stays with twins, and probes all others."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        c, d, coin_like, copies, twin, before, probe = state
        c, d = tallied(c, d, seen, xp)
        late = seen.turn >= 56
        coin_like = coin_like | (late & looks_random(c, d))
        copies = copies & ((seen.turn < 2) | (seen.other == before))  # does the other do what we did before?
        twin = twin & (seen.other == seen.own)
        trusted = copies | twin
        probing = late & ~coin_like & ~trusted
        drawn = seen.turn + 5 + xp.floor(seen.luck * 10).astype(xp.int32)
        due = probing & (probe == seen.turn)
        probe = xp.where(due | (probing & (probe < 0)), drawn, probe)
        defects = xp.where(late, coin_like | xp.where(trusted, seen.other, due), seen.other | (seen.turn == 50))
        return defects, (c, d, coin_like, copies, twin, seen.own, probe)

    start = (integer(), integer(), flag(), flag(True), flag(True), flag(), integer(-1))
    return Strategy("graaskamp", start, move, stochastic=True)


@cache
def downing() -> Strategy:
    """Tenth: estimates how the other answers each option and maximises; opens with two defections."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        to_c, to_d, cs, ds, before = state  # cooperations after C and D, own choices, own choice before the last
        began = seen.turn > 0
        after_c = (seen.turn == 1) | ~before  # the opening counts as an answer to a cooperation before the match
        to_c = to_c + count(began & ~seen.other & after_c, xp)
        to_d = to_d + count(began & ~seen.other & ~after_c, xp)
        cs, ds = cs + count(began & ~seen.own, xp), ds + count(began & seen.own, xp)
        n_c, n_d = cs + 1, xp.maximum(ds, xp.int32(2))
        cooperating = real(to_c) * seen.mine.cc + real(n_c - to_c) * seen.mine.cd  # times n_c
        defecting = real(to_d) * seen.mine.dc + real(n_d - to_d) * seen.mine.dd  # times n_d
        gain = cooperating * real(n_d) - defecting * real(n_c)
        defects = (gain < 0) | ((gain == 0) & ~seen.own)
        return defects | (seen.turn < 2), (to_c, to_d, cs, ds, seen.own)

    return Strategy("downing", (integer(), integer(), integer(), integer(), flag()), move)


@cache
def feld(least: float = 0.5, rounds: int = 200) -> Strategy:
    """Eleventh: tit-for-tat whose cooperation after a cooperation sinks linearly from 1 to `least`."""
    slope = (1 - probability(least)) / rounds

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        p = xp.maximum(1.0 - slope * real(seen.turn), xp.float32(least))
        return seen.other | (seen.luck >= p), state

    return Strategy("feld", (), move, stochastic=True)


@cache
def tullock() -> Strategy:
    """Thirteenth: eleven cooperations, then a tenth less than the other cooperated in the last ten rounds."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        recent = ((state[0] << 1) | count(seen.other, xp)) & 1023
        defections = real(xp.bitwise_count(recent))
        p = xp.maximum(0.9 - defections / 10, xp.float32(0))
        return (seen.turn >= 11) & (seen.luck >= p), (recent,)

    return Strategy("tullock", (integer(),), move, stochastic=True)


@cache
def anonymous() -> Strategy:
    """Fourteenth: cooperates with a probability that is drawn anew from 0.3 to 0.7 in every round."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        return seen.luck >= 0.3 + 0.4 * seen.more, state

    return Strategy("anonymous", (), move, stochastic=True)


FIRST = {
    "tideman-chieruzzi": tideman_chieruzzi, "nydegger": nydegger, "shubik": shubik, "stein-rapoport": stein_rapoport,
    "davis": davis, "graaskamp": graaskamp, "downing": downing, "feld": feld, "tullock": tullock,
    "anonymous": anonymous,
}  # fmt: skip


def first_tournament() -> tuple[Strategy, ...]:
    """The fifteen entries, in the order of the original ranking."""
    return (tit_for_tat(), tideman_chieruzzi(), nydegger(), grofman(), shubik(), stein_rapoport(), grim(), davis(),
            graaskamp(), downing(), feld(), joss(), tullock(), anonymous(), coin())  # fmt: skip
