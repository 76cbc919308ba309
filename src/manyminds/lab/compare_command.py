"""The command `compare`: methods on one task, with one model, at equal budget."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = (
    "A line of a task file is one question: "
    '{"prompt": "2 + 2?", "answers": ["4"], "kind": "number"}. Kinds: exact (default), number, contains, f1, choice '
    '(with "options"), code (with "entry_point", "tests", if need be "setup"). Further fields: "id", "context".\n\n'
    "Examples:\n\n  manyminds compare cot self-consistency self-moa --task my.jsonl "
    "--model http://localhost:8000/v1#NAME --budget 200k --seeds 0-2\n\n"
    "  manyminds compare direct mallm:paradigm=relay,agents=3 --task nursery:sums:2 --items 30 --model openai/NAME\n\n"
    "  manyminds compare cot agentcoder --task nursery:functions:2 --model house:FOLDER --budget '500 calls'\n\n"
    "  manyminds resume RUN     # after Ctrl-C, kill or a limit; nothing is paid twice"
)
Methods = Annotated[
    list[str] | None,
    typer.Argument(metavar="METHOD...", help="such as self-consistency:samples=8; without any they are listed"),
]


def compare(
    methods: Methods = None,
    task: Annotated[str, typer.Option(help="a task file (JSON lines), or nursery:FAMILY[:LEVEL]")] = "",
    model: Annotated[str, typer.Option(help="who answers: a model reference")] = "",
    judge: Annotated[str, typer.Option(help="who judges or aggregates where a method has such a role")] = "",
    mix: Annotated[list[str] | None, typer.Option(help="a further proposer of moa and usc; repeatable")] = None,
    role: Annotated[list[str] | None, typer.Option(help="NAME=REFERENCE: a model for one role; repeatable")] = None,
    budget: Annotated[
        str, typer.Option(help="what EACH method may spend on all questions: 200k, '500 calls' or '$2'")
    ] = "",
    seeds: Annotated[str, typer.Option(help="repeats of every question: 0,1,2 or 0-2")] = "0",
    items: Annotated[int, typer.Option(min=0, help="questions; 0: all of a file, 50 of the nursery")] = 0,
    limit: Annotated[str, typer.Option(help="what the whole run may spend: '1M tokens', '$5'; resumable")] = "",
    store: Annotated[str, typer.Option(help="file or postgresql:// address; default ./manyminds.db")] = "",
    concurrency: Annotated[int, typer.Option(min=1, help="calls at once")] = 16,
    unsafe_exec: Annotated[
        bool, typer.Option("--unsafe-exec", help="run programs of models even where nothing isolates them")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Compare methods on your task at equal budget: accuracy, cost, paired tests, who is right where."""
    import asyncio

    from manyminds.lab.budgets import budget as parsed
    from manyminds.lab.comparing import PAPER, SLUG, Config, prepared
    from manyminds.lab.overrides import configured
    from manyminds.lab.runner import execute
    from manyminds.lab.store import Store
    from manyminds.lab.sweeps import seeds_of
    from manyminds.lab.terminal import conclude, watched

    if not methods:
        listed()
        return
    place = task if task.startswith("nursery:") or not task else str(Path(task).resolve())
    values = {"methods": methods, "task": place, "model": model, "judge": judge, "mix": mix or (),
              "role": roles(role or []), "budget": budget, "seeds": seeds_of(seeds), "items": items,
              "unsafe_exec": unsafe_exec}  # fmt: skip
    config = configured(Config, values)
    assert isinstance(config, Config)
    most = parsed(limit)
    prepared(config)  # a bad row is refused before anything is written
    with Store(store) as opened:
        with watched() as watch:
            report = asyncio.run(execute(PAPER, config, 0, opened, most, concurrency, SLUG, watch))
        conclude(report, as_json)


def roles(words: list[str]) -> dict[str, str]:
    from manyminds.lab.overrides import key_and_text

    return dict(key_and_text(word) for word in words)


def listed() -> None:
    """What can be compared, with the settings of each method."""
    from manyminds.core import Table
    from manyminds.lab.compare_methods import METHODS
    from manyminds.lab.report import print_table
    from manyminds.lab.terminal import console

    rows = tuple((name, (known.make.__doc__ or "").strip(), ", ".join(f"{k}={v}" for k, v in known.settings.items()),
                  known.grows or "-") for name, known in METHODS.items())  # fmt: skip
    columns = ("method", "what it does", "settings", "grows by")
    print_table(Table("Methods", columns, rows, "a method grows by a setting until its budget is used"), console())
    names = tuple((f"{name}:{setting}", ", ".join(choices)) for name, known in METHODS.items()
                  for setting, choices in known.choices.items())  # fmt: skip
    roles = tuple((f"--role NAME=... of {name}", ", ".join(known.roles)) for name, known in METHODS.items()
                  if known.roles)  # fmt: skip
    note = "compare some: manyminds compare METHOD... --task FILE --model REFERENCE"
    print_table(Table("What can be chosen", ("setting", "choices"), (*names, *roles), note), console())
