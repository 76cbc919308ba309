"""Running papers: execute, resume by replaying what is recorded, verify claims."""

import asyncio
import json
import platform
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from manyminds.core import (
    BudgetReached,
    Claim,
    EndpointDown,
    ManymindsError,
    NotHere,
    Paper,
    PaperConfig,
    PaperResults,
    Seeds,
    Verdict,
)
from manyminds.core.errors import BAD_INPUT, BUDGET, DONE, INTERRUPTED
from manyminds.lab.laboratory import Laboratory, Progress, silent
from manyminds.lab.overrides import configured
from manyminds.lab.papers import find, source_of
from manyminds.lab.store import Run, Store
from manyminds.models.door import Budget, Door, Totals
from manyminds.models.load import load
from manyminds.models.request import Model

EXIT = {"done": DONE, "failed": BAD_INPUT, "budget": BUDGET, "interrupted": INTERRUPTED}
REFERENCE = re.compile(r"(openai/|https?://|hf:|scripted:).+|house")


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


def plain(value: Any) -> Any:
    """Plain JSON values that the paper's models read back; NaN and infinities are kept as words."""
    return json.loads(to_json(value, inf_nan_mode="strings"))


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
        found += [item for item in items if isinstance(item, str) and REFERENCE.fullmatch(item)]
    return tuple(dict.fromkeys(found))


async def close(models: dict[str, Model]) -> None:
    """Let go of the connections of models that hold any."""
    for model in models.values():
        release = getattr(model, "close", None)
        if release is not None:
            await release()


async def probed(config: PaperConfig) -> dict[str, Model]:
    """The models of a config, loaded; raises where one cannot be reached."""
    models = {reference: load(reference) for reference in references(config)}
    for model in models.values():
        probe = getattr(model, "probe", None)
        if probe is not None:
            await probe()
    return models


async def execute(
    paper: Paper,
    config: PaperConfig,
    seed: int,
    store: Store,
    budget: Budget | None = None,
    concurrency: int = 16,
    source: str | None = None,
    watch: Progress = silent,
) -> RunReport:
    """Run a paper once; nothing is written before its models have answered."""
    models = await probed(config)
    run = store.begin_run(paper.slug, source_of(source or paper.slug), plain(config), seed, versions())
    return await carry_on(paper, config, store, store.run(run), models, budget or Budget(), concurrency, watch)


async def resume(
    run_id: str, store: Store, budget: Budget | None = None, concurrency: int = 16, watch: Progress = silent
) -> RunReport:
    """Go on with a run: recorded calls are replayed, the first without a record is made. A done run is only read."""
    run = store.run(run_id)
    if run.status == "done":
        return reload(run, store)
    paper = find(run.source)
    config = paper.config.model_validate(run.config)
    models = await probed(config)
    store.set_status(run.id, "running")
    return await carry_on(paper, config, store, run, models, budget or Budget(), concurrency, watch)


def reload(run: Run, store: Store) -> RunReport:
    """The report of a run as the store has it."""
    paper = find(run.source)
    results = None if run.results is None else paper.results.model_validate(run.results)
    files = tuple(store.artifacts(run.id))
    return RunReport(paper, run, results, tuple(store.verdicts(run.id)), files, EXIT.get(run.status, DONE))


async def carry_on(
    paper: Paper,
    config: PaperConfig,
    store: Store,
    run: Run,
    models: dict[str, Model],
    budget: Budget,
    concurrency: int,
    watch: Progress,
) -> RunReport:
    """Run from the start over whatever is recorded, and leave a status in the store however it ends."""
    recorder = store.recorder(run.id)
    door = Door(recorder, budget, concurrency)
    folder = store.folder / "runs" / run.id
    folder.mkdir(parents=True, exist_ok=True)
    lab = Laboratory(store, run.id, Seeds(run.seed), folder, door, concurrency, watch, loaded=models)

    def stopped(status: str, reason: str, code: int) -> RunReport:
        lab.flush()
        store.set_status(run.id, status, usage_of(door.totals), reason=reason)
        return RunReport(paper, store.run(run.id), None, (), (), code)

    again = f"go on with: manyminds resume {run.id}"
    try:
        with interruptible():
            results = await paper.run(config, lab)
    except BudgetReached as error:
        return stopped("budget", f"{error}; {again} --budget MORE", BUDGET)
    except EndpointDown as error:
        return stopped("interrupted", f"{error}; {again}", error.exit_code)
    except (asyncio.CancelledError, KeyboardInterrupt):
        return stopped("interrupted", f"interrupted; {again}", INTERRUPTED)
    except BaseException as error:
        stopped("failed", f"{type(error).__name__}: {error}", BAD_INPUT)
        raise
    finally:
        recorder.close()
        await close(lab.loaded)
    lab.flush()
    return finished(paper, config, store, run, lab, results)


def finished(
    paper: Paper, config: PaperConfig, store: Store, run: Run, lab: Laboratory, results: PaperResults
) -> RunReport:
    """Keep the results, judge the claims that this config fits, draw the figures."""
    store.set_status(run.id, "done", usage_of(lab.door.totals), plain(results))
    verdicts = tuple(
        judged(claim, results) for claim in paper.claims if fits(paper, claim, config) and concerned(claim, results)
    )
    store.add_verdicts(run.id, verdicts)
    store.add_metrics(run.id, {v.id: float(v.measured) for v in verdicts if isinstance(v.measured, (int, float))})
    paper.figures(results, lab.folder)
    files = tuple(sorted(path for path in lab.folder.rglob("*") if path.is_file()))
    store.add_artifacts(run.id, files)
    return RunReport(paper, store.run(run.id), results, verdicts, files, DONE)


def fits(paper: Paper, claim: Claim, config: PaperConfig) -> bool:
    """Whether a claim speaks of runs like this one: every setting it is checked under has its value here."""
    asked = paper.config(**claim.config)
    return all(getattr(config, name) == getattr(asked, name) for name in claim.config)


def concerned(claim: Claim, results: PaperResults) -> bool:
    """Whether a run holds what an unconditional claim speaks of; other seats or conditions may have been chosen."""
    try:
        claim.check(results)
    except NotHere:
        return claim.needs != "nothing"
    except Exception:
        return True  # why: a check that breaks is shown as failed by `judged`
    return True


def judged(claim: Claim, results: PaperResults) -> Verdict:
    """The verdict on a claim; a check that breaks on these results fails and says how."""
    try:
        return claim.verdict(results)
    except Exception as error:
        return claim.judged(f"the check broke ({type(error).__name__}: {error})", None, None, 0, "fails")


async def verify(
    paper: Paper,
    store: Store,
    seed: int = 0,
    budget: Budget | None = None,
    concurrency: int = 16,
    source: str | None = None,
    watch: Progress = silent,
) -> tuple[list[Verdict], list[RunReport]]:
    """Run a paper once for each distinct config of its claims, and judge every claim on its own run."""
    groups: dict[str, list[Claim]] = {}
    for claim in paper.claims:
        groups.setdefault(json.dumps(claim.config, sort_keys=True, default=str), []).append(claim)
    found: dict[str, Verdict] = {}
    reports: list[RunReport] = []
    for claims in groups.values():
        config = configured(paper.config, claims[0].config)
        try:
            report = await execute(paper, config, seed, store, budget, concurrency, source, watch)
        except (NotHere, ManymindsError) as error:
            if any(claim.needs == "nothing" for claim in claims):
                raise
            found |= {claim.id: lacking(claim, str(error)) for claim in claims}
            continue
        reports.append(report)
        if report.results is None:
            break
        verdicts = {claim.id: judged(claim, report.results) for claim in claims}
        store.add_verdicts(report.run.id, verdicts.values())
        found |= verdicts
    return [found[claim.id] for claim in paper.claims if claim.id in found], reports


def lacking(claim: Claim, reason: str) -> Verdict:
    return replace(claim.judged(reason or None, None, None, 0, "fails"), verdict=f"needs-{claim.needs}")  # type: ignore[arg-type]


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM stop this task like Ctrl-C does: cleanly at the first, at once at the second."""
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
        loop.call_soon_threadsafe(task.cancel)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, which alone may handle signals
        yield
        return
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, before)
