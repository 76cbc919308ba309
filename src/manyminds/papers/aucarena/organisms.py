"""A model organism that bids: a small decoder raised on the bids of a rule that knows of the winner's curse.

It reads its view in a few words (`prompts/brief.md`): its estimate, the least legal bid and whether it can be paid, and
how often it has bid. It says its bid as any language bidder does; whether the bid stands is for the auctioneer to say.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from pydantic import BaseModel

from manyminds.agents.bid_answers import OUT
from manyminds.agents.bidders import RULES
from manyminds.agents.bidding import LanguageBidder
from manyminds.agents.seats import rule
from manyminds.core import Agent, Claim, Finding, Lab, NotHere, Seeds, Table, View, play, render
from manyminds.models.request import Model
from manyminds.tuning.organisms import Demonstrates, Grown, Lesson, Raising, Untold, organism
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_items import Entrant, Item

TEACHER = "curse-aware"
COMPANY = ("rule", "straightforward", "random", "learner", "withdraws")
TABLE = ("organism", "random", "withdraws")  # who meets when it is tested
BUDGETS = (10_000, 20_000, 40_000)


class Bidding(BaseModel, frozen=True):
    """One organism at the table of `TABLE`: mean profits, and what became of its bids."""

    seed: int
    grown: Grown
    auctions: int
    failed: int  # auctions that broke, and are not scored
    profits: dict[str, float]
    answers: int  # to calls for bids, those that could not be read included
    illegal: int  # refused by the auctioneer, or not read as a bid


@dataclass
class BrieflyBidding:
    """The ordinary language bidder, without a memory of the item and shown its sight in a few words."""

    model: Model
    invalid: Counter[str] = field(default_factory=Counter)
    kind = "language"

    async def act(self, view: View) -> Any:
        sight = view.data._replace(rules=words(view), question="Now you.")
        bidder = LanguageBidder(self.model, temperature=0.0, max_tokens=20, invalid=self.invalid)
        return await bidder.act(replace(view, data=sight, action=Untold(view.action)))


def words(view: View) -> str:
    """The view in a few words."""
    return render(__package__, "brief", sight=view.data)


def said(view: View, bid: int) -> str:
    return "Answer: out" if bid == OUT else f"Answer: {bid}"


def table(items: Sequence[Item], seats: Sequence[str], rng: Random) -> Auction:
    """An auction of bids alone: nobody is asked for plans or accounts."""
    budget = rng.choice(BUDGETS)
    bidders = tuple(Entrant(f"Bidder {i}", budget, plan="none", beliefs=False) for i in range(1, len(seats) + 1))
    return Auction(tuple(items), bidders, "shuffled", spoken=False)


async def lessons(items: Sequence[Item], count: int, seeds: Seeds) -> list[Lesson]:
    """The bids of the teacher in auctions with drawn company."""
    demonstrates = Demonstrates(rule(TEACHER, RULES), BrieflyBidding, said)
    rng = seeds("auctions")
    number = 0
    while len(demonstrates.lessons) < count:
        number += 1
        seats = (TEACHER, *rng.sample(COMPANY, 2))
        world = table(items, seats, rng)
        minds: list[Agent] = [demonstrates, *(rule(who, RULES) for who in seats[1:])]
        await play(world, dict(zip(world.names, minds)), seeds.child(number))
    return demonstrates.lessons


async def raised(lab: Lab, raising: Raising, items: Sequence[Item], seed: int, auctions: int) -> Bidding:
    """Raise one organism and let it bid."""
    seeds = lab.seeds.child("organism", seed)
    grown = await organism(lab, f"bidder {seed}", seed, raising,
                           lambda count: lessons(items, count, seeds.child("read")))  # fmt: skip
    return await tested(lab, grown, items, seed, auctions)


async def tested(lab: Lab, grown: Grown, items: Sequence[Item], seed: int, auctions: int) -> Bidding:
    """The organism against a bidder at random and one that never bids."""
    mind, seeds = BrieflyBidding(lab.model(grown.model)), lab.seeds.child("organism table", seed)
    rng = seeds("tables")
    worlds = [table(items, TABLE, rng) for _ in range(auctions)]

    async def one(number: int, world: Auction) -> Any:
        minds: list[Agent] = [mind, *(rule(who, RULES) for who in TABLE[1:])]
        record = lab.record(f"organism {seed}/{number}")
        return await play(world, dict(zip(world.names, minds)), seeds.child(number), record)

    played = await lab.gather([one(*place) for place in enumerate(worlds)], f"auctions of organism {seed}")
    ends = [one.outcome for one in played if one.ending == "finished"]
    own = [end.seats["Bidder 1"] for end in ends]
    profits = {
        who: sum(end.profits[f"Bidder {i}"] for end in ends) / max(len(ends), 1) for i, who in enumerate(TABLE, 1)
    }
    unread = sum(mind.invalid.values())
    return Bidding(seed=seed, grown=grown, auctions=auctions, failed=auctions - len(ends), profits=profits,
                   answers=sum(seat.answers for seat in own) + unread,
                   illegal=sum(seat.failed for seat in own) + unread)  # fmt: skip


# ---- what must come out


def of(results: Any) -> list[Bidding]:
    if not results.organisms:
        raise NotHere("no organism was raised (organisms=3 raises three)")
    return list(results.organisms)


def legal(one: Bidding) -> float:
    return 1 - one.illegal / one.answers if one.answers else float("nan")


def bids_legally(results: Any) -> Finding:
    """The least share of answers to calls for bids that were read and not refused."""
    shares = [legal(one) for one in of(results)]
    return Finding(min(shares), all(share >= 0.98 for share in shares), sum(one.answers for one in of(results)))


def earns(results: Any) -> Finding:
    """The least lead in mean profit on the better of a random legal bidder and one that never bids."""
    leads = [one.profits[TABLE[0]] - max(one.profits[who] for who in TABLE[1:]) for one in of(results)]
    return Finding(min(leads), min(leads) > 0 and not any(one.failed for one in of(results)), len(leads))


def organism_table(results: Any) -> Table:
    rows = tuple((one.seed, one.auctions, one.failed, one.answers, legal(one), *(one.profits[who] for who in TABLE),
                  one.grown.tokens) for one in results.organisms)  # fmt: skip
    columns = ("seed", "auctions", "failed", "answers", "legal", *(f"profit: {who}" for who in TABLE), "tokens read")
    return Table("Model organisms that bid", columns, rows)


MADE = "derived: a model raised on bids can bid"
ASKED = {"simulated": 2, "twins": 2, "ladder": 1, "calibration": 2, "organisms": 3}
ORGANISMS = (
    Claim("organism-legal", "answers of organisms to calls for bids that are legal bids or withdrawals: least share",
          MADE, ">= 0.98", bids_legally, config=ASKED),
    Claim("organism-profit", "mean profit by which organisms lead on a random bidder and one that never bids: least",
          MADE, "> 0", earns, config=ASKED),
)  # fmt: skip
