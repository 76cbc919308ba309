"""Repeated advice: what the buyer must not see, the two statistics of a myopic one, and broken worlds."""

import asyncio
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents.persuaders import Always, Bayesian, Committed, Follower, Sceptic, Truthful
from manyminds.core import Invalid, NoAnswer, Seeds, play
from manyminds.theory.persuasion import committed
from manyminds.worlds.games.bilateral_answers import Tell, recommends
from manyminds.worlds.games.persuasion import GAME, Persuasion, Round, Settings, State, statistics


def end_of(world, sender, buyer, root=1, record=None):
    played = asyncio.run(play(world, {"Alice": sender, "Bob": buyer}, Seeds(root), record))
    assert played.ending == "finished", played.reason
    return played.outcome


def test_pairs_whose_sales_are_known():
    for seed in range(5):
        for text in (False, True):
            world = Persuasion(text=text)
            truth = end_of(world, Truthful(), Follower(), seed)
            assert all(each.bought == each.high for each in truth.rounds) and truth.unclear == 0
            assert all(each.bought for each in end_of(world, Always(), Follower(), seed).rounds)
            assert not any(each.bought for each in end_of(world, Always(), Sceptic(), seed).rounds)  # p v = .625


def test_payoffs_are_sums_over_rounds():
    past = (Round(True, True, "", True), Round(False, True, "", True), Round(True, False, "", False))
    state = State((True, False, True), past, phase="over")
    assert Persuasion(money=100, value=3).outcome(state).payoffs == pytest.approx((200, 100 * (2 - 1)))


def test_the_best_commitment_sells_at_its_rate():
    theory = committed(0.5, 1.25)
    sold = [
        each.bought
        for seed in range(40)
        for each in end_of(Persuasion(rounds=50), Committed(), Follower(), seed).rounds
    ]
    assert sum(sold) / len(sold) == pytest.approx(theory.sold, abs=4 * (0.25 / len(sold)) ** 0.5)


def test_a_learning_buyer_stops_listening_to_who_praises_everything():
    sales = end_of(Persuasion(value=1.25, rounds=200), Always(), Bayesian()).rounds
    assert sum(each.bought for each in sales[100:]) == 0  # p v < 1: believing is a mistake
    honest = end_of(Persuasion(value=1.25, rounds=200), Truthful(), Bayesian()).rounds
    assert [each.bought for each in honest[100:]] == [each.high for each in honest[100:]]


# ---- what is seen


def buyer_of(world, state, message):
    after, _ = world.step(state, {"Alice": world.observe(state)["Alice"].action.saying(message)}, Random(0))
    return world.observe(after)["Bob"]


@pytest.mark.parametrize("myopic", [False, True])
@pytest.mark.parametrize("text", [False, True])
def test_the_buyer_does_not_see_the_quality_before_it_decides(myopic, text):
    world = Persuasion(myopic=myopic, text=text, rounds=3)
    past = (Round(True, True, "fine", True),)
    seen = [buyer_of(world, State((True, now, later), past), True) for now in (True, False) for later in (True, False)]
    assert len({(view.text, view.data, view.call) for view in seen}) == 1
    assert not hasattr(seen[0].data, "high")


rounds_of = some.lists(
    some.builds(Round, some.booleans(), some.booleans(), some.just("fine"), some.booleans()), max_size=6
)


@settings(max_examples=60)
@given(rounds_of, rounds_of, some.booleans())
def test_equal_statistics_make_equal_prompts_for_a_myopic_buyer(one, other, text):
    world = Persuasion(myopic=True, text=text, rounds=9)
    views = [buyer_of(world, State((True,) * 9, tuple(past)), True) for past in (one, other)]
    same = statistics(tuple(one)) == statistics(tuple(other))
    if same:
        assert views[0].text == views[1].text and views[0].data == views[1].data
    else:
        assert views[0].data != views[1].data
    assert all(view.data.past is None and view.data.round is None and view.fresh for view in views)


def test_statistics_by_hand():
    past = (
        Round(True, True, "", True),
        Round(False, True, "", True),
        Round(False, True, "", False),
        Round(True, False, "", True),
    )
    assert statistics(past) == (0.75, 0.25) and statistics(()) == (0, 0)


def test_the_value_is_told_to_the_seller_only_under_complete_information():
    state = State((True,))
    shut = [Persuasion(value=v, complete=False).observe(state)["Alice"] for v in (1.2, 4.0)]
    assert shut[0].text == shut[1].text and shut[0].data == shut[1].data and shut[0].data.value is None
    assert "$40,000" in Persuasion(value=4.0).observe(state)["Alice"].text


def test_a_buyer_who_stays_hears_of_every_round_and_one_who_does_not_of_none():
    for myopic, news in ((False, [0, 1, 1, 1]), (True, [0, 0, 0, 0])):
        steps = []
        end_of(Persuasion(myopic=myopic, rounds=4), Always(), Follower(), record=steps.append)
        assert [len(step.views["Bob"].news) for step in steps if "Bob" in step.views] == news


# ---- answers


@pytest.mark.parametrize(("text", "advice"), [
    ("I recommend this product.", True), ("I do not recommend this product.", False), ("Don't buy it", False),
    ("A great find!", True), ("Hm.", None), ("This one is low-quality", False), ("Worth every dollar", True),
])  # fmt: skip
def test_rules_read_messages(text, advice):
    assert recommends(text) is advice


def test_messages_are_contracts_too():
    tell = Tell("Bob")
    assert tell.parse('{"message": "Take it"}').text == "Take it"
    for wrong in ("Take it", '{"message": ""}', '{"message": "x", "buy": "yes"}', '{"message": "x"}\nBob: yes'):
        with pytest.raises(Invalid):
            tell.parse(wrong)
    assert tell.for_people.parse("Take it").text == "Take it"


@pytest.mark.parametrize("seat", ["Alice", "Bob"])
def test_a_missing_answer_voids_the_game(seat):
    class Silent:
        async def act(self, view):
            return NoAnswer("no legal answer: silence")

    minds = {"Alice": Truthful(), "Bob": Follower()} | {seat: Silent()}
    end = asyncio.run(play(Persuasion(), minds, Seeds(0))).outcome
    assert end.payoffs is None and end.void.startswith(f"{seat}: no legal")


def test_the_game_on_the_table():
    (table,) = GAME.value(Settings())
    best, babble = table.rows
    assert best[1:] == pytest.approx((125_000, 0, 0.25)) and babble[1:3] == (0, 0)


# ---- broken worlds


@dataclass(frozen=True)
class ShowsQuality(Persuasion):
    """A broken world: the buyer's sight holds the quality of this round."""

    def buyer_sight(self, state):
        sight = super().buyer_sight(state)
        return sight._replace(message=f"{sight.message} ({state.qualities[len(state.past)]})")


@dataclass(frozen=True)
class CountsRounds(Persuasion):
    """A broken world: a myopic buyer is told the round."""

    def buyer_sight(self, state):
        return super().buyer_sight(state)._replace(round=len(state.past) + 1)


def test_broken_worlds_are_noticed():
    state = State((True, True))
    views = [buyer_of(ShowsQuality(), replace(state, qualities=(high, True)), True).data for high in (True, False)]
    assert views[0] != views[1]
    world = CountsRounds(myopic=True)
    none, one = (), (Round(True, False, "", False),)
    assert statistics(none) == statistics(one)
    pair = [buyer_of(world, State((True,) * 3, past), True).data for past in (none, one)]
    assert pair[0] != pair[1]
