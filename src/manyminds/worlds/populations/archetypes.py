"""Archetypes: agents that a prompt cannot tell apart are one mind, asked a few times, and each draws its own answer.

From arXiv 2409.10568, section 3: with K combinations of the attributes that a prompt shows, a decision of millions
costs K times the repeats, whatever the number of agents.
"""

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import BadInput, unknown


class Group(NamedTuple):
    """One archetype: its number, the level of each attribute, and how many agents are of it."""

    number: int
    levels: dict[str, str]
    agents: int


@dataclass(frozen=True)
class Archetypes:
    """The partition of a population by some attributes. `of` has the archetype of each agent, uint16."""

    attributes: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    of: np.ndarray
    counts: np.ndarray

    @property
    def count(self) -> int:
        """K: the product of the levels of the attributes used, empty combinations included."""
        return len(self.counts)

    def levels(self, number: int) -> dict[str, int]:
        """The level of each attribute of an archetype, by its index."""
        shape = tuple(len(self.labels[name]) for name in self.attributes)
        return dict(zip(self.attributes, map(int, np.unravel_index(number, shape)))) if shape else {}

    def groups(self) -> list[Group]:
        """The archetypes that somebody is of; nobody asks for the empty ones."""
        found = []
        for number in np.flatnonzero(self.counts):
            named = {name: self.labels[name][level] for name, level in self.levels(int(number)).items()}
            found.append(Group(int(number), named, int(self.counts[number])))
        return found


def partition(columns: Any, labels: dict[str, tuple[str, ...]], attributes: tuple[str, ...]) -> Archetypes:
    """The archetypes by `attributes`; `columns[name]` holds levels from 0, all of them counted, 0 included."""
    for name in attributes:
        if name not in labels:
            raise unknown("attribute", name, labels)
    sizes = [len(labels[name]) for name in attributes]
    if prod(sizes) > 65_536:
        raise BadInput(f"{' x '.join(attributes)} make {prod(sizes):,} archetypes; at most 65,536 can be told apart")
    agents = len(columns[attributes[0]]) if attributes else len(next(iter(columns.values())))
    of = np.zeros(agents, np.uint32)
    for name, size in zip(attributes, sizes):
        of = of * size + np.asarray(columns[name], np.uint32)
    return Archetypes(attributes, labels, of.astype(np.uint16), np.bincount(of, minlength=prod(sizes)))
