"""One definition of every strategy: numpy and JAX agree, states stay in their match, tables play what they describe."""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import beta

from manyminds.agents.equilibrists import GENERAL, Equilibrium, Replies
from manyminds.agents.lookups import keys, lookup, tabulated
from manyminds.agents.repeaters import UNKNOWN, Cells, Repeater, Seen, flag, forecast
from manyminds.agents.repeaters_first import NYDEGGER, nydegger
from manyminds.agents.repeaters_learning import gamma
from manyminds.agents.repeaters_library import MAKERS, REPEATERS, strategy
from manyminds.core import BadInput, NoAnswer, Seeds, play
from manyminds.worlds.games.matrix import MatrixGame, battle_of_the_sexes, prisoners_dilemma
from manyminds.worlds.games.repeated import Repeated, fixed, hidden
from manyminds.worlds.games.repeated_words import Wording

NAMES = [name for name in MAKERS if name != "memory-one"] + ["memory-one:0.9:0.1:0.8:0.3:0.5"]
TABLE = Cells(*map(np.float32, (8, 0, 10, 5))), Cells(*map(np.float32, (8, 10, 0, 5)))
SEATS = ("player 1", "player 2")


def walk(mind, xp, rounds):
    """What a strategy does along given rounds (own, other, luck, more), in one of the two array libraries."""
    as_array = jnp.asarray if xp is jnp else (lambda value: value)
    state, done = tuple(map(as_array, mind.start)), []
    mine, theirs = (Cells(*map(as_array, cells)) for cells in TABLE)
    own = other = False
    for turn, (mine_next, other_next, luck, more) in enumerate(rounds):
        seen = Seen(as_array(np.int32(turn)), as_array(flag(own)), as_array(flag(other)), as_array(np.float32(luck)),
                    as_array(np.float32(more)), mine, theirs, as_array(np.int32(40)))  # fmt: skip
        second, state = mind.move(state, seen, xp)
        done.append(bool(second))
        own, other = mine_next, other_next
    return done


@pytest.mark.parametrize("name", NAMES)
def test_numpy_and_jax_play_the_same(name):
    rng = np.random.default_rng(NAMES.index(name))
    rounds = [(rng.random() < 0.4, rng.random() < 0.4, rng.random(), rng.random()) for _ in range(40)]
    assert walk(strategy(name), np, rounds) == walk(strategy(name), jnp, rounds)


async def moves(mind, others, game=None, seed=0, horizon=None):
    """The options of `mind` in the first seat against a script of options, as a word of C and D."""
    table = dict(zip(["".join(others[:i]) for i in range(len(others))], others))

    class Script:
        async def act(self, view):
            return view.data.options["CD".index(table["".join(others[: view.data.round])])]

    world = Repeated(game or prisoners_dilemma(), SEATS, horizon or fixed(len(others)))
    played = await play(world, dict(zip(SEATS, (mind, Script()))), Seeds(seed))
    assert played.ending == "finished", played.reason
    return "".join("CD"[joint[0]] for joint in played.outcome.history)


# What each does against C D D C C C D C, from the words of its description.
WRITTEN = {
    "cooperator": "CCCCCCCC", "defector": "DDDDDDDD", "defect-once": "DCCCCCCC", "alternator": "CDCDCDCD",
    "late-alternator": "DCDCDCDC", "tit-for-tat": "CCDDCCCD", "suspicious-tit-for-tat": "DCDDCCCD",
    "reverse-tit-for-tat": "DDCCDDDC", "anti-tit-for-tat": "CDCCDDDC", "tit-for-two-tats": "CCCDCCCC",
    "two-tits-for-tat": "CCDDDCCD", "hard-tit-for-tat": "CCDDDDCD", "hard-tit-for-tat-released": "DCDDDDCD",
    "hard-tit-for-two-tats": "CCCDDCCC", "grim": "CCDDDDDD", "win-stay-lose-shift": "CCDCCCCD",
    "limited-retaliation:2": "CCDDCCCD",
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
async def test_strategies_do_what_their_description_says(name):
    assert await moves(Repeater(strategy(name)), "CDDCCCDC") == WRITTEN[name]


async def test_one_object_serves_any_number_of_matches():
    """The trap of a global iterator: a used alternator must open with its first option again, and in both seats."""
    mind = REPEATERS["alternator"]()
    world = Repeated(prisoners_dilemma(), SEATS, fixed(3))
    for seed in (0, 0, 1):
        played = await play(world, dict.fromkeys(SEATS, mind), Seeds(seed))
        assert played.outcome.history == [(0, 0), (1, 1), (0, 0)]


async def test_a_shared_iterator_would_not():
    turns = iter("JFJFJFJF")

    class Global:
        async def act(self, view):
            return next(turns)

    world = Repeated(prisoners_dilemma(), SEATS, fixed(3))
    minds = dict(zip(SEATS, (Global(), REPEATERS["cooperator"]())))
    first, second = [(await play(world, minds, Seeds(0))).outcome.history for _ in range(2)]
    assert first != second  # the mutant: the second match begins where the first stopped


async def test_the_same_seed_gives_the_same_match_whatever_else_is_played():
    world = Repeated(prisoners_dilemma(), SEATS, fixed(30))
    minds = [REPEATERS["random"](), REPEATERS["graaskamp"]()]
    one = await play(world, dict(zip(SEATS, minds)), Seeds(4))
    await play(world, dict(zip(SEATS, minds)), Seeds(5))
    again = await play(world, dict(zip(SEATS, minds)), Seeds(4))
    assert one.outcome.history == again.outcome.history
    assert one.outcome.history != (await play(world, dict(zip(SEATS, minds)), Seeds(5))).outcome.history


async def test_last_rounds_matter_only_where_they_are_known():
    told = await moves(REPEATERS["stein-rapoport"](), "C" * 8)
    untold = await moves(REPEATERS["stein-rapoport"](), "C" * 8, horizon=hidden(8))
    assert told == "CCCCCCDD" and untold == "CCCCCCCC"


def test_nydeggers_table_is_the_listed_one():
    from manyminds.agents.repeaters_first import NYDEGGER_BITS

    listed = [a for a in range(64) if NYDEGGER_BITS[a // 16] >> (a % 16) & 1]
    assert tuple(listed) == NYDEGGER and nydegger().start[0] == 0


async def test_learners_in_battle_of_the_sexes():
    battle = battle_of_the_sexes()
    assert await moves(REPEATERS["best-reply"](), "CDCDCDCDCD", battle) == "C" * 10
    assert await moves(REPEATERS["foresight"](), "CDCDCDCDCD", battle) == "CCCDCDCDCD"
    assert await moves(REPEATERS["cournot"](), "CDCD", battle) == "CCDC"


def test_thompson_draws_are_nearly_beta():
    rng = np.random.default_rng(0)
    for c, d in ((0, 0), (1, 0), (5, 2), (40, 10)):
        u, v = rng.random((2, 20_000), dtype=np.float32)
        radius, angle = np.sqrt(-2 * np.log(1 - u)), 2 * np.pi * v
        a = gamma(np.float32(c + 1), radius * np.cos(angle), np)
        b = gamma(np.float32(d + 1), radius * np.sin(angle), np)
        drawn = np.sort(a / np.maximum(a + b, 1e-9))
        gap = np.abs(np.arange(1, 20_001) / 20_000 - beta.cdf(drawn, c + 1, d + 1)).max()
        assert gap < 0.03, (c, d, gap)


@given(some.lists(some.integers(0, 1), max_size=9))
def test_forecasts_are_what_followed_most_often(moves):
    expected = forecast(tuple((0, move) for move in moves))
    after = [b for a, b in pairwise(moves) if a == moves[-1]]
    if after and after.count(0) != after.count(1):
        assert expected == int(after.count(1) > after.count(0))
    elif moves and moves.count(0) != moves.count(1):
        assert expected == int(moves.count(1) > moves.count(0))
    else:
        assert expected == 0


def test_names_and_numbers():
    assert strategy("naive-prober:0.2").name == "naive-prober:0.2"
    assert strategy("grim") is strategy("grim") and strategy("random:0.3") is strategy("random:0.3")
    with pytest.raises(BadInput, match="tit-for-tat"):
        strategy("tit-for-tatt")
    with pytest.raises(BadInput, match="not a probability"):
        strategy("random:2")
    with pytest.raises(BadInput, match="memory-one"):
        strategy("memory-one:1")


# ---- tables


@pytest.mark.parametrize("name", ["tit-for-tat", "grim", "nydegger", "downing", "best-reply"])
def test_a_table_plays_what_it_describes_on_all_1023_keys(name):
    table = tabulated(strategy(name), *TABLE)
    assert len(table) == len(keys()) == 1023 and set(table) == set(keys())
    written = lookup(table)
    for key in keys():
        rounds = [(False, letter == "F", 0.0, 0.0) for letter in (*key, "J")]
        own = [letter == "F" for letter in (table[key[:i]] for i in range(len(key) + 1))]
        rounds = [(mine, other, 0.0, 0.0) for mine, (_, other, _, _) in zip(own, rounds)]
        assert walk(written, np, rounds)[-1] == own[-1] == (table[key] == "F")


def test_tables_with_holes_strange_labels_or_luck_are_refused():
    table = tabulated(strategy("grim"), *TABLE)
    with pytest.raises(ValueError, match="lacks 1 keys, 'JF'"):
        lookup({key: value for key, value in table.items() if key != "JF"})
    with pytest.raises(ValueError, match="labels are J and F"):
        lookup(table | {"": "K"})
    with pytest.raises(ValueError, match="empty"):
        lookup({})
    with pytest.raises(ValueError, match="by lot"):
        tabulated(strategy("random"), *TABLE)
    assert UNKNOWN > 1e8


# ---- rules for any game


async def test_rules_for_any_game_sit_anywhere():
    game = MatrixGame("three", np.arange(3 * 12, dtype=float).reshape(3, 2, 3, 2))
    world = Repeated(game, ("a", "b", "c"), fixed(3), wording=Wording(labels=None))
    for name in ("equilibrium", "uniform", "maximin", "responds"):
        played = await play(world, {who: GENERAL[name]() for who in world.seats}, Seeds(0))
        assert played.ending == "finished", (name, played.reason)
    best = await play(world, {who: GENERAL["equilibrium"]() for who in world.seats}, Seeds(0))
    assert set(best.outcome.history) == {(1, 2, 1)}  # everybody's last option is dominant


async def test_equilibrium_seats_agree_on_which_and_mix_in_proportion():
    world = Repeated(battle_of_the_sexes(), SEATS, fixed(4))
    for which, joint in ((0, {(0, 0)}), (1, {(1, 1)})):
        played = await play(world, {who: Equilibrium(which) for who in SEATS}, Seeds(0))
        assert set(played.outcome.history) == joint
    long = Repeated(battle_of_the_sexes(), SEATS, fixed(600), wording=Wording(window=0))
    played = await play(long, {who: Equilibrium(2) for who in SEATS}, Seeds(1))
    share = (np.array(played.outcome.history) == 0).mean(axis=0)
    assert np.allclose(share, [10 / 17, 7 / 17], atol=0.08)


async def test_replying_to_a_forecast_works_around_any_mind():
    class Knows:
        kind = "language"

        async def act(self, view):
            assert view.data.phase == "predict"
            return view.data.their_options[0][view.data.round % 2]

    class Silent(Knows):
        async def act(self, view):
            return NoAnswer("no idea")

    world = Repeated(battle_of_the_sexes(), SEATS, fixed(10), foresight=("player 1",))
    played = await play(world, {"player 1": Replies(Knows()), "player 2": REPEATERS["alternator"]()}, Seeds(0))
    assert played.outcome.totals["player 1"] == 85 and Replies(Knows()).kind == "language"  # the ceiling of 8.5
    mute = await play(world, {"player 1": Replies(Silent()), "player 2": REPEATERS["alternator"]()}, Seeds(0))
    assert mute.outcome.totals["player 1"] == 50  # without a forecast: the option that is better on average


async def test_classics_refuse_games_that_are_not_theirs():
    world = Repeated(MatrixGame("3x3", np.ones((2, 3, 3))), SEATS, wording=Wording(labels=None))
    played = await play(world, dict.fromkeys(SEATS, REPEATERS["grim"]()), Seeds(0))
    assert played.ending == "failed" and "two options" in played.reason
