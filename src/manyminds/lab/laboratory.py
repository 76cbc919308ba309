"""What a paper is given while it runs: seeds, a folder, models behind the run's door, recorders, progress."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manyminds.core import BudgetReached, Happening, Seeds, Step
from manyminds.core.trajectory import happenings
from manyminds.lab.store import Store
from manyminds.models.door import Door
from manyminds.models.load import load
from manyminds.models.request import Model

BATCH = 500  # lines that wait for the store at most

Progress = Callable[[int, str], Callable[[], None]]


def silent(total: int, label: str) -> Callable[[], None]:
    """Progress that nobody watches."""
    return lambda: None


@dataclass
class Recording:
    """The record of one play: lines wait in memory and go to the store in batches."""

    laboratory: "Laboratory"
    play: str
    count: int = 0

    def __call__(self, step: Step) -> None:
        lines = happenings(self.play, step, self.count)
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
    watch: Progress = silent
    loaded: dict[str, Model] = field(default_factory=dict)
    waiting: list[Happening] = field(default_factory=list)
    plays: set[str] = field(default_factory=set)

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

    def progress(self, total: int, label: str) -> Callable[[], None]:
        """Announce `total` units of work; call what is returned after each of them."""
        return self.watch(total, label)

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
