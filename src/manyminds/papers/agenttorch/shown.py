"""Tables and figures of AgentTorch: bands of a living city, architectures beside the paper's, what-ifs."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st

PAPER = {"archetype": (24.59, 95.17), "heuristic": (41.05, 2914.73), "individual": (56.98, 4311.70)}


def tables(results: Any) -> list[Table]:
    """One table a part that ran."""
    found = []
    if results.city:
        found.append(city_table(results))
    if results.boroughs:
        rows = tuple((name, st.mean(values)) for name, values in results.boroughs.items())
        note = "of monthly changes; paper: positive in 3 of 5 boroughs"
        found.append(Table("Participation against published unemployment", ("borough", "correlation"), rows, note))
    if results.compared:
        found.append(architecture_table(results))
    if results.recovered:
        rows = tuple((f"week {w + 1}", h, st.mean([r.found[w] for r in results.recovered]),
                      st.mean([r.network[w] for r in results.recovered]))
                     for w, h in enumerate(results.recovered[0].hidden))  # fmt: skip
        error = np.mean([r.error for r in results.recovered])
        note = f"mean relative error {error:.1%}; paper: calibrated by gradient, no figure for R"
        found.append(Table("A hidden R of each week, read back", ("", "hidden", "by gradient", "network"), rows, note))
    if e := results.equivalence:
        rows = (("archetypes", e.archetype_queries, st.mean(np.sum(e.archetypes, 1))),
                ("a mind an agent", e.agent_queries, st.mean(np.sum(e.everybody, 1))))  # fmt: skip
        note = f"same law of daily incidence? p = {e.p_value:.3f} over {len(e.archetypes)} runs a side"
        found.append(Table("Archetypes against everybody", ("who decides", "queries a decision", "cases"), rows, note))
    if results.what_ifs:
        found.append(what_if_table(results.what_ifs))
    if results.contexts:
        rows = tuple((c, st.mean([np.mean(r.correlations) for r in results.contexts if r.context == c]))
                     for c in dict.fromkeys(r.context for r in results.contexts))  # fmt: skip
        note = "paper: rises with context; positive in 3 of 5 boroughs"
        found.append(Table("Participation by borough: correlation of changes", ("prompt shows", "mean"), rows, note))
    return found


def city_table(results: Any) -> Table:
    lives = results.city
    days = len(lives[0].cases)
    rows = (
        ("people", results.agents),
        ("archetypes, times asked each", f"{results.archetypes} x {results.repeats}"),
        ("cases by the end, share of the people", st.mean([np.sum(life.cases) / results.agents for life in lives])),
        ("day of the peak", st.mean([int(np.argmax(life.cases)) for life in lives])),
        ("queries a week", lives[0].queries / (days / 7)),
        ("answers that could not be read", sum(life.invalid for life in lives)),
        ("seconds to build the city", results.building),
        ("seconds a simulated day", min(life.seconds for life in lives) / days),
    )
    return Table(f"A city over {days} days", ("", "measured"), rows, f"asked: {results.asked}")


def architecture_table(results: Any) -> Table:
    rows = []
    for kind in dict.fromkeys(r.kind for r in results.compared):
        of = [r for r in results.compared if r.kind == kind]
        jobs, cases = PAPER[kind]
        rows.append((kind, jobs, st.mean([r.unemployment for r in of]), cases, st.mean([r.infection for r in of]),
                     st.mean([r.queries for r in of]), st.mean([r.reproduction for r in of])))  # fmt: skip
    heads = ("architecture", "paper: unemployment", "ours", "paper: infection", "ours ", "queries", "R")
    note = "squared errors of the forecast; the paper's units are its own, so only ratios compare"
    return Table("Architectures at one budget of queries", heads, tuple(rows), note)


def what_if_table(found: list[Any]) -> Table:
    rows = []
    for name in dict.fromkeys(r.name for r in found):
        of = [r for r in found if r.name == name]
        rows.append((name, *(st.mean([getattr(r, what) for r in of])
                             for what in ("isolation", "cases", "peak", "peak_day"))))  # fmt: skip
    heads = ("what if", "share at home", "cases, share of people", "peak day's share", "day of the peak")
    return Table("Counterfactual waves", heads, tuple(rows), "all rows of a seed share their random draws")


def band(axes: Any, curves: list[list[float]], label: str, start: int = 0) -> None:
    """The mean of some curves with the range in which nine tenths of them lie."""
    rows = np.array(curves, float)
    x = np.arange(start, start + rows.shape[1])
    low, high = np.quantile(rows, (0.05, 0.95), axis=0)
    (line,) = axes.plot(x, rows.mean(0), label=label)
    axes.fill_between(x, low, high, color=line.get_color(), alpha=0.25, linewidth=0)


def figures(results: Any, folder: Path) -> list[Path]:
    """The city's curve, forecasts of the architectures, and the waves that might have been."""
    from matplotlib.figure import Figure

    panels = [draw for rows, draw in ((results.city, draw_city), (results.compared, draw_forecasts),
                                      (results.what_ifs, draw_waves)) if rows]  # fmt: skip
    if not panels:
        return []
    figure = Figure(figsize=(5 * len(panels), 3.6))
    for axes, draw in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels):
        draw(axes, results)
        axes.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "city.png"
    figure.savefig(path, dpi=120)
    return [path]


def draw_city(axes: Any, results: Any) -> None:
    band(axes, [life.cases for life in results.city], f"{len(results.city)} lives, 90 % band")
    axes.set(title=f"{results.agents:,} people", xlabel="day", ylabel="new cases")
    other = axes.twinx()
    other.plot(np.mean([life.home for life in results.city], 0), color="tab:green", linewidth=0.8)
    other.set(ylabel="share at home (green)", ylim=(0, 1))


def draw_forecasts(axes: Any, results: Any) -> None:
    first = [r for r in results.compared if r.seed == results.compared[0].seed]
    axes.plot(first[0].truth, "k.", label="observed")
    for row in first:
        axes.plot(row.curve, label=row.kind)
    axes.axvline(len(first[0].truth) / 2, color="grey", linestyle=":")
    axes.set(title="calibrated left, forecast right", xlabel="week", ylabel="new cases",
             ylim=(0, 2.5 * max(first[0].truth)))  # fmt: skip


def draw_waves(axes: Any, results: Any) -> None:
    for name in dict.fromkeys(r.name for r in results.what_ifs):
        band(axes, [r.curve for r in results.what_ifs if r.name == name], name)
    axes.set(title="waves that might have been", xlabel="day", ylabel="share infected a day")
