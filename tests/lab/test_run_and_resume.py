"""The program as a user meets it: over real HTTP, killed and resumed, out of budget, and given nonsense."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from server import seeded_faults, serving

from manyminds.lab.store import Store

PROGRAM = [sys.executable, "-c", "from manyminds.lab.command import main; main()"]
SMALL = ["runs=1", "months=3", "members=3", "condition=default,no talk"]


def reply(messages):
    """A scripted stand-in for a server: the answer depends on what was asked and on nothing else."""
    asked = messages[-1]["content"]
    if "What do you say?" in asked:
        return json.dumps({"response": "ten each", "conclude": "ten each" in asked, "next_speaker": "Kate"})
    if "Sum it up" in asked:
        return json.dumps({"summary": "They agreed.", "limit": 10})
    if "Look back" in asked:
        return json.dumps({"insights": ["restraint pays"], "plan": "take ten", "memorable": "we agreed"})
    return "I take my share.\nAnswer: 10"


def manyminds(folder, *words, check=None):
    done = subprocess.run([*PROGRAM, *words], cwd=folder, capture_output=True, text=True, timeout=120)
    if check is not None:
        assert done.returncode == check, done.stderr
    return done


def run_words(server, *more):
    return ["run", "govsim", f"model={server.url}#m", *SMALL, *more]


def transcript(folder):
    with Store(folder / "manyminds.db") as store:
        run = store.runs()[0]
        return run.results, store.events(run.id)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with serving(reply) as server:
        port = server.url
        manyminds(folder, *run_words(server), check=0)
    results, events = transcript(folder)
    return port, normal(results), events


def normal(results):
    """Results without the server's port, which differs from run to run."""
    return [{**row, "society": ""} for row in results["rows"]]


def spoken(events):
    """The transcript without the server's port."""
    return [(e.play.split("/", 5)[-1], e.turn, e.kind, e.seat, e.data) for e in events]


def test_the_offline_run_is_one_json_object(tmp_path):
    done = manyminds(tmp_path, "run", "govsim", "runs=1", "--json", check=0)
    shown = json.loads(done.stdout)
    assert {"paper", "run", "config", "seeds", "versions", "usage", "claims", "results"} <= shown.keys()
    assert {claim["verdict"] for claim in shown["claims"]} <= {"holds", "needs-endpoint", "fails"}
    keys = {"id", "statement", "where", "paper", "measured", "low", "high", "n", "needs", "verdict"}
    assert all(claim.keys() == keys for claim in shown["claims"])


def test_three_skins_over_a_faulty_server(tmp_path):
    with serving(reply, plan=seeded_faults(0.15, seed=3)) as server:
        words = run_words(server, "scenario=fishery,pasture,pollution", "condition=default", "--json")
        shown = json.loads(manyminds(tmp_path, *words, check=0).stdout)
        faults = [entry[1] for entry in server.log if entry[1]]
    assert len(shown["results"]["rows"]) == 3
    assert all(row["ending"] in ("finished", "collapsed") for row in shown["results"]["rows"])
    transport = sum(kind in ("429", "500", "cut", "malformed") for kind in faults)
    assert sum(shown["usage"]["faults"].values()) == transport > 0


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(20))
def test_killed_and_resumed_is_as_if_undisturbed(tmp_path, undisturbed, moment):
    killed_and_resumed(tmp_path, undisturbed, 0.8 + 1.4 * Random(moment).random())


def test_killed_once_and_resumed(tmp_path, undisturbed):
    killed_and_resumed(tmp_path, undisturbed, 1.3)


def killed_and_resumed(folder, undisturbed, after):
    with serving(reply, delay=0.02) as server:
        doing = subprocess.Popen([*PROGRAM, *run_words(server)], cwd=folder, stdout=subprocess.DEVNULL)
        time.sleep(after)
        os.kill(doing.pid, signal.SIGKILL)
        doing.wait()
        if not (folder / "manyminds.db").exists():
            pytest.skip("killed before the run began")
        with Store(folder / "manyminds.db") as store:
            if not store.runs():
                pytest.skip("killed before the run began")
            run = store.runs()[0].id
            kept = store.counted_calls(run)
        before = [entry[0] for entry in server.log]
        manyminds(folder, "resume", run, check=0)
        again = [entry[0] for entry in server.log[len(before) :]]
    results, events = transcript(folder)
    assert normal(results) == undisturbed[1]
    assert len(before) - kept <= 16  # only calls in flight were lost
    with Store(folder / "manyminds.db") as store:
        assert len(again) == store.counted_calls(run) - kept  # and nothing on the record was asked again
    assert sorted(map(repr, spoken(events))) == sorted(map(repr, spoken(undisturbed[2])))


@pytest.mark.parametrize("concurrency", ["1", "64"])
def test_concurrency_changes_nothing(tmp_path, undisturbed, concurrency):
    with serving(reply) as server:
        manyminds(tmp_path, *run_words(server, "--concurrency", concurrency), check=0)
    results, events = transcript(tmp_path)
    assert normal(results) == undisturbed[1]
    assert sorted(map(repr, spoken(events))) == sorted(map(repr, spoken(undisturbed[2])))


def test_a_spent_budget_stops_and_a_bigger_one_goes_on(tmp_path, undisturbed):
    with serving(reply) as server:
        stopped = manyminds(tmp_path, *run_words(server, "--budget", "10calls"), check=3)
        assert "budget" in stopped.stderr and "manyminds resume" in stopped.stderr
        run = json.loads(manyminds(tmp_path, "runs", "--json").stdout)["runs"][0]["id"]
        manyminds(tmp_path, "resume", run, "--budget", "100000calls", check=0)
    assert normal(transcript(tmp_path)[0]) == undisturbed[1]


NONSENSE = {
    "paper": (["run", "govsm"], "did you mean 'govsim'"),
    "setting": (["run", "govsim", "month=3"], "did you mean 'months'"),
    "value": (["run", "govsim", "months=0"], "greater than or equal to 1"),
    "seat": (["run", "govsim", "seats=greedi"], "did you mean 'greedy'"),
    "model": (["run", "govsim", "model=gpt"], "openai/NAME"),
    "endpoint": (["run", "govsim", "model=http://127.0.0.1:9/v1#m"], "is it running"),
    "store": (["run", "govsim", "--store", "no/such/folder/x.db"], "does not exist"),
    "budget": (["run", "govsim", "--budget", "lots"], "is not clear"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_one_sentence_and_writes_nothing(tmp_path, case):
    words, said = NONSENSE[case]
    done = manyminds(tmp_path, *words, check=2)
    assert said in done.stderr and done.stderr.count("\n") == 1 and not done.stdout
    runs = json.loads(manyminds(tmp_path, "runs", "--json").stdout)["runs"]
    assert runs == [] and not (tmp_path / "runs").exists()


def test_a_corrupt_store_and_a_newer_one(tmp_path):
    (tmp_path / "manyminds.db").write_bytes(b"not a database at all")
    assert "not a database" in manyminds(tmp_path, "runs", check=2).stderr
    (tmp_path / "manyminds.db").unlink()
    manyminds(tmp_path, "runs", check=0)
    import sqlite3

    with sqlite3.connect(tmp_path / "manyminds.db") as db:
        db.execute("UPDATE meta SET version = 99")
    db.close()
    assert "newer" in manyminds(tmp_path, "runs", check=2).stderr


def test_help_is_quick_to_import():
    heavy = "{'jax', 'openai', 'sqlalchemy', 'scipy', 'torch', 'pandas'}"
    code = f"import sys, manyminds.lab.command; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
