"""Players written out as tables: what to do after every sequence of the other's choices, up to a length.

The form is that of the policies released with arXiv 2305.16867: keys are strings of the other's past choices (in the
paper's labels), from the empty string to nine letters, 1023 in all, and each value is the label to choose next.
"""

from collections.abc import Mapping
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

from manyminds.agents.repeaters import UNKNOWN, Cells, Seen, State, Strategy, flag, integer

ROUNDS = 10


def keys(labels: tuple[str, str] = ("J", "F"), rounds: int = ROUNDS) -> list[str]:
    """All keys of a table for this many rounds: 2^rounds - 1 of them, the shorter first."""
    return ["".join(word) for length in range(rounds) for word in product(labels, repeat=length)]


def lookup(table: Mapping[str, str], labels: tuple[str, str] = ("J", "F"), name: str = "lookup") -> Strategy:
    """The strategy that a complete table describes; a table with a hole or a strange label is refused.

    It plays as many rounds as its keys foresee. After them it goes on with what it did last.
    """
    rounds = max((len(key) for key in table), default=-1) + 1
    missing = [key for key in keys(labels, rounds) if key not in table]
    if not rounds or missing:
        raise ValueError(
            f"the table lacks {len(missing)} keys, {missing[0]!r} for one" if missing else "an empty table"
        )
    strange = {value for value in table.values() if value not in labels}
    if strange:
        raise ValueError(f"the table holds {sorted(strange)}, and the labels are {' and '.join(labels)}")
    # The keys in order of length are a binary tree in the order of a heap: from i to 2i + 1 or 2i + 2.
    moves = tuple(table[key] == labels[1] for key in keys(labels, rounds))

    def move(state: State, seen: Seen, xp: ModuleType) -> tuple[Any, State]:
        at = state[0]
        below = 2 * at + xp.where(seen.other, xp.int32(2), xp.int32(1))
        at = xp.where((seen.turn > 0) & (below < len(moves)), below, at)
        return xp.asarray(np.array(moves))[at], (at,)

    return Strategy(name, (integer(),), move)


def tabulated(
    strategy: Strategy, mine: Cells, theirs: Cells, labels: tuple[str, str] = ("J", "F"), rounds: int = ROUNDS
) -> dict[str, str]:
    """The table of a deterministic strategy in one game: every history of the other's choices walked step by step."""
    if strategy.stochastic:
        raise ValueError(f"{strategy.name} draws by lot; a table cannot say what it does")
    table: dict[str, str] = {}

    def walk(key: str, state: State, own: bool, turn: int) -> None:
        other = key[-1:] == labels[1]
        no_luck = np.float32(0)
        seen = Seen(np.int32(turn), flag(own), flag(other), no_luck, no_luck, mine, theirs, np.int32(UNKNOWN))
        second, after = strategy.move(state, seen, np)
        table[key] = labels[int(second)]
        if turn + 1 < rounds:
            for label in labels:
                walk(key + label, after, bool(second), turn + 1)

    walk("", strategy.start, False, 0)
    return table
