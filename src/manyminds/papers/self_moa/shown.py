"""The tables and figures of mixing against sampling one model."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.self_moa.claims import PAPERS
from manyminds.papers.self_moa.organisms import organism_tables

# Table 3 of the paper: (MMLU, CRUX, MATH), aggregator i.
PUBLISHED = {
    "single:i": (66.16, 36.25, 53.81), "single:d": (60.91, 49.51, 53.82), "single:m": (54.36, 27.88, 69.57),
    "mixed:iimmdd": (67.89, 42.88, 64.38), "mixed:mmmddd": (65.80, 47.00, 67.32), "mixed:mmdddd": (66.34, 46.75, 66.48),
    "mixed:dddddd": (65.23, 50.75, 63.08), "self": (69.01, 50.75, 68.42), "self-best": (69.01, 52.62, 69.80),
}  # fmt: skip
MEANS = {
    "mixed:imdddd": 58.61, "mixed:iiiimd": 57.72, "mixed:immmmd": 58.47, "mixed:iimmmm": 57.19, "mixed:iiimmm": 56.63,
    "mixed:iiiimm": 55.97, "mixed:iidddd": 58.76, "mixed:iiiddd": 57.82, "mixed:iiiidd": 56.82, "mixed:mmmmdd": 58.52,
}  # fmt: skip
ALPACA = {"self": "65.7", "layers": "65.4 (3 layers)", "mixed": "59.1", "usc": "60.2 (self), 53.8 (mixed)",
          "single": "53.1 (best)"}  # fmt: skip
SLOPES = {"MMLU": "2.558 / 1.841 / .771", "CRUX": "4.548 / 1.421 / .685", "MATH": "4.719 / 2.839 / .760"}


def tables(results: Any) -> list[Table]:
    found = [costs(results, errors) for errors in dict.fromkeys(one.errors for one in results.trials)]
    if results.trials:
        found += [choices(results), behind(results)]
    if results.map:
        found.append(regime_map(results))
    if results.fits:
        found.append(slopes(results))
    if results.written:
        found.append(writers(results))
    if results.judged:
        found.append(judgements(results))
    if results.organisms:
        found += organism_tables(results)
    return found


def of(results: Any, errors: str) -> list[Any]:
    return [one for one in results.trials if one.errors == errors]


def pooled(found: list[Any], data: str, arm: str) -> st.Estimate | str:
    values = [score for one in found if one.data == data and one.row(arm) for score in one.row(arm).scores]
    return st.mean([None if v is None else 100 * v for v in values]) if any(v is not None for v in values) else "-"


def costs(results: Any, errors: str) -> Table:
    """Arms by set with what they cost: passes and tokens a task."""
    found = of(results, errors)
    sets = list(dict.fromkeys(one.data for one in found))
    rows = []
    for arm in dict.fromkeys(row.arm for one in found for row in one.rows):
        cells = [pooled(found, name, arm) for name in sets]
        own = [one.row(arm) for one in found if one.row(arm)]
        told = [cell.value for cell, name in zip(cells, sets) if isinstance(cell, st.Estimate) and name != "equal"]
        rows.append(
            (
                arm,
                *cells,
                float(np.mean(told)) if told else "-",
                weighted(cells, sets),
                printed(arm, bool(errors)),
                float(np.mean([row.passes for row in own])),
                float(np.mean([row.tokens for row in own])),
            )
        )
    who = f"scripted specialists with the paper's accuracies, distractors {errors}" if errors else "models given"
    columns = ("arm", *(f"{name}, %" for name in sets), "mean", "weighted mean", "paper", "passes", "tokens")
    note = (
        "the scripted models and exam 'equal' are ours; mean without it; weighted by the inverse of the variance; "
        "the paper's: MMLU, CRUX, MATH or their mean"
        if errors
        else "weighted by the inverse of the variance"
    )
    return Table(f"Arms at their cost: {who}", columns, tuple(rows), note)


def weighted(cells: list[Any], sets: list[str]) -> float | str:
    """The mean of the sets with the inverse of their sampling variance as weights (our reading)."""
    told = [(c.value, ((c.high - c.low) / 4) ** 2) for c, name in zip(cells, sets) if isinstance(c, st.Estimate)
            and name != "equal" and np.isfinite(c.high - c.low) and c.high > c.low]  # fmt: skip
    return float(np.average([v for v, _ in told], weights=[1 / s for _, s in told])) if told else "-"


def printed(arm: str, scripted: bool) -> str:
    if not scripted:
        return "-"
    return (
        " / ".join(f"{x:.1f}" for x in PUBLISHED[arm])
        if arm in PUBLISHED
        else f"mean {MEANS[arm]}"
        if arm in MEANS
        else "-"
    )


def choices(results: Any) -> Table:
    """Who was chosen as the best, and what it is worth to choose by task."""
    rows = []
    for errors in dict.fromkeys(one.errors for one in results.trials):
        for one in of(results, errors):
            mixes = [row.mean for row in one.rows if row.arm.startswith("mixed:") and len(set(row.arm[6:])) > 1]
            alone = {row.arm[7:]: row.mean for row in one.rows if row.arm.startswith("single:")}
            own = one.row("self").mean if one.row("self") else float("nan")
            rows.append((errors or "-", one.data, one.best, one.best_on_test or "-",
                         ", ".join(f"{k} {100 * v:.1f}" for k, v in alone.items()), 100 * own,
                         100 * max(mixes, default=float("nan")), one.validation))  # fmt: skip
    columns = ("distractors", "set", "chosen on validation", "best on test", "single answers, %", "self, %",
               "best mix, %",
               "validation tasks")  # fmt: skip
    note = ("the paper knows the best model of each task: its +3.8 is 63.81 - 60.04, by task against the best fixed "
            "mix; "
            "with one model for all tasks the mix is ahead by .35 (60.04 - 59.69)")  # fmt: skip
    return Table("Choosing the model", columns, tuple(rows), note)


def behind(results: Any) -> Table:
    """What became of the proposals."""
    rows = []
    errors = results.trials[0].errors
    found = of(results, errors)
    for arm in dict.fromkeys(row.arm for one in found for row in one.rows):
        own = [one.row(arm) for one in found if one.row(arm) and one.row(arm).quality is not None]
        if not own:
            continue
        curve: dict[int, np.ndarray] = {}
        for row in own:
            for right, cell in row.curve.items():
                curve[int(right)] = curve.get(int(right), np.zeros(2)) + cell
        told = " ".join(f"{k}:{100 * a / n:.0f}" for k, (a, n) in sorted(curve.items())) if len(curve) < 10 else "-"
        q, t = (float(np.mean([getattr(row, name) for row in own])) for name in ("quality", "mean"))
        dropped = sum(sum(row.dropped.values()) for row in own)
        rows.append((arm, 100 * q, float(np.mean([row.diversity for row in own])), 100 * (t - q),
                     100 * float(np.mean([row.oracle for row in own])),
                     100 * float(np.mean([row.swamped or 0 for row in own])), told, dropped,
                     100 * float(np.mean([row.obeyed or 0 for row in own]))))  # fmt: skip
    columns = ("arm", "quality", "Vendi score", "lift", "some proposal right, %", "majority swamped, %",
               "right by right proposals, %", "dropped", "ordered answer, %")  # fmt: skip
    note = (
        "quality: mean over slots, in %; the last: answers equal to what 'planted' orders, which others give by chance"
    )
    return Table(f"Proposals and aggregate{', distractors ' + errors if errors else ''}", columns, tuple(rows), note)


def regime_map(results: Any) -> Table:
    rows = tuple(
        ("shared" if row.shared else "own", row.rho,
         *(f"{gain:+.4f} ({seen[0]:+.4f})" for gain, seen in zip(row.gains, row.simulated)), row.crossing)
        for row in results.map
    )  # fmt: skip
    gaps = [f"gap {gap:.3f}" for gap in results.map[0].gaps]
    note = "exact gain of 3 + 3 votes over 6 of the better one (simulated); four options; the better one alone: 56.1 %"
    return Table("When mixing wins", ("distractor", "shared difficulty", *gaps, "gain is 0 at"), rows, note)


def slopes(results: Any) -> Table:
    rows = tuple(
        (errors, row.data, row.summary, row.alpha, row.alpha_p, row.beta, row.beta_p, row.explained,
         SLOPES.get(row.data, "-") if row.summary == "mean" else "-")
        for errors, found in results.fits.items() for row in found
    )  # fmt: skip
    columns = ("distractors", "set", "quality as", "alpha", "p", "beta", "p of beta", "R squared", "paper")
    return Table(
        "t = alpha q + beta d + gamma, 70 scripted configurations",
        columns,
        rows,
        "percent points per standard deviation; norms at K = 2; the paper: alpha / beta / R squared",
    )


def writers(results: Any) -> Table:
    rows = tuple((row.arm, 100 * row.rubric, 100 * row.raw, 100 * row.controlled, row.words) for row in results.written)
    columns = ("writer", "keywords, %", "win rate, %", "at equal length, %", "words")
    return Table("Writing with a rubric, scripted writers and judge", columns, rows,
                 f"{results.written[0].n} tasks, against a reference as good as writer a")  # fmt: skip


def judgements(results: Any) -> Table:
    rows = tuple(
        (row.data, row.arm, *("-" if x is None else x for x in (row.raw, row.controlled, row.grade)),
         ALPACA.get(row.arm.partition(":")[0], "-") if row.data == "alpaca-eval" else "-", row.unusable, row.n)
        for row in results.judged
    )  # fmt: skip
    columns = ("set", "arm", "win rate", "at equal length", "grade", "paper, %", "unusable", "judged")
    return Table("Judged by a model", columns, rows)


def figures(results: Any, folder: Path) -> list[Path]:
    """The regime map as curves, and arms by quality and diversity."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.8))
    left, right = figure.subplots(1, 2)
    for row in results.map:
        style = "--" if row.shared else "-"
        left.plot(row.gaps, row.gains, style, color=f"C{int(4 * row.rho)}",
                  label=f"{'shared' if row.shared else 'own'} distractor, rho {row.rho:g}")  # fmt: skip
    left.axhline(0, color="grey", linewidth=0.8)
    left.set(title="gain of 3 + 3 over 6 of the better one", xlabel="gap in accuracy")
    if results.map:
        left.legend(fontsize=6)
    for i, name in enumerate(dict.fromkeys(one.data for one in results.trials if one.data in PAPERS or not one.errors)):
        rows = [row for one in results.trials if one.data == name and one.errors in ("shared", "") for row in one.rows
                if row.quality is not None and row.diversity is not None]  # fmt: skip
        right.scatter([row.diversity for row in rows], [100 * (row.mean - row.quality) for row in rows], s=12,
                      color=f"C{i}",
                      label=name)  # fmt: skip
    right.set(title="lift of the aggregate", xlabel="Vendi score of the proposals", ylabel="points over their mean")
    if results.trials:
        right.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "mixing.png"
    figure.savefig(path, dpi=120)
    return [path]
