"""Codenames for two: one sees the targets and gives one word as a hint, the other sees the list and the hint.

The game of arXiv 2307.05300 (from BIG-bench), its scores, and a vocabulary with planted senses in which the best hint
is known by trying all: a word has a direction for its topic, a polyseme for two, and the guesser takes the words that
are most similar to the hint.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import NamedTuple

import numpy as np

from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts.words import fresh_names

TARGETS = {1: 15, 2: 25, 3: 8, 4: 2}  # number of targets -> games among the 50 of the paper
SIZES = (9, 25)  # words of a list


def plain(word: str) -> str:
    """A word as it is compared: no dots, no blanks around, no case."""
    return word.strip().replace(".", "").casefold()


@dataclass(frozen=True)
class Game:
    """Words may have blanks inside ("king arthur"). Targets are among them and no word stands twice."""

    id: str
    words: tuple[str, ...]
    targets: tuple[str, ...]

    def __post_init__(self) -> None:
        words, targets = [plain(w) for w in self.words], [plain(t) for t in self.targets]
        if not targets or not all(words):
            raise BadInput(f"game {self.id}: a game has at least one target and no empty word")
        for name, each in (("words", words), ("targets", targets)):
            if twice := sorted({word for word in each if each.count(word) > 1}):
                raise BadInput(f"game {self.id}: {name} that stand twice: {', '.join(twice)}")
        if strange := sorted(set(targets) - set(words)):
            raise BadInput(f"game {self.id}: targets that are not in the list: {', '.join(strange)}")

    @property
    def chance(self) -> float:
        """The expected score of guessing as many words as there are targets: n / |list|."""
        return len(self.targets) / len(self.words)


class Score(NamedTuple):
    """Targets found by all guesses and by the first n of them (guessing more words is no skill), targets, guesses."""

    found: int
    capped: int
    targets: int
    guesses: int


def guessed(text: str) -> list[str]:
    """The words of a guess: separated by commas, in order, each once."""
    return list(dict.fromkeys(word for part in text.split(",") if (word := plain(part))))


def score(game: Game, text: str) -> Score:
    wanted, said = {plain(target) for target in game.targets}, guessed(text)
    return Score(len(wanted & set(said)), len(wanted & set(said[: len(wanted)])), len(wanted), len(said))


def micro(scores: Iterable[Score], capped: bool = False) -> float:
    """Targets found of all targets: what the paper reports."""
    every = list(scores)
    return sum(s.capped if capped else s.found for s in every) / sum(s.targets for s in every)


def macro(scores: Iterable[Score]) -> float:
    """The mean score of a game, which weighs games with few targets more."""
    return float(np.mean([s.found / s.targets for s in scores]))


def illegal(hint: str, words: Sequence[str]) -> tuple[str, ...]:
    """Why a hint breaks the rules of the game; it is still played and scored."""
    said = plain(hint)
    found = [] if said else ["no hint"]
    if said in map(plain, words):
        found.append("a word of the list")
    if len(said.split()) > 1:
        found.append("several words")
    return tuple(found)


# ---- a vocabulary with planted senses


@dataclass(frozen=True)
class Lexicon:
    """Unit vectors of words, (topics,) each."""

    vectors: Mapping[str, np.ndarray]

    @classmethod
    def drawn(cls, seeds: Seeds, words: int = 150, topics: int = 8, polysemes: float = 0.3,
              noise: float = 0.15) -> "Lexicon":  # fmt: skip
        rng, draws = seeds("lexicon"), seeds.numpy("senses")
        names = [name.lower() for name in fresh_names(rng, words, 2)]
        found = {}
        for name in names:
            senses = rng.sample(range(topics), 2 if rng.random() < polysemes else 1)
            vector = np.zeros(topics)
            vector[senses] = 1
            vector = vector / np.linalg.norm(vector) + noise * draws.standard_normal(topics)
            found[name] = vector / np.linalg.norm(vector)
        return cls(found)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(self.vectors)

    def similar(self, word: str, others: Sequence[str]) -> np.ndarray:
        return np.array([float(self.vectors[word] @ self.vectors[other]) for other in others])

    def guess(self, hint: str, words: Sequence[str], count: int) -> list[str]:
        """The `count` words most similar to a hint; a word that is not known says nothing, and the first are taken."""
        if hint not in self.vectors:
            return list(words[:count])
        return [words[i] for i in np.argsort(-self.similar(hint, words), kind="stable")[:count]]

    def expected(self, hint: str, words: Sequence[str], targets: Sequence[str]) -> float:
        """Expected targets among the n guesses of one who takes the most similar words and equals at random."""
        near, n = self.similar(hint, words), len(targets)
        limit = np.sort(near)[-n]
        sure, tied = near > limit, near == limit
        hits = np.isin(np.array(words), targets)
        return float((hits & sure).sum() + (hits & tied).sum() * (n - sure.sum()) / tied.sum())

    def margin(self, hint: str, words: Sequence[str], targets: Sequence[str]) -> float:
        """By how much the least similar target is nearer to a hint than the most similar other word."""
        others = [word for word in words if word not in targets]
        return float(self.similar(hint, targets).min() - self.similar(hint, others).max())

    def best_hint(self, words: Sequence[str], targets: Sequence[str]) -> tuple[str, float]:
        """(the hint with most expected targets, the widest margin among equals, its expected targets), over all words
        that are not in the list."""
        hints = [word for word in self.words if word not in words]
        best = max(hints, key=lambda h: (self.expected(h, words, targets), self.margin(h, words, targets)))
        return best, self.expected(best, words, targets)

    def difficulty(self, words: Sequence[str], targets: Sequence[str]) -> float:
        """The margin of the best hint; below 0 no hint that is best singles the targets out."""
        return self.margin(self.best_hint(words, targets)[0], words, targets)


def game(rng: Random, vocabulary: Sequence[str], name: str) -> Game:
    """A game of 9 to 25 words with the released set's shares of targets."""
    words = rng.sample(list(vocabulary), rng.randint(*SIZES))
    count = rng.choices(list(TARGETS), list(TARGETS.values()))[0]
    return Game(name, tuple(words), tuple(rng.sample(words, count)))
