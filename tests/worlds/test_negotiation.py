"""Prices in turn: who trades at what price, what is hidden, and broken worlds."""

import asyncio
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents.bargainers import AnchorAdjust, Equilibrium, FairSplitter, TitForConcession
from manyminds.core import Invalid, Seeds, play
from manyminds.theory.bargaining import trade_price
from manyminds.worlds.games.bilateral_answers import Decide, NamePrice, Price
from manyminds.worlds.games.negotiation import GAME, Negotiation, Settings

FACTORS = (0.8, 1.0, 1.2, 1.5)


def end_of(world, first, second, root=1):
    played = asyncio.run(play(world, {"Alice": first, "Bob": second}, Seeds(root)))
    assert played.ending == "finished", played.reason
    return played.outcome


@pytest.mark.parametrize("seller", FACTORS)
@pytest.mark.parametrize("buyer", FACTORS)
@pytest.mark.parametrize("rounds", [1, 10])
def test_the_last_proposer_takes_the_gain(seller, buyer, rounds):
    deal = end_of(Negotiation(factors=(seller, buyer), rounds=rounds), Equilibrium(), Equilibrium())
    price = trade_price(1e4 * seller, 1e4 * buyer, rounds)
    assert deal.agreed == (price is not None)
    if price is not None:
        assert deal.stage == 1 and deal.terms == pytest.approx(price, abs=1e-6)
        assert deal.payoffs == pytest.approx((price - 1e4 * seller, 1e4 * buyer - price), abs=1e-6)


def test_without_an_end_they_meet_in_the_middle():
    deal = end_of(Negotiation(factors=(0.8, 1.2)), Equilibrium(), Equilibrium())
    assert deal.terms == pytest.approx(10_000) and deal.payoffs == pytest.approx((2000, 2000))


@settings(max_examples=40)
@given(some.sampled_from(FACTORS), some.sampled_from(FACTORS), some.sampled_from([1, 10, None]), some.booleans(),
       some.lists(some.sampled_from([Equilibrium(), FairSplitter(), AnchorAdjust(), TitForConcession()]),
                  min_size=2, max_size=2), some.integers(0, 99))  # fmt: skip
def test_no_rule_trades_at_a_loss_and_payoffs_are_what_the_price_says(seller, buyer, rounds, complete, minds, seed):
    world = Negotiation(factors=(seller, buyer), rounds=rounds, complete=complete)
    deal = end_of(world, *minds, root=seed)
    if deal.agreed:
        assert min(deal.payoffs) >= -1e-5 and sum(deal.payoffs) == pytest.approx(1e4 * (buyer - seller))
    else:
        assert deal.payoffs == (0, 0)


def sides(world):
    """The first view of each player."""
    state = world.reset(Random(0))
    first = world.observe(state)["Alice"]
    state, _ = world.step(state, {"Alice": Price(9000.0)}, Random(0))
    return first, world.observe(state)["Bob"]


def test_the_others_value_is_hidden_without_complete_information():
    for seat in range(2):
        seen = [sides(Negotiation(complete=False, factors=factors))[seat]
                for factors in (((1.0, 1.2), (1.0, 1.5)) if seat == 0 else ((0.8, 1.2), (1.0, 1.2)))]  # fmt: skip
        assert (seen[0].text, seen[0].data, seen[0].action) == (seen[1].text, seen[1].data, seen[1].action)
        assert seen[0].data.pie is None and seen[0].data.values[1] is None
    told = sides(Negotiation(factors=(1.0, 1.2)))[0]
    assert "$12,000" in told.text and told.data.pie == pytest.approx(0.2)


def test_roles_are_told_apart():
    seller, buyer = sides(Negotiation(factors=(0.8, 1.2)))
    assert "the seller of" in seller.text and "the buyer of" in buyer.text
    assert buyer.data.offers == ((False, pytest.approx(0.3)),)


PRICE = NamePrice(8000, True, 10_000, False, "Bob")


def test_prices_are_read_or_refused():
    assert PRICE.parse('{"price": "$12,500.50"}').price == 12500.5 and PRICE.parse('{"price": 0}').price == 0
    refused = {'{"price": -5}': "below zero", '{"price": "twelve"}': "not an amount", "12000": "no JSON",
               '{"price": 5, "message": "deal?"}': "unknown field", '{"price": null}': "not an amount"}  # fmt: skip
    for wrong, why in refused.items():
        with pytest.raises(Invalid, match=why):
            PRICE.parse(wrong)
    assert PRICE.giving(0.1).price == 9000 and NamePrice(1000, False, 10_000).giving(0.5).price == 0
    assert PRICE.for_people.parse("9,000").price == 9000


def test_decisions_are_read_or_refused():
    decide = Decide(other="Alice")
    assert decide.parse('{"decision": "Accept"}').yes and not decide.parse('{"decision": "reject"}').yes
    for wrong in ('{"decision": "maybe"}', "accept", '{"decision": true}', '{"decision": ["accept"]}', "{}",
                  '{"decision": "accept"} or {"decision": "reject"}'):  # fmt: skip
        with pytest.raises(Invalid):
            decide.parse(wrong)
    assert decide.for_people.parse("accept").yes and decide.check(False).yes is False


def test_a_message_that_tells_the_own_value_is_logged():
    world = Negotiation(complete=False, messages=True, factors=(0.8, 1.2))
    for message, leaks in (("It is worth $8,000 to me", 1), ("I paid 8000", 1), ("Worth 12000 to you, I bet", 0)):
        after, _ = world.step(world.reset(Random(0)), {"Alice": Price(9000.0, message)}, Random(0))
        assert after.leaks == leaks, message


def test_the_game_on_the_table():
    assert GAME.value(Settings(rounds=1))[0].rows[1][1:] == pytest.approx((4000, 0))
    assert "any price" in GAME.value(Settings())[0].note and GAME.value(Settings(seller=1.5))[0].rows[0][1] == 0


@dataclass(frozen=True)
class SwappedOrder(Negotiation):
    """A broken world: the buyer names the first price."""

    def proposer(self, state):
        return state.stage % 2


@dataclass(frozen=True)
class TellsTheValue(Negotiation):
    """A broken world: the other's value is told, whatever the information."""

    def told_private(self, seat):
        return self.private(seat), self.private(1 - seat)


def test_broken_worlds_are_noticed():
    deal = end_of(SwappedOrder(factors=(0.8, 1.2), rounds=1), Equilibrium(), Equilibrium())
    assert deal.terms != pytest.approx(trade_price(8000, 12000, 1))
    assert "$12,000" in sides(TellsTheValue(complete=False, factors=(1.0, 1.2)))[0].text
