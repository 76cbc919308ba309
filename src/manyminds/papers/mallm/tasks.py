"""The tasks that minds are asked: the six of the paper from files of yours, or stand-ins that are checked exactly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from manyminds.conversations.methods import Question
from manyminds.core import BadInput, Seeds, unknown
from manyminds.worlds.texts import asking
from manyminds.worlds.texts import text_metrics as metrics
from manyminds.worlds.texts.clues import Clues
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import Family, Item, items
from manyminds.worlds.texts.norms import Norms
from manyminds.worlds.texts.published_benchmarks import READERS
from manyminds.worlds.texts.rewording import Rewording
from manyminds.worlds.texts.sums import Sums
from manyminds.worlds.texts.task_files import Row, check

Scorer = Callable[[str], float]


@dataclass(frozen=True)
class Asked:
    """One question with its scorer (a text to a score in [0, 1]); `private` is what each seat alone knows."""

    task: str
    id: str
    question: Question
    score: Scorer
    references: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """How a data set is read, what is asked of each of its texts, and by what it is scored."""

    reader: str
    asked: str
    form: str
    measure: str  # check, rouge, bleu or meteor
    basic: bool  # writing to a demand, rather than reasoning


KINDS: dict[str, Kind] = {
    "xsum": Kind("xsum", "Summarise this text.", "Write one sentence.", "rouge", True),
    "wmt": Kind("wmt", "Translate this into English.", "Write the translation alone.", "bleu", True),
    "etpc": Kind("etpc", "Say this in other words.", "Write one paraphrase.", "meteor", True),
    "squad": Kind("squad", "Answer from the text.", "Write the shortest span of the text that answers, or 'unknown'"
                  " if the text does not say.", "check", False),
    "strategyqa": Kind("bigbench", "Which option is right?", "Write its letter.", "check", False),
    "ethics": Kind("bigbench", "Which option is the ethical one?", "Write its letter.", "check", False),
}  # fmt: skip
Offered = Mapping[str, tuple[Family, tuple[int, ...]]]  # families and their levels, by the name of the task
STANDINS: Offered = {
    "rewording": (Rewording(), (2, 3, 4)),
    "hops": (Hops(), (2, 3, 4)),
    "norms": (Norms(), (3, 4)),
    "clues": (Clues(), (3,)),
}
BASIC = frozenset(name for name, kind in KINDS.items() if kind.basic) | {"rewording"}


def sample_size(population: int) -> int:
    """How many of `population` items the paper asks: Cochran's n for 5 points at 95 %, corrected for a finite
    population: n0 / (1 + (n0 - 1) / N), n0 = 1.96^2 / 4 / .05^2 = 384.16."""
    n0 = 1.96**2 * 0.25 / 0.05**2
    return min(population, ceil(n0 / (1 + (n0 - 1) / population)))


def measure(name: str, row: Row) -> Scorer:
    if name == "rouge":
        return lambda text: max(metrics.rouge_l(text, reference) for reference in row.answers)
    if name == "bleu":
        return lambda text: metrics.bleu([text], [row.answers], smooth=True)
    if name == "meteor":
        return lambda text: max(metrics.meteor(text, reference) for reference in row.answers)
    return lambda text: check(row, text).progress


def wanted(task: str, row: Row) -> bool:
    """Only true paraphrases are asked for (label 1)."""
    return task != "etpc" or str(row.meta.get("etpc_label", row.meta.get("label", 1))) == "1"


def from_row(task: str, row: Row) -> Asked:
    kind = KINDS[task]
    types = row.meta.get("paraphrase_types") if task == "etpc" else None
    more = f" Make these changes: {', '.join(map(str, types))}." if types else ""
    text = f"{kind.asked}{more}\n{row.prompt}"
    question = asking.of_row(row.model_copy(update={"prompt": text}), kind.form)
    return Asked(task, row.id, question, measure(kind.measure, row), row.answers)


def from_item(task: str, family: Family, item: Item, native: bool) -> Asked:
    question = asking.of_item(family, item, "" if native else "Write the answer alone.")
    private = tuple(item.meta.get("clues", ()))

    def score(text: str) -> float:
        return asking.checked(family, item, text).progress

    return Asked(task, item.form_hash, question, score, (item.answer,), private)


def from_file(entry: str, seeds: Seeds, count: int) -> list[Asked]:
    """TASK=FILE: `count` rows drawn at random; 0: as many as the paper would ask."""
    task, mark, path = entry.partition("=")
    if task not in KINDS:
        raise unknown("task of data", task, KINDS)
    if not mark or not path:
        raise BadInput(f"data {entry!r} names no file; write {task}=FILE")
    rows = [row for row in READERS[KINDS[task].reader](Path(path)) if wanted(task, row)]
    if not rows:
        raise BadInput(f"{path} holds nothing to ask")
    drawn = seeds("rows", task).sample(rows, min(count or sample_size(len(rows)), len(rows)))
    return [from_row(task, row) for row in drawn]


def nursery(levels: Sequence[int]) -> Offered:
    """What the house model is asked: it was raised to work sums out, and to work them out again after a solution."""
    return {"sums": (Sums(), tuple(levels))}


def standins(seeds: Seeds, count: int, agents: int, of: Offered = STANDINS) -> list[Asked]:
    """`count` items of each stand-in, levels in turn."""
    found: list[Asked] = []
    native = of is not STANDINS
    for task, (family, levels) in of.items():
        if task == "clues":
            levels = (agents,) if agents in family.levels else ()
        for at, level in enumerate(levels):
            share = len(range(at, count, len(levels)))
            drawn = items(family, level, "test", seeds.child(task), share) if share else []
            found += [from_item(task, family, item, native) for item in drawn]
    return found


def extra(asked: Asked, text: str) -> dict[str, Any]:
    """All measures of a written text against its references."""
    if asked.task not in KINDS or KINDS[asked.task].measure == "check":
        return {}
    best: Callable[[Callable[[str, str], float]], float] = lambda f: max(f(text, r) for r in asked.references)  # noqa: E731
    return {
        "rouge-1": best(lambda a, b: metrics.rouge(a, b, 1)),
        "rouge-2": best(lambda a, b: metrics.rouge(a, b, 2)),
        "rouge-l": best(metrics.rouge_l),
        "bleu": metrics.bleu([text], [asked.references], smooth=True),
        "meteor": best(metrics.meteor),
        "distinct-2": metrics.distinct([text], 2),
    }
