"""The commons as a game on the table: `manyminds play commons --seats greedy,human,...`."""

from typing import Any, Literal

from pydantic import Field, model_validator

from manyminds.agents.commoners import RULES, RuleClerk
from manyminds.agents.commons_language import commons_agent
from manyminds.core import Agent, PaperConfig, Table
from manyminds.theory.commons import planner_optimum, sustainable_share, sustainable_total
from manyminds.worlds.games.commons import CLERK, Commons
from manyminds.worlds.games.game import Game
from manyminds.worlds.games.skins import SKINS

PERSONAS = ("John", "Kate", "Jack", "Emma", "Luke")


class Settings(PaperConfig):
    """A table of GovSim (arXiv 2404.16698); the paper's numbers are the defaults."""

    members: int = Field(5, ge=2, le=50, description="seats at the table")
    pool: int = Field(100, ge=1, le=200, description="units at the start, and at most")
    dead: int = Field(5, ge=0, description="a pool below this after the harvest is lost")
    months: int = Field(12, ge=1, le=240)
    talk: bool = Field(True, description="do the members meet each month?")
    opening_meeting: bool = Field(False, description="do they meet before the first harvest too?")
    open_books: bool = Field(True, description="does everybody hear what the others got?")
    universalisation: bool = Field(False, description="are they told what nobody may exceed if all did the same?")
    allocation: Literal["stochastic", "proportional"] = Field("stochastic", description="when wishes exceed the pool")
    skin: Literal["fishery", "pasture", "pollution"] = Field("fishery", description="how the numbers are told")

    @model_validator(mode="after")
    def alive_at_first(self) -> "Settings":
        if self.dead > self.pool:
            raise ValueError(f"a pool of {self.pool} is lost from the start where fewer than {self.dead} are too few")
        return self


def seats(settings: Settings) -> tuple[str, ...]:
    return tuple(PERSONAS[i] if i < len(PERSONAS) else f"Member {i + 1}" for i in range(settings.members))


def world(settings: Settings) -> Commons:
    return Commons(
        seats(settings), SKINS[settings.skin], settings.allocation, settings.talk, settings.open_books,
        settings.universalisation, settings.months, settings.pool, settings.dead,
        opening_meeting=settings.opening_meeting,
    )  # fmt: skip


def value(settings: Settings) -> list[Table]:
    """What a planner could take, and what can be taken for ever."""
    pool, dead, months, n = settings.pool, settings.dead, settings.months, settings.members
    rows = (
        ("all together, by a planner who knows the end", planner_optimum(months, pool, dead)),
        ("all together, with the commons alive at the end", planner_optimum(months, pool, dead, keep_alive=True)),
        ("each month for ever, all together", sustainable_total(pool, pool, dead)),
        ("each month for ever, each if all take the same", sustainable_share(pool, n, pool, dead)),
    )
    return [Table("What theory expects", ("units", "value"), rows, "from a full pool; planner: by dynamic programming")]


def score(outcome: Any) -> dict[str, float]:
    """Units caught, by seat."""
    return {who: float(gain) for who, gain in outcome.gains.items()}


def staff(settings: Settings) -> dict[str, Agent]:
    """The clerk takes the median of the proposals as agreed."""
    return {CLERK: RuleClerk()}


GAME = Game(
    name="commons",
    title="A commons that doubles each month, and dies of greed",
    settings=Settings,
    seats=seats,
    world=world,
    rules=RULES,
    language=commons_agent,
    value=value,
    score=score,
    staff=staff,
)
