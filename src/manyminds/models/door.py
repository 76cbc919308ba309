"""The door: every call of a model passes here, is recorded by content, counted, budgeted, retried and limited."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from random import uniform
from time import perf_counter
from typing import Any, Protocol

import msgspec

from manyminds.core.errors import BadInput, EndpointDown
from manyminds.models.faults import Fault
from manyminds.models.purse import Budget, Flight, Lane, Purse, Spent, Totals, at_most
from manyminds.models.request import Completion, Model, Request, as_json

__all__ = ["Budget", "Door", "MemoryRecorder", "Opened", "Patience", "Recorder", "Totals", "key_of"]


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
class Patience:
    """How often a call is tried and how long the door waits in between (seconds, full jitter).

    A server that asks for a pause gets it, from all its calls, up to `longest_pause`; one that asks for more is down.
    """

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_pause: float = 180.0

    def wait(self, failures: int) -> float:
        return uniform(0, min(self.first_wait * 2 ** (failures - 1), self.longest_wait))


def key_of(request: Request, model: str) -> tuple[str, dict[str, Any]]:
    """The key of a call and the request as it is recorded: same content, model and stream, same key."""
    written = as_json(request, model)
    return sha256(msgspec.json.encode(written, order="deterministic")).hexdigest(), written


def priced(known: Completion, model: Model) -> Completion:
    """A recorded completion, with its price where that has become known since."""
    if known.usage.priced:
        return known
    return msgspec.structs.replace(known, usage=known.usage.at(getattr(model, "prices", None)))


class Door:
    """One run's way to all models. `open` a model once; every call of what it returns passes the door.

    A call that fails keeps its place in the lane while it waits for its next try, so a server in trouble gets fewer
    calls. Doors of one `purse` share their budget, their lanes and equal calls; `totals` is this door's alone. A model
    behind a door must not call through one itself: it would wait for the place that it holds.
    """

    def __init__(
        self,
        recorder: Recorder | None = None,
        budget: Budget | None = None,
        concurrency: int = 16,
        patience: Patience | None = None,
        purse: Purse | None = None,
    ) -> None:
        self.recorder: Recorder = MemoryRecorder() if recorder is None else recorder
        self.purse = purse or Purse(budget or Budget(), concurrency)
        self.patience = patience or Patience()
        self.totals = Totals()

    def open(self, model: Model) -> "Opened":
        if self.purse.budget.money is not None and getattr(model, "prices", ()) is None:
            said = f"no price is known for {model.name}, so a budget in money cannot be kept"
            raise BadInput(f"{said}; set MANYMINDS_PRICES='NAME=IN/OUT' (dollars per million tokens)")
        return Opened(model.name, model, self)

    async def complete(self, model: Model, request: Request) -> Completion:
        """The completion of a request: from the record, from an equal call in flight, or from the model."""
        key, written = key_of(request, model.name)
        known = self.recorder.get(key)
        if known is not None:
            known = priced(known, model)
            self.count(key, known, replayed=True)
            self.purse.check(after=True)
            return known
        flight = self.purse.in_flight.get(key)
        if flight is None:
            flight = self.depart(key, model, request, written)
        completion = await self.arrival(key, flight)
        self.count(key, completion, replayed=True)  # only if another run paid for it; our own is counted already
        return completion

    def depart(self, key: str, model: Model, request: Request, written: dict[str, Any]) -> Flight:
        flight = Flight(asyncio.create_task(self.call(model, request, key, written)), self)
        self.purse.in_flight[key] = flight
        flight.task.add_done_callback(lambda _: self.forget(key, flight))
        return flight

    def forget(self, key: str, flight: Flight) -> None:
        if self.purse.in_flight.get(key) is flight:
            del self.purse.in_flight[key]

    async def arrival(self, key: str, flight: Flight) -> Completion:
        """Wait for a call that others may wait for too; when nobody does any more it is cancelled, and has ended."""
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if flight.waiting == 1 and not flight.task.done():
                self.forget(key, flight)  # who asks for the same from now on is not to share its end
                flight.task.cancel()
                await asyncio.wait({flight.task})
            raise
        finally:
            flight.waiting -= 1

    async def call(self, model: Model, request: Request, key: str, written: dict[str, Any]) -> Completion:
        lane = self.purse.lane(getattr(model, "place", model.name))
        async with lane.slots:
            worst = at_most(model, request) if self.purse.limited else Spent()
            await self.purse.affordable(worst)
            with self.purse.reserving(worst):
                start = perf_counter()
                completion = await self.patiently(model, request, lane)
                completion = msgspec.structs.replace(completion, latency=perf_counter() - start)
                # What was paid for is counted and recorded: nothing can be cancelled between the answer and the record.
                self.count(key, completion)
                self.recorder.put(key, written, completion)
        return completion

    def count(self, key: str, completion: Completion, replayed: bool = False) -> None:
        short = bytes.fromhex(key)
        self.totals.add(short, completion, replayed)
        self.purse.totals.add(short, completion, replayed)

    async def patiently(self, model: Model, request: Request, lane: Lane) -> Completion:
        """Try until it works, waiting longer each time; after the last try the endpoint counts as down."""
        for failures in range(1, self.patience.tries + 1):
            await lane.quiet()
            try:
                return await model.complete(request)
            except Fault as fault:
                self.totals.faults[fault.kind] += 1
                self.purse.totals.faults[fault.kind] += 1
                asked, later = fault.retry_after or 0.0, "what was completed is recorded, so the run can be resumed"
                if asked > self.patience.longest_pause:
                    raise EndpointDown(f"{model.name} asks for a pause of {asked:,.0f} s ({fault}); {later}") from fault
                if failures == self.patience.tries:
                    said = f"{model.name} failed {failures} times in a row, last with {fault}"
                    raise EndpointDown(f"{said}; {later}") from fault
                lane.pause(asked)
                await asyncio.sleep(self.patience.wait(failures))
        raise AssertionError("unreachable: the last failure raises")

    async def settled(self) -> None:
        """Wait for the calls that this door makes, whoever asked for them: they are paid for and belong on the record.

        When this wait is cancelled, so are they.
        """
        while own := [flight.task for flight in self.purse.in_flight.values() if flight.door is self]:
            try:
                await asyncio.wait(own)
            except asyncio.CancelledError:
                for task in own:
                    task.cancel()
                await asyncio.wait(own)
                raise
            await asyncio.sleep(0)  # let them be forgotten


@dataclass(frozen=True)
class Opened:
    """A model behind a door."""

    name: str
    model: Model
    door: Door

    @property
    def invalid(self) -> Counter[str]:
        """Where answers that cannot be used are counted, by reason: they are part of what the run reports."""
        return self.door.totals.invalid

    async def complete(self, request: Request) -> Completion:
        return await self.door.complete(self.model, request)
