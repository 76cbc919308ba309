"""Files of auctions in the released forms: the memo of an auction, and one log a bidder.

A memo is one JSON object (`memo-N.json`): auction_log, memo_text, profit, total_cost, learnings, model_info. A log is
a JSONL file (`NAME-N.jsonl`) whose lines hold what is on record of one bidder in one auction.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from manyminds.agents.bid_answers import OUT
from manyminds.core import BadInput
from manyminds.papers.aucarena.measures import SeatRow
from manyminds.worlds.games.auction import Auction, Outcome
from manyminds.worlds.games.auction_items import rows_of
from manyminds.worlds.games.auction_sights import Past


class Memo(BaseModel):
    """What an auction leaves to the next one."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    auction_log: str
    profit: dict[str, float]
    learnings: dict[str, str] = {}
    model_info: dict[str, str] = {}
    memo_text: list[str] = []
    total_cost: float = 0.0

    @property
    def past(self) -> Past:
        """As bidders read it."""
        return Past(self.auction_log, {who: tuple(lines(text)) for who, text in self.learnings.items()})


class BidderLog(BaseModel):
    """One bidder in one auction, as the released logs hold it; fields that are not needed are not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())
    auction_hash: str = ""
    bidder_name: str
    model_name: str
    budget: int
    money_left: int
    profit: float
    items_won: list[tuple[str, float, float]] = []
    failed_bid_cnt: int = 0
    failed_bid_rate: float = 0.0
    self_belief_error_cnt: int = 0
    other_belief_error_cnt: int = 0
    self_error_rate: float = 0.0
    other_error_rate: float = 0.0
    engagement_count: int = 0
    engagement_history: dict[str, int] = {}
    changes_of_plan: list[Any] = []
    plan_strategy: str = ""
    desire: str = ""
    openai_cost: float = 0.0


def lines(text: str) -> list[str]:
    """The lessons of a numbered text, without their numbers."""
    return [line.lstrip("0123456789.) ").strip() for line in text.splitlines() if line.strip()]


def read_memo(path: Path) -> Memo:
    try:
        return Memo.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"the memo {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(
            f"{path} is not the memo of an auction: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None


def read_logs(folder: Path) -> list[list[BidderLog]]:
    """The auctions in a folder of logs, each as the bidders in it: `NAME-N.jsonl` groups by folder and N.

    A file that was appended to holds several auctions; its lines are told apart by their position.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder of auction logs")
    found: dict[tuple[Path, str, int], list[BidderLog]] = {}
    for path in sorted(folder.rglob("*-*.jsonl")):
        for position, row in enumerate(rows_of(path)):
            try:
                log = BidderLog.model_validate(row)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"]))
                raise BadInput(f"{path}, line {position + 1}: not a bidder's log ({where}: {first['msg']})") from None
            found.setdefault((path.parent, path.stem.rpartition("-")[2], position), []).append(log)
    return [found[key] for key in sorted(found, key=lambda key: (str(key[0]), len(key[1]), key[1], key[2]))]


def log_text(world: Auction, end: Outcome) -> str:
    """An auction in words, for whoever learns from it; minds are not named."""
    said = []
    for number, sale in enumerate(end.sales, 1):
        said.append(f"{number}. {sale.item}, starting at ${sale.start}")
        for turn, bids in enumerate(sale.path, 1):
            made = ", ".join(f"{who} {'left' if bid == OUT else f'${bid}'}" for who, bid in bids.items())
            said.append(f"   round {turn}: {made}")
        fate = f"sold to {sale.winner} for ${sale.price}" if sale.winner else "not sold"
        said.append(f"   {fate}; true value ${sale.value}")
    said += ["", *reports(world, end)]
    return "\n".join(said)


def reports(world: Auction, end: Outcome) -> list[str]:
    """One line a bidder."""
    return [f"{b.name} began with ${b.budget}, won {len(end.seats[b.name].won)} items, has ${end.seats[b.name].budget} "
            f"left and a total profit of ${end.profits[b.name]}." for b in world.bidders]  # fmt: skip


def memo_of(world: Auction, end: Outcome, rows: Sequence[SeatRow]) -> Memo:
    learned = {
        who: "\n".join(f"{i}. {line}" for i, line in enumerate(seat.lessons, 1)) for who, seat in end.seats.items()
    }
    return Memo(auction_log=log_text(world, end), profit=dict(end.profits), learnings=learned,
                model_info={row.name: row.mind for row in rows}, memo_text=reports(world, end),
                total_cost=sum(row.money for row in rows))  # fmt: skip


DESIRES = {"profit": "maximize_profit", "items": "maximize_items"}


def log_rows(world: Auction, end: Outcome, rows: Sequence[SeatRow], temperature: float) -> dict[str, dict[str, Any]]:
    """Each bidder's log in the released form. Rates count first answers of accounts."""
    values = {item.name: item.value for item in end.items}
    found = {}
    for bidder, row in zip(world.bidders, rows):
        seat = end.seats[bidder.name]
        found[bidder.name] = {
            "auction_hash": "",
            "bidder_name": row.name,
            "model_name": row.mind,
            "desire": DESIRES[bidder.desire],
            "plan_strategy": bidder.plan,
            "overestimate_percent": bidder.overestimate,
            "temperature": temperature,
            "correct_belief": bidder.correct_belief,
            "enable_learning": bidder.learning,
            "budget": bidder.budget,
            "money_left": seat.budget,
            "profit": seat.profit,
            "items_won": [[item, price, values[item]] for item, price in seat.won],
            "tokens_used": row.tokens,
            "openai_cost": row.money,
            "failed_bid_cnt": seat.failed,
            "self_belief_error_cnt": row.self_wrong,
            "other_belief_error_cnt": row.other_wrong,
            "failed_bid_rate": rate(seat.failed, seat.answers),
            "self_error_rate": rate(row.self_wrong, row.self_checked),
            "other_error_rate": rate(row.other_wrong, row.other_checked),
            "engagement_count": sum(seat.engagement.values()),
            "engagement_history": dict(seat.engagement),
            "changes_of_plan": [[before, None, dict(plan)] for before, plan in seat.plans],
        }
    return found


def rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def write(folder: Path, name: str, memo: Memo, logs: Mapping[str, Mapping[str, Any]]) -> None:
    """The files of one auction."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"memo-{name}.json").write_text(memo.model_dump_json() + "\n", encoding="utf-8")
    for who, row in logs.items():
        (folder / f"{who.replace(' ', '')}-{name}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
