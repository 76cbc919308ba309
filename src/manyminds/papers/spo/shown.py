"""The tables and figures of self-play on preferences."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Seeds, Table
from manyminds.core import statistics as st
from manyminds.papers.spo import flights, writers
from manyminds.papers.spo.walks import WINNER


def interval(sample: Any) -> st.Estimate:
    return st.bootstrap(np.asarray(sample, float), seeds=Seeds(0))


def tables(results: Any) -> list[Table]:
    found = [on_matrices(results)]
    if results.walks:
        found.append(on_ring(results))
    if results.flights:
        found.append(of_flights(results))
    if any(row.family == "regions" for row in results.flights):
        found.append(over_regions(results))
    if results.notes:
        found.append(of_notes(results))
    if results.bodies:
        found.append(of_bodies(results))
    if results.answers:
        found.append(of_answers(results))
    return found


def on_matrices(results: Any) -> Table:
    rows = []
    for rate in sorted({row.rate for row in results.matrices}):
        same = [row for row in results.matrices if row.rate == rate]
        rows.append((
            f"{rate:.4g}{' (tuned)' if same[0].tuned else ''}", st.mean([r.average for r in same]),
            st.mean([r.final for r in same]), st.mean([r.distance for r in same]), max(r.identity for r in same),
        ))  # fmt: skip
    slope, scaled = results.rates["slope"], results.favourite["scaled"][-1]
    note = f"bound at the tuned rate {results.matrices[0].bound:.4f}; slope on cyclic games {slope:.2f} (paper: -1/2); "
    note += f"with a gap, T e = {scaled:.2f} (theory {results.favourite['theory']:.2f})"
    columns = ("rate", "average beaten by", "last beaten by", "distance to winner", "|e - regret/T|, largest")
    return Table("Self-play on random preferences", columns, tuple(rows), note)


def on_ring(results: Any) -> Table:
    rows = tuple(
        (row.method, interval(row.average), interval(row.last), shares(row.sectors), favourites(row.last_sectors),
         interval(row.distance), f"{row.comparisons:,}", f"{row.rollouts:,}")
        for row in results.walks
    )  # fmt: skip
    winner = ", ".join(f"{share:.3f}" for share in WINNER)
    columns = ("method", "average beaten by", "last beaten by", "sectors, average", "last, each seed's favourite",
               "distance to winner", "comparisons", "rollouts")  # fmt: skip
    return Table("Walks on a ring, sectors in a cycle", columns, rows, f"minimax winner over sectors: {winner}")


def shares(rows: list[list[float]]) -> str:
    return ", ".join(f"{share:.3f}" for share in np.mean(rows, 0))


def favourites(rows: list[list[float]]) -> str:
    return " ".join(f"{int(np.argmax(row))}:{max(row):.2f}" for row in rows)


def of_flights(results: Any) -> Table:
    rows = []
    for row in results.flights:
        same = [other for other in results.flights if other.family == row.family]
        oracle = next((other for other in same if other.method == "true reward"), None)
        needed = flights.reached(row, 0.9 * np.mean(oracle.returns)) if oracle else None
        scored = row.family in ("return", "noisy")
        rows.append((
            row.family, row.method, interval(np.mean(row.returns, 1)),
            interval(np.mean(np.array(row.strides) <= 1.5, 1)), interval(flights.pooled(row, same)),
            (f"{needed:,}" if needed else "not reached") if scored and row.method != "true reward" else "-",
        ))  # fmt: skip
    columns = ("preferences", "method", "final return", "within strides", "wins against pool", "comparisons to 90 %")
    note = "intervals: bootstrap over seeds; pool: the final flights of all methods and seeds of the same preferences"
    return Table("Flights of a point mass", columns, tuple(rows), f"{note}; the paper shows curves only")


def over_regions(results: Any) -> Table:
    rows = []
    for row in (r for r in results.flights if r.family == "regions"):
        last = flights.last_regions(row)
        rows.append((row.method, interval(flights.exploited(row.regions)), shares(row.regions),
                     interval(flights.exploited(last)), favourites(last)))  # fmt: skip
    columns = ("method", "average beaten by", "regions, average", "last beaten by", "last, each seed's favourite")
    return Table("Flights over regions in a cycle", columns, tuple(rows))


def of_notes(results: Any) -> Table:
    rows = []
    for rubric, method in dict.fromkeys((row.rubric, row.method) for row in results.notes):
        same = [row for row in results.notes if (row.rubric, row.method) == (rubric, method)]
        rows.append((
            rubric, method, *(st.mean([writers.win_rate(rubric, getattr(row, which), row.start) for row in same])
                              for which in ("average", "last")),
            *(st.mean([writers.exploited(rubric, getattr(row, which)) for row in same])
              for which in ("start", "average", "last")),
            shares([np.mean(row.average, 0) for row in same]), favourites([np.mean(row.last, 0) for row in same]),
            st.mean([writers.settled(row) for row in same]), f"{same[0].comparisons:,}",
        ))  # fmt: skip
    columns = ("rubric", "method", "average wins against start", "last wins", "start beaten by", "average beaten by",
               "last beaten by", "classes, average", "last, each seed's favourite", "largest share of an iterate",
               "comparisons")  # fmt: skip
    won = ", ".join(f"{share:.3f}" for share in writers.winner("cycle"))
    note = f"classes: {', '.join(writers.CLASSES)}; minimax winner of the cycle: {won}; every seed raises a start model"
    return Table("Notes of a small language model on held-out topics", columns, tuple(rows), note)


def of_bodies(results: Any) -> Table:
    rows = []
    for name, family, method in dict.fromkeys((row.environment, row.family, row.method) for row in results.bodies):
        same = [r for r in results.bodies if (r.environment, r.family, r.method) == (name, family, method)]
        rows.append((
            name, family, method, interval([np.mean(row.returns) for row in same]), f"{same[0].comparisons:,}",
            f"{np.mean([row.steps for row in same]):,.0f}",
        ))  # fmt: skip
    columns = ("environment", "preferences", "method", "final return", "comparisons", "steps")
    return Table("Bodies that move", columns, tuple(rows), "intervals: bootstrap over seeds; no claim rests on this")


def of_answers(results: Any) -> Table:
    rows = []
    for row in results.answers:
        said = row.judged or {"pairs": 0, "agreeing": 0, "ties": 0, "unusable": 0, "questions": 0}
        rows.append((
            row.prompt[:40], len(row.answers), row.missing, row.cycles, row.intransitivity, row.misfit,
            max(row.minimax, default=float("nan")), row.borda_exploited, st.share(said["agreeing"], said["pairs"]),
            st.share(said["ties"], said["questions"]), st.share(said["unusable"], said["questions"]),
        ))  # fmt: skip
    columns = ("prompt", "answers", "missing", "cycles", "cyclic triples", "Bradley-Terry misfit", "top minimax share",
               "Borda beaten by", "orders agree", "ties", "unusable")  # fmt: skip
    note = "an unusable judgement counts as a tie; tokens are in the report of the run"
    return Table("Answers compared with each other", columns, tuple(rows), note)


def figures(results: Any, folder: Path) -> list[Path]:
    """Exploitability by rounds, sectors of the policy over time, and returns by comparisons."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.6))
    rates, ring, flying = figure.subplots(1, 3)
    rates.loglog(results.rates["rounds"], results.rates["worst"], marker="o", label="cyclic games, worst")
    fast = results.favourite
    rates.loglog(fast["rounds"], np.array(fast["scaled"]) / fast["rounds"], marker="s", label="one favourite")
    rates.set(title="self-play on matrices", xlabel="rounds", ylabel="average beaten by")
    rates.legend()
    for row in results.walks[:1]:
        for sector, path in enumerate(np.array(row.curve).T):
            ring.plot(np.linspace(0, 1, len(path)), path, color=f"C{sector}", label=f"sector {sector}")
            ring.axhline(WINNER[sector], color=f"C{sector}", linestyle=":")
        ring.set(title=f"ring, {row.method}: last policy (dotted: winner)", xlabel="share of training")
        ring.legend(fontsize=7)
    for row in (r for r in results.flights if r.family != "regions"):
        flying.plot(row.steps, np.mean(row.curve, 1), label=f"{row.family}, {row.method}")
    flying.set(title="flights: return of rollouts", xlabel="comparisons (32 rollouts x 10)")
    if any(row.family != "regions" for row in results.flights):
        flying.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "self_play.png"
    figure.savefig(path, dpi=120)
    return [path]
