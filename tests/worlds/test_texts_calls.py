"""Calls: errors are told and harmless, time-outs pass, near names are wrong, hidden state stays hidden."""

import json
import re
from random import Random

import pytest

from manyminds.core import Seeds
from manyminds.worlds.texts.apis import HELD_OUT, SERVICES, TOOLS, Store, called, executed
from manyminds.worlds.texts.calls import Calls, episode, step_metrics
from manyminds.worlds.texts.items import items

SEEDS = Seeds(3)
ENTRIES = {"Ann": {"owner": "Bob", "guide": "Bob", "floor": "Cal", "price": "12"},
           "Bob": {"owner": "Cal", "guide": "Ann", "floor": "Ann", "price": "30"},
           "Cal": {"owner": "Ann", "guide": "Bob", "floor": "Bob", "price": "7"}}  # fmt: skip
STORE = Store("hotel", ENTRIES)
ALL = list(TOOLS)


@pytest.mark.parametrize("line,gives", [
    ("hotel_owner(id: Ann)", "Bob"), ("hotel_owner(id=Ann)", "Bob"), ("hotel_owner(id: 'Ann')", "Bob"),
    ("hotel_find(owner: Ann)", "Cal"), ("hotel_find(owner: Zed)", "none"), ("hotel_book(id: Ann)", "1"),
    ("hotel_set(id: Ann, status: open)", "ok"), ("hotel_compare(a: Ann, b: Bob)", "Bob"),
    ("hotel_convert(price: 12, to: crowns)", "36"), ("hotel_price(id: Cal)", "7"),
    ("hotel_owner()", "error: id is missing"), ("hotel_owner(id: Zed)", "error: unknown id Zed"),
    ("hotel_owner(id: Ann, x: 1)", "error: no argument x"), ("hotel_owners(id: Ann)", "error: no tool hotel_owners"),
    ("train_owner(id: Ann)", "error: this is the hotel, not the train"),
    ("hotel_owner(id: $1)", "error: $1 stands for"),
    ("hotel_set(id: Ann, status: ajar)", "error: status is one of"),
    ("hotel_book(id: Ann, day: Sun)", "error: day is one"),
    ("hotel_convert(price: x, to: crowns)", "error: price is a number"), ("hello", "error: no call"),
])  # fmt: skip
def test_what_a_call_gives(line, gives):
    after, gave = called(STORE, line, ALL)
    assert gave.startswith(gives) and after.entries == STORE.entries
    assert not gave.startswith("error") or (after.booked, after.status) == ((), ())


def test_a_time_out_passes_and_states_are_not_changed_in_place():
    slow = STORE._replace(slow=("hotel_book",))
    first, gave = called(slow, "hotel_book(id: Ann)", ALL)
    assert gave.startswith("error: time-out") and not first.booked
    second, gave = called(first, "hotel_book(id: Ann, day: Tue)", ALL)
    assert gave == "1" and second.booked == (("Ann", "Tue"),) and not slow.booked and slow.slow


def test_there_are_services_that_no_level_in_distribution_uses():
    assert len(TOOLS) == 9 * (len(SERVICES) + len(HELD_OUT)) == 72
    for level in (1, 2, 3, 4, 5):
        used = {
            tool.partition("_")[0]
            for item in items(Calls(), level, "train", SEEDS, 30)
            for tool in item.meta["offered"]
        }
        assert used <= set(HELD_OUT if level == 5 else SERVICES)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_level_takes_as_many_calls(level):
    found = items(Calls(unsolvable=0, slow=0), level, "train", SEEDS, 40)
    assert all(len(item.meta["calls"]) == level for item in found)
    assert len({" ".join(item.prompt.split("\n")[1].split(": ")[1].split()[:2]) for item in found}) >= 4, (
        "several kinds of query"
    )


def test_shares_of_what_cannot_be_solved_and_of_time_outs():
    found = items(Calls(), 3, "raise", SEEDS, 300)
    kinds = [item.meta["missing"] for item in found]
    assert 20 < sum(kind != "" for kind in kinds) < 75 and {"tool", "entry", ""} == set(kinds)
    late = [item for item in found if any("time-out" in seen for _, _, seen in episode(item))]
    assert 30 < len(late) < 100 and all(Calls().check(item, item.solution).ok for item in late)


def test_calls_without_references_are_as_right_as_those_with():
    for item in items(Calls(), 3, "train", SEEDS, 40):
        turns = episode(item)
        said = "\n".join(call for _, call, _ in turns)
        assert "$" not in said and Calls().check(item, said).ok
        assert step_metrics(item, said) == step_metrics(item, item.solution)


def test_step_metrics_by_hand():
    item = next(one for one in items(Calls(unsolvable=0, slow=0), 2, "train", SEEDS, 9))
    assert step_metrics(item, item.solution) == (1.0, 1.0, 0.0)
    assert step_metrics(item, "") == (0.0, 0.0, 0.0)
    assert step_metrics(item, "nowhere_at(id: Ann)").invented == 1.0
    half = step_metrics(item, item.meta["calls"][0])
    assert half.names == 0.5 and 0 < half.arguments < 1


def test_the_store_is_seen_through_tools_alone():
    """Another store behind the same question: the prompt stays, a mutant that prints a price does not."""
    for item in items(Calls(), 2, "train", SEEDS, 20):
        prices = {entry["price"] for entry in item.meta["store"]["entries"].values()}
        assert not set(re.findall(r"\d+", item.prompt)) & prices


def test_calls_take_any_text():
    rng = Random(0)
    pieces = ["hotel_owner", "(", ")", "id", ":", "=", "$1", "$", ",", "Ann", "\n", " ", "price: 9", "²", "\0"]
    for _ in range(3000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 14)))
        assert json.loads(json.dumps(executed(text, STORE, ALL))), text
