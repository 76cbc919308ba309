"""Methods compared over real HTTP: equal budgets, costs, refusals, and death at any moment without paying twice."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from house import build
from hypothesis import given
from hypothesis import strategies as st
from server import seeded_faults, serving

from manyminds.conversations.paradigms import PARADIGMS
from manyminds.core import BadInput
from manyminds.lab import compare_shown
from manyminds.lab.command import main
from manyminds.lab.compare_budget import Allowance, allowance, reached
from manyminds.lab.compare_methods import METHODS, Setting, chosen
from manyminds.lab.comparing import Answer, Compared, Results
from manyminds.lab.schema import calls
from manyminds.lab.store import Store
from manyminds.worlds.texts.task_files import Row

PROGRAM = [sys.executable, "-c", "from manyminds.lab.command import main; main()"]
SUMS = [{"id": f"{a}+{b}", "prompt": f"What is {a} + {b}?", "answers": [str(a + b)], "kind": "number"}
        for a in range(1, 4) for b in range(1, 3)]  # fmt: skip
FOUR = ["direct", "cot", "self-consistency", "self-moa:samples=2"]


def reply(messages):
    """Right where it is told to think, else wrong on every other question."""
    asked = "\n".join(message["content"] for message in messages)
    a, b = map(int, re.search(r"What is (\d) \+ (\d)", asked).groups()) if "What is" in asked else (1, 1)
    right = "step" in asked.lower() or a % 2
    return f"Let me see.\nAnswer: {a + b if right else a + b + 1}"


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in SUMS))
    return str(path)


def compared(command, server, task, *more, methods=FOUR):
    code, out, err = command("compare", *methods, "--task", task, "--model", f"{server.url}#m", "--json", *more)
    return code, json.loads(out) if out else None, err


def test_methods_side_by_side_without_a_budget(command, task):
    with serving(reply) as server:
        code, shown, _ = compared(command, server, task, "--seeds", "0-1", methods=["direct", "cot"])
        assert len(server.log) == shown["usage"]["calls"] == 2 * 2 * len(SUMS)
    assert code == 0 and shown["status"] == "done" and shown["results"]["unit"] == ""
    for one in shown["results"]["methods"]:
        assert [answer["item"] for answer in one["answers"]] == [row["id"] for row in SUMS] * 2
        assert all(answer["calls"] == 1 and answer["tokens"] > 0 for answer in one["answers"])
    assert {file.rpartition("/")[2] for file in shown["files"]} == {"pareto.png", "disagreements.csv"}


def test_each_method_has_the_same_budget_and_what_it_leaves_is_shown(command, task):
    with serving(reply) as server:
        code, shown, _ = compared(command, server, task, "--budget", "8k", "--seeds", "0-1")
    assert code == 0
    spent = {}
    for one in shown["results"]["methods"]:
        spent[one["method"]] = sum(answer["tokens"] for answer in one["answers"])
        assert spent[one["method"]] <= 8000
        if one["size"]:  # one size more would have been too much, on the first questions or on all
            size = int(one["size"].partition("=")[2])
            assert one["method"] == "self-consistency" and len(one["answers"]) == 2 * len(SUMS)
            assert size > 1 and str(size) in one["tried"] and max(one["tried"].values()) > 8000 / (2 * len(SUMS))
    assert spent["self-consistency"] > 4 * spent["cot"]
    code, out, _ = command("report", shown["run"])
    assert code == 0 and "each method may spend 8,000 tokens" in out


def test_a_method_that_is_too_dear_stops_and_what_is_unanswered_is_not_solved(command, task):
    with serving(reply) as server:
        code, shown, _ = compared(command, server, task, "--budget", "20 calls", methods=["cot", "self-moa:samples=4"])
    cheap, dear = shown["results"]["methods"]
    assert code == 0 and len(cheap["answers"]) == len(SUMS) and len(dear["answers"]) == 4  # 5 calls each
    results = Results.model_validate(shown["results"])
    assert compare_shown.accuracy(results, results.methods[1]).value == pytest.approx(4 / 6)


def test_the_same_question_is_paid_once_and_charged_to_each(command, task):
    with serving(reply) as server:
        methods = ["self-consistency:samples=3", "self-consistency:samples=5"]
        _, shown, _ = compared(command, server, task, methods=methods)
        assert len(server.log) == 5 * len(SUMS)
    few, more = (sum(a["calls"] for a in one["answers"]) for one in shown["results"]["methods"])
    assert (few, more) == (3 * len(SUMS), 5 * len(SUMS))


def test_a_comparison_is_the_same_over_a_faulty_server_and_at_any_concurrency(command, task, monkeypatch):
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0)

    def answers(shown):
        drop = ("seconds",)
        return [
            {k: v for k, v in a.items() if k not in drop} for one in shown["results"]["methods"] for a in one["answers"]
        ]

    found = []
    for plan, at_once in ((lambda n, body: None, "16"), (lambda n, body: None, "1"),
                          (seeded_faults(0.2, 1, ("429", "500", "cut")), "4")):  # fmt: skip
        with serving(reply, plan=plan) as server:
            _, shown, _ = compared(command, server, task, "--budget", "5k", "--concurrency", at_once)
            found.append(answers(shown))
    assert found[0] == found[1] == found[2]


def asked_of(where, run):
    with Store(where) as store, store.reading() as connection:
        found = connection.execute(sa.select(calls.c.request).where(calls.c.run == run)).scalars()
        return Counter(json.dumps(json.loads(request)["messages"], sort_keys=True) for request in found)


@pytest.mark.parametrize(
    "moment", [0.5, pytest.param(0.1, marks=pytest.mark.slow), pytest.param(0.9, marks=pytest.mark.slow)]
)
def test_killed_and_resumed_without_paying_twice(tmp_path, task, moment, capsys):
    where, answered, lock = str(tmp_path / "m.db"), [], threading.Lock()

    def heard(messages):
        with lock:
            answered.append(json.dumps(messages, sort_keys=True))
        return reply(messages)

    words = [*FOUR, "--task", task, "--budget", "5k", "--store", where, "--concurrency", "4", "--json"]
    with serving(reply) as server:  # how many requests there are
        with pytest.raises(SystemExit):
            main(
                ["compare", *words[:-3], "--json", "--model", f"{server.url}#m", "--store", str(tmp_path / "whole.db")]
            )
        whole, total = json.loads(capsys.readouterr().out), len(server.log)
    with serving(heard, delay=0.01) as server:
        doing = subprocess.Popen([*PROGRAM, "compare", *words, "--model", f"{server.url}#m"], cwd=tmp_path,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        while len(answered) < moment * total and doing.poll() is None:
            time.sleep(0.002)
        os.kill(doing.pid, signal.SIGKILL)
        doing.wait(timeout=60)
        time.sleep(0.1)
        with Store(where) as store:
            run = store.runs()[0]
        kept, before = asked_of(where, run.id), Counter(answered)
        assert run.status == "running" and kept <= before and (before - kept).total() <= 4
        with pytest.raises(SystemExit) as left:
            main(["resume", run.id, "--store", where, "--json"])
        shown = json.loads(capsys.readouterr().out)
        assert left.value.code == 0 and len(answered) <= total + 4  # nothing on the record was asked again
    for a, b in zip(whole["results"]["methods"], shown["results"]["methods"]):
        assert [(x["item"], x["text"], x["tokens"]) for x in a["answers"]] == [
            (x["item"], x["text"], x["tokens"]) for x in b["answers"]
        ]


def test_the_limit_of_the_whole_run_stops_it_and_it_goes_on(command, task):
    with serving(reply) as server:
        code, shown, err = compared(command, server, task, "--limit", "7 calls")
        assert code == 3 and shown["status"] == "budget" and "resume" in err and len(server.log) == 7
        code, out, _ = command("resume", shown["run"], "--json")
        assert code == 0 and json.loads(out)["status"] == "done"


# ---- refused before anything is asked or written


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["self-consistncy"], "did you mean 'self-consistency'"),
        (["self-consistency:sample=3"], "did you mean 'samples'"),
        (["self-consistency:samples=x"], "samples='x' cannot be"),
        (["self-consistency:samples=0"], "at least 1"),
        (["mallm:paradigm=rely"], "did you mean 'relay'"),
        (["self-moa-seq:window=2"], "window"),
        (["cot", "cot"], "each of them once"),
        (["agentcoder"], "not of kind 'code'"),
        (["cot", "--budget", "much"], "not one amount"),
        (["cot", "--budget", "200k tokens, 5 calls"], "not one amount"),
        (["cot", "--budget", "$2"], "no price is known"),
        (["cot", "--task", "nursery:sms"], "did you mean 'sums'"),
        (["cot", "--task", "nursery:sums:99"], "has the levels"),
        (["cot", "--task", "none.jsonl"], "none.jsonl cannot be read: no such file"),
        (["cot", "--seeds", "x"], "0-9"),
        (["cot", "--role", "designer"], "key=value"),
        (["agentcoder", "--role", "designr=scripted:echo", "--task", "nursery:functions:1"], "did you mean 'designer'"),
        (["moa", "--role", "agent 2=scripted:echo"], "unknown role 'agent 2'"),
        (["cot:temperature=9"], "temperature='9' cannot be: it should be less than or equal to 2"),
        (["cot:max_tokens=-3"], "max_tokens='-3' cannot be"),
        (["cot:rounds=0"], "rounds='0' cannot be"),
        (["usc:samples=3,samples=4"], "gives samples twice"),
        (["cot", "--task", ""], "--task FILE"),
        (["cot", "--task", "."], "cannot be read: is a directory"),
        (["cot", "--task", "nursery:sums:x"], "'x' of sums is no number"),
        (["cot", "--budget", "-5"], "not one amount"),
        (["cot", "--limit", "nonsense"], "is not clear"),
        (["cot", "--items", "-1"], "--items"),
        (["cot", "--judge", "nope"], "unknown model 'nope'"),
    ],
)
def test_what_is_wrong_is_named(command, task, words, said):
    with serving(reply) as server:
        given = ["--task", task] if "--task" not in words else []
        code, out, err = command("compare", *words, *given, "--model", f"{server.url}#m")
        assert code == 2 and said in err and not out and not server.log, err
        assert err.count("\n") == 1 and not Path("manyminds.db").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"prompt": "x"}', "needs 'answers'"),
        ('{"prompt": "x", "answer": ["1"]}', "did you mean 'answers'"),
        ("{", "not JSON"),
        ('{"prompt": "x", "answers": ["1"], "kind": "nmber"}', "did you mean 'number'"),
    ],
)
def test_a_bad_row_is_named_by_its_line(command, tmp_path, line, said):
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(SUMS[0]) + "\n\n" + line + "\n")
    code, _, err = command("compare", "cot", "--task", str(path), "--model", "scripted:echo")
    assert code == 2 and "line 3" in err and said in err
    assert not (tmp_path / "manyminds.db").exists()


def test_methods_are_listed_with_what_can_be_chosen(command):
    code, out, _ = command("compare")
    assert code == 0 and all(name in out for name in METHODS)
    assert all(name in out for known in METHODS.values() for names in known.choices.values() for name in names)
    assert METHODS["mallm"].choices["paradigm"] == tuple(PARADIGMS) and METHODS["mallm"].holds("agent 2")


def test_help_has_examples_and_the_fields_of_a_task(command):
    code, out, _ = command("compare", "--help")
    said = " ".join(out.split())
    assert code == 0 and said.count("manyminds compare ") >= 4 and "manyminds resume RUN" in said
    assert all(f'"{name}"' in said for name in set(Row.model_fields) - {"meta"})


def test_tables_fit_eighty_columns(command, task, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with serving(reply) as server:
        words = [*FOUR, "e2g", "usc:samples=2", "--task", task, "--model", f"{server.url}#m", "--budget", "4k"]
        code, out, err = command("compare", *words)
    assert code == 0, err
    printed = out.partition("\nrun compare-")[0].split("\n")
    assert max(map(len, printed)) <= 80 and "self-moa:samples=2" in out.replace("\n", "")
    assert max(map(len, command("compare")[1].split("\n"))) <= 80


def test_a_server_that_is_not_there_is_named_before_anything_is_written(command, task):
    with serving(reply) as server:
        dead = server.url
    code, out, err = command("compare", "cot", "--task", task, "--model", f"{dead}#m")
    assert code == 2 and "no model server answers" in err and err.count("\n") == 1 and not out


def test_a_price_that_becomes_known_counts_for_recorded_calls_too(command, task, monkeypatch):
    with serving(reply) as server:
        _, first, _ = compared(command, server, task, methods=["cot"])
        monkeypatch.setenv("MANYMINDS_PRICES", "m=1000/1000")
        _, shown, _ = compared(command, server, task, "--budget", "$1", methods=["cot"])
        assert len(server.log) == len(SUMS)  # all from the record
    costs = [(answer["money"], answer["unpriced"]) for answer in shown["results"]["methods"][0]["answers"]]
    tokens = [answer["tokens"] for answer in first["results"]["methods"][0]["answers"]]
    assert costs and costs == [(pytest.approx(n / 1000), 0) for n in tokens[: len(costs)]]
    assert sum(tokens[: len(costs)]) <= 1000 and len(costs) == reached(tokens, Allowance("tokens", 1000))


def test_a_house_model_is_compared_in_its_own_form(command, tmp_path):
    """Over the base install: no server, answers in the form that the model was raised on."""
    where = build(tmp_path / "house")
    given = ["--task", "nursery:sums:1", "--items", "3", "--model", f"house:{where}", "--budget", "400", "--json"]
    code, out, err = command("compare", "direct", "self-consistency", *given)
    assert code == 0, err
    for one in json.loads(out)["results"]["methods"]:
        assert sum(answer["tokens"] for answer in one["answers"]) <= 400


def test_a_family_of_the_nursery(command):
    def solve(messages):
        return "I do not know.\nAnswer: 1"

    with serving(solve) as server:
        code, shown, _ = compared(command, server, "nursery:sums:1", "--items", "5", methods=["cot", "direct"])
    assert code == 0 and len(shown["results"]["items"]) == 5


def test_a_small_family_is_asked_whole_unless_more_is_demanded(command):
    code, out, err = command("compare", "direct", "--task", "nursery:functions:1", "--model", "scripted:echo", "--json")
    assert code == 0 and len(json.loads(out)["results"]["items"]) == 24, err
    code, _, err = command("compare", "direct", "--task", "nursery:functions:1", "--model", "scripted:echo",
                           "--items", "25")  # fmt: skip
    assert code == 2 and "no more than 24 items" in err


def test_overlap_of_words_counts_in_part(command, tmp_path):
    path = tmp_path / "f1.jsonl"
    path.write_text(json.dumps({"prompt": "Who?", "answers": ["Ada Lovelace"], "kind": "f1"}) + "\n")
    with serving(lambda messages: "Answer: Ada") as server:
        _, shown, _ = compared(command, server, str(path), methods=["direct"])
    answer = shown["results"]["methods"][0]["answers"][0]
    assert (answer["ok"], answer["score"]) == (False, pytest.approx(2 / 3))


def test_functions_of_the_nursery_are_run(command):
    with serving(lambda messages: "```python\ndef f(x):\n    return None\n```") as server:
        code, shown, err = compared(command, server, "nursery:functions:1", "--items", "2", methods=["direct"])
    assert code == 0, err
    assert [(a["ok"], a["failed"]) for a in shown["results"]["methods"][0]["answers"]] == [(False, "")] * 2


def test_roles_hold_other_models(command, task):
    asked = Counter()

    def plan(n, body):
        asked[body["model"]] += 1

    with serving(reply, plan=plan) as server:
        at = server.url
        more = ["--mix", f"{at}#left", "--mix", f"{at}#right", "--judge", f"{at}#wise", "--items", "2"]
        code, shown, err = compared(command, server, task, *more, methods=["moa:samples=3,layers=2", "cot"])
        assert code == 0, err
        assert asked == {"left": 2 * 2, "right": 2, "wise": 2, "m": 2}  # slots take turns; the judge aggregates
        code, _, err = compared(command, server, task, "--role", f"agent 2={at}#second", "--items", "1",
                                methods=["mallm:personas=none,turns=1"])  # fmt: skip
        assert code == 0 and asked["second"] > 0, err
    costs = [a["calls"] for one in shown["results"]["methods"] for a in one["answers"]]
    assert costs == [4, 4, 1, 1]


def test_code_is_written_and_run(command, tmp_path):
    rows = [{"id": name, "prompt": f"Write {name}(n), the {what} of n.\n{name}(2) == {two}", "kind": "code",
             "entry_point": name, "tests": f"assert {name}(3) == {three}"}
            for name, what, two, three in (("square", "square", 4, 9), ("double", "double", 4, 6))]  # fmt: skip
    path = tmp_path / "code.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    programs = {"square": ("n * n", "n + n"), "double": ("n + n", "n * n")}

    def write(messages):
        name = "square" if "square" in messages[0]["content"] else "double"
        right, wrong = programs[name]
        if "tester" in messages[0]["content"]:
            return f"```python\nassert {name}(3) == {9 if name == 'square' else 6}\n```"
        return f"```python\ndef {name}(n):\n    return {right if len(messages) > 1 else wrong}\n```"

    with serving(write) as server:
        code, shown, err = compared(command, server, str(path), methods=["direct", "agentcoder"])
    assert code == 0, err
    alone, loop = shown["results"]["methods"]
    assert [a["ok"] for a in alone["answers"]] == [False, False]
    assert [a["ok"] for a in loop["answers"]] == [True, True] and [a["calls"] for a in loop["answers"]] == [3, 3]


def test_code_is_refused_where_nothing_isolates_it(command, tmp_path, monkeypatch):
    from manyminds.agents.sandbox import Isolation

    nothing = Isolation("none", "no isolation holds here", ("landlock: no Landlock",))
    monkeypatch.setattr("manyminds.lab.comparing.isolation", lambda: nothing)
    path = tmp_path / "code.jsonl"
    path.write_text(json.dumps({"prompt": "f", "kind": "code", "entry_point": "f", "tests": "assert f() == 1"}) + "\n")
    code, _, err = command("compare", "direct", "--task", str(path), "--model", "scripted:echo")
    assert code == 2 and "no Landlock" in err and "--unsafe-exec" in err


# ---- the arithmetic


def test_money_is_shown_as_far_as_prices_are_known():
    assert [compare_shown.dollars(0.5, 4, unpriced) for unpriced in (0, 1, 4)] == ["0.5", "over 0.5", "not known"]
    assert compare_shown.labelled(Compared(method="moa:layers=2", size="samples=3")) == "moa:layers=2,samples=3"


@given(st.lists(st.floats(0, 100), max_size=20), st.floats(1, 500))
def test_what_is_answered_is_the_longest_beginning_within_the_budget(costs, amount):
    n = reached(costs, Allowance("tokens", amount))
    assert sum(costs[:n]) <= amount * (1 + 1e-12)
    assert n == len(costs) or sum(costs[: n + 1]) > amount * (1 - 1e-12)
    assert reached(costs, Allowance()) == len(costs)


def test_budgets_in_words():
    assert allowance("200k") == allowance("200k tokens") == Allowance("tokens", 200_000)
    assert allowance("$2") == Allowance("money", 2.0) and allowance("500 calls") == Allowance("calls", 500)
    assert allowance("") == Allowance()
    for text in ("x", "0", "$0", "1k, $2"):
        with pytest.raises(BadInput):
            allowance(text)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_made_at_every_size(name):
    known, one = METHODS[name], chosen(name)
    assert one.made(Setting()) is not None
    for size in (known.least, known.most) if known.grows else ():
        assert one.made(Setting("native", ("mix 1", "mix 2")), size) is not None


def results(scores):
    items = [str(i) for i in range(len(next(iter(scores.values()))))]

    def answer(item, ok, cost):
        return Answer(
            item=item, seed=0, text="", ok=bool(ok), score=ok, calls=1, tokens=cost, money=0, unpriced=1, seconds=1
        )

    methods = [Compared(method=name, answers=[answer(i, float(ok), 10 * (k + 1)) for i, ok in zip(items, row)])
               for k, (name, row) in enumerate(scores.items())]  # fmt: skip
    return Results(task="t", unit="", amount=0, items=items, seeds=[0], methods=methods)


def test_tables_are_right_on_a_small_case(tmp_path):
    found = results({"a": [1, 1, 1, 1, 1, 0], "b": [0, 0, 0, 0, 0, 1], "c": [1, 1, 1, 1, 1, 1]})
    paired = compare_shown.paired_table(found)
    pair, gap, better, p, corrected = paired.rows[0]
    assert (pair, better) == ("a - b", "5 : 1") and gap.value == pytest.approx(4 / 6)
    # Signs of six equal differences: |sum| >= 4 in 2 (1 + 6) of 64.
    assert p == pytest.approx(14 / 64) and corrected >= p
    assert compare_shown.pareto(found) == ["a", "c"]  # b is beaten by a, which is cheaper
    assert [row[0] for row in compare_shown.disagreements(found)] == [str(i) for i in range(6)]
    table = compare_shown.disagreements_table(found)
    assert table.rows[0] == ("0", "a, c (1)", "b (0)", "") and table.rows[5] == ("5", "b, c (1)", "a (0)", "")
    nothing = found.model_copy(update={"methods": [found.methods[2].model_copy(update={"answers": []})]})
    assert compare_shown.pareto(nothing) == []  # who answers nothing has no cost, and no place on the front
    assert len(compare_shown.tables(nothing)) == 2  # nothing to compare it with
    files = compare_shown.figures(found, tmp_path)
    assert all(path.exists() for path in files) and np.isfinite(files[0].stat().st_size)
