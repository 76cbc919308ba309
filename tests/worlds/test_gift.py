"""The game of gifts against arithmetic on paper, and broken games against the tests."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.agents.donors import Genome, Giver, Refuses, gives, punisher, reciprocator, threshold
from manyminds.core import BadInput, Invalid, NoAnswer, Seeds, Trajectory, play
from manyminds.theory.gift import mean_resources, most, table
from manyminds.worlds.games.gift import Gift, Giving, Move, donations, rates, replayed, reputations
from manyminds.worlds.games.gift_game import GAME
from manyminds.worlds.games.gift_schedules import TWELVE, alternating, found, leaks, released, shifted, swapped

TWELVE_NAMES = tuple(f"1_{i}" for i in range(1, 13))
SIX = tuple("abcdef")


def game(names=TWELVE_NAMES, rounds=None, **settings):
    return Gift(names, alternating(len(names), len(names)) if rounds is None else rounds, **settings)


def end_of(world, minds, root=1, record=None):
    agents = dict(zip(world.players, minds)) if isinstance(minds, list) else dict.fromkeys(world.players, minds)
    played = asyncio.run(play(world, agents, Seeds(root), record))
    assert played.ending == "finished", played.reason
    return played.outcome


# ---- schedules


def test_twelve_by_twelve_is_what_the_derivation_says():
    rounds = alternating()
    assert found(6, 12, 3) == TWELVE and shifted(12, TWELVE) == rounds
    pairs = [pair for one in rounds for pair in one]
    assert len(pairs) == len(set(pairs)) == 72
    met = {}
    for number, one in enumerate(rounds):
        for pair in one:
            met.setdefault(frozenset(pair), []).append(number)
    assert len(met) == 36 and all(len(at) == 2 and at[1] - at[0] >= 5 for at in met.values())
    assert not leaks(rounds, 3) and not leaks(swapped(rounds), 3)
    for place in range(12):
        turns = [number % 2 for number, one in enumerate(rounds) for donor, _ in one if donor == place]
        assert len(turns) == 6 and len(set(turns)) == 1


@pytest.mark.parametrize("players", range(6, 31, 2))
@pytest.mark.parametrize("links", range(4))
def test_other_sizes_keep_the_conditions(players, links):
    rounds = alternating(players, players, links)
    assert len(rounds) == players and not leaks(rounds, links)
    pairs = [pair for one in rounds for pair in one]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize(("players", "rounds", "links"), [(11, 12, 3), (0, 1, 0), (4, 4, 3), (2, 2, 1), (12, 13, 3)])
def test_what_cannot_be_scheduled_is_refused(players, rounds, links):
    with pytest.raises(BadInput):
        alternating(players, rounds, links)


def test_a_schedule_that_lets_players_repay_is_refused():
    naive = shifted(12, (0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5))
    assert len(leaks(naive, 1)) == 36  # six donors in every even round
    with pytest.raises(BadInput, match="direct reciprocity"):
        Gift(TWELVE_NAMES, naive)
    Gift(TWELVE_NAMES, naive, watched=False)


def test_the_released_schedule_halves_what_all_can_reach():
    world = Gift(TWELVE_NAMES, released())
    for fraction, expected in ((1.0, 15360), (0.5, 341.171875)):
        end = end_of(world, gives(fraction))
        assert sum(end.scores.values()) / 12 == pytest.approx(expected, rel=1e-12)
        assert mean_resources(fraction, half_gives="ABABABBABABA") == pytest.approx(expected, rel=1e-12)
    with pytest.raises(BadInput):
        released(12, 10)


# ---- the mean field

PUBLISHED = {(0, 2): 10, (0.25, 2): 53.4888, (0.5, 2): 393.90625, (0.75, 2): 3482.6685, (1, 2): 30720,
             (0.5, 1.5): 67.3435, (1, 1.5): 1081.2195, (0.5, 3): 8784.714, (1, 3): 3542940}  # fmt: skip


@pytest.mark.parametrize("multiplier", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("fraction", [0, 0.25, 0.5, 0.75, 1])
def test_all_who_give_the_same_end_where_the_mean_field_says(fraction, multiplier):
    end = end_of(game(multiplier=multiplier), gives(fraction))
    told = mean_resources(fraction, multiplier)
    assert all(score == pytest.approx(told, rel=1e-9) for score in end.scores.values())
    if (fraction, multiplier) in PUBLISHED:
        assert told == pytest.approx(PUBLISHED[fraction, multiplier], rel=1e-6)


def test_the_table_and_its_top():
    assert most() == 30720 and dict((row[0], row[2]) for row in table())[1] == 30720


def test_swapped_games_mirror_each_other():
    world = game()
    end = end_of(world, gives(0.5))
    first, second = end.finals
    order = world.reset(Seeds(1)("reset")).order
    givers, takers = order[:6], order[6:]
    assert {first[name] for name in givers} == {second[name] for name in takers}
    assert {first[name] for name in takers} == {second[name] for name in givers}
    assert first[givers[0]] != second[givers[0]]


# ---- rules


def test_everybody_gives_six_times_a_game_and_sees_a_growing_trace():
    record = Trajectory()
    end = end_of(game(), reciprocator(), record=record)
    for number in (1, 2):
        donors = [each.donor for each in end.encounters if each.game == number]
        assert all(donors.count(name) == 6 for name in TWELVE_NAMES)
        for each in end.encounters:
            assert len(each.trace) == min(each.round - 1, 3)
            assert all(each.donor not in (act.giver, act.receiver) for act in each.trace)
            if each.trace:
                assert each.trace[0].giver == each.recipient
                assert all(a.receiver == b.giver and a.round == b.round + 1 for a, b in zip(each.trace, each.trace[1:]))
    assert sum(line.kind == "encounter" for line in record) == 144


amounts = some.one_of(some.floats(0, 40), some.just(None))


@given(some.lists(some.tuples(some.sampled_from(["donate", "punish", "refuse"]), amounts), min_size=36, max_size=36))
def test_every_unit_is_accounted_for(moves):
    world = game(SIX, punishment=True, partner_choice=True)
    state, rng, told = world.reset(Random(0)), Random(0), iter(moves)
    while due := world.observe(state):
        answers = {}
        for name, view in due.items():
            verb, amount = next(told)
            answers[name] = NoAnswer("none") if amount is None else view.action.check((verb, amount))
        before = state
        state, _ = world.step(state, answers, rng)
        after = state.resources if state.game == before.game else state.finals[-1]
        for donor, recipient in world.pairs(before).items():
            answer, own, theirs = answers[donor], before.resources[donor], before.resources[recipient]
            moved = after[donor] + after[recipient] - own - theirs
            if isinstance(answer, NoAnswer) or answer.amount > own or answer.verb == "refuse":
                assert moved == pytest.approx(0, abs=1e-9)
            elif answer.verb == "donate":
                assert moved == pytest.approx(answer.amount, abs=1e-6)  # (m - 1) g at m = 2
            else:
                assert moved == pytest.approx(-answer.amount - min(2 * answer.amount, theirs), abs=1e-6)
            assert after[donor] >= 0 and after[recipient] >= 0
    counted = rates(world.outcome(state).encounters)
    silent = sum(amount is None for _, amount in moves)
    assert counted["silent"] == pytest.approx(silent / 36)


def test_nothing_passes_from_the_first_game_to_the_second():
    world = game(SIX, punishment=True)
    state, rng = world.reset(Random(0)), Random(0)
    while state.game == 0:
        state, _ = world.step(state, {name: view.action.check(3.0) for name, view in world.observe(state).items()}, rng)
    assert state.traces == {} and set(state.resources.values()) == {10.0}
    assert set(reputations(world.outcome(state).encounters)) == set(SIX)


def test_no_answer_gives_nothing_and_both_bounds_are_reported():
    class Mute:
        async def act(self, view):
            return NoAnswer("no legal answer: silence")

    world = game(SIX)
    end = end_of(world, [Mute(), *[gives(0.5)] * 5])
    assert donations(end.encounters)["a"] == 0 and donations(end.encounters, 1.0)["a"] == 1
    assert replayed(world, end.encounters, 0.0) == pytest.approx(sum(end.scores.values()) / 6)
    assert replayed(world, end.encounters, 0.5) == pytest.approx(mean_resources(0.5, rounds=6))
    assert rates(end.encounters)["silent"] == pytest.approx(1 / 6)


def test_an_impossible_amount_moves_nothing_and_a_poor_donor_has_no_fraction():
    class Boasts:
        async def act(self, view):
            return 2 * view.data.own + 1

    end = end_of(game(SIX, games=1), [Boasts(), *[gives(1.0)] * 5])
    tried = [each for each in end.encounters if each.donor == "a"]
    assert all(each.status == "invalid" and each.amount == 0 for each in tried)
    poor = [each for each in end.encounters if each.had_nothing]
    assert poor and all(each.fraction == 0 and each.had == 0 for each in poor)


def test_a_view_tells_its_donor_nothing_else():
    """Change what is hidden (other players, the horizon, the other game): the view stays the same."""
    world = game(SIX, games=2)
    state = world.reset(Random(0))
    for _ in range(2):
        state, _ = world.step(state, {name: Move("donate", 2.0) for name in world.observe(state)}, Random(0))
    donor, recipient = next(iter(world.pairs(state).items()))
    seen = world.view(state, donor, recipient)
    others = {name: 99.0 for name in SIX if name not in (donor, recipient)}
    hidden = replace(state, resources=state.resources | others, encounters=())
    assert world.view(hidden, donor, recipient) == seen
    longer = replace(world, rounds=alternating(6, 6)[:4], games=1)
    assert longer.view(state, donor, recipient) == seen
    forms = (f"{world.games} games", f"{len(world.rounds)} rounds", "twice")
    assert not any(form in seen.text for form in forms)
    assert recipient in seen.text and f"round {state.round + 1}" in seen.text


@given(some.permutations(SIX), some.integers(0, 5))
def test_names_do_not_matter(names, root):
    minds = [reciprocator(first=0.1 * i) for i in range(6)]
    one, other = end_of(game(SIX), minds, root), end_of(game(tuple(names)), minds, root)
    assert list(one.scores.values()) == list(other.scores.values())


def test_minds_of_rules():
    world = game(SIX, punishment=True, partner_choice=True, games=1)
    punished = rates(end_of(world, [gives(0.0), *[punisher(0.3, 0.2)] * 5]).encounters)["punished"]
    refused = rates(end_of(world, Refuses()).encounters)["refused"]
    assert punished > 0 and refused == 1
    assert rates(end_of(game(SIX), Refuses()).encounters)["refused"] == 0
    kept = donations(end_of(world, [gives(0.0), *[threshold(0.3, 0.5)] * 5]).encounters)
    assert kept["a"] == 0 and 0 < min(kept[name] for name in SIX[1:]) <= 0.5
    jitter = Giver(Genome(first=0.5, jitter=0.1))
    given = donations(end_of(world, jitter).encounters)
    assert len(set(given.values())) == 6


# ---- answers

PLAIN = Giving(10.0)
BOTH = Giving(10.0, punish=True)
CHOOSY = Giving(10.0, refuse=True)


@pytest.mark.parametrize(("action", "text", "expected"), [
    (PLAIN, "Justification: they gave 90%.\nAnswer: 4.5", ("donate", 4.5)),
    (PLAIN, "**Justification:** fair\n**Answer:** 3 units", ("donate", 3)),
    (PLAIN, "answer: 1,000", ("donate", 1000)),
    (PLAIN, "Answer: 0", ("donate", 0)),
    (PLAIN, "Answer: 2\nAnswer: 3", ("donate", 3)),
    (PLAIN, "Answer: 5 of my 10 units", ("donate", 5)),
    (BOTH, "Answer: Donate, 5", ("donate", 5)),
    (BOTH, "ANSWER: PUNISH 2.5", ("punish", 2.5)),
    (BOTH, "Answer: I donate 1", ("donate", 1)),
    (CHOOSY, "Answer: Refuse to play.", ("refuse", 0)),
    (CHOOSY, "Answer: 7", ("donate", 7)),
])  # fmt: skip
def test_answers_that_count(action, text, expected):
    move = action.parse(text)
    assert (move.verb, move.amount) == expected


@pytest.mark.parametrize(("action", "text"), [
    (PLAIN, "I give 5."), (PLAIN, "Answer: five"), (PLAIN, "Answer: -3"), (PLAIN, "Answer: nan"),
    (PLAIN, "Answer: inf"),
    (PLAIN, "Answer: 50%"), (PLAIN, "Answer: 50 percent"), (PLAIN, "Answer: 3,5"), (PLAIN, "Answer: 3 or 4"),
    (PLAIN, "Answer: 3-4"), (PLAIN, "Answer: I refuse to play."), (PLAIN, "Answer: punish 3"), (PLAIN, "Answer:"),
    (PLAIN, "Answer: 1e5"), (PLAIN, "I cannot take part in this. Answer: none"), (BOTH, "Answer: 5"),
    (BOTH, "Answer: donate 5 or punish 3"), (BOTH, "Answer: refuse"), (CHOOSY, "Answer: refuse, or donate 5"),
])  # fmt: skip
def test_answers_that_do_not(action, text):
    with pytest.raises(Invalid):
        action.parse(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True, "5", None, ("punish", 3), ("rob", 3)])
def test_values_that_do_not(value):
    with pytest.raises(Invalid):
        PLAIN.check(value)


def test_reasons_are_kept_and_large_amounts_reach_the_world():
    move = PLAIN.parse("Justification: they were kind.\nAnswer: 40")
    assert move.justification == "they were kind." and move.amount == 40
    assert "10" in PLAIN.instruction() and "Punish" in BOTH.instruction() and "Refuse" in CHOOSY.instruction()


# ---- on the table


def test_the_game_on_the_table():
    settings = GAME.settings()
    world = GAME.world(settings)
    names = GAME.seats(settings)
    played = asyncio.run(play(world, {name: GAME.rules["gives"](1.0) for name in names}, Seeds(3)))
    scores = GAME.score(played.outcome)
    assert set(scores) == set(names) and GAME.value(settings)[0].rows[-1][1] == pytest.approx(min(scores.values()))
    with pytest.raises(BadInput):
        GAME.settings(players=5)
