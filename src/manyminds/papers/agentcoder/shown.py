"""The tables and figures of AgentCoder: ours beside the closed form and the paper's, false verdicts, tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.agentcoder import published
from manyminds.papers.agentcoder.extras import totals
from manyminds.theory.repair_loop import pass_at


def tables(results: Any) -> list[Table]:
    found = []
    if results.arms:
        found += [arms_table(results), verdicts_table(results), draws_table(results), suites_table(results)]
    if results.language:
        found += [language_table(results), rounds_table(results)]
    if results.house:
        found.append(house_table(results))
    return [*found, *published_tables()]


def share(flags: Sequence[bool]) -> Any:
    return st.share(sum(flags), len(flags))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def arms_table(results: Any) -> Table:
    rows = []
    for name, trials in results.arms.items():
        expected = results.expected.get(name, [None])[-1]
        programs, calls, tokens = (mean([of(one) for one in trials]) for of in (
            lambda one: len(one.right), lambda one: one.calls, lambda one: one.tokens))  # fmt: skip
        rows.append((name, share([one.final for one in trials]), expected, programs, calls, tokens))
    note = f"{len(trials)} tasks an arm, scripted minds; at most {results.attempts} programs; tokens are words here"
    return Table("pass@1 on hidden tests", ("arm", "solved", "closed form", "programs", "calls", "tokens"),
                 tuple(rows), note)  # fmt: skip


def verdicts_table(results: Any) -> Table:
    """How often tests accept what is wrong and reject what is right."""
    rows = []
    for name, trials in results.arms.items():
        judged = [(right, passed) for one in trials for right, passed in zip(one.right, one.passed)]
        if not any(one.accepted is not None for one in trials):
            continue
        accepted, good = [right for right, passed in judged if passed], [passed for right, passed in judged if right]
        rows.append((name, share([not right for right in accepted]), share([not passed for passed in good])))
    note = "wrong among what all tests accepted; rejected among what is right"
    return Table("false verdicts", ("arm", "false accept", "false reject"), tuple(rows), note)


def draws_table(results: Any) -> Table:
    rows = tuple(
        (one.memory, st.mean([float(n) for n in one.drawn]), one.expected, len(one.drawn)) for one in results.draws
    )
    return Table("programs drawn until the right one", ("remembers", "mean", "expected", "n"), rows)


def suites_table(results: Any) -> Table:
    rows = []
    for name, scores in results.suites.items():
        found = totals(scores)
        rows.append((name, found["suites"], found["assertions"], found["lines"], found["killed"], len(scores)))
    note = "mutants killed by the valid assertions of a suite"
    columns = ("designer", "right suites", "right assertions", "line coverage", "mutants killed", "suites")
    return Table("the scripted designers' suites", columns, tuple(rows), note)


def language_table(results: Any) -> Table:
    rows = []
    for name, trials in results.language.items():
        extended = [one.extended for one in trials if one.extended is not None]
        suites, lines = [one for one in trials if one.asserts], sum(one.of_lines for one in trials)
        right = share([one.valid == one.asserts for one in suites]) if suites else None
        coverage = sum(one.lines for one in trials) / lines if lines else None
        counts = by_item(trials)
        most = min(len(runs) for runs in counts.values())
        best = sum(pass_at(most, len(runs), sum(runs)) for runs in counts.values()) / len(counts) if most > 1 else None
        rows.append((name, share([one.final for one in trials]), share(extended) if extended else None, best, right,
                     coverage, sum(one.tokens for one in trials) / 1000, mean([one.tokens for one in trials]),
                     sum(one.asked_again for one in trials)))  # fmt: skip
    columns = (
        "way",
        "pass@1",
        "ET",
        f"pass@{most}",
        "right suites",
        "lines",
        "tokens, thousands",
        "a task",
        "asked again",
    )
    return Table(f"a language model on {results.data}", columns, tuple(rows), f"{results.settings}")


def by_item(trials: Sequence[Any]) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for one in trials:
        found.setdefault(one.item, []).append(one.final)
    return found


def rounds_table(results: Any) -> Table:
    rows = []
    for n in range(1, results.attempts + 1):
        rows.append((n - 1, *(share([one.after(n) for one in trials]) for trials in results.language.values())))
    return Table("solved after so many repairs", ("repairs", *results.language), tuple(rows))


def house_table(results: Any) -> Table:
    """The loop beside one program, and beside the best of as many calls, which must not be hidden where it wins."""
    trials = results.house
    rows = (
        ("one program", share([one.single for one in trials]), None, None),
        ("the loop", share([one.loop for one in trials]), gap(trials, "loop"), mean([one.tokens for one in trials])),
        ("best of as many programs, by public examples", share([one.best_of for one in trials]),
         gap(trials, "best_of"), mean([one.tokens_best_of for one in trials])),
    )  # fmt: skip
    note = f"{len({one.run for one in trials})} runs of each of {len({one.item for one in trials})} specifications"
    return Table("the house model on chains of operations", ("way", "solved", "over one program", "tokens"), rows, note)


def gap(trials: Sequence[Any], way: str) -> Any:
    """A way less the single program, over specifications."""
    found: dict[str, list[float]] = {}
    for one in trials:
        found.setdefault(one.item, []).append(float(getattr(one, way)) - one.single)
    return st.mean([mean(each) for each in found.values()])


def listed(rows: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join(" ".join(map(str, row)) for row in rows)


def published_tables() -> list[Table]:
    return [
        Table("the paper: pass@1, percent", ("system", "HumanEval", "HE-ET", "MBPP", "MBPP-ET"), published.PASS_AT_1),
        Table("the paper: what each role adds (HumanEval, GPT-3.5)", ("roles", "pass@1"), published.ABLATION,
              f"test accuracy: {listed(published.TEST_ACCURACY)}; line coverage, GPT-4: {published.LINE_COVERAGE}; "
              f"thousands of tokens, HumanEval and MBPP: {listed(published.TOKENS)}"),
    ]  # fmt: skip


def figures(results: Any, folder: Path) -> list[Path]:
    """Solved after each attempt: what was measured over what is expected."""
    from matplotlib.figure import Figure

    curves = results.arms or results.language
    if not curves:
        return []
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    steps = range(1, results.attempts + 1)
    for k, (name, trials) in enumerate(curves.items()):
        seen = [share([one.after(n) for one in trials]) for n in steps]
        errors = [[one.value - one.low for one in seen], [one.high - one.value for one in seen]]
        axes.errorbar(steps, [one.value for one in seen], errors, fmt="o", color=f"C{k}", label=name, markersize=4)
        if name in results.expected:
            axes.plot(steps, results.expected[name], color=f"C{k}", linewidth=1)
    axes.set(xlabel="programs at most", ylabel="solved", xticks=list(steps))
    axes.legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    path = folder / "attempts.png"
    figure.savefig(path, dpi=120)
    return [path]
