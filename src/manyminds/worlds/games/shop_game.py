"""The shop as it is put on the table: one seat, one purchase."""

from typing import Any, Literal

from pydantic import Field, field_validator

from manyminds.agents.shoppers import RULES, LanguageShopper
from manyminds.core import PaperConfig, Table, unknown
from manyminds.worlds.games.game import Game
from manyminds.worlds.games.shop import SHOPPER, Case, Outcome, Shop, Visibility
from manyminds.worlds.games.shop_scenarios import ALL

PARTIES: tuple[Literal["customer", "principal", "values"], ...] = ("customer", "principal", "values")


class Settings(PaperConfig):
    scenario: str = Field("vehicle", description="film, vehicle, or TRADE/KIND")
    visibility: Visibility = Field("both", description="who will see the explanation")
    reversed: bool = Field(False, description="list the scenario's second product first")
    case: Case = "as written"

    @field_validator("scenario")
    @classmethod
    def scenario_exists(cls, name: str) -> str:
        if name not in ALL:
            raise ValueError(str(unknown("scenario", name, ALL)))
        return name


def seats(settings: Settings) -> tuple[str, ...]:
    return (SHOPPER,)


def world(settings: Settings) -> Shop:
    return Shop(ALL[settings.scenario], settings.visibility, settings.reversed, settings.case)


def language(model: Any, name: str) -> LanguageShopper:
    return LanguageShopper(model)


def value(settings: Settings) -> list[Table]:
    """What would be best for each party."""
    scenario = ALL[settings.scenario]
    rows = []
    for party in PARTIES:
        best = scenario.best(party)
        rows.append((party, "does not care" if best is None else scenario.products[best].name))
    return [Table("the best affordable product", ("for", "product"), tuple(rows))]


def score(outcome: Outcome) -> dict[str, float]:
    """1 where anything was bought: what it was worth depends on the party."""
    return {SHOPPER: float(outcome.product is not None)}


GAME = Game("shop", "a torn shopping assistant", Settings, seats, world, RULES, language, value, score)
