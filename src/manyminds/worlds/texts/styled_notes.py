"""Short notes on a topic in four styles, and two rubrics that compare them: one goes round, one is an order.

A note either follows the grammar of a style word for word or is malformed, and all notes of a style count the same
words, figures and adjectives. So what a rubric says of two notes depends on their styles alone, the game between styles
is known exactly, and nothing can be won by leaving the grammar: whatever is malformed loses to whatever is not.
"""

from collections.abc import Sequence
from random import Random
from typing import Literal

import numpy as np

from manyminds.core.errors import unknown
from manyminds.theory import preferences as theory

Rubric = Literal["cycle", "order"]
RUBRICS = ("cycle", "order")
WORDS = {
    "adjective": ("red", "old", "calm", "wide", "dark", "soft", "cold", "bright"),
    "digit": tuple("0123456789"),
    "place": ("here", "today", "again", "nearby", "below", "outside"),
}
FORMS = {
    "terse": ("adjective", "topic"),
    "exact": ("the", "topic", "digit", "digit"),
    "rich": ("adjective", "adjective", "topic", "digit", "place", "place"),
    "plain": ("there", "is", "a", "topic", "place", "place", "place"),
}
STYLES = tuple(FORMS)
MALFORMED = len(STYLES)  # the class of a note that has no style
CLASSES = (*STYLES, "malformed")
TOPICS = ("river", "tower", "garden", "market", "bridge", "forest", "harbour", "castle", "museum", "meadow", "station",
          "village", "island", "library", "valley", "theatre", "orchard", "lake", "windmill", "tunnel", "beach",
          "square", "quarry", "temple")  # fmt: skip


def note(style: str, topic: str, rng: Random) -> str:
    """A note of a style with drawn words; a blank stands before each, so that it is one token wherever it stands."""
    if style not in FORMS:
        raise unknown("style", style, FORMS)
    words = [topic if slot == "topic" else rng.choice(WORDS[slot]) if slot in WORDS else slot for slot in FORMS[style]]
    return "".join(f" {word}" for word in words)


def class_of(topic: str, text: str) -> int:
    """The number of a note's style, or MALFORMED where it follows none, or speaks of something else."""
    words = text.split(" ")[1:]
    for number, form in enumerate(FORMS.values()):
        allowed = [(topic,) if slot == "topic" else WORDS.get(slot, (slot,)) for slot in form]
        if text[:1] == " " and len(words) == len(form) and all(word in some for word, some in zip(words, allowed)):
            return number
    return MALFORMED


def criteria(text: str) -> tuple[int, int, int]:
    """What the rubrics count, more is better: brevity (minus the words), figures, adjectives."""
    words = text.split()
    return -len(words), sum(w in WORDS["digit"] for w in words), sum(w in WORDS["adjective"] for w in words)


def prefers(rubric: Rubric, topic: str, a: str, b: str) -> float:
    """1 where note `a` is better than `b`, -1 where it is worse, 0 for a tie.

    "cycle": each criterion has a vote and the majority decides; terse beats exact beats rich beats terse, and all beat
    plain. "order": more figures, then fewer words; exact, rich, terse, plain.
    """
    formed_a, formed_b = (class_of(topic, text) != MALFORMED for text in (a, b))
    if not (formed_a and formed_b):
        return float(formed_a) - float(formed_b)
    first, second = criteria(a), criteria(b)
    if rubric == "cycle":
        return float(np.sign(sum((x > y) - (x < y) for x, y in zip(first, second))))
    if rubric == "order":
        ranks = [(figures, brevity) for brevity, figures, _ in (first, second)]
        return float((ranks[0] > ranks[1]) - (ranks[0] < ranks[1]))
    raise unknown("rubric", rubric, RUBRICS)


def compared(rubric: Rubric, topic: str, texts: Sequence[str]) -> np.ndarray:
    """Preferences (n, n) between notes on one topic: every pair is judged in both orders."""
    said = [[0.0 if i == j else prefers(rubric, topic, a, b) for j, b in enumerate(texts)] for i, a in enumerate(texts)]
    return theory.antisymmetric(np.array(said))


def between_styles(rubric: Rubric) -> np.ndarray:
    """The exact game between CLASSES, (5, 5)."""
    rng = Random(0)
    return compared(rubric, TOPICS[0], [*(note(style, TOPICS[0], rng) for style in STYLES), ""])
