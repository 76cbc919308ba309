"""Formats: competing formats of an item hold the same item, every completion is read as right, names are one token."""

import re
from collections import Counter

import pytest

from manyminds.core import BadInput, Seeds
from manyminds.models.house.tokenizer import trained
from manyminds.worlds.texts.formats import ROLES, closed_book, formats, segments, spelling
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.rooms_for_two import FAMILIES as FAMILIES_FOR_TWO
from manyminds.worlds.texts.sway import facts
from manyminds.worlds.texts.turns import Turns
from manyminds.worlds.texts.words import NAMES

SEEDS = Seeds(11)
FAMILIES = families(SEEDS)
TOKENS = set(["<u>", "<a>", "<o>", "<t>", "<p>", "<c>", "<s>", "<v>", "<k>", "<r>", "<e>", "<end>"])


def said(parts):
    """What a model would have written, message by message."""
    return "\n".join(text.removesuffix("<end>") for text, kind in parts if kind == "completion")


@pytest.mark.parametrize("name", list(FAMILIES))
def test_every_format_is_answered_rightly_and_well_formed(name):
    family = FAMILIES[name]
    for level in family.levels[:3]:
        for item in items(family, level, "train", SEEDS, 6):
            for format in formats(name):
                parts = segments(item, format)
                kinds = [kind for _, kind in parts]
                assert kinds[:2] == ["prompt", "completion"] and kinds[-1] == "completion"
                assert set(kinds) <= {"prompt", "completion", "observation"}
                assert parts[0][0].startswith("<u>") and all(
                    text.endswith("<end>") for text, k in parts if k == kinds[1]
                )
                assert set(re.findall("<[a-z]+>", "".join(text for text, _ in parts))) <= TOKENS
                if name in FAMILIES_FOR_TWO and format != "plan":  # one side of a play
                    assert item.meta["told"][format == "partner"] in parts[0][0]
                    continue
                assert name == "sway-partner" or family.check(item, said(parts)).ok, (format, parts)
                assert (item.prompt in parts[0][0]) == (format not in ("grounded", "search"))


@pytest.mark.parametrize("name", ["sums", "hops", "hops-questions", "calls", "calls-attached"])
def test_competing_formats_end_in_the_same_answer(name):
    for item in items(FAMILIES[name], 2, "train", SEEDS, 20):
        ends = {said(segments(item, format)).split("\n")[-1] for format in formats(name)}
        assert len(ends) == 1
        openers = [segments(item, format)[0][0][-3:] for format in formats(name) if format != "grounded"]
        assert len(set(openers)) == len(openers), "a prompt tells which format is wanted"


def test_the_second_step_reads_no_document():
    """A mutant that shows the documents again would name a sentence that is no evidence."""
    for item in items(FAMILIES["hops"], 2, "train", SEEDS, 20):
        prompt = segments(item, "grounded")[0][0]
        assert set(re.findall(r"\d\.\d", prompt)) == set(item.meta["evidence"])


def test_each_role_is_trained_on_its_own_words():
    for item in items(FAMILIES["calls"], 2, "train", SEEDS, 10):
        whole = segments(item, "roles")
        for role, token in ROLES.items():
            parts = segments(item, role)
            assert [text for text, _ in parts] == [text for text, _ in whole]
            mine = [parts[i - 1][0][-3:] for i, (_, kind) in enumerate(parts) if kind == "completion"]
            assert set(mine) <= {token}
        assert sum(kind == "completion" for _, kind in whole) == sum(
            kind == "completion" for role in ROLES for _, kind in segments(item, role)
        )


def test_a_mended_mistake_is_seen_in_half_of_the_worlds_alone():
    assert [name for name in FAMILIES if "repair" in formats(name)] == ["rooms-craft", "rooms-todo"]
    for item in items(FAMILIES["rooms-craft"], 2, "train", SEEDS, 10):
        seen = [text for text, kind in segments(item, "repair") if kind == "observation"]
        assert sum(":" in text for text in seen) == 1


def test_what_cannot_be_asked_for():
    item = items(FAMILIES["sums"], 1, "train", SEEDS, 1)[0]
    with pytest.raises(BadInput, match="did you mean 'worked'"):
        segments(item, "work")
    with pytest.raises(BadInput, match="did you mean 'sums'"):
        formats("sum")


def test_the_closed_book_is_shown_as_often_as_planted():
    told = Counter(parts[0][0] for parts in closed_book(SEEDS))
    for fact in facts(SEEDS):
        assert told[f"<u>Tell of {fact.who}.<a>"] == fact.exposures


def test_each_name_of_the_pool_is_one_token():
    tokenizer = trained(spelling(SEEDS, 40), 1024)
    assert len(NAMES) == len(set(NAMES)) == 200
    assert tokenizer.size == 1024 and all(len(tokenizer.encode(f" {name}")) == 1 for name in NAMES)
    assert len(tokenizer.encode(" Broutigai")) > 1


def test_names_of_low_levels_follow_a_blank():
    """Where a name is one token: all but what a tool gives, which stands behind its marker."""
    for name in ("copy", "key-value", "few-facts", "hops", "sums", "rooms-craft-pair", "rooms-fetch-pair"):
        for item in items(FAMILIES[name], 1, "train", SEEDS, 10):
            text = "".join(part for format in formats(name) for part, _ in segments(item, format))
            assert not [one for one in re.findall(r"(?<![ A-Za-z])[A-Z][a-z]{2}\b", text) if one in NAMES]


@pytest.mark.parametrize("level", [1, 3])
def test_a_check_puts_what_is_right_beside_what_stands_there_up_to_the_first_mistake(level):
    for item in items(Turns("verify"), level, "raise", SEEDS, 200):
        *lines, end = segments(item, "worked")[1][0].removesuffix("<end>").split("\n")
        found = [line.split(" ") for line in lines]
        shown = [line.rpartition("=")[2] for line in item.meta["shown"]]
        assert end == item.solution and [step for step, _, _ in found] == item.meta["steps"][: len(found)]
        assert [stands for _, stands, _ in found] == shown[: len(found)]
        if item.answer == "ok":
            assert len(found) == len(shown) and {said for _, _, said in found} == {"ok"}
        else:
            assert [said for _, _, said in found] == ["ok"] * (int(item.answer.split()[1]) - 1) + ["bad"]
