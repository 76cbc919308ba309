"""The corners of the commons: empty pools, silent talkers, late comers, and what must stay hidden."""

import asyncio
import pickle
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.agents import commoners as rules
from manyminds.core import NoAnswer, Seeds, Trajectory, play
from manyminds.worlds.games.commons import CLERK, Commons, State

ABC = ("a", "b", "c")


def played(world, minds, record=None):
    agents = dict(zip(world.members, minds)) | {CLERK: rules.RuleClerk()}
    end = asyncio.run(play(world, agents, Seeds(3), record))
    assert end.ending == "finished", end.reason
    return end


def test_an_empty_pool_is_never_asked_about():
    assert played(Commons(ABC, full=0), [rules.Greedy()] * 3).turns == 0
    end = played(Commons(ABC, dead=0), [rules.Greedy()] * 3)
    assert (end.turns, end.outcome.months, end.outcome.alive) == (1, 1, False)


def test_taking_all_in_the_last_month_survives_by_months_and_leaves_nothing():
    end = played(Commons(ABC, months=1), [rules.Greedy()] * 3).outcome
    assert (end.months, end.left, end.alive) == (1, 0, False)


amounts = some.integers(0, 100)


@given(amounts, amounts, amounts, amounts, some.sampled_from(["harvest", "talk"]))
def test_closed_books_show_nothing_of_the_others(own, one, other, wish, phase):
    state = State(60, 1, phase, speaker="a", takes=({"a": own, "b": one},), wishes=({"a": own, "b": wish},))
    hidden = replace(state, takes=({"a": own, "b": other},), wishes=({"a": own, "b": 0},))
    shut = Commons(("a", "b"), talk=True, open_books=False)
    assert shut.observe(state)["a"] == shut.observe(hidden)["a"]


@dataclass(frozen=True)
class Leaks(Commons):
    """A broken world: the sight forgets that the books are closed."""

    def sight(self, state, member):
        return Commons.sight(replace(self, open_books=True), state, member)


def test_a_leaking_view_turns_ignorant_minds_into_matchers():
    """Vector `outsider at twenty`, closed books: month 3; a leak makes it month 2."""
    minds = [rules.Takes(20)] + [rules.Matches()] * 4
    shut = Commons(tuple("abcde"), open_books=False)
    assert played(shut, minds).outcome.months == 3
    assert played(Leaks(tuple("abcde"), open_books=False), minds).outcome.months == 2


def test_a_silent_speaker_passes_the_word_to_the_next_listed():
    world = Commons(ABC, talk=True)
    state = State(50, phase="talk", speaker="b", takes=({"a": 1, "b": 1, "c": 1},), pools=(53,))
    after, events = world.step(state, {"b": NoAnswer("timeout")}, Random(0))
    assert (after.speaker, after.silent, after.phase) == ("c", 1, "talk")
    assert events[0].data == {"speaker": "b", "reason": "timeout"}


def test_whoever_is_named_by_nobody_is_simply_not_heard():
    @dataclass(frozen=True)
    class Pair(rules.Takes):
        async def act(self, view):
            if not hasattr(view.data, "said") or hasattr(view.action, "low"):
                return await super().act(view)
            other = {"a": "b", "b": "a"}[view.seat]
            return {"response": "we two", "conclude": False, "next_speaker": other}

    lines = Trajectory()
    played(Commons(ABC, talk=True, months=1), [Pair(3)] * 3, lines)
    assert {line.data["speaker"] for line in lines if line.kind == "utterance"} == {"a", "b"}


def test_without_a_clerk_nobody_agrees_on_anything():
    end = played(Commons(ABC, talk=True, clerk=False, opening_meeting=True), [rules.Believes(n) for n in (5, 9, 7)])
    assert set(end.outcome.limits) == {None}
    with_clerk = played(Commons(ABC, talk=True, opening_meeting=True), [rules.Believes(n) for n in (5, 9, 7)])
    assert set(with_clerk.outcome.limits) == {7}


def test_who_comes_later_did_not_hear_the_report():
    world = Commons(ABC, joins={"c": 1})
    state = State(60, 1, takes=({"a": 9, "b": 8},))
    assert world.observe(state)["c"].data.catches == {} and world.observe(state)["a"].data.catches == {"a": 9, "b": 8}


def test_growth_and_cap_are_parameters():
    world = Commons(ABC, full=60, cap=90, growth=3)
    assert played(world, [rules.Takes(5)] * 3).outcome.pools[:3] == [60, 90, 90]


def test_talk_and_books_are_separate_switches():
    for talk in (False, True):
        for books in (False, True):
            lines = Trajectory()
            played(Commons(ABC, talk=talk, open_books=books, months=1), [rules.Takes(3)] * 3, lines)
            kinds = {line.kind for line in lines}
            assert (("utterance" in kinds), ("report" in kinds)) == (talk, books)


@pytest.mark.parametrize("mind", [rules.Greedy(), rules.Takes(3), rules.FairShare(), rules.Noisy(2.0), rules.Matches(),
                                  rules.Compensates(), rules.Universalises(), rules.Believes(4)])  # fmt: skip
def test_rules_can_be_sent_to_another_process(mind):
    assert pickle.loads(pickle.dumps(mind)) == mind and mind.kind == "rule"
    end = played(Commons(ABC, talk=True, months=2), [mind] * 3).outcome
    assert end.clipped == 0 and end.silent == 0
