"""The tables and figures of discussions. The paper's exact figures were not at hand: its directions stand in notes."""

from pathlib import Path
from typing import Any

import numpy as np

from manyminds.conversations import talk_measures
from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.mallm.chain import followed, series
from manyminds.papers.mallm.scripted import LAWS
from manyminds.papers.mallm.talks import ALONE, ENDLESS, SINGLE, Talk, at_length
from manyminds.theory import drift

DIRECTION = "paper: direction only"


def tables(results: Any) -> list[Table]:
    if results.talks:
        found = [by_method(results.talks), at_equal_length(results.talks), over_turns(results.talks), floors(results),
                 spoiled(results.talks), *foretold(results.talks)]  # fmt: skip
        return found + ([written(results.talks)] if any(t.measures for t in results.talks) else []) + (
            [challenges(results.challenges)] if results.challenges else [])  # fmt: skip
    return [drifting(results), profiles(results)]


def drifting(results: Any) -> Table:
    rows: list[tuple[Any, ...]] = []
    for row in results.drift:
        law, n = LAWS[row.task], row.samples * len(row.right)
        total = np.sum(row.right, axis=0)
        shares = [st.share(int(k), n) for k in total]
        expected = drift.accuracy(law.first, law.spoil, law.mend, len(total))
        rows.append((row.task, row.paradigm, shares[0], float(expected[1]), shares[len(shares) // 2],
                     float(expected[len(shares) // 2 + 1]), shares[-1], float(expected[-1])))  # fmt: skip
    last = len(results.drift[0].right[0])
    half = last // 2 + 1
    columns = (
        "task",
        "paradigm",
        "turn 1",
        "closed form",
        f"turn {half}",
        "closed form",
        f"turn {last}",
        "closed form",
    )
    note = "share of right solutions, scripted minds, all seeds together; easy tasks fall and hard ones rise"
    return Table("Drift of solutions", columns, tuple(rows), f"{note}; {DIRECTION}")


def profiles(results: Any) -> Table:
    rows = tuple(
        (
            row.graph,
            *("/".join(map(str, turn)) for turn in row.known),
            row.known == row.expected,
            row.solved[-1],
        )
        for row in results.profiles
    )
    turns = [f"known after turn {t + 1}" for t in range(len(results.profiles[0].expected))]
    return Table("Hidden profiles: clues that each agent can know", ("graph", *turns, "as reachable", "solved at last"),
                 rows, "scripted minds that pass on all they know")  # fmt: skip


def split(talks: list[Talk]) -> dict[tuple[str, str], list[Talk]]:
    found: dict[tuple[str, str], list[Talk]] = {}
    for talk in talks:
        found.setdefault((talk.task, talk.method), []).append(talk)
    return found


def over_repeats(talks: list[Talk]) -> tuple[float, float]:
    """Mean score and its standard deviation over repeats."""
    means = [np.mean([t.score for t in talks if t.repeat == r]) for r in sorted({t.repeat for t in talks})]
    return float(np.mean(means)), float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")


def by_method(talks: list[Talk]) -> Table:
    rows = []
    for (task, method), each in split(talks).items():
        score, spread = over_repeats(each)
        faults = sum(sum(t.faults.values()) for t in each)
        rows.append((task, method, score, spread, float(np.mean([t.turns for t in each])),
                     float(np.mean([t.decided for t in each])), float(np.mean([t.calls for t in each])),
                     float(np.mean([t.tokens for t in each])), float(np.mean([t.seconds for t in each])),
                     len(each), faults))  # fmt: skip
    columns = ("task", "method", "score", "sd over repeats", "turns", "decided", "calls", "tokens", "seconds",
               "discussions", "faults")  # fmt: skip
    return Table("Discussions and one mind", columns, tuple(rows), DIRECTION)


def at_equal_length(talks: list[Talk]) -> Table:
    """Each method less one mind that may write as many messages, or as many tokens."""
    alone = {(t.task, t.item, t.repeat): t for t in talks if t.method == ALONE}
    rows = []
    for (task, method), each in split(talks).items():
        if method in (ALONE, SINGLE):
            continue
        pairs = [(t, alone[t.task, t.item, t.repeat]) for t in each]
        gaps = [st.mean([t.score - at_length(a, t, tokens) for t, a in pairs]) for tokens in (False, True)]
        rows.append((task, method, *gaps))
    columns = ("task", "method", "over one mind with as many messages", "over one mind with as many tokens")
    return Table("At equal length", columns, tuple(rows), "one mind improves its own solution again and again")


def over_turns(talks: list[Talk]) -> Table:
    """The mean score after each turn (what has ended keeps its score), and drift."""
    length = min(8, max(len(t.scores) for t in talks))
    rows = []
    for (task, method), each in split(talks).items():
        padded = [[*t.scores, *[t.scores[-1]] * length][:length] for t in each if t.scores]
        found = talk_measures.drift([t.scores for t in each])
        means = [f"{score:.2f}" for score in (*np.mean(padded, axis=0), found.share, found.drop)]
        rows.append((task, method, *means))
    columns = ("task", "method", *(f"t{t + 1}" for t in range(length)), "drifts", "drop")
    note = "drifts: share of discussions in which a score falls from one turn to the next; drop: by how much"
    return Table("Score after each turn", columns, tuple(rows), note)


def spoiled(talks: list[Talk]) -> Table:
    """What happens to right and to wrong solutions from turn to turn, and where that would lead in the long run."""
    rows = []
    for (task, method), each in split([t for t in talks if t.method not in (SINGLE, ALONE)]).items():
        found = drift.rates(series(each))
        pi = drift.stationary(found.spoil, found.mend) if found.spoiled + found.mended else float("nan")
        rows.append((task, method, st.share(found.spoiled, found.right) if found.right else None,
                     st.share(found.mended, found.wrong) if found.wrong else None, pi))  # fmt: skip
    columns = ("task", "method", "right becomes wrong", "wrong becomes right", "right in the long run")
    return Table("Spoiling and mending", columns, tuple(rows), "a turn; those after a decision do not take place")


def foretold(talks: list[Talk]) -> list[Table]:
    """Half of the items told by the other half, where there are enough of them."""
    found = followed([t for t in talks if t.method == ENDLESS])
    if found is None:
        return []
    rows = tuple((k + 1, float(e), float(s), float(abs(s - e) / d)) for k, (e, s, d) in
                 enumerate(zip(found.expected, found.seen, found.errors)))  # fmt: skip
    note = f"c = {found.counted.spoil:.3f}, r = {found.counted.mend:.3f}, counted on the other half of the items"
    columns = ("turn", "predicted", "measured", "gap in standard errors")
    return [Table("Half of the items, predicted from the others", columns, rows, note)]


def floors(results: Any) -> Table:
    rows = []
    for (task, method), each in split(results.talks).items():
        if method in (ALONE, SINGLE):
            continue
        held = [talk_measures.Floor(tuple(round(1e6 * s) for s in t.shares), (), t.won) for t in each]
        known = [t.diversity for t in each if t.diversity is not None]
        largest, spread = np.mean([max(t.shares) for t in each]), np.mean([t.gini for t in each])
        rows.append((task, method, float(largest), float(spread), float(np.mean([t.shares[0] for t in each])),
                     talk_measures.talking_wins(held),
                     float(np.mean(known)) if known else float("nan")))  # fmt: skip
    columns = ("task", "method", "largest share of words", "Gini", "share of the first seat", "words with winning",
               "persona diversity")  # fmt: skip
    return Table(
        "Who holds the floor", columns, tuple(rows), "words with winning: correlation of share and proposal won"
    )


def written(talks: list[Talk]) -> Table:
    rows = []
    for (task, method), each in split([t for t in talks if t.measures]).items():
        rows.append((task, method, *(float(np.mean([t.measures[name] for t in each])) for name in each[0].measures)))
    columns = ("task", "method", *next(t.measures for t in talks if t.measures))
    return Table("Texts against references", columns, tuple(rows), "means over single texts; METEOR without synonyms")


def challenges(rows: Any) -> Table:
    found = []
    for task, kind in dict.fromkeys((row.task, row.kind) for row in rows):
        each = [row for row in rows if (row.task, row.kind) == (task, kind)]
        after = [score for row in each for score in row.after]
        stood = st.share(sum(r.agree for r in each), sum(r.asked for r in each))
        found.append((task, kind, stood, float(np.mean([r.before for r in each])),
                      float(np.mean(after)) if after else float("nan")))  # fmt: skip
    columns = ("task", "answer put", "stood by it", "score before", "score after")
    return Table("Challenged answers", columns, tuple(found))


def figures(results: Any, folder: Path) -> list[Path]:
    from matplotlib.figure import Figure

    if results.talks:
        kinds = list(dict.fromkeys(t.task for t in results.talks))
    else:
        kinds = list(LAWS)
    figure = Figure(figsize=(4 * len(kinds), 3.2), layout="constrained")
    for axes, task in zip(np.atleast_1d(figure.subplots(1, len(kinds))), kinds):
        (draw_talks if results.talks else draw_drift)(axes, results, task)
        axes.set(title=task, xlabel="turn", ylabel="score")
    figure.axes[0].legend(fontsize=7)
    path = folder / "turns.png"
    figure.savefig(path, dpi=120)
    return [path]


def draw_drift(axes: Any, results: Any, task: str) -> None:
    law = LAWS[task]
    for row in results.drift:
        if row.task == task:
            axes.plot(
                1 + np.arange(len(row.right[0])), np.mean(row.right, axis=0) / row.samples, ".", label=row.paradigm
            )
    turns = len(results.drift[0].right[0])
    axes.plot(
        np.arange(turns + 1), drift.accuracy(law.first, law.spoil, law.mend, turns), "k-", lw=1, label="closed form"
    )


def draw_talks(axes: Any, results: Any, task: str) -> None:
    for (kind, method), each in split(results.talks).items():
        if kind == task:
            length = max(len(t.scores) for t in each)
            padded = [[*t.scores, *[t.scores[-1]] * length][:length] for t in each if t.scores]
            axes.plot(1 + np.arange(length), np.mean(padded, axis=0), marker=".", label=method)
