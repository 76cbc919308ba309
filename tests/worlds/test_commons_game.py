"""The commons on the table: seats, staff, what theory expects, and a person among rules."""

import asyncio

import pytest

from manyminds.agents.commoners import RULES
from manyminds.agents.person import Person
from manyminds.agents.seats import seated
from manyminds.core import Seeds, kind_of, play
from manyminds.worlds.games.commons_game import GAME


def test_value_and_score():
    settings = GAME.settings()
    values = [row[1] for row in GAME.value(settings)[0].rows]
    assert values == [650, 645, 50, 10]
    world = GAME.world(settings)
    agents = {who: seated("takes:10", who, GAME.rules, None, GAME.language) for who in GAME.seats(settings)}
    end = asyncio.run(play(world, agents | GAME.staff(settings), Seeds(0)))
    assert GAME.score(end.outcome) == dict.fromkeys(GAME.seats(settings), 120.0)


def test_settings_reach_the_world_and_impossible_ones_are_refused():
    chosen = {"members": 7, "pool": 70, "dead": 3, "months": 2, "talk": False, "skin": "pasture", "open_books": False}
    world = GAME.world(GAME.settings(**chosen))
    assert (len(world.members), world.full, world.dead, world.months) == (7, 70, 3, 2)
    assert (world.talk, world.open_books, world.skin.name) == (False, False, "pasture")
    with pytest.raises(ValueError, match="lost from the start"):
        GAME.settings(pool=3)


def test_a_person_sits_among_rules_and_talks():
    """A scripted terminal: a harvest, a talk (four fields), the next harvest, a field left out, then the end."""
    typed = iter(["ten", "12", "let us take nine", "no", "Jack", "9", "9", "fine", "yes", "", ""])
    shown, prompts = [], []

    def read(prompt):
        prompts.append(prompt)
        return next(typed)

    settings = GAME.settings(months=2, members=3)
    agents = {who: RULES["takes"](10) for who in GAME.seats(settings)} | GAME.staff(settings)
    agents["John"] = Person(read, shown.append)
    end = asyncio.run(play(GAME.world(settings), agents, Seeds(0)))
    assert end.ending == "finished" and end.outcome.wishes[0]["John"] == 12 and end.outcome.wishes[1]["John"] == 9
    assert end.outcome.limits == [None, 9] and kind_of(agents["John"]) == "person"
    assert any("Kate said: I have nothing to add." in text for text in shown)
    assert sum("cannot be used" in text for text in shown) == 1 and next(typed, None) is None


def test_whoever_leaves_the_table_is_silent_and_counted():
    def gone(prompt):
        raise EOFError

    settings = GAME.settings(months=2, members=2, talk=False)
    agents = {"John": Person(gone, lambda text: None), "Kate": RULES["takes"](5)}
    end = asyncio.run(play(GAME.world(settings), agents, Seeds(0)))
    assert end.outcome.mute == [["John"], ["John"]] and end.no_answers == {"the person left": 2}
