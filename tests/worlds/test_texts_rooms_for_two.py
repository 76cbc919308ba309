"""Rooms for two: joint plans are shortest by other searches, what is private stays private, errors change nothing."""

import json
import re
from random import Random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.core import BadInput, Seeds
from manyminds.models.house.tokenizer import Tokenizer
from manyminds.models.load import HOUSE
from manyminds.tuning.mixture import SHARES, raised_levels
from manyminds.worlds.texts import rooms_for_two
from manyminds.worlds.texts.formats import formats, segments
from manyminds.worlds.texts.items import SPLITS, items, split_of
from manyminds.worlds.texts.places import fetch_pair, workshop_pair
from manyminds.worlds.texts.rooms_for_two import WORLDS, RoomsForTwo, history, legal, reached, sight, step

SEEDS = Seeds(6)
SHOP = {"kind": "craft", "names": ["Ann", "Bob"], "things": ["wood", "sand", "raft", "kite"], "raw": 2,
        "recipes": {"raft": ["wood", "sand"], "kite": ["raft", "wood"]}, "goal": [2],
        "owner": {"wood": 0, "sand": 1, "raft": 0, "kite": 1}}  # fmt: skip
HOUSEHOLD = {"kind": "fetch", "names": ["Ann", "Bob"], "places": ["hall", "attic", "porch", "cellar", "garden"],
             "things": ["key", "ball", "hat"], "boxed": 1, "box": 3, "goals": [[1, 2]]}  # fmt: skip


def by_networkx(world, start, cutoff):
    """The length of a shortest joint plan, by networkx alone from the steps."""
    graph, layer = nx.DiGraph(), {start}
    graph.add_node(start)
    for _ in range(cutoff):
        edges = [(state, after) for state in layer for _, after in legal(world, state)]
        layer = {after for _, after in edges if after not in graph}
        graph.add_edges_from(edges)
    lengths = nx.single_source_shortest_path_length(graph, start)
    return min((length for state, length in lengths.items() if reached(world, state)), default=None)


@pytest.mark.parametrize(("kind", "level", "count"), [("craft", 1, 12), ("fetch", 1, 8), ("fetch", 2, 4)])
def test_joint_plans_are_shortest(kind, level, count):
    """By breadth-first search over all joint states, messages as waiting, and again by networkx."""
    for item in items(RoomsForTwo(kind), level, "train", SEEDS, count):
        world, start, shortest = item.meta["world"], tuple(item.meta["start"]), item.meta["shortest"]
        found = rooms_for_two.searched(world, start, 400_000)
        assert found is not None and len(found) == shortest, item.prompt
        assert len(item.solution.split("\n")) == shortest + 3  # a message each, and the end
        assert RoomsForTwo(kind).check(item, "\n".join([*found, "#done"])).ok
        if shortest <= 6 or kind == "fetch":
            assert by_networkx(world, start, shortest) == shortest


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "level", "count"), [("craft", 2, 6), ("fetch", 3, 3), ("fetch", 4, 3)])
def test_long_joint_plans_are_shortest(kind, level, count):
    for item in items(RoomsForTwo(kind), level, "train", SEEDS, count):
        found = rooms_for_two.searched(item.meta["world"], tuple(item.meta["start"]), 3_000_000)
        assert found is not None and len(found) == item.meta["shortest"], item.prompt


@pytest.mark.parametrize("level", [2, 3, 4])
def test_plans_of_the_workshop_are_shortest_in_what_matters(level):
    """All that could help: things of the tree of the goal, one of each beside what is held at first, which may be with
    the wrong one. Then there are few states."""
    for item in items(RoomsForTwo("craft"), level, "train", SEEDS, 6):
        world, start = item.meta["world"], tuple(item.meta["start"])
        assert turns_that_help(world, start) == item.meta["shortest"]


def turns_that_help(world, start):
    """Turns to the goal by an own search over the states in which nothing is that could not help."""
    names, tree = world["things"], [world["things"][world["goal"][0]]]
    for what in tree:
        tree += world["recipes"].get(what, [])

    def held(state):
        return [a + b for a, b in zip(state[1 : 1 + len(names)], state[1 + len(names) :])]

    most = [(name in tree) + first for name, first in zip(names, held(start))]
    layer, seen, turns = {start}, {start}, 0
    while not any(reached(world, state) for state in layer):
        after = {one for before in layer for _, one in legal(world, before) if all(map(int.__le__, held(one), most))}
        layer, turns = after - seen, turns + 1
        seen |= layer
    return turns


def test_a_workshop_by_hand():
    start = (0, *[0] * 8)
    assert step(SHOP, start, "take wood") == (1, 1, 0, 0, 0, 0, 0, 0, 0)
    for action, why in (("take sand", "place: Bob alone can take sand"), ("make kite", "place: Bob alone can make"),
                        ("make raft", "logic: parts of raft"), ("give wood", "logic: you do not hold wood"),
                        ("take raft", "logic: raft is made"), ("give rope", "parameter:"), ("say", "parameter:"),
                        ("say  ", "parameter:"), ("", "parameter:"), ("take", "parameter:")):  # fmt: skip
        assert step(SHOP, start, action).startswith(why), action
    state = start
    for action in ("take wood", "take sand", "say give me sand", "give sand", "make raft"):
        state = step(SHOP, state, action)
    assert reached(SHOP, state) and state == (1, 0, 0, 1, 0, 0, 0, 0, 0)
    assert [one for one, _ in legal(SHOP, start)] == ["take wood", "say nothing"]
    assert workshop_pair.plan(SHOP, start[1:]) == ["take wood", "take sand", None, "give sand", "make raft"]


def test_a_house_by_hand():
    state = (0, 0, 3, -1, 3, 0, 0)  # Ann in the hall with the key, Bob where the box with the ball is
    for action, why in (("go cellar", "place: Bob alone goes to the cellar"), ("go hall", "place: you are in the hall"),
                        ("give key", "place: Bob is not here"), ("give hat", "logic: you do not carry the hat"),
                        ("take hat", "logic: your hands are full"), ("open box", "place: the box is not here"),
                        ("drop ball", "logic: you do not carry"), ("go moon", "parameter:")):  # fmt: skip
        assert step(HOUSEHOLD, state, action).startswith(why), action
    waits = step(HOUSEHOLD, state, "say come")
    assert step(HOUSEHOLD, waits, "take ball") == "logic: the ball is in the box"
    for action in ("say come", "go hall", "give key", "go cellar", "go porch", "open box", "go hall", "drop key",
                   "say and now", "take ball", "say well", "go hall", "say hand it over", "give ball"):  # fmt: skip
        after = step(HOUSEHOLD, state, action)
        assert not isinstance(after, str), (action, after)
        state = after
    assert step(HOUSEHOLD, state, "go porch")[4] == -1
    full = (1, 0, 0, -1, -2, 0, 1)
    assert step(HOUSEHOLD, full, "give ball") == "logic: the hands of Ann are full"


@pytest.mark.parametrize("kind", WORLDS)
def test_what_is_private_is_told_to_one_alone(kind):
    """Another inventory, or a thing elsewhere in the rooms of the other: what one is told is the same."""
    module = WORLDS[kind]
    for item in items(RoomsForTwo(kind), 2, "train", SEEDS, 20):
        world, start = item.meta["world"], tuple(item.meta["start"][1:])
        for seat in (0, 1):
            told = module.placed(world, start, seat, "You")
            other = list(start)
            if kind == "craft":
                half = len(world["things"])
                other[(1 - seat) * half : (2 - seat) * half] = [2] * half
            else:
                rooms = fetch_pair.ROOMS[1 - seat]
                other[1 - seat] = rooms[1] if start[1 - seat] != rooms[1] else rooms[2]
                other[2:-1] = [at if at in (*fetch_pair.ROOMS[seat], -1 - seat) else 2 * rooms[1] + 1 - at
                               if at in rooms else at for at in start[2:-1]]  # fmt: skip
            assert tuple(other) != start and module.placed(world, tuple(other), seat, "You") == told
            assert told in item.meta["told"][seat] and module.rules(world) in item.meta["told"][seat]
            assert module.placed(world, start, 1 - seat, world["names"][1 - seat]) not in item.meta["told"][seat]


@pytest.mark.parametrize("kind", WORLDS)
def test_each_sees_its_own_hands_what_came_of_its_action_and_what_the_other_did(kind):
    for item in items(RoomsForTwo(kind), 2, "train", SEEDS, 10):
        lines = item.solution.split("\n")[:-1]
        turns = history(item, ["jump", *lines])
        first, second = item.meta["world"]["names"]
        assert not turns[0].worked and [turn.seat for turn in turns[1:5]] == [0, 1, 0, 1]
        assert sight(item, turns[:1], 0).startswith("parameter: ") and "jump" not in sight(item, turns[:2], 1)
        assert sight(item, turns[:2], 1).startswith(f"{first}: say ") and sight(item, turns[:3], 0).startswith("said. ")
        for i in range(3, len(turns)):
            seat = turns[i].seat
            mine, theirs = turns[i - 2].seen, turns[i - 1].line
            held = WORLDS[kind].holding(item.meta["world"], turns[i - 1].state[1:], seat)
            assert sight(item, turns[:i], seat) == f"{mine}. {(second, first)[seat]}: {theirs}. You hold {held}."


@pytest.mark.parametrize("kind", WORLDS)
def test_messages_tell_what_the_other_cannot_see(kind):
    for item in items(RoomsForTwo(kind), 2, "train", SEEDS, 20):
        world, start = item.meta["world"], tuple(item.meta["start"][1:])
        for seat, line in enumerate(item.solution.split("\n")[:2]):
            assert line == f"say {WORLDS[kind].message(world, start, seat)}"
            held = WORLDS[kind].holding(world, start, seat)
            assert held == "nothing" or kind == "fetch" or line == f"say I hold {held}"


@pytest.mark.parametrize("kind", WORLDS)
def test_progress_is_the_share_of_sub_goals_and_never_falls(kind):
    family = RoomsForTwo(kind)
    for level in family.levels:
        for item in items(family, level, "train", SEEDS, 8):
            lines = item.solution.split("\n")
            seen = [family.check(item, "\n".join([*lines[:i], "#done"])).progress for i in range(len(lines))]
            assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == 1.0
            total = WORLDS[kind].goals(item.meta["world"])
            assert all(0 <= one <= 1 for one in seen) and len(set(seen)) <= total + 1
            # A side that does its part alone gets no further than a part of the way.
            alone = [line if i % 2 == 0 else "say no" for i, line in enumerate(lines[:-1])]
            assert (kind == "fetch" and level in (1, 3)) or not family.check(item, "\n".join([*alone, "#done"])).ok


@pytest.mark.parametrize("kind", WORLDS)
def test_a_failed_action_says_why_and_keeps_the_turn(kind):
    family = RoomsForTwo(kind)
    for item in items(family, 1, "train", SEEDS, 5):
        world, start = item.meta["world"], tuple(item.meta["start"])
        for action in ("", "jump", "go", "take", "make x", "give", "say", "give nothing", "go ²", "open box"):
            after = step(world, start, action)
            assert isinstance(after, str) and after.partition(":")[0] in ("parameter", "place", "logic"), action
        assert family.check(item, "jump\n" + item.solution).ok
        assert not family.check(item, "jump\n" * 60 + item.solution).ok, "but there is a limit"
        assert family.check(item, "jump\n#done").error.startswith("parameter")
        lines = item.solution.split("\n")
        assert not family.check(item, "\n".join([lines[0], *lines])).ok or len(lines) > 20, "turns are not skipped"


@pytest.mark.parametrize("kind", WORLDS)
def test_items_are_short_and_split_by_form(kind):
    tokenizer, family = Tokenizer.load(HOUSE), RoomsForTwo(kind)
    assert 0 < SHARES[family.name] <= 0.1 and formats(family.name) == ("plan", "played", "partner")
    for level in family.levels:
        for split in SPLITS:
            for item in items(family, level, split, SEEDS, 6):
                assert split_of(item.form) == split and json.loads(json.dumps(item.record()))
                for form in formats(family.name):
                    tokens = len(tokenizer.encode("".join(text for text, _ in segments(item, form))))
                    assert tokens < (400 if level in raised_levels(family) else 480)
                names = item.meta["world"]["names"]
                assert not set(names) & set(re.findall(r"\w+", item.form))
    assert family.levels[-1] not in raised_levels(family)
    with pytest.raises(BadInput, match=f"did you mean '{kind}'"):
        RoomsForTwo(kind[:-1])


@given(st.lists(st.text(max_size=30), max_size=8))
@settings(max_examples=150)
def test_worlds_take_any_text(lines):
    for kind in WORLDS:
        item = items(RoomsForTwo(kind), 1, "train", SEEDS, 1)[0]
        turns = history(item, lines)
        assert len(turns) == len(lines) and all(turn.seen for turn in turns)
        assert not turns or sight(item, turns, turns[-1].state[0])


@pytest.mark.parametrize("kind", WORLDS)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=25))
@settings(max_examples=60)
def test_random_play_loses_nothing_and_makes_nothing_from_nothing(kind, choices):
    """Invariants: turns alternate, nobody's hands hold two things in the house, things are where they can be."""
    item = items(RoomsForTwo(kind), 3, "train", SEEDS, 1)[0]
    world, state = item.meta["world"], tuple(item.meta["start"])
    for pick, tried in choices:
        actions = [action for action, _ in legal(world, state)]
        action = actions[pick % len(actions)] if not tried else Random(pick).choice(["give x", "go hall", "say hello"])
        after = step(world, state, action)
        if isinstance(after, str):
            continue
        assert after[0] == 1 - state[0]
        if kind == "fetch":
            at = after[3:-1]
            assert at.count(-1) <= 1 and at.count(-2) <= 1 and len(at) == len(world["things"])
            assert after[1] in fetch_pair.ROOMS[0] and after[2] in fetch_pair.ROOMS[1]
        else:
            change = sum(after[1:]) - sum(state[1:])
            assert min(after) >= 0 and change == {"take": 1, "make": -1}.get(action.split()[0], 0)
        state = after
