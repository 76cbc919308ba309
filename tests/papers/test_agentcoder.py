"""AgentCoder: scripted minds beside the closed form, language models over HTTP on released files, and broken worlds."""

# ruff: noqa: E501  programs as single lines
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from paper_runs import ran, verdicts
from server import seeded_faults, serving

from manyminds.agents.sandbox import isolation
from manyminds.conversations import coding
from manyminds.conversations.judging import Judge
from manyminds.core import BadInput, NotHere, Seeds
from manyminds.models.request import Request
from manyminds.models.scripted import Scripted
from manyminds.papers.agentcoder import arms as arms_of
from manyminds.papers.agentcoder import bank, claims
from manyminds.papers.agentcoder.arms import Bench, Trial
from manyminds.papers.agentcoder.extras import Draws, draws, expected_draws
from manyminds.papers.agentcoder.house import HouseArm, Specified, bootstrap_p, specifications
from manyminds.papers.agentcoder.paper import PAPER, Config, Results
from manyminds.papers.agentcoder.scripted import Designer, Programmer, never

pytestmark = pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")
ARMS = arms_of.arms(0.6, 5, 0.95, 0.5, 0.6, 4)
SMALL = {"items": 4, "runs": 2, "draw_runs": 2}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return ran(PAPER, tmp_path_factory.mktemp("agentcoder"), Config(**SMALL))


def test_what_holds_exactly_holds_in_a_small_run(report):
    found = verdicts(PAPER, report.results)
    for exact in ("single-shot", "sound", "calls", "unseen"):
        assert found[exact] == "holds"
    assert found["language"] == "needs-endpoint" and found["house"] == "needs-weights"
    assert [path.name for path in report.files] == ["attempts.png"]


@pytest.mark.slow
def test_the_same_from_the_same_seed(report, tmp_path):
    again = ran(PAPER, tmp_path, Config(**SMALL))
    assert again.results == report.results
    other = ran(PAPER, tmp_path / "..", Config(**SMALL), seed=2)
    assert other.results.arms != report.results.arms


def test_the_tables_can_be_read(report):
    titles = [table.title for table in PAPER.tables(report.results)]
    assert "pass@1 on hidden tests" in titles and "false verdicts" in titles


# ---- the items and the scripted minds


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    import asyncio

    async def made():
        async with Judge() as judge:
            return [bank.item(await bank.surveyed(bank.raw(task, Seeds(0)), judge)) for task in bank.chosen(4)]

    return asyncio.run(made())


def test_items_are_what_the_closed_form_needs(items):
    for item in items:
        assert item.wrong >= 4 and len(item.safe) >= 8 and len(item.public) >= 2
        for program in range(1, item.wrong + 1):
            assert any(item.exposed(program, call) for call in item.telling)
        assert not any(item.exposed(0, call) for call in item.calls)
        assert all(one.calls[0] not in item.calls for one in item.public)


def test_a_scripted_suite_is_as_valid_and_as_telling_as_it_says(items):
    item, designer, rng = items[0], Designer(5, 0.8, 0.5), Seeds(1)("suites")
    lines = [line for _ in range(400) for line in designer.suite(item, Request(()), rng)]
    invalid = sum(line.endswith(tuple(never(item, call) for call in item.safe[:1])) for line in lines)
    assert abs(invalid / len(lines) - 0.2) < 0.04
    telling = sum(line.startswith("assert [") for line in lines)
    assert abs(telling / len(lines) - 0.4) < 0.05


def test_an_invalid_assertion_fails_every_program(items):
    for item in items:
        for call in item.calls:
            assert never(item, call) not in {given[call] for given in item.gives}


async def test_drawing_with_and_without_a_memory(items):
    async with Judge() as judge:
        bank.known_to(judge, items)
        found = {m: await draws(m, items, judge, Seeds(0), 40) for m in ("none", "tried", "consistent")}
        assert judge.runs == 0  # all of it is known
    assert found["none"].mean > found["tried"].mean > found["consistent"].mean
    for one in found.values():
        assert abs(one.mean / one.expected - 1) < 0.25


def test_expected_draws_of_programs_that_nothing_tells_apart_or_everything(items):
    item = items[0]
    one_call = replace(item, inputs={"ordinary": item.telling[:1]})
    apart = [m for m in range(1, item.wrong + 1) if item.exposed(m, item.telling[0])]
    alike = replace(one_call, programs=(item.reference, *(item.programs[m] for m in apart)),
                    gives=(item.gives[0], *(item.gives[m] for m in apart)))  # fmt: skip
    # One assertion tells all wrong programs at once: with m of them, m / (m + 1) is the chance of a second draw.
    assert expected_draws("consistent", alike) == pytest.approx(1 + len(apart) / (len(apart) + 1))


# ---- broken worlds, each with the claim that it breaks


def made(expected, n=600):
    """Results as expected: each arm solves exactly its share, the paired arms agree."""
    found = {}
    for arm, share in expected.items():
        trials = [Trial(item=str(i), run=0, right=(i < share * n,), passed=(True,), final=i < share * n, accepted=True,
                        calls=2, tokens=1) for i in range(n)]  # fmt: skip
        found[arm] = trials
    return found


def honest():
    known = dict(zip(claims.CLOSED.values(), (0.6, 0.71, 0.8527, 0.9505, 0.86, 0.667, 0.892, 0.6)))
    drawn = [
        Draws(memory=m, drawn=(e,) * 600, expected=float(e)) for m, e in (("none", 8), ("tried", 4), ("consistent", 3))
    ]
    found = made(known) | {"paper: one suite, told what failed": made({"x": 0.9})["x"]}
    return {"attempts": 5, "arms": found, "expected": {k: [v] for k, v in known.items()}, "draws": drawn}


def test_an_honest_world_breaks_nothing():
    found = verdicts(PAPER, Results(**honest()))
    assert {name for name, verdict in found.items() if verdict == "fails"} == set()


def other(**changes):
    shares = dict(zip(claims.CLOSED.values(), (0.6, 0.71, 0.8527, 0.9505, 0.86, 0.667, 0.892, 0.6)))
    names = claims.CLOSED
    return made(shares | {names[key]: value for key, value in changes.items()})


BROKEN = {
    "tests that are never invalid": ({"arms": other(bad=0.95)}, {"closed-bad", "accuracy"}),
    "scoring on the generated tests": ({"arms": other(alone=0.6, own=1.0, half=0.99)}, {"closed-own", "closed-half", "single-shot", "order"}),
    "no executor": ({"arms": other(full=0.6)}, {"closed-full", "order", "gain"}),
    "best of five reported as one": ({"arms": other(alone=0.99)}, {"closed-alone", "order", "gain", "single-shot"}),
    "a memory that forgets": ({"draws": [Draws(memory="tried", drawn=(8,) * 600, expected=4.5)]}, {"told"}),
    "a reference that sound tests reject": ({"rejected": 1}, {"sound"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_world_is_caught(name):
    change, caught = BROKEN[name]
    results = Results(**(honest() | {key: value for key, value in change.items() if key != "arms"}))
    if "arms" in change:
        results = results.model_copy(update={"arms": results.arms | change["arms"]})
    found = verdicts(PAPER, results)
    assert caught <= {claim for claim, verdict in found.items() if verdict == "fails"}, found


async def test_a_designer_who_sees_code_is_caught(items, monkeypatch):
    suite = coding.Task.suite

    async def leaking(self, told, name):
        monkeypatch.setattr(
            coding.Task, "opening", lambda self, template: coding.user("\n".join(m.content for m in told))
        )
        return await suite(self, told, name)

    monkeypatch.setattr(coding.Task, "suite", leaking)
    async with Judge() as judge:
        bank.known_to(judge, items)
        full = next(arm for arm in ARMS if arm.name == "full loop")
        trials = await Bench(judge, Seeds(0)).trials(full, items[:2], 2)
    assert sum(one.leaked for one in trials) > 0


async def test_v_1_never_rejects_and_p_1_is_always_solved(items):
    async with Judge() as judge:
        bank.known_to(judge, items)
        arm = replace(ARMS[4], programmer=Programmer(1.0), designer=Designer(valid=1.0))
        trials = await Bench(judge, Seeds(0)).trials(arm, items, 2)
    assert all(one.final and one.accepted and one.calls == 2 for one in trials)


# ---- language models

HUMAN_EVAL = [
    {"task_id": "T/0", "entry_point": "square", "canonical_solution": "    return n * n\n",
     "prompt": 'from typing import List\n\ndef helper(n):\n    return n\n\ndef square(n: int) -> int:\n    """The square.\n    >>> square(2)\n    4\n    """\n',
     "test": "def check(candidate):\n    assert candidate(3) == 9\n    assert candidate(helper(777)) == 603729\n"},
    {"task_id": "T/1", "entry_point": "double", "canonical_solution": "    return 2 * n\n",
     "prompt": 'def double(n: int) -> int:\n    """Twice n.\n    >>> double(2)\n    4\n    """\n',
     "test": "def check(candidate):\n    assert candidate(3) == 6\n"},
]  # fmt: skip
MBPP = [{"task_id": 7, "prompt": "Write a function to square.", "code": "def square(n):\n    return n * n",
         "test_imports": [], "test_list": ["assert square(31) == 961"], "source_file": "x"}]  # fmt: skip


def coder(messages):
    """Writes n + n, and what is right when told that it failed; tests by the right values."""
    text = messages[0]["content"]
    name = "square" if "`square`" in text else "double"
    right = "n * n" if name == "square" else "2 * n"
    if "tester" in text:
        return f"```python\nassert {name}(5) == {25 if name == 'square' else 10}\nassert {name}(0) == 0\n```"
    return f"Plan.\n```python\ndef {name}(n):\n    return {right if len(messages) > 1 else 'n + n'}\n```"


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize("mode", ["paper", "repo"])
def test_a_model_on_released_files_never_sees_their_tests(tmp_path, mode):
    seen = []

    def heard(messages):
        seen.append(json.dumps(messages))
        return coder(messages)

    data = lines(tmp_path / "humaneval.jsonl", HUMAN_EVAL)
    more = lines(tmp_path / "et.jsonl", [{"task_id": "T/0", "test_case_list": ["assert square(30) == 900"]},
                                         {"task_id": "T/1", "test_case_list": ["assert double(30) == 61"]}])  # fmt: skip
    with serving(heard, plan=seeded_faults(0.1, 1, ("500", "cut"))) as server:
        model = f"{server.url}#m"
        report = ran(PAPER, tmp_path, Config(model=model, data=data, extended=more, mode=mode, rounds=2, runs=1))
    alone, loop = report.results.language.values()
    assert [one.final for one in alone] == [False, True]
    assert [one.final for one in loop] == ([True, True] if mode == "paper" else [False, True])
    assert [one.extended for one in loop] == ([True, False] if mode == "paper" else [False, False])
    assert not any("777" in text or "check(" in text or "square(30)" in text for text in seen)
    if mode == "paper":
        assert [one.calls for one in loop] == [3, 2] and loop[0].right == (False, True)
        assert (loop[1].valid, loop[1].asserts, loop[1].lines, loop[1].of_lines) == (2, 2, 2, 2)
        assert verdicts(PAPER, report.results)["language"] in ("fails", "holds")
    assert any(table.title.startswith("a language model on") for table in PAPER.tables(report.results))


def test_mbpp_is_asked_without_its_tests(tmp_path):
    seen = []

    def heard(messages):
        seen.append(json.dumps(messages))
        return coder(messages)

    with serving(heard) as server:
        data = lines(tmp_path / "mbpp.jsonl", MBPP)
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", data=data, runs=2))
    assert not any("961" in text or "square(31)" in text for text in seen)
    assert [one.final for one in report.results.language["loop, mode paper"]] == [True, True]


def test_a_model_that_writes_nothing_counts_as_failed(tmp_path):
    with serving(lambda messages: "I would rather not.") as server:
        data = lines(tmp_path / "humaneval.jsonl", HUMAN_EVAL)
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", data=data, rounds=1, runs=1))
    assert not any(one.final for trials in report.results.language.values() for one in trials)
    assert sum(one.asked_again for one in report.results.language["loop, mode paper"]) == 2 * (4 + 4 + 4)


def test_bad_settings_are_refused(tmp_path):
    for wrong in ({"data": "none.jsonl", "model": "scripted:echo"}, {"data": __file__}, {"model": "house", "data": __file__},
                  {"designer": "scripted:echo"}, {"model": "scriptd:x"}):  # fmt: skip
        with pytest.raises((ValueError, BadInput)):
            Config(**wrong)


# ---- the arm of the house model, with a scripted one in its place


async def test_the_house_arm_with_a_scripted_model():
    known = {item.prompt: item for item in specifications(Seeds(0), 6, (1, 2, 3))}
    assert len(known) == 6 and [item.level for item in known.values()] == [1, 2, 3, 1, 2, 3]
    seeds = Seeds(3)

    def write(request):
        item = known[request.messages[0].content]
        assert len(request.messages) == 1  # the specification and nothing else
        return item.answer if seeds(request.repeat).random() < 0.5 else "def f(x):\n    return x"

    async with Judge() as judge:
        arm = HouseArm(Scripted("scripted house", write), judge, rounds=5)
        trials = [await arm.one(item, run) for item in known.values() for run in range(4)]
    single, loop, best = (sum(getattr(one, name) for one in trials) for name in ("single", "loop", "best_of"))
    assert loop > single and best >= single and all(one.calls >= 2 for one in trials)
    report = verdicts(PAPER, Results(attempts=6, house=trials))
    assert report["house"] in ("holds", "fails")
    assert "the house model on chains of operations" in [
        t.title for t in PAPER.tables(Results(attempts=6, house=trials))
    ]


def test_the_house_arm_takes_the_levels_of_the_card(tmp_path, monkeypatch):
    """With a scripted model in place of the house model, which writes nothing that runs."""
    house = Scripted("house", lambda request: "no program")
    monkeypatch.setattr("manyminds.models.load.HOUSE", tmp_path)
    monkeypatch.setattr("manyminds.lab.runner.load", lambda reference: house)
    with pytest.raises(NotHere, match="manyminds calibrate"):
        ran(PAPER, tmp_path, Config(model="house", specifications=4, runs=1))
    card = {"standard": {"functions direct": {"levels": [2, 3]}}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    found = ran(PAPER, tmp_path, Config(model="house", specifications=4, runs=2, rounds=1)).results.house
    asked = [one.form_hash for one in specifications(Seeds(1).child("house"), 4, (2, 3))]
    assert [one.item for one in found] == asked * 2 and not any(one.loop for one in found)


def test_the_paired_bootstrap():
    def trials(gap):
        return [Specified(item=str(i), run=r, single=i % 2 == 0, loop=i % 2 == 0 or i < gap, best_of=False, calls=2, tokens=1,
                          tokens_best_of=1) for i in range(100) for r in range(2)]  # fmt: skip

    gap, p = bootstrap_p(trials(40), Seeds(0))
    assert gap == pytest.approx(0.2) and p < 0.001
    assert bootstrap_p(trials(0), Seeds(0)) == (0.0, 1.0)


def test_the_readme_says_of_the_house_model_what_was_verified():
    root = Path(__file__).parents[2]
    readme = (root / "src/manyminds/papers/agentcoder/README.md").read_text(encoding="utf-8")
    (kept,) = [claim for claim in json.loads((root / "results/agentcoder.json").read_text())["claims"]
               if claim["id"] == "house"]  # fmt: skip
    gain, p = re.fullmatch(r"\+(\d+\.\d) points, p = 0(\.\d+)", kept["measured"]).groups()
    assert f"The loop gains {gain} points (p = {p}," in readme
    first, loop, best = (float(re.search(rf"\| {row}[^|]*\| (\.\d+) \|", readme)[1])
                         for row in ("the first program", "the loop", "of as many programs"))  # fmt: skip
    assert 100 * (loop - first) == pytest.approx(float(gain), abs=0.11)
    assert f"beats it by {100 * (best - loop):.1f}" in " ".join(readme.split())
