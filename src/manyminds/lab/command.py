"""The command line: list, show, run, resume, verify, runs, doctor."""

import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from manyminds.core.errors import BAD_INPUT, CLAIM_FAILED, INTERRUPTED, BadInput, ManymindsError

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False, help=(
    "A laboratory for societies of agents.\n\n"
    "Examples:  manyminds list  |  manyminds run govsim  |  manyminds verify govsim --json  |  "
    "manyminds run govsim model=http://localhost:8000/v1#NAME scenario=pasture"))  # fmt: skip

PaperName = Annotated[str, typer.Argument(help="a paper's name, or the path of a .py file with a PAPER")]
Settings = Annotated[list[str] | None, typer.Argument(help="settings of the paper as key=value; lists by commas")]
Where = Annotated[str | None, typer.Option("--store", help="file or postgresql:// address of the run store")]
Seed = Annotated[int, typer.Option(help="the run's seed; every draw comes from it")]
Spend = Annotated[str, typer.Option(help="what may be spent, as 500calls, 200k (tokens) or $5; several by commas")]
Many = Annotated[int, typer.Option(min=1, help="how many societies and calls at once")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
File = Annotated[Path | None, typer.Option("--config", help="settings from a JSON or TOML file")]


def budget_of(text: str) -> Any:
    from manyminds.models.door import Budget

    found: dict[str, float] = {}
    for part in filter(None, text.replace("_", "").split(",")):
        match = re.fullmatch(r"(\$?)(\d+(?:\.\d+)?)([kM]?)\s*(calls|tokens|)", part.strip())
        if not match:
            raise BadInput(f"budget {part!r} is not understood; write 500calls, 200k or $5")
        amount = float(match[2]) * {"": 1, "k": 1e3, "M": 1e6}[match[3]]
        kind = "money" if match[1] else match[4] or "tokens"
        found[kind] = amount if kind == "money" else int(amount)
    return Budget(**found)  # type: ignore[arg-type]


def finite(value: Any) -> Any:
    """JSON has no infinity and no NaN; both become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    return [finite(part) for part in value] if isinstance(value, (list, tuple)) else value


def write(value: Any) -> None:
    print(json.dumps(finite(value), ensure_ascii=False))


def progress(total: int, label: str) -> Callable[[], None]:
    """One line on stderr that is written over, with the time left; silent where stderr is a file."""
    done, start = 0, perf_counter()

    def advance() -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            left = (perf_counter() - start) / done * (total - done)
            end = "\n" if done == total else ""
            print(f"\r{label}: {done}/{total}, {left:.0f} s left  ", end=end, file=sys.stderr, flush=True)

    return advance


@app.command("list")
def list_papers(as_json: AsJson = False) -> None:
    """The papers, and which of them are in this version."""
    from dataclasses import asdict

    from manyminds.papers.index import INDEX

    if as_json:
        write([asdict(entry) | {"ready": entry.implemented} for entry in INDEX])
        return
    for entry in INDEX:
        print(f"{'*' if entry.implemented else ' '} {entry.slug:26} {entry.room:20} {entry.title[:70]}")
    print("* ready to run")


@app.command()
def show(paper: PaperName) -> None:
    """A paper: how to cite it, its settings and its claims."""
    from manyminds.lab.papers import find

    found = find(paper)
    print(f"{found.cite()}\n\nsettings")
    for name, field in found.config.model_fields.items():
        print(f"  {name} = {field.get_default()!r}  {field.description or ''}")
    print("\nclaims")
    for claim in found.claims:
        print(f"  {claim.id}: {claim.statement} ({claim.where}; the paper: {claim.paper})")


@app.command()
def run(
    paper: PaperName, settings: Settings = None, seed: Seed = 0, budget: Spend = "", concurrency: Many = 16,
    store: Where = None, config: File = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run a paper; without settings its main job, offline."""
    import asyncio

    from manyminds.lab import runner
    from manyminds.lab.overrides import overridden
    from manyminds.lab.papers import find
    from manyminds.lab.store import Store

    found, spend = find(paper), budget_of(budget)
    given = overridden(found.config, settings or [], config)
    with Store(store) as opened:
        doing = runner.execute(found, given, seed, opened, spend, concurrency, paper, progress)
        ended(asyncio.run(doing), as_json)


@app.command()
def resume(
    run: str, budget: Spend = "", concurrency: Many = 16, store: Where = None, as_json: AsJson = False
) -> None:
    """Go on with a run that was stopped; nothing that was answered is paid for again."""
    import asyncio

    from manyminds.lab import runner
    from manyminds.lab.store import Store

    spend = budget_of(budget)
    with Store(store) as opened:
        ended(asyncio.run(runner.resume(run, opened, spend, concurrency, progress)), as_json)


@app.command()
def verify(
    paper: PaperName, seed: Seed = 0, budget: Spend = "", concurrency: Many = 16, store: Where = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run a paper and check its claims; exit code 1 if one of them does not hold."""
    import asyncio

    from manyminds.lab import report, runner
    from manyminds.lab.papers import find
    from manyminds.lab.store import Store

    found, spend = find(paper), budget_of(budget)
    with Store(store) as opened:
        doing = runner.verify(found, opened, seed, spend, concurrency, paper, progress)
        verdicts, reports = asyncio.run(doing)
    for stopped in reports:
        if stopped.exit_code:
            ended(stopped, as_json)
    if as_json:
        write(report.as_json(reports[0], verdicts))
    else:
        report.show_claims(tuple(verdicts))
    if any(verdict.verdict == "fails" for verdict in verdicts):
        raise typer.Exit(CLAIM_FAILED)


@app.command("report")
def report_run(run: str, store: Where = None, as_json: AsJson = False) -> None:
    """Show a run again, as the store has it."""
    from manyminds.lab import runner
    from manyminds.lab.store import Store

    with Store(store) as opened:
        ended(runner.reload(opened.run(run), opened), as_json)


def ended(found: Any, as_json: bool) -> None:
    """Print what came out of a run; one that stopped early prints why and exits with its code."""
    from manyminds.lab import report

    if found.exit_code:
        print(f"manyminds: {found.reason}", file=sys.stderr)
        raise typer.Exit(found.exit_code)
    if as_json:
        write(report.as_json(found, found.verdicts) | {"results": found.run.results})
    else:
        report.show(found)


@app.command()
def runs(store: Where = None, as_json: AsJson = False) -> None:
    """The runs in the store, newest first."""
    from dataclasses import asdict

    from manyminds.lab.store import Store

    with Store(store) as opened:
        found = opened.runs()
    if as_json:
        write([{k: v for k, v in asdict(one).items() if k != "results"} for one in found])
        return
    for one in found:
        print(f"{one.id:28} {one.status:12} seed {one.seed:<6} {one.created}  {one.reason[:60]}")


def main() -> None:
    """The program; errors a user can act on are one sentence."""
    try:
        code = app(standalone_mode=False)
    except ManymindsError as error:
        print(f"manyminds: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("manyminds: interrupted; go on with: manyminds resume RUN (see manyminds runs)", file=sys.stderr)
        code = INTERRUPTED
    except Exception as error:
        # click's own errors: an unknown command or option, a value out of range
        if not hasattr(error, "format_message"):
            raise
        print(f"manyminds: {error.format_message()}", file=sys.stderr)
        code = BAD_INPUT
    sys.exit(code or 0)
