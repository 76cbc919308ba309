"""The classics of the repeated prisoner's dilemma: strategies that look back a few rounds, by their standard names.

Where two definitions of one name are in use both are here. Sources: Axelrod (1984), Nowak and Sigmund (1993), and the
hand-coded players of arXiv 2305.16867 (appendix), whose hard tit-for-tat opens with a defection.
"""

from functools import cache
from types import ModuleType
from typing import Any

from manyminds.agents.repeaters import Seen, State, Strategy, flag, integer


def probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{value:g} is not a probability")
    return float(value)


def reactive(name: str, cc: float, cd: float, dc: float, dd: float, first: float) -> Strategy:
    """Cooperates with a probability that depends on the last round only; the letters are own and other's option."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        p = xp.where(seen.own, xp.where(seen.other, dd, dc), xp.where(seen.other, cd, cc))
        return seen.luck >= xp.where(seen.turn == 0, first, p), state

    return Strategy(name, (), move, stochastic=any(0 < p < 1 for p in (cc, cd, dc, dd, first)))


@cache
def memory_one(cc: float, cd: float, dc: float, dd: float, first: float = 1.0) -> Strategy:
    """Any strategy of memory one: the chances to cooperate after each outcome of the last round, and at first."""
    numbers = [probability(p) for p in (cc, cd, dc, dd, first)]
    return reactive("memory-one:" + ":".join(f"{p:g}" for p in numbers), *numbers)


@cache
def cooperator() -> Strategy:
    return reactive("cooperator", 1, 1, 1, 1, 1)


@cache
def defector() -> Strategy:
    return reactive("defector", 0, 0, 0, 0, 0)


@cache
def coin(p: float = 0.5) -> Strategy:
    """Cooperates with probability `p`, whatever happened."""
    return reactive(f"random:{p:g}", *[probability(p)] * 5)


@cache
def tit_for_tat() -> Strategy:
    return reactive("tit-for-tat", 1, 0, 1, 0, 1)


@cache
def suspicious_tit_for_tat() -> Strategy:
    return reactive("suspicious-tit-for-tat", 1, 0, 1, 0, 0)


@cache
def reverse_tit_for_tat() -> Strategy:
    """Opens with a defection, then does the opposite of what the other did (also called bully)."""
    return reactive("reverse-tit-for-tat", 0, 1, 0, 1, 0)


@cache
def anti_tit_for_tat() -> Strategy:
    """Opens with cooperation, then does the opposite of what the other did."""
    return reactive("anti-tit-for-tat", 0, 1, 0, 1, 1)


@cache
def win_stay_lose_shift() -> Strategy:
    """Pavlov: keeps its option when the other cooperated, changes it when not."""
    return reactive("win-stay-lose-shift", 1, 0, 0, 1, 1)


@cache
def win_shift_lose_stay() -> Strategy:
    return reactive("win-shift-lose-stay", 0, 1, 1, 0, 0)


@cache
def alternator() -> Strategy:
    """First option, second option, first, ... by its own last choice, so that it starts afresh in every match."""
    return reactive("alternator", 0, 0, 1, 1, 1)


@cache
def late_alternator() -> Strategy:
    """The alternator that opens with its second option."""
    return reactive("late-alternator", 0, 0, 1, 1, 0)


@cache
def naive_prober(p: float = 0.1) -> Strategy:
    """Tit-for-tat that defects with probability `p` where it would cooperate, but not in the first round."""
    return reactive(f"naive-prober:{p:g}", 1 - probability(p), 0, 1 - p, 0, 1)


@cache
def joss(p: float = 0.9) -> Strategy:
    """Answers a cooperation with one with probability `p`, and every defection with a defection."""
    return reactive(f"joss:{p:g}", probability(p), 0, p, 0, 1)


@cache
def firm_but_fair() -> Strategy:
    return reactive("firm-but-fair", 1, 0, 1, 2 / 3, 1)


@cache
def grofman() -> Strategy:
    """Cooperates after equal choices, with probability 2/7 after different ones."""
    return reactive("grofman", 1, 2 / 7, 2 / 7, 1, 1)


@cache
def generous_tit_for_tat(p: float = -1.0) -> Strategy:
    """Forgives a defection with probability `p`; by itself with min(1 - (T-R)/(R-S), (R-P)/(T-P)) of the game played.

    (Nowak and Sigmund 1993.) It is 0 where the game is no prisoner's dilemma and the formula gives no probability.
    """
    given = None if p == -1.0 else probability(p)

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        r, s, t, q = seen.mine
        if given is None:
            rs, tp = xp.where(r == s, 1.0, r - s), xp.where(t == q, 1.0, t - q)
            p = xp.minimum(1 - (t - r) / rs, (r - q) / tp)
            p = xp.where((r > s) & (t > q) & (p > 0) & (p <= 1), p, xp.zeros_like(p))
        else:
            p = xp.float32(given)
        return seen.other & (seen.luck >= p), state

    return Strategy("generous-tit-for-tat" + ("" if given is None else f":{p:g}"), (), move, stochastic=True)


# ---- with a little more memory


@cache
def defect_once() -> Strategy:
    """Defects in the first round and never again."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        return seen.turn == 0, state

    return Strategy("defect-once", (), move)


def looks_back(name: str, rounds: int, needed: int, opens_with_defection: bool = False) -> Strategy:
    """Defects if the other defected in at least `needed` of the last `rounds` rounds."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        last = (seen.other, *state)
        total = sum(
            (xp.where(d, xp.int32(1), xp.int32(0)) for d in last[1:]), xp.where(last[0], xp.int32(1), xp.int32(0))
        )
        defects = total >= needed
        if opens_with_defection:
            defects = defects | (seen.turn == 0)
        return defects, last[:-1]

    return Strategy(name, (flag(),) * (rounds - 1), move)


@cache
def tit_for_two_tats() -> Strategy:
    return looks_back("tit-for-two-tats", 2, 2)


@cache
def two_tits_for_tat() -> Strategy:
    return looks_back("two-tits-for-tat", 2, 1)


@cache
def hard_tit_for_tat() -> Strategy:
    """Defects if any of the other's last three choices was a defection; opens with cooperation."""
    return looks_back("hard-tit-for-tat", 3, 1)


@cache
def hard_tit_for_tat_released() -> Strategy:
    """The same, but it opens with a defection, as the code released with arXiv 2305.16867 does."""
    return looks_back("hard-tit-for-tat-released", 3, 1, opens_with_defection=True)


@cache
def hard_tit_for_two_tats() -> Strategy:
    """Defects if there are two defections in a row among the other's last three choices."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        before, long_before = state
        return before & (seen.other | long_before), (seen.other, before)

    return Strategy("hard-tit-for-two-tats", (flag(), flag()), move)


@cache
def grim(patience: int = 0) -> Strategy:
    """Cooperates until the other defects, then never again; the first `patience` rounds it cooperates in any case."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        betrayed = state[0] | seen.other
        return betrayed & (seen.turn >= patience), (betrayed,)

    return Strategy(f"grim:{patience}" if patience else "grim", (flag(),), move)


@cache
def limited_retaliation(rounds: int = 5) -> Strategy:
    """Answers a defection with `rounds` defections and then forgets it."""

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        left = xp.where(seen.other & (state[0] == 0), xp.int32(rounds), state[0])
        return left > 0, (xp.where(left > 0, left - 1, left),)

    return Strategy(f"limited-retaliation:{rounds}", (integer(),), move)


CLASSICS = {
    "cooperator": cooperator, "defector": defector, "random": coin, "memory-one": memory_one,
    "alternator": alternator, "late-alternator": late_alternator, "defect-once": defect_once,
    "tit-for-tat": tit_for_tat, "suspicious-tit-for-tat": suspicious_tit_for_tat,
    "reverse-tit-for-tat": reverse_tit_for_tat, "anti-tit-for-tat": anti_tit_for_tat,
    "tit-for-two-tats": tit_for_two_tats, "two-tits-for-tat": two_tits_for_tat,
    "hard-tit-for-tat": hard_tit_for_tat, "hard-tit-for-tat-released": hard_tit_for_tat_released,
    "hard-tit-for-two-tats": hard_tit_for_two_tats, "generous-tit-for-tat": generous_tit_for_tat,
    "naive-prober": naive_prober, "firm-but-fair": firm_but_fair, "grim": grim,
    "limited-retaliation": limited_retaliation,
    "win-stay-lose-shift": win_stay_lose_shift, "win-shift-lose-stay": win_shift_lose_stay,
    "grofman": grofman, "joss": joss,
}  # fmt: skip
