"""Fact worlds: answers follow from the gold sentences alone, and nothing else in the text decides or contradicts
them."""

import re
from random import Random

import pytest

from manyminds.core import Seeds
from manyminds.worlds.texts.fact_worlds import QUESTIONS, RELATIONS, FactWorld, right, same_answer
from manyminds.worlds.texts.sway import facts

WORLD = FactWorld.drawn(Seeds(1), people=120)
TOLD = re.compile(r"(?:The|A) (\w+) of (\w+) is (\w+)\.")


def solved(item):
    """The answer from the gold sentences, by reading them."""
    known = [TOLD.fullmatch(item.told[i]).groups() for i in sorted(item.gold)]
    table = {(who, relation): value for relation, who, value in known}
    question = item.question
    if item.kind == "path":
        *_, who = question.rstrip("?").split(" of ")
        for relation in reversed(re.findall(r"the (\w+) of", question)):
            who = table[who, relation]
        return who
    if item.kind == "compare":
        return max(table, key=lambda key: int(table[key]))[0]
    if item.kind == "count":
        return str(sum(int(value) >= int(question.rstrip("?").split()[-1]) for value in table.values()))
    if item.kind == "same":
        return "yes" if len(set(table.values())) == 1 else "no"
    return ", ".join(value for _, _, value in known)


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("length", [60, 600])
def test_the_gold_sentences_decide(kind, length):
    for i in range(40):
        item = WORLD.item(Seeds(2)(kind, length, i), kind, length)
        assert right(item, solved(item)) and not right(item, item.wrong)
        asked = {TOLD.fullmatch(item.told[j]).groups()[:2] for j in item.gold}
        others = [TOLD.fullmatch(line).groups()[:2] for j, line in enumerate(item.told) if j not in item.gold]
        assert not asked & set(others)  # nothing contradicts them
        assert " ".join(item.told) == item.context.replace("\n", " ") and abs(7 * len(item.told) - length) < 15


def test_distractors_share_people_or_relations():
    item = WORLD.item(Seeds(3)("near"), "path", 600)
    told = [TOLD.fullmatch(line).groups() for line in item.told]
    people = {name for i in item.gold for name in told[i][1:]}
    near = [who in people or relation in {told[i][0] for i in item.gold} for i, (relation, who, _) in enumerate(told)
            if i not in item.gold]  # fmt: skip
    assert sum(near) > 0.8 * len(near)


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.5, 10, 90), (1.0, 90, 100)])
def test_the_share_of_contradicted_facts(share, low, high):
    world = FactWorld.drawn(Seeds(1), 120, share)
    found = [world.item(Seeds(4)(i), "path", 60).contradicted for i in range(100)]
    assert low <= sum(found) <= high


def test_a_near_miss_stands_just_outside_the_condition():
    for i in range(40):
        item = WORLD.item(Seeds(5)(i), "count", 60)
        limit = int(item.question.rstrip("?").split()[-1])
        assert limit - 1 in [int(TOLD.fullmatch(item.told[j]).groups()[2]) for j in item.gold]


def test_several_values_in_any_order():
    item = WORLD.item(Seeds(6)("x"), "several", 60)
    names = item.answer.split(", ")
    assert right(item, " and ".join(reversed(names)) + ".") and not right(item, names[0])
    assert same_answer(item, ", ".join(names), ", ".join(reversed(names)))


def test_a_world_of_the_closed_book_asks_for_its_facts_and_contradicts_them():
    book = facts(Seeds(0), 200)
    world = FactWorld.of_book(book, Seeds(1))
    for i in range(20):
        item = world.item(Seeds(7)(i), "path", 200)
        fact = next(one for one in book if one.who in item.question)
        assert item.believed == fact.value != item.answer and item.contradicted and len(item.gold) == 1


def test_the_size_of_a_world():
    world = FactWorld.drawn(Seeds(1))
    assert len(world.names) == 400 and len(world.beliefs) == 400 * 12 and len(RELATIONS) == 12


def test_a_world_in_which_nobody_is_alike_is_asked_about_all_the_same():
    """Where belief alone is told, two may never be alike; such a draw once had no end."""
    names = ("Ada", "Ben", "Cleo")
    beliefs = {(who, relation): f"{who}'s" for who in names for relation in RELATIONS}
    world = FactWorld(names, beliefs, 0.0)
    assert {QUESTIONS["same"](world, Random(seed), 1)[2] for seed in range(10)} == {"no"}
