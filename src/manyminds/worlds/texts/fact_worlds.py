"""Fact worlds: questions on a text about made-up people, of whom a reader may believe something else.

Every (person, relation) of a world has a value that is believed beforehand. A context tells the facts that an answer
rests on, some of them against that belief, among sentences that share people or relations with them. What must be
quoted and what must come out are exactly known. Five kinds of question: a path of relations, a comparison, a count with
a near miss, whether two are the same, and several values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, NamedTuple

from manyminds.core import Seeds
from manyminds.worlds.texts.sway import KINDS as VALUES
from manyminds.worlds.texts.sway import Fact as BookFact
from manyminds.worlds.texts.words import fresh_names

Kind = Literal["path", "compare", "count", "same", "several"]
PERSONS = ("teacher", "neighbour", "cousin", "captain", "doctor", "rival")
THINGS = ("colour", "metal", "drink", "tool")
NUMBERS = ("age", "rent")
RELATIONS = (*PERSONS, *THINGS, *NUMBERS)  # twelve
PUPIL = "pupil"  # the relation with several values
SENTENCE_TOKENS = 7
PATIENCE = 1000  # pairs of people to try


class Fact(NamedTuple):
    who: str
    relation: str
    value: str

    @property
    def sentence(self) -> str:
        return f"{'A' if self.relation == PUPIL else 'The'} {self.relation} of {self.who} is {self.value}."


@dataclass(frozen=True)
class Told:
    """One item. `gold` are the indices of the sentences of `context` that the answer rests on; `believed` is what the
    world believed beforehand would make the answer; equal to `answer` where no fact contradicts it."""

    kind: Kind
    question: str
    context: str
    told: tuple[str, ...]
    gold: frozenset[int]
    answer: str
    believed: str
    wrong: str  # some other answer of the right form

    @property
    def contradicted(self) -> bool:
        return not same_answer(self, self.answer, self.believed)


@dataclass(frozen=True)
class FactWorld:
    """`people` x 12 relations; a share `contradicting` of the facts that an answer rests on is told against belief."""

    names: tuple[str, ...]
    beliefs: dict[tuple[str, str], str]
    contradicting: float = 1.0
    questions: dict[str, Callable[..., Any]] = field(default_factory=lambda: dict(QUESTIONS))

    @classmethod
    def drawn(cls, seeds: Seeds, people: int = 400, contradicting: float = 1.0) -> "FactWorld":
        rng = seeds("fact world")
        names = tuple(fresh_names(rng, people, 3))
        beliefs = {(who, relation): value(rng, relation, names) for who in names for relation in RELATIONS}
        return cls(names, beliefs, contradicting)

    @classmethod
    def of_book(cls, book: Sequence[BookFact], seeds: Seeds) -> "FactWorld":
        """A world in which the facts of a closed book are believed: those that a model was raised on. Its questions of
        kind `path` ask for one of them, and the context tells another value."""
        known = [(fact.who, fact.kind) for fact in book if fact.kind in THINGS]
        names = tuple(dict.fromkeys(fact.who for fact in book))
        rng = seeds("fact world")
        beliefs = {(who, relation): value(rng, relation, names) for who in names for relation in RELATIONS}
        beliefs |= {(fact.who, fact.kind): fact.value for fact in book if fact.kind in THINGS}

        def from_book(world: FactWorld, rng: Random, hops: int) -> Parts:
            who, relation = rng.choice(known)
            fact = world.telling(rng, who, relation)
            wrong = next(v for v in VALUES[relation].split() if v not in (fact.value, beliefs[who, relation]))
            return [fact], f"What is the {relation} of {who}?", fact.value, beliefs[who, relation], wrong

        return cls(names, beliefs, 1.0, {"path": from_book})

    def telling(self, rng: Random, who: str, relation: str) -> Fact:
        """A fact as the context has it: against belief or with it."""
        believed = self.beliefs[who, relation]
        if rng.random() >= self.contradicting:
            return Fact(who, relation, believed)
        while (other := value(rng, relation, self.names)) in (believed, who):
            pass
        return Fact(who, relation, other)

    def item(self, rng: Random, kind: Kind, tokens: int, hops: int = 2) -> Told:
        """A question of a kind in a context of about `tokens` tokens."""
        facts, question, answer, believed, wrong = self.questions[kind](self, rng, hops)
        keys = {(fact.who, fact.relation) for fact in facts}
        people = list(dict.fromkeys(name for fact in facts for name in (fact.who, fact.value) if name in self.names))
        relations = list(dict.fromkeys(fact.relation for fact in facts if fact.relation != PUPIL))
        told = list(facts)
        while len(told) < max(len(facts) + 2, round(tokens / SENTENCE_TOKENS)):
            near = rng.random() < 0.5  # shares a person with what is asked, or else a relation
            who = rng.choice(people if near else self.names)
            relation = rng.choice(RELATIONS if near or not relations else relations)
            if (who, relation) in keys:
                who = rng.choice(self.names)
            if (who, relation) not in keys:
                keys.add((who, relation))
                told.append(Fact(who, relation, self.beliefs[who, relation]))
        rng.shuffle(told)
        lines = [fact.sentence for fact in told]
        context = "\n".join(" ".join(lines[i : i + 10]) for i in range(0, len(lines), 10))
        gold = frozenset(i for i, fact in enumerate(told) if fact in facts)
        return Told(kind, question, context, tuple(lines), gold, answer, believed, wrong)


def value(rng: Random, relation: str, names: tuple[str, ...]) -> str:
    if relation in PERSONS:
        return rng.choice(names)
    return str(rng.randint(20, 60)) if relation in NUMBERS else rng.choice(VALUES[relation].split())


Parts = tuple[list[Fact], str, str, str, str]  # facts, question, answer, believed answer, another one


def path(world: FactWorld, rng: Random, hops: int) -> Parts:
    who = first = rng.choice(world.names)
    asked = [*(rng.choice(PERSONS) for _ in range(hops - 1)), rng.choice((*PERSONS, *THINGS))]
    facts: list[Fact] = []
    believed = first
    for relation in asked:
        fact = world.telling(rng, who, relation)
        if fact.value in [one.who for one in facts] or (fact.value == who):
            return path(world, rng, hops)
        facts.append(fact)
        who, believed = fact.value, world.beliefs[believed, relation]
    while (wrong := value(rng, asked[-1], world.names)) in (who, believed):
        pass
    whose = "".join(f"the {relation} of " for relation in reversed(asked))
    return facts, f"{'Who' if asked[-1] in PERSONS else 'What'} is {whose}{first}?", who, believed, wrong


def compare(world: FactWorld, rng: Random, hops: int) -> Parts:
    relation = rng.choice(NUMBERS)
    while True:
        pair = rng.sample(world.names, 2)
        facts = [world.telling(rng, who, relation) for who in pair]
        values, thought = [int(f.value) for f in facts], [int(world.beliefs[who, relation]) for who in pair]
        if values[0] != values[1] and thought[0] != thought[1]:
            answer, believed = pair[values[1] > values[0]], pair[thought[1] > thought[0]]
            other = pair[1 - pair.index(answer)]
            return (
                facts,
                f"Whose {relation} is higher, that of {pair[0]} or that of {pair[1]}?",
                answer,
                believed,
                other,
            )


def count(world: FactWorld, rng: Random, hops: int) -> Parts:
    relation, people = rng.choice(NUMBERS), rng.sample(world.names, 4)
    facts = [world.telling(rng, who, relation) for who in people]
    values = [int(fact.value) for fact in facts]
    limit = rng.choice(values) + 1  # so that one of them misses it by one
    right, thought = sum(v >= limit for v in values), sum(int(world.beliefs[who, relation]) >= limit for who in people)
    told = f"How many of {', '.join(people[:-1])} and {people[-1]} have a {relation} of at least {limit}?"
    wrong = next(n for n in (right + 1, right - 1, right + 2) if n != thought and 0 <= n <= 4)
    return facts, told.replace(" a age", " an age"), str(right), str(thought), str(wrong)


def same(world: FactWorld, rng: Random, hops: int) -> Parts:
    relation, wanted = rng.choice(THINGS), rng.random() < 0.5
    for tried in range(2 * PATIENCE):
        if tried == PATIENCE:  # where belief alone is told and everybody's is another, no two are alike
            wanted = not wanted
        pair = rng.sample(world.names, 2)
        facts = [world.telling(rng, who, relation) for who in pair]
        if (facts[0].value == facts[1].value) == wanted:
            thought = world.beliefs[pair[0], relation] == world.beliefs[pair[1], relation]
            said = {True: "yes", False: "no"}
            asked = f"Do {pair[0]} and {pair[1]} have the same {relation}?"
            return facts, asked, said[wanted], said[thought], said[not wanted]
    raise AssertionError("two people are alike or they are not")


def several(world: FactWorld, rng: Random, hops: int) -> Parts:
    """Nothing is believed of pupils but a single name, so belief alone is never right."""
    who, *pupils = rng.sample(world.names, 1 + rng.randint(2, 4))
    believed, other = rng.sample([name for name in world.names if name not in (who, *pupils)], 2)
    facts = [Fact(who, PUPIL, pupil) for pupil in pupils]
    return facts, f"Who are all the pupils of {who}?", ", ".join(pupils), believed, other


QUESTIONS: dict[str, Callable[..., Parts]] = {
    "path": path, "compare": compare, "count": count, "same": same, "several": several
}  # fmt: skip


def same_answer(item: Told, said: str, wanted: str) -> bool:
    """Are two answers the same? Of several values the order does not matter."""
    if item.kind != "several":
        return said.strip(" .").casefold() == wanted.casefold()
    sets = [frozenset(part.strip(" .").casefold() for part in text.replace(" and ", ",").split(",") if part.strip(" ."))
            for text in (said, wanted)]  # fmt: skip
    return sets[0] == sets[1]


def right(item: Told, said: str) -> bool:
    return same_answer(item, said, item.answer)
