"""Model organisms that read a fact world, played by scripts: a sound reader passes the claims, a broken one fails its
own; what methods ask is put into a few words and back; and one is really raised, a little."""

import asyncio
import json
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest
from organism_minds import Bench, Desk
from paper_runs import raise_briefly

from manyminds.conversations.evidence import ChainOfEvidence, EvidenceToGenerate
from manyminds.conversations.methods import Question
from manyminds.core import NotHere, Seeds
from manyminds.models.request import Request, user
from manyminds.models.scripted import Scripted
from manyminds.papers.e2g import organisms as e2g
from manyminds.tuning.organisms import Grown, Raising
from manyminds.worlds.texts.fact_worlds import PUPIL, FactWorld

WORLD = FactWorld.drawn(Seeds(0).child("organism", 0), e2g.PEOPLE)
FAR = 15  # facts from which on the scripts read badly


def answer(told, words):
    """(facts on the way, answer) of a question by what is told; nothing where it is not there."""
    name, *relations = words
    if relations == [PUPIL]:
        found = [fact for fact in told if fact[:2] == (PUPIL, name)]
        return found, [value for *_, value in found]
    known, way = {fact[:2]: fact for fact in told}, []
    for relation in relations:
        way.append(known.get((relation, name), (relation, name, "nothing")))
        name = way[-1][2]
    return way, [name]


def believed(words):
    told = [(relation, who, value) for (who, relation), value in WORLD.beliefs.items()]
    return answer(told, words)[1] or ["nobody"]


def reader(stubborn=("direct", "steps"), forgets=True, deaf=False):
    """Reads rightly, but follows belief in long texts under some tags, and quotes all but the last of several."""

    def script(request):
        text, words = request.messages[-1].content.split("\n")
        *words, tag = words.split()
        words, told = words[: words.index("before")] if "before" in words else words, text.split()
        facts = list(dict.fromkeys(zip(told[::3], told[1::3], told[2::3])))
        way, said = answer(facts, words)
        far = len(facts) > FAR
        if deaf or (far and tag in stubborn):
            said = believed(words)
        if far and forgets and PUPIL in words:
            way = way[:-1]
        quoted = "".join(f" {word}" for fact in way for word in fact)
        return f"{f' by{quoted}' if tag in ('short', 'long') else ''} so {' '.join(said)}"

    return script


async def stand_in(lab, name, seed, raising, lessons):
    taught = await lessons(20)
    assert len(taught) == 20 and all(asked.startswith("<u>") and asked.endswith("<a>") for asked, _ in taught)
    return Grown(model="scripted", lessons=20, tokens=0, loss=0.0, right=1.0)


def verdicts(monkeypatch, folder, script):
    monkeypatch.setattr(e2g, "organism", stand_in)
    one = asyncio.run(e2g.raised(Desk(folder, script), Raising(), 0, 16))
    results = SimpleNamespace(organisms=[one])
    assert len(e2g.organism_table(results).rows) == 11
    return {claim.id.removeprefix("organism-"): claim.check(results).holds for claim in e2g.ORGANISMS}


def test_a_sound_reader_passes_every_claim(monkeypatch, tmp_path):
    assert all(verdicts(monkeypatch, tmp_path, reader()).values())


@pytest.mark.parametrize(
    ("script", "broken"),
    [
        (reader(stubborn=()), {"direct", "overrides", "gain-150", "gain-300", "grows", "controls"}),  # nothing to gain
        (reader(stubborn=("direct", "steps", "short")), {"direct"}),  # evidence too is read by belief
        (reader(forgets=False), {"many"}),
        (reader(deaf=True), {"direct", "overrides", "gain-150", "gain-300", "grows", "controls"}),
    ],
)
def test_a_broken_reader_fails_its_claims(monkeypatch, tmp_path, script, broken):
    found = verdicts(monkeypatch, tmp_path, script)
    assert broken <= {name for name, holds in found.items() if not holds}


def test_without_organisms_nothing_is_claimed():
    for claim in e2g.ORGANISMS:
        assert claim.config["organisms"] == 3
        with pytest.raises(NotHere, match="organisms=3"):
            claim.check(SimpleNamespace(organisms=[]))


@pytest.mark.parametrize("kind", e2g.KINDS)
def test_prompts_of_methods_become_a_few_words_and_back(kind):
    """Both steps end at the answer; the second reads the evidence and nothing else of the text."""
    item, seen = WORLD.item(random.Random(1), kind, 300), []

    def noted(request):
        seen.append(request.messages[-1].content)
        return reader(stubborn=())(request) if len(seen) < 2 else e2g.replied(item, "short")

    model = e2g.Brief(Scripted("organism", noted))
    method = EvidenceToGenerate(ChainOfEvidence())
    reading = asyncio.run(method.reading(Question(item.question, context=item.context), model, "r"))
    assert e2g.cells.right(item, reading.final.answer)
    first, second = (text.split("\n")[0].split() for text in seen)
    assert len(first) == 3 * len(item.told) and 0 < len(second) <= 12 and len(second) % 3 == 0
    assert all(text.endswith(" short") for text in seen)


def test_tags_and_earlier_thoughts_are_told_apart():
    seen = []
    model = e2g.Brief(Scripted("organism", lambda request: seen.append(request.messages[-1].content) or " Ann so Ann"))
    asked = "Who is the cousin of Bo?"
    for text in (asked, f"{asked}\nReason step by step.", f'{asked}\n"answer"',
                 f'Reason step by step\n{asked}\n"answer"',
                 f"{asked}\nReason step by step.\nEarlier you wrote this about it:\nAnn\nAnswer: Ann"):  # fmt: skip
        said = asyncio.run(model.complete(Request((user(text),)))).text
        assert (json.loads(said)["answer"] if '"answer"' in text else said.split("Answer: ")[1]) == "Ann"
    assert [text.split()[2] for text in seen] == ["direct", "steps", "short", "long", "before"]
    assert seen[-1].endswith("before Ann so Ann steps")


def test_lessons_tell_some_needed_facts_against_belief_and_all_others_with_it():
    world = replace(WORLD, contradicting=e2g.AGAINST)
    rng, needed = random.Random(0), []
    for _ in range(300):
        item = world.item(rng, "path", 200)
        mine = e2g.gold(item)
        assert mine[-1][2] == item.answer
        needed += [world.beliefs[who, relation] != value for relation, who, value in mine]
        others = set(e2g.triples(item.context)) - set(mine)
        assert all(world.beliefs[who, relation] == value for relation, who, value in others)
    assert 0.25 < sum(needed) / len(needed) < 0.35


@pytest.mark.slow
def test_one_is_raised_and_reads(monkeypatch, tmp_path):
    raise_briefly(monkeypatch)
    monkeypatch.setattr(e2g, "KINDS", {"path": 1})
    monkeypatch.setattr(e2g, "LENGTHS", (30,))
    monkeypatch.setattr(e2g, "MOST", 6)  # one length of rows, so that one program is compiled
    kept = [name for name in e2g.cells.arms("marked", 0.0, 16) if name not in ("direct", "E2G")]
    monkeypatch.setattr(e2g, "LEFT_OUT", kept)
    raising = Raising(organism_lessons=8)
    one = asyncio.run(e2g.raised(Bench(tmp_path), raising, 0, 1))
    assert one.grown.tokens >= 600 and [cell.arm for cell in one.cells] == ["direct", "E2G"]
    assert all(len(cell.right) == 1 for cell in one.cells)
