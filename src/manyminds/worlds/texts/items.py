"""Items of the nursery: exactly checkable text tasks in families and levels, in splits that cannot overlap.

A family makes drafts from a random stream. The form of a draft is what is asked once names are renamed away (operators,
operands, graph); its hash says to which split the item belongs. So the same question can never stand in two splits,
with whatever names, and no list of used items need be kept.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import Any, NamedTuple, Protocol

from manyminds.core import BadInput, Seeds, unknown

BUCKETS = 20
SPLITS = {"raise": range(12), "train": range(12, 16), "validation": range(16, 17), "test": range(17, 20)}
USER, ASSISTANT, END = "<u>", "<a>", "<end>"  # special tokens of the house model, one role message each


class Verdict(NamedTuple):
    """What a checker found. `parsed` is the answer it read, `progress` in [0, 1] how far a wrong solution went
    right."""

    ok: bool
    parsed: str | None = None
    error: str = ""
    progress: float = 0.0


@dataclass(frozen=True)
class Item:
    """One task: what is asked, a worked solution, the answer alone, and what the checker of the family needs."""

    family: str
    level: int
    split: str
    form: str  # canonical form
    prompt: str
    solution: str  # worked, ends with the answer
    answer: str
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def form_hash(self) -> str:
        return blake2b(self.form.encode(), digest_size=8).hexdigest()

    @property
    def direct(self) -> str:
        """The answer alone, in the form that the checker reads: the twin of `solution` at equal items."""
        return str(self.meta.get("direct", final(self.answer)))

    def record(self) -> dict[str, Any]:
        """The item as one JSON row."""
        return {"family": self.family, "level": self.level, "split": self.split, "form_hash": self.form_hash,
                "prompt": self.prompt, "solution": self.solution, "answer": self.answer, "checker": self.family,
                "meta": self.meta}  # fmt: skip


class Draft(NamedTuple):
    """An item that does not know its split yet."""

    form: Any  # JSON
    prompt: str
    solution: str
    answer: str
    meta: dict[str, Any]
    root: Any = None  # [family, form] of the item that is wrapped in it, which then decides the split


class Family(Protocol):
    """One kind of task. `levels` are graded by difficulty; `check` is pure, takes any text and never raises."""

    @property
    def name(self) -> str: ...

    @property
    def levels(self) -> tuple[int, ...]: ...

    def draft(self, rng: Random, level: int) -> Draft: ...

    def check(self, item: Item, text: str) -> Verdict: ...


def split_of(form: str) -> str:
    """The split to which a canonical form belongs, for ever."""
    bucket = int.from_bytes(blake2b(form.encode(), digest_size=8).digest(), "big") % BUCKETS
    return next(name for name, buckets in SPLITS.items() if bucket in buckets)


def stream(
    family: Family, level: int, split: str, seeds: Seeds, tries: int = 2000, scarce: bool = False
) -> Iterator[Item]:
    """Items of one family, level and split without end, no form twice; raises BadInput when `tries` draws bring none,
    or just ends where `scarce` is allowed."""
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    if level not in family.levels:
        raise BadInput(f"{family.name} has the levels {', '.join(map(str, family.levels))}, not {level}")
    seen: set[str] = set()
    draws = waited = 0
    while True:
        draft = family.draft(seeds("nursery", family.name, level, draws), level)
        draws, waited = draws + 1, waited + 1
        form = json.dumps([family.name, draft.form], separators=(",", ":"))
        root = json.dumps(draft.root, separators=(",", ":")) if draft.root else form
        if split_of(root) == split and form not in seen:
            seen.add(form)
            waited = 0
            yield Item(family.name, level, split, form, draft.prompt, draft.solution, draft.answer, draft.meta)
        elif waited > tries and scarce:
            return
        elif waited > tries:
            raise BadInput(f"{family.name} at level {level} has no more than {len(seen)} items for {split}")


def items(family: Family, level: int, split: str, seeds: Seeds, count: int) -> list[Item]:
    """The first `count` items of a stream. A longer list begins with the shorter one."""
    source = stream(family, level, split, seeds)
    return [next(source) for _ in range(count)]


def rendered(item: Item, worked: bool = True) -> str:
    """The item as the house model reads it in training: worked solution or the answer alone, same prompt."""
    return f"{USER}{item.prompt}{ASSISTANT}{item.solution if worked else item.direct}{END}"


def final(answer: str) -> str:
    """The line that marks an answer. A word follows a blank, as in running text, where it is one token."""
    return f"#{answer}" if answer.lstrip("-").isdigit() else f"# {answer}"


def last_marked(text: str) -> str | None:
    """What stands after the last `#` that begins a line (or the text), to the end of that line; None without one."""
    found = [line.strip()[1:].strip() for line in text[-100_000:].split("\n") if line.strip().startswith("#")]
    return found[-1] if found else None


def marked(item: Item, text: str, progress: float = 0.0) -> Verdict:
    """Compare the last marked answer with the item's, case and surrounding blanks aside."""
    said = last_marked(text)
    if said is None:
        return Verdict(False, None, "no line begins with '#'", progress)
    ok = said.casefold() == item.answer.casefold()
    return Verdict(ok, said, "" if ok else "another answer", 1.0 if ok else progress)
