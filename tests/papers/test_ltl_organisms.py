"""Small decoders raised on faulty protocols, played by scripts: sound ones pass the claims, broken ones fail their own;
lessons have the form of what is asked, and one is really raised, a little, and held to the form on its tokens."""

import asyncio
import random
import re
from types import SimpleNamespace

import pytest
from organism_minds import Bench, Desk
from paper_runs import raise_briefly

from manyminds.agents.published_agents import published
from manyminds.core import NotHere, Seeds
from manyminds.core.actions import ANSWER_MARK, Choice
from manyminds.papers.ltl_agents import organisms as ltl
from manyminds.papers.ltl_agents.claims import ORGANISMS
from manyminds.tuning.organisms import Grown, Raising
from manyminds.worlds.texts.words import fresh_names

SHARES = (0.0, 0.1, 0.3, 0.6)
NAMES = fresh_names(random.Random(0), 20, 3)


def writer(faults, answers=True):
    """Follows friendships by what was observed; with a chance it gives up in a place where that is not legal."""

    def script(request):
        text = request.messages[-1].content
        known = dict(re.findall(r"Observation: (\w+) has the friend (\w+)\.", text))
        asked = re.search(r"Who is ((?:the friend of )+)(\w+)\?", text)
        who = asked[2]
        for _ in range(asked[1].count("friend")):
            if who not in known:
                said = f"Thought: I look that up.\nAction: Search\nAction Input: {who}"
                break
            who = known[who]
        else:
            said = f"Final Thought: I know enough.\nAnswer: {who if answers else 'nobody'}"
        marker = said.partition(":")[0]
        if isinstance(request.output, Choice):
            return f"{ANSWER_MARK} {marker}:"
        if text.endswith(f"\n{marker}:"):  # the state was opened for it
            return said.partition(": ")[2]
        wrong = random.Random(f"{text} {request.repeat}").random() < faults
        return "Answer: unknown" if wrong else said

    return script


async def stand_in(lab, name, seed, raising, lessons):
    assert len(await lessons(20)) >= 20
    return Grown(model="scripted", lessons=20, tokens=0, loss=0.0, right=1.0)


@pytest.fixture
def written(monkeypatch, tmp_path):
    """The organisms of all shares of faults, each played by what `script` gives for its share."""
    monkeypatch.setattr(ltl, "organism", stand_in)
    return lambda script: [asyncio.run(ltl.raised(Desk(tmp_path, script(share)), Raising(), share, 0, 2))
                           for share in SHARES]  # fmt: skip


def failed(organisms):
    results = SimpleNamespace(organisms=organisms)
    return {c.id.removeprefix("organism-") for c in ORGANISMS if not c.check(results).holds}


def test_sound_writers_pass_every_claim(written):
    found = written(writer)
    assert all(len(cell.right) == ltl.PEOPLE for one in found for cell in one.cells)
    assert not failed(found)


@pytest.mark.parametrize(
    ("script", "broken"),
    [
        (lambda share: writer(0.3), {"able", "falls", "clean"}),
        (lambda share: writer(0.0), {"falls", "worst"}),
        (lambda share: writer(share, answers=False), {"able", "worst"}),
    ],
)
def test_broken_writers_fail_their_claims(written, script, broken):
    assert failed(written(script)) == broken


def test_an_illegal_run_under_enforcement_is_seen(written):
    found = written(writer)
    cell = found[-1].cells[0]
    assert cell.how == "replies"
    found[-1].cells[0] = cell.model_copy(update={"legal": [False, *cell.legal[1:]]})
    assert failed(found) == {"legal"}


def test_without_organisms_nothing_is_claimed():
    for claim in ORGANISMS:
        assert claim.config["organisms"] == 3
        with pytest.raises(NotHere, match="organisms=3"):
            claim.check(SimpleNamespace(organisms=[]))


@pytest.mark.parametrize("faults", [0.0, 0.6])
def test_lessons_are_protocols_with_the_faults_that_were_told(faults):
    read = asyncio.run(ltl.lessons(NAMES, faults, 300, Seeds(1)))
    spec, whole, legal = published("react"), 0, 0
    for asked, answer in read:
        assert asked.startswith("<u>Question: Who is ") and asked.endswith("<a>")
        if "Answer:" in answer:
            whole += 1
            try:
                spec.parse(f"{asked[3:-3]}\n{answer}")
                legal += 1
            except ValueError:
                pass
    assert whole >= 50 and (legal == whole if not faults else legal < 0.3 * whole)


@pytest.mark.slow
def test_one_is_raised_and_held_to_the_form_on_its_tokens(tmp_path, monkeypatch):
    """It has hardly read anything, and yet what it writes is legal."""
    raise_briefly(monkeypatch)
    monkeypatch.setattr(ltl, "PEOPLE", 4)
    one = asyncio.run(ltl.raised(Bench(tmp_path), Raising(organism_lessons=10), 0.0, 0, 1))
    legal = {cell.how: sum(cell.legal) for cell in one.cells}
    assert legal["replies"] == 4 > legal["free"]
