"""Organisms of mixing: their questions, one tiny raise, and scripted specialists and aggregators in their place."""

import asyncio
import re
from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest
from organism_minds import Bench
from paper_runs import raise_briefly

from manyminds.core import NotHere, Seeds
from manyminds.models.house.decoder import SIZES, Shape
from manyminds.models.scripted import Scripted
from manyminds.papers.self_moa import organisms
from manyminds.papers.self_moa.paper import Config
from manyminds.tuning.organisms import Grown

FACTS = organisms.table(Random(1))


def solved(text, facts):
    """A second reading of the questions."""
    if text.startswith("Colour"):
        return dict(facts)[re.search(r"of (\w+):", text)[1]]
    if text.startswith("List"):
        told, first, last = text.removeprefix("List ").removesuffix("?").split(", ")
        values = told.split()
        values = {"reversed": values[::-1], "sorted": sorted(values), "kept": values,
                  "turned": values[1:] + values[:1]}[first]  # fmt: skip
        return {"first": values[0], "second": values[1], "last": values[3], "most": max(values)}[last]
    first, *steps = text.removeprefix("Modulo ten: ").removesuffix("?").split()
    value = int(first)
    for sign, by in zip(steps[::2], steps[1::2]):
        value = value * int(by) if sign == "times" else value + int(by)
    return str(value % 10)


class Sits(Bench):
    """A laboratory of scripted minds: right on their own family with one chance and elsewhere with another."""

    def __init__(self, folder, own=0.8, other=0.5, aggregate="plurality"):
        super().__init__(folder)
        self.own, self.other, self.aggregate = own, other, aggregate

    def model(self, reference):
        name, _, seed = reference.rpartition(" ")
        facts = organisms.table(self.seeds.child("organism", int(seed))("table"))

        def say(request):
            rng, text = Random(f"{name} {request.repeat}"), request.messages[-1].content
            asked, _, given = text.partition("\n")
            if name == "aggregator":
                six = given.removeprefix("Said: ").split()
                return rng.choice(Counter(six).most_common())[0] if self.aggregate == "any" else majority(six)
            starts = {"facts": "Colour", "programs": "List", "chains": "Modulo"}[name]
            chance = self.own if asked.startswith(starts) else self.other
            return solved(asked, facts) if rng.random() < chance else rng.choice(("x", "y", "z"))

        return Scripted(name, say)


def majority(six):
    return Counter(six).most_common(1)[0][0]


async def standing_in(lab, name, seed, raising, lessons):
    taught = await lessons(30)
    assert all(one.asked.startswith("<u>") and one.asked.endswith("<a>") for one in taught)
    return Grown(model=name, lessons=len(taught), tokens=0, loss=0.0, right=1.0)


def failing(found):
    results = SimpleNamespace(organisms=found)
    return {claim.id.removeprefix("organism-") for claim in organisms.ORGANISMS if not claim.check(results).holds}


def test_without_organisms_nothing_is_claimed():
    for claim in organisms.ORGANISMS:
        assert claim.config["organisms"] == 3 and Config(**claim.config)
        with pytest.raises(NotHere, match="organisms=3"):
            claim.check(SimpleNamespace(organisms=[]))


@pytest.mark.parametrize("family", organisms.FAMILIES)
def test_answers_are_right(family):
    rng = Random(3)
    for _ in range(200):
        one = organisms.question(family, FACTS, rng)
        assert one.answer == solved(one.text, FACTS)


def test_curricula_have_their_shares():
    read = organisms.lessons("chains", FACTS, 3000, Random(0))
    shares = Counter(one.asked[3:6] for one in read)
    assert shares["Mod"] / 3000 == pytest.approx(0.8, abs=0.03)
    assert shares["Col"] / 3000 == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("told", "broken"),
    [
        ({}, {"mixing"}),  # independent errors that scatter: quality decides, nothing is gained by mixing
        ({"own": 0.5}, {"order", "own-family", "quality", "mixing"}),
        ({"own": 0.3, "other": 0.6}, {"order", "own-family"}),
    ],
)
def test_verdicts_follow_the_specialists(monkeypatch, tmp_path, told, broken):
    monkeypatch.setattr(organisms, "organism", standing_in)
    found = [asyncio.run(organisms.raised(Sits(tmp_path, **told), Config(), 0, 40))]
    assert failing(found) >= broken - {"mixing", "quality"}
    assert ("order" in failing(found)) == ("order" in broken)
    first, curve = organisms.organism_tables(SimpleNamespace(organisms=found))
    assert [row[0] for row in first.rows] == list(organisms.FAMILIES) and len(curve.rows[0]) == 8


def test_slots_share_samples_and_scores_are_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(organisms, "organism", standing_in)
    one = asyncio.run(organisms.raised(Sits(tmp_path, 1.0, 0.0), Config(), 0, 10))
    for sat in one.sat:
        own = organisms.FAMILIES[sat.family]
        assert sat.single[own] == [1.0] * 10 and sat.quality["iimmdd"].count(1.0) == 2
        assert all(sat.reached[own * 6]) and sat.diversity[own * 6] == 1
        assert sum(n for _, n in sat.curve.values()) == 10 * len(organisms.CONFIGURATIONS) == 280
        assert sat.curve["6"] == [10, 10]


def test_candidates_are_answers_of_the_specialists(tmp_path):
    lab = Sits(tmp_path, 1.0, 1.0)
    facts = organisms.table(lab.seeds.child("organism", 0)("table"))
    models = {letter: lab.model(f"{family} 0") for family, letter in organisms.FAMILIES.items()}
    read = asyncio.run(organisms.candidates(lab, models, facts, 30, Seeds(0)))
    for asked, answer in read:
        if "Said: " in asked:
            assert set(asked.partition("Said: ")[2].removesuffix("<a>").split()) == {answer.strip()}


@pytest.mark.slow
def test_tiny_ones_are_raised_and_asked(monkeypatch, tmp_path):
    monkeypatch.setitem(SIZES, "XS", Shape(512, 32, 1, 2, 1, 64, 256))
    raise_briefly(monkeypatch)
    monkeypatch.setattr(organisms, "SAMPLES", 6)
    one = asyncio.run(organisms.raised(Bench(tmp_path), Config(organism_lessons=30), 0, 2))
    assert set(one.grown) == set("imdA") and len(one.sat) == 3
    assert all(len(sat.reached) == 28 for sat in one.sat)
