"""The tables and the figure of a run."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.ltl_agents.claims import each, picked

RAISED = "small decoders raised on protocols with this share of faults; replies are enforced on their tokens"
NOTE = "scripted models know what to do and write states wrongly at this rate; they are no language models"


def tables(results: Any) -> list[Table]:
    raised = [cell for one in results.organisms for cell in one.cells]
    return [proofs(results), *arms(results.cells, "scripted", NOTE), saving(results.cells),
            *(arms(results.models, "language", "paper: direction only") if results.models else []),
            *(arms(raised, "raised", RAISED) if raised else [])]  # fmt: skip


def proofs(results: Any) -> Table:
    words, rules, toy = results.languages, results.formulas, results.conditioning
    rows: list[tuple[Any, ...]] = [
        (
            f"automata with other words of up to {words['longest']} states than brute force",
            words["differ"],
            words["checked"],
        ),
        ("LTLf formulas with other automata than their specification", rules["differ"], rules["checked"]),
    ]
    for name, found in (("random", results.random), ("hostile", results.hostile)):
        if found["runs"]:
            rows += [(f"illegal runs of a {name} model", found["violations"], found["runs"]),
                     (f"states left by force, {name} model", found["forced"], found["runs"]),
                     (f"tokens rolled back, {name} model", found["rolled back"], found["tokens"]),
                     (f"runs led out at their limit, {name} model", found["hurried"], found["runs"])]  # fmt: skip
    if results.random["runs"]:
        rows.append(("states reached by random logits", results.random["visited"], results.random["states"]))
    rows.append(("distance of masking from conditioning, toy model", round(toy["distance"], 4), int(toy["runs"])))
    return Table("what can be proved or counted", ("what", "found", "of"), tuple(rows))


WAYS = ("free", "replies", "tokens")


def arms(cells: list[Any], who: str, note: str) -> list[Table]:
    """Legality and accuracy by model, corruption and number of examples, and what enforcement did and cost."""
    several = who != "scripted"
    shares: list[tuple[Any, ...]] = []
    costs: list[tuple[Any, ...]] = []
    for key in dict.fromkeys(map(arm_of, (c for c in cells if several or c.agent == "react"))):
        ways = {how: [c for c in cells if arm_of(c) == key and c.how == how] for how in WAYS}
        name = key if several else key[2:]
        shares.append((*name, *(rate(ways[how], what) for what in ("legal", "right") for how in WAYS)))
        costs.append((*name, a_run(ways["replies"], "forced"), a_run(ways["replies"], "repaired"),
                      a_run(ways["tokens"], "forced"), a_run(ways["tokens"], "rolled_back"),
                      *(a_run(ways[how], what) for what in ("calls", "tokens") for how in WAYS[:2]),
                      a_run(ways["replies"], "complete")))  # fmt: skip
    named = ("who", "agent", "temperature", "corruption", "shots")[0 if several else 2 :]
    three = ("legal free", "replies", "tokens", "right free", "replies", "tokens")
    done = ("forced: replies", "repaired", "forced: tokens", "rolled back", "calls: free", "calls: replies",
            "tokens: free", "tokens: replies", "complete")  # fmt: skip
    return [Table(f"{who} models: legal and right, %", (*named, *three), tuple(shares), note),
            Table(f"{who} models: what enforcement did, a run", (*named, *done), tuple(costs))]  # fmt: skip


def arm_of(cell: Any) -> tuple[Any, ...]:
    return cell.who, cell.agent, cell.temperature, cell.corruption, cell.shots


def rate(cells: list[Any], what: str) -> str | None:
    """A share in per cent with half the width of its interval."""
    found = each(cells, what)
    seen = st.share(int(sum(found)), len(found))
    return f"{100 * seen.value:.1f} ± {50 * (seen.high - seen.low):.1f}" if found else None


def a_run(cells: list[Any], what: str) -> float | None:
    values = [getattr(cell, what) for cell in cells]
    total = sum(sum(value) if isinstance(value, list) else value for value in values)
    return round(total / sum(len(cell.right) for cell in cells), 2) if cells else None


def saving(cells: list[Any]) -> Table:
    rows = []
    for agent in ("react", "pass"):
        clean, fewest = min(c.corruption for c in cells), min(c.shots for c in cells)
        told = {"corruption": clean, "shots": fewest, "temperature": max(c.temperature for c in cells)}
        found = picked(cells, agent=agent, how="replies", **told)
        for kind in dict.fromkeys(kind for cell in found for kind in cell.kinds):
            chosen = [(c.calls[i], c.tools[i], c.right[i]) for c in found for i, k in enumerate(c.kinds) if k == kind]
            calls, tools, right = zip(*chosen)
            rows.append((agent, kind, st.mean(calls), st.mean(tools), st.share(sum(right), len(right))))
    columns = ("agent", "question", "model calls", "tool calls", "right")
    note = "in 'compare' and 'sum' two lookups do not need each other"
    return Table("calls of the model and of tools, no corruption", columns, tuple(rows), note)


def figures(results: Any, folder: Path) -> list[Path]:
    """Legality and accuracy over corruption, one panel a number of examples; dotted: by the likeliest replies."""
    from matplotlib.figure import Figure

    cells = picked(results.cells, agent="react")
    named = ("shots", "corruption", "temperature")
    shots, levels, heats = (sorted({getattr(cell, name) for cell in cells}) for name in named)
    figure = Figure(figsize=(3.4 * len(shots), 5), layout="constrained")
    axes = figure.subplots(2, len(shots), sharex=True, sharey=True, squeeze=False)
    for column, examples in enumerate(shots):
        for row, what in enumerate(("legal", "right")):
            for number, how, heat in ((n, how, heat) for n, how in enumerate(WAYS) for heat in heats):
                told = {"how": how, "temperature": heat, "shots": examples}
                of = [each(picked(cells, **told, corruption=level), what) for level in levels]
                means = [np.mean(one) if one else np.nan for one in of]
                axes[row, column].plot(levels, means, f"C{number}o{'-' if heat else ':'}", label=f"{how}, {heat:g}")
            axes[row, column].set(ylim=(-0.03, 1.03), ylabel=f"share {what}" if not column else "")
        axes[0, column].set_title(f"{examples} examples")
        axes[1, column].set_xlabel("corruption")
    axes[0, 0].legend(title="enforced, temperature", fontsize="small")
    path = folder / "corruption.png"
    figure.savefig(path, dpi=120)
    return [path]
