"""The memory of a generative agent: notes that are recalled by recency, importance and relevance.

After Park et al. (arXiv 2304.03442) with the weights of GovSim (arXiv 2404.16698, appendix on the agents).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from manyminds.agents.embedding import Embedder, hashed_ngrams

Kind = Literal["event", "thought", "chat", "action"]
UNRATED = 5  # what a note counts as that nobody has rated


@dataclass(frozen=True)
class Note:
    """One memory. Times are whole numbers on the clock of the agent that keeps it: turns, or days.

    `always`: recalled whatever the question, until it expires. `key`: takes the place of the note with the same key
    (an empty text then only removes that one).
    """

    text: str
    kind: Kind = "event"
    created: int = 0
    expires: int | None = None  # the first moment at which it is gone
    importance: int | None = None  # 1..10; None: not rated, counts as 5
    always: bool = False
    key: str = ""


@dataclass(frozen=True)
class Weights:
    """score = recency * decay^rank + importance * (i - 1) / 9 + relevance * cosine; rank 0 is the newest."""

    recency: float = 0.5
    importance: float = 3.0
    relevance: float = 2.0
    decay: float = 0.99


@dataclass
class Memory:
    """What one agent remembers; it grows while the agent lives."""

    weights: Weights = field(default_factory=Weights)
    embed: Embedder = hashed_ngrams
    notes: list[Note] = field(default_factory=list)

    def add(self, note: Note) -> None:
        """Keep a note, in the place of the one with its key if it has one."""
        if note.key:
            self.notes = [old for old in self.notes if old.key != note.key]
        if note.text:
            self.notes.append(note)

    def living(self, now: int) -> list[Note]:
        return [note for note in self.notes if note.expires is None or now < note.expires]

    def unrated(self, now: int) -> list[Note]:
        """The living notes without a rating; those that are always recalled need none."""
        return [note for note in self.living(now) if note.importance is None and not note.always]

    def rate(self, notes: Sequence[Note], ratings: Sequence[int | None]) -> None:
        """Give each of some notes its importance; without a rating it counts as 5 from now on."""
        rated = {id(note): UNRATED if rating is None else rating for note, rating in zip(notes, ratings, strict=True)}
        self.notes = [replace(note, importance=rated[id(note)]) if id(note) in rated else note for note in self.notes]

    def recall(self, about: str | Sequence[str], now: int, k: int = 10) -> list[Note]:
        """The always-included notes and, for each of the questions `about`, the `k` others with the highest scores.

        Every note comes once, the oldest first.
        """
        living = self.living(now)
        rest = [note for note in living if not note.always]
        kept: set[int] = set()
        for question in [about] if isinstance(about, str) else about:
            order = np.argsort(self.scores(question, rest), kind="stable")[::-1][:k] if rest else []
            kept |= {id(rest[i]) for i in order}
        return [note for note in living if note.always or id(note) in kept]

    def scores(self, question: str, notes: list[Note]) -> np.ndarray:
        """The score of each note, in the order in which they were written."""
        w = self.weights
        rank = np.arange(len(notes))[::-1]
        importance = np.array([((note.importance or UNRATED) - 1) / 9 for note in notes])
        cosine = self.embed([note.text for note in notes]) @ self.embed([question])[0]
        return w.recency * w.decay**rank + w.importance * importance + w.relevance * cosine
