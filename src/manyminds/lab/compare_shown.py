"""The tables and figures of a comparison: accuracy and cost, paired tests, disagreements, the Pareto front."""

import csv
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Estimate, Seeds, Table
from manyminds.core import statistics as st

SHOWN = 20  # questions in the table of disagreements; all are in the file


def by_item(results: Any, method: Any) -> list[float]:
    """The mean score over seeds of each question; what was not answered within the budget is not solved."""
    found = dict.fromkeys(results.items, 0.0)
    for one in method.answers:
        found[one.item] += one.score
    return [value / len(results.seeds) for value in found.values()]


def accuracy(results: Any, method: Any) -> Estimate:
    """Over all questions, with an interval over questions (seeds of one question are no independent evidence)."""
    scores = by_item(results, method)
    if set(scores) <= {0.0, 1.0}:
        return st.share(int(sum(scores)), len(scores))
    return st.bootstrap(scores, np.mean, Seeds(0), resamples=2000)


def asked(results: Any) -> int:
    return len(results.items) * len(results.seeds)


def spent(method: Any, unit: str) -> float:
    return float(sum(getattr(one, unit) for one in method.answers)) if unit else 0.0


def tables(results: Any) -> list[Table]:
    found = [accuracy_table(results), cost_table(results)]
    if len(results.methods) > 1:
        found += [paired_table(results), disagreements_table(results)]
    tried = [(one.method, size, mean) for one in results.methods for size, mean in one.tried.items()]
    if tried:
        unit = "dollars" if results.unit == "money" else results.unit
        found.append(Table("sizes tried on the first questions", ("method", "size", f"mean {unit}"), tuple(tried)))
    return found


def accuracy_table(results: Any) -> Table:
    rows, front = [], pareto(results)
    for one in results.methods:
        answered = st.mean([answer.score for answer in one.answers]) if one.answers else None
        rows.append((labelled(one), accuracy(results, one), f"{len(one.answers)} of {asked(results)}",
                     answered.value if answered else None, sum(bool(a.failed) for a in one.answers),
                     "yes" if one.method in front else ""))  # fmt: skip
    columns = ("method", "accuracy", "answered", "of these", "failed", "on the front")
    failed = [f"; {one.method}: {a.failed}" for one in results.methods for a in one.answers if a.failed][:1]
    note = f"{len(results.items)} questions, seeds {', '.join(map(str, results.seeds))}; 95 % intervals over questions"
    return Table(f"accuracy on {results.task}", columns, tuple(rows),
                 f"{note}; unanswered counts as not solved; 'on the front': no other is better at no "
                 f"higher cost{''.join(failed)}")  # fmt: skip


def cost_table(results: Any) -> Table:
    rows = []
    for one in results.methods:
        n = max(1, len(one.answers))
        calls, unpriced = int(spent(one, "calls")), int(spent(one, "unpriced"))
        used = spent(one, results.unit)
        row = (labelled(one), calls / n, spent(one, "tokens") / n, spent(one, "seconds") / n,
               dollars(spent(one, "money"), calls, unpriced))  # fmt: skip
        rows.append((*row, used, f"{used / results.amount:.0%}", one.overrun) if results.unit else row)
    budget = "no budget was asked for" if not results.unit else f"each method may spend {said(results)}"
    columns: tuple[str, ...] = ("method", "calls", "tokens", "seconds", "dollars in all")
    note = f"{budget}; 'seconds': calls one after another"
    if results.unit:
        columns = (*columns, f"{results.unit} spent", "share", "in vain")
        note += "; 'in vain': questions whose answers came when it was spent"
    return Table("cost of a question", columns, tuple(rows), note)


def labelled(method: Any) -> str:
    """A method with the size that it took."""
    return f"{method.method}{',' if ':' in method.method else ':'}{method.size}" if method.size else str(method.method)


def dollars(money: float, calls: int, unpriced: int) -> str:
    """What some calls cost, as far as their prices are known."""
    if calls and unpriced == calls:
        return "not known"
    return f"{'over ' if unpriced else ''}{money:,.4g}"


def said(results: Any) -> str:
    return f"${results.amount:,.2f}" if results.unit == "money" else f"{results.amount:,.0f} {results.unit}"


def paired_table(results: Any) -> Table:
    """Every pair of methods on the same questions."""
    pairs = list(combinations(results.methods, 2))
    gaps, p_values, discordant = [], [], []
    for a, b in pairs:
        x, y = by_item(results, a), by_item(results, b)
        gaps.append(st.difference(x, y, paired=True))
        p_values.append(st.permutation_test(x, y, Seeds(0), paired=True) if x != y else 1.0)
        discordant.append(f"{sum(i > j for i, j in zip(x, y))} : {sum(i < j for i, j in zip(x, y))}")
    corrected = st.corrected(p_values) if pairs else []
    rows = tuple((f"{a.method} - {b.method}", gap, better, p, holm)
                 for (a, b), gap, better, p, holm in zip(pairs, gaps, discordant, p_values, corrected))  # fmt: skip
    note = "paired by question; p by permuting signs, corrected over all pairs by Holm"
    return Table("differences", ("pair", "difference", "better : worse", "p", "p corrected"), rows, note)


def disagreements(results: Any) -> list[tuple[Any, ...]]:
    """The questions on which methods differ, the most divided first: (question, score of each method)."""
    scores = np.array([by_item(results, one) for one in results.methods])
    if len(scores) == 0:
        return []
    spread = scores.max(axis=0) - scores.min(axis=0)
    order = sorted(np.flatnonzero(spread > 0), key=lambda i: (-spread[i], -scores[:, i].std(), i))
    return [(results.items[i], *map(float, scores[:, i])) for i in order]


def disagreements_table(results: Any) -> Table:
    """The most divided questions: who got which score."""
    found, rows = disagreements(results), []
    for item, *scores in found[:SHOWN]:
        best, worst = max(scores), min(scores)
        names = {score: [one.method for one, own in zip(results.methods, scores) if own == score]
                 for score in sorted(set(scores), reverse=True)}  # fmt: skip
        told = {score: f"{', '.join(them)} ({score:.4g})" for score, them in names.items()}
        between = "; ".join(text for score, text in told.items() if worst < score < best)
        rows.append((item, told[best], told[worst], between))
    note = f"{len(found)} of {len(results.items)} questions; all are in disagreements.csv" if found else "they agree"
    return Table("where methods disagree", ("question", "best", "worst", "between"), tuple(rows), note)


def pareto(results: Any) -> list[str]:
    """Methods that no other beats in accuracy at no higher cost; one that answered nothing has no cost and is none."""
    unit = "money" if results.unit == "money" else "calls" if results.unit == "calls" else "tokens"
    points = [(one.method, accuracy(results, one).value, spent(one, unit) / max(1, len(one.answers)))
              for one in results.methods if one.answers]  # fmt: skip
    return [name for name, right, cost in points
            if not any((r >= right and c <= cost) and (r > right or c < cost) for _, r, c in points)]  # fmt: skip


def figures(results: Any, folder: Path) -> list[Path]:
    return [pareto_figure(results, folder / "pareto.png"), written(results, folder / "disagreements.csv")]


def pareto_figure(results: Any, path: Path) -> Path:
    from matplotlib.figure import Figure

    money = results.unit == "money"
    front, figure = pareto(results), Figure(figsize=(7, 4.5))
    axes = figure.subplots()
    line = []
    for k, one in enumerate(results.methods):
        seen = accuracy(results, one)
        cost = spent(one, "money" if money else "tokens") / max(1, len(one.answers))
        line += [(cost, seen.value)] if one.method in front else []
        axes.errorbar([cost], [seen.value], [[seen.value - seen.low], [seen.high - seen.value]], fmt="o", color=f"C{k}",
                      label=f"{one.method} {one.size}".strip())  # fmt: skip
    axes.plot(*zip(*sorted(line)), color="grey", linewidth=1, linestyle=":")
    axes.set(xlabel=f"{'dollars' if money else 'tokens'} a question", ylabel="accuracy", ylim=(-0.02, 1.02))
    if all(cost > 0 for cost, _ in line):
        axes.set_xscale("log")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return path


def written(results: Any, path: Path) -> Path:
    header: Sequence[str] = ("question", *(one.method for one in results.methods))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *disagreements(results)])
    return path
