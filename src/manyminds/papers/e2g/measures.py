"""Measures of arms on the fact world, shared by the claims about scripted readers, models and organisms."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from manyminds.core import Estimate, Finding, NotHere, Seeds
from manyminds.core import statistics as st
from manyminds.papers.e2g.cells import BLIND, GOLD, MANY
from manyminds.theory.evidence import Reader, two_steps

ONE, COT, E2G, BOTH, ROUTED = "CoE-Short", "chain of thought", "E2G", "E2G, evidence and context", "routed"
FIXED = (ONE, E2G, BOTH)
LONG = 600  # tokens
FAR = (LONG, 1000)


def chosen(results: Any, arm: str, kinds: Sequence[str] = (), lengths: Sequence[int] = ()) -> list[Any]:
    found = [cell for cell in results.cells if cell.arm == arm and (not kinds or cell.kind in kinds)
             and (not lengths or cell.length in lengths)]  # fmt: skip
    if not found:
        raise NotHere(f"no cells of {arm!r} on kinds {tuple(kinds)} at lengths {tuple(lengths)}")
    return found


def single(results: Any) -> list[str]:
    return sorted({cell.kind for cell in results.cells} - set(MANY))


def hits(cells: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(cell.right, float) for cell in cells])


def gap(results: Any, first: str, second: str, kinds: Sequence[str], lengths: Sequence[int]) -> Estimate:
    """By how much the first arm is more often right, item by item; interval of 98 %, so that a lower end above 0 has
    p < .01 on one side."""
    a, b = (hits(chosen(results, arm, kinds, lengths)) for arm in (first, second))
    return st.bootstrap(a - b, seeds=Seeds(0), confidence=0.98)


def predicted(results: Any, kind: str, length: int, both: bool = False) -> float:
    """Step by step what the formula gives for E2G in a cell, from other arms: what is right from the gold sentences
    alone, what is right without them, and how often the first step found them all."""
    gold, blind, found = (chosen(results, arm, (kind,), (length,)) for arm in (GOLD, BLIND, E2G))
    reader = Reader(
        float(np.mean([c.whole for c in found])), 0.0, float(hits(gold).mean()), guess=float(hits(blind).mean())
    )
    return two_steps(reader)


def overrides(results: Any, length: int = LONG) -> Finding:
    """Share of answers that are the believed one: half of chain of thought's, less E2G's, must be above 0."""
    told = [
        np.concatenate([np.asarray(c.overridden, float) for c in chosen(results, arm, (), (length,))])
        for arm in (COT, E2G)
    ]
    if not len(told[0]):
        raise NotHere("no item shows what was believed; kinds 'path' and 'count' do")
    found = st.bootstrap(0.5 * told[0] - told[1], seeds=Seeds(0), confidence=0.98)
    ratio = float(told[1].mean() / told[0].mean()) if told[0].any() else float("nan")
    return Finding(ratio, found.low > 0, len(told[0]))


def at_length(length: int, most: float = 0.0) -> Callable[[Any], Finding]:
    """E2G over chain of thought: above 0, or within `most` of it."""

    def check(results: Any) -> Finding:
        found = gap(results, E2G, COT, single(results), (length,))
        return Finding(found, abs(found.value) <= most if most else found.low > 0)

    return check


def prediction(results: Any) -> Finding:
    """The largest miss of the formula over lengths, all kinds together."""
    lengths, kinds = sorted({c.length for c in results.cells}), sorted({c.kind for c in results.cells})
    misses = []
    for length in lengths:
        expected = np.mean([predicted(results, kind, length) for kind in kinds])
        misses.append(abs(float(expected - hits(chosen(results, E2G, (), (length,))).mean())))
    return Finding(max(misses), max(misses) <= 0.03, len(hits(chosen(results, E2G))))


def many(results: Any, far: Sequence[int] = FAR) -> Finding:
    found = gap(results, BOTH, E2G, MANY, far)
    return Finding(found, found.low > 0)


def path(results: Any, far: Sequence[int] = FAR) -> Finding:
    found = gap(results, E2G, BOTH, ("path",), far)
    return Finding(found, found.value >= 0)


def routing(results: Any) -> Finding:
    """Over cells of kind and length: routing is nowhere the worst, and on average within a point of the best choice."""
    kinds, lengths = sorted({c.kind for c in results.cells}), sorted({c.length for c in results.cells})
    table = {arm: np.array([hits(chosen(results, arm, (k,), (n,))).mean() for k in kinds for n in lengths])
             for arm in (*FIXED, ROUTED)}  # fmt: skip
    worst = np.min([table[arm] for arm in FIXED], axis=0)
    behind = max(table[arm].mean() for arm in FIXED) - table[ROUTED].mean()
    return Finding(float(-behind), bool((table[ROUTED] >= worst).all() and behind <= 0.01), len(kinds) * len(lengths))


def controls(results: Any, far: Sequence[int] = FAR) -> Finding:
    """The smaller of the gains over two samples of chain of thought and over thinking twice about the same text."""
    found = [gap(results, E2G, arm, single(results), far)
             for arm in ("self-consistency, 2", "chain of thought twice")]  # fmt: skip
    least = min(found, key=lambda estimate: estimate.low)
    return Finding(least, least.low > 0)
