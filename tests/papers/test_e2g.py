"""Two steps reach what the formula says; leaks and swapped answers are caught by name; files, house form and
endpoints."""

import asyncio
import json
import re
from dataclasses import replace

import pytest
from paper_runs import ran
from server import seeded_faults, serving

from manyminds.conversations import evidence
from manyminds.conversations.evidence import EvidenceToGenerate
from manyminds.core import NotHere, Seeds
from manyminds.lab.command import main
from manyminds.papers.e2g import cells, data, formula
from manyminds.papers.e2g.claims import CLAIMS
from manyminds.papers.e2g.paper import PAPER, Config
from manyminds.worlds.texts.sway import facts

BY_ID = {claim.id: claim for claim in CLAIMS}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    config = Config(items=25, lengths=(60, 600, 1000), formula_items=100, people=150)
    return ran(PAPER, tmp_path_factory.mktemp("e2g"), config).results


@pytest.mark.parametrize("name", ["formula", "gain-600", "gain-1000", "many", "controls"])
def test_claims_hold_on_a_small_run(results, name):
    assert BY_ID[name].check(results).holds


def test_evidence_overrides_the_text_less_often(results):
    assert BY_ID["overrides"].check(results).measured < 0.7


def test_the_tables_and_figures_are_drawn(results, tmp_path):
    assert [len(table.rows) for table in PAPER.tables(results)] == [13, 15, 10]
    assert PAPER.figures(results, tmp_path)[0].exists()


def test_gold_sentences_alone_are_the_ceiling_and_none_the_floor(results):
    for kind in ("path", "several"):
        told = {arm: sum(c.accuracy for c in results.cells if c.arm == arm and c.kind == kind)
                for arm in (cells.GOLD, "E2G", cells.BLIND)}  # fmt: skip
        assert told[cells.GOLD] > told["E2G"] > told[cells.BLIND]


def test_arms_cost_what_they_say(results):
    for cell in results.cells:
        per = cell.calls / len(cell.right)
        assert per == (2 if cell.arm.startswith("E2G") or cell.arm in ("self-consistency, 2", "chain of thought twice")
                       else per if cell.arm == "routed" else 1)  # fmt: skip


def read_all(arm_names, kinds=("path",), length=600, count=150, contradicting=1.0):
    seeds = Seeds(2)
    world = cells.world_of(seeds, 200, contradicting, "marked", 0)
    chosen = {name: arm for name, arm in cells.arms("marked", 0.0, 1024).items() if name in arm_names}
    found = asyncio.run(cells.all_cells(chosen, world, kinds, (length,), count, seeds, None, "marked"))
    return {cell.arm: cell for cell in found}


def leaking(self, query, found, context):
    """The mutant: the context leaks into the second step."""
    return f"{found}\n\n{context}"


def first_counts(reading):
    return replace(reading, final=reading.first)


def test_a_context_that_leaks_into_the_second_step_is_caught(monkeypatch):
    point = formula.POINTS[0]
    seeds, told = Seeds(1), None
    told = cells.items_of(cells.world_of(seeds, 200, 1.0, "marked", 0), "path", formula.LENGTH, 100, seeds)
    assert asyncio.run(formula.at_point(point, told, 600, 0)).inside == 3
    lossy = replace(point, recall=0.3)
    assert asyncio.run(formula.at_point(lossy, told, 600, 0)).inside == 3
    monkeypatch.setattr(EvidenceToGenerate, "ground_of", leaking)
    assert asyncio.run(formula.at_point(lossy, told, 600, 0)).inside < 3


def test_counting_the_provisional_answer_is_caught(monkeypatch):
    whole = EvidenceToGenerate.reading

    async def mutant(self, question, model, repeat):
        return first_counts(await whole(self, question, model, repeat))

    honest = read_all(("E2G", "chain of thought"))
    monkeypatch.setattr(EvidenceToGenerate, "reading", mutant)
    broken = read_all(("E2G", "chain of thought"))
    assert honest["E2G"].accuracy > honest["chain of thought"].accuracy + 0.15
    assert broken["E2G"].accuracy < honest["E2G"].accuracy - 0.15


def test_an_arm_of_the_wrong_route_is_caught(monkeypatch):
    monkeypatch.setattr(evidence, "route", lambda *flags: evidence.Route(1, "context", "short"))
    broken = read_all(("E2G", "routed"))
    assert broken["routed"].accuracy < broken["E2G"].accuracy - 0.15


def test_without_contradictions_nothing_is_overridden():
    found = read_all(("chain of thought",), contradicting=0.0, count=50)
    assert found["chain of thought"].overridden == []


def test_the_reader_never_sees_the_answer_key():
    seeds = Seeds(3)
    item = cells.items_of(cells.world_of(seeds, 100, 1.0, "marked", 0), "path", 200, 1, seeds)[0]
    seen = []

    class Spy:
        name = "spy"

        async def complete(self, request):
            seen.append(request.messages[-1].content)
            return evidence_reply

    from manyminds.models.request import Completion

    evidence_reply = Completion('{"answer": "x", "evidence and explanation": "none"}')
    hidden = {"answer": "KEYWORD", "believed": "BELIEF", "wrong": "WRONG"}
    for arm in cells.arms("marked", 0.0, 64).values():
        asyncio.run(cells.read(arm, replace(item, **hidden), Spy(), "marked", "r"))
    assert seen and not any(word in prompt for prompt in seen for word in hidden.values())


def house(book_seed=0):
    """A stand-in for the house model over HTTP: reads numbered sentences; believes the book where the text is long."""
    book = {(fact.who, fact.kind): fact.value for fact in facts(Seeds(book_seed))}

    def reply(messages):
        text = messages[-1]["content"]
        kind, who = re.search(r"What is the (\w+) of (\w+)\?", text).groups()
        told = re.search(rf"(\d+\.\d+) The {kind} of {who} is (\w+)\.", text)
        if told is None:
            return f"#{book[who, kind]}"
        value = told[2] if text.count(" of ") < 40 else book[who, kind]
        return f"{told[1]} {who}: {kind}: {told[2]}\n#{value}"

    return reply


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return left.value.code, capsys.readouterr()


def test_the_house_arm_on_facts_of_its_own_book(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0.0)
    plan = seeded_faults(0.05, 4, ("429", "500", "cut", "malformed"))
    with serving(house(), plan=plan) as server:
        words = (
            f"model={server.url}#house",
            "style=native",
            "kinds=path",
            "lengths=60,600",
            "items=10",
            "formula_items=100",
        )
        code, out = said(capsys, "run", "e2g", *words, "--json")
    assert code == 0
    found = PAPER.results.model_validate(json.loads(out.out)["results"])
    told = {(cell.arm, cell.length): cell for cell in found.cells}
    assert told["E2G", 600].accuracy == 1 and told["chain of thought", 600].accuracy == 0
    assert told["E2G", 600].recall == [1.0] * 10 and told["chain of thought", 60].accuracy == 1


def test_claims_on_what_is_not_here_say_so(results):
    with pytest.raises(NotHere):
        BY_ID["sets"].check(results)


HOTPOT = [{"_id": f"q{i}", "question": f"Where does P{i} live?", "answer": f"Town{i}", "type": "bridge",
           "level": "easy",
           "supporting_facts": [["A", 0]], "context": [["A", [f"P{i} lives in Town{i}."]], ["B", ["It rained."]]]}
          for i in range(6)]  # fmt: skip


def scholar(messages):
    """Right from short texts; takes the first town it believes in otherwise; refuses nothing."""
    text = messages[-1]["content"]
    number = re.search(r"P(\d+) live\?", text)[1]
    if "rained" in text and int(number) % 2:
        answer = "Nowhere"
    else:
        answer = f"Town{number}"
    if '"answer"' not in text:
        return f"I think.\nAnswer: {answer}"
    return json.dumps({"answer": answer, "evidence and explanation": f"P{number} lives in Town{number}."})


def test_released_sets_over_http(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h.json").write_text(json.dumps(HOTPOT))
    with serving(scholar) as server:
        words = (
            f"model={server.url}#m",
            "data=hotpotqa:h.json",
            "kinds=path",
            "lengths=60",
            "items=10",
            "formula_items=100",
        )
        monkeypatch.setattr(cells, "all_cells", nothing)
        code, out = said(capsys, "run", "e2g", *words, "--json")
    assert code == 0
    found = PAPER.results.model_validate(json.loads(out.out)["results"])
    rows = {row.arm: row for row in found.sets}
    assert sum(rows["chain of thought"].exact) == 3 and sum(rows["E2G"].exact) == 6 and sum(rows["E2G"].first) == 3
    assert rows["E2G"].evidence_f1 == 1 and rows["E2G"].calls == 12 and rows["CoE-Short"].calls == 6
    assert BY_ID["sets"].check(found).holds
    titles = [table.title for table in PAPER.tables(found)]
    assert "Released sets" in titles and "Changes of mind" in titles


async def nothing(*told):
    return []


@pytest.mark.parametrize("words", [("kinds=pth",), ("arms=E3G",), ("data=hotpotqa:none.json", "model=scripted:echo"),
                                   ("style=native",), ("data=hotpot:x", "model=scripted:echo")])  # fmt: skip
def test_bad_words_are_refused(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "run", "e2g", *words)[0] == 2


def test_all_arms_on_sets_have_one_budget():
    for method in data.methods(0.0, 777).values():
        budgets = {getattr(method, "max_tokens", None) or method.head.max_tokens}
        assert budgets == {777}


def test_the_defaults_are_the_papers():
    config = Config()
    assert config.people == 400 and config.lengths == (60, 200, 600, 1000) and len(cells.arms("marked", 0.0, 9)) == 13
    assert evidence.LONG_CONTEXT == 200
