"""The game of gifts as it is put on the table."""

from typing import Any

from pydantic import Field, model_validator

from manyminds.agents.donors import RULES
from manyminds.agents.language import LanguageAgent
from manyminds.core import PaperConfig, Table
from manyminds.theory import gift as theory
from manyminds.worlds.games.game import Game
from manyminds.worlds.games.gift import Gift, Outcome
from manyminds.worlds.games.gift_schedules import alternating


class Settings(PaperConfig):
    """The paper's numbers, for a table of six."""

    players: int = Field(6, ge=2, le=200, description="an even number")
    rounds: int = Field(6, ge=1, le=200)
    endowment: float = Field(10.0, gt=0)
    multiplier: float = Field(2.0, gt=0)
    links: int = Field(3, ge=0, le=3)
    punishment: bool = False
    partner_choice: bool = False
    games: int = Field(2, ge=1, le=10, description="played in turn, with roles swapped in between")

    @model_validator(mode="after")
    def meetings_exist(self) -> "Settings":
        alternating(self.players, self.rounds, self.links)
        return self


def seats(settings: Settings) -> tuple[str, ...]:
    return tuple(f"player {i}" for i in range(1, settings.players + 1))


def world(settings: Settings) -> Gift:
    rest = settings.model_dump(exclude={"players", "rounds"})
    return Gift(seats(settings), alternating(settings.players, settings.rounds, settings.links), **rest)


def language(model: Any, name: str) -> LanguageAgent:
    return LanguageAgent.direct(model, name, temperature=0.8, tries=10)


def value(settings: Settings) -> list[Table]:
    """What everybody ends with when all give the same fraction; giving nothing is the only equilibrium."""
    kinds = (settings.multiplier, settings.rounds, settings.endowment)
    rows = tuple((p, theory.mean_resources(p, *kinds)) for p in (0.0, 0.25, 0.5, 0.75, 1.0))
    note = "with a known end nobody gains by giving: the equilibrium of selfish players is the first row"
    return [Table("mean resources when all give a fraction p", ("p", "mean resources"), rows, note)]


def score(outcome: Outcome) -> dict[str, float]:
    return outcome.scores


GAME = Game(
    "donor", "a game of gifts that only others can repay", Settings, seats, world, RULES, language, value, score
)
