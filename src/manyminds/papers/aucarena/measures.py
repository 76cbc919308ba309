"""What is measured of an auction: profit and rank, rule violations, beliefs, adherence to plans, use of the budget.

Definitions follow arXiv 2310.05746, sections 4 and 5; where the text leaves a choice, it is named here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from manyminds.core.skill_ratings import ranks_of
from manyminds.theory.auctions import lone_optimum
from manyminds.worlds.games.auction import Auction, Outcome, Seat

STAGES = 3  # parts of an auction over which the use of the budget is shown


class SeatRow(BaseModel, frozen=True):
    """One bidder in one auction. None is unscored: nothing to compare, or the play failed."""

    name: str
    mind: str
    profit: int = 0
    rank: int = 0
    won: int = 0
    left: int = 0
    overpaid: int = 0  # items won above their true value
    answers: int = 0  # to calls for bids
    failed: int = 0  # bids refused by the auctioneer
    forced: int = 0  # withdrawals for want of a legal answer
    unparsed: int = 0  # accounts that never came
    omitted: int = 0  # entries left out of accounts
    self_checked: int = 0  # first answers only
    self_wrong: int = 0
    other_checked: int = 0
    other_wrong: int = 0
    all_checked: int = 0  # with the answers after corrections, own entries and others'
    all_wrong: int = 0
    corrected: int = 0  # entries wrong at first and right at last
    rho_engagement: float | None = None
    rho_spending: float | None = None
    replans: int = 0
    changed: int = 0
    unplanned: int = 0
    bound: int = 0  # of the profit: a lone bidder's knapsack
    stages: list[float] = []  # share of the budget that was spent in each part of the auction
    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    read_by: dict[str, int] = {}  # bids read by grammar or parser, and not at all


def rows_of(world: Auction, end: Outcome, minds: Mapping[str, str], agents: Mapping[str, Any]) -> list[SeatRow]:
    """The bidders of a finished auction, in the order of seats."""
    ranks = dict(zip(world.names, ranks_of([end.profits[who] for who in world.names])))
    rows = []
    for bidder in world.bidders:
        seat, mind = end.seats[bidder.name], agents[bidder.name]
        bound = lone_optimum([i.price for i in end.items], [i.value for i in end.items], bidder.budget).value
        spent = getattr(mind, "spending", None)
        cost = {"calls": spent.calls, "tokens": spent.tokens, "money": spent.money} if spent else {}
        rows.append(SeatRow(
            name=bidder.name, mind=minds[bidder.name], profit=seat.profit, rank=ranks[bidder.name], won=len(seat.won),
            left=seat.budget, overpaid=sum(s.winner == bidder.name and s.price > s.value for s in end.sales),
            answers=seat.answers, failed=seat.failed, forced=seat.forced, unparsed=seat.unparsed, omitted=seat.omitted,
            unplanned=seat.unplanned, bound=bound, stages=stages(end, bidder.name, bidder.budget),
            read_by=dict(getattr(mind, "read_by", {})),
            **beliefs(seat), **adherence(end, seat, {i.name: bidder.estimate(i) for i in end.items}), **cost,
        ))  # fmt: skip
    return rows


def beliefs(seat: Seat) -> dict[str, int]:
    """Wrong and checked entries. The rates of the paper count every answer; ours count the first, and both are kept:
    with correction on, later answers were told the truth."""
    found = dict.fromkeys(("self_checked", "self_wrong", "other_checked", "other_wrong"), 0)
    first: dict[tuple[str, str, str], bool] = {}
    last: dict[tuple[str, str, str], bool] = {}
    for check in seat.checks:
        key = (check.item, check.entry, check.about)
        last[key] = check.right
        if key not in first:
            first[key] = check.right
            if check.attempt == 0:
                found[f"{check.subject}_checked"] += 1
                found[f"{check.subject}_wrong"] += not check.right
    corrected = sum(not right and last[key] for key, right in first.items())
    return found | {"all_checked": len(seat.checks), "all_wrong": sum(not c.right for c in seat.checks),
                    "corrected": corrected}  # fmt: skip


def adherence(end: Outcome, seat: Seat, estimates: Mapping[str, int]) -> dict[str, Any]:
    """Rank correlation of what was announced with what was done, over items, and how often plans changed.

    The priority of an item is the last one announced BEFORE it was put on sale; what is written afterwards cannot
    explain what was done. Engagement: how many bids. Spending: the last bid as a share of the estimate.
    """
    announced, engagement, spending = [], [], []
    for position, item in enumerate(end.items):
        plans = [plan for before, plan in seat.plans if before <= position and item.name in plan]
        if plans:
            announced.append(plans[-1][item.name])
            engagement.append(seat.engagement.get(item.name, 0))
            spending.append(seat.highest.get(item.name, 0) / max(estimates[item.name], 1))
    changes = [any(now[item] != then.get(item) for item in now)
               for (_, then), (_, now) in zip(seat.plans, seat.plans[1:])]  # fmt: skip
    return {"rho_engagement": spearman(announced, engagement), "rho_spending": spearman(announced, spending),
            "replans": len(changes), "changed": sum(changes)}  # fmt: skip


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None where one side does not vary, so that there is nothing to correlate."""
    from scipy.stats import spearmanr

    if len(set(x)) < 2 or len(set(y)) < 2:
        return None
    return float(spearmanr(x, y).statistic)


def stages(end: Outcome, who: str, budget: int) -> list[float]:
    """The share of its budget that a bidder spent in each third of the items."""
    spent = [0] * STAGES
    for position, sale in enumerate(end.sales):
        if sale.winner == who:
            spent[position * STAGES // len(end.sales)] += sale.price
    return [part / budget if budget else 0.0 for part in spent]
