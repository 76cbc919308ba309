"""Text worlds: plans are shortest by another search, failed actions change nothing, hidden things stay hidden."""

from random import Random

import networkx as nx
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts import rooms
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.places import guess, todo
from manyminds.worlds.texts.rooms import RAISED, WORLDS, Rooms

SEEDS = Seeds(5)


def graph(world, start):
    """All states within reach as a graph, by networkx alone from the steps."""
    found, waiting = nx.DiGraph(), [start]
    found.add_node(start)
    while waiting:
        state = waiting.pop()
        for _, after in rooms.legal(world, state):
            if after not in found:
                waiting.append(after)
            found.add_edge(state, after)
    return found


def shortest(world, start):
    lengths = nx.single_source_shortest_path_length(graph(world, start), start)
    return min((length for state, length in lengths.items() if rooms.reached(world, state)), default=None)


@pytest.mark.parametrize(
    "kind,level", [("maze", 1), ("maze", 4), ("fetch", 1), ("fetch", 2), ("todo", 1), ("sampled", 2)]
)
def test_plans_are_shortest(kind, level):
    for item in items(Rooms(kind), level, "train", SEEDS, 3):
        assert shortest(item.meta["world"], tuple(item.meta["start"])) == item.meta["shortest"]


@pytest.mark.slow
@pytest.mark.parametrize("kind,level", [("maze", 6), ("fetch", 3), ("fetch", 5), ("todo", 2)])
def test_long_plans_are_shortest(kind, level):
    for item in items(Rooms(kind), level, "train", SEEDS, 10):
        assert shortest(item.meta["world"], tuple(item.meta["start"])) == item.meta["shortest"]


@pytest.mark.parametrize("kind", ["fetch", "todo"])
def test_the_planner_is_right_from_any_state_on_the_way(kind):
    """After random actions, the written planner against the search."""
    rng = Random(1)
    for item in items(Rooms(kind), 1 if kind == "todo" else 3, "train", SEEDS, 4):
        world, state = item.meta["world"], tuple(item.meta["start"])
        for _ in range(4):
            steps = rooms.legal(world, state)
            if not steps:
                break
            state = rng.choice(steps)[1]
            ours, theirs = rooms.plan(world, state), rooms.searched(world, state)
            assert (ours is None) == (theirs is None) and (ours is None or len(ours) == len(theirs)), (world, state)


@pytest.mark.parametrize("kind", WORLDS)
def test_a_failed_action_says_why_and_changes_nothing(kind):
    family = Rooms(kind)
    for item in items(family, 1, "train", SEEDS, 5):
        world, start = item.meta["world"], tuple(item.meta["start"])
        for action in ("", "jump", "go", "take", "make x", "close 99", "guess", "give 1 to", "close ²", "open box"):
            after = rooms.step(world, start, action)
            assert isinstance(after, str) and after.partition(":")[0] in ("parameter", "place", "logic"), action
        assert family.check(item, "jump\n" + item.solution).ok, "an error is no end"
        assert not family.check(item, "jump\n" * 30 + item.solution).ok, "but there is a limit"
        verdict = family.check(item, "jump\n#done")
        assert not verdict.ok and verdict.error.startswith("parameter")


@pytest.mark.parametrize("kind", WORLDS)
def test_progress_grows_to_one(kind):
    family = Rooms(kind)
    for item in items(family, 2, "train", SEEDS, 4):
        lines = item.solution.split("\n")
        seen = [family.check(item, "\n".join([*lines[:i], "#done"])).progress for i in range(len(lines))]
        assert seen == sorted(seen) and seen[-1] == 1.0 and seen[0] < 1


def test_the_hidden_word_is_nowhere_told():
    """Two worlds that differ in the hidden word alone tell the same."""
    for item in items(Rooms("word"), 2, "train", SEEDS, 5):
        world = item.meta["world"]
        told = {guess.told(world | {"goal": i}, ()) for i in range(len(world["words"]))}
        assert told == {item.prompt}


def test_feedback_of_guesses_by_hand():
    assert guess.answer("a b c d", "a b c d") == (4, 0)
    assert guess.answer("a b c d", "d c b a") == (0, 4)
    assert guess.answer("a a b c", "a d a a") == (1, 1)


def test_another_grammar_is_understood_and_the_old_one_is_not():
    for kind in RAISED:
        for item in items(Rooms(kind, unseen=True), 1, "train", SEEDS, 3):
            assert Rooms(kind).check(item, item.solution).ok
            old = items(Rooms(kind), 1, "train", SEEDS, 3)[0].solution
            assert not Rooms(kind).check(item, old).ok
    assert Rooms("maze", manual=True).draft(Random(0), 1).prompt.startswith("go DIRECTION")
    with pytest.raises(BadInput, match="did you mean 'maze'"):
        Rooms("mase")


def test_drawn_worlds_differ_and_are_told_whole():
    """What the prompt says is enough to plan by: a planner that reads it alone reaches the goal."""
    for item in items(Rooms("sampled"), 2, "train", SEEDS, 20):
        head, _, rest = item.prompt.partition(" Now: ")
        rules = {}
        for row in head.rstrip(".").split(". "):
            action, _, says = row.partition(": ")
            parts = {
                part.split(" ", 1)[0]: part.split(" ", 1)[1].split(", ")
                for part in says.replace(", undoes", "; undoes").split("; ")
            }
            rules[action] = parts
        now, _, goal = rest.partition(". Get ")
        holds, goal = set(now.split(", ")), goal.split(".")[0]
        for action in item.solution.split("\n")[:-1]:
            assert set(rules[action].get("needs", [])) <= holds
            holds = (holds - set(rules[action].get("undoes", []))) | set(rules[action]["makes"])
        assert goal in holds
    assert len({item.form for item in items(Rooms("sampled"), 3, "test", SEEDS, 100)}) == 100


def test_an_order_means_open_tasks_of_one_owner():
    world = {"kind": "todo", "names": ["Ann", "Bob", "Cal"], "days": ["Mon", "Tue", "Mon"], "order": "close",
             "owner": 0, "to": 1, "day": "Mon"}  # fmt: skip
    start = (0, 1, 0, 1, 0, 0)
    assert todo.wanted(world, start) == [0]
    world["goal"] = list(todo.target(world, start))
    assert rooms.plan(world, start) == ["close 1"] and rooms.plan(world, (-1, 0, 0, 1, 0, 0)) is None
