"""The tables and figures of a run: ours beside what the paper prints."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Estimate, Table
from manyminds.core import statistics as st
from manyminds.papers.glee import published
from manyminds.papers.glee.analysis import correlation_interval
from manyminds.papers.glee.grid import METRICS
from manyminds.papers.glee.organisms import organism_table


def points(estimate: Estimate) -> Estimate:
    """In percentage points."""
    return Estimate(100 * estimate.value, 100 * estimate.low, 100 * estimate.high, estimate.n, estimate.unscored)


def tables(results: Any) -> list[Table]:
    shown = [played(results), *markets(results), gains(results), *meta(results), anchors(results), theory(results),
             planted(results), misfits(results), answers(results), organism_table(results)]  # fmt: skip
    return [table for table in shown if table.rows]


def played(results: Any) -> Table:
    rows = tuple((p.family, p.cells, p.pairs, p.games, p.void, p.no_agreement, p.undefined["efficiency"],
                  p.undefined["fairness"], f"{p.outside:.2%}") for p in results.played)  # fmt: skip
    columns = ("family", "cells", "pairs", "games", "void", "no deal", "no efficiency", "no fairness", "outside [0, 1]")
    notes = [f"left out of the archive: {n} ({reason})" for reason, n in results.left_out.items()] + results.notes
    said = "last column: fairness; the paper has 0.5% in negotiation"
    return Table("Games", columns, rows, "; ".join([said, *notes]))


def markets(results: Any) -> list[Table]:
    """One table a family: effects of the market against the default one."""
    found = []
    for family in dict.fromkeys(effect.family for effect in results.markets):
        mine = [effect for effect in results.markets if effect.family == family]
        by = {(effect.level, effect.measure): effect for effect in mine}
        rows = tuple(
            (level, *(points(by[level, measure].effect.estimate) for measure in METRICS),
             *(published.MARKETS.get((family, level, measure), "") for measure in METRICS))
            for level in dict.fromkeys(effect.level for effect in mine)
        )  # fmt: skip
        reference = mine[0].reference
        note = f"percentage points against '{reference}'"
        note += "" if results.language else "; rules neither write nor read messages"
        columns = ("market", "efficiency", "fairness", "paper: efficiency", "paper: fairness")
        found.append(Table(f"Markets, {family}", columns, rows, note))
    return found


def gains(results: Any) -> Table:
    """The effect of each mind on its own gain, beside the plain mean."""
    rows = []
    for effect in results.gains:
        seat = effect.measure.removeprefix("self-gain of ")
        people, models = published.GAINS[effect.family, seat]
        base = " (reference)" if effect.level == effect.reference else ""
        rows.append((effect.family, seat, effect.level + base, points(effect.effect.estimate), 100 * effect.mean,
                     people, models))  # fmt: skip
    columns = ("family", "seat", "mind", "self-gain", "plain mean", "paper: people", "paper: models")
    note = "percentage points of the money (persuasion: of a price, per round) against the reference; "
    note += "the paper's is Gemini 1.5 Flash"
    return Table("Self-gain", columns, tuple(rows), note)


def meta(results: Any) -> list[Table]:
    """Who would be chosen to play: expected gains of both and the pure equilibria."""
    found = []
    for game in results.meta:
        rows = tuple((row, *(f"{100 * a:.1f} / {100 * b:.1f}" for a, b in zip(first, second)))
                     for row, first, second in zip(game.rows, game.first, game.second))  # fmt: skip
        stable = "; ".join(f"({a}, {b})" for a, b in game.equilibria) or "none"
        note = f"pure equilibria: {stable}; the paper's: {published.EQUILIBRIA[game.family]}"
        found.append(Table(f"Choosing a mind, {game.family}", ("Alice \\ Bob", *game.columns), rows, note))
    return found


def anchors(results: Any) -> Table:
    rows = tuple((a.family, a.bob, None if a.correlation is None else correlation_interval(a.correlation, a.n))
                 for a in results.anchors)  # fmt: skip
    paper = ", ".join(f"{who} {r}" for who, r in published.ANCHORING.items())
    return Table("Anchoring", ("family", "Bob", "correlation"), rows,
                 f"of what Alice's first offer leaves to Bob and what Bob gets; the paper's: {paper}")  # fmt: skip


def theory(results: Any) -> Table:
    rows = [(oracle.name, oracle.cells, oracle.right, f"{oracle.gap:.1e}") for oracle in results.oracles]
    if results.twin:
        rows.append(("turn worlds and arrays", results.twin.games, "", f"{results.twin.gap:.1e}"))
    for sold in results.sold:
        rows.append((f"sold, p={sold.prior:.3g} v={sold.value:g}", sold.games, f"theory {sold.theory:.4f}",
                     f"played {sold.played:.4f} ± {1.96 * sold.error:.4f}"))  # fmt: skip
    return Table("Theory beside play", ("what", "cells or games", "as it must be", "largest gap"), tuple(rows))


def planted(results: Any) -> Table:
    if not results.studies:
        return Table("Planted edge", (), ())
    estimates, raw = [s.estimate for s in results.studies], [s.raw for s in results.studies]
    covered = st.share(sum(s.covered for s in results.studies), len(results.studies))
    rows = (("regression", st.mean(estimates), covered), ("plain means", st.mean(raw), None))
    note = f"{len(results.studies)} synthetic studies in negotiation, self-gain of {results.edge:+g} planted"
    return Table("Planted edge", ("method", "edge found", "interval holds it"), rows, note)


def misfits(results: Any) -> Table:
    paper = {(family, "efficiency"): errors for family, errors in published.ERRORS.items()}
    rows = tuple((m.family, m.measure, m.linear, m.cells, paper.get((m.family, m.measure), ""))
                 for m in results.misfits)  # fmt: skip
    note = "root mean squared error on a held-out fifth; the paper compares with boosted trees"
    return Table("Is the linear model enough?", ("family", "measure", "linear", "mean of cell and pair",
                                                  "paper: linear / XGBoost / CatBoost"), rows, note)  # fmt: skip


def answers(results: Any) -> Table:
    rows = tuple((mind, a.first_try, a.asked_again, a.never, "; ".join(f"{k} {v}" for k, v in a.reasons.items()))
                 for mind, a in results.answers.items())  # fmt: skip
    note = f"{results.leaks} messages told what the other was not to know (logged, not filtered)"
    return Table("Answers of language players", ("player", "at once", "asked again", "never", "why not"), rows, note)


def figures(results: Any, folder: Path) -> list[Path]:
    """Effects of the markets with their intervals, and the planted studies."""
    from matplotlib.figure import Figure

    paths = []
    families = list(dict.fromkeys(effect.family for effect in results.markets))
    if families:
        figure = Figure(figsize=(4.6 * len(families), 4.2), layout="constrained")
        for axis, family in zip(figure.subplots(1, len(families), squeeze=False)[0], families):
            draw_markets(axis, [effect for effect in results.markets if effect.family == family])
            axis.set_title(family)
        figure.savefig(folder / "markets.png", dpi=120)
        paths.append(folder / "markets.png")
    if results.studies:
        figure = Figure(figsize=(6, 4), layout="constrained")
        draw_studies(figure.subplots(), results)
        figure.savefig(folder / "planted.png", dpi=120)
        paths.append(folder / "planted.png")
    return paths


def draw_markets(axis: Any, effects: list[Any]) -> None:
    levels = list(dict.fromkeys(effect.level for effect in effects))
    for shift, (measure, colour) in enumerate(zip(METRICS, ("tab:blue", "tab:orange"))):
        mine = [effect.effect for effect in effects if effect.measure == measure]
        centre, low, high = (np.array([100 * getattr(e, name) for e in mine]) for name in ("value", "low", "high"))
        axis.errorbar(centre, np.arange(len(levels)) + 0.25 * shift, xerr=[centre - low, high - centre], fmt="o",
                      color=colour, label=measure, markersize=4)  # fmt: skip
    axis.axvline(0, color="grey", linewidth=0.8)
    axis.set_yticks(np.arange(len(levels)), levels, fontsize=7)
    axis.set_xlabel("percentage points")
    axis.legend(fontsize=7)


def draw_studies(axis: Any, results: Any) -> None:
    order = sorted(results.studies, key=lambda s: s.estimate)
    x = np.arange(len(order))
    low, high = np.array([s.estimate - s.low for s in order]), np.array([s.high - s.estimate for s in order])
    axis.errorbar(x, [s.estimate for s in order], yerr=[low, high], fmt="o", markersize=3, label="regression, 95 %")
    axis.plot(x, [s.raw for s in order], "x", color="tab:red", markersize=4, label="difference of plain means")
    axis.axhline(results.edge, color="grey", linewidth=0.8)
    axis.set_xlabel("synthetic study")
    axis.set_ylabel("edge in self-gain")
    axis.legend(fontsize=8)
