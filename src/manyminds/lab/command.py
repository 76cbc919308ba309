"""The command line: list, show, run, resume, verify, look at runs, export, and examine this machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from manyminds.lab.laboratory import Progress
    from manyminds.lab.runner import RunReport

EXAMPLES = """Examples:

  manyminds list --by room\n
  manyminds run govsim months=6 --seed 1\n
  manyminds run govsim model=http://localhost:8000/v1#qwen --budget "200k tokens, $5"\n
  manyminds resume govsim-1a2b3c\n
  manyminds verify all --json
"""
app = typer.Typer(
    help="A laboratory for societies of agents.", epilog=EXAMPLES, no_args_is_help=True, add_completion=False
)

PaperName = Annotated[str, typer.Argument(metavar="PAPER", help="name of a paper, or path of a .py file with a PAPER")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="id of a run, as `manyminds runs` lists it")]
Place = Annotated[str, typer.Option("--store", help="file or postgresql:// address; default ./manyminds.db")]
Seed = Annotated[int, typer.Option(help="every draw of the run comes from it")]
Spend = Annotated[str, typer.Option("--budget", help="'200k tokens', '100 calls', '$5', or several with commas")]
Many = Annotated[int, typer.Option(min=1, help="plays and calls at once")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]


def console() -> "Console":
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=100)


def emit(value: Any) -> None:
    from manyminds.lab.report import written

    sys.stdout.write(written(value) + "\n")


@contextmanager
def watched() -> Iterator["Progress"]:
    """Progress bars on standard error while somebody watches; what a paper prints goes there too."""
    from manyminds.lab.laboratory import silent

    with redirect_stdout(sys.stderr):
        if not sys.stderr.isatty():
            yield silent
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

            def watch(total: int, label: str) -> Any:
                bar = bars.add_task(label, total=total)
                return lambda: bars.advance(bar)

            yield watch


def conclude(report: "RunReport", as_json: bool) -> None:
    """Print a run and leave with its exit code."""
    from manyminds.lab.report import as_object, print_report

    if as_json:
        emit(as_object(report))
    else:
        print_report(report, console())
    if report.exit_code:
        sys.stderr.write(f"manyminds: {report.reason}\n")
        raise typer.Exit(report.exit_code)


@app.command("list")
def list_papers(by: Annotated[str, typer.Option(help="how to group: room")] = "room", as_json: Json = False) -> None:
    """List all papers, and which of them are in this version."""
    from itertools import groupby

    from manyminds.core import unknown
    from manyminds.papers.index import INDEX

    if by != "room":
        raise unknown("grouping", by, ("room",))
    entries = sorted(INDEX, key=lambda entry: (entry.room, entry.slug))
    if as_json:
        fields = ("slug", "title", "arxiv", "room", "implemented")
        emit({"papers": [{name: getattr(entry, name) for name in fields} for entry in entries]})
        return
    for room, members in groupby(entries, key=lambda entry: entry.room):
        typer.echo(room)
        for entry in members:
            line = f"  {'*' if entry.implemented else ' '} {entry.slug:27} {entry.arxiv}  {entry.title}"
            typer.echo(line if len(line) <= 100 else line[:99] + "…")
    typer.echo("* is in this version")


@app.command()
def show(paper: PaperName, as_json: Json = False) -> None:
    """Show a paper: its settings, its claims, how to cite it."""
    from manyminds.core import Table
    from manyminds.lab.papers import find
    from manyminds.lab.report import print_table

    found = find(paper)
    settings = found.config.model_json_schema().get("properties", {})
    claims = [
        {"id": c.id, "statement": c.statement, "where": c.where, "paper": c.paper, "needs": c.needs}
        for c in found.claims
    ]
    if as_json:
        emit({"paper": found.slug, "title": found.title, "arxiv": found.arxiv, "settings": settings, "claims": claims})
        return
    typer.echo(found.cite() if found.authors else f"{found.title}. arXiv {found.arxiv}.")
    rows = tuple((k, v.get("default"), v.get("description", "")) for k, v in settings.items())
    print_table(Table("Settings", ("key", "default", "meaning"), rows), console())
    print_table(
        Table("Claims", ("id", "statement", "where", "paper", "needs"), tuple(tuple(c.values()) for c in claims)),
        console(),
    )


@app.command(epilog='Example: manyminds run govsim months=6 --seed 1 --budget "$5"')
def run(
    paper: PaperName,
    settings: Annotated[list[str] | None, typer.Argument(metavar="key=value...")] = None,
    seed: Seed = 0,
    store: Place = "",
    budget: Spend = "",
    concurrency: Many = 16,
    config: Annotated[Path | None, typer.Option(help="settings from a .json or .toml file")] = None,
    as_json: Json = False,
) -> None:
    """Run a paper once and print its tables, its claims and its figures."""
    import asyncio

    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.overrides import overridden
    from manyminds.lab.papers import find
    from manyminds.lab.runner import execute
    from manyminds.lab.store import Store

    found, spend = find(paper), parsed(budget)
    chosen = overridden(found.config, settings or (), config)
    with Store(store) as opened:
        with watched() as watch:
            report = asyncio.run(execute(found, chosen, seed, opened, spend, concurrency, paper, watch))
        conclude(report, as_json)


@app.command()
def resume(run: RunName, store: Place = "", budget: Spend = "", concurrency: Many = 16, as_json: Json = False) -> None:
    """Go on with a run: what is recorded is replayed, nothing is paid twice."""
    import asyncio

    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.runner import resume as go_on
    from manyminds.lab.store import Store

    with Store(store) as opened:
        with watched() as watch:
            report = asyncio.run(go_on(run, opened, parsed(budget), concurrency, watch))
        conclude(report, as_json)


@app.command()
def verify(
    paper: Annotated[str, typer.Argument(metavar="PAPER|all")],
    seed: Seed = 0,
    store: Place = "",
    budget: Spend = "",
    concurrency: Many = 16,
    as_json: Json = False,
) -> None:
    """Check the claims of a paper, or of all; leaves with 1 when one fails."""
    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.store import Store
    from manyminds.lab.verifying import verified
    from manyminds.papers.index import INDEX

    names = [entry.slug for entry in INDEX if entry.implemented] if paper == "all" else [paper]
    with Store(store) as opened, watched() as watch:
        found = [verified(name, opened, seed, parsed(budget), concurrency, watch) for name in names]
    if as_json:
        objects = [one.as_object() for one in found]
        emit({"papers": objects} if paper == "all" else objects[0])
    else:
        from manyminds.lab.report import claims_table, print_table

        for one in found:
            typer.echo(one.title)
            print_table(claims_table(one.verdicts), console())
    for one in found:
        if one.reason:
            sys.stderr.write(f"manyminds: {one.reason}\n")
    raise typer.Exit(max(one.exit_code for one in found) if found else 0)


@app.command()
def runs(
    store: Place = "", paper: Annotated[str, typer.Option(help="only of this paper")] = "", as_json: Json = False
) -> None:
    """List the runs in the store, newest first."""
    from manyminds.core import Table
    from manyminds.lab.report import print_table
    from manyminds.lab.store import Store

    with Store(store) as opened:
        found = opened.runs(paper or None)
    columns = ("id", "paper", "seed", "status", "created")
    rows = tuple(tuple(getattr(run, name) for name in columns) for run in found)
    if as_json:
        emit({"runs": [dict(zip(columns, row)) for row in rows]})
    else:
        print_table(Table("Runs", columns, rows), console())


@app.command()
def report(run: RunName, store: Place = "", as_json: Json = False) -> None:
    """Print a run that is in the store, and write it as one HTML page."""
    from manyminds.lab.report import as_object, print_report, write_html
    from manyminds.lab.runner import reload
    from manyminds.lab.store import Store

    with Store(store) as opened:
        found = reload(opened.run(run), opened)
        page = write_html(found, opened)
    if as_json:
        emit(as_object(found) | {"html": str(page)})
    else:
        print_report(found, console())
        typer.echo(page)


@app.command()
def export(
    run: RunName, to: Annotated[Path, typer.Option(help="a .jsonl or .parquet file")], store: Place = ""
) -> None:
    """Write the trajectories of a run to a file."""
    from manyminds.core import BadInput
    from manyminds.core.trajectory import write_jsonl, write_parquet
    from manyminds.lab.store import Store

    writers = {".jsonl": write_jsonl, ".parquet": write_parquet}
    if to.suffix not in writers:
        raise BadInput(f"{to} cannot be written: give a file that ends in .jsonl or .parquet")
    with Store(store) as opened:
        lines = opened.events(opened.run(run).id)
    try:
        writers[to.suffix](lines, to)
    except ImportError:
        raise BadInput("a .parquet file needs pandas and pyarrow: pip install 'manyminds[tables]'") from None
    except OSError as error:
        raise BadInput(f"{to} cannot be written: {error.strerror}") from None
    typer.echo(f"{len(lines)} lines in {to}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has, and how to add what it lacks."""
    from dataclasses import asdict

    from manyminds.lab.doctor import examine

    found = examine()
    if as_json:
        emit({"found": [asdict(one) for one in found]})
        return
    for one in found:
        typer.echo(f"{'ok' if one.present else '--'}  {one.name:15} {one.detail}")
        if one.remedy:
            typer.echo(f"    {one.remedy}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every foreseen error is one line on standard error and an exit code."""
    try:
        code = app(args=arguments, prog_name="manyminds", standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        sys.stderr.write(f"manyminds: {said[0]}\n")
        sys.exit(said[1])
    sys.exit(code if isinstance(code, int) else 0)


def sentence(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code of an error that a user can act on; None for a fault of ours."""
    from manyminds.core.errors import ManymindsError

    if isinstance(error, ManymindsError):
        return " ".join(str(error).split()), error.exit_code
    if type(error).__name__ == "Abort":
        return "interrupted", 130
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # what the option parser found wrong
        return error.format_message() or "give a command; see manyminds --help", error.exit_code
    return None
