"""A run as tables in the terminal."""

import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from manyminds.core import Estimate, Verdict


def cell(value: Any) -> str:
    if isinstance(value, Estimate):
        return str(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show(report: Any, console: Console | None = None) -> None:
    """The paper's tables, then its claims beside the paper's figures, then where the files are."""
    console = console or Console()
    for table in report.paper.tables(report.results):
        grid = Grid(*table.columns, title=table.title, caption=table.note or None)
        for row in table.rows:
            grid.add_row(*map(cell, row))
        console.print(grid)
    console.print(claims(report.verdicts))
    spent = report.run.usage
    console.print(f"run {report.run.id}, seed {report.run.seed}: {spent['calls']} calls, {spent['tokens']} tokens")
    for path in report.files:
        console.print(f"file {os.path.relpath(path)}", soft_wrap=True)


def show_claims(verdicts: tuple[Verdict, ...]) -> None:
    Console().print(claims(verdicts))


def as_json(report: Any, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """The one object that `--json` prints."""
    run = report.run
    return {"paper": run.paper, "run": run.id, "config": run.config, "seeds": [run.seed], "versions": run.versions,
            "usage": run.usage, "claims": [asdict(verdict) for verdict in verdicts]}  # fmt: skip


def claims(verdicts: tuple[Verdict, ...]) -> Grid:
    grid = Grid("claim", "the paper", "measured", "95 % interval", "n", "verdict", title="claims")
    for v in verdicts:
        interval = "" if v.low is None or v.high is None else f"{v.low:.3g} to {v.high:.3g}"
        measured = "" if v.measured is None else cell(v.measured)
        grid.add_row(v.statement, v.paper, measured, interval, str(v.n or ""), v.verdict)
    return grid
