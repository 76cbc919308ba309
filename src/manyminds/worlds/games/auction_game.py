"""The auction as a game at the table: its settings, its seats, and what theory says of them."""

from typing import Literal

from pydantic import Field

from manyminds.agents.bidders import RULES
from manyminds.agents.bidding import LanguageBidder
from manyminds.core import PaperConfig, Table
from manyminds.theory.auctions import increment, lone_optimum, straightforward_prices, table_optimum
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_items import Desire, Entrant, Item, Order, Planning, standard_items, two_level_pool
from manyminds.worlds.games.game import Game

POOLS = {"standard": standard_items, "two-level": two_level_pool}


class Settings(PaperConfig):
    bidders: int = Field(3, ge=1, le=20)
    pool: Literal["standard", "two-level"] = Field("standard", description="ten items at five prices, or 26 at two")
    order: Order = Field("shuffled", description="in which items are sold")
    budget: int = Field(20_000, ge=0, description="dollars, the same for all")
    overestimate: int = Field(10, ge=-100, le=1000, description="percent by which estimates exceed true values")
    desire: Desire = "profit"
    plan: Planning = Field("none", description="are bidders asked for plans?")
    beliefs: bool = Field(False, description="are they asked for an account after every item?")
    discount: bool = Field(False, description="halve the starting price of what nobody wants")


def seats(settings: Settings) -> tuple[str, ...]:
    return tuple(f"Bidder {i + 1}" for i in range(settings.bidders))


def items(settings: Settings) -> tuple[Item, ...]:
    return POOLS[settings.pool]()


def world(settings: Settings) -> Auction:
    bidders = tuple(
        Entrant(name, settings.budget, settings.overestimate, settings.desire, settings.plan, settings.beliefs)
        for name in seats(settings)
    )
    return Auction(items(settings), bidders, settings.order, discount=settings.discount)


def value(settings: Settings) -> list[Table]:
    """Bounds on profits, and where straightforward bidders end whose budgets do not bind."""
    goods = items(settings)
    prices, values = [item.price for item in goods], [item.value for item in goods]
    bounds = Table(
        "Profit at most",
        ("who", "dollars", "why"),
        (
            (
                "one bidder",
                lone_optimum(prices, values, settings.budget).value,
                "a knapsack at starting prices, no rivals",
            ),
            (
                "all together",
                table_optimum(prices, values, [settings.budget] * settings.bidders),
                "each item once, at its start",
            ),
        ),
    )
    rows = []
    bidder = world(settings).bidders[0]
    for price, worth in sorted(set(zip(prices, values))):
        estimate = bidder.estimate(Item("any", price, worth))
        ends = straightforward_prices([estimate] * settings.bidders, price, increment(price))
        rows.append((price, worth, estimate, ends[0] if ends else "unsold", worth - ends[0] if ends else 0))
    columns = ("start", "true value", "estimate", "price", "winner's profit")
    return [bounds, Table("If all bid up to their estimates and can pay", columns, tuple(rows))]


GAME = Game(
    name="auction",
    title="An ascending auction of items in sequence, with budgets and hidden values",
    settings=Settings,
    seats=seats,
    world=world,
    rules=RULES,
    language=LanguageBidder,
    value=value,
    score=lambda outcome: {who: float(profit) for who, profit in outcome.profits.items()},
)
