"""Backward induction on small games with perfect information, chance included."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

History = tuple[str, ...]  # the moves that led to a node, from the root
Tie = Callable[[History, Mapping[str, np.ndarray]], str]


@dataclass(frozen=True)
class End:
    """A leaf: one payoff for each player."""

    payoffs: tuple[float, ...]


@dataclass(frozen=True)
class Decision:
    """A node where `player` chooses one of `moves`."""

    player: int
    moves: Mapping[str, "Node"]


@dataclass(frozen=True)
class Chance:
    """A node where nature moves: name -> (probability, what follows)."""

    branches: Mapping[str, tuple[float, "Node"]]


Node = End | Decision | Chance


class Solution(NamedTuple):
    """A subgame-perfect equilibrium: what it gives, what everybody does everywhere, and where a tie was broken."""

    values: np.ndarray  # (n,)
    plan: dict[History, str]  # the move at every decision node, on and off the path
    ties: tuple[History, ...]  # decision nodes at which several moves were best; none: the equilibrium is unique

    def path(self, root: Node) -> History:
        """The moves on the path of play, up to the first move of chance or the end."""
        moves: History = ()
        while isinstance(root, Decision):
            moves += (self.plan[moves],)
            root = root.moves[moves[-1]]
        return moves


def first(history: History, best: Mapping[str, np.ndarray]) -> str:
    """Break a tie by the order in which the moves were written."""
    return next(iter(best))


def friendly(history: History, best: Mapping[str, np.ndarray]) -> str:
    """Break a tie for the good of all: the move with the largest sum of payoffs."""
    return max(best, key=lambda move: float(best[move].sum()))


def backward_induction(root: Node, ties: Tie = first, tolerance: float = 1e-9) -> Solution:
    """Solve from the leaves. `ties` picks among the moves within `tolerance` of the best, given what each leads to."""
    plan: dict[History, str] = {}
    broken: list[History] = []

    def value(node: Node, history: History) -> np.ndarray:
        if isinstance(node, End):
            return np.asarray(node.payoffs, float)
        if isinstance(node, Chance):
            total = sum(p for p, _ in node.branches.values())
            if abs(total - 1) > 1e-9 or min(p for p, _ in node.branches.values()) < 0:
                raise ValueError(f"after {history} the probabilities of chance sum to {total:g}")
            return np.sum([p * value(after, (*history, name)) for name, (p, after) in node.branches.items()], axis=0)
        values = {move: value(after, (*history, move)) for move, after in node.moves.items()}
        top = max(v[node.player] for v in values.values())
        best = {move: v for move, v in values.items() if v[node.player] >= top - tolerance}
        if len(best) > 1:
            broken.append(history)
        plan[history] = ties(history, best)
        return values[plan[history]]

    return Solution(value(root, ()), plan, tuple(sorted(broken)))
