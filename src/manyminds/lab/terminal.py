"""What the command line shows while it works and how it prints: consoles, bars, one line of JSON."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from manyminds.lab.laboratory import Watch
    from manyminds.lab.runner import RunReport
    from manyminds.lab.sweeps import Sweep


def console() -> "Console":
    """Standard output: as wide as the terminal, or as COLUMNS says, or 100 characters."""
    from rich.console import Console

    told = os.environ.get("COLUMNS", "")
    return Console() if sys.stdout.isatty() or told.isdecimal() else Console(width=100)


def emit(value: Any) -> None:
    """Print one JSON object."""
    from manyminds.lab.report import written

    sys.stdout.write(written(value) + "\n")


def complain(sentence: str) -> None:
    sys.stderr.write(f"manyminds: {sentence}\n")


def conclude(report: "RunReport", as_json: bool) -> None:
    """Print a run and leave with its exit code."""
    from manyminds.lab.report import as_object, print_report

    if as_json:
        emit(as_object(report))
    else:
        print_report(report, console())
    leave(report.reason, report.exit_code)


def conclude_sweep(sweep: "Sweep", metrics: list[str] | None, as_json: bool) -> None:
    """Print a sweep and leave with its exit code."""
    from manyminds.lab.report import print_table

    if as_json:
        emit(sweep.as_object())
    else:
        print_table(sweep.summary(metrics or ()), console())
    leave(sweep.reason, sweep.exit_code)


def leave(reason: str, exit_code: int) -> None:
    """Say why, if there is a reason, and end the command unless all went well."""
    if reason:
        complain(reason)
    if exit_code:
        raise SystemExit(exit_code)


def spending(tokens: int, calls: int, money: float) -> str:
    """What is spent so far, in a few characters; nothing before the first call."""
    if not calls:
        return ""
    said = f"{calls:,} calls {tokens:,} tokens"
    return f"{said} ${money:.2f}" if money else said


@contextmanager
def watched() -> Iterator["Watch"]:
    """Progress bars on standard error while somebody watches; what a paper prints goes there too."""
    from manyminds.lab.laboratory import SILENT

    with redirect_stdout(sys.stderr):
        if not sys.stderr.isatty():
            yield SILENT
            return
        with bars() as watch:
            yield watch


@contextmanager
def bars(to: "Console | None" = None) -> Iterator["Watch"]:
    """Bars with the time left, and with what the run has spent as the door counts it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    from manyminds.lab.laboratory import Watch
    from manyminds.models.door import Totals

    spent: list[Totals] = []

    class Spent(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(spending(spent[0].tokens, spent[0].calls, spent[0].money) if spent else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), Spent())
    with Progress(*columns, console=to or Console(stderr=True), transient=True) as progress:

        class Bars(Watch):
            def begin(self, total: int, label: str) -> Callable[[], None]:
                bar = progress.add_task(label, total=total)

                def done() -> None:
                    progress.advance(bar)
                    if any(task.id == bar and task.finished for task in progress.tasks):
                        progress.remove_task(bar)  # the next piece of work gets a bar of its own

                return done

            def follow(self, totals: Totals) -> None:
                spent[:] = [totals]

        yield Bars()
