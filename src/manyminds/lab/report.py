"""How a run is shown: as one JSON object, as tables in a terminal, as one HTML page that needs no other file."""

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import msgspec
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from manyminds.core import Estimate, Table, Verdict
from manyminds.lab.runner import RunReport
from manyminds.lab.store import Store

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
    if verdict.low is None or verdict.high is None:
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
    """One table, at most 100 columns wide."""
    caption = Text(table.note) if table.note else None
    grid = Grid(title=Text(table.title), caption=caption, title_justify="left", caption_justify="left")
    for name in table.columns:
        grid.add_column(Text(name), overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    console.print(grid, width=min(WIDTH, console.width))


def print_report(report: RunReport, console: Console) -> None:
    """The tables, the claims and where the files lie."""
    for table in tables_of(report):
        print_table(table, console)
    usage = report.run.usage or {}
    spent = f"{usage.get('calls', 0):,} calls, {usage.get('tokens', 0):,} tokens, ${usage.get('money', 0):.2f}"
    line = f"run {report.run.id}: {report.run.status}; {spent}, {usage.get('invalid_answers', 0)} invalid answers"
    console.print(line, markup=False, highlight=False, soft_wrap=True)
    for path in report.files:
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)


def html_table(table: Table) -> str:
    def row(values: Iterable[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell(value))}</{tag}>" for value in values) + "</tr>"

    rows = "".join(row(values, "td") for values in table.rows)
    return f"<h2>{escape(table.title)}</h2><table>{row(table.columns, 'th')}{rows}</table><p>{escape(table.note)}</p>"


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.3rem .7rem;text-align:left}"
    "img{max-width:100%}pre{overflow:auto;background:#f6f6f6;padding:1rem}"
)


def html(report: RunReport) -> str:
    """The whole run as one page: figures are inside it, nothing is loaded from anywhere."""
    run, paper = report.run, report.paper
    pictures = (path for path in report.files if path.suffix == ".png" and path.is_file())
    images = "".join(
        f'<figure><img alt="{escape(path.stem)}" src="data:image/png;base64,{b64encode(path.read_bytes()).decode()}">'
        f"<figcaption>{escape(path.stem)}</figcaption></figure>"
        for path in pictures
    )
    facts = {"run": run.id, "status": run.status, "seed": run.seed, "created": run.created}
    facts |= {"config": run.config, "usage": run.usage, "versions": run.versions}
    shown = escape(json.dumps(facts, indent=2, default=str))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(paper.title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(paper.title)}</h1><p>arXiv {escape(paper.arxiv)}; run {escape(run.id)}, "
        f"{escape(run.status)} {escape(run.reason)}</p>{''.join(map(html_table, tables_of(report)))}{images}"
        f"<h2>Run</h2><pre>{shown}</pre></html>"
    )


def write_html(report: RunReport, store: Store) -> Path:
    """Write the page beside the other files of the run."""
    path = store.folder / "runs" / report.run.id / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html(report), encoding="utf-8")
    return path
