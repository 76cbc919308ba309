"""Tables and figures of hiring agents."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.hiring_agents.rows import Drawn, Learned, Obeyed
from manyminds.theory.hiring_online import slope


def tables(results: Any) -> list[Table]:
    """The user's instance, or the tables of all experiments."""
    if results.solved:
        return solved(results.solved)
    found = [canonical(results.canonical), drawn(results.drawn), learned(results.learned, results.optimum)]
    return [*found, widths(results.learned), caps(results.caps), study(results.study)]


def solved(row: Any) -> list[Table]:
    lines = [
        ("principal's value", row.value), ("the same, computed afresh", row.checked_value), ("dual value", row.dual),
        ("best without correlated efforts", row.deterministic), ("best scoring rule per agent", row.uncorrelated),
        ("if effort could be seen", row.first_best), ("expected payments", ", ".join(f"{p:.4g}" for p in row.paid)),
        ("slack over all deviations", row.slack), ("deviations tried", row.deviations),
        ("incentive compatible", "yes" if row.certified else "NO"),
    ]  # fmt: skip
    note = f"{row.note + '; ' if row.note else ''}mechanism.json and contracts.md lie in the run's folder"
    return [Table(f"mechanism for {row.file}", ("", "value"), tuple(lines), note), caps(row.caps)]


def canonical(rows: Iterable[Any]) -> Table:
    lines = tuple(
        (
            r.accuracy,
            r.work,
            r.audit,
            r.cap,
            r.closed_form,
            r.optimum,
            r.deterministic,
            r.uncorrelated,
            r.audited,
            r.slack,
        )
        for r in rows
    )
    columns = ("q", "c", "d", "M", "closed form", "program", "deterministic", "uncorrelated", "audits", "slack")
    return Table(
        "the random audit", columns, lines, "closed form derived; slack over all deviations of the recovered mechanism"
    )


def drawn(rows: Iterable[Drawn]) -> Table:
    lines = []
    for kind, group in groupby(rows, key=lambda r: r.kind):
        some = list(group)
        gains = [r.gain for r in some]
        lines.append((kind, len(some), sum(r.costly for r in some), st.share(sum(g > 1e-6 for g in gains), len(gains)),
                      max(gains), max(abs(r.optimum - r.separable) for r in some), min(r.slack for r in some),
                      max(abs(r.optimum - r.dual) for r in some)))  # fmt: skip
    columns = (
        "law",
        "instances",
        "with effort",
        "correlation gains",
        "most",
        "|program - separable|",
        "least slack",
        "duality gap",
    )
    return Table("random instances, 2 agents x 2 efforts x 2 signals", columns, tuple(lines),
                 "the separable formula is meant for independent signals only")  # fmt: skip


def learned(rows: Iterable[Learned], optimum: float | None) -> Table:
    lines = []
    first = next(iter(rows), None)
    for plan, group in groupby((r for r in rows if first and r.width == first.width), key=lambda r: r.plan):
        some = list(group)
        means = [float(st.mean(r.regrets).value) for r in some]
        horizons = [float(r.rounds) for r in some]
        whole = slope(horizons, means) if len(some) > 1 else float("nan")
        last = slope(horizons[-2:], means[-2:]) if len(some) > 1 else float("nan")
        for r, regret in zip(some, means, strict=True):
            obeyed = st.share(sum(r.obedient), len(r.obedient))
            lines.append((plan, f"{r.rounds:.0e}", regret, r.value, r.alpha, obeyed, whole, last))
    columns = ("plan", "T", "regret", "value afterwards", "alpha", "obedient", "slope", "last decade")
    note = (
        f"optimum {optimum:.4f} a round; the paper proves an upper bound of order T^(2/3) for the first plan"
        if optimum
        else ""
    )
    return Table("learning while hiring", columns, tuple(lines), note)


def widths(rows: list[Learned]) -> Table:
    some = sorted((r for r in rows if r.plan == "commit"), key=lambda r: (r.width, r.rounds))
    ends = {min(r.rounds for r in some), max(r.rounds for r in some)} if some else set()
    lines = tuple(
        (r.width, f"{r.rounds:.0e}", st.share(sum(r.obedient), len(r.obedient)), r.alpha, st.mean(r.regrets))
        for r in some
        if r.rounds in ends
    )
    note = "a width that is too small leaves incentives unrepaired; a large one pays for more than is needed"
    return Table("how much repair is needed", ("width", "T", "obedient", "alpha", "regret"), lines, note)


def caps(rows: Iterable[Any]) -> Table:
    lines = tuple((r.cap, r.value, r.paid, r.note) for r in rows)
    return Table("the value of a higher cap on payments", ("cap", "value", "paid", "note"), lines)


def study(rows: list[Obeyed]) -> Table:
    lines = []
    for (seat, mind, partner), some in pairs(rows).items():
        answered, total = sum(r.answered for r in some), sum(r.rounds for r in some)
        obeyed = sum(r.obeyed for r in some)
        failed = sum(r.ending != "finished" for r in some)
        bounds = st.share(obeyed, total), st.share(obeyed + total - answered, total)
        earned, principal = st.mean([r.utility for r in some]), st.mean([r.principal for r in some])
        lines.append((seat, mind, partner, *bounds, earned, some[0].promised, principal, failed))
    columns = ("seat", "mind", "other seat", "obeyed", "upper bound", "earned", "promised", "principal", "failed plays")
    note = "a round without an answer counts as disobedient on the left and as obedient in the upper bound"
    return Table("obedience to the audit's contract", columns, tuple(lines), note)


def pairs(rows: list[Obeyed]) -> dict[tuple[str, str, str], list[Obeyed]]:
    """The rows of each (seat, its mind, the other mind); two rows of a play stand next to each other."""
    found: dict[tuple[str, str, str], list[Obeyed]] = {}
    for worker, auditor in zip(rows[::2], rows[1::2], strict=True):
        found.setdefault((worker.seat, worker.mind, auditor.mind), []).append(worker)
        found.setdefault((auditor.seat, auditor.mind, worker.mind), []).append(auditor)
    return found


def figures(results: Any, folder: Path) -> list[Path]:
    """Regret over T for every plan, and the value of the random audit over the cap."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    if not results.learned:
        return []
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    width = results.learned[0].width
    for plan, group in groupby((r for r in results.learned if r.width == width), key=lambda r: r.plan):
        some = list(group)
        means = [st.mean(r.regrets).value for r in some]
        left.loglog([r.rounds for r in some], means, marker="o", label=plan)
    first = results.learned[0]
    horizons = [r.rounds for r in results.learned if (r.plan, r.width) == ("commit", width)]
    start = st.mean(first.regrets).value
    left.loglog(horizons, [start * (t / horizons[0]) ** (2 / 3) for t in horizons], "k:", label="slope 2/3")
    left.set(xlabel="rounds T", ylabel="regret")
    left.legend(fontsize=8)
    rows = sorted(
        (r for r in results.canonical if (r.accuracy, r.work, r.audit) == (0.75, 0.05, 0.1)), key=lambda r: r.cap
    )
    right.semilogx([r.cap for r in rows], [r.closed_form for r in rows], "-", label="closed form")
    right.semilogx([r.cap for r in rows], [r.optimum for r in rows], "o", label="linear program")
    right.semilogx([r.cap for r in rows], [r.deterministic for r in rows], "s--", label="without correlated efforts")
    right.set(xlabel="cap on payments M", ylabel="principal's value")
    right.legend(fontsize=8)
    figure.tight_layout()
    path = folder / "hiring.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return [path]
