"""What a model is raised on: which families and levels in which shares, written in every format, packed into rows.

The texts of a chunk depend on the seed, the number of the chunk and the shares alone, so a raise that was killed goes
on with the same texts. Every item is written in all formats of its family: competing formats have the same exposure.
Once a model has made mistakes of its own (`own_mistakes.py`), the texts depend on these too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from manyminds.core import Seeds, unknown
from manyminds.models.house.tokenizer import Tokenizer
from manyminds.worlds.texts.formats import closed_book, formats, segments
from manyminds.worlds.texts.items import Family, Item, stream
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.sway import left_out
from manyminds.worlds.texts.turns import MARRED, Own, Turns

SHARES = {  # parts of the tokens, a family; a seventh of the calls has attachments, a tenth of the rooms is for two
    "copy": 0.25, "pairs": 0.25, "key-value": 0.1, "few-facts": 0.15, "sums": 1.5, "functions": 1.5, "hops": 1.2,
    "hops-questions": 0.6, "calls": 1.2, "calls-attached": 0.2, "rooms-maze": 0.4, "rooms-craft": 0.4,
    "rooms-fetch": 0.4, "rooms-word": 0.3, "rooms-todo": 0.4, "rooms-craft-pair": 0.1, "rooms-fetch-pair": 0.1,
    "turns-verify": 0.5, "turns-critique": 0.2, "turns-refine": 0.5, "turns-retry": 0.2,
    "turns-select": 0.15, "turns-debate": 0.2, "sway": 0.15, "sway-partner": 0.35, "rewrites": 0.3, "sequents": 0.3,
    "grids": 0.3, "plays": 0.1,
}  # fmt: skip
OTHER_SHARE = 0.2  # of a family that is not listed
FIRST = ("copy", "pairs", "key-value", "few-facts")  # looking up, on which the other families rest
EARLY = (
    12.0  # how much more of these there is at first. Never alone: a model that reads nothing else first loses looking
)
# up again when the other families come.
LAST_LEVEL = {  # the levels beyond are out of distribution and never raised on
    "sums": 6, "functions": 4, "hops": 4, "hops-questions": 4, "calls": 4, "calls-attached": 4, "rooms-maze": 5,
    "rooms-craft": 3, "rooms-craft-pair": 3, "rooms-fetch-pair": 3, "rooms-fetch": 4, "rooms-word": 3, "rooms-todo": 3,
    "rewrites": 5, "sequents": 6, "grids": 4,
}  # fmt: skip
TOP = (0.02, 0.01)  # what the two highest of four levels or more get together, so that they are not mastered
WEIGHTS = {"completion": 1.0, "prompt": 0.1, "observation": 0.0}  # of a token in the loss
LENGTHS = (128, 256, 512)  # of rows; a text goes into the shortest that holds it, which saves attention
STATEMENT = ("sway", 0, "statement")  # the label of a fact of the closed book


class Cell(NamedTuple):
    family: str
    level: int


class Document(NamedTuple):
    """One text: its tokens, what each counts in the loss, and the label (family, level, format) it is kept under."""

    tokens: np.ndarray  # int32 (length,)
    weights: np.ndarray  # float32 (length,)
    label: int


class Batch(NamedTuple):
    """Rows of packed texts; `owner` is the number of a token's text in the batch, from 1, and 0 where none stands."""

    tokens: np.ndarray  # int32 (rows, length)
    weights: np.ndarray  # float32 (rows, length)
    owner: np.ndarray  # int32 (rows, length)
    labels: np.ndarray  # int32 (texts,)


@dataclass(frozen=True)
class Mixture:
    """The texts of a raise from `seeds`. `context`: items with a longer text are left out, and counted. `rarer`: facts
    of the closed book are shown by this factor more rarely; nothing takes their place, so the other texts stay the
    same. `own`: mistakes of the model's own, in half of the turns that show a solution. `only`: the families that are
    shown, in the shares that they have among themselves, and texts that no other raise shows; all of them where it is
    empty."""

    seeds: Seeds
    tokenizer: Tokenizer
    context: int
    rarer: int = 1
    own: tuple[Own, ...] = ()
    only: tuple[str, ...] = ()
    families: Mapping[str, Family] = field(init=False)
    cells: tuple[Cell, ...] = field(init=False)
    labels: tuple[tuple[str, int, str], ...] = field(init=False)
    book: tuple[Document, ...] = field(init=False)
    left_out: frozenset[int] = field(init=False)  # places in the book of what is not shown

    def __post_init__(self) -> None:
        found = {name: self.with_own(family) for name, family in families(self.seeds).items()}
        cells = tuple(Cell(name, level) for name, family in found.items() for level in raised_levels(family))
        labels = tuple((*cell, form) for cell in cells for form in formats(cell.family))
        object.__setattr__(self, "families", found)
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "labels", (*labels, STATEMENT))
        told = closed_book(self.seeds) if not self.only or STATEMENT[0] in self.only else []
        book = tuple(self.document(parts, len(labels)) for parts in told)
        object.__setattr__(self, "book", book)
        object.__setattr__(self, "left_out", left_out(self.seeds, self.rarer) if self.rarer > 1 else frozenset())

    def with_own(self, family: Family) -> Family:
        marred = isinstance(family, Turns) and family.kind in MARRED
        return replace(family, own=self.own) if self.own and marred else family  # type: ignore[type-var]

    @property
    def shows_mistakes(self) -> bool:
        """Are solutions with mistakes among the texts?"""
        names = self.only or tuple(self.families)
        return any(isinstance(one, Turns) and one.kind in MARRED for one in map(self.families.__getitem__, names))

    def document(self, parts: Sequence[tuple[str, str]], label: int) -> Document:
        tokens: list[int] = []
        weights: list[float] = []
        for text, kind in parts:
            encoded = self.tokenizer.encode(text)
            tokens += encoded
            weights += [WEIGHTS[kind]] * len(encoded)
        return Document(np.array(tokens, np.int32), np.array([0.0, *weights[1:]], np.float32), label)

    def written(self, item: Item) -> list[Document]:
        """An item in all its formats."""
        found = []
        for form in formats(item.family):
            label = self.labels.index((item.family, item.level, form))
            found.append(self.document(segments(item, form), label))
        return found

    def shares(self, stage: str, accuracy: np.ndarray) -> np.ndarray:
        """(cells,) parts of the tokens, 1 together. `stage` low or full; `accuracy` (cells,) as last seen: what
        is mastered gives its share to what is not."""
        parts = np.zeros(len(self.cells))
        for i, (name, level) in enumerate(self.cells):
            if self.only and name not in self.only:
                continue
            levels = raised_levels(self.families[name])
            share = SHARES.get(name, OTHER_SHARE) * level_share(levels, level)
            if stage == "low":
                share *= (level in levels[:2]) * (EARLY if name in FIRST else 1)
            parts[i] = share * np.clip((0.9 - accuracy[i]) / 0.3, 0.15, 1.0)
        return parts / parts.sum()

    def chunk(self, number: int, shares: np.ndarray, tokens: int, shown: slice) -> tuple[list[Document], int]:
        """About `tokens` tokens of texts in these shares, the facts `shown` of the closed book among them, in the order
        in which they were drawn; and how many items were too long. Facts that are left out keep their place."""
        seeds, long = self.seeds.child("raise", *self.only, number), 0
        places = range(len(self.book))[shown]
        found = [self.book[i] for i in places if i not in self.left_out]
        given = np.zeros(len(self.cells))
        wanted = shares * max(0, tokens - sum(len(self.book[i].tokens) for i in places))
        streams: dict[int, Iterator[Item]] = {}
        rounds = [0] * len(self.cells)
        while (missing := wanted - given).max() > 0 and given.sum() < wanted.sum():
            at = int(missing.argmax())
            name, level = self.cells[at]
            if at not in streams:
                own = seeds.child(rounds[at])
                streams[at] = stream(self.families[name], level, "raise", own, scarce=True)
            item = next(streams[at], None)
            if item is None:  # all that there are have been drawn: begin again
                streams.pop(at)
                rounds[at] += 1
                continue
            documents = self.written(item)
            given[at] += sum(len(document.tokens) for document in documents)
            if all(len(document.tokens) <= self.context for document in documents):
                found += documents
            else:  # in no format then, so that all formats have seen the same items
                long += 1
        return found, long

    def spared(self, shown: int) -> int:
        """The tokens of what was left out of the first `shown` facts of the book."""
        return sum(len(self.book[i].tokens) for i in self.left_out if i < shown)


def known(only: Sequence[str], seeds: Seeds) -> None:
    """Raise `BadInput` where the nursery has no family of such a name."""
    for name in only:
        if name not in (found := families(seeds)):
            raise unknown("family", name, found)


def raised_levels(family: Family) -> tuple[int, ...]:
    """The levels of a family that a raise may see."""
    return tuple(level for level in family.levels if level <= LAST_LEVEL.get(family.name, max(family.levels)))


def level_share(levels: Sequence[int], level: int) -> float:
    """The part that a level has of its family: equal, but little for the two highest of four or more."""
    if len(levels) < 4:
        return 1 / len(levels)
    if level in levels[-2:]:
        return TOP[levels[-2:].index(level)]
    return (1 - sum(TOP)) / (len(levels) - 2)


def packed(documents: Sequence[Document], tokens: int, context: int, rng: np.random.Generator) -> list[Batch]:
    """Batches of `tokens` tokens each, in a drawn order. Texts share rows with texts of about their length, because
    attention costs what the row is long; what the longer rows have room for is filled with shorter texts."""
    lengths = [length for length in LENGTHS if length < context] + [context]
    left = [documents[i] for i in rng.permutation(len(documents))]
    batches = []
    for length, shorter in zip(lengths[::-1], [*lengths[-2::-1], 0]):
        count = max(1, tokens // length)
        mine = [one for one in left if len(one.tokens) > shorter]
        left = [one for one in left if len(one.tokens) <= shorter]
        rows = filled(mine, length)
        if rows and left:
            rows, left = topped_up(rows, left, -len(rows) % count + len(rows), length)
        rows = [rows[i] for i in rng.permutation(len(rows))]
        batches += [batch(rows[i : i + count], count, length) for i in range(0, len(rows), count)]
    return [batches[i] for i in rng.permutation(len(batches))]


def topped_up(
    rows: list[list[Document]], others: Sequence[Document], count: int, length: int
) -> tuple[list[list[Document]], list[Document]]:
    """`count` rows that hold also as many of the `others` as fit easily, and the others that are left."""
    room = 0.97 * count * length - sum(len(one.tokens) for row in rows for one in row)
    taken = int((np.cumsum([len(one.tokens) for one in others]) <= room).sum())
    shortest = min(len(one.tokens) for row in rows for one in row)
    rows = filled([*(one for row in rows for one in row), *others[:taken]], length)
    # The few that did not fit stand in the last rows, which are the emptiest; those with a text for which no shorter
    # row has room stay.
    spare = [i for i, row in enumerate(rows) if len(row[0].tokens) < shortest]
    gone = spare[len(spare) - max(0, len(rows) - count) :]
    kept = [row for i, row in enumerate(rows) if i not in gone]
    return kept, [*(one for i in gone for one in rows[i]), *others[taken:]]


def filled(documents: Sequence[Document], length: int) -> list[list[Document]]:
    """Rows of at most `length` tokens, each text put where it leaves the least room (best fit, longest first)."""
    room: list[list[list[Document]]] = [[] for _ in range(length + 1)]  # rows by the room they have left
    for document in sorted(documents, key=lambda one: -len(one.tokens)):
        need = len(document.tokens)
        left = next((free for free in range(need, length) if room[free]), length)
        row = room[left].pop() if left < length else []
        row.append(document)
        room[left - need].append(row)
    return [row for rows in room for row in rows]


def batch(rows: Sequence[Sequence[Document]], count: int, length: int) -> Batch:
    tokens, owner = np.zeros((count, length), np.int32), np.zeros((count, length), np.int32)
    weights = np.zeros((count, length), np.float32)
    labels: list[int] = []
    for i, row in enumerate(rows):
        at = 0
        for document in row:
            labels.append(document.label)
            here = slice(at, at + len(document.tokens))
            tokens[i, here], weights[i, here], owner[i, here] = document.tokens, document.weights, len(labels)
            at = here.stop
    return Batch(tokens, weights, owner, np.array(labels, np.int32))


def spelled(seeds: Seeds, size: int) -> Tokenizer:
    """The tokenizer of a raise, trained on texts of the lowest levels."""
    from manyminds.models.house.tokenizer import trained
    from manyminds.worlds.texts.formats import spelling

    return trained(spelling(seeds), size)


def examples(mixture: Mixture, cell: Cell, count: int) -> list[Item]:
    """Some items of a cell as they are raised on."""
    source = stream(mixture.families[cell.family], cell.level, "raise", mixture.seeds.child("raise", 0), scarce=True)
    return list(islice(source, count))
