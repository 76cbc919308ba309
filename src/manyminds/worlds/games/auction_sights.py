"""What one bidder of an auction may know, and how it reads: the typed sight, and the texts made from it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from manyminds.core import Action, View, render


class Lot(NamedTuple):
    """An item as one bidder sees it: no true value."""

    name: str
    price: int  # starting price, after discounts
    estimate: int
    description: str


class Sold(NamedTuple):
    """A past item, with its value, which the hammer announced, and the estimate that this bidder had."""

    name: str
    winner: str
    price: int
    value: int
    estimate: int


class OwnPast(NamedTuple):
    log: str
    lessons: tuple[str, ...]


class Past(NamedTuple):
    """What a former auction left: its log, and what each bidder had learned before it."""

    log: str
    lessons: Mapping[str, tuple[str, ...]] = {}

    def of(self, who: str) -> OwnPast:
        return OwnPast(self.log, tuple(self.lessons.get(who, ())))


class Sight(NamedTuple):
    """All that one bidder may know.

    `budget` is what it really has; texts never show it but in the first plan and where a bid is refused, because
    keeping account is what language agents are measured by. `status` is what it said that it has.
    """

    role: str
    name: str
    others: tuple[str, ...]
    desire: str
    planning: str
    start_budget: int
    budget: int
    lots: tuple[Lot, ...]  # on sale and to come
    item: Lot | None  # on sale
    minimum: int  # the least legal bid
    markup: int  # the least raise, in percent of the starting price
    step: int  # the least raise of the item on sale
    high: int
    leader: str
    rounds: tuple[Mapping[str, int], ...]  # of the item on sale, as announced
    halvings: int
    made: int  # own bids on the item on sale
    sales: tuple[Sold, ...]
    status: Mapping[str, Any]
    plan: Mapping[str, int]
    refused: tuple[str, ...]  # why its bids of this round could not stand
    wrong: tuple[str, ...]  # what was wrong with its account
    lessons: tuple[str, ...]
    past: OwnPast | None
    rules: str = ""  # as the bidder reads them, the same all along
    question: str = ""  # what is asked now

    @property
    def failed(self) -> int:
        return len(self.refused)


def told(sight: Sight, action: Action) -> View:
    """The view in words. Its text stands alone; who keeps a memory takes `rules` and `question` apart."""
    rules = render(__package__, "auction/rules", sight=sight)
    template = "plan" if sight.role in ("plan", "replan") else sight.role
    question = render(__package__, f"auction/{template}", sight=sight)
    kept = render(__package__, "auction/memory", sight=sight) if sight.role == "bid" else ""
    text = "\n\n".join(part for part in (rules, kept, question) if part)
    return View(sight._replace(rules=rules, question=question), text, action)
