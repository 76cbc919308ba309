"""Policies that remember: public automata, and the threats that hold a profile together.

A public automaton fixes every player's mixture by a state that all can follow. Threats make gaps small although no
profile in sight is near a Nash equilibrium, so that scanning the profiles of the policies finds none.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from manyminds.theory.normal_form import checked


class Automaton(NamedTuple):
    """Mixtures by public state: `mixes[j]` (Q, |A_j|); `moves` (Q, *A) is the next state; `start` the first."""

    mixes: tuple[np.ndarray, ...]
    moves: np.ndarray
    start: int = 0

    def profile(self, state: int) -> tuple[np.ndarray, ...]:
        """The product profile in force in a state."""
        return tuple(mix[state] for mix in self.mixes)


def grim(payoffs: np.ndarray, keep: Sequence[int], punish: Sequence[int]) -> Automaton:
    """Play `keep` until somebody does something else, then `punish` for ever. State 1 + j: player j was the first
    (the first by number, if several were at once)."""
    shape = np.shape(payoffs)[1:]
    states = 1 + len(shape)
    mixes = tuple(
        np.stack([np.eye(k)[a], *[np.eye(k)[b]] * (states - 1)]) for k, a, b in zip(shape, keep, punish, strict=True)
    )
    moves = np.broadcast_to(np.arange(states).reshape(-1, *[1] * len(shape)), (states, *shape)).copy()
    for profile in np.ndindex(*shape):
        astray = [j for j, (a, b) in enumerate(zip(profile, keep, strict=True)) if a != b]
        if astray:
            moves[(0, *profile)] = 1 + astray[0]
    return Automaton(mixes, moves)


def stationary(profile: Sequence[np.ndarray]) -> Automaton:
    """The same mixtures whatever happens."""
    return Automaton(tuple(np.asarray(p, float)[None] for p in profile), np.zeros((1, *map(len, profile)), int))


def value_and_best(payoffs: np.ndarray, automaton: Automaton, player: int, stages: int) -> tuple[float, float]:
    """Per stage: what `player` earns by obeying the automaton for `stages` stages, and what the best deviation with
    memory earns, by dynamic programming over the public state (one policy, T = 1)."""
    game = checked(payoffs)
    states = len(automaton.moves)
    obey, best = np.zeros(states), np.zeros(states)
    for _ in range(stages):
        after = np.zeros((2, states))
        for q in range(states):
            totals = [game[player] + ahead[automaton.moves[q]] for ahead in (obey, best)]
            values = [_own(total, automaton.profile(q), player) for total in totals]
            after[:, q] = values[0] @ automaton.mixes[player][q], values[1].max()
        obey, best = after
    return float(obey[automaton.start] / stages), float(best[automaton.start] / stages)


def _own(table: np.ndarray, profile: Sequence[np.ndarray], player: int) -> np.ndarray:
    """Expected values of the player's actions from a table over joint actions."""
    values = np.moveaxis(table, player, 0)
    for other in reversed([p for who, p in enumerate(profile) if who != player]):
        values = values @ other
    return values


def plain_gap(payoffs: np.ndarray, automaton: Automaton, player: int, stages: int) -> float:
    """What the best deviation with memory gains per stage over obeying."""
    obey, best = value_and_best(payoffs, automaton, player, stages)
    return best - obey
