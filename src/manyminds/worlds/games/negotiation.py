"""A seller and a buyer name prices in turn until they trade or the rounds are over (GLEE, arXiv 2410.05254)."""

from dataclasses import dataclass

from pydantic import Field

from manyminds.agents.bargainers import RULES
from manyminds.core import PaperConfig, Table
from manyminds.theory.bargaining import trade_price
from manyminds.worlds.games.bargaining import language, score
from manyminds.worlds.games.bilateral import Alternating, money_text
from manyminds.worlds.games.bilateral_answers import NamePrice, Price
from manyminds.worlds.games.game import Game


@dataclass(frozen=True)
class Negotiation(Alternating):
    """Terms are the price. The good is worth `factors` times the money unit, to the seller and to the buyer."""

    factors: tuple[float, float] = (1.0, 1.0)
    game = "negotiation"

    def worth(self, seat: int) -> float:
        """What the good is worth to a player, in money."""
        return self.money * self.factors[seat]

    def proposing(self, seat: int) -> NamePrice:
        return NamePrice(self.worth(seat), seat == 0, self.money, self.messages, self.players[1 - seat])

    def terms_of(self, seat: int, answer: Price) -> float:
        return answer.price

    def gain(self, seat: int, terms: float) -> float:
        return (terms - self.worth(0) if seat == 0 else self.worth(1) - terms) / self.money

    def payoff(self, seat: int, terms: float, stage: int) -> float:
        """Nothing is lost by waiting."""
        return self.money * self.gain(seat, terms)

    def private(self, seat: int) -> float:
        return self.worth(seat)

    def known(self, seat: int) -> tuple[float | None, tuple[float, float], tuple[float, float | None]]:
        pie = self.factors[1] - self.factors[0] if self.complete else None
        return pie, (1.0, 1.0), self.told_private(seat)

    def in_words(self, terms: float) -> str:
        return f"the product is sold for {money_text(terms)}"

    def secrets_in(self, seat: int, numbers: list[float], text: str) -> bool:
        """The value itself."""
        return any(abs(n - self.worth(seat)) < 0.005 for n in numbers)


class Settings(PaperConfig):
    """One game of the grid; `rounds=0`: no end that the players know of."""

    money: float = Field(10_000, gt=0, description="the money unit")
    seller: float = Field(0.8, ge=0, description="what the good is worth to the seller, in units")
    buyer: float = Field(1.2, ge=0, description="what the good is worth to the buyer, in units")
    rounds: int = Field(0, ge=0, le=99, description="stages; 0: no end that anybody is told of")
    complete: bool = Field(True, description="does each player know the other's value?")
    messages: bool = Field(False, description="may a message go with a price?")


def world_of(settings: Settings) -> Negotiation:
    return Negotiation(money=settings.money, rounds=settings.rounds or None, complete=settings.complete,
                       messages=settings.messages, factors=(settings.seller, settings.buyer))  # fmt: skip


def value(settings: Settings) -> list[Table]:
    """The equilibrium price where it is determined, and what trade is worth to both together."""
    seller, buyer = settings.money * settings.seller, settings.money * settings.buyer
    price = trade_price(seller, buyer, settings.rounds or None)
    rows = [("best for both together", max(buyer - seller, 0.0), "")]
    if price is not None:
        rows.append(("equilibrium (both know both values)", price - seller, buyer - price))
        return [Table("Theory", ("what", "Alice", "Bob"), tuple(rows), f"at the price {money_text(price)}")]
    why = "no price suits both" if buyer < seller else "without an end any price between the values will do"
    return [Table("Theory", ("what", "Alice", "Bob"), tuple(rows), why)]


GAME = Game(
    name="negotiation",
    title="A seller and a buyer name prices in turn",
    settings=Settings,
    seats=lambda settings: ("Alice", "Bob"),
    world=world_of,
    rules=RULES,
    language=language,
    value=value,
    score=score,
)
