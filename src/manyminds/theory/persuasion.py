"""What must come out when one who knows advises one who acts: cheap talk, the best commitment, obedience as a program.

A policy is an array (messages, states): the probability of each message in each state; its columns sum to one.
Utilities are arrays (actions, states). Bayesian persuasion after Kamenica and Gentzkow (2011); the seller and buyer of
GLEE are the case of two states and two actions (arXiv 2410.05254, section 2).
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

Number = Any  # a float, or an array of them


class Persuasion(NamedTuple):
    """A policy and what it brings: the sender's and the receiver's expected utility."""

    policy: np.ndarray
    sender: float
    receiver: float


class Advice(NamedTuple):
    """A seller's policy toward a buyer, and what comes of it in expectation."""

    lie: float  # how often a low quality is recommended; a high one always is
    sold: float  # share of rounds with a sale
    efficiency: float  # share of high-quality products that are sold
    fairness: float  # share of low-quality products that are not


def lie_rate(prior: Number, value: Number) -> Number:
    """The largest rate of lies about low quality that leaves a recommendation worth following.

    After a recommendation the product is good with probability p / (p + (1 - p) q), and buying pays when that times
    `value` (per price) is at least one: q = min{p / (1 - p) (v - 1), 1}.
    """
    prior, value = np.asarray(prior, float), np.asarray(value, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(prior >= 1, 1.0, np.clip(prior / (1 - prior) * (value - 1), 0, 1))
    return rate if rate.shape else float(rate)


def committed(prior: float, value: float) -> Advice:
    """The seller's best policy when it can commit to one and the buyer obeys whenever that does not hurt it."""
    lie = lie_rate(prior, value)
    if value < 1:  # even a product known to be good is not worth its price
        return Advice(lie, 0.0, 0.0, 1.0)
    return Advice(lie, min(prior * value, 1.0), 1.0, 1.0 - lie)


def cheap_talk(prior: float, value: float) -> Advice:
    """One round without commitment: the seller wants a sale whatever it knows, so its words say nothing (babbling).

    The buyer acts on the prior alone and buys if p v >= 1.
    """
    buys = float(prior * value >= 1)
    return Advice(1.0, buys, buys, 1.0 - buys)


def seller_and_buyer(value: float) -> tuple[np.ndarray, np.ndarray]:
    """The utilities (actions, states) of seller and buyer per price; actions: buy, pass; states: high, low."""
    return np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[value - 1.0, -1.0], [0.0, 0.0]])


def outcome_of(policy: np.ndarray, prior: np.ndarray, sender: np.ndarray, receiver: np.ndarray) -> Persuasion:
    """What a policy brings against a receiver that replies best to each message, in the sender's favour when tied."""
    joint = policy * prior  # (messages, states)
    values, gains = joint @ receiver.T, joint @ sender.T  # (messages, actions)
    tied = values >= values.max(axis=1, keepdims=True) - 1e-12
    best = np.where(tied, gains, -np.inf).argmax(axis=1)
    rows = np.arange(len(best))
    return Persuasion(policy, float(gains[rows, best].sum()), float(values[rows, best].sum()))


def best_commitment(prior: Sequence[float], sender: np.ndarray, receiver: np.ndarray) -> Persuasion:
    """The sender's best policy over all, by a linear program over recommended actions that are obeyed.

    Messages may be taken to be actions. For each pair of actions: being told a, doing b instead must not gain:
    sum_s prior_s pi(a|s) (receiver[a, s] - receiver[b, s]) >= 0.
    """
    from scipy.optimize import linprog

    belief = np.asarray(prior, float)
    actions, states = sender.shape
    if belief.shape != (states,) or receiver.shape != sender.shape:
        raise ValueError(f"a prior over {states} states and two utilities of shape {sender.shape} are needed")
    if (belief < 0).any() or abs(belief.sum() - 1) > 1e-9:
        raise ValueError(f"the prior must be probabilities that sum to one, not {belief.tolist()}")
    rows = []
    for told, done in product(range(actions), repeat=2):
        if told != done:
            row = np.zeros((actions, states))
            row[told] = belief * (receiver[done] - receiver[told])
            rows.append(row.ravel())
    sums = np.tile(np.eye(states), actions)  # (states, actions * states): each column of the policy sums to one
    found = linprog(-(belief * sender).ravel(), np.array(rows), np.zeros(len(rows)), sums, np.ones(states), (0, 1))
    if found.status != 0:
        raise ValueError(f"the program has no solution: {found.message}")
    policy = found.x.reshape(actions, states)
    joint = policy * belief
    return Persuasion(policy, float((joint * sender).sum()), float((joint * receiver).sum()))


def two_message_policies(states: int, steps: int) -> Iterator[np.ndarray]:
    """Every policy with two messages whose probabilities are multiples of 1 / steps."""
    for first in product(np.linspace(0, 1, steps + 1), repeat=states):
        yield np.array([first, 1 - np.array(first)])


def best_by_brute_force(
    prior: Sequence[float], sender: np.ndarray, receiver: np.ndarray, steps: int = 100
) -> Persuasion:
    """The best of all two-message policies on a grid: never better than `best_commitment`, near it for two actions."""
    belief = np.asarray(prior, float)
    found = (outcome_of(policy, belief, sender, receiver) for policy in two_message_policies(len(belief), steps))
    return max(found, key=lambda outcome: outcome.sender)
