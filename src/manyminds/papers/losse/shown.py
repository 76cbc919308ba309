"""Tables and figures of Losse: what was measured, beside what the paper says."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st

LEARNERS = {"linear": "linear Q-learning", "double-dqn": "double DQN"}


def tables(results: Any) -> list[Table]:
    """One table a part that ran."""
    if results.log:
        return log_tables(results.log)
    found = []
    if results.exact:
        found.append(exact_table(results.exact))
    if results.shift:
        found.append(shift_table(results.shift))
    if results.regret:
        r = results.regret
        rows = tuple((t, st.mean([one[i] for one in r.exact]), st.mean([one[i] for one in r.sparse]))
                     for i, t in enumerate(r.times) if i % 4 == 0)  # fmt: skip
        note = f"theory: slope {r.predicted_slope:.3g} on ln t for the leader; the sparse step has no such bound"
        found.append(Table("Regret on a noisy stationary stream", ("t", "leader", "sparse step"), rows, note))
    if results.regions:
        rows = tuple((r.method, st.mean(r.left), st.mean(r.later), st.mean(r.back), grown(r)) for r in results.regions)
        heads = ("method", "when left", "after the right half", "back again", "grown by")
        note = "paper: no forgetting for Losse"
        found.append(Table("Mountain car by halves: RMSE on the left half", heads, rows, note))
    if results.encodings:
        rows = tuple((r.task, r.features, r.size, r.active, st.mean(r.rmse)) for r in results.encodings)
        heads = ("task", "features", "D", "at work", "test RMSE")
        found.append(Table("Encodings at equal non-zeros", heads, rows, "paper: Losse lowest"))
    if results.cost:
        c = results.cost
        rows = (
            (f"sparse, D = {c.size:,}", c.sparse * 1e6, c.stored),
            (f"sparse, D = {c.larger_size:,}", c.larger * 1e6, c.larger_stored),
            (f"Sherman-Morrison, D = {c.size:,}", c.dense * 1e6, c.size**2),
        )
        found.append(Table("Cost of a step", ("method", "microseconds", "numbers stored"), rows, "on this machine"))
    return found + curve_tables(results.curves)


def exact_table(e: Any) -> Table:
    rows = (
        ("A and B against phi'phi, phi'y", "0", max(e.gram, e.cross)),
        ("full solve against least squares", "0", e.solve),
        ("the stream permuted", "0", e.order),
        ("steps that raised F, or went below its minimum", "0", e.rises + e.below),
        ("F at the end: W = 0, sparse step, leader", "falls", f"{e.before:.3g}, {e.after:.3g}, {e.least:.3g}"),
        ("relative gap after sweeps", "0", e.swept),
    )
    return Table("Exactness (float64)", ("check", "theory", "ours"), rows)


def shift_table(rows: Any) -> Table:
    names = list(rows[0].rivals)

    def rival(row: Any, name: str) -> str:
        return f"{st.mean(row.rivals[name])} (step {row.step_sizes[name]:g})"

    body = tuple((row.correlation, st.mean(row.losse), st.mean(row.exact), *(rival(row, name) for name in names))
                 for row in rows)  # fmt: skip
    note = "paper: Losse flat in d, online networks degrade"
    return Table("RMSE after one pass over a shifting stream", ("d", "Losse", "leader", *names), body, note)


def grown(row: Any) -> str:
    return f"{100 * (np.mean(row.later) / np.mean(row.left) - 1):+.1f} %"


def curve_tables(curves: Any) -> list[Table]:
    found = []
    note = "paper: Losse at least as high as networks with full replay"
    for place in dict.fromkeys(c.place for c in curves):
        here = [c for c in curves if c.place == place]
        rows = tuple((c.method, st.mean(c.area), st.mean([one[-1] for one in c.returns])) for c in here)
        title = f"Dyna in {place} by {LEARNERS[here[0].learner]}, {here[0].steps[-1]:,} real steps"
        found.append(Table(title, ("method", "area (mean return)", "last return"), rows, note))
    return found


def log_tables(log: Any) -> list[Table]:
    rows = tuple(zip(log.outputs, log.rmse, log.naive))
    note = (f"{log.rows:,} rows, {log.skipped} skipped (not finite), {log.outside} numbers outside the bounds; "
            f"{log.gib:.3g} GiB, {log.stored:,} numbers of A, {log.microseconds:.0f} microseconds a step")  # fmt: skip
    quarters = tuple((q, a, b, b - a) for q, (a, b) in enumerate(zip(log.left, log.end), 1))
    heads = ("quarter", "when left", "at the end", "forgotten")
    return [
        Table(f"One pass over {log.file}: prequential RMSE", ("output", "Losse", "mean so far"), rows, note),
        Table("RMSE by quarter, in units of the first rows' deviation", heads, quarters),
    ]


def figures(results: Any, folder: Path) -> list[Path]:
    """Error by correlation, regret by time, and a panel of return curves a world; what was not run is left out."""
    panels = [draw for wanted, draw in ((results.shift, draw_shift), (results.regret, draw_regret)) if wanted]
    places = list(dict.fromkeys(c.place for c in results.curves))
    if not panels and not places:
        return []
    from matplotlib.figure import Figure

    count = len(panels) + len(places)
    figure = Figure(figsize=(4 * count, 3.4))
    axes = np.atleast_1d(figure.subplots(1, count))
    for draw, axis in zip(panels, axes):
        draw(results, axis)
    for place, axis in zip(places, axes[len(panels) :]):
        for c in (c for c in results.curves if c.place == place):
            axis.plot(c.steps, np.mean(c.returns, 0), label=c.method)
        axis.set(title=place, xlabel="real steps", ylabel="return")
        axis.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "losse.png"
    figure.savefig(path, dpi=120)
    return [path]


def draw_shift(results: Any, axis: Any) -> None:
    d = [row.correlation for row in results.shift]
    axis.semilogy(d, [np.mean(row.losse) for row in results.shift], "o-", label="Losse")
    axis.semilogy(d, [np.mean(row.exact) for row in results.shift], "k--", label="leader")
    for name in results.shift[0].rivals:
        axis.semilogy(d, [np.mean(row.rivals[name]) for row in results.shift], "o-", label=name)
    axis.set(title="one pass under shift", xlabel="correlation d", ylabel="RMSE")
    axis.legend(fontsize=7)


def draw_regret(results: Any, axis: Any) -> None:
    r = results.regret
    axis.semilogx(r.times, np.mean(r.exact, 0), label="leader")
    axis.semilogx(r.times, np.mean(r.sparse, 0), label="sparse step")
    axis.set(title="regret, stationary", xlabel="t", ylabel="squared loss")
    axis.legend(fontsize=7)
