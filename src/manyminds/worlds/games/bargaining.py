"""Two divide a sum by alternating offers, and waiting costs them (Rubinstein's game; GLEE, arXiv 2410.05254)."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from manyminds.agents.bargainers import RULES
from manyminds.agents.correspondent import Correspondent
from manyminds.agents.language import Profile
from manyminds.core import PaperConfig, Table
from manyminds.theory.bargaining import finite_shares, rubinstein
from manyminds.worlds.games.bilateral import Alternating, Deal, money_text
from manyminds.worlds.games.bilateral_answers import Divide, Offer
from manyminds.worlds.games.game import Game


@dataclass(frozen=True)
class Bargaining(Alternating):
    """Terms are the first player's part of the money. Each stage of delay multiplies what a part is worth."""

    discounts: tuple[float, float] = (0.9, 0.9)
    game = "bargaining"

    def proposing(self, seat: int) -> Divide:
        return Divide(self.money, self.messages, self.players[1 - seat])

    def terms_of(self, seat: int, answer: Offer) -> float:
        return answer.own if seat == 0 else self.money - answer.own

    def gain(self, seat: int, terms: float) -> float:
        share = terms / self.money
        return share if seat == 0 else 1 - share

    def payoff(self, seat: int, terms: float, stage: int) -> float:
        """An agreement in the first stage is not discounted: the exponent is stage - 1."""
        return self.money * self.discounts[seat] ** (stage - 1) * self.gain(seat, terms)

    def private(self, seat: int) -> float:
        return self.discounts[seat]

    def known(self, seat: int) -> tuple[float, tuple[float, float | None], tuple[None, None]]:
        return 1.0, self.told_private(seat), (None, None)

    def in_words(self, terms: float) -> str:
        first, second = self.players
        return f"{first} gets {money_text(terms)}, {second} gets {money_text(self.money - terms)}"

    def secrets_in(self, seat: int, numbers: list[float], text: str) -> bool:
        """The factor itself, or in percent what is left or lost by waiting."""
        factor = self.discounts[seat]
        percent = (100 * factor, 100 * (1 - factor)) if "%" in text or "percent" in text.lower() else ()
        return factor < 1 and any(abs(n - told) < 1e-6 for n in numbers for told in (factor, *percent))


class Settings(PaperConfig):
    """One game of the grid; `rounds=0`: no end that the players know of."""

    money: float = Field(10_000, gt=0, description="the sum to divide")
    first: float = Field(0.9, ge=0, le=1, description="the first player's discount factor")
    second: float = Field(0.9, ge=0, le=1, description="the second player's discount factor")
    rounds: int = Field(0, ge=0, le=99, description="stages; 0: no end that anybody is told of")
    complete: bool = Field(True, description="does each player know the other's discount factor?")
    messages: bool = Field(False, description="may a message go with a proposal?")


def world_of(settings: Settings) -> Bargaining:
    return Bargaining(money=settings.money, rounds=settings.rounds or None, complete=settings.complete,
                      messages=settings.messages, discounts=(settings.first, settings.second))  # fmt: skip


def language(model: Any, name: str) -> Correspondent:
    return Correspondent(model, Profile(name))


def score(deal: Deal) -> dict[str, float]:
    """Payoffs in money; NaN, which counts as unscored, where the game is void."""
    return dict(zip(("Alice", "Bob"), deal.payoffs or (float("nan"), float("nan"))))


def value(settings: Settings) -> list[Table]:
    """What the equilibrium gives at once, with complete information."""
    if settings.rounds:
        share: float | None = finite_shares(settings.first, settings.second, settings.rounds)[0]
    else:
        share = rubinstein(settings.first, settings.second)
    name = "equilibrium (both know both discount factors)"
    if share is None:
        return [Table("Theory", ("what", "Alice", "Bob"), ((name, "any", "any"),), "nobody loses by waiting")]
    rows = ((name, settings.money * share, settings.money * (1 - share)),)
    return [Table("Theory", ("what", "Alice", "Bob"), rows, "agreed on in the first stage")]


GAME = Game(
    name="bargaining",
    title="Two divide a sum by alternating offers",
    settings=Settings,
    seats=lambda settings: ("Alice", "Bob"),
    world=world_of,
    rules=RULES,
    language=language,
    value=value,
    score=score,
)
