"""Nonsense of every kind: one sentence, exit code 2, nothing half-written."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

NONSENSE = {
    "paper": (("run", "govsm"), "did you mean 'govsim'"),
    "paper of another version": (("run", "adas"), "not in this version"),
    "file": (("run", "nowhere.py"), "there is no file nowhere.py"),
    "setting": (("run", "govsim", "month=3"), "did you mean 'months'"),
    "no setting": (("run", "govsim", "months"), "key=value"),
    "value": (("run", "govsim", "months=0"), "greater than or equal to 1"),
    "another kind of value": (("run", "govsim", "months=many"), "months='many' cannot be"),
    "alternative": (("run", "govsim", "months=3|0"), "greater than or equal to 1"),
    "seat": (("run", "govsim", "seats=greedi"), "did you mean 'greedy'"),
    "model": (("run", "govsim", "model=gpt"), "openai/NAME"),
    "model without a name": (("run", "govsim", "model=http://localhost:1/v1"), "#NAME"),
    "script": (("run", "govsim", "model=scripted:nobody"), "nobody"),
    "endpoint": (("run", "govsim", "model=http://127.0.0.1:9/v1#m"), "is it running"),
    "endpoint to verify": (("verify", "govsim", "--model", "http://127.0.0.1:9/v1#m"), "is it running"),
    "folder of the store": (("run", "govsim", "--store", "no/such/folder/x.db"), "does not exist"),
    "kind of store": (("run", "govsim", "--store", "mysql://somewhere/x"), "is not known"),
    "store out of reach": (("run", "govsim", "--store", "postgresql://nobody@127.0.0.1:9/x"), "cannot be used"),
    "budget": (("run", "govsim", "--budget", "lots"), "is not clear"),
    "seeds": (("run", "govsim", "--seeds", "few"), "0,1,2 or 0-9"),
    "configuration": (("run", "govsim", "--config", "nowhere.toml"), "nowhere.toml cannot be read"),
    "run": (("resume", "govsim-000000"), "unknown run"),
    "export": (("export", "x", "--to", "x.csv"), ".jsonl or .parquet"),
    "command": (("rum",), "rum"),
    "option": (("run", "govsim", "--sed", "1"), "--sed"),
    "place": (("run", "govsim", "--on", "moon"), "moon"),
    "grouping": (("list", "--by", "rom"), "did you mean 'room'"),
    "root": (("page", "."), "README.md"),
}

NOISE = Random(0)


def one_sentence(err, said):
    return said in err and err.startswith("manyminds: ") and err.count("\n") == 1


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_one_sentence_and_writes_nothing(command, tmp_path, case):
    words, said = NONSENSE[case]
    code, out, err = command(*words)
    assert code == 2 and out == "" and one_sentence(err, said), err
    if (tmp_path / "manyminds.db").exists():
        assert json.loads(command("runs", "--json")[1]) == {"runs": []}
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} <= {"manyminds.db"}


def test_it_leaves_with_two_as_a_program_too(tmp_path):
    words = [sys.executable, "-c", "from manyminds.lab.command import main; main()", "run", "govsm"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and one_sentence(done.stderr, "did you mean 'govsim'")


def test_a_store_that_cannot_be_written(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "kept.db").write_bytes(b"")
    (folder / "kept.db").chmod(0o400)
    folder.chmod(0o500)
    try:
        for name in ("new.db", "kept.db"):
            done = without_privileges("run", "govsim", "--store", str(folder / name))
            assert done.returncode == 2 and done.stdout == "" and one_sentence(done.stderr, "cannot be written")
        assert [path.name for path in folder.iterdir()] == ["kept.db"] and (folder / "kept.db").stat().st_size == 0
    finally:
        folder.chmod(0o700)


POWERLESS = """
import ctypes, os, sys
if os.geteuid() == 0:  # root writes everywhere, unless it gives up the capability to do so
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, none) == 0
from manyminds.lab.command import main
main(sys.argv[1:])
"""


def without_privileges(*words):
    """The program as a user who may do only what the folders allow."""
    return subprocess.run([sys.executable, "-c", POWERLESS, *words], capture_output=True, text=True)


def test_a_store_that_is_a_folder_or_something_else(command, tmp_path):
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "text.db").write_text("not a database, but longer than its header would be")
    with sqlite3.connect(tmp_path / "foreign.db") as db:
        db.execute("CREATE TABLE birds (name)")
    db.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    said = {"folder.db": "is a folder", "text.db": "not a database", "foreign.db": "another program"}
    for name, sentence in said.items():
        code, out, err = command("run", "govsim", "--store", name)
        assert code == 2 and out == "" and one_sentence(err, sentence), err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_newer_store_and_a_corrupt_one(command, tmp_path):
    path = tmp_path / "manyminds.db"
    command("runs")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET version = 99")
    db.close()
    code, out, err = command("run", "govsim")
    assert code == 2 and out == "" and one_sentence(err, "newer")
    whole = path.read_bytes()
    for broken in (
        whole[:100] + NOISE.randbytes(4000),
        whole[: len(whole) // 2],
        whole[:5000] + NOISE.randbytes(len(whole)),
    ):
        path.write_bytes(broken)
        code, out, err = command("run", "govsim")
        assert code == 2 and out == "" and one_sentence(err, ""), err
    assert not (tmp_path / "runs").exists()


def test_a_store_that_breaks_later_is_named_too(command, tmp_path, guessing):
    path = tmp_path / "manyminds.db"
    run = json.loads(command("run", guessing, "--json")[1])["run"]
    content = bytearray(path.read_bytes())
    for page in range(3, len(content) // 4096):  # the schema is whole, what it leads to is not
        content[page * 4096 : page * 4096 + 64] = NOISE.randbytes(64)
    path.write_bytes(content)
    code, out, err = command("report", run)
    assert code == 2 and out == "" and one_sentence(err, "cannot be used"), err


def test_a_full_disk_or_a_lost_store_ends_a_run_with_a_sentence(command, tmp_path, guessing, monkeypatch):
    import sqlalchemy as sa

    from manyminds.lab.store import Store

    def full(*_):
        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(Store, "add_events", full)
    code, out, err = command("run", guessing)
    assert code == 2 and out == "" and one_sentence(err, "disk is full")


def test_a_paper_that_is_no_paper(command, tmp_path):
    cases = {"def f(:": "line 1", "x = 1": "has no PAPER", "import nothing_like_it": "nothing_like_it"}
    for text, said in cases.items():
        (tmp_path / "mine.py").write_text(text)
        code, out, err = command("run", "mine.py")
        assert code == 2 and out == "" and one_sentence(err, said), err
    assert not Path("manyminds.db").exists()
