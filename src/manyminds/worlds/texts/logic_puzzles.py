"""Logic grid puzzles of any size: a hidden assignment, clues that leave one answer, and three ways to solve them.

The puzzle form of arXiv 2307.05300 (from BIG-bench): houses in a row, groups of things, clues, "in which house is ...".
Clues and their words are those of the nursery's `grids`. A puzzle is drawn against a table of all (H!)^G assignments,
which is exact and fast up to two million of them. `domains` propagates clues, as a careful reader does; `possible` asks
an integer programme, which shares nothing with the table and takes any size.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from math import factorial
from random import Random
from typing import NamedTuple

import numpy as np

from manyminds.core import BadInput
from manyminds.worlds.texts.grids import GROUPS as SMALL
from manyminds.worlds.texts.grids import KINDS, TOLD, Clue, Grids

GROUPS = {
    "pet": (*SMALL["pet"], "horse"),
    "drink": (*SMALL["drink"], "cocoa"),
    "colour": (*SMALL["colour"], "black"),
    "instrument": ("flute", "violin", "piano", "drum", "harp"),
    "fruit": ("plum", "fig", "grape", "kiwi", "lime"),
}
MOST = 2_000_000  # assignments that are tried one by one
RELEASED = {2: 38, 3: 59, 4: 48, 5: 55}  # houses -> puzzles among the 200 of the paper
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@dataclass(frozen=True)
class Puzzle:
    """`names`: the values, group by group, `size` of each; `clues` number them and houses from 0. `answer` is the house
    of the value `asked`, from 1; `choices` are the houses in the order in which they are offered."""

    size: int
    names: tuple[str, ...]
    clues: tuple[Clue, ...]
    asked: int
    answer: int
    choices: tuple[int, ...]

    @property
    def groups(self) -> int:
        return len(self.names) // self.size

    @property
    def sentences(self) -> list[str]:
        return [sentence(clue, self.names) for clue in self.clues]

    @property
    def text(self) -> str:
        lines = [f"There are {self.size} houses in a row, numbered 1 to {self.size} from left to right."]
        for i in range(self.groups):
            each = ", ".join(self.names[i * self.size : (i + 1) * self.size])
            lines.append(f"Each house has one of these: {each}.")
        lines += ["", "Clues:", *(f"{i}. {told}" for i, told in enumerate(self.sentences, 1)), ""]
        lines.append(f"In which house is the {self.names[self.asked]}?")
        return "\n".join([*lines, *(f"  choice: {house}" for house in self.choices)])


def sentence(clue: Clue, names: Sequence[str]) -> str:
    b = str(clue.b + 1) if clue.kind in ("at", "not at") else names[clue.b]
    told = TOLD[clue.kind].format(a=names[clue.a], b=b)
    return f"{told[0].upper()}{told[1:]}."


class Read(NamedTuple):
    """What a reader of the text knows."""

    size: int
    names: tuple[str, ...]
    clues: tuple[Clue, ...]
    asked: int


def read(text: str) -> Read:
    """The puzzle back from its text; raises BadInput where it is none of ours."""
    size = re.search(r"There are (\d+) houses", text)
    asked = re.search(r"In which house is the (\w+)\?", text)
    names = [name for line in re.findall(r"one of these: (.*)\.", text) for name in line.split(", ")]
    if size is None or asked is None or asked[1] not in names:
        raise BadInput("this text holds no logic grid puzzle")
    told = re.findall(r"^\d+\. (.*)\.$", text, re.M)
    return Read(int(size[1]), tuple(names), tuple(clue_of(line, names) for line in told), names.index(asked[1]))


def clue_of(line: str, names: Sequence[str]) -> Clue:
    for kind, told in TOLD.items():
        found = re.fullmatch(told.format(a=r"(\w+)", b=r"(\w+)"), line[0].lower() + line[1:])
        if found:
            b = int(found[2]) - 1 if kind in ("at", "not at") else names.index(found[2])
            return Clue(kind, names.index(found[1]), b)
    raise BadInput(f"{line!r} is no clue")


# ---- drawing puzzles, by trying all assignments


@cache
def table(size: int, groups: int) -> np.ndarray:
    """The house of every value (int8) in all assignments: ((H!)^G, G H)."""
    if factorial(size) ** groups > MOST:
        raise BadInput(f"{size} houses and {groups} groups have more than {MOST:,} assignments")
    one = np.array(list(permutations(range(size))), np.int8)
    found = one
    for _ in range(groups - 1):
        found = np.concatenate([np.repeat(found, len(one), 0), np.tile(one, (len(found), 1))], axis=1)
    return found


def holds(clue: Clue, rows: np.ndarray) -> np.ndarray:
    """In which assignments (rows) a clue holds."""
    other = clue.b if clue.kind in ("at", "not at") else rows[:, clue.b]
    return np.asarray(KINDS[clue.kind](rows[:, clue.a], other))


def drawn(rng: Random, size: int, groups: int) -> Puzzle:
    """A puzzle whose answer is the only one, of clues none of which can be left out."""
    rows = table(size, groups)
    kinds = list(GROUPS.values())
    if not 2 <= size <= 5 or not 1 <= groups <= len(kinds):
        raise BadInput(f"puzzles have 2 to 5 houses and 1 to {len(kinds)} groups, not {size} and {groups}")
    names = tuple(value for group in rng.sample(kinds, groups) for value in rng.sample(group, size))
    truth = tuple(house for _ in range(groups) for house in rng.sample(range(size), size))
    asked = rng.randrange(size * groups)
    wrong = live = rows[rows[:, asked] != truth[asked]]
    clues: list[Clue] = []
    while len(live):
        clue = Grids().clue(rng, truth, size, asked)
        fits = holds(clue, live)
        if not fits.all():
            clues.append(clue)
            live = live[fits]
    rng.shuffle(clues)
    kept = tuple(needed(clues, wrong))
    return Puzzle(size, names, kept, asked, truth[asked] + 1, tuple(rng.sample(range(1, size + 1), size)))


def needed(clues: list[Clue], wrong: np.ndarray) -> list[Clue]:
    """The clues less those without which every wrong assignment is still excluded."""
    excluded = {clue: ~holds(clue, wrong) for clue in clues}
    count = np.sum(list(excluded.values()), axis=0, dtype=np.int16)
    for clue in list(excluded):
        if (count - excluded[clue] > 0).all():
            count -= excluded.pop(clue)
    return list(excluded)


def count_solutions(puzzle: Puzzle) -> tuple[int, int]:
    """(assignments that satisfy all clues, those of them in which the asked value is in the answer's house)."""
    rows = table(puzzle.size, puzzle.groups)
    for clue in puzzle.clues:
        rows = rows[holds(clue, rows)]
    return len(rows), int((rows[:, puzzle.asked] == puzzle.answer - 1).sum())


def mixed(rng: Random, count: int, limit: int = MOST) -> list[Puzzle]:
    """Puzzles with the released set's shares of houses, and 2 to 5 groups as far as `limit` assignments reach."""
    sizes = rng.choices(list(RELEASED), list(RELEASED.values()), k=count)
    most = {size: max(g for g in range(1, 6) if factorial(size) ** g <= limit) for size in RELEASED}
    return [drawn(rng, size, rng.randint(2, most[size])) for size in sizes]


# ---- solving by propagation


Domains = list[set[int]]


def everything(size: int, groups: int) -> Domains:
    return [set(range(size)) for _ in range(size * groups)]


def revised(clue: Clue, domains: Domains, size: int) -> bool:
    """Take out what a clue excludes, and say whether anything went. A house stays if the other value has one that
    fits."""
    test: Callable[[int, int], bool] = KINDS[clue.kind]
    before = sum(map(len, domains))
    if clue.kind in ("at", "not at"):
        domains[clue.a] &= {house for house in domains[clue.a] if test(house, clue.b)}
    else:
        a, b = domains[clue.a], domains[clue.b]
        domains[clue.a] = {x for x in a if any(test(x, y) for y in b)}
        domains[clue.b] = {y for y in b if any(test(x, y) for x in domains[clue.a])}
    while spread(domains, size):
        pass
    return sum(map(len, domains)) < before


def spread(domains: Domains, size: int) -> bool:
    """In each group a placed value frees no house for others, and a house that only one value can have is its."""
    before = sum(map(len, domains))
    for start in range(0, len(domains), size):
        group = range(start, start + size)
        for value in group:
            if len(domains[value]) == 1:
                for other in group:
                    if other != value:
                        domains[other] = domains[other] - domains[value]
        for house in range(size):
            places = [value for value in group if house in domains[value]]
            if len(places) == 1:
                domains[places[0]] = {house}
    return sum(map(len, domains)) < before


def domains(clues: Sequence[Clue], size: int, groups: int) -> Domains:
    """The houses that each value can have after all clues were propagated until nothing changes."""
    found = everything(size, groups)
    while any([revised(clue, found, size) for clue in clues]):
        pass
    return found


# ---- solving by integer programming


def possible(clues: Sequence[Clue], size: int, groups: int, asked: int, house: int, there: bool = True) -> bool:
    """Is there an assignment that satisfies all clues and has `asked` in `house` (from 0), or (not `there`) in any
    other? x[v, h] = 1 where value v is in house h; a clue excludes pairs of houses."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    count = size * groups
    at: list[list[int]] = []
    low: list[float] = []
    high: list[float] = []

    def add(cells: Sequence[int], least: float, most: float) -> None:
        at.append(list(cells))
        low.append(least)
        high.append(most)

    for value in range(count):
        add([value * size + h for h in range(size)], 1, 1)
    for start in range(0, count, size):
        for h in range(size):
            add([value * size + h for value in range(start, start + size)], 1, 1)
    for kind, a, b in clues:
        if kind in ("at", "not at"):
            add([a * size + b], float(kind == "at"), float(kind == "at"))
            continue
        for x in range(size):
            for y in range(size):
                if not KINDS[kind](x, y):
                    add([a * size + x, b * size + y], 0, 1)
    add([asked * size + house], float(there), float(there))
    starts = np.cumsum([0, *map(len, at)])
    matrix = csr_array((np.ones(starts[-1]), np.concatenate(at), starts), shape=(len(at), count * size))
    found = milp(np.zeros(count * size), constraints=LinearConstraint(matrix, low, high),
                 integrality=np.ones(count * size), bounds=Bounds(0, 1))  # fmt: skip
    return bool(found.status == 0)


# ---- scoring answers


def numbers(text: str) -> set[str]:
    """The whole numbers of a text, as digits; ordinals up to the tenth count as theirs."""
    words = re.findall(r"\d+|[a-z]+", text.casefold())
    return {str(int(w)) for w in words if w.isdecimal()} | {str(ORDINALS.index(w) + 1) for w in words if w in ORDINALS}


NAMED = {str(i): (str(i), word) for i, word in enumerate(ORDINALS, 1)}


def occurs(text: str, target: str) -> bool:
    """The target's digits or ordinal occur in the answer, as parts of words too."""
    return any(name in text.casefold() for name in NAMED.get(target, (target,)))


def right(text: str, target: str) -> bool:
    """The paper's rule: the target occurs, and no other number from 1 to 10. Parts of words count, as in its code, so
    that "10" holds a 1 and targets above 9 are never right."""
    return occurs(text, target) and not any(occurs(text, other) for other in NAMED if other != target)


def right_number(text: str, target: str) -> bool:
    """The same by whole numbers, of any size: the target is the only number that the answer holds."""
    return numbers(text) == {target}


def ambiguous(text: str) -> bool:
    """An answer that names several numbers ("house 2 of 4"), which both rules count as wrong."""
    return len(numbers(text)) > 1


def chance(sizes: Sequence[int]) -> float:
    """The expected accuracy of guessing: the mean of 1 / H; 30.8 % on the released set."""
    return sum(1 / size for size in sizes) / len(sizes)
