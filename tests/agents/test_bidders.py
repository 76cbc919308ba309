"""Rules that bid: each condition by hand, the account from what was announced, and seats by name."""

import asyncio
import pickle
from types import SimpleNamespace

import pytest

from manyminds.agents import bidders as rules
from manyminds.agents.bid_answers import OUT
from manyminds.agents.person import Person
from manyminds.agents.seats import known, rule
from manyminds.core import BadInput, Seeds, play
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_items import Entrant, Item, standard_items
from manyminds.worlds.games.auction_sights import Lot, Sold


def sight(**changes):
    lots = (Lot("A", 100, 220, ""), Lot("B", 200, 440, ""), Lot("C", 300, 660, ""))
    plain = {
        "role": "bid",
        "name": "Ann",
        "others": ("Bea",),
        "desire": "profit",
        "start_budget": 1000,
        "budget": 400,
        "lots": lots,
        "item": lots[0],
        "minimum": 200,
        "made": 0,
        "sales": (),
        "plan": {},
        "status": {},
    }
    return SimpleNamespace(**(plain | changes))


def bids(mind, **changes):
    return mind.bids(sight(**changes), Seeds(0))


def test_the_rule_bidder_opens_and_raises_three_times_while_it_can_pay():
    assert [bids(rules.RaisesUpTo(), made=n) for n in range(5)] == [200] * 4 + [OUT]
    assert bids(rules.RaisesUpTo(), minimum=401) == OUT
    assert bids(rules.RaisesUpTo(1), made=1) == OUT


def test_limits_by_hand():
    assert [bids(rules.Straightforward(), minimum=n) for n in (220, 221)] == [220, OUT]
    assert [bids(rules.Straightforward(50), minimum=n) for n in (110, 111)] == [110, OUT]
    assert [bids(rules.CurseAware(10), minimum=n) for n in (200, 201)] == [200, OUT]


def test_the_learner_starts_at_its_estimate_and_ends_at_the_value():
    assert [bids(rules.Learner(), minimum=n) for n in (220, 221)] == [220, OUT]
    seen = (Sold("X", "", 0, 2000, 2200),)
    assert [bids(rules.Learner(), minimum=n, sales=seen) for n in (200, 201)] == [200, OUT]
    low = (Sold("X", "", 0, 2000, 1800),)
    assert bids(rules.Learner(), minimum=240, sales=low) == 240  # estimates were too low, so it goes above them
    assert bids(rules.Learner(), minimum=1, sales=(Sold("X", "", 0, 0, 500),)) == OUT


def test_the_choosy_bidder_takes_what_its_money_covers_at_the_start():
    dear, cheap = rules.Choosy().chosen(sight()), rules.Choosy().chosen(sight(desire="items"))
    assert dear == {"C", "A"} and cheap == {"A", "B"}
    assert bids(rules.Choosy(), item=sight().lots[1]) == OUT


def test_the_planner_packs_its_budget():
    plan = rules.Planner(0).priorities(sight(budget=300))
    assert plan in ({"A": 2, "B": 3, "C": 1}, {"A": 1, "B": 1, "C": 3})  # both are worth 360
    assert rules.Planner(0).priorities(sight(budget=0)) == {"A": 1, "B": 1, "C": 1}
    assert rules.Planner(50).priorities(sight(budget=450, desire="items")) == {"A": 2, "B": 3, "C": 1}
    wanted = {"A": 3, "B": 2, "C": 1}
    assert [bids(rules.Planner(), minimum=n, plan=wanted) for n in (220, 221)] == [220, OUT]
    assert [bids(rules.Planner(), minimum=n, plan=wanted, item=sight().lots[1]) for n in (300, 301)] == [300, OUT]
    assert bids(rules.Planner(), minimum=300, plan=wanted, item=sight().lots[2]) == OUT


def test_the_shuffled_control_says_one_thing_and_does_another():
    one, other = (rules.ShuffledPlanner().plans(sight(), Seeds(i)) for i in (0, 5))
    honest = rules.Planner().priorities(sight())
    assert sorted(one.values()) == sorted(other.values()) == sorted(honest.values()) and one != other
    assert rules.ShuffledPlanner().plans(sight(plan=one, lots=sight().lots[1:]), Seeds(9)) == {n: one[n] for n in "BC"}


def test_random_bids_are_legal():
    for seed in range(200):
        bid = rules.RandomLegal(30).bids(sight(), Seeds(seed))
        assert bid == OUT or 200 <= bid <= 264
    assert {rules.RandomLegal(100).bids(sight(), Seeds(i)) for i in range(20)} == {OUT}


def test_accounts_follow_from_what_was_announced():
    sales = (Sold("X", "Ann", 300, 500, 0), Sold("Y", "Bea", 100, 90, 0), Sold("Z", "", 0, 10, 0))
    right = {
        "remaining_budget": 700,
        "total_profits": {"Ann": 200, "Bea": -10},
        "winning_bids": {"Ann": {"X": 300}, "Bea": {"Y": 100}},
    }
    assert rules.account(sight(sales=sales)) == right
    wrong = rules.NoisyPlanner(error=1.0).believes(sight(sales=sales), Seeds(0))
    assert wrong["remaining_budget"] != 700 and all(
        wrong["total_profits"][w] != p for w, p in right["total_profits"].items()
    )
    assert all(set(wrong["winning_bids"][w]) != set(right["winning_bids"][w]) for w in ("Ann", "Bea"))


def test_seats_by_name():
    assert rule("rule:3", rules.RULES) == rules.RaisesUpTo(3)
    assert rule("noisy-planner:0.2", rules.RULES) == rules.NoisyPlanner(50, 0.2)
    with pytest.raises(BadInput, match="0 to 1"):
        rule("noisy-planner:2", rules.RULES)
    with pytest.raises(BadInput, match="straightforward"):
        known("straitforward", rules.RULES)


@pytest.mark.parametrize("name", rules.RULES)
def test_every_rule_plays_every_role_and_travels(name):
    mind = rule(name, rules.RULES)
    assert pickle.loads(pickle.dumps(mind)) == mind and mind.kind == "rule"
    world = Auction(standard_items()[::4], (Entrant("Ann", 5000), Entrant("Bea", 5000, plan="static")), "shuffled")
    end = asyncio.run(play(world, {"Ann": mind, "Bea": mind}, Seeds(3)))
    assert end.ending == "finished" and not end.no_answers
    assert all(
        seat.failed == seat.forced == seat.unparsed == seat.unplanned == 0 for seat in end.outcome.seats.values()
    )


def test_a_person_sits_down():
    lines, shown = iter(['{"A": 3}', "gibberish", "1,200", "out", "maybe", "I'm out"]), []
    world = Auction((Item("A", 1000, 2000),), (Entrant("Ann", beliefs=False), Entrant("Bea", beliefs=False)))
    person = Person(lambda _: next(lines), shown.append)
    end = asyncio.run(play(world, {"Ann": person, "Bea": rules.RaisesUpTo(2)}, Seeds(0))).outcome
    assert end.sales[0].winner == "Ann" or end.sales[0].winner == "Bea"
    assert sum("cannot be used" in line for line in shown) >= 1 and any(
        "Your estimate of A is $2200" in line for line in shown
    )
