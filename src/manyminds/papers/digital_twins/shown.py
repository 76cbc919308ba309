"""Tables and figures of both twins: late means beside the published ones, controllers, metamodels, bands of runs."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.digital_twins.grazing import REFERENCE
from manyminds.papers.digital_twins.metabolism import CONSTANT, STEP, TWO_PHASES

SPECIES = ("grass", "sheep", "wolves")


def tables(results: Any) -> list[Table]:
    """One table a part that ran."""
    found = []
    if results.sets:
        rows = tuple((s.name, *(beside(np.array(s.late)[:, i] / results.scale, REFERENCE[s.name][i]) for i in range(3)),
                      s.extinct) for s in results.sets)  # fmt: skip
        note = "scaled to 255 x 255; the companion's 100-run means in brackets"
        found.append(Table("The land under constant removal, late means", ("removed", *SPECIES, "extinct"), rows, note))
    if results.fits:
        rows = tuple((f.family, f.seen, f.unseen) for f in results.fits)
        note = "root mean squared error of whole runs in units of spread; paper: n/a"
        found.append(Table("Metamodels", ("family", "fitted conditions", "unseen: wolves 1.5%"), rows, note))
    if results.judged:
        found.append(control_table(results))
        rows = tuple((f"{t[0]:.0f} sheep, {t[1]:.0f} wolves", *(f"{v:.5f}" for v in a))
                     for t, a in zip(results.targets, results.alone))  # fmt: skip
        columns = ("target", "sheep, learnt", "wolves, learnt", "sheep, closed form", "wolves, closed form")
        found.append(Table("Shares on the metamodel alone", columns, rows))
    if results.learnt:
        found.append(schedule_table(results))
    if results.cells:
        rows = tuple((c.name, st.mean(c.waste), c.promised, *(f"{v:.0f}" for v in c.late)) for c in results.cells)
        note = f"waste over the first {results.cell_ticks:,} ticks, late means scaled to 100 x 100; metamodel over the "
        note += "whole horizon; companion's late means: u = 1: 1247 168 176 108 303, u = 0.2: 232 44 48 30 48"
        found.append(Table("Inflows in the agent-based cell", ("inflow", "waste", "metamodel", *"SPQRT"), rows, note))
    return found


def beside(values: np.ndarray, reference: float) -> str:
    return f"{st.mean(values)} ({reference:,})"


def control_table(results: Any) -> Table:
    rows = []
    for key in dict.fromkeys((j.target, j.method) for j in results.judged):
        own = [j for j in results.judged if (j.target, j.method) == key]
        means = np.concatenate([j.late for j in own])[:, 1:].mean(0) / results.targets[key[0]] - 1
        rows.append((f"{results.targets[key[0]][0]:.0f}, {results.targets[key[0]][1]:.0f}", key[1], cost_of(own),
                     f"{means[0]:+.1%}", f"{means[1]:+.1%}", f"{np.mean([j.promised for j in own]):.4f}",
                     arrivals(own), f"{np.mean([j.removed for j in own]):,.0f}",
                     own[0].simulations, sum(j.extinct for j in own)))  # fmt: skip
    columns = ("target: sheep, wolves", "method", "J1 on unseen seeds", "sheep", "wolves", "J1 by metamodel", "arrives",
               "removed", "simulations", "extinct")  # fmt: skip
    return Table("Control of the land", columns, tuple(rows), "paper: n/a (its figures were not obtainable)")


def cost_of(rows: list[Any]) -> st.Estimate:
    """J1 over training and unseen seeds, with its bootstrap interval over unseen seeds."""
    return st.bootstrap(np.mean([j.cost for j in rows], 0), resamples=999)


def arrivals(rows: list[Any]) -> str:
    """How many runs came to stay near the target, and from which tick on."""
    times = [j.arrival for j in rows if j.arrival is not None]
    share = f"{sum(j.arrived for j in rows)}/{sum(len(j.cost) for j in rows)}"
    return f"{share}, tick {np.mean(times):.0f}" if times else share


def schedule_table(results: Any) -> Table:
    rows = [(f"constant {name}", value, next((v for u, v in CONSTANT.items() if f"{u:g}" == name), "n/a"))
            for name, value in results.constants.items()]  # fmt: skip
    known = {f"0 to {start}, then {u:g}": value for (start, u), value in TWO_PHASES.items()}
    rows += [(name, value, known[name]) for name, value in results.phases.items()]
    for kind in dict.fromkeys(one.kind for one in results.learnt):
        rows.append((f"learnt {kind}", st.mean([one.waste for one in results.learnt if one.kind == kind]), "n/a"))
    note = "of the rate equations; reference: an adaptive solver over 50,000 ticks"
    return Table("Substrate wasted per product", ("inflow", "J2", "reference"), tuple(rows), note)


def figures(results: Any, folder: Path) -> list[Path]:
    """Runs of the land under control with their bands, and inflows with the cell's substances."""
    from matplotlib.figure import Figure

    paths = []
    if results.bands:
        figure = Figure(figsize=(10, 3.6))
        for axis, species in zip(figure.subplots(1, 2), (1, 2)):
            for method, band in results.bands.items():
                low, middle, high = np.array(band)[..., species]
                t = 10 * np.arange(len(middle))
                axis.plot(t, middle, label=method)
                axis.fill_between(t, low, high, alpha=0.2)
            axis.axhline(results.targets[0][species - 1], color="black", linestyle=":", label="target")
            axis.set(title=SPECIES[species], xlabel="tick")
        axis.legend(fontsize=7)
        paths.append(saved(figure, folder / "land.png"))
    if results.learnt:
        figure = Figure(figsize=(10, 3.6))
        left, right = figure.subplots(1, 2)
        for one in results.learnt:
            left.plot(STEP * np.arange(len(one.inflow)), one.inflow, alpha=0.6, label=f"{one.kind}, seed {one.seed}")
        left.set(title="learnt inflow", xlabel="tick", ylabel="S a tick")
        left.legend(fontsize=7)
        for cell in results.cells[:1]:
            run, spread = np.array(cell.run), np.array(cell.spread)
            t = np.linspace(0, results.cell_ticks, len(run))
            for i, name in enumerate("SPQRT"):
                right.plot(t, run[:, i], label=name)
                right.fill_between(t, run[:, i] - spread[:, i], run[:, i] + spread[:, i], alpha=0.2)
            right.set(title=f"the cell under the {cell.name} inflow", xlabel="tick", yscale="symlog")
            right.legend(fontsize=7)
        paths.append(saved(figure, folder / "cell.png"))
    return paths


def saved(figure: Any, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return path
