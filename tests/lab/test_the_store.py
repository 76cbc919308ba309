"""The store keeps what it says, and refuses what it cannot use without touching it."""

import os
import sqlite3
from time import perf_counter

import pytest

from manyminds.core import BadInput, Happening
from manyminds.lab.store import Store
from manyminds.models.request import Completion, Usage


def test_events_are_not_doubled(store):
    lines = [Happening("a", 0, 0, "said", "x", {"n": 1}), Happening("a", 1, 0, "said")]
    store.add_events("r", lines)
    store.add_events("r", [*lines, Happening("a", 2, 1, "said")])
    assert [line.index for line in store.events("r")] == [0, 1, 2]
    assert store.events("r")[0] == lines[0]


def test_calls_outlive_the_recorder_and_are_quick(store, tmp_path):
    recorder, answer = store.recorder("r"), Completion("hello", Usage(3, 4, 0.5), logprobs=(("he", -0.1),))
    start = perf_counter()
    for k in range(200):
        recorder.put(str(k), {"model": "m"}, answer)
    assert (perf_counter() - start) / 200 < 0.005  # generous: a shared machine
    with Store(tmp_path / "store.db") as other:
        assert other.recorder("s").get("7") == answer and other.recorder("s").get("nothing") is None
        assert other.counted_calls("r") == 200


def test_a_recorded_answer_is_never_replaced(store):
    recorder = store.recorder("r")
    recorder.put("k", {"model": "m"}, Completion("first"))
    recorder.put("k", {"model": "m"}, Completion("second"))
    assert recorder.get("k").text == "first"


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
    path.write_bytes(path.read_bytes()[:100] + os.urandom(4000))
    with pytest.raises(BadInput, match="cannot be used"):
        Store(path)


def test_an_older_store_is_brought_up_to_date(tmp_path, monkeypatch):
    path = tmp_path / "store.db"
    with Store(path) as old:
        run = old.begin_run("p", "p", {}, 0, {})
    step = lambda connection: connection.exec_driver_sql("alter table runs add column mood text")  # noqa: E731
    monkeypatch.setattr("manyminds.lab.store.MIGRATIONS", (step,))
    for _ in range(2):  # a migration is taken once
        with Store(path) as new:
            assert new.run(run).id == run


@pytest.mark.postgres
def test_postgres_keeps_the_same():
    with Store(os.environ["MANYMINDS_TEST_POSTGRES"]) as store:
        run = store.begin_run("p", "p", {"a": [1]}, 2**70, {})
        store.add_events(run, [Happening("a", 0, 0, "said")] * 2)
        recorder = store.recorder(run)
        recorder.put(run, {"model": "m"}, Completion("x"))
        assert recorder.get(run) == Completion("x") and len(store.events(run)) == 1
        recorder.close()
        assert store.run(run).config == {"a": [1]} and store.run(run).seed == 2**70
