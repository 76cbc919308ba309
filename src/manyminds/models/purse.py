"""What the doors of some runs may spend together: a budget, calls at once, and no call paid twice among them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from manyminds.core.errors import BudgetReached
from manyminds.models.request import Completion, Model, Request


@dataclass(frozen=True)
class Budget:
    """What may be spent; None is no limit. Money is in US dollars."""

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None


class Spent(NamedTuple):
    """Amounts of what a budget limits, by the same names and in the same order."""

    calls: int = 0
    tokens: int = 0
    money: float = 0.0


@dataclass
class Totals:
    """What was spent, and what went wrong on the way.

    Every recorded call counts once, however often its answer is used. Replayed calls are part of the sums (they were
    paid when they were recorded), so a resumed run and an undisturbed one have equal totals; `replayed` says how many
    cost nothing this time.
    """

    calls: int = 0
    replayed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    unpriced: int = 0  # calls whose price is not known; they are no part of `money`
    invalid: Counter[str] = field(default_factory=Counter)  # answers that were asked for again, by reason
    faults: Counter[str] = field(default_factory=Counter)  # by kind; whether the server charged for them is not known
    counted: set[bytes] = field(default_factory=set, repr=False)  # keys of the calls that are in the sums

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def spent(self) -> Spent:
        return Spent(self.calls, self.tokens, self.money)

    def add(self, key: bytes, completion: Completion, replayed: bool = False) -> None:
        """Count a call, unless it is counted already."""
        if key in self.counted:
            return
        self.counted.add(key)
        self.calls += 1
        self.replayed += replayed
        self.prompt_tokens += completion.usage.prompt_tokens
        self.completion_tokens += completion.usage.completion_tokens
        self.money += completion.usage.money
        self.unpriced += not completion.usage.priced


def money_in_words(money: float, calls: int, unpriced: int) -> str:
    """Dollars as they are known: a price that nobody gave is not zero.

    >>> money_in_words(0.0, 12, 12)
    '$0.00 (no price known)'
    >>> money_in_words(1.5, 12, 3)
    '$1.50 (and 3 calls without a known price)'
    """
    if not unpriced:
        return f"${money:.2f}"
    return f"${money:.2f} " + (
        "(no price known)" if unpriced == calls else f"(and {unpriced:,} calls without a known price)"
    )


def at_most(model: Model, request: Request) -> Spent:
    """What a call can cost at most, by estimate: three bytes of prompt a token, and the whole of `max_tokens`."""
    asked = sum(len(message.content.encode()) // 3 + 8 for message in request.messages)
    prices = getattr(model, "prices", None) or (0.0, 0.0)
    return Spent(1, asked + request.max_tokens, (asked * prices[0] + request.max_tokens * prices[1]) / 1e6)


@dataclass
class Lane:
    """The calls of one place: how many may be in flight (first come, first served), and until when none may begin."""

    slots: asyncio.Semaphore
    quiet_until: float = 0.0  # by the clock of the event loop

    def pause(self, seconds: float) -> None:
        self.quiet_until = max(self.quiet_until, asyncio.get_running_loop().time() + seconds)

    async def quiet(self) -> None:
        while (left := self.quiet_until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)


@dataclass
class Flight:
    """A call under way, the door that makes it, and the number of those who wait for it."""

    task: "asyncio.Task[Completion]"
    door: Any
    waiting: int = 0


@dataclass
class Purse:
    """The budget and the concurrency of all doors made from it; `totals` is what they spent together.

    The budget is met as closely as can be: a call begins only if what is spent, with the worst case of every call in
    flight and its own, stays within the budget, or if nothing else is in flight. So a budget in calls is kept exactly,
    and one in tokens or money is exceeded by one call at most (by estimate: see `at_most`); towards its end fewer calls
    run side by side. A purse belongs to one event loop.
    """

    budget: Budget = field(default_factory=Budget)
    concurrency: int = 16
    totals: Totals = field(default_factory=Totals)
    lanes: dict[str, Lane] = field(default_factory=dict)
    in_flight: dict[str, Flight] = field(default_factory=dict)
    reserved: list[Spent] = field(default_factory=list)  # the worst cases of the calls in flight, if there is a budget
    hopeful: list["asyncio.Future[None]"] = field(default_factory=list)  # calls that wait until another has ended

    def __post_init__(self) -> None:
        self.limits = (self.budget.calls, self.budget.tokens, self.budget.money)
        self.limited = any(limit is not None for limit in self.limits)

    def lane(self, place: str) -> Lane:
        if place not in self.lanes:
            self.lanes[place] = Lane(asyncio.Semaphore(self.concurrency))
        return self.lanes[place]

    def check(self, after: bool = False) -> None:
        """Raise when the next call would go beyond the budget (`after`: when the replayed ones already have)."""
        if not self.limited:
            return
        for name, limit, spent in zip(Spent._fields, self.limits, self.totals.spent):
            if limit is not None and (spent > limit if after else spent >= limit):
                raise BudgetReached(f"the budget of {limit:,} {name} is spent ({spent:,.6g} so far)")

    async def affordable(self, worst: Spent) -> None:
        """Wait until a call that may cost `worst` fits in the budget; raise when the budget is spent."""
        while self.limited:
            self.check()
            amounts = zip(self.totals.spent, worst, *self.reserved)
            if not self.reserved or all(
                limit is None or sum(amount) <= limit for limit, amount in zip(self.limits, amounts)
            ):
                return
            ended = asyncio.get_running_loop().create_future()
            self.hopeful.append(ended)
            await ended

    @contextmanager
    def reserving(self, worst: Spent) -> Iterator[None]:
        """While a call is made, others see what it may cost."""
        if not self.limited:
            yield
            return
        self.reserved.append(worst)
        try:
            yield
        finally:
            self.reserved.remove(worst)
            hopeful, self.hopeful = self.hopeful, []
            for waiting in hopeful:
                if not waiting.done():
                    waiting.set_result(None)
