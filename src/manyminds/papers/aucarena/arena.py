"""One auction of any minds, and a series in which bidders learn from the auction before."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from manyminds.agents.bidders import RULES
from manyminds.agents.bidding import LanguageBidder
from manyminds.agents.seats import PERSON, seated
from manyminds.core import Lab, play
from manyminds.models.load import names_model
from manyminds.papers.aucarena.measures import SeatRow, rows_of
from manyminds.papers.aucarena.memos import log_rows, memo_of, write
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_items import Entrant, Item
from manyminds.worlds.games.auction_sights import Past


@dataclass(frozen=True)
class Seating:
    """Who sits down to which auctions. Rules need no words; plans and accounts are asked of everybody.

    `budget` is everybody's unless `entrants` say otherwise, one a mind, as a file of bidders does.
    """

    name: str
    minds: tuple[str, ...]
    order: str
    budget: int
    learning: bool = False
    entrants: tuple[Entrant, ...] = ()

    @property
    def spoken(self) -> bool:
        return any(mind == PERSON or names_model(mind) for mind in self.minds)

    @property
    def place(self) -> str:
        return f"{self.name}/{self.order}/{self.budget}" + ("/learning" if self.learning else "")


class AuctionRow(BaseModel, frozen=True):
    """One auction: under what, how it ended, and its bidders; without bidders it failed and is not scored."""

    table: str
    order: str
    budget: int
    learning: bool
    repeat: int
    ending: str
    reason: str = ""
    seats: list[SeatRow] = []
    budgets: list[list[int]] = []  # money left after each item, by seat
    turns: int = 0


def world_of(config: Any, seating: Seating, items: tuple[Item, ...], past: Past | None) -> Auction:
    bidders = seating.entrants or tuple(
        Entrant(f"Bidder {i + 1}", seating.budget, config.overestimate, config.desire, config.plan, True,
                config.correct_belief, seating.learning and names_model(mind))
        for i, mind in enumerate(seating.minds)
    )  # fmt: skip
    return Auction(items, bidders, seating.order, config.markup, config.discount, config.ties, config.tries,  # type: ignore[arg-type]
                   config.corrections, past, seating.spoken)  # fmt: skip


async def one(
    config: Any, lab: Lab, seating: Seating, items: tuple[Item, ...], repeat: int, past: Past | None = None
) -> tuple[AuctionRow, Past | None]:
    """One auction, and what it leaves to the next. Learning or not, the same repeat has the same draws."""
    world = world_of(config, seating, items, past)
    parser = lab.model(config.parser) if config.parser else None

    def language(model: Any, name: str) -> LanguageBidder:
        return LanguageBidder(model, name, parser, config.temperature, deadline=config.deadline or None)

    agents = {who: seated(mind, who, RULES, lab.model, language) for who, mind in zip(world.names, seating.minds)}
    minds = dict(zip(world.names, labels(seating.minds)))
    record = lab.record(f"{seating.place}/{repeat}") if seating.spoken or repeat == 0 else None
    played = await play(world, agents, lab.seeds.child(seating.name, seating.order, seating.budget, repeat), record)
    row = {
        "table": seating.name,
        "order": seating.order,
        "budget": seating.budget,
        "learning": seating.learning,
        "repeat": repeat,
    }
    if played.ending != "finished":
        return AuctionRow(**row, ending=played.ending, reason=played.reason, turns=played.turns), past
    end = played.outcome
    rows = rows_of(world, end, minds, agents)
    memo = memo_of(world, end, rows)
    if seating.spoken:
        write(
            Path(lab.folder) / "logs" / seating.place, str(repeat), memo, log_rows(world, end, rows, config.temperature)
        )
    left = [[b.budget for b in world.bidders]]
    for sale in end.sales:
        left.append([money - sale.price * (who == sale.winner) for who, money in zip(world.names, left[-1])])
    done = AuctionRow(
        **row, ending="finished", seats=rows, budgets=[list(money) for money in zip(*left)], turns=played.turns
    )
    return done, memo.past


async def series(
    config: Any, lab: Lab, seating: Seating, items: tuple[Item, ...], past: Past | None
) -> list[AuctionRow]:
    """Auctions one after the other, each with what the one before left."""
    rows = []
    for repeat in range(config.auctions):
        row, past = await one(config, lab, seating, items, repeat, past)
        rows.append(row)
    return rows


def labels(minds: tuple[str, ...]) -> tuple[str, ...]:
    """The minds' names; those who sit more than once at a table are numbered."""
    return tuple(
        f"{mind} ({minds[: i + 1].count(mind)})" if minds.count(mind) > 1 else mind for i, mind in enumerate(minds)
    )
