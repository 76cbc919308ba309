"""The door: every call of a model passes here, is recorded by content, counted, budgeted, retried and limited."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from random import uniform
from time import perf_counter
from typing import Any, Protocol

import msgspec

from manyminds.core.errors import BudgetReached, EndpointDown
from manyminds.models.faults import Fault
from manyminds.models.request import Completion, Model, Request, as_json


class Recorder(Protocol):
    """Where completed calls are kept. `put` returns only when the call would survive the death of the process."""

    def get(self, key: str) -> Completion | None: ...

    def put(self, key: str, request: dict[str, Any], completion: Completion) -> None: ...


class MemoryRecorder:
    """A recorder that lives as long as the process."""

    def __init__(self) -> None:
        self.calls: dict[str, Completion] = {}

    def get(self, key: str) -> Completion | None:
        return self.calls.get(key)

    def put(self, key: str, request: dict[str, Any], completion: Completion) -> None:
        self.calls[key] = completion


@dataclass(frozen=True)
class Budget:
    """What a run may spend; None is no limit. Money is in US dollars."""

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None


@dataclass
class Totals:
    """What a run has spent, and what went wrong on the way.

    Replayed calls are part of the sums (they were paid when they were recorded), so a resumed run and an undisturbed
    one have equal totals; `replayed` says how many cost nothing this time.
    """

    calls: int = 0
    replayed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    invalid: Counter[str] = field(default_factory=Counter)  # answers that were asked for again, by reason
    faults: Counter[str] = field(default_factory=Counter)  # by kind

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def add(self, completion: Completion) -> None:
        self.calls += 1
        self.prompt_tokens += completion.usage.prompt_tokens
        self.completion_tokens += completion.usage.completion_tokens
        self.money += completion.usage.money


@dataclass(frozen=True)
class Patience:
    """How often a call is tried and how long the door waits in between (seconds, full jitter)."""

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30.0

    def wait(self, failures: int, asked: float | None) -> float:
        backoff = min(self.first_wait * 2 ** (failures - 1), self.longest_wait)
        return max(uniform(0, backoff), min(asked or 0.0, self.longest_wait))


def key_of(request: Request, model: str) -> tuple[str, dict[str, Any]]:
    """The key of a call and the request as it is recorded: same content, model and stream, same key."""
    written = as_json(request, model)
    return sha256(msgspec.json.encode(written, order="deterministic")).hexdigest(), written


class Door:
    """One run's way to all models. `open` a model once; every call of what it returns passes the door."""

    def __init__(
        self,
        recorder: Recorder | None = None,
        budget: Budget = Budget(),
        concurrency: int = 16,
        patience: Patience = Patience(),
    ) -> None:
        self.recorder: Recorder = MemoryRecorder() if recorder is None else recorder
        self.budget = budget
        self.concurrency = concurrency
        self.patience = patience
        self.totals = Totals()
        self.limits: dict[str, asyncio.Semaphore] = {}
        self.in_flight: dict[str, asyncio.Task[Completion]] = {}

    def open(self, model: Model) -> "Opened":
        return Opened(model.name, model, self)

    async def complete(self, model: Model, request: Request) -> Completion:
        """The completion of a request: from the record, from an equal call in flight, or from the model."""
        key, written = key_of(request, model.name)
        known = self.recorder.get(key)
        if known is not None:
            self.totals.replayed += 1
            self.totals.add(known)
            self.check_budget(after=True)
            return known
        if key not in self.in_flight:
            self.in_flight[key] = asyncio.create_task(self.call(model, request, key, written))
            self.in_flight[key].add_done_callback(lambda _: self.in_flight.pop(key, None))
        task = self.in_flight[key]
        return await shared(task)

    async def call(self, model: Model, request: Request, key: str, written: dict[str, Any]) -> Completion:
        place = getattr(model, "place", model.name)
        limit = self.limits.setdefault(place, asyncio.Semaphore(self.concurrency))
        async with limit:
            self.check_budget()
            start = perf_counter()
            completion = await self.patiently(model, request)
            completion = msgspec.structs.replace(completion, latency=perf_counter() - start)
            self.recorder.put(key, written, completion)
        self.totals.add(completion)
        return completion

    async def patiently(self, model: Model, request: Request) -> Completion:
        """Try until it works, waiting longer each time; after the last try the endpoint counts as down."""
        for failures in range(1, self.patience.tries + 1):
            try:
                return await model.complete(request)
            except Fault as fault:
                self.totals.faults[fault.kind] += 1
                if failures == self.patience.tries:
                    raise EndpointDown(
                        f"{model.name} failed {failures} times in a row, last with {fault}; "
                        "what was completed is recorded, so the run can be resumed"
                    ) from fault
                await asyncio.sleep(self.patience.wait(failures, fault.retry_after))
        raise AssertionError("unreachable: the last failure raises")

    def check_budget(self, after: bool = False) -> None:
        """Raise when the next call would go beyond the budget (`after`: when the replayed ones already have)."""
        spent: dict[str, Callable[[], float]] = {
            "calls": lambda: self.totals.calls,
            "tokens": lambda: self.totals.tokens,
            "money": lambda: self.totals.money,
        }
        for name, amount in spent.items():
            limit = getattr(self.budget, name)
            if limit is not None and (amount() > limit if after else amount() >= limit):
                raise BudgetReached(f"the budget of {limit:,} {name} is spent ({amount():,.6g} so far)")


async def shared(task: "asyncio.Task[Completion]") -> Completion:
    """Wait for a call that others may wait for too; it is cancelled only when nobody waits any more."""
    waiting = getattr(task, "waiting", 0) + 1
    task.waiting = waiting  # type: ignore[attr-defined]
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.waiting == 1:  # type: ignore[attr-defined]
            task.cancel()
        raise
    finally:
        task.waiting -= 1  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Opened:
    """A model behind a door."""

    name: str
    model: Model
    door: Door

    async def complete(self, request: Request) -> Completion:
        return await self.door.complete(self.model, request)
