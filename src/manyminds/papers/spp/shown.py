"""The tables and figures of solo performance, the paper's figures beside ours where it has them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.spp import logs
from manyminds.papers.spp.arms import Row
from manyminds.papers.spp.published import METHODS, PUBLISHED
from manyminds.papers.spp.recall import ARMS, STANDARD, Recalled
from manyminds.worlds.texts import logic_puzzles


def tables(results: Any) -> list[Table]:
    found = []
    if results.puzzles:
        found += [grids(results.puzzles), games(results.games)]
    if results.recalled:
        found.append(recalled("Recall of persona-keyed facts", results.recalled))
    if results.rows:
        found += [methods(results), bounds(results.rows), replies(results.rows)]
    if results.organisms:
        rows = [one.recalled for one in results.organisms]
        found.append(recalled("Recall of organisms raised on persona-keyed facts", rows))
    if results.logged:
        found += [logged(results.logged), bounded(results.logged)]
    return found


def share(flags: Sequence[bool]) -> st.Estimate:
    return st.share(sum(flags), len(flags))


def grids(puzzles: Sequence[Any]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for size in [*sorted({p.houses for p in puzzles}), 0]:
        each = [p for p in puzzles if size in (0, p.houses)]
        rows.append((size or "all", len(each), float(np.mean([p.clues for p in each])),
                     float(np.mean([p.solutions for p in each])), float(np.mean([p.consistent for p in each])),
                     share([p.propagates for p in each]), share([p.voices for p in each]),
                     share([p.alone for p in each]), share([p.guess for p in each]),
                     logic_puzzles.chance([p.houses for p in each])))  # fmt: skip
    columns = ("houses", "grids", "clues", "full solutions", "of these with the answer", "unit propagation solves",
               "voices solve", "without checker", "blind guess", "expected")  # fmt: skip
    return Table("Logic grids, scripted voices", columns, tuple(rows),
                 "one answer each; guessing on the released 200: 30.8 %")  # fmt: skip


def games(played: Sequence[Any]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for count in [*sorted({g.targets for g in played}), 0]:
        each = [g for g in played if count in (0, g.targets)]
        total = sum(g.targets for g in each)
        rows.append((count or "all", len(each), *(sum(getattr(g, name) for g in each) / total for name in
                     ("found", "best", "alone", "guess")), sum(g.targets**2 / g.words for g in each) / total,
                     float(np.mean([g.found / g.targets for g in each])),
                     float(np.mean([g.difficulty for g in each]))))  # fmt: skip
    columns = ("targets", "games", "voices", "best hint", "first hint", "blind guess", "expected", "voices, macro",
               "margin of the best hint")  # fmt: skip
    return Table(
        "Codenames, scripted voices on planted senses",
        columns,
        tuple(rows),
        "targets found of all targets (micro); a mean over games (macro) weighs games with few targets more",
    )


def recalled(title: str, found: Sequence[Recalled]) -> Table:
    rows = []
    for mind in dict.fromkeys(row.mind for row in found):
        each = [row for row in found if row.mind == mind]
        means = {arm: st.mean([s for row in each for s in row.scores[arm]]) for arm in ARMS}
        rows.append((mind, len(each), *(means[arm] for arm in ARMS), float(np.mean([row.naming for row in each])),
                     means["spp"].value - means[STANDARD].value, sum(row.unparsed for row in each)))  # fmt: skip
    columns = ("mind", "seeds", "right persona", "wrong", "fixed expert", "none (Standard)", "SPP", "SPP, shuffled",
               "naming accuracy", "SPP less Standard", "unparsed")  # fmt: skip
    return Table(title, columns, tuple(rows),
                 "share of a story's answers that it holds; the gain has no forced sign")  # fmt: skip


def of(rows: Sequence[Row], task: str, method: str) -> list[Row]:
    return [row for row in rows if row.task == task and row.method == method]


def micro(rows: Sequence[Row], hits: str = "hits", parsed: bool = False) -> float:
    """Percent; NaN without rows."""
    total = sum(row.of for row in rows)
    return 100 * sum(getattr(row, hits) * (row.parsed or not parsed) for row in rows) / total if total else float("nan")


def over_system(rows: Sequence[Row], **how: Any) -> float:
    """The mean of the runs with and without system message, as the paper reports it."""
    runs = [[row for row in rows if row.system == told] for told in (True, False)]
    return float(np.mean([micro(run, **how) for run in runs if run]))


def methods(results: Any) -> Table:
    rows = []
    for task in dict.fromkeys(row.task for row in results.rows):
        standard = of(results.rows, task, "standard")
        for method in METHODS:
            if each := of(results.rows, task, method):
                score = over_system(each)
                base = over_system(standard) if standard else float("nan")
                rows.append((task, method, *(micro([r for r in each if r.system == told]) for told in (True, False)),
                             score, PUBLISHED["gpt4"].get((task, method), float("nan")),
                             100 * (score / base - 1) if base else float("nan"), 100 * results.chances.get(task, 0.0),
                             len(each)))  # fmt: skip
    columns = ("task", "method", "with system message", "without", "mean", "paper, GPT-4", "% over Standard",
               "blind guess", "instances")  # fmt: skip
    return Table("Six methods", columns, tuple(rows), "percent, micro; unparsed replies scored whole, as in the paper")


def bounds(rows: Sequence[Row]) -> Table:
    found = []
    for task, method in dict.fromkeys((row.task, row.method) for row in rows):
        each = of(rows, task, method)
        found.append((task, method, over_system(each), over_system(each, parsed=True), over_system(each, hits="strict"),
                      100 * float(np.mean([row.hits / row.of for row in each])),
                      share([not row.parsed for row in each])))  # fmt: skip
    columns = ("task", "method", "as in the paper", "unparsed is wrong", "stricter rule", "macro", "unparsed")
    return Table("How the score depends on the rule", columns, tuple(found),
                 "stricter: whole words, whole numbers, the first n guesses")  # fmt: skip


def replies(rows: Sequence[Row]) -> Table:
    found = []
    for task, method in dict.fromkeys((row.task, row.method) for row in rows):
        each = of(rows, task, method)
        means = [float(np.mean([getattr(row, name) for row in each])) for name in
                 ("calls", "prompt_tokens", "completion_tokens", "participants", "turns")]  # fmt: skip
        names = sorted({name for row in each for name in row.problems})
        told = ", ".join(f"{name}: {sum(row.problems.get(name, 0) for row in each)}" for name in names)
        found.append((task, method, *means, told))
    columns = ("task", "method", "calls", "tokens in", "tokens out", "participants", "turns", "problems")
    return Table("Replies and their cost", columns, tuple(found), "means over instances")


def logged(every: Sequence[Any]) -> Table:
    rows = []
    for model, cells in PUBLISHED.items():
        for (task, method), figure in cells.items():
            ours = logs.score(list(every), task, model, method)
            if ours == ours:
                rows.append((model, task, method, figure, ours, ours - figure))
    return Table("The released logs, scored again", ("model", "task", "method", "logs", "ours", "difference"),
                 tuple(rows), "percent, micro, mean of the runs with and without system message")  # fmt: skip


def bounded(every: Sequence[Any]) -> Table:
    rows = []
    for one in every:
        percent = [100 * value / one.of for value in (one.hits, one.parsed_hits, one.strict_hits)]
        seen = [float(np.mean(each)) if each else float("nan") for each in (one.participants, one.turns)]
        rows.append((one.model, one.task, one.method, one.system, one.records, one.missing, *percent,
                     100 * one.macro, one.unparsed / one.records, *seen))  # fmt: skip
    columns = ("model", "task", "method", "system message", "records", "missing", "as marked", "unparsed is wrong",
               "stricter rule", "macro", "unparsed", "participants", "turns")  # fmt: skip
    return Table("Files of logs", columns, tuple(rows), "records without a reply are left out, as in the figures")


def figures(results: Any, folder: Path) -> list[Path]:
    from matplotlib.figure import Figure

    if not (results.rows or results.recalled):
        return []
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    if results.rows:
        kinds = list(dict.fromkeys(row.task for row in results.rows))
        names = [m for m in METHODS if any(row.method == m for row in results.rows)]
        for i, name in enumerate(names):
            heights = [over_system(of(results.rows, task, name)) for task in kinds]
            axes.bar(np.arange(len(kinds)) + i / (len(names) + 1), heights, 1 / (len(names) + 1), label=name)
        axes.set_xticks(np.arange(len(kinds)) + 0.4, kinds)
        axes.legend(fontsize=7)
        axes.set_ylabel("percent")
    else:
        row = results.recalled[-1]
        means = [st.mean(row.scores[arm]) for arm in ARMS]
        errors = [[m.value - m.low for m in means], [m.high - m.value for m in means]]
        axes.bar(ARMS, [m.value for m in means], yerr=errors)
        axes.set(ylabel="answers recalled", title=row.mind)
    path = folder / "solo.png"
    figure.savefig(path, dpi=120)
    return [path]
