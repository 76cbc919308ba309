"""Learned models of a table of cells: bootstrapped guesses, what they doubt, and their blend with the truth.

The tabular counterpart of `dynamics_ensembles`: every member is fitted to its own resample of the data, knows what it
has seen, and guesses a move of its own where it has seen nothing.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from manyminds.learning.dynamics_ensembles import Said, mopo, morel
from manyminds.learning.tabular_edge import Model

Penalty = Literal["none", "mopo", "morel", "mobile"]


class Guesses(NamedTuple):
    """`after`: the cell each member expects, (members, cells, actions); `unknown`: where it has seen nothing."""

    after: np.ndarray
    unknown: np.ndarray


def wandered(
    after: np.ndarray, starts: np.ndarray, episodes: int, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A data set of uniform behaviour: cells and actions of `episodes` walks of `length` steps from random starts."""
    place = rng.choice(np.flatnonzero(starts), episodes)
    cells, actions = [], []
    for _ in range(length):
        action = rng.integers(after.shape[1], size=episodes)
        cells.append(place)
        actions.append(action)
        place = after[place, action]
    return np.concatenate(cells), np.concatenate(actions)


def guessed(
    after: np.ndarray, cells: np.ndarray, actions: np.ndarray, members: int, rng: np.random.Generator
) -> Guesses:
    """Members that know the transitions of a resample of the data and guess the effect of some action elsewhere."""
    shape = (members, *after.shape)
    unknown = np.ones(shape, bool)
    for known in unknown:
        rows = rng.integers(len(cells), size=len(cells))
        known[cells[rows], actions[rows]] = False
    other = np.take_along_axis(np.broadcast_to(after, shape), rng.integers(after.shape[1], size=shape), -1)
    return Guesses(np.where(unknown, other, after), unknown)


def blended(
    guesses: Guesses, after: np.ndarray, paid: np.ndarray, places: np.ndarray, share: float, penalty: Penalty,
    weight: float = 5.0, threshold: float = 0.5,
) -> Model:  # fmt: skip
    """(1 - u) of the members' guesses and u (`share`) of the truth, with the doubts of one method taken off.

    `places`: coordinates of the cells. A step follows the truth with probability u and else a random member; means and
    standard deviations of displacement are blended as numbers, so at u = 1 every doubt is exactly 0.
    """
    said = said_of(guesses, after, places, share)
    members = len(guesses.after)
    shape = after.shape
    off, halt, doubt = jnp.zeros(shape, jnp.float32), jnp.zeros(shape, bool), np.zeros(members + 1)
    if penalty == "mopo":
        off = weight * mopo(said).reshape(shape)
    elif penalty == "morel":
        halt = (morel(said) > threshold).reshape(shape)
        off = weight * halt.astype(jnp.float32)
    elif penalty == "mobile":
        doubt[:members] = weight * (1 - share) / members
    return Model(
        after=jnp.asarray(np.concatenate([guesses.after, after[None]])),
        weight=jnp.asarray([(1 - share) / members] * members + [share], jnp.float32),
        paid=jnp.asarray(paid, jnp.float32), penalty=off, halt=halt, doubt=jnp.asarray(doubt, jnp.float32),
    )  # fmt: skip


def said_of(guesses: Guesses, after: np.ndarray, places: np.ndarray, share: float) -> Said:
    """The blended members in the form of neural ones: coordinates (and no reward), a row a cell and action."""
    flat = lambda x: x.reshape(*x.shape[:-3], -1, x.shape[-1])  # noqa: E731
    guess, truth = flat(places[guesses.after]), flat(places[after])
    mean = (1 - share) * guess + share * truth
    std = (1 - share) * guesses.unknown.reshape(*guess.shape[:2], 1) * np.ones(guess.shape[-1])
    nothing = np.zeros((*guess.shape[:2], 1))
    return Said(jnp.asarray(np.concatenate([mean, nothing], -1), jnp.float32),
                jnp.asarray(np.concatenate([std, nothing], -1), jnp.float32))  # fmt: skip
