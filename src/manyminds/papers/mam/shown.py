"""The tables and the figure of a run; the paper's figures beside ours."""

from pathlib import Path
from typing import Any

from manyminds.core import Table
from manyminds.core import statistics as st

NAMES = {
    "marginals": "MaM",
    "squared": "MaM, squared error",
    "one conditional": "ARM-MC",
    "full chain": "ARM, whole chain",
}
# The paper's figures on the 10 x 10 lattice: bits a dimension, E[log q - f].
PAPER_ISING = {"marginals": (0.80, -77.8), "one conditional": (24.8, -18.0), "full chain": (0.79, -78.6)}


def mean(rows: list[Any], name: str) -> Any:
    values = [getattr(row, name) for row in rows]
    return st.mean(values) if values and values[0] is not None else "-"


def tables(results: Any) -> list[Table]:
    found = []
    if results.ising:
        found += [sampled(results.ising), *([exact(results.ising)] if results.ising[0].enumerated else [])]
    if results.text:
        found.append(text(results.text))
    if results.design:
        found.append(design(results.design))
    if results.speed:
        found.append(speed(results.speed))
    if results.files:
        found.append(fitted(results.files))
    return found


def sampled(learnt: list[Any]) -> Table:
    one = learnt[0]
    rows = []
    for row in learnt:
        bits, gap = PAPER_ISING.get(row.objective, ("-", "-"))
        measures = ("gap", "bits", "magnetisation", "correlation", "head_spearman")
        rows.append((NAMES[row.objective], *(mean(row.sampled, name) for name in measures), 1000 * row.seconds, gap,
                     bits))  # fmt: skip
    rows.append(("exact", -one.truth.log_z, "-", one.truth.magnetisation, one.truth.correlation, 1.0, "-", "-", "-"))
    columns = ("objective", "E[log q - f]", "bits/dim", "magnetisation", "neighbours", "head ~ chain", "ms a step",
               "paper E[log q - f]", "paper bits/dim")  # fmt: skip
    note = "the paper's figures are for its 10 x 10 lattice; gap of the exact law: -log Z by the transfer matrix"
    return Table(f"Ising {one.length} x {one.length}, {one.steps} steps", columns, tuple(rows), note)


def exact(learnt: list[Any]) -> Table:
    measures = ("kl", "error", "correlation", "mass")
    rows = tuple((NAMES[row.objective], *(mean(row.enumerated, name) for name in measures)) for row in learnt)
    return Table("Against all configurations", ("objective", "KL (nats)", "|error of log p(x_S)|", "Pearson", "mass"),
                 rows)  # fmt: skip


def text(found: Any) -> Table:
    rows = (
        ("bits a letter, chain rule", mean(found.read, "bits"), mean(found.read, "true_bits")),
        ("bits a letter, marginal head", mean(found.read, "head_bits"), mean(found.read, "true_bits")),
        ("log p of random masks, Pearson", mean(found.read, "pearson"), 1.0),
        ("likely above corrupted, AUC", mean(found.read, "auc"), 1.0),
        ("the same by the chain rule", mean(found.read, "chain_auc"), 1.0),
    )
    note = f"{found.states} contexts; paper, text8: about 1.5 bits a character for AO-ARM and MaM alike"
    return Table("Markov text, two stages", ("measure", "ours", "exact"), rows, note)


def design(found: list[Any]) -> Table:
    by_target = [[d for d in found if d.target == target] for target in dict.fromkeys(d.target for d in found)]
    rows = tuple((of[0].target, mean(of, "mean"), of[0].exact_mean, mean(of, "held_mean"), of[0].exact_held_mean,
                  mean(of, "respected"), mean(of, "kl"), " ".join(of[0].examples)) for of in by_target)  # fmt: skip
    columns = ("target", "mean", "exact", "mean, scaffold", "exact", "scaffold kept", "KL", "samples")
    return Table("Strings designed for a property", columns, rows)


def speed(found: Any) -> Table:
    rows = ((found.size, found.batch, found.marginal, found.chain, found.ratio),)
    return Table("One query", ("variables", "batch", "marginal (s)", "chain (s)", "ratio"), rows,
                 "paper: 10^3 to 10^4 on a GPU, .018 s against 132 s and more on binary MNIST")  # fmt: skip


def fitted(found: Any) -> Table:
    rows = ((found.data, found.bits, found.head_bits, found.spearman, found.pearson, found.seconds_head,
             found.seconds_chain),)  # fmt: skip
    columns = ("data", "bits/dim, chain", "bits/dim, head", "Spearman", "Pearson", "head (s)", "one chain (s)")
    note = "paper: binary MNIST .149 (Spearman .99), text8 about 1.5, MOSES .65 (.99 and more)"
    return Table("Published files, two stages", columns, rows, note)


def figures(results: Any, folder: Path) -> list[Path]:
    """Training curves of the gap, and how consistent the marginals are by the number of known variables."""
    if not results.ising:
        return []
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5))
    gap, sums = figure.subplots(1, 2)
    for row in results.ising:
        name = NAMES[row.objective]
        colour = f"C{list(NAMES).index(row.objective)}"
        for i, curve in enumerate(row.curve):
            gap.plot(curve, label=name if i == 0 else None, color=colour)
        for one in row.enumerated:
            if one.sums is not None:
                sums.plot(one.sums, color=colour)
    gap.axhline(-results.ising[0].truth.log_z, color="black", lw=0.8, label="-log Z, exact")
    gap.set(title="log p - f in training", xlabel="tenths of the training", ylabel="nats")
    gap.legend(fontsize=7)
    sums.set(title="|log sum over one variable - log marginal|", xlabel="known variables", ylabel="nats")
    figure.tight_layout()
    path = folder / "marginals.png"
    figure.savefig(path, dpi=120)
    return [path]
