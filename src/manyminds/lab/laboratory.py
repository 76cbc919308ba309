"""What a paper is given while it runs: seeds, a folder, models behind the run's door, recorders, progress."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from manyminds.core import BudgetReached, Happening, Seeds, Step, trajectory
from manyminds.core.checkpoints import Checkpoint
from manyminds.lab.store import Store
from manyminds.models.door import Door, Totals
from manyminds.models.load import load
from manyminds.models.request import Model

BATCH = 500  # lines that wait for the store at most
CHECKPOINTS = "checkpoints"  # a folder in that of the run


def plain(value: Any) -> Any:
    """Plain JSON values that the models of a paper read back; NaN and infinities are kept as words."""
    # First to plain values and then to text: a model inside would decide for itself what becomes of its NaN.
    return json.loads(to_json(trajectory.plain(value), inf_nan_mode="strings"))


class Watch:
    """Whoever watches runs go by; this one looks away."""

    def begin(self, total: int, label: str) -> Callable[[], None]:
        """`total` units of work begin; what is returned is called after each of them."""
        return lambda: None

    def follow(self, spent: Totals) -> None:
        """Show what is spent from now on."""


SILENT = Watch()


@dataclass
class Recording:
    """The record of one play: lines wait in memory and go to the store in batches."""

    laboratory: "Laboratory"
    play: str
    count: int = 0

    def __call__(self, step: Step) -> None:
        lines = trajectory.happenings(self.play, step, self.count)
        self.count += len(lines)
        self.laboratory.keep(lines)


@dataclass
class Laboratory:
    """The laboratory of one run."""

    store: Store
    run: str
    seeds: Seeds
    folder: Path
    door: Door
    concurrency: int = 16
    watch: Watch = SILENT
    loaded: dict[str, Model] = field(default_factory=dict)
    waiting: list[Happening] = field(default_factory=list)
    plays: set[str] = field(default_factory=set)
    pieces: dict[str, Any] | None = None

    def model(self, reference: str) -> Model:
        """The model behind a reference string, through the door of this run."""
        if reference not in self.loaded:
            self.loaded[reference] = load(reference)
        return self.door.open(self.loaded[reference])

    def record(self, name: str) -> Recording:
        """A recorder for the play called `name`."""
        if name in self.plays:
            raise ValueError(f"two plays of one run are called {name!r}; give each a name of its own")
        self.plays.add(name)
        return Recording(self, name)

    def keep(self, lines: list[Happening]) -> None:
        self.waiting.extend(lines)
        if len(self.waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Bring the lines that wait into the store."""
        lines, self.waiting = self.waiting, []
        self.store.add_events(self.run, lines)

    async def once(self, name: str, work: Callable[[], Any]) -> Any:
        """What `work()` gives, as plain JSON values; computed once in the life of a run, however often it is killed.

        For work that calls no model (those calls are recorded by the door): a cell of an array experiment, a seed of a
        training. `name` is the piece's name within the run.
        """
        if self.pieces is None:
            self.pieces = self.store.pieces(self.run)
        if name not in self.pieces:
            found = work()
            found = await found if inspect.isawaitable(found) else found
            self.pieces[name] = plain(found)
            self.store.keep_piece(self.run, name, self.pieces[name])
        return self.pieces[name]

    def checkpoint(self, name: str) -> Checkpoint:
        """The place in this run's folder where arrays called `name` are kept while they are being computed."""
        return Checkpoint(self.folder / CHECKPOINTS / f"{quote(name, safe=' ')}.ckpt")

    def progress(self, total: int, label: str) -> Callable[[], None]:
        """Announce `total` units of work; call what is returned after each of them."""
        return self.watch.begin(total, label)

    async def gather(self, jobs: Sequence[Awaitable[Any]], label: str) -> list[Any]:
        """Await all jobs, in order, with progress; at most the run's concurrency at once."""
        done, slots, spent = self.progress(len(jobs), label), asyncio.Semaphore(self.concurrency), False

        async def one(job: Awaitable[Any]) -> Any:
            nonlocal spent
            async with slots:
                if spent:
                    raise BudgetReached("the budget was spent before this job began")
                try:
                    found = await job
                except BudgetReached:
                    spent = True
                    raise
                self.flush()
                done()
                return found

        tasks = [asyncio.ensure_future(one(job)) for job in jobs]
        try:
            return list(await asyncio.gather(*tasks))
        except BudgetReached:
            # What is in flight was paid for: let it be recorded before the run stops.
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for job in jobs:
                if inspect.iscoroutine(job):
                    job.close()
