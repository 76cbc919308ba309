"""A made-up city: boroughs that differ in age and income, households, workplaces, schools; millions in seconds.

Nothing here is data: the margins are ours, chosen so that boroughs differ. Agents of one household have neighbouring
numbers, and those of one borough follow each other.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from manyminds.core import BadInput, Seeds
from manyminds.worlds.populations.contacts import Rows, mixing, within

AGES = ("under 20", "20 to 29", "30 to 39", "40 to 49", "50 to 64", "65 or older")
GENDERS = ("female", "male")
INCOMES = ("low", "lower middle", "upper middle", "high")  # bands of a month's income
MONTHLY = (1_500, 3_200, 5_800, 12_000)  # dollars, a typical one of each band
HOUSEHOLDS = np.array([0.30, 0.31, 0.16, 0.13, 0.06, 0.04])  # of 1 to 6
CHILDREN = 0.75  # of the members of a household beyond the second
CLASS, PUPILS = 3, 500  # a pupil meets three on either side, of so many in a school
EMPLOYED = 0.72  # of those between 20 and 64


class Borough(NamedTuple):
    """Shares of a borough; `ages` are of its adults, from 20 to 29 on."""

    name: str
    share: float
    ages: tuple[float, ...]
    incomes: tuple[float, ...]


BOROUGHS = (
    Borough("North", 0.17, (0.22, 0.20, 0.18, 0.24, 0.16), (0.42, 0.33, 0.18, 0.07)),
    Borough("East", 0.31, (0.21, 0.22, 0.18, 0.23, 0.16), (0.32, 0.33, 0.23, 0.12)),
    Borough("Centre", 0.19, (0.24, 0.24, 0.16, 0.19, 0.17), (0.20, 0.22, 0.26, 0.32)),
    Borough("West", 0.27, (0.18, 0.20, 0.18, 0.26, 0.18), (0.28, 0.36, 0.26, 0.10)),
    Borough("Island", 0.06, (0.16, 0.17, 0.17, 0.29, 0.21), (0.18, 0.34, 0.34, 0.14)),
)


class City(NamedTuple):
    """One column an attribute, shape (agents,), on the host."""

    age: np.ndarray  # uint8, index into AGES
    gender: np.ndarray  # uint8
    borough: np.ndarray  # uint8
    income: np.ndarray  # uint8, the household's band
    household: np.ndarray  # int32
    workplace: np.ndarray  # int32, -1 for none
    school: np.ndarray  # int32, -1 for none
    boroughs: tuple[str, ...]

    @property
    def agents(self) -> int:
        return len(self.age)


@dataclass(frozen=True)
class Mixing:
    """How many others an agent meets by chance a day: negative binomial by kind of age, mean and deviation. Means and
    deviations of children, adults and the elderly; their overall mean is that of the paper's Astoria (136 thousand
    edges among 37,518 agents)."""

    means: tuple[float, float, float] = (2.0, 4.0, 3.0)
    deviations: tuple[float, float, float] = (2.0, 4.0, 3.0)

    def meetings(self, age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Entries of each agent in the list of meetings, int32."""
        kind = np.array([0, 1, 1, 1, 1, 2])[age]
        found = np.empty(len(age), np.int32)
        for k, (mean, deviation) in enumerate(zip(self.means, self.deviations)):
            if deviation**2 <= mean:
                raise BadInput(f"meetings of mean {mean:g} need a deviation above {mean**0.5:.3g}, not {deviation:g}")
            who = np.flatnonzero(kind == k)
            size = mean**2 / (deviation**2 - mean)
            found[who] = rng.negative_binomial(size, size / (size + mean), len(who))
        return found


def built(agents: int, seeds: Seeds, boroughs: tuple[Borough, ...] = BOROUGHS) -> City:
    """A city of `agents` people (at least 20 a borough); the same seeds build the same city."""
    counts = np.floor(np.array([b.share for b in boroughs]) / sum(b.share for b in boroughs) * agents).astype(int)
    counts[np.argmax(counts)] += agents - counts.sum()
    if counts.min() < 20:
        raise BadInput(f"with {agents:,} agents borough {boroughs[int(counts.argmin())].name!r} is as good as empty; "
                       f"ask for at least {int(np.ceil(21 / min(b.share for b in boroughs))):,}")  # fmt: skip
    parts = [one(int(n), b, seeds.numpy("city", b.name)) for n, b in zip(counts, boroughs)]
    borough = np.repeat(np.arange(len(boroughs), dtype=np.uint8), counts)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in ("age", "gender", "income")}
    groups = {name: numbered_on([part[name] for part in parts]) for name in ("household", "workplace", "school")}
    return City(columns["age"], columns["gender"], borough, columns["income"], **groups,
                boroughs=tuple(b.name for b in boroughs))  # fmt: skip


def one(agents: int, borough: Borough, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The columns of one borough; households, workplaces and schools are numbered from 0."""
    sizes = rng.choice(np.arange(1, 7, dtype=np.int8), agents // 2 + 10, p=HOUSEHOLDS)
    ends = np.cumsum(sizes, dtype=np.int64)
    while ends[-1] < agents:  # the mean size is above 2, so this is rare
        sizes = np.concatenate([sizes, sizes])
        ends = np.cumsum(sizes, dtype=np.int64)
    household = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[:agents]
    place = (np.arange(agents) - (ends - sizes)[household]).astype(np.int8)
    child = (place >= 2) & (rng.random(agents, np.float32) < CHILDREN)
    age = np.where(child, 0, 1 + drawn(borough.ages, agents, rng)).astype(np.uint8)
    works = (age > 0) & (age < 5) & (rng.random(agents, np.float32) < EMPLOYED)
    return {
        "age": age,
        "gender": (rng.random(agents, np.float32) < 0.5).astype(np.uint8),
        "income": drawn(borough.incomes, len(sizes), rng).astype(np.uint8)[household],
        "household": household,
        "workplace": grouped(works, np.clip(rng.lognormal(2.0, 1.2, max(agents // 4, 1)), 2, 2000).astype(int), rng),
        "school": grouped(age == 0, np.full(max(agents // PUPILS, 1), PUPILS), rng),
    }


def drawn(shares: tuple[float, ...], count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices drawn with these shares."""
    edges = np.cumsum(shares) / np.sum(shares)
    return np.searchsorted(edges[:-1], rng.random(count, np.float32), side="right")


def grouped(who: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Group numbers (int32) of those in `who`, in random order into groups of these sizes; -1 for the others."""
    members = np.flatnonzero(who).astype(np.int32)
    rng.shuffle(members)
    ends = np.cumsum(np.tile(sizes, -(-len(members) // int(sizes.sum())) or 1))
    found = np.full(len(who), -1, np.int32)
    found[members] = np.searchsorted(ends, np.arange(len(members)), side="right")
    return found


def numbered_on(parts: list[np.ndarray]) -> np.ndarray:
    """The groups of several boroughs under numbers that do not meet."""
    found, first = [], 0
    for part in parts:
        found.append(np.where(part >= 0, part + first, -1).astype(np.int32))
        first += int(part.max(initial=-1)) + 1
    return np.concatenate(found)


def network(city: City, seeds: Seeds, how: str = "mixing", meetings: Mixing | None = None) -> tuple[Rows, ...]:
    """The layers of contacts: `mixing` is random mixing alone (the released code); `city` is households, work or
    school, and mixing (the paper)."""
    by_chance = mixing((meetings or Mixing()).meetings(city.age, seeds.numpy("meetings")), seeds.numpy("mixing"))
    if how == "mixing":
        return (by_chance,)
    if how != "city":
        raise BadInput(f"contacts must be 'mixing' or 'city', not {how!r}")
    daily = np.where(city.school >= 0, city.school + int(city.workplace.max(initial=-1)) + 1, city.workplace)
    return within(city.household, 3), within(daily, CLASS), by_chance
