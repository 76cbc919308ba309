"""Checkpoints come back as they were, are whole whenever a process dies, and never run what a file holds."""

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.core.checkpoints import Checkpoint, described


def tree():
    net = eqx.nn.MLP(3, 2, 4, 1, key=jax.random.key(0))
    return {"net": net, "half": jnp.ones(3, jnp.bfloat16), "step": 7, "key": jax.random.key(5), "host": np.arange(4)}


def zeros(like):
    return jax.tree.map(lambda leaf: leaf * 0 if isinstance(leaf, (int, np.ndarray)) else leaf, like)


def test_every_kind_of_leaf_comes_back(tmp_path):
    place, kept = Checkpoint(tmp_path / "deep" / "a.ckpt"), tree()
    assert place.load(kept) is None
    place.save(kept)
    found = place.load(zeros(tree()))
    assert (found["step"], found["half"].dtype) == (7, jnp.bfloat16)
    assert (found["host"] == np.arange(4)).all() and found["key"] == jax.random.key(5)
    x = jnp.ones(3)
    assert (found["net"](x) == kept["net"](x)).all()
    assert [path.name for path in place.path.parent.iterdir()] == ["a.ckpt"]
    place.remove()
    assert place.load(kept) is None


def test_another_shape_another_file_and_a_damaged_one_are_named(tmp_path):
    place = Checkpoint(tmp_path / "a.ckpt")
    place.save({"w": jnp.ones(3)})
    for other in ({"w": jnp.ones(4)}, {"w": jnp.ones(3, jnp.int32)}, {"v": jnp.ones(3)}):
        with pytest.raises(BadInput, match="another shape"):
            place.load(other)
    place.path.write_bytes(place.path.read_bytes()[:-5])
    with pytest.raises(BadInput, match="damaged"):
        place.load({"w": jnp.ones(3)})
    place.path.write_bytes(b"something else")
    with pytest.raises(BadInput, match="not a checkpoint"):
        place.load({"w": jnp.ones(3)})


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_a_pickle_inside_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place, like = Checkpoint(tmp_path / "a.ckpt"), {"w": jnp.ones(1)}
    place.save(like)
    head = place.path.read_bytes().split(b"\n")[0]
    array = tmp_path / "object.npy"
    np.save(array, np.array([Bomb()], dtype=object), allow_pickle=True)
    for poison in (pickle.dumps(Bomb()), array.read_bytes()):
        place.path.write_bytes(head + b"\n" + poison)
        with pytest.raises(BadInput, match="damaged"):
            place.load(like)
    assert not (tmp_path / "exploded").exists()


def test_the_fingerprint_is_the_same_in_every_process():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_checkpoints as t; print(t.described(t.tree()))"
    words = [sys.executable, "-c", code, str(Path(__file__).parent)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == described(tree())


WRITER = """
import sys, numpy as np
from pathlib import Path
from manyminds.core.checkpoints import Checkpoint
place, n = Checkpoint(Path(sys.argv[1])), 0
while True:
    place.save({"a": np.full(200_000, n), "b": np.full(200_000, n), "n": n})
    n += 1
    print(n, flush=True)
"""


def test_killed_while_writing_leaves_one_whole_checkpoint(tmp_path):
    place, like = Checkpoint(tmp_path / "a.ckpt"), {"a": np.zeros(200_000, int), "b": np.zeros(200_000, int), "n": 0}
    rng, middle = random.Random(0), 0
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(place.path)], stdout=subprocess.PIPE, text=True)
    writer.stdout.readline()
    while middle < 5:  # five times in the middle of writing, and the fifth time it dies there
        time.sleep(rng.uniform(0, 0.01))
        os.kill(writer.pid, signal.SIGSTOP)
        middle += any(path.suffix == ".part" for path in tmp_path.iterdir())
        if middle == 5:
            os.kill(writer.pid, signal.SIGKILL)
        found = place.load(like)
        assert (found["a"] == found["n"]).all() and (found["b"] == found["n"]).all()
        os.kill(writer.pid, signal.SIGCONT)
    last = int((writer.communicate()[0].split() or [1])[-1])
    assert place.load(like)["n"] >= last - 1  # what was said to be kept is kept
    assert len(list(tmp_path.iterdir())) == 2  # a part lies about
    place.save(like)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]  # until the next one is kept


def test_the_head_is_readable(tmp_path):
    Checkpoint(tmp_path / "a.ckpt").save({"w": jnp.ones(3)})
    assert json.loads((tmp_path / "a.ckpt").read_bytes().split(b"\n")[0])["form"] == "manyminds checkpoint 1"
