"""Language players over real HTTP: contracts, re-asks, void games, threads, leaks, and a run of the whole paper."""

import json
import re
from collections import Counter

import pytest
from server import seeded_faults, serving

from manyminds.agents.bargainers import Stubborn
from manyminds.agents.correspondent import Correspondent
from manyminds.agents.persuaders import Truthful
from manyminds.core import NoAnswer, Seeds, play
from manyminds.lab.runner import execute
from manyminds.lab.store import Store
from manyminds.models.scripted import Scripted
from manyminds.papers.glee.paper import PAPER, Config
from manyminds.papers.glee.records import read_records
from manyminds.worlds.games.bargaining import Bargaining
from manyminds.worlds.games.persuasion import Persuasion

SMALL = {"discounts": (0.9,), "factors": (0.8, 1.2), "priors": (0.5,), "values": (2.0,), "money": (100.0,),
         "bargaining_rounds": (3,), "negotiation_rounds": (2,), "persuasion_rounds": 3, "theory": False}  # fmt: skip


def fitting(asked: str) -> str:
    """A legal answer to the contract at the end of a prompt."""
    if '"own_part"' in asked:
        total = float(re.findall(r"sum to ([\d.e+]+)", asked)[-1].rstrip("."))
        return json.dumps({"own_part": 0.6 * total, "other_part": 0.4 * total}
                          | ({"message": "I keep 90% a round"} if '"message"' in asked else {}))  # fmt: skip
    if '"price"' in asked:
        return '{"price": "$100.00"}'
    for field, answer in (("decision", "accept"), ("recommend", "yes"), ("buy", "yes"), ("message", "Buy it")):
        if f'{{"{field}"' in asked:
            return json.dumps({field: answer})
    raise AssertionError(asked)


def reply(messages):
    return fitting(messages[-1]["content"])


async def run_with(store, config, **options):
    report = await execute(PAPER, config, 0, store, **options)
    assert report.results is not None, report.reason
    return report


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store.db") as opened:
        yield opened


async def test_the_whole_paper_with_a_model_in_every_seat(store):
    with serving(reply, plan=seeded_faults(0.15, 3, ("429", "500", "malformed", "no number"))) as server:
        config = Config(**SMALL, players=(f"{server.url}#fake",), repeats=1)
        report = await run_with(store, config)
    results = report.results
    assert {p.family: p.games for p in results.played} == {"bargaining": 4, "negotiation": 16, "persuasion": 8}
    assert results.language and results.leaks > 0 and not results.studies and results.twin is None
    (answers,) = results.answers.values()
    assert (
        answers.never == 0 and answers.asked_again > 0 and answers.reasons["there is no JSON object in the answer"] > 0
    )
    records, _ = read_records(next(path for path in report.files if path.name == "games.jsonl"))
    assert len(records) == 28 and all(line.raw_text for r in records for line in r.turns if line.kind == "proposal")
    bargaining = next(p for p in results.played if p.family == "bargaining")
    assert (bargaining.void, bargaining.no_agreement) == (0, 0)
    # Four games cannot carry four markets with intervals, and that is said and not papered over.
    assert any(note.startswith("no markets of bargaining: 4 observations") for note in results.notes)
    assert any(note.startswith("no markets of persuasion: ") for note in results.notes)
    assert not any(effect.family == "bargaining" for effect in results.markets)


async def test_nonsense_is_asked_for_again_three_times_and_then_the_game_is_void(store):
    with serving(lambda messages: "I would rather not say.") as server:
        config = Config(**SMALL, families=("bargaining",), bargainers=(f"{server.url}#fake", "fair"), repeats=1)
        results = (await run_with(store, config)).results
        asked = len(server.log)
    (played,) = results.played
    assert (played.games, played.void) == (16, 12)  # only the rule against itself goes through
    (answers,) = results.answers.values()
    assert asked == 4 * answers.never and answers.first_try == 0
    assert played.undefined == {"efficiency": 0, "fairness": 0}  # void games are not counted a second time


async def test_a_killed_run_pays_nothing_twice(store):
    with serving(reply) as server:
        config = Config(**SMALL, families=("persuasion",), players=(f"{server.url}#fake",), repeats=1)
        one = await run_with(store, config, concurrency=1)
        calls = len(server.log)
        two = await run_with(store, config, concurrency=16)
    assert calls == one.run.usage["calls"] and one.results == two.results


async def test_a_thread_holds_the_rules_once_and_then_only_what_happened():
    asked = []

    def script(request):
        asked.append(request)
        if '"decision"' in request.messages[-1].content:
            return '{"decision": "reject"}'
        return '{"own_part": 5500, "other_part": 4500, "message": "last word"}'

    model = Correspondent(Scripted("s", script))
    world = Bargaining(rounds=4, messages=True, complete=False, discounts=(0.9, 0.8))
    end = (await play(world, {"Alice": model, "Bob": Stubborn(share=0.8)}, Seeds(0))).outcome
    assert not end.agreed and len(asked) == 4  # two offers and two decisions
    assert [message.role for message in asked[-1].messages] == ["system", *["user", "assistant"] * 3, "user"]
    whole = "\n".join(message.content for message in asked[-1].messages)
    assert whole.count("divide between you") == 1 and whole.count("Bob rejects the proposal") == 2
    assert "Bob gets $8,000" in asked[1].messages[-1].content and "80%" not in whole
    assert asked[-1].messages[0].role == "system" and "own_part" in asked[-1].messages[0].content


async def test_every_myopic_buyer_starts_afresh():
    asked = []

    def script(request):
        asked.append(request.messages)
        return '{"buy": "yes"}'

    world = Persuasion(myopic=True, rounds=4)
    await play(world, {"Alice": Truthful(), "Bob": Correspondent(Scripted("s", script))}, Seeds(0))
    assert [len(messages) for messages in asked] == [2] * 4
    asked.clear()
    await play(Persuasion(rounds=4), {"Alice": Truthful(), "Bob": Correspondent(Scripted("s", script))}, Seeds(0))
    assert [len(messages) for messages in asked] == [2, 4, 6, 8]


async def test_who_answers_for_the_other_player_is_told_so():
    said = iter(['{"own_part": 50, "other_part": 50}\nBob: I accept!', '{"own_part": 50, "other_part": 50}'])
    counter = Counter()
    model = Correspondent(Scripted("s", lambda request: next(said)), invalid=counter)
    world = Bargaining(money=100)
    view = next(iter(world.observe(world.reset(None)).values()))
    answer = await model.act(view)
    assert (answer.own, sum(counter.values())) == (50, 1) and "answers for Bob too" in next(iter(counter))
    silent = Correspondent(Scripted("s", lambda request: "?"), reasks=0)
    assert isinstance(await silent.act(view), NoAnswer) and silent.thread[-1].role == "system"


async def test_an_archive_is_analysed_in_place_of_playing(store, tmp_path):
    with serving(reply) as server:
        played = await run_with(store, Config(**SMALL, players=(f"{server.url}#fake",), repeats=2))
    path = next(path for path in played.files if path.name == "games.jsonl")
    again = (await run_with(store, Config(**SMALL, archive=str(path)))).results
    assert again.archived and [p.games for p in again.played] == [p.games for p in played.results.played]
    assert again.leaks == played.results.leaks
    classical = Config(**SMALL, archive=str(path), intervals="classical", families=("persuasion",))
    told = (await run_with(store, classical)).results
    assert len(told.markets) == 16 and told.gains and not told.notes
