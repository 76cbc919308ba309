"""Measures of a discussion: who holds the floor, how answers drift, how norms wear off, how different personas are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manyminds.agents.embedding import Embedder, hashed_ngrams
from manyminds.conversations.transcript import Discussed
from manyminds.core.welfare import equality


def gini(amounts: Sequence[float]) -> float:
    """Gini's coefficient of what each holds: 0 where all hold the same, (n - 1) / n where one holds everything."""
    equal = equality(amounts)
    return 0.0 if equal is None else 1 - equal


@dataclass(frozen=True)
class Floor:
    """How much each participant, and each place in the first turn, had of the words of a discussion."""

    tokens: tuple[int, ...]  # by participant
    positions: tuple[int, ...]  # by place of speaking within a turn, all turns together
    won: int | None  # whose proposal was the answer

    @property
    def shares(self) -> tuple[float, ...]:
        total = sum(self.tokens)
        return tuple(t / total if total else 1 / len(self.tokens) for t in self.tokens)

    @property
    def monopoly(self) -> float:
        """The largest share."""
        return max(self.shares, default=0.0)

    @property
    def gini(self) -> float:
        return gini(self.tokens)


def floor(found: Discussed) -> Floor:
    """Tokens written by participant and by place, silent attempts included."""
    tokens, positions = [0] * len(found.participants), dict[int, int]()
    at = {turn: [u for u in found.talk if u.turn == turn] for turn in range(1, found.turns + 1)}
    for talk in at.values():
        for place, utterance in enumerate(talk):
            tokens[utterance.speaker] += utterance.tokens
            positions[place] = positions.get(place, 0) + utterance.tokens
    won = next((u.speaker for u in reversed(found.talk) if u.proposes and u.solution == found.answer), None)
    return Floor(tuple(tokens), tuple(positions[place] for place in sorted(positions)), won)


def talking_wins(floors: Sequence[Floor]) -> float:
    """The correlation, over all participants of all discussions, of the share of words with "my proposal won"; NaN
    where nothing varies."""
    shares = [share for each in floors for share in each.shares]
    won = [float(seat == each.won) for each in floors for seat in range(len(each.shares))]
    if len(shares) < 2 or np.ptp(shares) == 0 or np.ptp(won) == 0:
        return float("nan")
    return float(np.corrcoef(shares, won)[0, 1])


@dataclass(frozen=True)
class Drift:
    """Problem drift (arXiv 2502.19559): a score that falls from one turn to the next."""

    share: float  # of discussions with at least one fall
    drop: float  # mean fall, over all falls; 0 without any
    by_turn: tuple[float, ...]  # share of discussions that fall into turn t, t = 2, 3, ...


def drift(scores: Sequence[Sequence[float]]) -> Drift:
    """`scores`: a row of scores by turn for each discussion. A discussion that has ended keeps its score."""
    length = max(map(len, scores), default=0)
    if not length:
        return Drift(0.0, 0.0, ())
    rows = np.array([[*row, *[row[-1]] * (length - len(row))] for row in scores if row], float)
    steps = np.diff(rows, axis=1)
    falls = steps < 0
    drop = float(-steps[falls].mean()) if falls.any() else 0.0
    return Drift(float(falls.any(axis=1).mean()), drop, tuple(falls.mean(axis=0).tolist()))


def collapse(kept: Sequence[Sequence[bool]]) -> tuple[float, ...]:
    """Alignment collapse: the share of discussions whose answer keeps the norm at turn t, less that at turn 1."""
    length = max(map(len, kept), default=0)
    rows = np.array([[*row, *[row[-1]] * (length - len(row))] for row in kept if row], float)
    return tuple((rows.mean(axis=0) - rows[:, 0].mean()).tolist()) if rows.size else ()


def persona_diversity(descriptions: Sequence[str], embed: Embedder = hashed_ngrams) -> float:
    """1 less the mean cosine of all pairs of descriptions: 0 for copies. (The released code reports the cosine itself
    under this name, so it runs backwards.) NaN for fewer than two."""
    if len(descriptions) < 2:
        return float("nan")
    vectors = embed(list(descriptions))
    cosines = vectors @ vectors.T
    return float(1 - cosines[np.triu_indices(len(vectors), 1)].mean())
