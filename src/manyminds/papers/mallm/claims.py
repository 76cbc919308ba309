"""What MALLM says, what must come out where minds are scripted, and the traps of discussions, as checks of a run."""

from collections.abc import Callable
from typing import Any

import numpy as np

from manyminds.core import Claim, Estimate, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.models.load import is_house
from manyminds.papers.mallm.chain import followed
from manyminds.papers.mallm.scripted import LAWS
from manyminds.papers.mallm.talks import ALONE, ENDLESS, SINGLE, Talk
from manyminds.papers.mallm.tasks import BASIC
from manyminds.theory import drift

HOUSE = {"model": "house", "items": 48, "repeats": 3, "temperature": 0.8}  # at which samples of a card are drawn


def scripted(results: Any, name: str) -> Any:
    found = getattr(results, name)
    if not found:
        raise NotHere("language models took part, and scripted minds did not")
    return found


def cells(results: Any) -> list[tuple[int, int, float]]:
    """(right, samples, closed form) of every task, paradigm and turn, all seeds together."""
    found = []
    for row in scripted(results, "drift"):
        law, right = LAWS[row.task], np.sum(row.right, axis=0)
        expected = drift.accuracy(law.first, law.spoil, law.mend, len(right))[1:]
        found += [(int(k), row.samples * len(row.right), float(a)) for k, a in zip(right, expected)]
    return found


def closed_form(results: Any) -> Finding:
    """Each cell's closed form lies within its interval, at a level at which all do together with probability .95."""
    every = cells(results)
    together = [st.share(k, n, 1 - 0.05 / len(every)) for k, n, _ in every]
    inside = [found.low <= a <= found.high for found, (_, _, a) in zip(together, every)]
    worst = max(abs(k / n - a) for k, n, a in every)
    return Finding(worst, all(inside), len(every))


def each_at_95(results: Any) -> Finding:
    """How many cells lie within their own 95 % interval; turns of one row go together, so rows are what counts."""
    every = cells(results)
    inside = sum(found.low <= a <= found.high for found, (_, _, a) in zip([st.share(k, n) for k, n, _ in every], every))
    return Finding(inside / len(every), inside / len(every) >= 0.8, len(every))


def moved(task: str, sign: int) -> Callable[[Any], Finding]:
    """Accuracy after the last turn less that after the first, seed by seed, in every paradigm."""

    def check(results: Any) -> Finding:
        rows = [row for row in scripted(results, "drift") if row.task == task]
        gaps = [[(right[-1] - right[0]) / row.samples for right in row.right] for row in rows]
        holds = all(sign * gap > 0 for seeds in gaps for gap in seeds)
        return Finding(st.mean([gap for seeds in gaps for gap in seeds]), bool(holds))

    return check


def twins(results: Any) -> Finding:
    rows = scripted(results, "twins")
    return Finding(float(sum(row.differing for row in rows)), not any(row.differing for row in rows),
                   sum(row.turns for row in rows))  # fmt: skip


def reached(results: Any) -> Finding:
    rows = scripted(results, "profiles")
    same = [row.known == row.expected for row in rows]
    return Finding(st.share(sum(same), len(same)), all(same))


def solved(results: Any) -> Finding:
    """Nobody can answer before its own view is complete: no right solution before anyone can know all clues."""
    rows = scripted(results, "profiles")
    holders = len(rows[0].known[0]) if rows[0].known else 0
    wrong = 0
    for row in rows:
        for turn, share in enumerate(row.solved):
            wrong += share > 0 and max(row.expected[turn], default=0) < holders
        wrong += row.solved[-1] < 1 and min(row.expected[-1]) == holders
    return Finding(float(wrong), not wrong, len(rows))


def counted(results: Any) -> Finding:
    rows = scripted(results, "calls")
    off = sum(row.calls != row.agents * row.turns * 2 + row.agents for row in rows)
    return Finding(", ".join(str(row.calls) for row in rows), off == 0, len(rows))


def ordered(results: Any) -> Finding:
    found = scripted(results, "ordered")
    holds = found["earlier"] == found["differ"] == 0 and found["two_of_four"] == 1
    return Finding(float(found["earlier"] + found["differ"]), holds, found["strings"])


# ---- language models


def talks(results: Any, *methods: str, task: str = "") -> list[Talk]:
    found = [t for t in results.talks if (not methods or t.method in methods) and task in ("", t.task)]
    if not found:
        raise NotHere("no language model talked about this" if results.talks else "no language model took part")
    return found


def groups(results: Any) -> list[str]:
    return [m for m in dict.fromkeys(t.method for t in talks(results)) if m not in (SINGLE, ALONE, ENDLESS)]


def gaps(results: Any, method: str, wanted: Callable[[str], bool]) -> list[float]:
    """Score of a method less that of one mind, item by item (repeats averaged), on the tasks that are wanted."""
    found: dict[tuple[str, str], list[float]] = {}
    alone = {(t.task, t.item, t.repeat): t.score for t in talks(results, SINGLE)}
    for t in talks(results, method):
        if wanted(t.task):
            found.setdefault((t.task, t.item), []).append(t.score - alone[t.task, t.item, t.repeat])
    return [float(np.mean(each)) for each in found.values()]


def best_gap(results: Any, wanted: Callable[[str], bool]) -> Estimate:
    """The largest mean gap of a paradigm, its interval widened for having chosen it among all."""
    names = groups(results)
    every = [(method, gaps(results, method, wanted)) for method in names]
    every = [(method, each) for method, each in every if each]
    if not every:
        raise NotHere("none of these tasks was asked")
    return max((st.mean(each, 1 - 0.05 / len(names)) for _, each in every), key=lambda e: e.value)


def ethics_gain(results: Any) -> Finding:
    gap = best_gap(results, lambda task: task == "ethics")
    return Finding(gap, gap.low > 0)


def reasoning_gain(results: Any) -> Finding:
    gap = best_gap(results, lambda task: task == "strategyqa")
    return Finding(gap, gap.low > 0)


def basic_loss(results: Any) -> Finding:
    """All paradigms together, on basic tasks, against one mind."""
    lost = [gap for method in groups(results) for gap in gaps(results, method, lambda task: task in BASIC)]
    if not lost:
        raise NotHere("no basic task was asked")
    found = st.mean(lost)
    return Finding(found, found.high < 0)


def harder_longer(results: Any) -> Finding:
    """Turns on items that one mind got wrong, less turns on those that it got right."""
    alone = {(t.task, t.item, t.repeat): t.score for t in talks(results, SINGLE)}
    every = talks(results, *groups(results))
    hard = [t.turns for t in every if alone[t.task, t.item, t.repeat] < 0.5]
    easy = [t.turns for t in every if alone[t.task, t.item, t.repeat] >= 0.5]
    if min(len(hard), len(easy)) < 2:
        raise NotHere("too few items are hard or easy")
    gap = st.difference(hard, easy)
    return Finding(gap, gap.low > 0)


def centre_longest(results: Any) -> Finding:
    """In a star the centre's share of the words, less an equal share."""
    rows = talks(results, "report")
    found = st.mean([t.shares[0] - 1 / len(t.shares) for t in rows])
    return Finding(found, found.low > 0)


def predicted(results: Any) -> Finding:
    """The largest gap between what the rates of half of the items predict and what the others show, in errors."""
    found = followed(talks(results, ENDLESS))
    if found is None:
        raise NotHere("fewer than 10 discussions to the last turn in each half")
    off = np.abs(found.seen - found.expected) / found.errors
    return Finding(float(off.max()), bool((off <= 2).all()), found.talks)


def house_predicted(results: Any) -> Finding:
    if not is_house(results.model):
        raise NotHere("the house model did not take part")
    return predicted(results)


CLAIMS = (
    Claim("closed-form", "accuracy after turn t is pi + (1 - r - c)^t (A_0 - pi), at 95 % over all cells together",
          "derived", "0", closed_form),
    Claim("each-cell", "and most cells lie within their own 95 % interval", "derived", "about .95", each_at_95),
    Claim("easy-falls", "on easy tasks longer talk lowers accuracy: turn 7 less turn 1", "section 5; derived",
          "< 0 (direction only)", moved("basic", -1)),
    Claim("norms-fall", "norms that are kept at first wear off: turn 7 less turn 1", "section 5; derived",
          "< 0 (direction only)", moved("norms", -1)),
    Claim("hard-rises", "on hard tasks longer talk raises accuracy: turn 7 less turn 1", "section 5; derived",
          "> 0 (direction only)", moved("reasoning", 1)),
    Claim("twin", "turns in which a real discussion differs from the array twin", "ours", "0", twins),
    Claim("reach", "what agents can know after each turn is time-respecting reachability, exactly", "derived", "1",
          reached),
    Claim("solved", "a hidden profile is solved no sooner than somebody can know all of it, and at last where all can",
          "derived", "0", solved),
    Claim("calls", "calls without agreement: n T 2 + n, for (n, T) = (2, 3), (3, 7), (5, 2)", "section 3; derived",
          "14, 45, 25", counted),
    Claim("ordered", "unanimity implies supermajority implies majority; of 3 the last two agree; 2 of 4 are a majority",
          "section 3; derived", "0", ordered),
    Claim("ethics", "some paradigm beats one mind with chain of thought on ethical questions", "section 5",
          "up to +.066", ethics_gain, needs="endpoint"),
    Claim("strategy", "some paradigm beats one mind on strategic questions", "section 5", "> 0 (direction only)",
          reasoning_gain, needs="endpoint"),
    Claim("basic", "discussions fall behind one mind on basic tasks", "section 5", "< 0 (direction only)", basic_loss,
          needs="endpoint"),
    Claim("longer", "harder items are discussed for more turns", "section 5", "> 0 (direction only)", harder_longer,
          needs="endpoint"),
    Claim("centre", "in report the centre writes more than its share", "section 5", "> 0 (direction only)",
          centre_longest, needs="endpoint"),
    Claim("predicted", "rates counted on half of the items predict the other half within 2 standard errors", "derived",
          "<= 2", predicted, needs="endpoint"),
    Claim("house-predicted", "the same of the house model, on sums at the levels of its card", "derived", "<= 2",
          house_predicted, needs="weights", config=HOUSE),
)  # fmt: skip
