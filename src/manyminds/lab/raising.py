"""The commands that raise a house model on the nursery and measure what it can."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from manyminds.lab.terminal import bars, emit

Out = Annotated[Path, typer.Option(help="the folder of the model; a raise that was broken off there goes on")]
Threads = Annotated[int, typer.Option(min=0, help="cores to work on; 0: all")]


def raise_model(
    out: Out,
    size: Annotated[
        str, typer.Option(help="XS, T, S or M: 0.8, 2.6, 4.6 or 9.4 million parameters; default S, or that of --begin")
    ] = "",
    minutes: Annotated[float, typer.Option(help="how long it may take")] = 90.0,
    tokens: Annotated[int, typer.Option(help="tokens to read; 0: as many as the minutes allow")] = 0,
    seed: Annotated[int, typer.Option(help="every draw of the raise comes from it")] = 0,
    batch: Annotated[int, typer.Option(help="tokens of one step")] = 2048,
    numbers: Annotated[str, typer.Option(help="float32 or bfloat16 in products; chosen by the machine if empty")] = "",
    rarer: Annotated[int, typer.Option(help="factor by which facts are shown more rarely; 4: a weak sibling")] = 1,
    own: Annotated[bool, typer.Option(help="half of the mistakes that turns show are the model's own")] = True,
    begin: Annotated[
        str, typer.Option(help="a folder, or house: raise a specialist that begins with the weights of this model")
    ] = "",
    only: Annotated[str, typer.Option(help="families to read, commas between; default: all")] = "",
    threads: Threads = 0,
) -> None:
    """Raise a house model on the nursery."""
    pin(threads)
    from manyminds.models.load import is_house
    from manyminds.tuning.bases import size_of
    from manyminds.tuning.raising import Recipe, raised

    begin = begin if is_house(begin) or not begin else str(Path(begin).resolve())
    recipe = Recipe(
        size=size or (size_of(begin) if begin else "S"), seed=seed, minutes=minutes, tokens=tokens, batch=batch,
        numbers=numbers, rarer=rarer, own=own, begin=begin, only=names_in(only),
    )  # fmt: skip
    if not sys.stderr.isatty():
        raised(recipe, out, lambda line: print(said(line), file=sys.stderr, flush=True))
        return
    with bars() as watch:
        step = watch.begin(1000, f"raising {out.name}")
        shown = 0

        def told(line: dict[str, Any]) -> None:
            nonlocal shown
            for _ in range(round(1000 * line["progress"]) - shown):
                step()
            shown = max(shown, round(1000 * line["progress"]))

        raised(recipe, out, told)
    typer.echo(f"{out} holds the model; measure it with: manyminds calibrate {out}")


def said(line: dict[str, Any]) -> str:
    """A line of the curve for somebody who reads a log."""
    left = line["total"] * (1 - line["progress"]) / max(line["progress"], 1e-9) / line["speed"] / 60
    head = f"{100 * line['progress']:5.1f} %  {line['total'] / 1e6:6.2f} M tokens  {line['speed']:,}/s"
    lowest: dict[str, list[int]] = {}
    for name, (right, asked) in line["predicted"].items():
        family, level, _ = name.split()
        if level == "1":
            pair = lowest.setdefault(family, [0, 0])
            pair[0], pair[1] = pair[0] + right, pair[1] + asked
    shares = " ".join(f"{family} {100 * right // asked}" for family, (right, asked) in lowest.items())
    own = line.get("own")  # only of the full mixture
    mistakes = "" if own is None else f"  {own} own mistakes" if own else "  too few own mistakes: slips alone"
    return f"{head}  {left:.0f} min left  loss {line['loss']:.3f}{mistakes}  level 1 right %: {shares}"


def names_in(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def pin(threads: int) -> None:
    """Keep this process to some of its cores, before anything counts them."""
    if threads and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def calibrate(
    folder: Annotated[Path, typer.Argument(help="the folder of a house model")],
    items: Annotated[int, typer.Option(help="of every family, level and format")] = 100,
    seed: Annotated[int, typer.Option(help="of the items and of the samples")] = 1,
    families: Annotated[str, typer.Option(help="names, commas between; the card keeps what it says of others")] = "",
    threads: Threads = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Measure what a house model can, and write its card.json."""
    pin(threads)
    from manyminds.tuning.calibration import calibrated
    from manyminds.tuning.cards import conditions, in_band

    card = calibrated(folder, items, seed, lambda line: print(line, file=sys.stderr, flush=True), names_in(families))
    if as_json:
        emit(card)
        return
    for name, found in card["standard"].items():
        if found["levels"]:
            levels = " and ".join(map(str, found["levels"]))
            typer.echo(f"{name:28} level {levels}: {found['accuracy']:.2f} right, {found['gain']:+.2f} by sampling")
        else:
            typer.echo(f"{name:28} out of band: {found['out_of_band']}")
    for one in conditions(card):
        value = "not measured" if one.value is None else f"{one.value:+.2f}, {'met' if one.met else 'not met'}"
        typer.echo(f"{one.name:28} {value} (wanted: {one.wanted})")
    parts = in_band(card)
    without = [name for name, usable in parts.items() if not usable]
    rest = f"; not: {', '.join(without)}" if without else ""
    typer.echo(f"{len(parts) - len(without)} of {len(parts)} parts of the nursery are in band at some level{rest}")
    typer.echo(f"{folder / 'card.json'} holds everything, the instruments too")
