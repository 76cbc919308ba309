"""The command line: list, show, run, resume, verify, look at runs, export, and examine this machine."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from manyminds.lab import compare_command, raising
from manyminds.lab.terminal import complain, conclude, conclude_sweep, console, emit, watched

EXAMPLES = """Examples:

  manyminds list --by room\n
  manyminds run govsim months=6 --seed 1\n
  manyminds run govsim 'months=6|12' --seeds 0-4 --on processes\n
  manyminds run govsim model=http://localhost:8000/v1#qwen --budget "200k tokens, $5"\n
  manyminds resume govsim-1a2b3c\n
  manyminds verify all --json
"""
SWEEP = (
    r"A value with bars is a sweep: `manyminds run govsim 'months=6|12' 'members=3|5' --seeds 0,1,2` makes 12 runs, "
    r"one for each combination and seed, and prints what varies against the metrics. Write a bar in a value as `\|`."
)
app = typer.Typer(
    help="A laboratory for societies of agents.", epilog=EXAMPLES, no_args_is_help=True, add_completion=False
)

PaperName = Annotated[str, typer.Argument(metavar="PAPER", help="name of a paper, or path of a .py file with a PAPER")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="id of a run, as `manyminds runs` lists it")]
Settings = Annotated[list[str] | None, typer.Argument(metavar="key=value...", help="a|b tries both")]
Place = Annotated[str, typer.Option("--store", help="file or postgresql:// address; default ./manyminds.db")]
Seed = Annotated[int, typer.Option(help="every draw of the run comes from it")]
Spend = Annotated[str, typer.Option("--budget", help="'200k tokens', '100 calls', '$5', or several with commas")]
Many = Annotated[int, typer.Option(min=1, help="plays and calls at once")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
On = Annotated[
    Literal["tasks", "processes", "ray"],
    typer.Option(help="where a sweep runs: tasks share one budget; processes use every core; ray every machine"),
]
Metrics = Annotated[list[str] | None, typer.Option("--metric", help="a metric for the table of a sweep; repeatable")]


@app.command("list")
def list_papers(
    by: Annotated[str, typer.Option(help="room, state, year, or stands (places in the surveys)")] = "room",
    as_json: Json = False,
) -> None:
    """List all papers, and which of them are in this version."""
    from manyminds.lab.listing import grouped

    groups = grouped(by)
    if as_json:
        fields = ("slug", "title", "arxiv", "room", "implemented")
        once = {entry.slug: {name: getattr(entry, name) for name in fields} for _, group in groups for entry in group}
        named = {name: [entry.slug for entry in members] for name, members in groups}
        emit({"papers": list(once.values()), "groups": named})
        return
    for name, members in groups:
        typer.echo(name)
        for entry in members:
            line = f"  {'*' if entry.implemented else ' '} {entry.slug:27} {entry.arxiv}  {entry.title}"
            typer.echo(line if len(line) <= 100 else line[:99] + "…")
    typer.echo("* is in this version")


@app.command()
def show(paper: PaperName, as_json: Json = False) -> None:
    """Show a paper: its settings, its claims, how to cite it."""
    from manyminds.lab.listing import described
    from manyminds.lab.papers import find
    from manyminds.lab.report import print_table

    about, tables = described(find(paper))
    if as_json:
        emit(about)
        return
    typer.echo(about["citation"])
    for table in tables:
        print_table(table, console())


@app.command(epilog=f"{SWEEP}\n\nExample: manyminds run govsim months=6 --seed 1 --budget '$5'")
def run(
    paper: PaperName,
    settings: Settings = None,
    seed: Seed = 0,
    seeds: Annotated[str, typer.Option(help="one run a seed: 0,1,2 or 0-9")] = "",
    store: Place = "",
    budget: Spend = "",
    concurrency: Many = 16,
    config: Annotated[Path | None, typer.Option(help="settings from a .json or .toml file")] = None,
    on: On = "tasks",
    metric: Metrics = None,
    as_json: Json = False,
) -> None:
    """Run a paper and print its tables, its claims and its figures; or sweep over settings and seeds."""
    import asyncio

    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.papers import find
    from manyminds.lab.runner import execute
    from manyminds.lab.store import Store
    from manyminds.lab.sweeps import begin, combinations, go_on, seeds_of

    found, spend = find(paper), parsed(budget)
    configs = combinations(found.config, settings or (), config)
    chosen = seeds_of(seeds) if seeds else [seed]
    with Store(store) as opened:
        if len(configs) * len(chosen) == 1 and on == "tasks":
            with watched() as watch:
                report = asyncio.run(execute(found, configs[0], chosen[0], opened, spend, concurrency, paper, watch))
            conclude(report, as_json)
            return
        with watched() as watch:
            name = asyncio.run(begin(found, configs, chosen, opened, paper, on, spend))
            sweep = asyncio.run(go_on(name, opened, spend, concurrency, on, watch))
        conclude_sweep(sweep, metric, as_json)


@app.command(epilog="Example: manyminds play commons --seats greedy,human,takes:10,matcher,fair-share months=6")
def play(
    game: Annotated[str, typer.Argument(metavar="GAME", help="name of a game; without one they are listed")] = "",
    settings: Settings = None,
    seats: Annotated[str, typer.Option(help="who sits where, with commas: rules, model references, human")] = "",
    repeats: Annotated[int, typer.Option(min=1, help="independent plays")] = 1,
    seed: Seed = 0,
    store: Place = "",
    budget: Spend = "",
    concurrency: Many = 16,
    as_json: Json = False,
) -> None:
    """Seat any mix of minds at a game; what theory expects of it is printed beside the outcome."""
    import asyncio

    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.overrides import overridden
    from manyminds.lab.playing import PREFIX, about, paper_of
    from manyminds.lab.report import print_table
    from manyminds.lab.runner import execute
    from manyminds.lab.store import Store

    if not game or not seats:
        for table in about(game):
            print_table(table, console())
        return
    found = paper_of(game)
    words = [*(settings or ()), f"minds={seats}", f"repeats={repeats}"]
    config, spend = overridden(found.config, words), parsed(budget)
    with Store(store) as opened:
        with watched() as watch:
            report = asyncio.run(execute(found, config, seed, opened, spend, concurrency, PREFIX + game, watch))
        conclude(report, as_json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="id of a run or of a sweep, as `manyminds runs` lists it")],
    store: Place = "",
    budget: Spend = "",
    concurrency: Many = 16,
    on: On = "tasks",
    metric: Metrics = None,
    as_json: Json = False,
) -> None:
    """Go on with a run or a sweep: what is recorded is replayed, nothing is paid twice."""
    import asyncio

    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.runner import resume as go_on
    from manyminds.lab.store import Store
    from manyminds.lab.sweeps import go_on as go_on_sweep

    with Store(store) as opened:
        if opened.is_sweep(run):
            with watched() as watch:
                sweep = asyncio.run(go_on_sweep(run, opened, parsed(budget), concurrency, on, watch))
            conclude_sweep(sweep, metric, as_json)
            return
        with watched() as watch:
            report = asyncio.run(go_on(run, opened, parsed(budget), concurrency, watch))
        conclude(report, as_json)


@app.command(
    epilog="Examples:\n\n  manyminds verify govsim model=http://localhost:8000/v1#qwen --budget '1M tokens'\n\n"
    "  manyminds verify glee --claims 'organism-*'"
)
def verify(
    paper: Annotated[str, typer.Argument(metavar="PAPER|all")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="key=value...", help="settings for the claims that need an endpoint, weights or data"),
    ] = None,
    model: Annotated[str, typer.Option(help="the same as model=REFERENCE")] = "",
    seed: Seed = 0,
    store: Place = "",
    budget: Spend = "",
    concurrency: Many = 16,
    claims: Annotated[str, typer.Option(help="only these, commas between; * stands for anything")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="write results/PAPER.json, from which the page is made")] = False,
    as_json: Json = False,
) -> None:
    """Check the claims of a paper, or of all; leaves with 1 when one fails."""
    import asyncio
    from dataclasses import replace

    from manyminds.core import BadInput
    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.page import kept
    from manyminds.lab.papers import find
    from manyminds.lab.store import Store
    from manyminds.lab.verifying import chosen, verify_all
    from manyminds.lab.verifying import verify as checked
    from manyminds.models.purse import Purse
    from manyminds.papers.index import INDEX

    words = [*(settings or ()), *([f"model={model}"] if model else ())]
    if paper == "all" and words:
        raise BadInput("settings go with one paper: manyminds verify PAPER key=value")
    if claims and (keep or paper == "all"):
        raise BadInput("--claims goes with one paper and without --keep, which keeps all of its claims")
    one = None if paper == "all" else find(paper)
    if one and claims:
        one = replace(one, claims=chosen(one.claims, claims))
    purse = Purse(parsed(budget), concurrency)
    with Store(store) as opened, watched() as watch:
        if one:
            found = [asyncio.run(checked(one, opened, seed, purse, paper, watch, words))]
        else:
            names = [entry.slug for entry in INDEX if entry.implemented]
            found = asyncio.run(verify_all(names, opened, seed, purse, watch))
    files = [kept(verified) for verified in found if verified.verdicts] if keep else []
    if as_json:
        objects = [verified.as_object() for verified in found]
        emit(objects[0] if one else {"papers": objects})
    else:
        from manyminds.lab.report import claims_table, print_table

        for verified in found:
            typer.echo(verified.title or verified.slug)
            print_table(claims_table(verified.verdicts), console())
        for file in files:
            typer.echo(file)
    for verified in found:
        if verified.reason:
            complain(verified.reason)
    raise typer.Exit(max((verified.exit_code for verified in found), default=0))


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
    columns = ("id", "paper", "seed", "status", "created", "sweep")
    rows = tuple(tuple(getattr(run, name) for name in columns) for run in found)
    if as_json:
        emit({"runs": [dict(zip(columns, row)) for row in rows]})
    else:
        print_table(Table("Runs", columns, rows), console())


@app.command()
def report(run: RunName, store: Place = "", metric: Metrics = None, as_json: Json = False) -> None:
    """Print a run that is in the store, and write it as one HTML page; print the table of a sweep."""
    from manyminds.lab.html import write_html
    from manyminds.lab.report import as_object, print_report
    from manyminds.lab.runner import reload
    from manyminds.lab.store import Store
    from manyminds.lab.sweeps import opened as sweep_of

    with Store(store) as opened:
        if opened.is_sweep(run):
            conclude_sweep(sweep_of(run, opened), metric, as_json)
            return
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
def page(
    folder: Annotated[Path, typer.Argument(help="the root of the project")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="write nothing; leave with 1 when a page is stale")] = False,
) -> None:
    """Write docs/papers.md and the table in README.md from results/*.json and the index of papers."""
    from manyminds.lab.page import pages

    stale = [path for path, text in pages(folder) if not path.exists() or path.read_text(encoding="utf-8") != text]
    if not check:
        for path, text in pages(folder):
            path.write_text(text, encoding="utf-8")
    for path in stale:
        typer.echo(f"{path} {'is stale; run: manyminds page' if check else 'written'}")
    raise typer.Exit(1 if check and stale else 0)


@app.command()
def doctor(
    endpoint: Annotated[str, typer.Option(help="a model server to try; default OPENAI_BASE_URL")] = "",
    as_json: Json = False,
) -> None:
    """Say what this machine has, and how to add what it lacks."""
    from dataclasses import asdict

    from manyminds.lab.doctor import examine

    found = examine(endpoint)
    if as_json:
        emit({"found": [asdict(one) for one in found]})
        return
    for one in found:
        typer.echo(f"{'ok' if one.present else '--'}  {one.name:15} {one.detail}")
        if one.remedy:
            typer.echo(f"    {one.remedy}")


app.command("raise")(raising.raise_model)
app.command()(raising.calibrate)
app.command("compare", epilog=compare_command.EXAMPLE)(compare_command.compare)


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
        complain(said[0])
        sys.exit(said[1])
    sys.exit(code if isinstance(code, int) else 0)


def sentence(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code of an error that a user can act on; None for a fault of ours."""
    from manyminds.core.errors import ManymindsError

    if isinstance(error, ManymindsError):
        return " ".join(str(error).split()), error.exit_code
    if type(error).__module__ == "sqlalchemy.exc" and hasattr(error, "orig"):  # what the store's database said
        return f"the store cannot be used: {' '.join(str(error.orig).split())}", 2
    if type(error).__name__ == "Abort":
        return "interrupted", 130
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # what the option parser found wrong
        return error.format_message() or "give a command; see manyminds --help", error.exit_code
    return None
