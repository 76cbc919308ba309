"""The memory of a generative agent: notes that are recalled by recency, importance and relevance.

After Park et al. (arXiv 2304.03442) with the weights of GovSim (arXiv 2404.16698, appendix on the agents).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from manyminds.agents.embedding import Embedder, hashed_ngrams

Kind = Literal["event", "thought", "chat", "action"]


@dataclass(frozen=True)
class Note:
    """One memory. Times are turns; `always` is recalled whatever the question, until it expires."""

    text: str
    kind: Kind = "event"
    created: int = 0
    expires: int | None = None  # the first turn in which it is gone
    importance: int = 5  # 1..10
    always: bool = False


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
        self.notes.append(note)

    def living(self, now: int) -> list[Note]:
        return [note for note in self.notes if note.expires is None or now < note.expires]

    def recall(self, question: str, now: int, k: int = 10) -> list[Note]:
        """The always-included notes and the `k` others with the highest scores, oldest first."""
        living = self.living(now)
        rest = [note for note in living if not note.always]
        if not rest:
            return living
        order = np.argsort(self.scores(question, rest), kind="stable")[::-1][:k]
        kept = {id(rest[i]) for i in order}
        return [note for note in living if note.always or id(note) in kept]

    def scores(self, question: str, notes: list[Note]) -> np.ndarray:
        """The score of each note, in the order in which they were written."""
        w = self.weights
        rank = np.arange(len(notes))[::-1]
        importance = np.array([(note.importance - 1) / 9 for note in notes])
        cosine = self.embed([note.text for note in notes]) @ self.embed([question])[0]
        return w.recency * w.decay**rank + w.importance * importance + w.relevance * cosine
