"""Looking up: copy a list, bring pairs into another order, find a value by its key, find one fact among few.

Every question on documents rests on this, and a model learns it far earlier when it begins with these. The names are
what is asked, so they belong to the form.
"""

from dataclasses import dataclass
from random import Random

from manyminds.core import unknown
from manyminds.worlds.texts.items import Draft, Item, Verdict, marked
from manyminds.worlds.texts.words import RELATIONS, names_at

KINDS = ("copy", "pairs", "key-value", "few-facts")
SIZES = {1: 2, 2: 3, 3: 4, 4: 6}  # level: pairs or facts
LONGEST = 40  # list to copy


@dataclass(frozen=True)
class Lookup:
    """Levels have 2, 3, 4 and 6 pairs or facts; the last two with names of several syllables. Two kinds practise: the
    solution of `pairs` looks up once for each of twice as many, that of `copy` for every name of a list whose length
    is drawn, so that no counting of places can take the place of looking up."""

    kind: str = "copy"
    levels: tuple[int, ...] = tuple(SIZES)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of lookup", self.kind, KINDS)

    @property
    def name(self) -> str:
        return self.kind

    def draft(self, rng: Random, level: int) -> Draft:
        size = SIZES[level]
        if self.kind == "pairs":
            size *= 2
        elif self.kind == "copy":
            size = rng.randint(size, min(10 * size, LONGEST))
        names = names_at(rng, level, 2 * size)
        keys, values, at = names[:size], names[size:], rng.randrange(size)
        answer = values[at]
        if self.kind == "copy":
            answer = " ".join(keys)
            form, prompt = keys, f"Copy: {answer}"
        elif self.kind == "pairs":
            pairs = [f"{key} {value}" for key, value in zip(keys, values)]
            order = rng.sample(range(size), size)
            answer = ", ".join(pairs[i] for i in order)
            form = [*names, order]
            prompt = f"Pairs: {', '.join(pairs)}. Tell them in the order {', '.join(keys[i] for i in order)}."
        elif self.kind == "key-value":
            told = ", ".join(f"{key} {value}" for key, value in zip(keys, values))
            form, prompt = [*names, at], f"Pairs: {told}. Which goes with {keys[at]}?"
        else:
            # Two relations at most: the relation alone does not tell which fact is asked for.
            both = rng.sample(RELATIONS, 2)
            relations = [rng.choice(both) for _ in keys]
            told = " ".join(f"The {r} of {key} is {value}." for r, key, value in zip(relations, keys, values))
            form, prompt = [*names, relations, at], f"{told}\nWho is the {relations[at]} of {keys[at]}?"
        return Draft(form, prompt, f"# {answer}", answer, {})

    def check(self, item: Item, text: str) -> Verdict:
        return marked(item, text)
