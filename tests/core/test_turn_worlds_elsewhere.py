"""Turn worlds as environments of PettingZoo: their own tests pass, and a play there is a play here."""

import asyncio
import contextlib
import io
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("pettingzoo")

from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

from manyminds.core import BadInput, Choice, NoAnswer, Real, Seeds, Text, Trajectory, View, Whole, play
from manyminds.core.interop.pettingzoo import parallel_env, turns_env
from manyminds.core.interop.sitting import Answers, Numbers, numbers_in
from manyminds.worlds.games.commons import Commons

NAMES = ("Ann", "Bob", "Cid")


def catch(before, after):
    """What each took this month."""
    return after.takes[-1] if len(after.takes) > len(before.takes) else {}


def aec(**form):
    return turns_env(Commons(NAMES, months=4), NAMES, reward=catch, **form)


def parallel(**form):
    return parallel_env(Commons(NAMES, months=4), NAMES, reward=catch, **form)


@contextlib.contextmanager
def their_remarks():
    """Their tests print, and warn of what they merely advise."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("silence", [False, True])
def test_their_api_tests_pass(silence):
    with their_remarks():
        api_test(aec(silence=silence), num_cycles=100)
        parallel_api_test(parallel(silence=silence), num_cycles=100)


def test_their_seed_tests_pass():
    with their_remarks():
        seed_test(aec, num_cycles=50)
        parallel_seed_test(parallel, num_cycles=50)


@dataclass(frozen=True)
class Takes:
    """Takes a number drawn from its own stream, too much now and then."""

    async def act(self, view):
        return view.seeds("wish").randrange(40)


def wishes_of(lines):
    return [line.data["wanted"] for line in lines if line.kind == "harvest"]


def outcome_by_hand(env, drawn):
    """Play an AEC environment with the wishes of another play."""
    env.reset(seed=5)
    total = dict.fromkeys(NAMES, 0.0)
    for month in drawn:
        for name in NAMES:
            assert env.agent_selection == name
            env.step(month[name])
    while env.agents:
        agent = env.agent_selection
        total[agent] += env.last()[1]
        env.step(None)
    return env.learners.sitting, total


def test_a_play_there_is_the_play_here():
    world, record = Commons(NAMES, months=4), Trajectory()
    here = asyncio.run(play(world, dict.fromkeys(NAMES, Takes()), Seeds(5), record)).outcome
    drawn = wishes_of(record)
    there, _ = outcome_by_hand(aec(), drawn)
    assert world.outcome(there.state) == here
    env = parallel()
    env.reset(seed=5)
    totals = dict.fromkeys(NAMES, 0.0)
    for month in drawn:
        _, rewards, ended, cut, _ = env.step(month)
        totals = {name: totals[name] + rewards[name] for name in NAMES}
    assert world.outcome(env.learners.sitting.state) == here
    assert totals == here.gains and all(ended.values()) and not any(cut.values()) and env.agents == []


def test_nobody_sees_what_another_has_just_answered():
    env = aec()
    env.reset(seed=1)
    before = {name: env.observe(name).copy() for name in NAMES}
    env.step(30)
    assert all((env.observe(name) == before[name]).all() for name in NAMES)


def test_silence_reaches_the_world_as_no_answer():
    env = parallel(silence=True)
    env.reset(seed=0)
    env.step(dict.fromkeys(NAMES, 101))
    assert env.learners.sitting.state.silent == 3
    env.step({NAMES[0]: 1})  # two say nothing at all
    assert env.learners.sitting.state.silent == 5


def test_a_limit_of_turns_cuts_and_does_not_end():
    env = parallel_env(Commons(NAMES), NAMES, turns=2)
    env.reset(seed=0)
    env.step(dict.fromkeys(NAMES, 1))
    _, _, ended, cut, _ = env.step(dict.fromkeys(NAMES, 1))
    assert all(cut.values()) and not any(ended.values()) and env.agents == []


def test_episodes_differ_and_come_again_with_the_seed():
    @dataclass(frozen=True)
    class Dice:
        def reset(self, rng):
            return (rng.random(),)

        def observe(self, state):
            return {"one": View(state, "", Whole(0, 1))} if len(state) < 3 else {}

        def step(self, state, answers, rng):
            return (*state, rng.random()), []

        def outcome(self, state):
            return state

    def three(env):
        seen = []
        for seed in (3, None, None):
            env.reset(seed=seed)
            while env.agents:
                env.step({"one": 0})
            seen.append(env.learners.sitting.state)
        return seen

    env = parallel_env(Dice(), ["one"])
    first = three(env)
    assert len(set(first)) == 3 and three(env) == first


def test_masks_say_what_is_legal():
    env = aec(silence=True)
    env.reset(seed=0)
    for name in NAMES:
        assert env.infos[name]["action_mask"].sum() == 102
        env.step(20)
    mask = env.infos[NAMES[0]]["action_mask"]  # 40 are left, and they double
    assert mask[:81].all() and not mask[81:-1].any() and mask[-1]


def test_answers_and_numbers():
    assert Answers(Whole(3, 5)).answer(2) == 5 and Answers(Choice(("a", "b"))).answer(0) == "a"
    assert isinstance(Answers(Choice(("a", "b")), silence=True).answer(2), NoAnswer)
    assert Answers(Real(0, 1)).answer(np.array([0.25])) == 0.25
    assert isinstance(Answers(Real(0, 1), silence=True).answer([np.nan]), NoAnswer)
    for unfit in (Text(), Real()):
        with pytest.raises(BadInput, match="name an action"):
            Answers(unfit)
    assert numbers_in({"a": (1, None, "x"), "b": [True, 2.5]}) == [1, -1, 1, 2.5]
    with pytest.raises(BadInput, match="Numbers"):
        Numbers(1)(View((1, 2), "", Whole(0, 1)))
