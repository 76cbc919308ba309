"""The commons against arithmetic on paper, and broken commons against the tests."""

import asyncio
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import chisquare

from manyminds.agents.commoners import (
    Believes,
    Compensates,
    FairShare,
    Greedy,
    Matches,
    RuleClerk,
    Takes,
    Universalises,
)
from manyminds.core import NoAnswer, Seeds, Trajectory, play
from manyminds.core.welfare import efficiency, equality
from manyminds.theory.commons import planner_optimum, survival_with_median, survival_without_talk, sustainable_total
from manyminds.worlds.games.commons import ALLOCATIONS, CLERK, Commons, State, Utterance, fair_share
from manyminds.worlds.games.skins import SKINS

FIVE = ("a", "b", "c", "d", "e")


def end_of(world, minds, root=1, record=None):
    seats = dict(zip(world.members, minds)) | {CLERK: RuleClerk()}
    played = asyncio.run(play(world, seats, Seeds(root), record))
    assert played.ending == "finished", played.reason
    return played.outcome


VECTORS = [(8, 12, 480), (10, 12, 600), (11, 4, 195), (12, 3, 160), (13, 3, 140), (14, 2, 130), (15, 2, 125),
           (20, 1, 100)]  # fmt: skip


@pytest.mark.parametrize(("wish", "months", "total"), VECTORS)
@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_five_who_always_take_the_same(wish, months, total, allocation):
    end = end_of(Commons(FIVE, allocation=allocation), [Takes(wish)] * 5)
    assert (end.months, sum(end.gains.values())) == (months, total)


def test_pool_grows_only_after_the_test_for_collapse():
    end = end_of(Commons(FIVE), [Takes(20)] * 4 + [Takes(17)])
    assert (end.months, end.left) == (1, 3)


@pytest.mark.parametrize(("minds", "months"), [(Takes(10), 3), (Matches(), 2), (Compensates(), 12)])
def test_one_outsider_at_twenty(minds, months):
    assert end_of(Commons(FIVE), [Takes(20)] + [minds] * 4).months == months


def test_universalisers_are_perfect():
    for mind in (Universalises(), FairShare()):
        end = end_of(Commons(FIVE, universalisation=True), [mind] * 5)
        gains = list(end.gains.values())
        assert (end.months, efficiency(sum(gains), 12, 50), equality(gains), end.over_usage) == (12, 1, 1, 0)


def test_talk_with_a_median_and_without():
    for greedy in range(6):
        minds = [Believes(20)] * greedy + [Believes(10)] * (5 - greedy)
        assert end_of(Commons(FIVE, talk=True, opening_meeting=True), minds).alive == (greedy <= 2)
        assert end_of(Commons(FIVE), minds).alive == (greedy == 0)
    assert survival_without_talk(5, 0.3) == pytest.approx(0.16807)
    assert survival_with_median(5, 0.3) == pytest.approx(0.83692)


def test_planner_and_threshold():
    assert (planner_optimum(), planner_optimum(keep_alive=True)) == (650, 645)
    assert [sustainable_total(h) for h in range(10, 101)] == [h // 2 for h in range(10, 101)]
    assert fair_share(100, 5) == 10


wishes = some.dictionaries(some.sampled_from("abcdefg"), some.integers(0, 100), min_size=1)


@given(some.sampled_from(sorted(ALLOCATIONS)), some.integers(0, 100), wishes, some.integers())
def test_an_allocation_gives_all_there_is_and_never_more_than_wished(allocation, pool, wished, seed):
    got = ALLOCATIONS[allocation](pool, wished, Random(seed))
    assert sum(got.values()) == min(pool, sum(wished.values()))
    assert all(0 <= got[who] <= wished[who] for who in wished)


@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_equal_wishes_are_served_equally(allocation):
    rng, total = Random(5), dict.fromkeys("abc", 0)
    for _ in range(3000):
        for who, n in ALLOCATIONS[allocation](10, dict.fromkeys("abc", 9), rng).items():
            total[who] += n
    assert chisquare(list(total.values())).pvalue > 1e-4


@given(some.lists(some.integers(0, 120), min_size=1, max_size=8))
def test_equality_by_brute_pairs(gains):
    pairs = sum(abs(x - y) for x in gains for y in gains)
    assert equality(gains) == (pytest.approx(1 - pairs / (2 * len(gains) * sum(gains))) if sum(gains) else None)


def test_closed_books_hide_the_others_and_nothing_else_changes():
    state = replace(State(80, month=1), takes=({"a": 3, "b": 9},))
    other = replace(state, takes=({"a": 3, "b": 1},))
    shut, opened = Commons(("a", "b"), open_books=False), Commons(("a", "b"))
    assert shut.observe(state)["a"] == shut.observe(other)["a"]
    assert opened.observe(state)["a"] != opened.observe(other)["a"]


@pytest.mark.parametrize("skin", SKINS)
def test_every_skin_tells_its_own_numbers(skin):
    world = Commons(FIVE, SKINS[skin], universalisation=True)
    text = world.observe(State(64))["a"].text
    assert SKINS[skin].place in text and "64" in text and "more than 6 " in text
    assert "more than 5 " in world.observe(State(50))["a"].text  # the hint follows the pool


def test_hint_is_there_only_under_universalisation():
    assert "everybody took" not in Commons(FIVE).observe(State(64))["a"].text


class Says:
    """Harvests nothing; in talk says a fixed thing."""

    def __init__(self, **said):
        self.said = {"response": "well", "conclude": False} | said

    async def act(self, view):
        return self.said if "said" in view.data._fields and not hasattr(view.action, "low") else 0


def test_a_talk_that_never_concludes_is_capped_and_a_stranger_is_counted():
    lines = Trajectory()
    world = Commons(("a", "b", "c"), talk=True, months=1)
    end_of(world, [Says(next_speaker="nobody")] * 3, record=lines)
    spoken = [line.data["speaker"] for line in lines if line.kind == "utterance"]
    assert len(spoken) == 9  # the moderator's report is the tenth
    assert spoken[:4] == ["a", "b", "a", "b"]  # an unknown name passes the word to the first listed


def test_answers_out_of_range_are_clipped_and_missing_ones_are_named():
    world = Commons(("a", "b"))
    after, events = world.step(world.reset(Random(0)), {"a": 120, "b": NoAnswer("no number")}, Random(0))
    assert (after.clipped, after.silent) == (1, 1)
    assert events[0].data["clipped"] == ["a"] and events[0].data["silent"] == {"b": "no number"}
    assert after.takes == ({"a": 100, "b": 0},)


def test_a_newcomer_joins_in_its_month():
    end = end_of(Commons(FIVE, joins={"e": 2}, months=15), [Universalises()] * 4 + [Greedy()])
    assert [("e" in month) for month in end.takes][:3] == [False, False, True]
    assert end.months == 3


def test_talk_of_the_last_month_still_happens():
    lines = Trajectory()
    end_of(Commons(FIVE, talk=True), [Takes(20)] * 5, record=lines)
    assert sum(line.kind == "utterance" for line in lines) == 5
    assert Utterance.model_fields.keys() >= {"response", "conclude", "next_speaker"}


@dataclass(frozen=True)
class GrowsFirst(Commons):
    """A broken world: the pool grows before the test for collapse."""

    def harvested(self, state, answers, rng):
        after, events = super().harvested(state, answers, rng)
        left = state.pool - sum(after.takes[-1].values())
        alive = min(2 * left, self.full) >= self.dead
        return replace(after, alive=alive, phase="harvest" if alive else "over", pool=min(2 * left, 100)), events


@dataclass(frozen=True)
class Sequential(Commons):
    """A broken world: the first in the order of seats is served first."""

    def harvested(self, state, answers, rng):
        left, served = state.pool, {}
        for who, wish in answers.items():
            served[who] = min(wish, left)
            left -= served[who]
        return super().harvested(state, served, rng)


def test_broken_worlds_are_noticed():
    minds = [Takes(20)] * 4 + [Takes(17)]
    assert end_of(GrowsFirst(FIVE), minds).months != end_of(Commons(FIVE), minds).months
    crowd = [Takes(60)] * 5
    shares = [end_of(Sequential(FIVE), crowd, root=s).gains["e"] for s in range(20)]
    fair = [end_of(Commons(FIVE), crowd, root=s).gains["e"] for s in range(20)]
    assert max(shares) == 0 and 15 < sum(fair) / 20 < 25
