"""Accounts, corrections, plans and what is kept when they do not come."""

import asyncio
from dataclasses import dataclass
from random import Random

import pytest

from manyminds.agents import bidders as rules
from manyminds.agents.bid_answers import OUT
from manyminds.core import NoAnswer, Seeds, Trajectory, play
from manyminds.papers.aucarena.measures import adherence, beliefs, rows_of, spearman
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_items import Entrant, Item, standard_items

ITEMS = (Item("A", 100, 250), Item("B", 100, 200), Item("C", 100, 150))
RIGHT = {
    "remaining_budget": 900,
    "total_profits": {"Ann": 150, "Bea": 0},
    "winning_bids": {"Ann": {"A": 100}, "Bea": {}},
}


def told_of(world, *answers):
    """The state after Ann won the first item at 100, and each account that followed."""
    state = world.reset(Random(0))
    if state.phase == "plan":
        state, _ = world.step(state, {who: {"A": 3, "B": 2, "C": 1} for who in state.waiting}, Random(0))
    state, _ = world.step(state, {"Ann": 100, "Bea": OUT}, Random(0))
    for answer in answers:
        assert state.phase == "belief"
        state, _ = world.step(state, {"Ann": answer, "Bea": RIGHT | {"remaining_budget": 1000}}, Random(0))
    return state


def pair(**options):
    return Auction(ITEMS, (Entrant("Ann", 1000, **options), Entrant("Bea", 1000, **options)))


def test_every_entry_is_checked():
    wrong = {
        "remaining_budget": 901,
        "total_profits": {"Ann": 150, "Bea": 7},
        "winning_bids": {"Ann": {"B": 100}, "Bea": {}},
    }
    seat = told_of(pair(plan="none"), wrong).seats["Ann"]
    assert [(c.subject, c.entry, c.about, c.right) for c in seat.checks] == [
        ("self", "budget", "Ann", False), ("self", "profit", "Ann", True), ("self", "items", "Ann", False),
        ("other", "profit", "Bea", False), ("other", "items", "Bea", True),
    ]  # fmt: skip
    found = beliefs(seat)
    assert (found["self_wrong"], found["self_checked"], found["other_wrong"], found["other_checked"]) == (2, 3, 1, 2)
    assert seat.status == wrong  # without correction the wrong account is what it goes on with


def test_correction_tells_the_errors_up_to_four_times_and_keeps_the_last():
    world = pair(plan="none", correct_belief=True)
    wrong = RIGHT | {"remaining_budget": 1}
    state = told_of(world, wrong)
    assert state.waiting == ("Ann",) and state.wrong["Ann"] == ("your remaining budget is $900, not $1",)
    assert "your remaining budget is $900, not $1" in world.observe(state)["Ann"].text
    done = told_of(world, wrong, RIGHT)
    assert done.phase == "bid" and beliefs(done.seats["Ann"])["corrected"] == 1
    stubborn = told_of(world, *[wrong] * 5)
    assert stubborn.phase == "bid" and stubborn.seats["Ann"].status["remaining_budget"] == 1
    found = beliefs(stubborn.seats["Ann"])
    assert (found["self_wrong"], found["self_checked"], found["all_wrong"], found["all_checked"]) == (1, 3, 5, 25)


def test_an_account_that_never_comes_leaves_the_old_one_and_is_counted():
    state = told_of(pair(plan="none"), NoAnswer("no legal answer: no JSON"))
    seat = state.seats["Ann"]
    assert seat.unparsed == 1 and seat.checks == () and seat.status["remaining_budget"] == 1000


def test_entries_left_out_are_counted_and_not_scored():
    partial = {"remaining_budget": 900, "total_profits": {"Ann": 150}, "winning_bids": {"Ann": {"A": 100}}}
    seat = told_of(pair(plan="none"), partial).seats["Ann"]
    assert seat.omitted == 2 and len(seat.checks) == 3 and all(check.right for check in seat.checks)


def test_plans_are_made_by_those_who_plan_and_replaced_by_those_who_adapt():
    adaptive, static, none = (pair(plan=plan) for plan in ("adaptive", "static", "none"))
    assert [w.reset(Random(0)).phase for w in (adaptive, static, none)] == ["plan", "plan", "bid"]
    assert [told_of(w, RIGHT).phase for w in (adaptive, static, none)] == ["replan", "bid", "bid"]
    state = told_of(adaptive, RIGHT)
    assert [lot.name for lot in adaptive.observe(state)["Ann"].data.lots] == ["B", "C"]
    state, events = adaptive.step(state, {"Ann": {"B": 1, "C": 3}, "Bea": NoAnswer("no plan")}, Random(0))
    assert state.seats["Ann"].plan == {"B": 1, "C": 3} and state.seats["Bea"].plan == {"A": 3, "B": 2, "C": 1}
    assert state.seats["Bea"].unplanned == 1 and events[1].data["silent"] == "no plan"
    assert "B 1, C 3" in adaptive.observe(state)["Ann"].text


def test_the_account_is_shown_where_the_paper_shows_it():
    for plan, place in (("static", "bid"), ("adaptive", "replan")):
        world = pair(plan=plan)
        state = told_of(world, RIGHT)
        assert state.phase == place
        assert "you have $900 left" in world.observe(state)["Ann"].data.question


@dataclass(frozen=True)
class Hindsight(rules.RuleBidder):
    """Bids at random, and writes afterwards a plan that fits what it did."""

    def bids(self, sight, seeds):
        return sight.minimum if seeds("x").random() < 0.5 and sight.minimum <= sight.budget else OUT


def auctions(minds, n=25, **options):
    ends = []
    for root in range(n):
        world = Auction(
            standard_items(), tuple(Entrant(f"B{i}", **options) for i in range(len(minds))), "shuffled", spoken=False
        )
        ends.append((world, asyncio.run(play(world, dict(zip(world.names, minds)), Seeds(root))).outcome))
    return ends


def rho(ends, who):
    found = [adherence(end, end.seats[who], {i.name: i.value for i in end.items})["rho_engagement"] for _, end in ends]
    scored = [value for value in found if value is not None]
    return sum(scored) / len(scored)


def test_planners_adhere_and_a_shuffled_control_does_not():
    ends = auctions([rules.Planner(), rules.ShuffledPlanner(), rules.RaisesUpTo()], 40)
    assert rho(ends, "B0") > 0.5 and abs(rho(ends, "B1")) < 0.25
    rows = rows_of(*ends[0], dict.fromkeys(ends[0][0].names, "x"), dict.fromkeys(ends[0][0].names))
    assert rows[2].rho_engagement is None  # indifferent priorities have nothing to correlate


def test_a_plan_written_after_the_results_does_not_count():
    """A mutant measure that reads the last word on an item would call a random bidder a faithful planner."""
    ends = auctions([Hindsight(), rules.RaisesUpTo(), rules.RaisesUpTo()])

    def hindsight(end):
        seat = end.seats["B0"]
        after = {item.name: min(3, 1 + seat.engagement.get(item.name, 0)) for item in end.items}
        return type(seat)(**(vars(seat) | {"plans": (*seat.plans, (len(end.items), after))}))

    names = {i.name: i.value for i in ends[0][1].items}
    assert all(adherence(end, hindsight(end), names)["rho_engagement"] is None for _, end in ends)
    after = [hindsight(end) for _, end in ends]
    peeking = [spearman([s.plan[i.name] for i in end.items], [s.engagement.get(i.name, 0) for i in end.items])
               for s, (_, end) in zip(after, ends)]  # fmt: skip
    assert min(peeking) > 0.85


@pytest.mark.parametrize("error", [0.05, 0.2])
def test_planted_errors_are_recovered(error):
    ends = auctions([rules.NoisyPlanner(error=error)] * 3, 12)
    found = [beliefs(end.seats[who]) for _, end in ends for who in ("B0", "B1", "B2")]
    for whose in ("self", "other"):
        wrong, checked = (sum(f[f"{whose}_{what}"] for f in found) for what in ("wrong", "checked"))
        assert abs(wrong / checked - error) < 0.04, (whose, checked)


def test_events_hold_every_account_and_plan():
    lines = Trajectory()
    world = Auction(standard_items(), (Entrant("Ann"), Entrant("Bea")), spoken=False)
    asyncio.run(play(world, {"Ann": rules.Planner(), "Bea": rules.RaisesUpTo()}, Seeds(0), lines))
    kinds = [line.kind for line in lines]
    assert kinds.count("belief") == 20 and kinds.count("plan") == 20 and kinds.count("hammer") == 10
