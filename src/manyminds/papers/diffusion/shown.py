"""Tables and figures of the overview of diffusion models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.diffusion.checks import exponents

Row = dict[str, Any]


def tables(results: Any) -> list[Table]:
    """The user's data, or one table for each experiment that ran."""
    if results.user:
        return own(results.user)
    made: list[tuple[Any, Callable[[Any], Table]]] = [
        (results.initialisation, initialisation), (results.simulations, simulations), (results.bounds, bounds),
        (results.guided, guided), (results.over, over), (results.subspaces, subspaces),
        (results.rewarded, lambda rows: rewarded(rows, "a reward is fitted to labels")),
        (results.preferred, lambda rows: rewarded(rows, "a reward is fitted to preferences")),
        (results.between, between), (results.asked, asked),
    ]  # fmt: skip
    found = [make(rows) for rows, make in made if rows]
    return found + ([rates(results)] if results.rates else [])


def initialisation(rows: list[Row]) -> Table:
    known = {2.0: 5.8e-6, 4.0: 1.4e-9, 8.0: 1.5e-16}
    lines = tuple((r["end"], r["centred"], known.get(r["end"], ""), r["offset"]) for r in rows)
    return Table(
        "what the initialisation costs, data N(0, 0.3)", ("T", "KL", "derived before", "KL, mean off by 1"), lines
    )


def simulations(rows: list[Row]) -> Table:
    lines = tuple(
        (r["method"], r["mean"], r["end"], r["variance"], r["wanted"], r["variance_off"], r["mean_off"]) for r in rows
    )
    return Table(
        "simulated backward runs beside closed forms",
        ("sampler", "data mean", "T", "variance", "exact", "off (s.e.)", "mean off (s.e.)"),
        lines,
    )


def bounds(rows: list[Row]) -> Table:
    lines = tuple((r["error"], r["end"], r["kl"], r["bound"]) for r in rows if abs(r["error"]) in (0, 0.1))
    return Table("score error eps x: KL and its bound", ("eps", "T", "KL", "bound"), lines)


def guided(rows: list[Row]) -> Table:
    columns = ("w", "confidence", "mean", "std", "entropy", "tilted mean", "tilted std", "moved further")
    keys = ("weight", "confidence", "mean", "std", "entropy", "tilted_mean", "tilted_std", "raised")
    return Table("two classes N(+-1, 1), guided to +1", columns, tuple(tuple(r[k] for k in keys) for r in rows),
                 "tilted: the density p(x|y)^(1+w) p(x)^(-w), which guidance does not sample")  # fmt: skip


def over(rows: list[Row]) -> Table:
    known = {20: "14.7, split", 50: "2.5", 200: "< 1e-15, point"}
    lines = tuple(
        (r["steps"], r["weight"], r["std"], r["kurtosis"], r["fate"], known[r["steps"]] if r["weight"] else "")
        for r in rows
    )
    return Table(
        "the centre of three classes under strong guidance", ("steps", "w", "std", "kurtosis", "fate", "before"), lines
    )


def subspaces(rows: list[Row]) -> Table:
    lines = []
    for net in dict.fromkeys(r["net"] for r in rows):
        for dimension in dict.fromkeys(r["dimension"] for r in rows):
            some = [r for r in rows if (r["net"], r["dimension"]) == (net, dimension)]
            angles = [r["angle"] for r in some if r["angle"] is not None]
            lines.append((net, dimension, max(angles) if angles else "", mean(some, "error"), mean(some, "off")))
    return Table(
        "data on a subspace",
        ("network", "D", "largest angle", "score error on it", "energy off it / exact"),
        tuple(lines),
    )


def mean(rows: list[Row], key: str) -> Any:
    return st.mean([r[key] for r in rows]) if len(rows) > 1 else rows[0][key]


def rewarded(rows: list[Row], what: str) -> Table:
    lines = []
    for target in dict.fromkeys(r["target"] for r in rows):
        some = [r for r in rows if r["target"] == target]
        lines.append((target, mean(some, "realised"), mean(some, "formula"), mean(some, "promised"), mean(some, "off"),
                      mean(some, "true"), "yes" if all(r["within"] for r in some) else "extrapolated"))  # fmt: skip
    columns = ("asked", "realised on it", "formula", "f_hat says", "energy off it", "true reward", "in range")
    return Table(f"designs by conditional sampling: {what}", columns, tuple(lines))


def between(rows: list[Row]) -> Table:
    return Table(
        "plans between places",
        ("seed", "reached", "median miss", "reached, goal not held"),
        tuple((r["seed"], r["reached"], r["missed"], r["unheld"]) for r in rows),
    )


def asked(rows: list[Row]) -> Table:
    lines = tuple(
        (r["seed"], *(f"{a:.2f} -> {b:.2f}" for a, b in zip(r["asked"], r["realised"])), r["cloned"], r["data"])
        for r in rows
    )
    return Table(
        "returns: asked -> realised", ("seed", "low", "middle", "high", "behaviour cloning", "mean of the data"), lines
    )


def rates(results: Any) -> Table:
    lines = []
    for (latent, dimension), exponent in exponents(results).items():
        rows = [r for r in results.rates if (r["latent"], r["dimension"]) == (latent, dimension)]
        counts = sorted({r["count"] for r in rows})
        by_count = [float(np.mean([r["distance"] for r in rows if r["count"] == n])) for n in counts]
        lines.append((latent, dimension, exponent, ", ".join(f"{d:.3f}" for d in by_count)))
    return Table("sliced W2 over the number of training points", ("d", "D", "exponent", "distances"), tuple(lines))


def own(row: Row) -> list[Table]:
    keys = ("rows", "size", "held_out", "sliced", "w2", "p_same", "memorised")
    found = [
        Table(
            f"a model of {row['file']}",
            ("rows", "D", "held out", "sliced W2", "W2", "p(same law)", "memorisation"),
            (tuple(row[k] for k in keys),),
            "memorisation: nearest training point, samples over held-out rows; well below 1 is copying",
        )
    ]
    for name in ("targets", "guidance"):
        if name in row:
            lines = tuple(
                (r["target"], r["weight"], r["judged"], r["gap"], r["entropy"], "yes" if r["within"] else "no")
                for r in row[name]
            )
            found.append(Table(f"{name} (in deviations of y, judged by a model of held-out rows)",
                               ("asked", "w", "judged", "gap", "entropy", "in range"), lines))  # fmt: skip
    return found


def figures(results: Any, folder: Path) -> list[Path]:
    """Guidance curves and samples, the parts of the error, and rewards asked and got."""
    if not results.guided and not results.rewarded:
        return []
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.6))
    curve, samples, errors, rewards = figure.subplots(1, 4)
    if results.guided:
        guidance_panels(curve, samples, [r for r in results.guided if r["weight"] >= 0])
    for error in dict.fromkeys(abs(r["error"]) for r in results.bounds if r["error"] >= 0):
        rows = [r for r in results.bounds if r["error"] == error and r["kl"] > 0]
        line = errors.semilogy([r["end"] for r in rows], [r["kl"] for r in rows], "o-", label=f"eps = {error:g}")[0]
        errors.semilogy([r["end"] for r in rows], [r["bound"] for r in rows], ":", color=line.get_color())
    errors.set(title="KL (bounds dotted)", xlabel="T")
    targets = sorted({r["target"] for r in results.rewarded})
    for key, style in (("promised", "--"), ("realised", "o-"), ("true", "s-"), ("formula", "k:")):
        means = [np.mean([r[key] for r in results.rewarded if r["target"] == t]) for t in targets]
        rewards.plot(targets, means, style, label=key)
    rewards.plot(targets, targets, color="grey", linewidth=0.8, label="what was asked")
    rewards.set(title="reward asked and got", xlabel="asked")
    for panel in (curve, errors, rewards):
        if panel.get_legend_handles_labels()[0]:
            panel.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "diffusion.png"
    figure.savefig(path, dpi=120)
    return [path]


def guidance_panels(curve: Any, samples: Any, rows: list[Row]) -> None:
    weights = [r["weight"] for r in rows]
    for key in ("confidence", "std", "tilted_std", "entropy"):
        curve.plot(weights, [r[key] for r in rows], "o-", label=key.replace("_", " "))
    curve.set(title="guidance to one of two classes", xlabel="w")
    for i, r in enumerate(rows):
        samples.plot(r["sample"], np.full(len(r["sample"]), i), "|", alpha=0.5)
    samples.set(title="samples by w", xlabel="x", yticks=range(len(rows)), yticklabels=[f"{w:g}" for w in weights])
