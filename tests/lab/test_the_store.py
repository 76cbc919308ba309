"""The store keeps what it says, and refuses what it cannot use without touching it."""

import asyncio
import sqlite3
import subprocess
import sys
from random import Random

import pytest

from manyminds.core import BadInput, Happening, Seeds, Verdict
from manyminds.lab.laboratory import Laboratory
from manyminds.lab.schema import MIGRATIONS
from manyminds.lab.store import Store
from manyminds.models.door import Door
from manyminds.models.request import Completion, Usage

NOISE = Random(0)


def test_events_are_not_doubled(store):
    lines = [Happening("a", 0, 0, "said", "x", {"n": 1}), Happening("a", 1, 0, "said")]
    store.add_events("r", lines)
    store.add_events("r", [*lines, Happening("a", 2, 1, "said")])
    assert [line.index for line in store.events("r")] == [0, 1, 2]
    assert store.events("r")[0] == lines[0]


def test_calls_outlive_the_recorder(store, address):
    recorder, answer = store.recorder("r"), Completion("hello \0", Usage(3, 4, 0.5), logprobs=(("he", -0.1),))
    for k in range(200):
        recorder.put(str(k), {"model": "m"}, answer)
    with Store(address) as other:
        reader = other.recorder("s")
        assert reader.get("7") == answer and reader.get("nothing") is None
        assert other.counted_calls("r") == 200
        reader.close()
    recorder.close()


def test_two_writers_wait_for_each_other(store, address):
    """Many processes write to one store; none of them fails because another was faster."""
    words = [sys.executable, "-c", WRITER, address]
    writers = [subprocess.Popen([*words, str(k)], stderr=subprocess.PIPE, text=True) for k in range(3)]
    assert [writer.communicate()[1] for writer in writers] == [""] * 3
    assert [store.counted_calls(str(k)) for k in range(3)] == [100] * 3 and len(store.events("shared")) == 100


WRITER = """
import sys
from manyminds.core import Happening
from manyminds.lab.store import Store
from manyminds.models.request import Completion
with Store(sys.argv[1]) as store:
    recorder = store.recorder(sys.argv[2])
    for k in range(100):
        recorder.put(f"{sys.argv[2]}/{k}", {"model": "m"}, Completion("x"))
        store.add_events("shared", [Happening("p", k, 0, "said")])
    recorder.close()
"""


def test_metrics_and_verdicts_replace_earlier_ones(store):
    for value in (1.0, 2.0):
        store.add_metrics("r", {"gain": value, "lost": float("nan")})
        store.add_verdicts("r", [Verdict("c", "s", "w", "1", value, None, None, 1, "nothing", "holds")])
    assert store.metrics("r") == {"gain": 2.0, "lost": None} and store.metrics("s") == {}
    assert [verdict.measured for verdict in store.verdicts("r")] == [2.0]


def test_what_minds_say_is_kept_whatever_it_holds(store):
    said = "nul \0, quotes ' \" and \U0001f41f"
    store.add_events("r", [Happening("a", 0, 0, "said", "x", {"answer": said}, said)])
    (line,) = store.events("r")
    assert line.data == {"answer": said} and line.text == said.replace("\0", "\ufffd")


def test_a_sweep_is_written_whole_and_in_order(store):
    names = store.begin_runs("p", "p", [({"n": n}, seed) for n in range(6) for seed in range(2)], {}, "p-sweep")
    assert [run.id for run in store.sweep("p-sweep")] == names == [f"p-sweep-{k}" for k in range(12)]
    assert store.is_sweep("p-sweep") and not store.is_sweep(names[0])
    assert {run.status for run in store.runs("p")} == {"waiting"}
    with pytest.raises(BadInput, match="'p-sweep'"):
        store.sweep("p-sweap")


def test_a_recorded_answer_is_never_replaced(store):
    recorder = store.recorder("r")
    recorder.put("k", {"model": "m"}, Completion("first"))
    recorder.put("k", {"model": "m"}, Completion("second"))
    assert recorder.get("k").text == "first"
    recorder.close()


def test_a_finished_piece_is_computed_once(store, tmp_path):
    done = []

    def work():
        done.append(1)
        return {"gap": float("inf"), "rows": [1, 2]}

    def laboratory():
        return Laboratory(store, "r", Seeds(0), tmp_path, Door())

    first = asyncio.run(laboratory().once("cell", work))
    assert first == asyncio.run(laboratory().once("cell", work)) == {"gap": "Infinity", "rows": [1, 2]}
    assert len(done) == 1 and list(store.pieces("r")) == ["cell"] and store.pieces("s") == {}


def test_any_integer_is_a_seed(store):
    run = store.begin_run("p", "p", {}, 2**70, {})
    assert store.run(run).seed == 2**70 and store.run(run).status == "running"


def test_what_is_no_store_is_refused_untouched(tmp_path):
    text = tmp_path / "notes.db"
    text.write_text("not a database, but longer than its header would be")
    with pytest.raises(BadInput, match="not a database"):
        Store(text)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("create table birds (name)")
    connection.close()
    with pytest.raises(BadInput, match="another program"):
        Store(foreign)
    with pytest.raises(BadInput, match="is a folder"):
        Store(tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        Store(tmp_path / "no" / "store.db")
    with pytest.raises(BadInput, match="mysql"):
        Store("mysql://somewhere/else")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign.db", "notes.db"]


def test_a_newer_and_a_corrupt_store_are_refused(tmp_path):
    path = tmp_path / "store.db"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("update meta set version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(BadInput, match="schema 99"):
        Store(path)
    path.write_bytes(path.read_bytes()[:100] + NOISE.randbytes(4000))
    with pytest.raises(BadInput, match="cannot be used"):
        Store(path)


def test_an_older_store_is_brought_up_to_date(address, monkeypatch):
    with Store(address) as old:
        run = old.begin_run("p", "p", {}, 0, {})
    step = lambda connection: connection.exec_driver_sql("alter table runs add column mood text")  # noqa: E731
    monkeypatch.setattr("manyminds.lab.store.MIGRATIONS", (*MIGRATIONS, step))
    for _ in range(2):  # a migration is taken once
        with Store(address) as new:
            assert new.run(run).id == run


def test_a_store_of_the_first_schema_still_opens(tmp_path):
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST)
    connection.close()
    with Store(path) as store:
        assert store.run("p-1").sweep is None and store.pieces("p-1") == {}
        assert store.begin_runs("p", "p", [({}, 1)], {}, "p-2") == ["p-2-0"]


FIRST = """
CREATE TABLE meta (version INTEGER NOT NULL);
INSERT INTO meta VALUES (1);
CREATE TABLE runs (id TEXT NOT NULL PRIMARY KEY, paper TEXT NOT NULL, source TEXT NOT NULL, config JSON NOT NULL,
  seed TEXT NOT NULL, versions JSON NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, finished TEXT,
  results JSON, usage JSON, reason TEXT NOT NULL);
INSERT INTO runs VALUES ('p-1', 'p', 'p', '{}', '0', '{}', 'running', 'now', NULL, NULL, NULL, '');
"""


@pytest.mark.postgres
def test_postgres_refuses_a_newer_store_and_a_wrong_address(postgres):
    with Store(postgres) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("update meta set version = 99")
    with pytest.raises(BadInput, match="schema 99"):
        Store(postgres)
    with pytest.raises(BadInput, match="cannot be used"):
        Store(postgres.replace("/t", "/no"))


@pytest.mark.postgres
def test_the_command_line_on_postgres(command, postgres, guessing):
    import json

    code, out, _ = command(
        "run", guessing, "depth=1|2", "--seeds", "0,1", "--on", "processes", "--store", postgres, "--json"
    )
    found = json.loads(out)
    assert code == 0 and [run["status"] for run in found["runs"]] == ["done"] * 4
    assert command("report", found["runs"][0]["run"], "--store", postgres)[0] == 0
    assert len(json.loads(command("runs", "--store", postgres, "--json")[1])["runs"]) == 4
