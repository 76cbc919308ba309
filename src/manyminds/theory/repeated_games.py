"""What theory says of a game of two players that is played again and again: thresholds, finite values, turn-taking."""

from typing import NamedTuple

import numpy as np

from manyminds.theory.normal_form import checked, mixed_value, pure_equilibria


class Dilemma(NamedTuple):
    """The four payoffs of a symmetric dilemma: reward, sucker's payoff, temptation, punishment."""

    r: float
    s: float
    t: float
    p: float


def dilemma(payoffs: np.ndarray) -> Dilemma | None:
    """The payoffs of a prisoner's dilemma whose first option is to cooperate (t > r > p > s); None if it is none."""
    game = checked(payoffs)
    if game.shape != (2, 2, 2) or not np.array_equal(game[0], game[1].T):
        return None
    (r, s), (t, p) = game[0].tolist()
    return Dilemma(r, s, t, p) if t > r > p > s else None


def grim_threshold(payoffs: np.ndarray) -> float:
    """The least continuation probability at which grim against grim is an equilibrium: (t - r) / (t - p)."""
    d = dilemma(payoffs)
    if d is None:
        raise ValueError("the threshold of grim is that of a prisoner's dilemma")
    return (d.t - d.r) / (d.t - d.p)


def grim_gain(payoffs: np.ndarray, continuation: float) -> float:
    """The expected points that a deviation from grim against grim gains (its best: defect at once and for ever)."""
    d = dilemma(payoffs)
    if d is None:
        raise ValueError("grim is judged in a prisoner's dilemma")
    if not 0 <= continuation < 1:
        raise ValueError("a continuation probability is at least 0 and below 1")
    expected = continuation / (1 - continuation)  # rounds after this one
    return d.t + d.p * expected - d.r * (1 + expected)


def finite_values(payoffs: np.ndarray, rounds: int) -> np.ndarray | None:
    """Points of each player, (n,), in every subgame-perfect equilibrium of `rounds` told rounds, by backward induction.

    A stage game with one equilibrium leaves nothing to be promised in the last round, nor then in any before it. None
    where the stage game has several equilibria: then there are many.
    """
    from manyminds.theory.normal_form import equilibria

    game = checked(payoffs)
    stage = equilibria(game) if len(game) == 2 else None
    if stage is None or len(stage) != 1:
        return None
    return rounds * mixed_value(game, stage[0])


def turn_taking(payoffs: np.ndarray) -> float | None:
    """Mean points a round when two players take turns between two pure equilibria, if both earn the same that way."""
    game = checked(payoffs)
    stable = pure_equilibria(game)
    if len(game) != 2 or len(stable) != 2:
        return None
    means = np.mean([game[(slice(None), *at)] for at in stable], axis=0)
    return float(means[0]) if means[0] == means[1] else None
