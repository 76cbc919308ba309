"""Logic grids: who lives where with what, from clues that leave one answer to the question, proved by trying all.

Houses 1 to H in a row; each of G groups gives every house one of its H values. Clues are drawn true until the house of
the value asked for is the same in all assignments that satisfy them, then every clue that is not needed is taken out.
"""

from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from random import Random
from typing import NamedTuple

from manyminds.worlds.texts.items import Draft, Item, Verdict, final, last_marked

GROUPS = {
    "pet": ["cat", "dog", "fish", "bird"],
    "drink": ["tea", "milk", "juice", "water"],
    "colour": ["red", "blue", "green", "white"],
}
SIZES = {1: (2, 2), 2: (3, 2), 3: (3, 3), 4: (4, 2), 5: (4, 3)}  # level: houses, groups
KINDS = {
    "at": lambda a, b: a == b,
    "not at": lambda a, b: a != b,
    "same": lambda a, b: a == b,
    "left": lambda a, b: a < b,
    "next left": lambda a, b: a + 1 == b,
    "beside": lambda a, b: abs(a - b) == 1,
    "one between": lambda a, b: abs(a - b) == 2,
}
TOLD = {
    "at": "the {a} is in house {b}",
    "not at": "the {a} is not in house {b}",
    "same": "the {a} and the {b} share a house",
    "left": "the {a} is somewhere left of the {b}",
    "next left": "the {a} is directly left of the {b}",
    "beside": "the {a} is next door to the {b}",
    "one between": "one house lies between the {a} and the {b}",
}


class Clue(NamedTuple):
    kind: str
    a: int  # value, numbered through all groups
    b: int  # value, or a house from 0 where the kind is "at" or "not at"

    def holds(self, houses: tuple[int, ...]) -> bool:
        other = self.b if self.kind in ("at", "not at") else houses[self.b]
        return bool(KINDS[self.kind](houses[self.a], other))


@cache
def assignments(size: int, groups: int) -> tuple[tuple[int, ...], ...]:
    """The house of every value, in all (H!)^G ways."""
    ways = product(permutations(range(size)), repeat=groups)
    return tuple(tuple(house for group in chosen for house in group) for chosen in ways)


@cache
def satisfying(clue: Clue, size: int, groups: int) -> int:
    """The assignments in which a clue holds, as a set of bits."""
    return sum(1 << i for i, houses in enumerate(assignments(size, groups)) if clue.holds(houses))


def answers(clues: list[Clue], size: int, groups: int, asked: int) -> set[int]:
    """The houses in which the value `asked` can be."""
    live = (1 << len(assignments(size, groups))) - 1
    for clue in clues:
        live &= satisfying(clue, size, groups)
    return {house for house in range(size) if live & satisfying(Clue("at", asked, house), size, groups)}


@dataclass(frozen=True)
class Grids:
    """Levels: 2 houses and 2 groups, 3 and 2, 3 and 3, 4 and 2, 4 and 3 (the last out of distribution)."""

    name: str = "grids"
    levels: tuple[int, ...] = tuple(SIZES)

    def draft(self, rng: Random, level: int) -> Draft:
        size, groups = SIZES[level]
        names = [value for group in list(GROUPS.values())[:groups] for value in rng.sample(group, size)]
        truth = tuple(house for _ in range(groups) for house in rng.sample(range(size), size))
        asked = rng.randrange(size * groups)
        clues: list[Clue] = []
        live = (1 << len(assignments(size, groups))) - 1
        while len(answers(clues, size, groups, asked)) > 1:
            clue = self.clue(rng, truth, size, asked)
            fewer = live & satisfying(clue, size, groups)
            if fewer != live:
                clues.append(clue)
                live = fewer
        for clue in list(clues):
            rest = [one for one in clues if one != clue]
            if len(answers(rest, size, groups, asked)) == 1:
                clues = rest
        told = [TOLD[kind].format(a=names[a], b=b + 1 if "at" in kind.split() else names[b]) for kind, a, b in clues]
        about = "; ".join(", ".join(names[i * size : (i + 1) * size]) for i in range(groups))
        prompt = f"{size} houses in a row, each with one of {about}. " + ". ".join(
            one[0].upper() + one[1:] for one in told
        )
        answer = str(truth[asked] + 1)
        form = [size, groups, [list(clue) for clue in clues], asked]
        return Draft(
            form,
            f"{prompt}. In which house is the {names[asked]}?",
            final(answer),
            answer,
            {"clues": [list(clue) for clue in clues], "size": size, "groups": groups, "asked": asked},
        )

    def clue(self, rng: Random, truth: tuple[int, ...], size: int, asked: int) -> Clue:
        """A true clue that does not itself say the answer."""
        while True:
            kind, a = rng.choice(tuple(KINDS)), rng.randrange(len(truth))
            b = rng.randrange(size) if kind in ("at", "not at") else rng.randrange(len(truth))
            within = kind not in ("at", "not at")
            if (within and (a == b or (kind == "same" and a // size == b // size))) or (kind == "at" and a == asked):
                continue
            if Clue(kind, a, b).holds(truth):
                return Clue(kind, a, b)

    def check(self, item: Item, text: str) -> Verdict:
        said = last_marked(text)
        if said is None:
            return Verdict(False, None, "no line begins with '#'")
        ok = said.casefold().removeprefix("house").strip(" .") == item.answer
        return Verdict(ok, said, "" if ok else "another house", float(ok))
