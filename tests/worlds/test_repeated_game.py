"""Repeated games on the table: settings that fail early, the theory's value, and any mix of seats."""

import pytest
from pydantic import ValidationError

from manyminds.agents.seats import seated
from manyminds.core import Seeds, play
from manyminds.models.scripted import Scripted
from manyminds.worlds.games.catalogue import game_called
from manyminds.worlds.games.repeated_game import BATTLE_OF_THE_SEXES, MATRIX, PRISONERS_DILEMMA

GAMES = (PRISONERS_DILEMMA, BATTLE_OF_THE_SEXES, MATRIX)


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
async def test_rules_models_and_equilibria_sit_together(game):
    assert game_called(game.name) is game
    settings = game.settings(rounds=4)

    def model(reference):
        return Scripted(reference, lambda request: "Option J")

    for first in ("tit-for-tat", "equilibrium", "scripted:x"):
        minds = {who: seated(mind, who, game.rules, model, game.language)
                 for who, mind in zip(game.seats(settings), (first, "random:0.5"))}  # fmt: skip
        ended = await play(game.world(settings), minds, Seeds(0))
        assert ended.ending == "finished" and set(game.score(ended.outcome)) == {"player 1", "player 2"}
    assert ended.outcome.history[0][0] == 0


def rows(game, **settings):
    return [row for table in game.value(game.settings(**settings)) for row in table.rows]


def test_the_value_of_the_prisoners_dilemma():
    told = rows(PRISONERS_DILEMMA)
    assert told[0] == ("F", "F", 5.0, 5.0) and told[1][1] == "5, 5" and told[2][1] == 0.4
    assert rows(PRISONERS_DILEMMA, told="ending", ending=0.5)[-1][1] == "yes"
    assert rows(PRISONERS_DILEMMA, told="ending", ending=0.7)[-1][1] == "no"


def test_the_value_of_battle_of_the_sexes():
    found = rows(BATTLE_OF_THE_SEXES)
    assert found[2][2:] == pytest.approx((70 / 17, 70 / 17)) and found[-1][1] == 8.5


def test_any_matrix_is_solved_and_played():
    found = rows(MATRIX, payoffs="0,0 1,-1 -1,1 / -1,1 0,0 1,-1 / 1,-1 -1,1 0,0")
    assert found[0][2:] == pytest.approx((0, 0))
    assert MATRIX.settings(payoffs="-1,-1 -9,0 / 0,-9 -6,-6").world().game.best.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("game", "settings"),
    [(PRISONERS_DILEMMA, {"reward": 11}), (BATTLE_OF_THE_SEXES, {"apart": 20}), (MATRIX, {"payoffs": "1,2 3"}),
     (MATRIX, {"ending": 0.5}), (MATRIX, {"rounds": 0})],
)  # fmt: skip
def test_settings_that_cannot_be_fail_early(game, settings):
    with pytest.raises(ValidationError):
        game.settings(**settings)
