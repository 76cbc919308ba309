"""Votes of minds that err together: the exact chance that the plurality is right, and when a mix beats the best alone.

An item has K options, option 0 right. Voter j takes option k with chance p[j, k], independently given the item. What
makes errors common is the item: its difficulty, and a distractor that attracts. The chance over vote counts is a
dynamic programme; over items it is an integral by Gauss-Hermite quadrature. Ties are broken at random.
"""

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

OPTIONS, VOTES = 4, 6


@cache
def _steps(votes: int, options: int) -> tuple[np.ndarray, ...]:
    """For each vote: where every vector of counts (states of that many votes) goes with each option, (states, K); last,
    which options lead in each final state."""
    states: list[tuple[int, ...]] = [(0,) * options]
    found = []
    for _ in range(votes):
        after = [[tuple(c + (i == k) for i, c in enumerate(state)) for k in range(options)] for state in states]
        names = {state: i for i, state in enumerate(dict.fromkeys(state for row in after for state in row))}
        found.append(np.array([[names[state] for state in row] for row in after]))
        states = list(names)
    return (*found, np.array([[count == max(state) for count in state] for state in states]))


def right(chances: np.ndarray, breaker: np.ndarray | None = None) -> np.ndarray:
    """The chance that option 0 wins the plurality, (items,), for `chances` (items, voters, options).

    `breaker` (items, options): the chances of one who breaks ties by an own answer, if that is among the tied ones.
    """
    items, votes, options = chances.shape
    *steps, leading = _steps(votes, options)
    held = np.ones((items, 1))
    for vote, step in enumerate(steps):
        after = np.zeros((items, step.max() + 1))
        for option in range(options):  # different states go to different ones by the same option
            after[:, step[:, option]] += held * chances[:, vote, option, None]
        held = after
    own = np.zeros((items, options)) if breaker is None else breaker
    undecided = (1 - own @ leading.T) / leading.sum(1)  # then any of the tied ones
    return np.asarray((held * leading[:, 0] * (own[:, :1] + undecided)).sum(1))


def options_of(accuracy: np.ndarray, favourite: np.ndarray, pull: float = 0.8, options: int = OPTIONS) -> np.ndarray:
    """The chances (..., options) of a voter that is right with chance `accuracy` (...); when wrong it takes its
    favourite distractor (..., 1 to options - 1) with chance `pull`, else any of the wrong ones."""
    wrong = 1 - np.asarray(accuracy, float)
    chances = np.repeat((wrong * (1 - pull) / (options - 1))[..., None], options, axis=-1)
    chances[..., 0] = accuracy
    at = np.broadcast_to(favourite, wrong.shape)[..., None]
    taken = np.take_along_axis(chances, at, -1) + (wrong * pull)[..., None]
    np.put_along_axis(chances, at, taken, -1)
    return chances


@dataclass(frozen=True)
class Pair:
    """Two models on the same items. Item accuracy: logit(mu) + `spread` (sqrt(rho) z + sqrt(1 - rho) e_model), z and e
    standard normal; `shared`: both models have the same favourite distractor, else each draws its own."""

    first: float = 0.6  # mu of the first
    second: float = 0.5
    rho: float = 0.5
    shared: bool = False
    pull: float = 0.8
    spread: float = 2.0
    votes: int = VOTES


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def chance(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def accuracies(pair: Pair, z: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    common, own = pair.spread * np.sqrt(pair.rho), pair.spread * np.sqrt(1 - pair.rho)
    return chance(logit(pair.first) + common * z + own * a), chance(logit(pair.second) + common * z + own * b)


def mean_accuracy(mu: float, spread: float = 2.0, nodes: int = 80) -> float:
    """The accuracy of one model over all items."""
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    return float(w @ chance(logit(mu) + spread * x) / w.sum())


def mu_of(accuracy: float, spread: float = 2.0) -> float:
    """The mu at which a model has a mean accuracy: the inverse of `mean_accuracy`."""
    from scipy.optimize import brentq

    return float(brentq(lambda mu: mean_accuracy(mu, spread) - accuracy, 1e-6, 1 - 1e-6))


@cache
def table(firsts: int, seconds: int, alike: bool, pull: float) -> np.ndarray:
    """The chance that the plurality is right when i of the first's votes and j of the second's are: (firsts + 1,
    seconds + 1). Given that, the wrong votes do not depend on the accuracies any more."""
    sure, one = np.eye(OPTIONS)[0], options_of(np.zeros(()), np.array(1), pull)
    other = one if alike else options_of(np.zeros(()), np.array(2), pull)
    cells = [[sure] * i + [one] * (firsts - i) + [sure] * j + [other] * (seconds - j)
             for i in range(firsts + 1) for j in range(seconds + 1)]  # fmt: skip
    return right(np.array(cells)).reshape(firsts + 1, seconds + 1)


def binomial(n: int, p: np.ndarray) -> np.ndarray:
    """The chances (..., n + 1) of 0 to n successes."""
    k = np.arange(n + 1)
    return np.asarray([comb(n, i) for i in k] * p[..., None] ** k * (1 - p[..., None]) ** (n - k))


def exact(pair: Pair, mixed: bool, nodes: int = 80) -> float:
    """The chance that the plurality is right over all items: half of the votes from each model, or all of the first."""
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    firsts = pair.votes // 2 if mixed else pair.votes
    seconds, total = pair.votes - firsts, 0.0
    z, own = x[:, None], x[None, :]
    a, b = accuracies(pair, z, own, own)
    of_first, of_second = (binomial(n, p) for n, p in ((firsts, a), (seconds, b)))
    first, second = np.einsum("j,ijk->ik", w, of_first), np.einsum("j,ijk->ik", w, of_second)
    # By symmetry: one favourite of three, and the other's is the same, or another one.
    for alike, share in ((True, 1.0),) if pair.shared or not mixed else ((True, 1 / 3), (False, 2 / 3)):
        total += share * float(np.einsum("z,zi,zj,ij->", w, first, second, table(firsts, seconds, alike, pair.pull)))
    return total


def gain(pair: Pair, nodes: int = 80) -> float:
    """What half and half gains over all votes from the first, as a difference of accuracies."""
    return exact(pair, True, nodes) - exact(pair, False, nodes)


def by_item(pair: Pair, firsts: int, a: np.ndarray, b: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """`right` for items (items,) with these accuracies, where the models' favourites are the same or not."""
    seconds = pair.votes - firsts
    one, other = binomial(firsts, a), binomial(seconds, b)
    same, apart = (np.einsum("ni,nj,ij->n", one, other, table(firsts, seconds, s, pair.pull)) for s in (True, False))
    return np.where(alike, same, apart)


def simulated(pair: Pair, mixed: bool, items: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(was the plurality right, 0 or 1; its exact chance by the dynamic programme), both (items,), for drawn items."""
    z, a, b = rng.standard_normal((3, items))
    first, second = accuracies(pair, z, a, b)
    favourites = rng.integers(1, OPTIONS, (2, items))
    if pair.shared:
        favourites[1] = favourites[0]
    firsts = pair.votes // 2 if mixed else pair.votes
    parts = [options_of(first, favourites[0], pair.pull)] * firsts
    parts += [options_of(second, favourites[1], pair.pull)] * (pair.votes - firsts)
    chances = by_item(pair, firsts, first, second, favourites[0] == favourites[1])
    return drawn(np.stack(parts, axis=1), rng), chances


def drawn(voters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One draw of the votes of each item (items, voters, options): did option 0 win? Ties at random."""
    votes = (rng.random((*voters.shape[:2], 1)) > voters.cumsum(-1)[..., :-1]).sum(-1)
    counts = (votes[..., None] == np.arange(voters.shape[-1])).sum(1)
    broken = counts + rng.random(counts.shape) * 0.5  # less than one vote, so it decides ties alone
    return np.asarray(broken.argmax(-1) == 0, float)


def crossing(rho: float, shared: bool, first: float = 0.6, nodes: int = 80) -> float:
    """The gap in mean accuracy at which half and half stops to gain over the better one; 0 where it never gains."""
    from scipy.optimize import brentq

    def at(mu: float) -> float:
        return gain(Pair(first, mu, rho, shared), nodes)

    if at(first) <= 1e-6:
        return 0.0
    found = brentq(at, 0.2, first, xtol=1e-4)
    return mean_accuracy(first) - mean_accuracy(float(found))
