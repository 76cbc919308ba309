"""Tables and figures of the edge of reach."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st

EARLIER = {  # discounted returns of an independent earlier trial of the same recipe, not of the paper
    ("base", 3): -12.5, ("base", 5): -8.4, ("base", 10): -4.7, ("base", 40): -4.19,
    ("patch", 3): -5.4, ("patch", 5): -4.19, ("patch", 10): -4.5, ("patch", 40): -4.19,
    ("ravl-10", 3): -7.4, ("ravl-10", 5): -5.2, ("ravl-10", 10): -4.19, ("ravl-10", 40): -4.19,
    ("ravl-30", 3): -4.3, ("ravl-30", 5): -4.19, ("ravl-30", 10): -4.19, ("ravl-30", 40): -4.19,
}  # fmt: skip
NAMES = {
    "base": "base", "patch": "base + oracle patch", "ravl-10": "RAVL, 10 tables", "ravl-30": "RAVL, 30 tables",
    "low": "one table that begins low (control)", "mopo": "base + MOPO", "morel": "base + MOReL",
    "mobile": "base + MOBILE",
}  # fmt: skip


def tables(results: Any) -> list[Table]:
    """Returns on the grid, what the critics believe, the paradox of the true model, the plane, data."""
    found = [returns(results), beliefs(results)] if results.grid else []
    found += [paradox(results)] if results.blends else []
    found += [plane(results)] if results.plane else []
    found += [bodies(results)] if results.body else []
    found += [data(results)] if results.data else []
    return found


def returns(results: Any) -> Table:
    steps = list(dict.fromkeys(cell.steps for cell in results.grid))
    by = {(cell.method, cell.steps): cell for cell in results.grid}
    rows = []
    for method in dict.fromkeys(cell.method for cell in results.grid):
        row = [NAMES[method]]
        for k in steps:
            row += [st.mean(by[method, k].returns), EARLIER.get((method, k), "")]
        rows.append(tuple(row))
    columns = ("method", *(name for k in steps for name in (f"k={k}", "trial")))
    note = f"discounted return from the starting block, true dynamics; the best there is: {results.optimum:.2f}"
    return Table("Short rollouts in the true world", columns, tuple(rows), note)


def beliefs(results: Any) -> Table:
    rows = tuple(
        (NAMES[c.method], c.steps, *(st.mean(v) for v in (c.over_best, c.over_own, c.apart_at_edge, c.apart_within,
                                                          c.edge, c.void)))
        for c in results.grid
    )  # fmt: skip
    columns = ("method", "k", "over best value", "over own value", "apart at edge", "apart within", "edge", "void")
    note = "visited cells; edge, void: share of targets at the edge of reach, at cells never updated; RAVL begins at N(0, 5^2)"  # noqa: E501
    return Table("What the critics believe", columns, rows, note)


def paradox(results: Any) -> Table:
    shares = list(dict.fromkeys(row.share for row in results.blends))
    by = {(row.method, row.share): row for row in results.blends}
    rows = [
        (NAMES[m], *(st.mean(by[m, u].returns) for u in shares))
        for m in dict.fromkeys(row.method for row in results.blends)
    ]
    rows += [
        (f"largest {name} doubt", *(f"{results.doubts[str(u)][name]:.3g}" for u in shares))
        for name in ("mopo", "morel", "mobile")
    ]
    note = "paper: with true dynamics every penalised method drops, RAVL keeps its level"
    return Table("As the model becomes true", ("method", *(f"u={u:g}" for u in shares)), tuple(rows), note)


def plane(results: Any) -> Table:
    rows = tuple(
        (r.method, st.mean(r.returns), st.mean([t[-1] for t in r.target]), st.mean(r.largest), st.mean(r.bias),
         st.mean(r.apart_at_edge), st.mean(r.apart_within), f"{r.edge_share:.1%}")
        for r in results.plane
    )  # fmt: skip
    columns = ("method", "return", "mean target", "largest |Q|", "bias", "apart at edge", "apart within", "edge")
    note = f"the best return is {results.plane_best:.2f}; no true value exceeds 1/(1 - discount) = 100"
    return Table("On the plane", columns, rows, note)


def bodies(results: Any) -> Table:
    rows = tuple(
        (r.body, r.method, st.mean(r.left), st.mean(r.first), st.mean(r.returns), st.mean([t[-1] for t in r.target]),
         st.mean(r.bias))
        for r in results.body
    )  # fmt: skip
    columns = ("body", "method", "who left the data", "untrained", "learnt", "mean target", "bias")
    note = "returns in the true world, by the mode of the policy; bias: of the lowest critic, on the data"
    return Table("Bodies: the true world in place of the model", columns, rows, note)


def data(results: Any) -> Table:
    rows = tuple(
        (r.method, r.task, r.seed, st.mean(r.scores) if r.scores else "no simulator", r.target[-1],
         "" if r.bias is None else r.bias, f"{r.last_step_share:.0%}", f"{r.seconds:.0f}")
        for r in results.data
    )  # fmt: skip
    columns = ("method", "task", "seed", "normalised score", "mean target", "bias", "last-step rows", "seconds")
    return Table("On a data set", columns, rows)


def figures(results: Any, folder: Path) -> list[Path]:
    """Returns by length of the rollout, returns as the model becomes true, and targets on the plane."""
    from matplotlib.figure import Figure

    every = ((by_length, results.grid), (by_share, results.blends), (by_update, results.plane))
    panels = [draw for draw, there in every if there]
    if not panels:
        return []
    figure = Figure(figsize=(4.6 * len(panels), 3.6))
    for axes, draw in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        draw(axes, results)
        axes.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "edge_of_reach.png"
    figure.savefig(path, dpi=120)
    return [path]


def lines(axes: Any, rows: list[Any], x: str, names: dict[str, str]) -> None:
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        middle = [np.mean(row.returns) for row in own]
        spread = [np.ptp(row.returns) / 2 for row in own]
        axes.errorbar([getattr(row, x) for row in own], middle, spread, marker="o", label=names[method], alpha=0.8)


def by_length(axes: Any, results: Any) -> None:
    lines(axes, results.grid, "steps", NAMES)
    axes.axhline(results.optimum, color="k", ls=":", label="best there is")
    axes.set(xscale="log", xlabel="length k of the rollouts", ylabel="discounted return",
             title="True dynamics, short rollouts")  # fmt: skip


def by_share(axes: Any, results: Any) -> None:
    lines(axes, results.blends, "share", NAMES)
    axes.axhline(results.optimum, color="k", ls=":")
    axes.set(xlabel="u: from the learned model to the true one", title="As the model becomes true")


def by_update(axes: Any, results: Any) -> None:
    for row in results.plane:
        axes.plot(np.mean(row.target, 0), label=row.method)
    axes.axhline(100, color="k", ls=":", label="1 / (1 - discount)")
    axes.set(yscale="log", xlabel="training time", title="Mean target on the plane")
