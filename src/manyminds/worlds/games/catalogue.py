"""The games that can be put on the table, by name; each is imported only when it is asked for."""

from importlib import import_module

from manyminds.core import unknown
from manyminds.worlds.games.game import Game

# name -> module and attribute
GAMES: dict[str, tuple[str, str]] = {
    "audit": ("hiring_game", "GAME"),
    "auction": ("auction_game", "GAME"),
    "commons": ("commons_game", "GAME"),
    "prisoners-dilemma": ("repeated_game", "PRISONERS_DILEMMA"),
    "battle-of-the-sexes": ("repeated_game", "BATTLE_OF_THE_SEXES"),
    "matrix": ("repeated_game", "MATRIX"),
    "donor": ("gift_game", "GAME"),
    "shop": ("shop_game", "GAME"),
    "bargaining": ("bargaining", "GAME"),
    "negotiation": ("negotiation", "GAME"),
    "persuasion": ("persuasion", "GAME"),
}


def game_called(name: str) -> Game:
    """The game called `name`; an unknown one is refused with the nearest names."""
    if name not in GAMES:
        raise unknown("game", name, GAMES)
    module, attribute = GAMES[name]
    game = getattr(import_module(f"manyminds.worlds.games.{module}"), attribute)
    assert isinstance(game, Game)
    return game
