"""How a run is shown: as one JSON object and as tables in a terminal."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from math import isfinite
from typing import Any

import msgspec
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from manyminds.core import Estimate, Table, Verdict
from manyminds.lab.runner import RunReport
from manyminds.models.purse import money_in_words

WIDTH = 100
COLUMNS = ("claim", "statement", "paper", "measured", "n", "verdict")


def as_object(report: RunReport, results: bool = True) -> dict[str, Any]:
    """A run as one JSON object; NaN and infinities are null."""
    run = report.run
    found: dict[str, Any] = {"paper": run.paper, "run": run.id, "status": run.status, "reason": run.reason}
    found |= {"config": run.config, "seeds": [run.seed], "versions": run.versions, "usage": run.usage or {}}
    found["claims"] = [asdict(verdict) for verdict in report.verdicts]
    found["files"] = [str(path) for path in report.files]
    if results:
        found["results"] = None if report.results is None else json.loads(to_json(report.results, inf_nan_mode="null"))
    return found


def written(value: Any) -> str:
    """One line of JSON."""
    return msgspec.json.encode(value, enc_hook=str).decode()


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) and not isinstance(value, Estimate) else str(value)


def measured(verdict: Verdict) -> str:
    if not isinstance(verdict.measured, (int, float)):
        return cell(verdict.measured)
    if verdict.low is None or verdict.high is None or not isfinite(verdict.high - verdict.low):
        return cell(verdict.measured)
    return f"{verdict.measured:.4g} [{verdict.low:.4g}, {verdict.high:.4g}]"


def claims_table(verdicts: Iterable[Verdict]) -> Table:
    """The claims beside what was measured."""
    rows = tuple((v.id, v.statement, v.paper, measured(v), v.n, v.verdict) for v in verdicts)
    return Table("Claims", COLUMNS, rows, "measured with its 95 % interval; n counts independent repeats")


def tables_of(report: RunReport) -> list[Table]:
    tables = [] if report.results is None else list(report.paper.tables(report.results))
    return [*tables, claims_table(report.verdicts)] if report.verdicts else tables


def print_table(table: Table, console: Console) -> None:
    """One table, at most 100 columns wide, its title above it and its note below."""
    width = min(WIDTH, console.width)
    grid = Grid()
    for name in table.columns:
        grid.add_column(Text(name), overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    console.print(Text(table.title, style="bold"), width=width)
    console.print(grid, width=width)
    if table.note:
        console.print(Text(table.note, style="italic"), width=width)


def print_report(report: RunReport, console: Console) -> None:
    """The tables, the claims and where the files lie."""
    for table in tables_of(report):
        print_table(table, console)
    usage = report.run.usage or {}
    money = money_in_words(usage.get("money", 0), usage.get("calls", 0), usage.get("unpriced_calls", 0))
    spent = f"{usage.get('calls', 0):,} calls, {usage.get('tokens', 0):,} tokens, {money}"
    line = f"run {report.run.id}: {report.run.status}; {spent}, {usage.get('invalid_answers', 0)} invalid answers"
    console.print(line, markup=False, highlight=False, soft_wrap=True)
    for path in report.files:
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)
