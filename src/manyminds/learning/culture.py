"""Cultural evolution: generations that are tested, half of which survives and advises the newborns (arXiv 2412.10270).

A strategy is whatever is passed on: a sentence, a genome, the weights of a policy. What a generation does and how a
newborn gets its strategy are functions that the caller gives, so selection and transmission are the same for all.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from random import Random
from typing import Any, Literal

from manyminds.core import BadInput, Seeds

Selection = Literal["truncation", "random", "reputation"]


@dataclass(frozen=True)
class Member:
    """One who lives in a generation. `slot` stays with the place: a newborn inherits that of whom it replaces."""

    name: str
    strategy: Any
    born: int = 1
    slot: int = 0
    advisers: tuple[str, ...] = ()
    justification: str = ""


@dataclass(frozen=True)
class Trial:
    """What a generation's life showed of its members, by name. `trait` is what the measures follow."""

    scores: Mapping[str, float]
    trait: Mapping[str, float] = field(default_factory=dict)
    reputations: Mapping[str, float] = field(default_factory=dict)
    seen: Any = None  # anything else that the caller wants to keep


@dataclass(frozen=True)
class Generation:
    """A generation that lived. `survivors` is empty in the last one: nobody is selected when nobody follows."""

    number: int
    members: tuple[Member, ...]
    tested: Trial
    survivors: tuple[str, ...] = ()

    def newborns(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.born == self.number)


Live = Callable[[int, tuple[Member, ...]], Awaitable[Trial]]
Birth = Callable[[str, int, int, tuple[Member, ...]], Awaitable[tuple[Any, str]]]


def selected(
    names: Sequence[str], tested: Trial, keep: int, selection: Selection, rng: Random
) -> tuple[str, ...]:  # fmt: skip
    """Exactly `keep` of `names`, in the order given.

    `truncation`: those with the best scores; `reputation`: the best reputations; `random`: by lot. Ties, and whatever
    has no value, are broken by lot, so that no seat is favoured; no value ranks last.
    """
    if not 0 < keep <= len(names):
        raise BadInput(f"cannot keep {keep} of {len(names)}")
    drawn = rng.sample(list(names), len(names))
    if selection != "random":
        value = tested.scores if selection == "truncation" else tested.reputations
        drawn.sort(key=lambda name: value[name] if isfinite(value.get(name, nan)) else -float("inf"), reverse=True)
    kept = set(drawn[:keep])
    return tuple(name for name in names if name in kept)


async def evolve(
    size: int, generations: int, live: Live, birth: Birth, selection: Selection, seeds: Seeds
) -> list[Generation]:
    """Let `generations` of `size` members follow each other; half of each survives unchanged.

    `birth(name, number, slot, advisers)` gives a newborn's strategy and its reasons; founders have no advisers.
    Names are "<generation born>_<index>". Nothing but strategies passes from one generation to the next.
    """
    if size < 2 or size % 2:
        raise BadInput(f"a population that is halved needs an even number of members, not {size}")
    members = await born(1, tuple(range(size)), (), birth)
    lived: list[Generation] = []
    for number in range(1, generations + 1):
        tested = await live(number, members)
        if number == generations:
            lived.append(Generation(number, members, tested))
            break
        names = [member.name for member in members]
        kept = selected(names, tested, size // 2, selection, seeds("selection", number))
        lived.append(Generation(number, members, tested, kept))
        survivors = tuple(member for member in members if member.name in kept)
        free = tuple(member.slot for member in members if member.name not in kept)
        members = survivors + await born(number + 1, free, survivors, birth)
    return lived


async def born(number: int, slots: tuple[int, ...], advisers: tuple[Member, ...], birth: Birth) -> tuple[Member, ...]:
    """The newborns of one generation, who learn independently of each other."""
    from asyncio import gather

    names = [f"{number}_{i}" for i in range(1, len(slots) + 1)]
    found = await gather(*(birth(name, number, slot, advisers) for name, slot in zip(names, slots)))
    told = tuple(adviser.name for adviser in advisers)
    return tuple(
        Member(name, strategy, number, slot, told, reasons)
        for name, slot, (strategy, reasons) in zip(names, slots, found)
    )


def imitation(
    mutate: Callable[[Any, Random], Any], found: Callable[[Random], Any], seeds: Seeds, random_parents: bool = False
) -> Birth:
    """Births by imperfect copying of one adviser drawn by lot; founders are `found`.

    `random_parents` is the control: newborns copy a fresh founder instead, so nothing is passed on.
    """

    async def birth(name: str, number: int, slot: int, advisers: tuple[Member, ...]) -> tuple[Any, str]:
        rng = seeds("birth", name)
        if not advisers:
            return found(rng), ""
        parent = rng.choice(advisers)
        source = found(seeds("stranger", name)) if random_parents else parent.strategy
        return mutate(source, rng), "" if random_parents else f"after {parent.name}"

    return birth


# ---- measures


def average(values: Mapping[str, float], names: Sequence[str]) -> float:
    """The mean over those of `names` that have a value; nan without any."""
    kept = [values[name] for name in names if isfinite(values.get(name, nan))]
    return sum(kept) / len(kept) if kept else nan


def selection_differential(generation: Generation) -> float:
    """(mean trait of survivors - mean of the others) / mean of all; nan in the last generation or at mean 0."""
    trait = generation.tested.trait
    names = [member.name for member in generation.members]
    if not generation.survivors:
        return nan
    lost = [name for name in names if name not in generation.survivors]
    whole = average(trait, names)
    return (average(trait, generation.survivors) - average(trait, lost)) / whole if whole else nan


def mutation_bias(generation: Generation) -> float:
    """Mean trait of the newborns less that of their advisers, both as they behave in this generation.

    Advisers keep their strategy, so both are seen under equal conditions; nan in the first generation.
    """
    newborns = [member.name for member in generation.newborns()]
    advisers = [member.name for member in generation.members if member.born < generation.number]
    trait = generation.tested.trait
    return average(trait, newborns) - average(trait, advisers) if advisers else nan
