"""The auction's rules against arithmetic on paper, its dice against their law, and its corners."""

import asyncio
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import chisquare

from manyminds.agents import bidders as rules
from manyminds.agents.bid_answers import OUT
from manyminds.core import BadInput, NoAnswer, Seeds, Trajectory, play
from manyminds.theory.auctions import curse, increment, lone_optimum, released_tie_law, straightforward_prices
from manyminds.worlds.games.auction import Auction, released_leader
from manyminds.worlds.games.auction_items import Entrant, Item, ordered, standard_items, two_level_pool
from manyminds.worlds.games.auction_sights import Past

THREE = ("Ann", "Bea", "Cid")


def arena(items, names=THREE, budget=20_000, world=Auction, more=None, **options):
    settings = {"plan": "none", "beliefs": False, "overestimate": 0} | (more or {})
    return world(items, tuple(Entrant(name, budget, **settings) for name in names), **options)


def played(world, minds, root=1, record=None):
    end = asyncio.run(play(world, dict(zip(world.names, minds)), Seeds(root), record))
    assert end.ending == "finished", end.reason
    return end


def one_item(price=1000, value=2000):
    return (Item("Vase", price, value),)


@dataclass(frozen=True)
class Says(rules.RuleBidder):
    """Bids what its script says, one entry a call; then leaves."""

    script: tuple = ()

    def bids(self, sight, seeds):
        calls = len(sight.rounds) if not sight.refused else len(sight.rounds) + len(sight.refused)
        return self.script[calls] if calls < len(self.script) else OUT


def test_increments_are_of_the_starting_price_and_rounds_compare_with_the_last():
    """Start 1000: first bids 1000 and 1500; then at least 1600, whatever one bid before; 1600 stands, 1599 does not."""
    world = arena(one_item())
    state = world.reset(Random(0))
    state, _ = world.step(state, {"Ann": 1000, "Bea": 1500, "Cid": OUT}, Random(0))
    assert (state.leader, state.high, state.waiting) == ("Bea", 1500, ("Ann",))
    again, events = world.step(state, {"Ann": 1599}, Random(0))
    assert again.waiting == ("Ann",) and again.seats["Ann"].failed == 1 and "at least $100 above" in events[0].text
    after, _ = world.step(again, {"Ann": 1600}, Random(0))
    assert (after.leader, after.high, after.waiting) == ("Ann", 1600, ("Bea",))
    end, events = world.step(after, {"Bea": OUT}, Random(0))
    assert end.sales[0].price == 1600 and end.seats["Ann"].profit == 400 and end.seats["Ann"].budget == 18_400
    assert events[-1].data["value"] == 2000 and "true value is $2000" in events[-1].text


def test_a_single_first_bid_wins_at_once_and_nobody_means_unsold():
    world = arena(one_item())
    assert played(world, [Says((1300,)), Says(), Says()]).outcome.sales[0].price == 1300
    assert played(world, [Says((1300,)), Says(), Says()]).turns == 1
    unsold = played(world, [Says()] * 3).outcome
    assert unsold.sales[0].winner == "" and set(unsold.profits.values()) == {0}


def test_refused_bids_give_the_reason_are_counted_and_end_in_withdrawal():
    world = arena(one_item(), budget=1500)
    lines = Trajectory()
    end = played(world, [Says((1501, 999, 1000)), Says((1501, 1501, 1501)), Says()], record=lines)
    reasons = [line.data["reason"] for line in lines if line.kind == "refused" and line.data["bidder"] == "Ann"]
    assert reasons == ["it is more than you have left ($1500)", "it is below the starting price of $1000"]
    seats = end.outcome.seats
    assert (seats["Ann"].failed, seats["Ann"].answers, seats["Ann"].forced) == (2, 3, 0)
    assert (seats["Bea"].failed, seats["Bea"].forced) == (3, 1)
    assert end.outcome.sales[0].winner == "Ann"
    assert [line.data["bidder"] for line in lines if line.kind == "forced_withdraw"] == ["Bea"]


def test_bids_of_a_round_stay_hidden_until_all_stand():
    """While one bidder bids again, nobody hears what the others have bid."""
    world = arena(one_item())
    state, events = world.step(world.reset(Random(0)), {"Ann": 1700, "Bea": 1800, "Cid": 999}, Random(0))
    other, _ = world.step(world.reset(Random(0)), {"Ann": 1000, "Bea": OUT, "Cid": 999}, Random(0))
    assert world.observe(state) == world.observe(other) and list(world.observe(state)) == ["Cid"]
    assert all(event.to in ((), ("Cid",)) for event in events)


def test_no_answer_withdraws_and_says_so():
    world = arena(one_item())
    state, events = world.step(
        world.reset(Random(0)), {"Ann": 1000, "Bea": 1000, "Cid": NoAnswer("timeout: late")}, Random(0)
    )
    assert state.seats["Cid"].forced == 1 and events[0].data == {
        "bidder": "Cid",
        "item": "Vase",
        "reason": "timeout: late",
    }


def test_whoever_leads_is_not_asked_and_not_heard():
    world = arena(one_item())
    state, _ = world.step(world.reset(Random(0)), {"Ann": 1000, "Bea": 1500, "Cid": OUT}, Random(0))
    assert "Bea" not in world.observe(state)
    after, _ = world.step(state, {"Ann": OUT, "Bea": OUT}, Random(0))  # withdrawing while leading changes nothing
    assert after.sales[0].winner == "Bea" and after.sales[0].price == 1500


def test_discounts_halve_three_times_and_bring_everybody_back():
    lines = Trajectory()
    end = played(arena(one_item(), discount=True), [Says()] * 3, record=lines).outcome
    assert [line.data["start"] for line in lines if line.kind == "discount"] == [500, 250, 125]
    assert end.sales[0].winner == "" and end.sales[0].halvings == 3
    back = played(arena(one_item(), discount=True), [Says((OUT, OUT, 260, 290)), Says((OUT, OUT, 260, 290)), Says()])
    sale = back.outcome.sales[0]
    assert (sale.start, sale.price, sale.halvings) == (250, 290, 2)  # raises of 25, from the lowered start
    assert played(arena(one_item()), [Says((OUT, 600))] * 3).outcome.sales[0].winner == ""


def test_everybody_is_back_for_the_next_item():
    items = (Item("A", 100, 200), Item("B", 100, 200))
    lines = Trajectory()
    played(arena(items), [Says(), rules.Straightforward(), rules.Straightforward()], record=lines)
    asked = [line.seat for line in lines if line.kind == "answer"]
    assert asked.count("Ann") == 2


def test_three_with_equal_estimates_pay_the_estimate():
    for o in (-10, -5, 0, 5, 10):
        world = arena(standard_items(), budget=10**6, more={"overestimate": o}, order="shuffled")
        for sale in played(world, [rules.Straightforward()] * 3).outcome.sales:
            assert sale.value - sale.price == curse(sale.start, sale.value, o)


def test_the_second_price_within_a_raise():
    """Two bidders with different estimates end on the rungs that theory names, each half of the time."""
    counts = {}
    for root in range(400):
        world = Auction(
            one_item(),
            (
                Entrant("Ann", overestimate=20, plan="none", beliefs=False),
                Entrant("Bea", overestimate=-20, plan="none", beliefs=False),
            ),
            spoken=False,
        )
        price = played(world, [rules.Straightforward()] * 2, root).outcome.sales[0].price
        counts[price] = counts.get(price, 0) + 1
    assert tuple(sorted(counts)) == straightforward_prices([2400, 1600], 1000, 100) == (1600, 1700)
    assert chisquare(list(counts.values())).pvalue > 1e-4


def test_ties_are_uniform_and_the_released_law_is_not():
    bids, n = dict.fromkeys(THREE, 7), 6000
    rng, fair = Random(2), Auction(one_item(), (Entrant("Ann"),))
    uniform, released = dict.fromkeys(THREE, 0), dict.fromkeys(THREE, 0)
    for _ in range(n):
        uniform[fair.leading(bids, rng)] += 1
        released[released_leader(bids, rng)] += 1
    assert chisquare(list(uniform.values())).pvalue > 1e-4
    expected = [n * p for p in released_tie_law(3)]
    assert chisquare(list(released.values()), expected).pvalue > 1e-4
    assert chisquare(list(released.values())).pvalue < 1e-6
    assert replace(fair, ties="first").leading(bids, rng) == "Ann"
    assert released_leader({"Ann": 5, "Bea": 9, "Cid": 9}, Random(0)) != "Ann"


MINDS = (rules.RaisesUpTo(), rules.Straightforward(), rules.Learner(), rules.CurseAware(), rules.Planner(),
         rules.RandomLegal(), rules.Withdraws(), rules.Choosy(), rules.NoisyPlanner(error=0.3))  # fmt: skip


@given(
    some.lists(some.sampled_from(MINDS), min_size=1, max_size=4),
    some.integers(0, 9000),
    some.lists(some.tuples(some.integers(1, 3000), some.integers(0, 5000)), max_size=4),
    some.booleans(),
    some.integers(0, 99),
)
@settings(max_examples=60)
def test_invariants(minds, budget, goods, discount, root):
    items = tuple(Item(f"item {i}", price, value) for i, (price, value) in enumerate(goods))
    names = tuple(f"b{i}" for i in range(len(minds)))
    more = {"plan": "adaptive", "beliefs": True, "overestimate": 10}
    world = arena(items, names, budget, more=more, discount=discount, spoken=False)
    end = played(world, minds, root).outcome
    sold = [sale for sale in end.sales if sale.winner]
    assert [sale.item for sale in end.sales] == [item.name for item in items]  # each once
    assert sum(sale.price for sale in sold) == sum(budget - seat.budget for seat in end.seats.values())
    bound = lone_optimum([i.price for i in items], [i.value for i in items], budget).value if not discount else None
    for who, seat in end.seats.items():
        assert seat.budget >= 0 and seat.profit == sum(s.value - s.price for s in sold if s.winner == who)
        assert bound is None or seat.profit <= bound
    for sale in end.sales:
        highs, start, seen = [], sale.start, None
        for bids in sale.path:
            stand = [bid for bid in bids.values() if bid != OUT]
            if seen is not None:
                assert seen not in bids  # the leader is never asked
            if stand:
                if highs:
                    assert min(stand) >= highs[-1] + max(increment(start), 1)
                assert min(stand) >= start
                highs.append(max(stand))
                if list(bids.values()).count(max(stand)) == 1:
                    seen = max(bids, key=bids.get)
                else:
                    seen = None
        assert (highs[-1] if highs else 0) == sale.price


def test_a_replay_of_the_answers_ends_in_the_same_state():
    lines = Trajectory()
    more = {"plan": "adaptive", "beliefs": True}
    world = arena(standard_items(), more=more, order="shuffled", spoken=False)
    end = played(world, [rules.Planner(), rules.RandomLegal(), rules.RaisesUpTo()], 7, lines).outcome
    state, seeds = world.reset(Seeds(7)("reset")), Seeds(7)
    turns = {}
    for line in lines:
        if line.kind == "answer":
            turns.setdefault(line.turn, {})[line.seat] = line.data["answer"]
    for turn, answers in turns.items():
        state, _ = world.step(state, answers, seeds("step", turn))
    assert world.outcome(state) == end
    budgets = {name: 20_000 for name in THREE}  # and the hammers alone give the money
    for line in lines:
        if line.kind == "hammer" and line.data["winner"]:
            budgets[line.data["winner"]] -= line.data["price"]
    assert budgets == {who: seat.budget for who, seat in end.seats.items()}


def test_true_values_stay_hidden_until_the_hammer():
    """At -50 % both 2000 and 2001 are estimated at 1000: nothing a bidder sees before the hammer may differ."""
    more = {"overestimate": -50, "plan": "adaptive", "beliefs": True}
    one, other = (arena((Item("A", 500, value), Item("B", 500, value)), more=more) for value in (2000, 2001))
    states = [world.reset(Random(0)) for world in (one, other)]
    while states[0].phase != "belief":
        views = [world.observe(state) for world, state in zip((one, other), states)]
        assert views[0] == views[1]
        answers = {who: {"A": 1, "B": 2} if view.data.role == "plan" else 500 if who == "Ann" else OUT
                   for who, view in views[0].items()}  # fmt: skip
        states = [w.step(s, answers, Random(0))[0] for w, s in zip((one, other), states)]
    assert one.observe(states[0]) != other.observe(states[1])
    assert "2001" in other.observe(states[1])["Ann"].text


def test_what_others_have_left_is_not_shown_and_own_money_only_as_believed():
    world = arena(standard_items(), more={"plan": "none", "beliefs": True})
    state = world.reset(Random(0))
    rich = replace(state, seats={**state.seats, "Bea": replace(state.seats["Bea"], budget=3)})
    assert world.observe(state)["Ann"] == world.observe(rich)["Ann"]
    poor = replace(state, seats={**state.seats, "Ann": replace(state.seats["Ann"], budget=12_345)})
    view = world.observe(poor)["Ann"]
    assert view.data.budget == 12_345 and "12345" not in view.text and "20000" in view.text


def test_orders_pools_and_estimates():
    items = standard_items()
    assert sum(item.price for item in items) == 30_000 and all(item.value == 2 * item.price for item in items)
    up, down = ordered(items, "ascending", Random(0)), ordered(items, "descending", Random(0))
    assert [i.price for i in up] == sorted(i.price for i in items) == [i.price for i in reversed(down)]
    assert ordered(items, "given", Random(0)) == items and sorted(
        map(id, ordered(items, "shuffled", Random(0)))
    ) == sorted(map(id, items))
    pool = two_level_pool()
    assert [(sum(i.price == p for i in pool), p, 2 * p) for p in (1000, 5000)] == [(22, 1000, 2000), (4, 5000, 10_000)]
    assert len({i.name for i in pool}) == 26
    assert Entrant("a", overestimate=15).estimate(Item("x", 1000, 2000)) == 2300  # floats would give 2299
    assert Entrant("a", overestimate=-100).estimate(Item("x", 1000, 2000)) == 0


def test_bad_worlds_are_refused():
    with pytest.raises(BadInput, match="two bidders have the same name: Ann"):
        arena(one_item(), ("Ann", "Ann"))
    with pytest.raises(BadInput, match="two items"):
        arena(one_item() * 2)
    with pytest.raises(BadInput, match="estimates negative"):
        Entrant("Ann", overestimate=-101)
    with pytest.raises(BadInput, match="at least one bidder"):
        arena(one_item(), ())
    with pytest.raises(BadInput, match="below 0"):
        Entrant("Ann", -1)
    with pytest.raises(BadInput, match="starting price"):
        Item("x", 0, 5)


def test_nothing_to_sell_and_nobody_to_bid_against():
    assert played(arena(()), [rules.Planner()] * 3).turns == 0
    more = {"plan": "adaptive", "beliefs": True}
    for budget, profit in ((10_000, 10_000), (20_000, 20_000), (40_000, 30_000)):
        end = played(arena(standard_items(), ("Ann",), budget, more=more), [rules.Planner(0)]).outcome
        assert end.profits == {"Ann": profit}


def test_tiny_prices_still_end():
    end = played(arena((Item("button", 1, 30),)), [rules.Straightforward()] * 3).outcome
    assert end.sales[0].price == 30


def test_lessons_are_asked_for_only_with_a_past_and_are_read_ever_after():
    past = Past("A long log.", {"Ann": ("wait",)})
    world = arena(one_item(), more={"learning": True}, past=past)
    state = world.reset(Random(0))
    view = world.observe(state)["Ann"]
    assert state.phase == "learn" and "A long log." in view.text and "1. wait" in view.text
    assert "1. wait" not in world.observe(state)["Bea"].text
    state, events = world.step(state, {"Ann": ("bid low",), "Bea": NoAnswer("none"), "Cid": ("x",)}, Random(0))
    assert state.phase == "bid" and "1. bid low" in world.observe(state)["Ann"].text
    assert events[1].data == {"bidder": "Bea", "lessons": [], "silent": "none"}
    assert arena(one_item(), more={"learning": True}).reset(Random(0)).phase == "bid"
