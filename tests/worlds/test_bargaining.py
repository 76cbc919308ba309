"""Division by alternating offers: rules of the game, what each seat sees, malformed answers, and broken worlds."""

import asyncio
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents.bargainers import (
    AnchorAdjust,
    Equilibrium,
    FairSplitter,
    Stubborn,
    TitForConcession,
)
from manyminds.agents.person import Person
from manyminds.core import Invalid, NoAnswer, Seeds, Trajectory, play
from manyminds.theory.bargaining import finite_shares, rubinstein
from manyminds.worlds.games.bargaining import GAME, Bargaining, Settings
from manyminds.worlds.games.bilateral_answers import Divide, Offer

FACTORS = (0.8, 0.9, 0.95, 1.0)
MINDS = (Equilibrium(), FairSplitter(), AnchorAdjust(), TitForConcession())


def end_of(world, first, second, root=1, record=None):
    played = asyncio.run(play(world, {"Alice": first, "Bob": second}, Seeds(root), record))
    assert played.ending == "finished", played.reason
    return played.outcome


@pytest.mark.parametrize(("factors", "rounds", "share"), [
    ((0.9, 0.9), None, 0.5263), ((0.8, 0.95), None, 0.2083), ((0.95, 0.8), None, 0.8333),
    ((0.9, 0.9), 12, 0.3777), ((0.8, 0.95), 12, 0.1682), ((0.95, 0.8), 12, 0.6728), ((1, 1), 12, 0.0),
])  # fmt: skip
def test_equilibrium_minds_agree_at_once_on_the_figures_of_the_paper(factors, rounds, share):
    deal = end_of(Bargaining(rounds=rounds, discounts=factors), Equilibrium(), Equilibrium())
    assert deal.stage == 1 and deal.terms / 10_000 == pytest.approx(share, abs=5e-5)
    theory = rubinstein(*factors) if rounds is None else finite_shares(*factors, rounds)[0]
    assert deal.terms / 10_000 == pytest.approx(theory, abs=1e-12)


def test_delay_is_discounted_from_the_second_stage_on():
    at_once = end_of(Bargaining(discounts=(0.5, 0.8)), FairSplitter(), FairSplitter())
    assert at_once.payoffs == (5000, 5000)  # the exponent of stage 1 is 0
    later = end_of(Bargaining(discounts=(0.5, 0.8)), Stubborn(share=0.6), FairSplitter())
    assert not later.agreed
    one_later = end_of(Bargaining(discounts=(0.5, 0.8)), Equilibrium(), Stubborn(share=0.7))
    assert one_later.stage == 2 and one_later.payoffs == pytest.approx((0.5 * 3000, 0.8 * 7000))


def test_no_agreement_pays_nothing_after_the_last_stage_or_the_hidden_cap():
    for rounds, cap, stages in ((12, 99, 12), (None, 99, 99), (None, 7, 7)):
        deal = end_of(Bargaining(rounds=rounds, cap=cap), Stubborn(share=0.8), Stubborn(share=0.8))
        assert (deal.agreed, deal.payoffs, deal.stages) == (False, (0, 0), stages)


@settings(max_examples=40)
@given(some.sampled_from(FACTORS), some.sampled_from(FACTORS), some.sampled_from([12, None]), some.booleans(),
       some.lists(some.sampled_from(MINDS), min_size=2, max_size=2), some.integers(0, 99))  # fmt: skip
def test_whoever_plays_turns_alternate_and_shares_sum_to_the_money(first, second, rounds, complete, minds, seed):
    deal = end_of(Bargaining(discounts=(first, second), rounds=rounds, complete=complete), *minds, root=seed)
    proposals = [turn for turn in deal.turns if turn.kind == "proposal"]
    assert [turn.actor for turn in proposals] == [("Alice", "Bob")[i % 2] for i in range(len(proposals))]
    assert all(-1e-9 <= turn.payload["terms"] <= 10_000 + 1e-9 for turn in proposals)
    undiscounted = [deal.payoffs[i] / (first, second)[i] ** ((deal.stage or 1) - 1) for i in range(2)]
    assert sum(undiscounted) == pytest.approx(10_000 if deal.agreed else 0)


# ---- what is seen


def views(world, stages=3):
    """Every view of a game of two who never agree."""
    seen = []

    def record(step):
        seen.extend(step.views.values())

    asyncio.run(
        play(world, {"Alice": Stubborn(share=0.81), "Bob": Stubborn(share=0.83)}, Seeds(0), record, turns=2 * stages)
    )
    return seen


def test_the_others_factor_is_hidden_without_complete_information():
    for bob in (0.8, 0.95, 1.0):
        shut = [v for v in views(Bargaining(complete=False, discounts=(0.9, bob))) if v.seat == "Alice"]
        if bob != 1.0:
            assert f"{100 * bob:g}%" not in "".join(v.text for v in shut)
        assert all(v.data.discounts == (0.9, None) for v in shut)
    same = [[(v.text, v.data) for v in views(Bargaining(complete=False, discounts=(0.9, bob))) if v.seat == "Alice"]
            for bob in (0.8, 1.0)]  # fmt: skip
    assert same[0] == same[1]
    told = [v for v in views(Bargaining(discounts=(0.9, 0.8))) if v.seat == "Alice"]
    assert "80%" in told[0].text and told[0].data.discounts == (0.9, 0.8)


def test_nobody_is_told_how_long_a_game_without_end_can_last():
    near, far = views(Bargaining(cap=97), 40), views(Bargaining(cap=99), 40)
    assert [(v.text, v.data) for v in near] == [(v.text, v.data) for v in far]
    assert all(v.data.rounds is None and "of 99" not in v.text and "at most" not in v.text for v in far)
    assert all("of 12" in v.text for v in views(Bargaining(rounds=12)))


def test_the_text_holds_the_history_and_the_parts_are_the_text():
    last = views(Bargaining(messages=True))[-1]
    assert last.text.count("proposes") >= 5 and last.text.startswith(last.rules) and last.text.endswith(last.call)
    assert "$8,100" in last.text and "Alice rejected it" in last.text


# ---- answers

DIVIDE = Divide(1000, True, "Bob")


@pytest.mark.parametrize(("text", "own", "message"), [
    ('{"own_part": 600, "other_part": 400}', 600, ""),
    ('Here: {"own_part": "$600", "other_part": "400", "message": " Fair? "} ', 600, "Fair?"),
    ('```json\n{"own_part": 600.5, "other_part": 399.5}\n```', 600.5, ""),
])  # fmt: skip
def test_offers_are_read(text, own, message):
    offer = DIVIDE.parse(text)
    assert (offer.own, offer.message, offer.raw) == (own, message, text)


def test_currency_and_thousands_separators_are_read_where_they_are_clear():
    big = Divide(1_000_000)
    assert big.parse('{"own_part": "$600,000", "other_part": "400,000.00"}').own == 600_000
    for unclear in ('{"own_part": 600,000, "other_part": 400,000}', '{"own_part": "6.00.000", "other_part": "4"}',
                    '{"own_part": "600.000,00", "other_part": "400.000,00"}',
                    '{"own_part": "60,0000", "other_part": 1}'):  # fmt: skip
        with pytest.raises(Invalid):
            big.parse(unclear)


@pytest.mark.parametrize(("text", "why"), [
    ("600", "no JSON"), ("I take {600}", "not valid JSON"), ('{"own_part": 600}', "missing field: 'other_part'"),
    ('{"own_part": 600, "other_part": 500}', "do not sum"), ('{"own_part": -1, "other_part": 1001}', "below zero"),
    ('{"own_part": true, "other_part": 999}', "not an amount"), ('{"own_part": NaN, "other_part": 1}', "NaN"),
    ('{"own_part": 600, "other_part": 400, "decision": "accept"}', "unknown field"),
    ('{"own_part": 600, "other_part": 400} {"decision": "accept"}', "answers for Bob too"),
    ('{"own_part": 600, "other_part": 400}\nBob: I accept.', "answers for Bob too"),
    ('{"own_part": 600, "other_part": 400, "message": 5}', "not a text"),
])  # fmt: skip
def test_malformed_offers_are_refused_with_the_reason(text, why):
    with pytest.raises(Invalid, match=why):
        DIVIDE.parse(text)


def test_messages_only_where_they_are_allowed():
    with pytest.raises(Invalid, match="unknown field: 'message'"):
        Divide(1000).parse('{"own_part": 600, "other_part": 400, "message": "please"}')
    with pytest.raises(Invalid, match="not allowed"):
        Divide(1000).check(Offer(600, 400, "please"))
    assert "message" not in Divide(1000).schema()["properties"] and "message" in DIVIDE.schema()["required"]


def test_a_person_may_type_the_own_part_alone():
    assert DIVIDE.for_people.parse("600").own == 600 and DIVIDE.for_people.parse('{"own_part": 1, "other_part": 999}')
    with pytest.raises(Invalid):
        DIVIDE.parse("600")


async def test_a_person_sits_at_the_table():
    lines, shown = iter(["much", "600", '{"own_part": 500, "other_part": 500}', "accept"]), []
    person = Person(lambda prompt: next(lines), shown.append)
    played = await play(Bargaining(money=1000, rounds=2), {"Alice": person, "Bob": Stubborn(share=0.45)}, Seeds(0))
    # 400 is less than Bob takes; his counter-offer of 550 is accepted once the word is the right one.
    assert (played.outcome.terms, played.outcome.stage) == (pytest.approx(550), 2)
    assert any("Type what you keep" in text for text in shown) and any("cannot be used" in text for text in shown)


def test_a_missing_answer_voids_the_game():
    world = Bargaining()
    after, events = world.step(world.reset(Random(0)), {"Alice": NoAnswer("no legal answer: nonsense")}, Random(0))
    assert not world.observe(after) and world.outcome(after).payoffs is None
    assert world.outcome(after).void == "Alice: no legal answer: nonsense" and events[0].kind == "void"


@pytest.mark.parametrize(("message", "leaks"), [
    ("My factor is 0.9, take it", 1), ("I lose 10% per round", 1), ("90 percent is left to me", 1),
    ("Let us split 90/10", 0), ("You lose, I win", 0),
])  # fmt: skip
def test_a_message_that_tells_a_hidden_parameter_is_logged_and_passed_on(message, leaks):
    world = Bargaining(complete=False, messages=True)
    after, events = world.step(world.reset(Random(0)), {"Alice": Offer(5000, 5000, message)}, Random(0))
    assert after.leaks == leaks and (events[-1].kind == "leak") == bool(leaks)
    assert message in world.observe(after)["Bob"].text
    assert events[0].to == ("Bob",) and (not leaks or events[-1].to == ())
    open_book = Bargaining(messages=True)
    assert open_book.step(open_book.reset(Random(0)), {"Alice": Offer(5000, 5000, message)}, Random(0))[0].leaks == 0


def test_the_game_on_the_table():
    (table,) = GAME.value(Settings())
    assert table.rows[0][1] == pytest.approx(5263.157895)
    assert GAME.value(Settings(first=1, second=1))[0].rows[0][1] == "any"
    world = GAME.world(Settings(rounds=12, complete=False))
    assert world.told_rounds() == 12 and world.discounts == (0.9, 0.9) and GAME.seats(Settings()) == ("Alice", "Bob")
    assert set(GAME.score(end_of(world, Equilibrium(), Equilibrium())).values()) != {0}


# ---- broken worlds


@dataclass(frozen=True)
class DiscountsAtOnce(Bargaining):
    """A broken world: the exponent is the stage, not the stage less one."""

    def payoff(self, seat, terms, stage):
        return super().payoff(seat, terms, stage + 1)


@dataclass(frozen=True)
class TellsTheEnd(Bargaining):
    """A broken world: the hidden cap is told."""

    def told_rounds(self):
        return self.last


@dataclass(frozen=True)
class TellsTheFactor(Bargaining):
    """A broken world: the other's discount factor is told, whatever the information."""

    def told_private(self, seat):
        return self.private(seat), self.private(1 - seat)


def test_broken_worlds_are_noticed():
    deal = end_of(DiscountsAtOnce(), FairSplitter(), FairSplitter())
    assert deal.payoffs != (5000, 5000)
    assert all(v.data.rounds == 99 and "99" in v.text for v in views(TellsTheEnd()))
    near, far = (end_of(TellsTheEnd(cap=cap), Equilibrium(), Equilibrium()).terms for cap in (2, 3))
    assert near != far  # the equilibrium mind uses what it should not know, and leaves Rubinstein's division
    assert abs(near / 10_000 - rubinstein(0.9, 0.9)) > 0.1
    leaky = [v for v in views(TellsTheFactor(complete=False, discounts=(0.9, 0.8))) if v.seat == "Alice"]
    assert "80%" in leaky[0].text and leaky[0].data.discounts == (0.9, 0.8)


def test_the_record_keeps_every_act():
    lines = Trajectory()
    end_of(Bargaining(rounds=12), TitForConcession(), AnchorAdjust(), record=lines)
    assert {line.kind for line in lines} == {"answer", "proposal", "decision", "end"}
