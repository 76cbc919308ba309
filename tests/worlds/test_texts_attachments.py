"""Attachments: a fixed codebook decides content and tools; what is not attached cannot be known."""

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.core import Seeds
from manyminds.models.house.tokenizer import SPECIAL, Tokenizer
from manyminds.models.load import HOUSE
from manyminds.worlds.texts.apis import READERS, TOOLS, Store, called, executed
from manyminds.worlds.texts.attachments import MODALITIES, Attachment, drawn, restored
from manyminds.worlds.texts.calls import IMPOSSIBLE, Calls, calls_of, episode, run, step_metrics
from manyminds.worlds.texts.formats import formats, segments
from manyminds.worlds.texts.items import items, split_of

SEEDS = Seeds(4)
IMAGE = Attachment("image", (5, 3, 1, 8, 4, 2))  # three cups, eight books, Tue, full
STORE = Store("hotel", {"Ann": {"owner": "Bob"}}, attached=IMAGE)
ALL = [*TOOLS, *READERS]


def test_the_codebook_by_hand():
    assert IMAGE.written == "image <x5><x3><x1><x8><x4><x2>"
    assert IMAGE.counts == {"cups": 3, "books": 8} and (IMAGE.day, IMAGE.status) == ("Tue", "full")
    assert restored(["image", [5, 3, 1, 8, 4, 2]]) == IMAGE and restored(None) is None
    some = Attachment("sound", (9, 1, 0, 9, 0, 9))
    assert some.counts == {"maps": 1, "apples": 9} and (some.day, some.status) == ("Mon", "open")


@pytest.mark.parametrize("line,gives", [
    ("image_count(thing: cups)", "3"), ("image_count(thing=books)", "8"), ("image_count(thing: maps)", "0"),
    ("image_most()", "books"), ("image_count(thing: cows)", "error: unknown thing cows"),
    ("image_count()", "error: thing is missing"), ("image_most(thing: cups)", "error: no argument thing"),
    ("sound_count(thing: cups)", "error: wrong modality, sound for image"),
    ("table_most()", "error: wrong modality, table for image"), ("image_day()", "error: no tool image_day"),
    ("train_owner(id: Ann)", "error: this is the hotel, not the train"),
])  # fmt: skip
def test_what_a_reader_gives(line, gives):
    after, gave = called(STORE, line, ALL)
    assert gave == gives and after == STORE._replace(given=(gives,))


def test_without_an_attachment_there_is_nothing_to_read():
    bare = STORE._replace(attached=None)
    assert called(bare, "image_most()", ALL)[1] == "error: nothing is attached"
    assert called(STORE, "image_most()", list(TOOLS))[1] == "error: no tool image_most"  # not offered


def test_codes_are_spare_tokens_of_the_model_that_ships():
    """One token each, and the ids of all other tokens are what they were."""
    tokenizer = Tokenizer.load(HOUSE)
    for code in range(10):
        assert tokenizer.encode(f"<x{code}>") == [SPECIAL.index(f"<x{code}>")] == [13 + code]
    assert SPECIAL[-11:] == tuple(f"<x{i}>" for i in range(11)) and len(SPECIAL) == 24


def test_draws_use_all_of_the_codebook():
    found = [drawn(Random(i)) for i in range(600)]
    assert {one.modality for one in found} == set(MODALITIES)
    assert all(len(one.counts) == len(set(one.counts.values()) - {0}) == 2 for one in found)
    days, things = Counter(one.day for one in found), Counter(thing for one in found for thing in one.counts)
    assert min(days.values()) > 150 and len(things) == 10 and min(things.values()) > 80


def test_the_share_of_attachments_is_what_was_asked_for():
    assert Calls().name == "calls" and Calls(attached=0.3).name == "calls-attached"
    assert not any("Attached" in item.prompt for item in items(Calls(), 2, "train", SEEDS, 100))
    found = ["Attached: " in item.prompt for item in items(Calls(attached=0.3), 2, "train", SEEDS, 300)]
    assert 60 < sum(found) < 125
    assert all("Attached: " in item.prompt for item in items(Calls(attached=1.0), 2, "train", SEEDS, 100))


def test_plain_items_of_a_mixture_stay_in_their_split():
    """A mutant: by the name of the mixture a plain test item might be trained on."""
    for split in ("train", "test"):
        for item in items(Calls(attached=0.5), 1, split, SEEDS, 60):
            plain = "Attached" not in item.prompt
            assert split_of(item.form.replace("calls-attached", "calls", 1) if plain else item.form) == split


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_solutions_are_right_and_their_steps_too(level):
    family = Calls(attached=1.0)
    ends = set()
    for item in items(family, level, "train", SEEDS, 60):
        assert family.check(item, item.solution).ok and step_metrics(item, item.solution) == (1.0, 1.0, 0.0)
        said = "\n".join(call for _, call, _ in episode(item))
        assert "$" not in said and family.check(item, said).ok
        asked = item.prompt.split("\n")[2]
        ends.add(" ".join(asked.split(": ")[1].split()[:1]))
        if not item.meta["missing"] and level < 5:
            assert len(set(item.meta["calls"])) == level
    assert len(ends) >= (3 if level <= 2 else 2), ends


def test_content_must_be_put_into_a_call():
    """The right day and status and no other, and from the codes alone: no other line of the prompt tells."""
    family = Calls(attached=1.0, unsolvable=0, slow=0)
    for item in items(family, 2, "train", SEEDS, 80):
        here = restored(item.meta["store"]["attached"])
        assert f"Attached: {here.written}\n" in item.prompt
        call = item.meta["calls"][-1]
        if "_book(" not in call and "_set(" not in call:
            continue
        right = here.day if "_book(" in call else here.status
        assert right in call and right not in item.prompt.split("\n")[2]
        for wrong in {"Mon", "Tue", "Wed", "open", "closed", "full"} - {right}:
            spoiled = item.solution.replace(right, wrong)
            assert not family.check(item, spoiled).ok and step_metrics(item, spoiled).arguments < 1


def test_tools_of_another_modality_are_offered_and_wrong():
    family = Calls(attached=1.0, unsolvable=0, slow=0)
    tried = 0
    for level in (1, 2):
        for item in items(family, level, "train", SEEDS, 80):
            own = item.meta["store"]["attached"][0]
            used = item.meta["calls"][0].partition("_")[0]
            if used != own:
                continue
            kind = item.meta["calls"][0].partition("(")[0].removeprefix(f"{own}_")
            others = [tool for tool in item.meta["offered"] if tool in READERS and not tool.startswith(own)]
            assert f"{own}_{kind}" in item.meta["offered"] and any(tool.endswith(kind) for tool in others)
            spoiled = item.solution.replace(f"{own}_{kind}", others[0])
            steps, verdict = step_metrics(item, spoiled), family.check(item, spoiled)
            assert not verdict.ok and steps.invented == 0 and steps.names < 1
            assert run(item, spoiled).given[0].startswith("error: wrong modality")
            assert step_metrics(item, item.solution.replace(f"{own}_", "smell_")).invented > 0
            assert not family.check(item, f"#{item.answer}").ok, "an answer that no tool gave is a guess"
            tried += 1
    assert tried > 60


def test_where_only_another_modality_could_read_it_nothing_can_be_done():
    family = Calls(attached=1.0, unsolvable=1)
    found = [item for item in items(family, 1, "train", SEEDS, 80) if item.meta["missing"] == "tool"]
    assert len(found) > 30
    for item in found:
        assert item.answer == IMPOSSIBLE and not calls_of(item, item.solution)
    assert any(tool in READERS for item in found for tool in item.meta["offered"])


def test_texts_are_short():
    tokenizer, family = Tokenizer.load(HOUSE), Calls(attached=1.0)
    for level in (1, 2, 3, 4):
        for item in items(family, level, "raise", SEEDS, 60):
            for form in formats(family.name):
                assert len(tokenizer.encode("".join(text for text, _ in segments(item, form)))) < 400
            assert all(len(tokenizer.encode(seen)) <= 40 for _, _, seen in episode(item))


@given(st.text(max_size=120))
@settings(max_examples=200)
def test_readers_take_any_text(text):
    assert isinstance(executed(text, STORE, ALL), Store)
    assert isinstance(called(STORE, f"image_count(thing: {text})", ALL)[1], str)
    assert re.fullmatch(r"\d|error: .*", called(STORE, f"image_count({text})", ALL)[1], re.DOTALL)
