"""Tables and figures of mean-field games on sparse graphs."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st

STATES = {"sis": "infected", "sir": "infected", "rumour": "aware", "cyber": "defended, infected", "beach": "place 0"}
PLACE = {"sis": 1, "sir": 1, "rumour": 1, "cyber": 0, "beach": 0}


def tables(results: Any) -> list[Table]:
    found = [core(results), periphery(results), graphs(results), errors(results)]
    found += [by_degree(results)]
    found += [memory(results)] if results.closures else []
    found += [replies(results)] if results.replies else []
    return found


def core(results: Any) -> Table:
    rows = tuple(
        (limit.game, c.solver + (" *" if c.solver == limit.chosen else ""), c.gain[0], c.gain[-1], c.own,
         f"{c.gain[-1] / abs(c.own):.3%}")
        for limit in results.limits for c in limit.curves
    )  # fmt: skip
    columns = ("game", "solver", "exploitability, uniform", "last", "return", "last / |return|")
    return Table("The core's equilibrium", columns, rows, "* kept: the least exploitable; best replies are exact")


def periphery(results: Any) -> Table:
    rows = []
    for limit in results.limits:
        for degrees in limit.degrees:
            for k, (own, gain) in enumerate(zip(degrees.own, degrees.gain), 1):
                worth = limit.informed[k - 1] - own if degrees.closure == "joint" else ""
                rows.append((limit.game, degrees.closure, k, own, f"{gain / abs(own):.3%}", worth))
    note = "seeing is worth: what the best policy that sees its neighbours' states would add"
    columns = ("game", "closure", "k", "return", "gain / |return|", "seeing is worth")
    return Table("The periphery's answer to the core", columns, tuple(rows), note)


def graphs(results: Any) -> Table:
    rows = tuple(
        (f.name, f.s or "-", f.size or "-", st.mean(f.nodes), st.mean(f.edges), f"{f.outward:.1%}",
         "-" if f.apart is None else f.apart)
        for f in results.facts
    )  # fmt: skip
    columns = ("graph", "s", "nu", "nodes", "edges", "periphery to core", "KS to the law")
    unfit = [f"{f.name}: {f.note}" for f in results.facts if f.note]
    return Table("Graphs", columns, rows, "; ".join(["of networks, s and nu are fitted to nodes and edges", *unfit]))


def errors(results: Any) -> Table:
    rows = tuple(
        (c.game, c.graph, percent(c.overall), percent(c.core), percent(c.graphon),
         st.difference(100 * np.array(c.overall), 100 * np.array(c.graphon), paired=True))
        for c in results.cells
    )  # fmt: skip
    columns = ("game", "graph", "hybrid", "its core", "LPGMFG", "hybrid less LPGMFG")
    note = ("Delta mu in percent; paper: a few, below LPGMFG. LPGMFG's graphon is separable, so it is the plain "
            "mean-field game on the complete graph")  # fmt: skip
    return Table("How far finite graphs are from what the limit predicts", columns, rows, note)


def by_degree(results: Any) -> Table:
    rows = tuple((c.game, c.graph, *(percent(row) for row in c.by_degree)) for c in results.cells)
    degrees = len(results.cells[0].by_degree) if results.cells else 0
    return Table("Delta mu by degree (%)", ("game", "graph", *(f"k={k + 1}" for k in range(degrees))), rows)


def memory(results: Any) -> Table:
    rows = tuple((name, *(percent(row) for row in rows)) for name, rows in results.closures.items())
    degrees = len(rows[0]) - 2 if rows else 0
    columns = ("closure", "core", *(f"k={k + 1}" for k in range(degrees)))
    return Table("SIS that nobody fights: Delta mu by closure (%)", columns, rows)


def replies(results: Any) -> Table:
    own = {limit.game: next(c.own for c in limit.curves if c.solver == limit.chosen) for limit in results.limits}
    rows = tuple((game, where, gain, f"{gain / abs(own[game]):.2%}") for game, of in results.replies.items()
                 for where, gain in of.items())  # fmt: skip
    columns = ("game", "nodes", "mean gain", "of the core's |return|")
    return Table("Best replies of single nodes on a finite graph", columns, rows, "others stay as they were seen")


def percent(values: list[float | None]) -> Any:
    return st.mean([None if value is None else 100 * value for value in values])


def figures(results: Any, folder: Path) -> list[Path]:
    """Exploitability, degrees beside the law, flows of a finite graph beside the limit, errors by size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7))
    axes = figure.subplots(2, 2)
    exploitability(axes[0, 0], results)
    degree_plot(axes[0, 1], results)
    flows(axes[1, 0], results)
    sizes(axes[1, 1], results)
    for one in axes.flat:
        if one.get_legend_handles_labels()[0]:
            one.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "graphex.png"
    figure.savefig(path, dpi=120)
    return [path]


def exploitability(axes: Any, results: Any) -> None:
    lines = {"mirror": "-", "regularised": "--", "fictitious": ":"}
    for colour, limit in enumerate(results.limits):
        for c in limit.curves:
            at, gain = np.array(c.at) + 1, np.maximum(c.gain, 1e-12)
            axes.loglog(at, gain, lines[c.solver], color=f"C{colour}", label=f"{limit.game}, {c.solver}")
    axes.set(xlabel="iteration", ylabel="exploitability of the core", title="Learning the core")


def degree_plot(axes: Any, results: Any) -> None:
    for colour, f in enumerate(results.facts):
        share = np.mean(f.shares, 0)
        k = np.arange(1, len(share) + 1)
        axes.loglog(k[share > 0], share[share > 0], "o", ms=3, color=f"C{colour}", label=f.name)
        if f.s:
            from manyminds.theory.graphexes import PowerLaw

            axes.loglog(k, PowerLaw(f.s).degree_law(k), "-", color=f"C{colour}", lw=0.8)
    axes.set(xlabel="degree k", ylabel="share of nodes", title="Degrees, and the limiting law (lines)")


def flows(axes: Any, results: Any) -> None:
    for colour, limit in enumerate(results.limits):
        cells = [c for c in results.cells if c.game == limit.game and c.graph.startswith("nu=")] or [
            c for c in results.cells if c.game == limit.game
        ]
        if cells:
            at, name = PLACE[limit.game], STATES[limit.game]
            axes.plot(np.array(cells[-1].seen)[:, at], color=f"C{colour}", label=f"{limit.game}: {name}")
            axes.plot(np.array(cells[-1].expected)[:, at], "k--", lw=0.8)
    axes.set(xlabel="t", ylabel="share of nodes", title="One finite graph, and the limit (dashed)")


def sizes(axes: Any, results: Any) -> None:
    for colour, limit in enumerate(results.limits):
        rows = [c for c in results.cells if c.game == limit.game and c.graph.startswith("nu=")]
        nu = [float(c.graph[3:]) for c in rows]
        if rows:
            axes.loglog(nu, [100 * np.mean(c.overall) for c in rows], "o-", color=f"C{colour}", label=limit.game)
            axes.loglog(nu, [100 * np.mean(c.graphon) for c in rows], "x:", color=f"C{colour}",
                        label=f"{limit.game}, LPGMFG")  # fmt: skip
    axes.set(xlabel="nu", ylabel="Delta mu (%)", title="Finite graphs approach the limit")
