"""The repeated game: what each seat sees, how it ends, slips, forecasts, voids, and how answers are read."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.agents.repeaters_library import REPEATERS
from manyminds.core import Invalid, NoAnswer, Seeds, Trajectory, play
from manyminds.worlds.games import repeated_measures as m
from manyminds.worlds.games.matrix import MatrixGame, battle_of_the_sexes, bimatrix, prisoners_dilemma
from manyminds.worlds.games.repeated import Horizon, Repeated, fixed, hidden, pretended_end, random_end
from manyminds.worlds.games.repeated_words import Option, Wording

ONE, TWO = "player 1", "player 2"
DILEMMA = prisoners_dilemma()


@dataclass
class Says:
    """Gives one answer after the other, and keeps what it was shown."""

    answers: list
    seen: list

    async def act(self, view):
        self.seen.append(view)
        return self.answers[len(self.seen) - 1]


def says(*answers):
    return Says(list(answers), [])


async def played(world, first, second, seed=0, record=None):
    return await play(world, dict(zip(world.seats, (first, second))), Seeds(seed), record)


def rule(name):
    return REPEATERS[name]()


async def test_both_see_their_own_side_of_every_rule_and_round():
    game = bimatrix("odd", [[(1, 10), (2, 20)], [(3, 30), (4, 40)]])
    a, b = says("J", "F"), says("F", "F")
    await played(Repeated(game, horizon=fixed(2)), a, b)
    mine, theirs = a.seen[1], b.seen[1]
    assert "If you choose J and the other player chooses F, you get 2 points and the other player gets 20" in mine.text
    assert (
        "If you choose F and the other player chooses J, you get 20 points and the other player gets 2" in theirs.text
    )
    assert "Round 1: you chose J and got 2 points; the other player chose F and got 20 points." in mine.text
    assert "Round 1: you chose F and got 20 points; the other player chose J and got 2 points." in theirs.text
    assert mine.data.history == ((0, 1),) and theirs.data.history == ((1, 0),)
    assert np.array_equal(theirs.data.payoffs[0], game.payoffs[1].T)


def test_an_untransposed_matrix_would_be_seen():
    """The mutant that shows the second player the first one's table changes its text in battle of the sexes."""
    world = Repeated(battle_of_the_sexes())

    class Wrong(MatrixGame):
        def seen_by(self, player):
            return self.payoffs

    wrong = replace(world, game=Wrong("wrong", world.game.payoffs))
    state = world.reset(Seeds(0)("reset"))
    assert world.observe(state)[TWO].text != wrong.observe(state)[TWO].text
    assert world.observe(state)[ONE].text == wrong.observe(state)[ONE].text
    assert "chooses J, you get 7 points and the other player gets 10" in world.observe(state)[TWO].text


async def test_a_seat_cannot_see_what_is_hidden():
    """The other's forecast, the order in which it was asked and what it meant before a slip change nothing for me."""
    world = Repeated(DILEMMA, foresight=(TWO,), horizon=fixed(3), noise=0.5)
    state = world.reset(Seeds(3)("reset"))
    state = replace(state, phase="act", history=((0, 1),), meant=((0, 1),), predictions=({TWO: 0}, {TWO: 0}))
    other = replace(state, meant=((0, 0),), predictions=({TWO: 0}, {TWO: 1}), orders=(state.orders[0], (1, 0)))
    assert world.observe(state)[ONE].text == world.observe(other)[ONE].text
    assert world.observe(state)[TWO].text != world.observe(other)[TWO].text


@pytest.mark.parametrize(
    ("horizon", "said"),
    [(fixed(7), "7 rounds in all"), (hidden(7), "not told how many"), (random_end(0.25), "probability of 25%"),
     (pretended_end(0.01, 20), "probability of 1%"), (Horizon(7, told_rounds=9), "9 rounds in all")],
)  # fmt: skip
def test_what_is_told_of_the_horizon(horizon, said):
    world = Repeated(DILEMMA, horizon=horizon)
    text = world.observe(world.reset(Seeds(0)("x")))[ONE].text
    assert said in text
    assert ("20" in text) == (horizon.rounds == 20 and horizon.told == "rounds")


def test_an_announcement_that_is_not_true_is_not_called_honest():
    assert fixed(3).honest and hidden(3).honest and random_end(0.2).honest
    assert not pretended_end(0.4, 20).honest and not Horizon(3, told_rounds=4).honest
    assert not Horizon(10, 0.1).honest  # ten rounds are told, and it may end before


async def test_a_random_horizon_is_geometric():
    world = Repeated(DILEMMA, horizon=random_end(0.4))
    ends = [await played(world, rule("cooperator"), rule("defector"), seed) for seed in range(300)]
    lengths = np.array([end.outcome.rounds for end in ends])
    assert {end.outcome.ended for end in ends} == {"chance"}
    assert abs(lengths.mean() - 2.5) < 4 * np.sqrt(0.6) / 0.4 / np.sqrt(300)
    capped = await played(Repeated(DILEMMA, horizon=random_end(0.001, most=3)), rule("grim"), rule("grim"))
    assert (capped.outcome.rounds, capped.outcome.ended) == (3, "rounds")


async def test_slips_are_carried_out_recorded_and_seen_by_both():
    record = Trajectory()
    end = await played(
        Repeated(DILEMMA, horizon=fixed(400), noise=0.2), rule("cooperator"), rule("cooperator"), record=record
    )
    slips = np.array(end.outcome.history) != np.array(end.outcome.meant)
    assert abs(slips.mean() - 0.2) < 4 * 0.4 / np.sqrt(800)
    told = sum(len(line.data["slips"]) for line in record if line.kind == "round")
    assert told == slips.sum() and end.outcome.totals[ONE] < 3200


async def test_a_void_play_has_no_score_and_both_bounds():
    a, b = says("J", "J", NoAnswer("no legal answer: nothing"), "J"), says("J", "F", "F", "F")
    end = (await played(Repeated(DILEMMA, horizon=fixed(5)), a, b)).outcome
    assert (end.ended, end.rounds, end.silent) == ("void", 2, {ONE: "no legal answer: nothing"})
    assert end.scores == {ONE: None, TWO: None}
    assert end.totals == {ONE: 8, TWO: 18}
    assert end.bounds[ONE] == (8 / 50, (8 + 30) / 50)
    assert end.bounds[TWO] == (18 / 50, (18 + 30) / 50)


async def test_silence_at_once_is_bounded_too_and_an_illegal_option_is_silence():
    end = (await played(Repeated(DILEMMA), says("K"), says("J"))).outcome
    assert (end.rounds, end.scores[TWO], end.bounds[TWO]) == (0, None, (0.0, 1.0))


async def test_forecasts_come_first_and_stand_in_the_question():
    a = says("F", "J", "J", "F")
    end = await played(Repeated(DILEMMA, foresight=(ONE,), horizon=fixed(2)), a, rule("cooperator"))
    assert [view.data.phase for view in a.seen] == ["predict", "act"] * 2
    assert "You expect that the other player will choose F" in a.seen[1].text
    assert "You expect" not in a.seen[0].text
    assert end.outcome.foreseen == {ONE: (1, 2)} and end.turns == 4
    silent = (
        await played(Repeated(DILEMMA, foresight=(ONE,), horizon=fixed(1)), says(NoAnswer("hm"), "J"), rule("grim"))
    ).outcome
    assert silent.ended == "rounds" and silent.foreseen == {ONE: (0, 0)}


def test_the_order_of_options_is_random_by_round_and_seat():
    world = Repeated(DILEMMA, horizon=fixed(50))
    rng, state, orders = Seeds(5)("reset"), world.reset(Seeds(5)("reset")), []
    for _ in range(49):
        orders.append(state.orders)
        text = world.observe(state)[ONE].text
        assert ("J or F?" in text) == (state.orders[0] == (0, 1))
        state, _ = world.step(state, {ONE: "J", TWO: "J"}, rng)
    assert 10 < sum(own == (0, 1) for own, _ in orders) < 40
    assert 10 < sum(own == other for own, other in orders) < 40
    still = Repeated(DILEMMA, wording=Wording(order="first"))
    assert still.reset(Seeds(1)("reset")).orders == ((0, 1), (0, 1))
    turned = Repeated(DILEMMA, wording=Wording(order="second"))
    assert turned.reset(Seeds(1)("reset")).orders == ((1, 0), (1, 0))


@given(some.integers(0, 2**32), some.integers(1, 3))
def test_drawn_labels_are_different_capitals(seed, options):
    labels = Wording(labels=None).drawn(options, Seeds(seed)("labels"))
    assert len(set(labels)) == options and all(label.isupper() and len(label) == 1 for label in labels)


async def test_factors_change_words_and_nothing_else():
    texts = set()
    for wording in (Wording(), Wording(unit="dollars"), Wording(story="cooking"), Wording(story="project"),
                    Wording(story="game"), Wording(goal=True), Wording(others_err=True),
                    Wording(labels=("blue", "green")), Wording(labels=("F", "J")), Wording(window=0)):  # fmt: skip
        a = Says([], [])
        a.answers = [None] * 3
        world = Repeated(DILEMMA, horizon=fixed(3), wording=replace(wording, order="first"))
        end = await played(world, rule("tit-for-tat"), rule("defect-once"))
        assert end.outcome.history == [(0, 1), (1, 0), (0, 0)]
        state = world.reset(Seeds(0)("reset"))
        state, _ = world.step(state, dict.fromkeys((ONE, TWO), state.labels[0]), Seeds(0)("step"))
        texts.add(world.observe(state)[ONE].text)
    assert len(texts) == 10


def test_a_window_leaves_early_rounds_out_and_says_so():
    world = Repeated(DILEMMA, horizon=fixed(9), wording=Wording(window=2))
    state = world.reset(Seeds(0)("reset"))
    for _ in range(5):
        state, _ = world.step(state, {ONE: "J", TWO: "J"}, Seeds(0)("step"))
    text = world.observe(state)[ONE].text
    assert "first 3 rounds are left out" in text and "Round 4:" in text and "Round 3:" not in text


def test_games_of_more_players_and_options_are_told_in_full():
    game = MatrixGame("three", np.arange(3 * 12, dtype=float).reshape(3, 2, 3, 2))
    world = Repeated(game, ("ann", "bob", "cy"), wording=Wording(labels=None))
    state = world.reset(Seeds(0)("reset"))
    views = world.observe(state)
    assert views["bob"].text.count("If you") == 12 and len(views["bob"].action.labels) == 3
    state, _ = world.step(state, {who: view.data.options[-1] for who, view in views.items()}, Seeds(0)("s"))
    assert state.history == ((1, 2, 1),)
    assert world.outcome(state).totals == dict(zip(world.seats, game.paid((1, 2, 1))))


def test_worlds_that_cannot_be():
    with pytest.raises(ValueError, match="2 players"):
        Repeated(DILEMMA, ("alone",))
    with pytest.raises(ValueError, match="do not exist"):
        Repeated(DILEMMA, foresight=("nobody",))
    with pytest.raises(ValueError, match="probability"):
        Repeated(DILEMMA, noise=2)
    with pytest.raises(ValueError, match="different"):
        Wording(labels=("a", "A"))


# ---- how answers are read


@pytest.mark.parametrize(
    ("text", "label"),
    [("J", "J"), (" J.", "J"), ("Option F", "F"), ("(J)", "J"), ("I choose Option J", "J"), ("**F**", "F"),
     ("Answer: F", "F"), ("J is bad for both.\nAnswer: F", "F"), ('{"answer": "J"}', "J"), ("j", "J"),
     ("My choice:\nF\nbecause the other may take J", "F")],
)  # fmt: skip
def test_one_option_is_read(text, label):
    assert Option(("F", "J")).parse(text) == label


@pytest.mark.parametrize("text", ["", "hello", "J or F", "Option J, not F", "J\nF", "K", "Jam", "-9999"])
def test_no_option_and_both_options_are_refused(text):
    with pytest.raises(Invalid):
        Option(("J", "F")).parse(text)


def test_letters_that_are_words_are_not_read_out_of_prose():
    assert Option(("I", "J")).parse("I choose J") == "J"
    assert Option(("A", "K")).parse("Option A") == "A" and Option(("A", "K")).parse("a") == "A"
    for text in ("I think so", "A good question"):
        with pytest.raises(Invalid):
            Option(("I", "A")).parse(text)
    assert Option(("I", "J")).parse("I'd go for option I, I think") == "I"


@given(some.text(max_size=40))
def test_any_text_gives_a_label_or_a_reason(text):
    option = Option(("blue", "dark blue"))
    try:
        assert option.parse(text) in option.labels
    except Invalid as reason:
        assert str(reason)


# ---- measures


def test_measures_by_hand():
    own, other = np.array([0, 1, 0, 0, 1]), np.array([1, 0, 0, 0, 0])
    mine, theirs = DILEMMA.seen_by(0)
    assert m.normalised_score(mine, own, other) == pytest.approx((0 + 10 + 8 + 8 + 10) / 50)
    assert m.external_regret(mine, own, other) == pytest.approx((5 + 40) / 5 - 36 / 5)  # always defect was best
    assert m.efficiency(mine, theirs, own, other) == pytest.approx((10 + 10 + 16 + 16 + 10) / 5 / 16)
    assert m.cooperation(own) == 0.6 and m.exploited(own, other) == 0.2 and m.exploiting(own, other) == 0.4
    assert m.forgiveness(own, other) == pytest.approx(2 / 3)  # after rounds 2, 3 and 4: C, C, D
    assert np.isnan(m.forgiveness(own, np.zeros(5, int))) and m.persistence(own) == 0.25


def test_turns_are_counted_where_both_meet_and_both_move_on():
    battle = battle_of_the_sexes()
    mine, theirs = battle.seen_by(0)[0], battle.seen_by(1)[0].T
    own = np.array([0, 1, 0, 1])
    assert m.alternation(own, own) == 1 and m.alternation(own, 1 - own) == 0 and m.alternation(0 * own, 0 * own) == 0
    assert m.coordination(mine, theirs, own, own) == 1 and m.coordination(mine, theirs, own, 1 - own) == 0


@given(some.lists(some.tuples(some.integers(0, 1), some.integers(0, 1)), min_size=1, max_size=12))
def test_scores_are_shares_and_regret_is_the_best_single_option(rounds):
    own, other = np.array(rounds).T
    mine = DILEMMA.seen_by(0)[0]
    assert 0 <= m.normalised_score(mine, own, other) <= 1
    best = max(mine[a][other].mean() for a in (0, 1))
    assert m.external_regret(mine, own, other) == pytest.approx(best - mine[own, other].mean())
    # The trap: dividing by what was observed instead of by the matrix can only flatter.
    assert m.normalised_score(mine, own, other) <= mine[own, other].mean() / max(mine[own, other].max(), 1e-9) + 1e-12
