"""Sweeps: one run for each combination of settings and seed, executed together, compared in one table."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from manyminds.core import BadInput, Paper, PaperConfig, Table
from manyminds.core.errors import BAD_INPUT, DONE
from manyminds.core.statistics import mean
from manyminds.lab.laboratory import SILENT, Watch, plain
from manyminds.lab.overrides import key_and_text, overridden
from manyminds.lab.papers import find, source_of
from manyminds.lab.runner import EXIT, carry_on, close, interruptible, note, probed, references, versions
from manyminds.lab.store import Run, Store, new_name
from manyminds.models.door import Budget
from manyminds.models.purse import Purse

On = Literal["tasks", "processes", "ray"]
ALTERNATIVE = re.compile(r"(?<!\\)\|")  # a bar that no backslash stands before
RANGE = re.compile(r"(-?\d+)-(-?\d+)")
AT_ONCE = 32  # runs in one process at most: each holds connections to the store
SHOWN = 5  # metrics in the table, where the user names none


def combinations(config: type[PaperConfig], words: Sequence[str], file: Path | None = None) -> list[PaperConfig]:
    """The settings of every combination of alternatives: `months=6|12` names two, `\\|` is a bar in a value."""
    given = []
    for word in words:
        key, text = key_and_text(word)
        given.append([f"{key}={part}".replace("\\|", "|") for part in ALTERNATIVE.split(text)])
    found = [overridden(config, chosen, file) for chosen in product(*given)]
    return [one for k, one in enumerate(found) if one not in found[:k]]


def seeds_of(text: str) -> list[int]:
    """`0,1,2` or `0-9`, or both with commas between."""
    found: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        ends = RANGE.fullmatch(part)
        try:
            found += range(int(ends[1]), int(ends[2]) + 1) if ends else [int(part)]
        except ValueError:
            raise BadInput(f"the seeds {text!r} are not clear; write 0,1,2 or 0-9") from None
    if not found:
        raise BadInput(f"there is no seed in {text!r}; write 0,1,2 or 0-9")
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Sweep:
    """A sweep as the store has it: its runs in the order in which they were asked for."""

    id: str
    runs: tuple[Run, ...]
    metrics: dict[str, dict[str, float | None]]  # by run

    @property
    def paper(self) -> str:
        return self.runs[0].paper

    @property
    def exit_code(self) -> int:
        return max((EXIT.get(run.status, BAD_INPUT) for run in self.runs), default=DONE)

    @property
    def reason(self) -> str:
        """What kept runs from their end, and how to go on."""
        undone = [run for run in self.runs if run.status != "done"]
        if not undone:
            return ""
        why = "; ".join(dict.fromkeys(run.reason.partition("; go on")[0] or run.status for run in undone))
        return f"{len(undone)} of {len(self.runs)} runs are not done ({why}); go on with: manyminds resume {self.id}"

    def varying(self) -> list[str]:
        """The settings that are not the same in all runs."""
        first = self.runs[0].config
        return [key for key in first if any(run.config.get(key) != first[key] for run in self.runs)]

    def groups(self) -> list[tuple[tuple[str, ...], list[Run]]]:
        """The runs of each combination, by the values of what varies."""
        keys = self.varying()
        found: dict[tuple[str, ...], list[Run]] = {}
        for run in self.runs:
            found.setdefault(tuple(short(run.config.get(key)) for key in keys), []).append(run)
        return list(found.items())

    def summary(self, names: Sequence[str] = ()) -> Table:
        """Each combination beside its metrics, as means over seeds with their 95 % t-intervals."""
        known = list(dict.fromkeys(name for run in self.runs for name in self.metrics.get(run.id, {})))
        strange = [name for name in names if name not in known]
        if strange:
            raise BadInput(f"no run of this sweep has the metric {strange[0]!r}; known: {', '.join(known) or 'none'}")
        chosen = list(names) or known[:SHOWN]
        rows = []
        for values, runs in self.groups():
            done = [self.metrics[run.id] for run in runs if run.status == "done"]
            means = (mean([figures.get(name) for figures in done]) if done else None for name in chosen)
            rows.append((*values, f"{len(done)} of {len(runs)}", *means))
        more = len(known) - len(chosen)
        note = "means over seeds with 95 % t-intervals"
        note += f"; {more} more metrics: --metric NAME or --json" if more and not names else ""
        return Table(f"Sweep {self.id}", (*self.varying(), "done", *chosen), tuple(rows), note)

    def as_object(self) -> dict[str, Any]:
        """The sweep as one JSON object: every run with its settings, status and metrics, and the summary."""
        runs = [
            {"run": run.id, "seed": run.seed, "status": run.status, "reason": run.reason, "usage": run.usage or {}}
            | {"config": run.config, "metrics": self.metrics.get(run.id, {})}
            for run in self.runs
        ]
        found: dict[str, Any] = {
            "sweep": self.id,
            "paper": self.paper,
            "varying": self.varying(),
            "reason": self.reason,
        }
        found |= {"seeds": list(dict.fromkeys(run.seed for run in self.runs)), "versions": self.runs[0].versions}
        return found | {"runs": runs, "summary": self.compared()}

    def compared(self) -> list[dict[str, Any]]:
        """Every combination with all its metrics."""
        rows = []
        for _, runs in self.groups():
            done = [self.metrics[run.id] for run in runs if run.status == "done"]
            names = dict.fromkeys(name for figures in done for name in figures)
            means = {name: mean([figures.get(name) for figures in done]) for name in names}
            settings = {key: runs[0].config.get(key) for key in self.varying()}
            rows.append({"settings": settings, "runs": len(runs), "done": len(done), "metrics": means})
        return rows


def short(value: Any) -> str:
    """A setting as it was written."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def opened(name: str, store: Store) -> Sweep:
    """The sweep called `name`."""
    runs = tuple(store.sweep(name))
    return Sweep(name, runs, {run.id: store.metrics(run.id) for run in runs})


def refuse(on: On, budget: Budget | None) -> None:
    """Raise where runs cannot be executed under these terms."""
    if on == "ray":
        from manyminds.lab.elsewhere import ray_module

        ray_module()
    if on != "tasks" and budget is not None and budget != Budget():
        raise BadInput(f"a budget cannot be shared by runs on {on}; leave out --budget or --on {on}")


async def begin(
    paper: Paper,
    configs: Sequence[PaperConfig],
    seeds: Sequence[int],
    store: Store,
    source: str | None = None,
    on: On = "tasks",
    budget: Budget | None = None,
) -> str:
    """Write down a sweep, all its runs waiting; nothing is written before every model among them has answered."""
    refuse(on, budget)
    await close(await probed(*configs))
    cells = [(plain(config), seed) for config in configs for seed in seeds]
    name = new_name(paper.slug)
    store.begin_runs(paper.slug, source_of(source or paper.slug), cells, versions(), name)
    return name


async def go_on(
    name: str, store: Store, budget: Budget | None = None, concurrency: int = 16, on: On = "tasks",
    watch: Watch = SILENT,
) -> Sweep:  # fmt: skip
    """Execute what is not done of a sweep; one run that breaks leaves the others alone."""
    undone = [run for run in store.sweep(name) if run.status != "done"]
    if on == "tasks":
        await in_tasks(undone, store, Purse(budget or Budget(), concurrency), watch)
    elif undone:
        from manyminds.lab import elsewhere

        refuse(on, budget)
        places = {"processes": elsewhere.in_processes, "ray": elsewhere.on_ray}
        await places[on]([run.id for run in undone], store.address, concurrency, watch)
    return opened(name, store)


async def in_tasks(runs: Sequence[Run], store: Store, purse: Purse, watch: Watch) -> None:
    """Execute runs together in this process, behind doors that share one purse."""
    if not runs:
        return
    paper = find(runs[0].source)
    configs = [paper.config.model_validate(run.config) for run in runs]
    models = await probed(*configs)
    slots, done = asyncio.Semaphore(min(purse.concurrency, AT_ONCE)), watch.begin(len(runs), "runs")

    async def one(run: Run, config: PaperConfig) -> None:
        async with slots:
            watch.follow(purse.totals)
            mine = {reference: models[reference] for reference in references(config)}
            try:
                await carry_on(paper, config, store, run, mine, purse, SILENT)
            except Exception as error:  # it stands in the store as failed; its siblings go on
                note(run, store, error)
            done()

    try:
        with interruptible():
            await asyncio.gather(*(one(run, config) for run, config in zip(runs, configs)))
    except asyncio.CancelledError:
        pass  # every run that had begun has written down that it was interrupted
    finally:
        await close(models)
