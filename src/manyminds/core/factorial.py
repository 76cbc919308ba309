"""Factorial experiments: every combination of factors, repeats, and nuisance factors that are balanced within cells."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from manyminds.core.errors import BadInput
from manyminds.core.seeds import Seeds

Cell = tuple[Any, ...]


@dataclass(frozen=True)
class Factor:
    """One factor and its levels. A nuisance factor is no question of the experiment; its levels are balanced away."""

    name: str
    levels: tuple[Any, ...]
    nuisance: bool = False

    def __post_init__(self) -> None:
        if not self.levels or len(set(self.levels)) != len(self.levels):
            raise BadInput(f"factor {self.name!r} needs distinct levels, at least one, not {self.levels}")


@dataclass(frozen=True)
class Trial:
    """One observation to make: the levels of all factors, and which repeat of its cell it is."""

    levels: Mapping[str, Any]
    repeat: int

    def __getitem__(self, name: str) -> Any:
        return self.levels[name]

    def cell(self, factors: Iterable[Factor]) -> Cell:
        """Its levels of the factors that are a question."""
        return tuple(self.levels[factor.name] for factor in factors if not factor.nuisance)


@dataclass(frozen=True)
class Design:
    """A full factorial design with `repeats` observations in every cell.

    Within each cell every combination of nuisance levels occurs equally often, or once more than another where
    `repeats` is no multiple of their number; which ones, and in which order, is drawn.
    """

    factors: tuple[Factor, ...]
    repeats: int = 1

    def __post_init__(self) -> None:
        names = Counter(factor.name for factor in self.factors)
        twice = [name for name, count in names.items() if count > 1]
        if twice or self.repeats < 1:
            raise BadInput(f"factors {twice} occur twice" if twice else f"repeats must be at least 1: {self.repeats}")

    def cells(self) -> list[Cell]:
        """All combinations of the levels in question, in order."""
        return list(product(*(factor.levels for factor in self.factors if not factor.nuisance)))

    def trials(self, seeds: Seeds) -> Iterator[Trial]:
        """All observations, cell by cell. A cell's draws depend on its own levels only."""
        asked = [factor.name for factor in self.factors if not factor.nuisance]
        nuisance = [factor for factor in self.factors if factor.nuisance]
        combinations = list(product(*(factor.levels for factor in nuisance)))
        for cell in self.cells():
            rng = seeds("counterbalance", *map(str, cell))
            for repeat in range(self.repeats):
                if repeat % len(combinations) == 0:
                    block = rng.sample(combinations, len(combinations))
                mixed = block[repeat % len(combinations)]
                levels = dict(zip(asked, cell)) | dict(zip((factor.name for factor in nuisance), mixed))
                yield Trial(levels, repeat)


def balance(trials: Iterable[Trial], factors: Sequence[Factor]) -> int:
    """The greatest difference between how often two combinations of nuisance levels occur in one cell."""
    names = [factor.name for factor in factors if factor.nuisance]
    combinations = list(product(*(factor.levels for factor in factors if factor.nuisance)))
    counts: dict[Cell, Counter[Cell]] = {}
    for trial in trials:
        counts.setdefault(trial.cell(factors), Counter())[tuple(trial[name] for name in names)] += 1
    spreads = (max(c[mix] for mix in combinations) - min(c[mix] for mix in combinations) for c in counts.values())
    return max(spreads, default=0)


def balanced_orders(items: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Orders in which every item stands equally often at every place and after every other one (Williams, 1949).

    n orders for an even number of items, 2n for an odd one.
    """
    n = len(items)
    zigzag = [(i + 1) // 2 if i % 2 else -i // 2 for i in range(n)]
    rows = [tuple(items[(step + start) % n] for step in zigzag) for start in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]
