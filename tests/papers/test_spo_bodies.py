"""Bodies of gymnasium from the command line: a cheap one learns and resumes, and what is missing is said before."""

import json

import gymnasium
import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.lab.command import main
from manyminds.papers.spo import bodies
from manyminds.worlds.control import gymnasium_episodes

SILENT = ("matrices=2", "size=6", "rounds=1000", "seeds=2", "walk_iterations=0", "flight_iterations=0")
SHORT = ("locomotion=Pendulum-v1", "locomotion_limit=8", "locomotion_iterations=2", "locomotion_updates=2")


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return left.value.code, capsys.readouterr()


def test_a_pendulum_learns_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out = said(capsys, "run", "spo", *SILENT, *SHORT, "flight_methods=self-play,true reward", "--json")
    rows = json.loads(out.out)["results"]["bodies"]
    assert code == 0 and [(row["method"], row["seed"]) for row in rows] == [
        ("self-play", 0), ("self-play", 1), ("true reward", 0), ("true reward", 1)]  # fmt: skip
    assert rows[0]["comparisons"] == 2 * 4 * 10 and rows[2]["comparisons"] == 0
    assert all(row["steps"] == 2 * 4 * 8 and len(row["curve"]) == 2 and len(row["returns"]) == 16 for row in rows)


def test_a_body_that_was_killed_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(bodies, "EVERY", 1)
    whole, parts = Checkpoint(tmp_path / "a"), Checkpoint(tmp_path / "b")
    options = ("Pendulum-v1", "noisy", "reward model", 0, Seeds(1), 3, 8, 2, 0.2)
    straight = bodies.moved(*options, whole)

    real, calls = bodies.learning.iterated, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(bodies.learning, "iterated", killed)
    with pytest.raises(KeyboardInterrupt):
        bodies.moved(*options, parts)
    assert bodies.moved(*options, parts) == straight and len(calls) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("locomotion=CartPole-v1",), "only a box"),
        (("locomotion=Nowhere-v0",), "has no environment"),
        (("locomotion=Pendulum-v1", "families=regions"), "return and noisy"),
        (("locomotion=Pendulum-v1", "flight_methods=duel"), "do not duel"),
    ],
)
def test_what_cannot_learn_is_refused_at_once(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out = said(capsys, "run", "spo", *SILENT, *words)
    assert code == 2 and message in out.err


def test_a_missing_simulator_is_named(tmp_path, monkeypatch, capsys):
    def refused(name):
        raise gymnasium.error.DependencyNotInstalled("no mujoco")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gymnasium, "make", refused)
    code, out = said(capsys, "run", "spo", *SILENT, "locomotion=Hopper-v5")
    assert code == 2 and "Hopper-v5 needs MuJoCo: pip install 'gymnasium[mujoco]'" in " ".join(out.err.split())


def test_sizes_are_those_of_the_environment():
    size, actions = gymnasium_episodes.sizes("Pendulum-v1")
    assert (size, actions.size, actions.low, actions.high) == (3, 1, -2.0, 2.0)


def test_uneven_bounds_are_refused():
    class Uneven(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (1,))
        action_space = gymnasium.spaces.Box(np.array([-1.0, -2.0], np.float32), np.array([1.0, 2.0], np.float32))

    gymnasium.register("Uneven-v0", Uneven, disable_env_checker=True)
    with pytest.raises(BadInput, match="same"):
        gymnasium_episodes.sizes("Uneven-v0")
