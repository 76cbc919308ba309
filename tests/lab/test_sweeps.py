"""Sweeps: every combination is a run, all under one budget, in this process or in others, resumable."""

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from statistics import mean, stdev

import pytest
from server import serving

from manyminds.core import BadInput
from manyminds.lab.papers import find
from manyminds.lab.store import Store
from manyminds.lab.sweeps import begin, combinations, go_on, opened, seeds_of

LUCKY = '''"""A coin thrown `throws` times: the smallest thing that differs from seed to seed."""

from manyminds.core import Paper, PaperConfig, PaperResults, Table


class Config(PaperConfig):
    throws: int = 10
    bias: float = 0.5
    breaks: bool = False


class Results(PaperResults):
    heads: int


async def run(config, lab):
    if config.breaks and lab.seeds.root == 1:
        raise ValueError("the coin rolled away")
    rng = lab.seeds("coin")
    return Results(heads=sum(rng.random() < config.bias for _ in range(config.throws)))


def tables(results):
    return [Table("Coin", ("who", "share"), (("we", results.heads / 10),))]


PAPER = Paper("lucky", "Lucky", "none", Config, Results, run, (), tables)
'''


@pytest.fixture
def lucky(tmp_path):
    path = tmp_path / "lucky.py"
    path.write_text(LUCKY)
    return str(path)


def test_alternatives_and_seeds_in_words(lucky):
    config = find(lucky).config
    found = combinations(config, ["throws=6|12|6", "bias=0.1|0.9"])
    assert [(c.throws, c.bias) for c in found] == [(6, 0.1), (6, 0.9), (12, 0.1), (12, 0.9)]
    assert combinations(config, []) == [config()]
    assert seeds_of("0,1, 5-7,1") == [0, 1, 5, 6, 7] and seeds_of("-2--1") == [-2, -1]
    for unclear in ("many", "1-x", ",", "5-3"):
        with pytest.raises(BadInput, match="0,1,2 or 0-9"):
            seeds_of(unclear)
    with pytest.raises(BadInput, match="throws='no'"):
        combinations(config, ["throws=6|no"])


def test_a_bar_in_a_value_is_written_with_a_backslash(guessing):
    with pytest.raises(BadInput, match=r"no\|such"):
        combinations(find(guessing).config, [r"rounds=no\|such"])


@pytest.mark.parametrize("on", ["tasks", "processes"])
def test_one_run_for_each_combination_and_seed(command, lucky, on):
    words = ("run", lucky, "throws=10|1000", "--seeds", "0,1,2", "--on", on)
    code, out, err = command(*words, "--json")
    found = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert found["varying"] == ["throws"] and found["seeds"] == [0, 1, 2] and len(found["runs"]) == 6
    assert [(run["config"]["throws"], run["seed"]) for run in found["runs"]] == [
        (throws, seed) for throws in (10, 1000) for seed in (0, 1, 2)
    ]
    few, many = found["summary"]
    assert (few["settings"], few["done"]) == ({"throws": 10}, 3) and set(few["metrics"]) == {"heads", "share"}
    heads = [run["metrics"]["heads"] for run in found["runs"]]
    seen, half = many["metrics"]["heads"], 4.302653 * stdev(heads[3:]) / 3**0.5  # Student's t, 2 degrees, 95 %
    assert seen["value"] == pytest.approx(mean(heads[3:])) and seen["n"] == 3
    assert (seen["low"], seen["high"]) == pytest.approx((mean(heads[3:]) - half, mean(heads[3:]) + half))
    alone = json.loads(command("run", lucky, "throws=1000", "--seed", "2", "--json")[1])
    assert alone["results"]["heads"] == heads[-1]
    code, out, _ = command("report", found["sweep"], "--metric", "share")
    assert code == 0 and "throws" in out and "share" in out and "heads" not in out and "3 of 3" in out
    assert command("resume", found["sweep"], "--json")[1].count("done") >= 6  # nothing is left to do
    assert command("report", found["runs"][0]["run"])[0] == 0


def test_a_run_that_breaks_leaves_the_others_alone(command, lucky):
    code, out, err = command("run", lucky, "breaks=false|true", "--seeds", "0-2", "--json")
    found = json.loads(out)
    assert code == 2 and "the coin rolled away" in err and f"manyminds resume {found['sweep']}" in err
    assert [run["status"] for run in found["runs"]] == ["done"] * 4 + ["failed", "done"]
    assert [row["done"] for row in found["summary"]] == [3, 2]


def test_what_is_left_of_a_sweep_is_done_by_resume(command, lucky, tmp_path):
    found = json.loads(command("run", lucky, "--seeds", "0-3", "--json")[1])
    with sqlite3.connect(tmp_path / "manyminds.db") as db:
        db.execute("UPDATE runs SET status = 'running', results = NULL WHERE seed IN ('1', '3')")
        db.execute("DELETE FROM metrics")
    db.close()
    again = json.loads(command("resume", found["sweep"], "--json")[1])
    assert [run["status"] for run in again["runs"]] == ["done"] * 4
    assert [set(run["metrics"]) for run in again["runs"]] == [
        set(),
        {"heads", "share"},
    ] * 2  # the done stay as they are
    one = json.loads(command("resume", found["runs"][0]["run"], "--json")[1])
    assert one["status"] == "done"


def test_nonsense_is_refused_before_anything_is_written(command, lucky, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    for words, said in (
        (("--on", "ray"), "manyminds[scale]"),
        (("--on", "processes", "--budget", "5 calls"), "cannot be shared"),
        (("--seeds", "x"), "0,1,2 or 0-9"),
        (("throws=1|x",), "throws='x'"),
    ):
        code, out, err = command("run", lucky, *words, "--json")
        assert code == 2 and out == "" and said in err and err.count("\n") == 1
    assert json.loads(command("runs", "--json")[1]) == {"runs": []}
    code, _, err = command("report", "lucky-000000")
    assert code == 2 and "unknown run" in err


def forty(messages):
    return "40"


def test_runs_share_one_budget_and_no_call_is_paid_twice(command, guessing, tmp_path):
    with serving(forty, delay=0.01) as server:
        words = ("run", guessing, f"model={server.url}#m", "rounds=2", "players=2|3", "--seeds", "0,1")
        code, out, err = command(*words, "--budget", "9 calls", "--json")
        stopped = json.loads(out)
        assert code == 3 and "of 4 runs are not done" in err
        assert sum(entry[2] for entry in server.log) == 9
        code, out, _ = command("resume", stopped["sweep"], "--budget", "1000 calls", "--json")
        done = json.loads(out)
        assert code == 0 and [run["status"] for run in done["runs"]] == ["done"] * 4
        with Store(tmp_path / "manyminds.db") as store:
            recorded = sum(store.counted_calls(run["run"]) for run in done["runs"])
        assert len(server.log) == recorded  # players 0 and 1 ask the same in both sizes, until what they saw differs
        assert [run["usage"]["calls"] for run in done["runs"]] == [4, 4, 6, 6]


def test_an_endpoint_that_dies_stops_every_run(command, guessing):
    with serving(forty) as server:
        url = server.url
        code, out, err = command("run", guessing, f"model={url}#m", "--seeds", "0,1", "--budget", "3 calls", "--json")
    code, out, err = command("resume", json.loads(out)["sweep"], "--json")
    assert code == 2 and out == "" and "is it running" in err


SLOW = LUCKY.replace("    rng = ", "    __import__('time').sleep(1)\n    rng = ")


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_processes_end_with_the_one_that_began_them(command, tmp_path, how, code):
    (tmp_path / "lucky.py").write_text(SLOW)
    program = [sys.executable, "-c", "from manyminds.lab.command import main; main()"]
    words = [*program, "run", "lucky.py", "--seeds", "0-7", "--on", "processes"]
    doing = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = 0
    while not done and doing.poll() is None:
        time.sleep(0.1)
        with contextlib.suppress(KeyError, ValueError, SystemExit):
            done = sum(run["status"] == "done" for run in json.loads(command("runs", "--json")[1])["runs"])
    doing.send_signal(how)
    assert doing.wait(timeout=30) == code
    time.sleep(1.5)
    before = command("runs", "--json")[1]
    time.sleep(1.5)
    assert command("runs", "--json")[1] == before  # nobody works on it any more
    name = json.loads(before)["runs"][0]["sweep"]
    found = json.loads(command("resume", name, "--on", "processes", "--json")[1])
    assert [run["status"] for run in found["runs"]] == ["done"] * 8


@pytest.mark.ray
def test_on_ray(lucky, tmp_path):
    pytest.importorskip("ray")
    with Store(tmp_path / "store.db") as store:
        paper = find(lucky)
        name = asyncio.run(begin(paper, combinations(paper.config, ["throws=5|50"]), [0, 1], store, lucky, "ray"))
        sweep = asyncio.run(go_on(name, store, concurrency=2, on="ray"))
        assert [run.status for run in sweep.runs] == ["done"] * 4 and sweep.exit_code == 0
        assert opened(name, store).metrics == sweep.metrics
