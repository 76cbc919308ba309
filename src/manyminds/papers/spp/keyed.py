"""What must come out of persona-keyed recall, whoever was asked: stories paired, intervals by bootstrap."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from manyminds.core import Estimate, Finding, Seeds
from manyminds.core import statistics as st
from manyminds.papers.spp.recall import STANDARD, Recalled


def gap(rows: Sequence[Recalled], first: str, second: str) -> Estimate:
    """Recall under one condition less that under another, story by story, all seeds together; 95 %."""
    a, b = (np.concatenate([row.scores[arm] for row in rows]) for arm in (first, second))
    return st.bootstrap(a - b, seeds=Seeds(0))


def right_tag(rows: Sequence[Recalled]) -> Finding:
    found = gap(rows, "right", STANDARD)
    return Finding(found, found.value >= 0.10 and found.low > 0)


def wrong_tag(rows: Sequence[Recalled]) -> Finding:
    found = gap(rows, "wrong", STANDARD)
    return Finding(found, found.value <= 0)


def between(rows: Sequence[Recalled]) -> Finding:
    """The recall of a fixed expert less that of wrong tags; it must not pass that of right tags either."""
    low, high = gap(rows, "fixed", "wrong"), gap(rows, "fixed", "right")
    return Finding(low, low.value >= 0 >= high.value)


def beats_standard(rows: Sequence[Recalled]) -> Finding:
    found = gap(rows, "spp", STANDARD)
    return Finding(found, found.low > 0)


def beats_fixed(rows: Sequence[Recalled]) -> Finding:
    found = gap(rows, "spp", "fixed")
    return Finding(found, found.low > 0)


def shuffled(rows: Sequence[Recalled]) -> Finding:
    """Recall with the named personas at the wrong questions less Standard: nothing is left of the gain."""
    found, lost = gap(rows, "shuffled", STANDARD), gap(rows, "spp", "shuffled")
    return Finding(found, found.low <= 0 and lost.low > 0)


def oracle(rows: Sequence[Recalled]) -> Finding:
    """Naming costs: recall with named personas less recall with the right ones."""
    found = gap(rows, "spp", "right")
    return Finding(found, found.value <= 0)


class Told(NamedTuple):
    """A claim before it is said of whom."""

    id: str
    statement: str
    where: str
    figure: str
    check: Callable[[Sequence[Recalled]], Finding]


RECALL = (
    Told("right-tag", "recall under the right persona less recall under none", "ours, after section 2", ">= .10",
         right_tag),
    Told("wrong-tag", "recall under a wrong persona less recall under none", "ours, after section 2", "<= 0",
         wrong_tag),
    Told("fixed-between", "a fixed expert recalls no less than wrong personas and no more than right ones",
         "ours, after section 2", ">= 0", between),
    Told("spp-standard", "personas that the mind names itself, in one call, recall more than none", "section 3",
         "> 0 (direction only)", beats_standard),
    Told("spp-fixed", "and more than a fixed expert", "section 4.2", "> 0 (direction only)", beats_fixed),
    Told("shuffled", "the same personas put to the wrong questions gain nothing over none", "ours", "<= 0", shuffled),
    Told("oracle", "personas named by the mind recall no more than the right ones", "derived", "<= 0", oracle),
)  # fmt: skip
