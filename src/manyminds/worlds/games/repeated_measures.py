"""Measures of a repeated match between two players, from what both did and what it paid.

`own` and `other` are arrays of choices (0 is the first option) with rounds on the last axis; leading axes are matches
and are kept. Where a measure has nothing to judge it is NaN: unscored, not zero.
"""

import numpy as np

Choices = np.ndarray


def payoffs_of(table: np.ndarray, own: Choices, other: Choices) -> np.ndarray:
    """The points of every round, from a table (own options, other's options)."""
    return np.asarray(table, float)[np.asarray(own, int), np.asarray(other, int)]


def normalised_score(table: np.ndarray, own: Choices, other: Choices) -> np.ndarray:
    """Points over rounds times the largest payoff that the matrix has for this player, whether it was seen or not."""
    return payoffs_of(table, own, other).mean(-1) / np.max(table)


def external_regret(table: np.ndarray, own: Choices, other: Choices) -> np.ndarray:
    """Points a round that the best single option would have gained more against what the other did; may be negative."""
    kept = np.stack(
        [payoffs_of(table, np.full_like(np.asarray(own, int), a), other).mean(-1) for a in range(len(table))]
    )
    return kept.max(axis=0) - payoffs_of(table, own, other).mean(-1)


def efficiency(mine: np.ndarray, theirs: np.ndarray, own: Choices, other: Choices) -> np.ndarray:
    """Joint points over the most that a round can pay both together. Tables are (own options, other's options)."""
    joint = np.asarray(mine, float) + np.asarray(theirs, float)
    return payoffs_of(joint, own, other).mean(-1) / joint.max()


def cooperation(own: Choices) -> np.ndarray:
    """The share of rounds with the first option."""
    return (np.asarray(own) == 0).mean(-1)


def forgiveness(own: Choices, other: Choices) -> np.ndarray:
    """P(first option in t+1), over the rounds t in which the other cooperates and has defected exactly once before."""
    moves, theirs = np.asarray(own, int), np.asarray(other, int)
    before = np.cumsum(theirs, axis=-1) - theirs  # defections of the other before t
    chances = (before == 1) & (theirs == 0)
    return ratio((moves[..., 1:] == 0) & chances[..., :-1], chances[..., :-1])


def exploited(own: Choices, other: Choices) -> np.ndarray:
    """The share of rounds in which it cooperated and the other did not."""
    return ((np.asarray(own) == 0) & (np.asarray(other) == 1)).mean(-1)


def exploiting(own: Choices, other: Choices) -> np.ndarray:
    """The share of rounds in which the other cooperated and it did not."""
    return exploited(other, own)


def coordination(mine: np.ndarray, theirs: np.ndarray, own: Choices, other: Choices) -> np.ndarray:
    """The share of rounds that paid somebody something."""
    joint = np.abs(np.asarray(mine, float)) + np.abs(np.asarray(theirs, float))
    return (payoffs_of(joint, own, other) > 0).mean(-1)


def alternation(own: Choices, other: Choices) -> np.ndarray:
    """The share of steps from round to round in which both met, met again, and both changed their option."""
    moves, theirs = np.asarray(own, int), np.asarray(other, int)
    met = moves == theirs
    turned = (moves[..., 1:] != moves[..., :-1]) & (theirs[..., 1:] != theirs[..., :-1])
    return mean_of(turned & met[..., 1:] & met[..., :-1])


def persistence(own: Choices) -> np.ndarray:
    """P(the same option in two rounds running)."""
    moves = np.asarray(own, int)
    return mean_of(moves[..., 1:] == moves[..., :-1])


def mean_of(yes: np.ndarray) -> np.ndarray:
    return yes.mean(-1) if yes.shape[-1] else np.full(yes.shape[:-1], np.nan)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The count of one over the count of the other along the rounds, NaN where there is nothing to count."""
    total = whole.sum(-1)
    return np.where(total > 0, part.sum(-1) / np.maximum(total, 1), np.nan)
