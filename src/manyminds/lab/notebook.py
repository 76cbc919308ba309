"""Runs in a notebook: what the store holds of a run or a sweep, as pandas frames.

from manyminds.lab.notebook import load_run
run = load_run("govsim-1a2b3c")
run.frame()        # the results, one row a repeat where the paper keeps rows
run.events()       # everything that was seen, answered and happened
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from manyminds.core import BadInput, Estimate, Happening, PaperResults, Table, Verdict
from manyminds.core.trajectory import frame as frame_of
from manyminds.lab.report import tables_of
from manyminds.lab.runner import reload
from manyminds.lab.store import Run, Store
from manyminds.lab.sweeps import Sweep
from manyminds.lab.sweeps import opened as opened_sweep

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class LoadedRun:
    """One run of a store, read whole: the store is closed again."""

    run: Run
    results: PaperResults | None
    verdicts: tuple[Verdict, ...]
    figures: tuple[Path, ...]
    numbers: dict[str, float | None]
    shown: tuple[Table, ...]
    lines: tuple[Happening, ...]

    def frame(self, field: str = "") -> "pandas.DataFrame":
        """The results as a frame: the list called `field`, or the first list of records, or one row of all fields."""
        import pandas

        if self.results is None:
            raise BadInput(f"run {self.run.id} has no results: it is {self.run.status}")
        values = {name: value for name, value in self.results}
        lists = [name for name, value in values.items() if is_records(value)]
        if field and field not in values:
            raise BadInput(f"the results have no field {field!r}; lists of records: {', '.join(lists) or 'none'}")
        name = field or next(iter(lists), "")
        if name:
            return pandas.DataFrame([record(row) for row in values[name]])
        return pandas.DataFrame([self.results.model_dump()])

    def claims(self) -> "pandas.DataFrame":
        """One row a claim."""
        import pandas

        return pandas.DataFrame([asdict(verdict) for verdict in self.verdicts])

    def tables(self) -> dict[str, "pandas.DataFrame"]:
        """The paper's tables by title; an estimate is three columns: the value, `low` and `high`."""
        return {table.title: table_frame(table) for table in self.shown}

    def metrics(self) -> "pandas.Series":
        """The figures of the run by name."""
        import pandas

        return pandas.Series(self.numbers, dtype=float, name=self.run.id)

    def events(self) -> Any:
        """The trajectories of the run, one row a line."""
        return frame_of(self.lines)


@dataclass(frozen=True)
class LoadedSweep:
    """One sweep of a store."""

    sweep: Sweep

    def frame(self) -> "pandas.DataFrame":
        """One row a run: its id, seed, status, every setting that varies, and its metrics."""
        import pandas

        keys = self.sweep.varying()
        return pandas.DataFrame(
            [
                {"run": run.id, "seed": run.seed, "status": run.status}
                | {key: run.config.get(key) for key in keys}
                | self.sweep.metrics.get(run.id, {})
                for run in self.sweep.runs
            ]
        )


def load_run(name: str, store: str | Path | None = None) -> LoadedRun:
    """The run called `name`; `store` as on the command line."""
    with Store(store) as opened:
        report = reload(opened.run(name), opened)
        numbers, lines = opened.metrics(name), tuple(opened.events(name))
    tables = tuple(tables_of(report))
    return LoadedRun(report.run, report.results, report.verdicts, report.files, numbers, tables, lines)


def load_sweep(name: str, store: str | Path | None = None) -> LoadedSweep:
    """The sweep called `name`."""
    with Store(store) as opened:
        return LoadedSweep(opened_sweep(name, opened))


def is_records(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(row, (dict, BaseModel)) for row in value)


def record(row: Any) -> dict[str, Any]:
    return row.model_dump() if isinstance(row, BaseModel) else dict(row)


def table_frame(table: Table) -> "pandas.DataFrame":
    import pandas

    rows = []
    for row in table.rows:
        cells: dict[str, Any] = {}
        for name, value in zip(table.columns, row):
            if isinstance(value, Estimate):
                cells |= {name: value.value, f"{name} low": value.low, f"{name} high": value.high}
            else:
                cells[name] = value
        rows.append(cells)
    return pandas.DataFrame(rows)
