"""Runs of arrays: pieces and checkpoints, killed in the middle and gone on with where they were."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from manyminds.lab.notebook import load_run

TRAINING = '''"""A sum over steps that takes its time, with a checkpoint after each of them and two pieces before."""

import time
from pathlib import Path

import jax.numpy as jnp

from manyminds.core import Paper, PaperConfig, PaperResults


class Results(PaperResults):
    total: float
    pieces: tuple[float, ...]


def note(what):
    with Path("log.txt").open("a") as file:
        file.write(f"{what}\\n")


async def run(config, lab):
    def piece(k):
        note(f"piece {k}")
        return float(lab.seeds.numpy("piece", k).normal())

    pieces = [await lab.once(f"piece {k}", lambda k=k: piece(k)) for k in range(2)]
    place = lab.checkpoint("training, main/net")
    state = place.load({"sum": jnp.zeros(1000), "step": 0}) or {"sum": jnp.zeros(1000), "step": 0}
    while state["step"] < 12:
        note(f"step {state['step']}")
        draw = lab.seeds.numpy("step", state["step"]).normal(size=1000)
        state = {"sum": state["sum"] + draw, "step": state["step"] + 1}
        time.sleep(0.02)
        place.save(state)
    return Results(total=float(state["sum"].sum()), pieces=tuple(pieces))


PAPER = Paper("training", "Training", "none", PaperConfig, Results, run, ())
'''
PROGRAM = [sys.executable, "-c", "from manyminds.lab.command import main; main()"]


def test_a_killed_training_goes_on_at_its_checkpoint(command, tmp_path):
    (tmp_path / "training.py").write_text(TRAINING)
    whole = json.loads(command("run", "training.py", "--seed", "3", "--json")[1])
    assert whole["files"] == []  # a checkpoint is nothing for the reader
    log = tmp_path / "log.txt"
    log.unlink()
    doing = subprocess.Popen([*PROGRAM, "run", "training.py", "--seed", "3"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    while not log.exists() or "step 5" not in log.read_text():
        assert doing.poll() is None
        time.sleep(0.005)
    os.kill(doing.pid, signal.SIGKILL)
    doing.wait()
    run = json.loads(command("runs", "--json")[1])["runs"]
    (killed,) = [one["id"] for one in run if one["status"] == "running"]
    code, out, _ = command("resume", killed, "--json")
    assert code == 0 and json.loads(out)["results"] == whole["results"]
    lines = log.read_text().split("\n")[:-1]
    assert sorted(set(lines)) == sorted([f"piece {k}" for k in range(2)] + [f"step {k}" for k in range(12)])
    assert len(lines) - len(set(lines)) <= 1  # at most the step that it died in was done again


def test_a_checkpoint_of_other_settings_is_refused_in_a_sentence(command, tmp_path):
    (tmp_path / "training.py").write_text(TRAINING)
    run = json.loads(command("run", "training.py", "--json")[1])["run"]
    (place,) = (tmp_path / "runs" / run / "checkpoints").iterdir()
    assert place.name == "training%2C main%2Fnet.ckpt"
    place.write_bytes(b"something else")
    from manyminds.core.checkpoints import Checkpoint

    with pytest.raises(Exception, match="not a checkpoint"):
        Checkpoint(place).load({})
    assert load_run(run).results is not None
