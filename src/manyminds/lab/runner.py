"""Running papers: execute, and resume by replaying what is recorded."""

import asyncio
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from manyminds.core import BudgetReached, EndpointDown, ManymindsError, Paper, PaperConfig, PaperResults, Seeds, Verdict
from manyminds.core.errors import BAD_INPUT, BUDGET, DONE, INTERRUPTED
from manyminds.lab.alive import LOCK, working_on
from manyminds.lab.judging import judged_here, said
from manyminds.lab.laboratory import CHECKPOINTS, SILENT, Laboratory, Watch, plain
from manyminds.lab.measures import measures
from manyminds.lab.papers import find, source_of
from manyminds.lab.store import Run, Store
from manyminds.models.door import Budget, Door, Totals
from manyminds.models.load import load, names_model
from manyminds.models.purse import Purse
from manyminds.models.request import Model

EXIT = {"done": DONE, "failed": BAD_INPUT, "down": BAD_INPUT, "budget": BUDGET} | dict.fromkeys(
    ("interrupted", "running", "waiting"), INTERRUPTED
)


@dataclass(frozen=True)
class RunReport:
    """What is known of a run when it has stopped. `results` is None unless it is done."""

    paper: Paper
    run: Run
    results: PaperResults | None
    verdicts: tuple[Verdict, ...]
    files: tuple[Path, ...]
    exit_code: int

    @property
    def reason(self) -> str:
        return self.run.reason


def versions() -> dict[str, str]:
    names = ("manyminds", "jax", "numpy", "scipy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def usage_of(totals: Totals) -> dict[str, Any]:
    """What a run has spent, as it is stored and reported."""
    return {
        "calls": totals.calls,
        "replayed": totals.replayed,
        "tokens": totals.prompt_tokens + totals.completion_tokens,
        "money": totals.money,
        "unpriced_calls": totals.unpriced,
        "invalid_answers": sum(totals.invalid.values()),
        "invalid": dict(totals.invalid),
        "faults": dict(totals.faults),
    }


def references(config: PaperConfig) -> tuple[str, ...]:
    """The models that a run of this config will call: its `models`, or else every value that reads like one."""
    named = getattr(config, "models", None)
    if named is not None:
        return tuple(named)
    found: list[str] = []
    for value in config.model_dump().values():
        items = value if isinstance(value, (list, tuple)) else (value,)
        found += [item for item in items if isinstance(item, str) and names_model(item)]
    return tuple(dict.fromkeys(found))


async def close(models: dict[str, Model]) -> None:
    """Let go of the connections of models that hold any."""
    for model in models.values():
        release = getattr(model, "close", None)
        if release is not None:
            await release()


async def probed(*configs: PaperConfig) -> dict[str, Model]:
    """The models of some configs, loaded; raises where one cannot be reached."""
    models = {reference: load(reference) for config in configs for reference in references(config)}
    try:
        for model in models.values():
            probe = getattr(model, "probe", None)
            if probe is not None:
                await probe()
    except BaseException:
        await close(models)
        raise
    return models


async def execute(
    paper: Paper,
    config: PaperConfig,
    seed: int,
    store: Store,
    budget: Budget | None = None,
    concurrency: int = 16,
    source: str | None = None,
    watch: Watch = SILENT,
    purse: Purse | None = None,
) -> RunReport:
    """Run a paper once; nothing is written before its models have answered. A `purse` shares a budget with others."""
    models = await probed(config)
    try:
        run = store.begin_run(paper.slug, source_of(source or paper.slug), plain(config), seed, versions())
        purse = purse or Purse(budget or Budget(), concurrency)
        with interruptible():
            return await carry_on(paper, config, store, store.run(run), models, purse, watch)
    finally:
        await close(models)


async def resume(
    run_id: str, store: Store, budget: Budget | None = None, concurrency: int = 16, watch: Watch = SILENT
) -> RunReport:
    """Go on with a run: recorded calls are replayed, the first without a record is made. A done run is only read."""
    run = store.run(run_id)
    if run.status == "done":
        return reload(run, store)
    paper = find(run.source)
    config = paper.config.model_validate(run.config)
    models = await probed(config)
    try:
        with interruptible():
            return await carry_on(paper, config, store, run, models, Purse(budget or Budget(), concurrency), watch)
    finally:
        await close(models)


def reload(run: Run, store: Store) -> RunReport:
    """The report of a run as the store has it."""
    paper = find(run.source)
    results = None if run.results is None else paper.results.model_validate(run.results)
    files = tuple(store.artifacts(run.id))
    return RunReport(paper, run, results, tuple(store.verdicts(run.id)), files, EXIT.get(run.status, DONE))


async def carry_on(
    paper: Paper, config: PaperConfig, store: Store, run: Run, models: dict[str, Model], purse: Purse, watch: Watch
) -> RunReport:
    """Run from the start over whatever is recorded, and leave a status in the store however it ends."""
    folder = store.folder / "runs" / run.id
    folder.mkdir(parents=True, exist_ok=True)
    with working_on(run.id, folder):
        store.set_status(run.id, "running")
        recorder = store.recorder(run.id)
        door = Door(recorder, purse=purse)
        watch.follow(purse.totals)
        lab = Laboratory(store, run.id, Seeds(run.seed), folder, door, purse.concurrency, watch, loaded=dict(models))
        try:
            return await ended(paper, config, store, run, lab)
        finally:
            await door.settled()
            recorder.close()
            await close({name: model for name, model in lab.loaded.items() if name not in models})


async def ended(paper: Paper, config: PaperConfig, store: Store, run: Run, lab: Laboratory) -> RunReport:
    """The report of a run that is run to its end, or to what stops it."""

    def stopped(status: str, reason: str, code: int) -> RunReport:
        lab.flush()
        store.set_status(run.id, status, usage_of(lab.door.totals), reason=reason)
        return RunReport(paper, store.run(run.id), None, (), (), code)

    again = f"go on with: manyminds resume {run.id}"
    try:
        results = await paper.run(config, lab)
    except BudgetReached as error:
        await lab.door.settled()  # what is in flight is paid for and belongs to what was spent
        return stopped("budget", f"{error}; {again} --budget MORE", BUDGET)
    except EndpointDown as error:
        return stopped("down", f"{error}; {again}", error.exit_code)
    except (asyncio.CancelledError, KeyboardInterrupt):
        return stopped("interrupted", f"interrupted; {again}", INTERRUPTED)
    except BaseException as error:
        stopped("failed", said(error), BAD_INPUT)
        raise
    lab.flush()
    return finished(paper, config, store, run, lab, results)


def finished(
    paper: Paper, config: PaperConfig, store: Store, run: Run, lab: Laboratory, results: PaperResults
) -> RunReport:
    """Judge the claims that this config fits, draw the figures, keep the results; `done` is the last thing written."""
    verdicts, reason = judged_here(paper, config, results), ""
    store.add_verdicts(run.id, verdicts)
    try:
        store.add_metrics(run.id, measures(paper, results, verdicts))
        paper.figures(results, lab.folder)
    except Exception as error:  # the results are worth more than their pictures
        reason = f"its tables and figures could not be made ({said(error)})"
    files = tuple(sorted(path for path in lab.folder.rglob("*") if is_artifact(path, lab.folder)))
    store.add_artifacts(run.id, files)
    store.set_status(run.id, "done", usage_of(lab.door.totals), plain(results), reason)
    return RunReport(paper, store.run(run.id), results, verdicts, files, DONE)


def note(run: Run, store: Store, error: Exception) -> None:
    """Write down why a run failed, unless it did so itself."""
    if store.run(run.id).status != "failed":
        store.set_status(run.id, "failed", reason=str(error) if isinstance(error, ManymindsError) else said(error))


def is_artifact(path: Path, folder: Path) -> bool:
    """Whether a file of a run's folder is something that the run made for its reader."""
    return path.is_file() and path.name != LOCK and CHECKPOINTS not in path.relative_to(folder).parts


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop this task cleanly at the first, which takes until a computation under way has ended,
    and at once at the second."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None:
        yield
        return
    told = False

    def stop(*_: object) -> None:
        nonlocal told
        if told:
            raise KeyboardInterrupt
        told = True
        sys.stderr.write("manyminds: stopping as soon as what is being computed is kept; once more stops at once\n")
        loop.call_soon_threadsafe(task.cancel)

    before = {}
    with suppress(ValueError):  # not the main thread, which alone may handle signals
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
