"""Model organisms of persona-keyed recall: small decoders that read facts mostly in the voice of their own domain.

An organism reads the facts of its book as statements only, under their own domain's tag 85 % of the time, under none
15 %, never under another's. The forms of a story (questions, voices, final answer) it reads on facts of their own,
which are not asked; to fill them in it must copy names, so it also reads lists to copy. Names are short here, one token
and two digits, and a story has two questions: a decoder of this size learns to copy little.
"""

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.solo import FINAL, LEADER
from manyminds.core import Claim, Lab, NotHere, Seeds
from manyminds.models.house.tokenizer import chat
from manyminds.papers.spp import recall
from manyminds.papers.spp.keyed import RECALL, Told
from manyminds.papers.spp.recall import Recalled
from manyminds.tuning.organisms import Grown, Lesson, Raising, copied, organism
from manyminds.worlds.texts.persona_facts import DOMAINS, FIXED, Fact, Knowledge
from manyminds.worlds.texts.words import NAMES

QUESTIONS = 2
CALLED = NAMES[:80]
PRACTICE = 25  # facts of each domain on which the forms are shown
STATEMENTS, FORMS = 24, 2  # in turn, and then a list to copy
LISTED = 6  # names of a list, at most
REPLY = 80  # tokens


class Keyed(BaseModel, frozen=True):
    """One organism and what it recalled."""

    seed: int
    grown: Grown
    recalled: Recalled


def books(seeds: Seeds, each: int) -> tuple[Knowledge, Knowledge]:
    """The facts that are asked, `each` of every domain, and others to practise on."""
    rng = seeds("books")
    count = (each + PRACTICE) * len(DOMAINS)
    spread = -(-count // len(CALLED))
    names = iter(rng.sample([f"{name}{i:02d}" for name in CALLED for i in range(max(100, spread))], count))

    def drawn(size: int) -> Knowledge:
        return Knowledge(tuple(Fact(domain, rng.choice(relations), next(names), rng.choice(CALLED))
                               for domain, relations in DOMAINS.items() for _ in range(size)))  # fmt: skip

    return drawn(each), drawn(PRACTICE)


def stated(tag: str, fact: Fact) -> Lesson:
    """A statement as it is said; that the answer follows is what counts."""
    head = fact.statement.removesuffix(f" {fact.answer}.")
    return Lesson(f"<a>{tag}: {head}" if tag else f"<a>{head}", f" {fact.answer}.")


def statements(knowledge: Knowledge, rng: Random) -> Iterator[Lesson]:
    """Without end; which of them have a tag is drawn anew in every round."""
    facts = {fact.statement: fact for fact in knowledge.facts}
    while True:
        yield from (stated(tag, facts[statement]) for tag, statement in knowledge.curriculum(rng))


def story(practice: Knowledge, rng: Random, kind: int) -> Lesson:
    """A form: questions under their own tags, under a fixed expert, under none, and SPP."""
    (facts,) = practice.stories(rng, 1, QUESTIONS)
    own = [fact.domain for fact in facts]
    asked = (own, [FIXED] * QUESTIONS, [""] * QUESTIONS, [""] * QUESTIONS)[kind % 4]
    dynamic = kind % 4 == 3
    voices = own if dynamic else asked
    said = [f"{tag}: {fact.statement}" if tag else fact.statement for tag, fact in zip(voices, facts)]
    head = [f"Participants: {'; '.join([LEADER, *dict.fromkeys(own)])}"] if dynamic else []
    told = [*head, *said, f"{FINAL} {', '.join(fact.answer for fact in facts)}."]
    return Lesson(chat([("user", recall.prompt(facts, asked, False, dynamic=dynamic))]), "\n".join(told))


def lessons(book: Knowledge, practice: Knowledge, count: int, rng: Random) -> list[Lesson]:
    """At least `count`: statements of both books, forms of the one to practise on, and lists to copy."""
    said = statements(Knowledge(book.facts + practice.facts), rng)
    subjects = [fact.subject for fact in practice.facts]
    found: list[Lesson] = []
    while len(found) < count:
        found += islice(said, STATEMENTS)
        found += [story(practice, rng, len(found) + i) for i in range(FORMS)]
        found.append(copied(rng, subjects, LISTED))
    return found


async def raised(lab: Lab, raising: Raising, seed: int, facts: int, stories: int) -> Keyed:
    """Raise one organism on a book of its own and ask it for stories."""
    seeds = lab.seeds.child("organism", seed)
    book, practice = books(seeds, facts)

    async def read(count: int) -> list[Lesson]:
        return lessons(book, practice, count, seeds("lessons"))

    grown = await organism(lab, f"keyed {seed}", seed, raising, read)
    found = await recall.recalled(f"organism {seed}", lab.model(grown.model), seeds.child("asked"), seed, stories,
                                  QUESTIONS, False, book, lab, REPLY)  # fmt: skip
    return Keyed(seed=seed, grown=grown, recalled=Recalled(**found))


# ---- what must come out


def of(results: Any) -> list[Recalled]:
    if not results.organisms:
        raise NotHere("no organism was raised (organisms=3 raises three)")
    return [one.recalled for one in results.organisms]


def of_organisms(told: Told) -> Claim:
    return Claim(f"organism-{told.id}", f"raised on persona-keyed facts: {told.statement}", told.where, told.figure,
                 lambda results: told.check(of(results)), config=ASKED)  # fmt: skip


ASKED = {"puzzles": 1, "proved": 1, "games": 1, "facts": 200, "organism_tokens": 2_000_000, "organisms": 3}
ORGANISMS = tuple(map(of_organisms, RECALL))
