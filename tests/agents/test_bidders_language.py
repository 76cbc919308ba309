"""Language bidders: what each role is reminded of, repairs, the parser as a last resort, deadlines, and real HTTP."""

import asyncio

import pytest
from auction_mind import reply, role_of
from server import seeded_faults, serving

from manyminds.agents.bidders import RaisesUpTo, Straightforward
from manyminds.agents.bidding import LanguageBidder
from manyminds.core import NoAnswer, Seeds, Trajectory, play
from manyminds.models.door import Door, Patience
from manyminds.models.endpoint import Endpoint
from manyminds.models.scripted import Scripted
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_items import Entrant, Item

ITEMS = (Item("Vase", 1000, 2000), Item("Clock", 500, 1000))


def auction(agents, record=None, **options):
    world = Auction(ITEMS, tuple(Entrant(name, 5000, **({"overestimate": 0} | options)) for name in agents))
    end = asyncio.run(play(world, agents, Seeds(4), record))
    assert end.ending == "finished", end.reason
    return end


def scripted(script, **options):
    asked = []

    def keep(request):
        asked.append(request)
        return script(request.messages)

    return LanguageBidder(Scripted("s", keep), "Ann", **options), asked


def test_each_role_is_reminded_of_what_it_should_be():
    mind, asked = scripted(reply)
    end = auction({"Ann": mind, "Bea": Straightforward()})
    by_role = {}
    for request in asked:
        by_role.setdefault(role_of(request.messages[-1].content), []).append(request)
    plan, replan = by_role["plan"]
    assert [m.role for m in plan.messages] == ["system", "user"]
    assert [m.role for m in replan.messages] == ["system", "user", "assistant", "user"]  # the old plan is before it
    assert "priority" in replan.messages[1].content and "By your own account" in replan.messages[-1].content
    first, second = by_role["bid"][:2]
    assert [m.role for m in first.messages] == ["system", "user", "assistant", "user"]
    assert len(second.messages) == 6 and "I bid" in second.messages[4].content  # the bidding on this item so far
    clock = next(r for r in by_role["bid"] if "on sale: Clock" in r.messages[-1].content)
    assert len(clock.messages) == 4 and "Vase" not in clock.messages[1].content  # forgotten with its item; the new plan
    assert all(len(r.messages) == 2 for r in by_role["belief"])
    assert all(r.temperature == 0.7 for r in asked) and len({r.repeat for r in asked}) == len(asked)
    assert mind.spending.calls == len(asked) and mind.read_by["grammar"] == len(by_role["bid"])
    assert end.outcome.seats["Ann"].failed == 0


def test_no_plan_no_memory_of_one():
    mind, asked = scripted(reply)
    auction({"Ann": mind, "Bea": RaisesUpTo(1)}, plan="none")
    first = next(r for r in asked if role_of(r.messages[-1].content) == "bid")
    assert [m.role for m in first.messages] == ["system", "user"] and "By your own account" in first.messages[
        -1
    ].content


@pytest.mark.parametrize(("broken", "tries"), [("plan", 3), ("belief", 5), ("bid", 4)])
def test_repairs_are_bounded(broken, tries):
    mind, _ = scripted(
        lambda messages: (
            "Hm."
            if role_of(messages[1].content if broken == "belief" else messages[-1].content) == broken
            or "cannot be used" in messages[-1].content
            or "not clear" in messages[-1].content
            else reply(messages)
        )
    )
    end = auction(
        {"Ann": mind, "Bea": RaisesUpTo(1)}, plan="static" if broken == "plan" else "none", beliefs=broken == "belief"
    )
    seat = end.outcome.seats["Ann"]
    sought = {"plan": 1, "belief": 2, "bid": 2}[broken]  # questions asked in this role
    hms = sum(mind.invalid.values())
    assert hms == tries * sought, mind.invalid
    assert {"plan": seat.unplanned, "belief": seat.unparsed, "bid": seat.forced}[broken] == sought
    assert end.no_answers == ({"no clear bid": 2} if broken == "bid" else {"no legal answer": sought})


def test_an_unclear_bid_goes_to_the_parser_first():
    said = "Between 1100 and 1200 I would lean to the former."
    mind, _ = scripted(
        lambda m: said if role_of(m[-1].content) == "bid" else reply(m),
        parser=Scripted("p", lambda r: "-1" if "Clock" in r.messages[-1].content else "1100"),
    )
    end = auction({"Ann": mind, "Bea": RaisesUpTo(0)}, plan="none", beliefs=False)
    assert [sale.price for sale in end.outcome.sales] == [1100, 1100] and mind.read_by == {"parser": 2}
    lost, _ = scripted(lambda m: "Hm, well.", parser=Scripted("p", lambda r: "I cannot tell"))
    end = auction({"Ann": lost, "Bea": RaisesUpTo(0)}, plan="none", beliefs=False)
    assert lost.read_by == {"nobody": 8} and end.outcome.seats["Ann"].forced == 2


def test_a_refused_bid_is_made_again_with_the_reason():
    mind, asked = scripted(lambda m: "I bid $9000" if "on sale" in m[-1].content else reply(m))
    lines = Trajectory()
    end = auction({"Ann": mind, "Bea": RaisesUpTo(0)}, lines, plan="none", beliefs=False)
    assert end.outcome.seats["Ann"].failed == 2
    again = [r for r in asked if "cannot take your last bid" in r.messages[-1].content]
    assert len(again) == 2 and "more than you have left" in again[0].messages[-1].content
    assert [line.kind for line in lines].count("refused") == 2


def test_corrections_follow_the_account_they_correct():
    mind, asked = scripted(lambda m: reply(m))
    auction({"Ann": mind, "Bea": RaisesUpTo(0)}, plan="none", correct_belief=True)
    told = [r for r in asked if "account of yours is not right" in r.messages[-1].content]
    assert [len(r.messages) for r in told][:4] == [4, 6, 8, 10] and len(
        told
    ) == 8  # four for each item, then it is kept


def test_a_deadline_withdraws_and_is_flagged():
    async def slow(request):
        await asyncio.sleep(30)

    lines = Trajectory()
    mind = LanguageBidder(Scripted("slow", slow), "Ann", deadline=0.01)
    end = auction({"Ann": mind, "Bea": RaisesUpTo(1)}, lines, plan="none", beliefs=False)
    assert end.no_answers == {"timeout": 2} and end.outcome.seats["Ann"].forced == 2
    assert all("timeout" in line.data["reason"] for line in lines if line.kind == "forced_withdraw")


async def test_an_endpoint_that_hangs_is_left_alone_after_the_deadline():
    with serving(reply, plan=lambda n, body: "hang" if n == 0 else None) as server:
        endpoint = Endpoint(server.url, "a", "")
        endpoint.client()  # its packages are imported before the clock runs
        mind = LanguageBidder(Door().open(endpoint), "Ann", deadline=3.0)
        world = Auction(ITEMS, tuple(Entrant(name, 5000, plan="none", beliefs=False) for name in ("Ann", "Bea")))
        end = await play(world, {"Ann": mind, "Bea": RaisesUpTo(1)}, Seeds(0))
        await endpoint.close()
    assert end.no_answers == {"timeout": 1} and end.outcome.seats["Ann"].forced == 1
    assert end.outcome.sales[0].winner == "Bea" and end.outcome.seats["Ann"].engagement.get("Clock", 0) > 0


def test_learning_reads_the_log_without_a_system_text():
    from manyminds.worlds.games.auction_sights import Past

    mind, asked = scripted(reply)
    world = Auction(
        ITEMS, (Entrant("Ann", 5000, learning=True), Entrant("Bea", 5000)), past=Past("THE LOG", {"Ann": ("old",)})
    )
    end = asyncio.run(play(world, {"Ann": mind, "Bea": RaisesUpTo(1)}, Seeds(0)))
    assert [m.role for m in asked[0].messages] == ["user"] and "THE LOG" in asked[0].messages[0].content
    assert end.outcome.seats["Ann"].lessons == ("Wait.", "Do not overpay.")
    assert all("2. Do not overpay." in r.messages[0].content for r in asked[1:])


async def over_http(faults=None):
    """Two language bidders at two addresses, and a rule, at one table."""
    with serving(reply, plan=faults or (lambda n, body: None)) as one, serving(reply) as two:
        first, second = Endpoint(one.url, "a", ""), Endpoint(two.url, "b", "")
        door = Door(patience=Patience(tries=12, first_wait=0.01, longest_wait=0.05))
        agents = {
            "Ann": LanguageBidder(door.open(first), "Ann"),
            "Bea": LanguageBidder(door.open(second), "Bea"),
            "Cid": RaisesUpTo(),
        }
        world = Auction(ITEMS, tuple(Entrant(name, 5000, 0) for name in agents))
        lines = Trajectory()
        try:
            end = await play(world, agents, Seeds(4), lines)
        finally:
            await first.close()
            await second.close()
        return end, agents, lines, (one, two)


async def test_a_mixed_table_over_http():
    end, agents, lines, servers = await over_http()
    assert end.ending == "finished", end.reason
    assert all(len(server.log) == agents[who].spending.calls > 0 for who, server in zip(("Ann", "Bea"), servers))
    assert {line.data["bidder"] for line in lines if line.kind == "belief"} == {"Ann", "Bea", "Cid"}
    assert not end.no_answers and sum(bool(sale.winner) for sale in end.outcome.sales) == 2
    assert end.outcome.seats["Cid"].checks and all(check.right for check in end.outcome.seats["Cid"].checks)


async def test_faults_on_the_line_are_lived_through():
    end, agents, _, servers = await over_http(
        seeded_faults(0.3, 5, ("429", "500", "cut", "malformed", "no number", "over-long"))
    )
    assert end.ending == "finished", end.reason
    assert any(entry[1] for entry in servers[0].log) and agents["Ann"].invalid
    assert set(end.no_answers) <= {"no legal answer", "no clear bid"}
    calm, *_ = await over_http()
    assert end.outcome.seats["Cid"].answers and calm.outcome.sales[0].start == 1000


async def test_refusals_of_the_endpoint_are_no_answers():
    from manyminds.core import Refused

    def refuse(request):
        raise Refused("filtered")

    mind = LanguageBidder(Scripted("no", refuse), "Ann")
    world = Auction(ITEMS, (Entrant("Ann", 5000), Entrant("Bea", 5000)))
    end = await play(world, {"Ann": mind, "Bea": RaisesUpTo(1)}, Seeds(0))
    assert end.no_answers.keys() == {"refused"} and isinstance(await mind.act(view_of(world)), NoAnswer)


def view_of(world):
    from random import Random

    return world.observe(world.reset(Random(0)))["Ann"]
