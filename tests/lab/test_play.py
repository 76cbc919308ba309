"""Any mix of minds at any game: what is printed, what is refused, and every game with its own rules."""

import json

import pytest

from manyminds.agents.seats import numbers_of
from manyminds.worlds.games.catalogue import GAMES, game_called


def seats_for(game):
    """For each seat a rule that can sit there, of those that need no number."""

    def plain(rules):
        return next(name for name, make in rules.items() if all(p.default is not p.empty for p in numbers_of(make)))

    return [plain(game.rules_at(seat)) for seat in game.seats(game.settings())]


def test_outcome_and_theory_stand_side_by_side(command):
    words = ("play", "commons", "--seats", "greedy,takes:10,takes:10,matcher,fair-share", "months=6", "--repeats", "2")
    code, out, _ = command(*words)
    assert code == 0 and "60 ± 0" in out and "planner" in out and "2 plays (finished)" in out
    found = json.loads(command(*words, "--json")[1])
    assert found["paper"] == "game:commons" and len(found["results"]["rounds"]) == 2
    assert command("report", found["run"])[0] == 0


@pytest.mark.parametrize("name", GAMES)
def test_every_game_can_be_shown_and_played(command, name):
    game = game_called(name)
    assert game.name == name and game.value(game.settings())
    code, out, _ = command("play", name)
    assert code == 0 and "settings" in out
    code, out, err = command("play", name, "--seats", ",".join(seats_for(game)), "--json")
    found = json.loads(out)
    assert code == 0, err
    assert [r["ending"] for r in found["results"]["rounds"]] == ["finished"], found["results"]["rounds"]


@pytest.mark.parametrize(("words", "said"), [
    (("play", "comons"), "'commons'"),
    (("play", "persuasion", "--seats", "bayesian,bayesian"), "unknown seat"),
    (("play", "commons", "--seats", "greedy"), "5 seats"),
    (("play", "commons", "--seats", "greedi,a,b,c,d"), "'greedy'"),
    (("play", "commons", "moths=3", "--seats", "greedy,greedy,greedy,greedy,greedy"), "'months'"),
])  # fmt: skip
def test_what_cannot_be_played_is_one_sentence(command, words, said):
    code, out, err = command(*words)
    assert code == 2 and out == "" and said in err and err.count("\n") == 1


def test_all_games_are_listed(command):
    code, out, _ = command("play")
    assert code == 0 and all(name in out for name in GAMES)
