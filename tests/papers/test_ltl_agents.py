"""The paper from end to end: scripted models, claims and what breaks them, models over HTTP, data sets from files."""

import asyncio
import json

import pytest
from paper_runs import ran, verdicts
from server import serving

from manyminds.agents.published_agents import published
from manyminds.core import BadInput, Seeds
from manyminds.models.request import Request, user
from manyminds.models.scripted import Scripted
from manyminds.papers.ltl_agents import proofs
from manyminds.papers.ltl_agents.arms import arm, in_turn, shown
from manyminds.papers.ltl_agents.claims import picked
from manyminds.papers.ltl_agents.data import made, published_tasks
from manyminds.papers.ltl_agents.languages import expanded
from manyminds.papers.ltl_agents.paper import PAPER, Config
from manyminds.papers.ltl_agents.scripted import BEGINS, Reasoner, faulty
from manyminds.papers.ltl_agents.traces import save, traces
from manyminds.worlds.texts.mini_wiki import questions, wiki

SMALL = {"questions": 24, "seeds": 2, "shots": (0, 3), "specifications": 12, "longest": 6, "decodings": 16}
QUIET = {
    "questions": 6,
    "seeds": 1,
    "shots": (0,),
    "corruption": (0.0,),
    "specifications": 1,
    "longest": 4,
    "decodings": 0,
}
WORLD = wiki(Seeds(0)("wiki"))
ITEMS = questions(WORLD, Seeds(0)("questions"), 40)
TASKS = [made(WORLD, item) for item in ITEMS]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return ran(PAPER, tmp_path_factory.mktemp("ltl"), Config(**SMALL)).results


def test_every_claim_that_needs_no_language_model_holds(results):
    found = {name: said for name, said in verdicts(PAPER, results).items() if not name.startswith("organism-")}
    assert {found.pop(name) for name in ("models-legal", "models-fall", "models-gain")} == {"needs-endpoint"}
    found.pop("everywhere")  # takes more decodings than these
    assert set(found.values()) == {"holds"}, found
    assert next(table.title for table in PAPER.tables(results)) == "what can be proved or counted"


def claim(name, results, **changed):
    return next(c for c in PAPER.claims if c.id == name).verdict(results.model_copy(update=changed)).verdict


def changed_cells(results, how, **change):
    return [c.model_copy(update={k: f(c) for k, f in change.items()}) if c.how == how else c for c in results.cells]


def test_each_claim_fails_on_results_of_a_broken_machine(results):
    assert claim("languages", results, languages=results.languages | {"differ": 1}) == "fails"
    assert claim("formulas", results, formulas=results.formulas | {"differ": 1}) == "fails"
    assert claim("random-logits", results, random=results.random | {"violations": 1}) == "fails"
    assert claim("hostile-logits", results, hostile=results.hostile | {"too long": 1}) == "fails"
    assert claim("not-conditioning", results, conditioning=results.conditioning | {"sum": 0.9}) == "fails"
    one_wrong = changed_cells(results, "tokens", legal=lambda c: [False, *c.legal[1:]])
    assert claim("legal-tokens", results, cells=one_wrong) == "fails"
    flat = changed_cells(results, "free", legal=lambda c: [True] * len(c.legal))
    assert claim("free-falls", results, cells=flat) == "fails"
    useless = changed_cells(results, "tokens", right=lambda c: [False] * len(c.right))
    assert claim("worst-tokens", results, cells=useless) == claim("clean-tokens", results, cells=useless) == "fails"
    useless = changed_cells(results, "replies", right=lambda c: [False] * len(c.right))
    assert claim("worst-replies", results, cells=useless) == claim("clean-replies", results, cells=useless) == "fails"
    greedy = [
        c.model_copy(update={"tools": [t + 1 for t in c.tools]}) if c.agent == "pass" else c for c in results.cells
    ]
    assert claim("pass-calls", results, cells=greedy) == "fails"


def test_a_loop_that_allows_one_round_too_many_is_seen(monkeypatch):
    """The later rewrite of the released code has 1 to k + 1 rounds where the paper's operators have 0 to k."""
    from manyminds.models.constrain.behaviour import Until

    def shifted(expression, longest):
        if isinstance(expression, Until) and expression.most is not None:
            expression = Until(expression.body, expression.exit, expression.least + 1, expression.most + 1)
        return expanded(expression, longest)

    monkeypatch.setattr(proofs, "expanded", shifted)
    assert proofs.language_gaps(Seeds(0), 20, 5)["differ"] > 0


# ---- scripted models


def test_a_reliable_script_is_always_right_and_what_it_is_not_told_it_does_not_know():
    for agent in ("react", "pass"):
        model = Scripted("scripted:x", Reasoner(agent, {i.text: i for i in ITEMS}, 0.0))
        cell = asyncio.run(arm(model, "x", agent, "replies", 0, 0, WORLD, TASKS, Seeds(0), in_turn, 0.0))
        assert all(cell.right) and all(cell.legal) and not cell.problems
        assert cell.tools == [len(item.calls) for item in ITEMS]
        if agent == "pass":
            assert cell.calls == [len(item.rounds) + 1 for item in ITEMS]
    item = ITEMS[0]
    seen = "Thought: a\nAction: Search\nAction Input: no\nObservation: nothing\nFinal Thought:"
    prompt = f"{BEGINS}\n\nQuestion: {item.text}\n{seen}"
    said = Reasoner("react", {item.text: item}, 0.0)(Request((user(prompt),)))
    assert item.answer not in said.rpartition("Answer:")[2]


def test_what_is_likely_is_written_more_often_the_colder_it_is():
    assert [faulty(c, 1.0) for c in (0.0, 0.3, 0.6, 1.0)] == pytest.approx([0.0, 0.3, 0.6, 1.0])
    # By hand: five faults of .12 each and a right form of .4, all squared.
    assert faulty(0.6, 0.5) == pytest.approx(5 * 0.12**2 / (0.4**2 + 5 * 0.12**2))
    assert faulty(0.6, 1e-3) == pytest.approx(0) and faulty(0.6, 0.0) == 0 and faulty(0.9, 0.0) == 1
    assert faulty(0.6, 1e9) == pytest.approx(5 / 6)  # all six ways alike


def test_both_temperatures_are_arms_of_the_scripted_minds(results):
    """Left alone, a mind of many faults writes legal protocols by its likeliest replies and few when it is sampled."""
    keys = [(c.agent, c.how, c.temperature, c.shots, c.seed, c.corruption) for c in results.cells]
    assert len(keys) == len(set(keys)) == 2 * (3 * 2 * 2 * 4 + 2) and {key[2] for key in keys} == {0.0, 1.0}
    free = {c.temperature: c for c in picked(results.cells, how="free", corruption=0.6, shots=0, seed=0)}
    assert all(free[0.0].legal) and sum(free[1.0].legal) < 6
    tokens = {c.temperature: c for c in picked(results.cells, how="tokens", corruption=0.0, shots=0, seed=0)}
    assert tokens[1.0].tokens > tokens[0.0].tokens  # shorter tokens are drawn too
    assert all(tokens[1.0].legal) and all(tokens[1.0].right)
    first = PAPER.tables(results)[1]
    assert first.columns[:3] == ("temperature", "corruption", "shots") and len(first.rows) == 2 * 4 * 2


async def test_the_temperature_of_an_arm_is_that_of_its_requests():
    seen = []

    def noted(request):
        seen.append(request.temperature)
        return Reasoner("react", {item.text: item for item in ITEMS}, 0.0)(request)

    for how, temperature in (("replies", 0.0), ("free", 0.7)):
        model = Scripted("scripted:x", noted)
        cell = await arm(model, "x", "react", how, 0, 0, WORLD, TASKS[:2], Seeds(0), in_turn, temperature=temperature)
        assert cell.temperature == temperature and set(seen) == {temperature}
        seen.clear()


def test_examples_are_legal_and_help_the_script():
    for agent in ("react", "pass"):
        published(agent).examples([shown(agent, WORLD, item) for item in ITEMS[:4]])
    script = Reasoner("react", {item.text: item for item in ITEMS}, 0.6)
    model = Scripted("scripted:x", script)
    free = [asyncio.run(arm(model, "x", "react", "free", n, 0, WORLD, TASKS, Seeds(0), in_turn)) for n in (0, 3)]
    assert sum(free[0].legal) < sum(free[1].legal)


def test_the_comparison_is_between_arms_with_the_same_examples(monkeypatch, results):
    """Enforced with examples against free without would be another claim: the pairs are formed at equal shots."""
    from manyminds.papers.ltl_agents import claims

    seen = []
    monkeypatch.setattr(claims, "named", lambda results, cells, **wanted: seen.append(wanted) or results.cells[:1])
    claims.gain(results, "tokens", "cells", 3, corruption=0.6)
    assert seen == [{"how": "tokens", "shots": 3, "corruption": 0.6}, {"how": "free", "shots": 3, "corruption": 0.6}]


def test_traces_have_the_form_of_runs_and_are_corrupted_as_told(tmp_path):
    clean, wrong = (traces(Seeds(5), 12, share) for share in (0.0, 0.6))
    calls = [reply for prompt, reply in clean if "Observation:" not in prompt.rpartition(BEGINS)[2]]
    assert len(calls) == 12 and all(reply.startswith("Thought: ") and "\nAction Input: " in reply for reply in calls)
    assert {reply.count("\n") for _, reply in clean} == {1, 2}
    assert sum(not reply.startswith(("Thought: ", "Final Thought: ")) for _, reply in wrong) > 3
    save(tmp_path / "t.jsonl", clean)
    read = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [(one["prompt"], one["solution"]) for one in read] == clean


# ---- language models


def react_reply(reliable):
    def reply(messages):
        prompt = messages[-1]["content"]
        if "exactly one of:" in prompt:
            return prompt.rpartition("exactly one of: ")[2].split(",")[0].rstrip(".")
        question = prompt.rpartition(BEGINS)[2].partition("Question: ")[2].partition("\n")[0].strip()
        items = {item.text: item for seed in range(2) for item in asked(seed)}
        return Reasoner("react", {question: items[question]}, 0.0 if reliable else 0.3)(
            Request((user(prompt),), temperature=1.0, repeat=str(len(prompt)))
        )

    return reply


def asked(seed):
    world = wiki(Seeds(1).child("wiki", seed)())
    return questions(world, Seeds(1)("questions", seed), 6)


def test_models_run_in_the_same_arms_over_http(tmp_path):
    with serving(react_reply(True)) as good, serving(react_reply(False)) as bad:
        config = Config(**QUIET, models=(f"{good.url}#a", f"{bad.url}#b"), raised_on=(0.0, 0.6))
        report = ran(PAPER, tmp_path, config)
    assert len(report.results.models) == 8  # two models, two ways, two temperatures
    cells = {(c.corruption, c.how): c for c in report.results.models if c.temperature == 1}
    assert all(cells[0.0, "free"].legal) and all(cells[0.0, "replies"].right)
    assert all(cells[0.6, "replies"].legal) and sum(cells[0.6, "free"].legal) < 6
    assert cells[0.6, "replies"].forced > 0
    found = verdicts(PAPER, report.results)
    assert found["models-legal"] == found["models-fall"] == found["models-gain"] == "holds"
    assert len(PAPER.tables(report.results)) == 6


def test_a_model_that_never_says_anything_is_counted_as_incomplete(tmp_path):
    with serving(lambda messages: " ") as server:
        report = ran(PAPER, tmp_path, Config(**QUIET, models=(f"{server.url}#a",)))
    cell = next(c for c in report.results.models if c.how == "replies")
    assert not any(cell.complete) and not any(cell.right) and cell.problems["no legal text in 3 attempts"] == 6
    assert verdicts(PAPER, report.results)["models-legal"] == "fails"


# ---- data sets


def test_the_three_data_sets_are_read_and_scored(tmp_path):
    (tmp_path / "h.json").write_text(json.dumps([{
        "_id": "1", "question": "Who?", "answer": "The Ann Lee", "supporting_facts": [],
        "context": [["Ann Lee", ["Ann Lee is a judge. ", "She sings."]]]}]))  # fmt: skip
    (tmp_path / "g.jsonl").write_text(json.dumps({"question": "2 + 2?", "answer": "so\n#### 4"}))
    (tmp_path / "f.jsonl").write_text(json.dumps({"id": 7, "claim": "Ann sings.", "label": "SUPPORTS"}))
    files = (("h.json", "hotpotqa"), ("g.jsonl", "gsm8k"), ("f.jsonl", "fever"))
    hotpot, gsm, fever = (published_tasks(str(tmp_path / name), form)[0] for name, form in files)
    assert (
        hotpot.score("ann lee.") == (True, 1.0) and hotpot.score("Ann")[0] is False and 0 < hotpot.score("Ann")[1] < 1
    )
    assert hotpot.wiki.pages["Ann Lee"] == ("Ann Lee is a judge.", "She sings.")
    assert gsm.score("first 3, then 4.0004")[0] and not gsm.score("4.001")[0] and not gsm.score("none")[0]
    assert fever.score("SUPPORTS")[0] and not fever.score("REFUTES")[0] and "NOT ENOUGH INFO" in fever.text
    with pytest.raises(BadInput, match="unknown data set 'hotpot'"):
        published_tasks("x", "hotpot")


def test_a_data_set_is_run_with_its_own_pages(tmp_path):
    path = tmp_path / "h.json"
    path.write_text(json.dumps([{"_id": "1", "question": "Who?", "answer": "a judge", "supporting_facts": [],
                                 "context": [["Ann Lee", ["Ann Lee is a judge."]]]}]))  # fmt: skip

    def reply(messages):
        found = "Ann Lee is a judge." in messages[-1]["content"]
        return "Final Thought: x\nAnswer: judge" if found else "Thought: x\nAction: Search\nAction Input: Ann Lee"

    with serving(reply) as server:
        report = ran(PAPER, tmp_path, Config(**QUIET, models=(f"{server.url}#a",), file=str(path)))
    assert all(cell.right == [True] and cell.legal == [True] for cell in report.results.models)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="raised_on has 1 shares for 0 models"):
        Config(raised_on=(0.1,))
    for wrong in ((), (-1.0,), (3.0,)):
        with pytest.raises(ValueError, match="temperatures"):
            Config(temperatures=wrong)
