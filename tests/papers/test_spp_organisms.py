"""Organisms of persona-keyed recall: what they read, one tiny raise, and scripted memories in their place."""

import asyncio
from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest
from organism_minds import Bench
from paper_runs import raise_briefly

from manyminds.core import NotHere, Seeds
from manyminds.models.house.decoder import SIZES, Shape
from manyminds.models.request import Request, user
from manyminds.papers.spp import organisms
from manyminds.papers.spp.paper import Config, Results
from manyminds.papers.spp.recall import ASKED, KeyedMemory, prompt
from manyminds.papers.spp.shown import tables
from manyminds.tuning.organisms import Grown

FACTS, SEEDS = 30, Seeds(2)
BOOK, PRACTICE = organisms.books(SEEDS, FACTS)


class Remembers(Bench):
    """A laboratory in which every organism is a scripted memory of its own book."""

    def __init__(self, folder, memory):
        super().__init__(folder)
        self.memory = memory

    def model(self, reference):
        seeds = self.seeds.child("organism", int(reference.split()[-1]))
        return self.memory.knowing(organisms.books(seeds, FACTS)[0])


async def standing_in(lab, name, seed, raising, lessons):
    taught = await lessons(40)
    return Grown(model=name, lessons=len(taught), tokens=0, loss=0.0, right=1.0)


def verdicts(found):
    results = SimpleNamespace(organisms=found)
    return {claim.id.removeprefix("organism-"): claim.check(results).holds for claim in organisms.ORGANISMS}


def test_without_organisms_nothing_is_claimed():
    for claim in organisms.ORGANISMS:
        assert claim.config["organisms"] == 3 and Config(**claim.config)
        with pytest.raises(NotHere, match="organisms=3"):
            claim.check(SimpleNamespace(organisms=[]))


@pytest.mark.parametrize(
    ("memory", "broken"),
    [
        (KeyedMemory(), set()),
        (KeyedMemory(0.4, 0.4, 0.4, 0.4), {"right-tag", "spp-standard", "spp-fixed", "shuffled"}),
        (KeyedMemory(0.6, 0.45, 0.4, 0.6), {"wrong-tag", "fixed-between", "shuffled"}),
        (KeyedMemory(naming=0.0), {"spp-standard", "spp-fixed", "shuffled"}),
    ],
)
def test_verdicts_follow_what_tags_are_worth(monkeypatch, tmp_path, memory, broken):
    monkeypatch.setattr(organisms, "organism", standing_in)
    lab = Remembers(tmp_path, memory)
    found = [asyncio.run(organisms.raised(lab, Config(), seed, FACTS, 200)) for seed in range(2)]
    assert {name for name, holds in verdicts(found).items() if not holds} == broken
    (table,) = tables(Results(organisms=found))
    assert [row[0] for row in table.rows] == ["organism 0", "organism 1"]


def read(count):
    """Statements as (tag, what is said), and the forms of stories."""
    lessons = organisms.lessons(BOOK, PRACTICE, count, SEEDS("lessons"))
    heads = [asked.removeprefix("<a>") + answer for asked, answer in lessons if not asked.startswith("<u>")]
    tagged = [tuple(head.split(": ")) if ": " in head else ("", head) for head in heads]
    return tagged, [lesson for lesson in lessons if ASKED.search(lesson.asked.removeprefix("<u>"))]


def kind(asked):
    if "Participants" in asked:
        return "spp"
    return next((name for name in ("What", "expert") if asked.startswith(f"<u>{name}")), "right")


def test_statements_have_their_own_tag_or_none():
    tagged, _ = read(6000)
    owner = {fact.statement: fact.domain for fact in BOOK.facts + PRACTICE.facts}
    assert {tag for tag, said in tagged if tag != owner[said]} == {""}
    assert 0.83 < sum(bool(tag) for tag, _ in tagged) / len(tagged) < 0.87
    assert {said for _, said in tagged} == set(owner)


def test_forms_tell_nothing_of_the_book_and_are_those_that_are_asked():
    _, forms = read(6000)
    told = "".join(asked + answer for asked, answer in forms)
    assert not any(fact.subject in told for fact in BOOK.facts)
    kinds = Counter(kind(asked) for asked, _ in forms)
    assert len(kinds) == 4 and min(kinds.values()) > len(forms) / 6
    facts = PRACTICE.facts[:2]
    scripted = KeyedMemory(1, 1, 1, 1, 1).knowing(PRACTICE).script
    asked = prompt(facts, ["", ""], False, dynamic=True)
    said = str(scripted(Request((user(asked),)))).rpartition("\n")[0]
    mine = organisms.story(SimpleNamespace(stories=lambda *given: [facts]), Random(0), 3)
    assert mine.asked == f"<u>{asked}<a>" and mine.answer.rpartition("\n")[0] == said


@pytest.mark.slow
def test_a_tiny_one_is_raised_and_asked(monkeypatch, tmp_path):
    monkeypatch.setitem(SIZES, "XS", Shape(512, 32, 1, 2, 1, 64, 256))
    raise_briefly(monkeypatch)
    config = Config(organism_lessons=60)
    one = asyncio.run(organisms.raised(Bench(tmp_path), config, 0, FACTS, 2))
    assert one.grown.tokens >= 400 and len(one.recalled.scores["right"]) == 2
    assert len(verdicts([one])) == 7
