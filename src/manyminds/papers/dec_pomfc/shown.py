"""Tables, curves and the animation of swarms."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st

NAMES = {"field": "Dec-POMFPPO", "open": "Dec-POMFPPO, open loop", "ippo": "IPPO", "mappo": "MAPPO"}


def named(row: Any) -> str:
    lifted = row.learner in ("field", "open")
    return NAMES[row.learner] + (f", {row.shape}" if lifted else "")


def run_of(row: Any, way: str, agents: int) -> Any:
    return next(run for run in row.runs if run.way == way and run.agents == agents)


def at_training(row: Any, way: str = "mean") -> Any:
    """The run with as many agents as in training, which comes first."""
    return next(run for run in row.runs if run.way == way)


def tables(results: Any) -> list[Table]:
    found = [closed_forms(results)]
    found += [quadratic(results)] if results.quadratic else []
    if results.learnt:
        found += [returns(results), ways(results), sizes(results)]
    return found


def closed_forms(results: Any) -> Table:
    e = results.exact
    rows = (
        ("E|f(mu^N) - f(mu)|, slope of ln on ln N", -0.5, e.slope),
        ("kernel rules: steepest change in what is seen", f"<= {e.smooth_bound:.3g}", e.steepest["kernel"]),
        ("histogram rules: the same, seen 1e-4 apart", "unbounded", e.steepest["histogram"]),
    )
    return Table("Limits and Lipschitz rules", ("measure", "theory", "ours"), rows)


def quadratic(results: Any) -> Table:
    rows = tuple(
        (q.blur, q.optimum, q.fixed, q.gain, st.mean(q.returns),
         f"{(q.optimum - np.mean(q.returns)) / abs(q.optimum):.2%}",
         q.nothing)
        for q in results.quadratic
    )  # fmt: skip
    columns = ("noise R", "optimum", "best fixed gain", "K", "learnt", "below the optimum", "doing nothing")
    return Table("The quadratic world: discounted return", columns, rows, "theory: the limit; learnt: N agents")


def returns(results: Any) -> Table:
    rows = []
    for row in results.learnt:
        run = at_training(row)
        rows.append((row.task, named(row), row.numbers, st.mean(run.totals()),
                     st.mean([score.order for score in run.scores]),
                     st.mean(row.untrained) if row.untrained else "", st.mean(row.hand.total), row.hand_gain,
                     st.mean(row.nothing.total)))  # fmt: skip
    columns = ("task", "learner", "numbers", "return", "order", "untrained", "by hand", "its gain", "doing nothing")
    note = "mean over seeds of the sum of rewards, by the actor's mean; paper: on a par with IPPO and MAPPO"
    return Table("Swarms", columns, tuple(rows), note)


def ways(results: Any) -> Table:
    kinds = ("mean", "shared", "own", "open")
    rows = tuple(
        (row.task, named(row), *(st.mean(at_training(row, way).totals()) for way in kinds))
        for row in results.learnt if row.learner in ("field", "open")
    )  # fmt: skip
    columns = ("task", "learner", "actor's mean", "one draw for all", "a draw each", "rules of the limit replayed")
    return Table("Ways of execution", columns, rows, "with mu seen by the actor, only the last is decentralised")


def sizes(results: Any) -> Table:
    rows = []
    for row in (row for row in results.learnt if row.learner in ("field", "open")):
        limit = max(run.agents for run in row.runs)
        far = run_of(row, "mean", limit).totals()[0]
        for run in sorted((run for run in row.runs if run.way == "mean"), key=lambda run: run.agents):
            value = run.totals()[0]
            rows.append((row.task, named(row), run.agents, value, abs(value - far)))
    return Table(
        "Returns by number of agents (first seed)", ("task", "learner", "N", "J^N", "|J^N - J^M|"), tuple(rows)
    )


def figures(results: Any, folder: Path) -> list[Path]:
    """Training curves, returns by number of agents, and how fast a fixed policy comes to its limit; an animation."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.8))
    curves, numbers, limit = figure.subplots(1, 3)
    for row in results.learnt:
        middle = np.mean(row.curve, 1)
        curves.plot(np.linspace(0, 1, len(middle)), middle, label=f"{row.task}, {named(row)}")
        if row.learner in ("field", "open"):
            runs = sorted((run for run in row.runs if run.way == "mean"), key=lambda run: run.agents)
            numbers.semilogx([run.agents for run in runs], [run.totals()[0] for run in runs], "o-",
                             label=f"{row.task}, {named(row)}")  # fmt: skip
    curves.set(xlabel="share of the training", ylabel="return", title="Training")
    numbers.set(xlabel="N", ylabel="return", title="By number of agents")
    e = results.exact
    limit.loglog(e.sizes, e.gaps, "o-", label=f"slope {e.slope:.2f}")
    limit.set(xlabel="N", ylabel="E|Var(mu^N) - Var(mu)|", title="A fixed policy comes to its limit")
    for axes in (curves, numbers, limit):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=6)
    figure.tight_layout()
    paths = [folder / "swarms.png"]
    figure.savefig(paths[0], dpi=120)
    for row in results.learnt:
        if row.path:
            paths += [stills(row, folder), film(row, folder)]
            break
    return paths


def drawn(axes: Any, row: Any, t: int) -> None:
    """The swarm at one moment: dots, or arrows where agents have an angle."""
    place = np.array(row.path["place"][t])
    if "angle" in row.path:
        angle = np.array(row.path["angle"][t])
        axes.quiver(place[:, 0], place[:, 1], np.cos(angle), np.sin(angle), angle, cmap="hsv", clim=(0, 2 * np.pi),
                    scale=25, width=0.008)  # fmt: skip
        axes.set(xlim=(0, 1), ylim=(0, 1))
    else:
        axes.plot(place[:, 0], place[:, 1], ".", ms=4)
        axes.set(xlim=(-2, 2), ylim=(-2, 2))
    axes.set(title=f"t = {2 * t}", xticks=[], yticks=[], aspect="equal")


def stills(row: Any, folder: Path) -> Path:
    from matplotlib.figure import Figure

    last = len(row.path["place"]) - 1
    figure = Figure(figsize=(12, 3.2))
    for axes, t in zip(figure.subplots(1, 4), (0, last // 8, last // 3, last)):
        drawn(axes, row, t)
    path = folder / f"{row.task}.png"
    figure.savefig(path, dpi=110)
    return path


def film(row: Any, folder: Path) -> Path:
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2, 3.4))
    FigureCanvasAgg(figure)
    axes = figure.subplots()

    def frame(t: int) -> list[Any]:
        axes.clear()
        drawn(axes, row, t)
        return []

    path = folder / f"{row.task}.gif"
    FuncAnimation(figure, frame, frames=len(row.path["place"])).save(path, writer=PillowWriter(fps=10), dpi=70)
    return path
