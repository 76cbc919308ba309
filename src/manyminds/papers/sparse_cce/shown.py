"""Tables and figures of sparse CCE."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.sparse_cce.rows import Audited, Phase, User

# Derived beside the paper, one start: (T, player) -> Markov gap, mean stage regret, history gaps at H = 2, 8, 32, 256.
REFERENCE = {
    (100, 0): (0.035, 0.366, {2: 0.180, 8: 0.301, 32: 0.348, 256: 0.367}),
    (100, 1): (0.032, 0.338, {2: 0.143, 8: 0.267, 32: 0.315, 256: 0.335}),
    (1000, 0): (0.0056, 0.477, {2: 0.237, 8: 0.415, 32: 0.463, 256: 0.478}),
    (1000, 1): (0.0053, 0.440, {2: 0.204, 8: 0.378, 32: 0.425, 256: 0.440}),
}


def tables(results: Any) -> list[Table]:
    """The user's game, or the tables of all experiments."""
    if results.user:
        return [user(results.user)]
    found = [learned(results.learned), certificates(results.learned), bounds(results.bounds), phases(results.phases)]
    return [*found, threats(results.threats), visits(results.visits), extractions(results.extractions),
            contrasts(results.contrasts)]  # fmt: skip


def user(row: User) -> Table:
    lines = []
    for i, value in enumerate(row.values):
        regret = row.extracted[i] if row.extracted else ""
        gap = f"{row.history_gaps[i]:.4g} ± {row.errors[i]:.1g}" if row.errors[i] else f"{row.history_gaps[i]:.4g}"
        lines.append((i, value, row.markov_gaps[i], gap, row.certificates[i], regret))
    bound = "exact" if row.exact else "lower bounds from sampled histories"
    note = row.warning or "no warning: nobody gains much more by remembering than by a Markov deviation"
    return Table(f"{row.file}: {row.kind}, T = {row.episodes} policies {row.policies}, H = {row.stages}",
                 ("player", "value", "Markov gap", "history gap", "certified", "regret of nearest stage profile"),
                 tuple(lines), f"{note}. Payoffs span {row.span:.4g}; history gaps are {bound}")  # fmt: skip


def learned(rows: list[Audited]) -> Table:
    """Means over starts, the derived figures beside them."""
    lines = []
    for episodes in dict.fromkeys(r.episodes for r in rows):
        for player in (0, 1):
            some = [r for r in rows if (r.episodes, r.player) == (episodes, player)]
            known = REFERENCE.get((episodes, player))
            shortest = some[0].stages
            first = [r for r in some if r.stages == shortest]
            cells = [episodes, player + 1, beside(st.mean([r.markov_gap for r in first]).value, known and known[0]),
                     beside(st.mean([r.stage_regret for r in first]).value, known and known[1])]  # fmt: skip
            for stages in dict.fromkeys(r.stages for r in some):
                gap = st.mean([r.history_gap for r in some if r.stages == stages]).value
                cells.append(beside(gap, known[2].get(stages) if known else None))
            lines.append(tuple(cells))
    stages = [f"gap H={h}" for h in dict.fromkeys(r.stages for r in rows)]
    columns = ("T", "player", "Markov gap", "stage regret", *stages)
    note = "means over random starts; history gaps are what memory gains a stage"
    return Table("no-regret learners in self-play: ours (derived before)", columns, tuple(lines), note)


def beside(ours: float, known: float | None) -> str:
    return f"{ours:.3f} ({known:g})" if known else f"{ours:.3f}"


def certificates(rows: list[Audited]) -> Table:
    longest = max((r.episodes for r in rows), default=0)
    some = [r for r in rows if r.episodes == longest]
    lines = []
    for stages in dict.fromkeys(r.stages for r in some):
        here = [r for r in some if r.stages == stages]
        best = [
            max((r for r in here if r.start == k), key=lambda r: r.certificate)
            for k in dict.fromkeys(r.start for r in here)
        ]
        lines.append((stages, st.mean([r.certificate for r in best]), min(r.certificate for r in best),
                      st.mean([r.history_gap for r in best]), max(r.error for r in here),
                      st.mean([r.divergence for r in here]), here[0].budget))  # fmt: skip
    columns = ("H", "certificate", "least of any start", "history gap", "s.e.", "divergence", "ln T")
    return Table(f"what T = {longest} and H certify about the player with the larger regret", columns, tuple(lines),
                 "a positive certificate proves that the mixture is no coarse correlated equilibrium")  # fmt: skip


def bounds(rows: list[Audited]) -> Table:
    within = [r.within_bounds for r in rows]
    closest = min((r.history_gap - r.certificate for r in rows), default=float("nan"))
    used = max((r.divergence / r.budget for r in rows if r.budget > 0), default=float("nan"))
    line = (len({r.start for r in rows}), len(rows), st.share(sum(within), len(within)), closest, used)
    return Table(
        "random games and mixtures",
        ("games", "gaps", "within bounds", "least gap - certificate", "most of ln T used"),
        (line,),
    )


def phases(rows: Iterable[Phase]) -> Table:
    lines = tuple((r.plans, r.stages, r.gap, r.error, r.predicted) for r in rows)
    return Table("rock-paper-scissors, T random plans", ("T", "H", "gap", "s.e.", "1 - log3(T)/H"), lines)


def threats(rows: Iterable[Any]) -> Table:
    lines = tuple((r.stages, r.plain_gap, 0.25 / r.stages, r.with_kibitzer, 0.25 / 3, r.reacting) for r in rows)
    columns = ("H", "gap of threats", ".25/H", "with kibitzer", ".25/3", "threats react to it (>= .1/3)")
    return Table(
        "the grim profile", columns, lines, "least largest gap over all strategies of the kibitzer, by linear program"
    )


def visits(rows: Iterable[Any]) -> Table:
    lines = tuple((r.mixture, r.policies, r.value, r.error, r.largest_regret, r.loss, r.best) for r in rows)
    columns = ("mixture", "T", "kibitzer earns", "s.e.", "mean largest regret", "loss", "least regret visited")
    return Table("the kibitzer's deviation against policies with memory", columns, lines,
                 "it earns at least the mean largest regret less the loss sqrt(8 ln T / H)")  # fmt: skip


def extractions(rows: list[Any]) -> Table:
    hits = sum(r.regret <= r.elsewhere and r.regret < 1e-9 for r in rows)
    worst = max((r.regret for r in rows), default=float("nan"))
    line = (len(rows), st.share(hits, len(rows)), worst, min((r.elsewhere for r in rows), default=float("nan")))
    return Table(
        "extraction of a planted equilibrium",
        ("mixtures", "found", "largest regret found", "least regret of junk"),
        (line,),
    )


def contrasts(rows: Iterable[Any]) -> Table:
    return Table(
        "what is tractable", ("policy", "games", "worst gap"), tuple((r.what, r.games, r.worst_gap) for r in rows)
    )


def figures(results: Any, folder: Path) -> list[Path]:
    """Gaps over H for every T, and the map of T against H with its frontier."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    if not results.learned:
        return []
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for episodes in dict.fromkeys(r.episodes for r in results.learned):
        some = [r for r in results.learned if r.episodes == episodes and r.player == 0]
        horizons = list(dict.fromkeys(r.stages for r in some))
        gaps = [st.mean([r.history_gap for r in some if r.stages == h]).value for h in horizons]
        line = left.semilogx(horizons, gaps, marker="o", label=f"history gap, T = {episodes}")[0]
        left.axhline(
            st.mean([r.stage_regret for r in some]).value, color=line.get_color(), linestyle="--", linewidth=0.8
        )
        left.axhline(st.mean([r.markov_gap for r in some]).value, color=line.get_color(), linestyle=":", linewidth=0.8)
    left.set(xlabel="stages H", ylabel="gain a stage", title="dashed: stage regret, dotted: Markov gap")
    left.legend(fontsize=8)
    plans, stages = (sorted({getattr(r, name) for r in results.map}) for name in ("plans", "stages"))
    grid = np.full((len(plans), len(stages)), np.nan)
    for r in results.map:
        grid[plans.index(r.plans), stages.index(r.stages)] = r.gap
    shown = right.pcolormesh(stages, plans, grid, shading="nearest", vmin=0, vmax=1)
    right.set(xscale="log", yscale="log", xlabel="stages H", ylabel="plans T", title="gap; red: ln T = H ln 3")
    limits, line = right.get_ylim(), np.linspace(1, np.log(plans[-1]) / np.log(3) + 1, 50)
    right.plot(line, 3.0**line, "r-")
    right.set_ylim(limits)
    figure.colorbar(shown, ax=right)
    figure.tight_layout()
    path = folder / "sparse-cce.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return [path]
