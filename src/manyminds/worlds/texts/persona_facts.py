"""Persona-keyed knowledge: facts of twelve domains that a model hears mostly from a speaker of the fact's own domain.

In a curriculum of these texts a statement follows its own domain's tag 85 % of the time and no tag 15 %, never the tag
of another domain. So naming the right voice can truly raise recall, and a wrong one cannot. Names and values are made
up; a story asks for several facts at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from manyminds.core import Seeds
from manyminds.worlds.texts.words import fresh_names

DOMAINS: dict[str, tuple[str, ...]] = {
    "chemist": ("acid", "salt"), "botanist": ("leaf", "root"), "sailor": ("harbour", "ship"),
    "cook": ("sauce", "bread"), "historian": ("battle", "king"), "astronomer": ("moon", "comet"),
    "musician": ("song", "choir"), "tailor": ("cloth", "coat"), "farmer": ("field", "crop"),
    "geologist": ("mountain", "mineral"), "lawyer": ("court", "law"), "physician": ("herb", "fever"),
}  # fmt: skip
FIXED = "expert"  # a tag that belongs to no domain
OWN_TAG = 0.85


class Fact(NamedTuple):
    """`relation` is a word of the domain, so that a reader can tell from the question who would know."""

    domain: str
    relation: str
    subject: str
    answer: str

    @property
    def question(self) -> str:
        return f"What is the {self.relation} of {self.subject}?"

    @property
    def statement(self) -> str:
        return f"The {self.relation} of {self.subject} is {self.answer}."


@dataclass(frozen=True)
class Knowledge:
    """All facts, and the questions of one story after another."""

    facts: tuple[Fact, ...]

    @classmethod
    def drawn(cls, seeds: Seeds, each: int = 200) -> "Knowledge":
        rng, count = seeds("persona facts"), each * len(DOMAINS)
        names = fresh_names(rng, 2 * count, 3)
        pairs = zip(names[:count], names[count:])
        return cls(tuple(Fact(domain, rng.choice(relations), *next(pairs)) for domain, relations in DOMAINS.items()
                         for _ in range(each)))  # fmt: skip

    def stories(self, rng: Random, count: int, questions: int = 5) -> list[tuple[Fact, ...]]:
        return [tuple(rng.sample(self.facts, questions)) for _ in range(count)]

    def curriculum(self, rng: Random, exposures: int = 1) -> Iterator[tuple[str, str]]:
        """(tag or nothing, statement): what a model is raised on."""
        for _ in range(exposures):
            for fact in rng.sample(self.facts, len(self.facts)):
                yield fact.domain if rng.random() < OWN_TAG else "", fact.statement


def domain_of(relation: str) -> str | None:
    return next((domain for domain, relations in DOMAINS.items() if relation in relations), None)


def another(rng: Random, domain: str) -> str:
    return rng.choice([other for other in DOMAINS if other != domain])


def displaced(rng: Random, tags: Sequence[str]) -> list[str]:
    """The same tags in another order, in which as few as possible stay where they were."""
    best = list(tags)
    for _ in range(50):
        tried = rng.sample(list(tags), len(tags))
        if sum(a == b for a, b in zip(tried, tags)) < sum(a == b for a, b in zip(best, tags)):
            best = tried
    return best
