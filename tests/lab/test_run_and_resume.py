"""Runs over real HTTP: faults, concurrency, budgets, and death at any moment change nothing in what comes out."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
import sqlalchemy as sa
from server import seeded_faults, serving

from manyminds.lab.command import main
from manyminds.lab.schema import calls
from manyminds.lab.store import Store

PROGRAM = [sys.executable, "-c", "from manyminds.lab.command import main; main()"]
SMALL = ["runs=1", "months=3", "members=3", "condition=default,no talk"]
MOMENTS = 20
CONCURRENCY = 16


def reply(messages):
    """A scripted stand-in for a server: the answer depends on what was asked and on nothing else."""
    asked = messages[-1]["content"]  # the instruction names the fields of the answer
    if '"next_speaker"' in asked:
        return json.dumps({"response": "ten each", "conclude": "ten each" in asked, "next_speaker": "Kate"})
    if '"limit"' in asked:
        return json.dumps({"summary": "They agreed.", "limit": 10})
    if '"insights"' in asked:
        return json.dumps({"insights": ["restraint pays"], "plan": "take ten", "memorable": "we agreed"})
    return "I take my share.\nAnswer: 10"


class Listening:
    """A server that remembers what it answered completely, and can do something at its n-th request."""

    def __init__(self):
        self.answered, self.begun, self.at = [], 0, {}
        self.lock = threading.Lock()

    def reply(self, messages):
        with self.lock:
            self.answered.append(json.dumps(messages, sort_keys=True))
        return reply(messages)

    def plan(self, n, body):
        self.begun = n + 1
        act = self.at.pop(n, None)
        if act:
            act()


def run_words(server, *more):
    return ["run", "govsim", f"model={server.url}#m", *SMALL, *more]


def transcript(where, url):
    """Results and transcript of the newest run, without the server's port, which differs from run to run."""
    with Store(where) as store:
        run = store.runs()[0]
        lines = [
            (e.play.replace(url, ""), e.index, e.turn, e.kind, e.seat, e.data, e.text) for e in store.events(run.id)
        ]
        rows = [{**row, "society": ""} for row in run.results["rows"]]
        usage = {name: run.usage[name] for name in ("calls", "tokens", "money", "invalid_answers", "invalid")}
    return rows, sorted(lines, key=lambda line: line[:2]), usage


def asked_of(where, run):
    """What stands on the record of a run, as the server would have seen it."""
    with Store(where) as store, store.reading() as connection:
        found = connection.execute(sa.select(calls.c.request).where(calls.c.run == run)).scalars()
        return Counter(json.dumps(json.loads(request)["messages"], sort_keys=True) for request in found)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The transcript of a run that nothing disturbed, and what the server was asked in it."""
    folder, listening = tmp_path_factory.mktemp("undisturbed"), Listening()
    with serving(listening.reply, plan=listening.plan) as server:
        with pytest.raises(SystemExit) as left:
            main([*run_words(server), "--store", str(folder / "manyminds.db"), "--json"])
        assert left.value.code == 0
        return *transcript(folder / "manyminds.db", server.url), Counter(listening.answered)


def test_three_skins_over_a_faulty_server(command, monkeypatch):
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0)
    with serving(reply, plan=seeded_faults(0.15, seed=3)) as server:
        words = run_words(server, "scenario=fishery,pasture,pollution", "condition=default", "--json")
        code, out, _ = command(*words)
        faults = [entry[1] for entry in server.log if entry[1]]
    shown = json.loads(out)
    assert code == 0 and len(shown["results"]["rows"]) == 3
    assert all(row["ending"] in ("finished", "collapsed") for row in shown["results"]["rows"])
    transport = sum(kind in ("429", "500", "cut", "malformed") for kind in faults)
    assert sum(shown["usage"]["faults"].values()) == transport > 0
    assert shown["usage"]["invalid_answers"] > 0


# ---- killed


def killed_and_resumed(where, folder, undisturbed, moment):
    """Run, die at a moment, resume; whatever was on the record is not asked again and nothing else is missing."""
    listening, total = Listening(), undisturbed[3].total()
    with serving(listening.reply, plan=listening.plan, delay=0.01) as server:
        words = [*PROGRAM, *run_words(server, "--store", where)]
        doing = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        died = threading.Event()

        def kill():
            os.kill(doing.pid, signal.SIGKILL)
            died.set()

        wait = random.Random(moment).uniform(0, 0.015)  # before, while or after the server answers
        request = min(moment * total // (MOMENTS - 1), total - 1)  # the first and the last are among them
        listening.at[request] = threading.Timer(wait, kill).start
        doing.wait(timeout=120)
        assert died.wait(1) and doing.returncode == -signal.SIGKILL
        time.sleep(0.05)  # what the server is still answering
        with Store(where) as store:
            run = store.runs()[0]
        assert run.status == "running"
        kept, answered = asked_of(where, run.id), Counter(listening.answered)
        assert kept <= answered and (answered - kept).total() <= CONCURRENCY  # only calls in flight were lost
        with pytest.raises(SystemExit) as left:
            main(["resume", run.id, "--store", where, "--json"])
        assert left.value.code == 0
        again = Counter(listening.answered) - answered
        assert kept + again == undisturbed[3]  # nothing on the record was asked again, and nothing else was asked
        assert transcript(where, server.url) == undisturbed[:3]
    return kept.total() / total


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_at_any_moment_and_resumed_is_as_if_undisturbed(tmp_path, undisturbed, moment):
    share = killed_and_resumed(str(tmp_path / "store.db"), tmp_path, undisturbed, moment)
    assert abs(share - moment / (MOMENTS - 1)) < 0.3  # the moments are spread over the whole run


def test_killed_in_the_middle_and_resumed(tmp_path, undisturbed):
    killed_and_resumed(str(tmp_path / "store.db"), tmp_path, undisturbed, MOMENTS // 2)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.05, 0.3, 0.6])
def test_killed_before_the_first_call(tmp_path, undisturbed, after):
    """A store that is half made is finished by the next who opens it; a run that was begun can be resumed."""
    with serving(reply, delay=5) as server:
        doing = subprocess.Popen([*PROGRAM, *run_words(server)], cwd=tmp_path, stdout=subprocess.DEVNULL)
        time.sleep(after)
        os.kill(doing.pid, signal.SIGKILL)
        doing.wait()
    with Store(tmp_path / "manyminds.db") as store:
        assert all(run.status == "running" for run in store.runs())


@pytest.mark.postgres
@pytest.mark.parametrize("moment", [0, 7, 13, 19])
def test_killed_and_resumed_on_postgres(tmp_path, undisturbed, postgres, monkeypatch, moment):
    monkeypatch.chdir(tmp_path)
    killed_and_resumed(postgres, tmp_path, undisturbed, moment)


def test_terminated_is_written_down_and_resumable(tmp_path, undisturbed):
    listening, where = Listening(), str(tmp_path / "store.db")
    with serving(listening.reply, plan=listening.plan, delay=0.01) as server:
        words = [*PROGRAM, *run_words(server, "--store", where)]
        doing = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        listening.at[5] = lambda: os.kill(doing.pid, signal.SIGTERM)
        said = doing.communicate(timeout=60)[1]
        with Store(where) as store:
            run = store.runs()[0]
        assert doing.returncode == 130 and run.status == "interrupted"
        assert f"manyminds resume {run.id}" in said and said.count("\n") == 2
        with pytest.raises(SystemExit) as left:
            main(["resume", run.id, "--store", where, "--json"])
        assert left.value.code == 0 and transcript(where, server.url) == undisturbed[:3]


# ---- how much at once, and for how much


@pytest.mark.parametrize("concurrency", ["1", "8", "64"])
def test_concurrency_changes_nothing(command, tmp_path, undisturbed, concurrency):
    with serving(reply) as server:
        assert command(*run_words(server, "--concurrency", concurrency))[0] == 0
        assert server.most_in_flight <= int(concurrency)
        assert transcript(tmp_path / "manyminds.db", server.url) == undisturbed[:3]


def test_a_spent_budget_stops_and_a_bigger_one_goes_on(command, tmp_path, undisturbed):
    listening = Listening()
    with serving(listening.reply) as server:
        for budget in ("10 calls", "4k tokens"):
            stopped = json.loads(command(*run_words(server, "--budget", budget, "--json"))[1])
            assert stopped["status"] == "budget" and stopped["usage"]["calls"] < undisturbed[3].total()
        code, _, err = command("resume", stopped["run"], "--budget", "5k tokens")
        assert code == 3 and "budget" in err and f"manyminds resume {stopped['run']}" in err
        assert command("resume", stopped["run"], "--budget", "1M tokens, 1000 calls")[0] == 0
        assert Counter(listening.answered) == undisturbed[3]  # both runs have one seed, so the second pays for the rest
        assert transcript(tmp_path / "manyminds.db", server.url)[:2] == undisturbed[:2]


def test_a_run_at_work_is_left_alone(tmp_path, command):
    listening, begun = Listening(), threading.Event()
    with serving(listening.reply, plan=listening.plan, delay=0.2) as server:
        listening.at[0] = begun.set
        doing = subprocess.Popen([*PROGRAM, *run_words(server)], cwd=tmp_path, stdout=subprocess.DEVNULL)
        assert begun.wait(60)
        run = json.loads(command("runs", "--json")[1])["runs"][0]["id"]
        code, out, err = command("resume", run, "--json")
        os.kill(doing.pid, signal.SIGKILL)
        doing.wait()
        assert code == 2 and out == "" and "another process" in err and err.count("\n") == 1
