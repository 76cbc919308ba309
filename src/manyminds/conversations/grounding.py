"""Does a text stand in another? Sentences, evidence that is found in its context, and contexts cut to size."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

WORD = re.compile(r"[a-z0-9][a-z0-9.,'-]*")
END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
SHORT_WORDS = "a an the of to in on at by for with from and or but as is are was were be been"
PRONOUNS = "it its this that these those he she they his her their which who"
EMPTY = frozenset(f"{SHORT_WORDS} {PRONOUNS}".split())  # words that show nothing
NEEDED = 0.8  # share of the content words of a sentence that must stand in one piece


def tokens(text: str) -> int:
    """Words and marks: near enough to what a model counts."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def sentences(text: str) -> list[str]:
    """The sentences of a text, without blanks around them; a new line ends one too."""
    return [part.strip() for part in END.split(text) if part.strip()]


def content(text: str) -> list[str]:
    """The words of a text that show something, in order."""
    return [word for word in (found.strip(".,'-") for found in WORD.findall(text.lower())) if word not in EMPTY]


def span(words: Sequence[str], of: Sequence[str]) -> int:
    """The length of the longest run of words that both have."""
    match = SequenceMatcher(None, words, of, autojunk=False)
    return match.find_longest_match(0, len(words), 0, len(of)).size


def stands_in(sentence: str, context: str, words: Sequence[str]) -> bool:
    """Whether a sentence stands in a context (`words`: its content) up to a fifth of its content words."""
    if sentence in context:
        return True
    own = content(sentence)
    return bool(own) and span(own, words) >= NEEDED * len(own)


def grounded(evidence: str, context: str) -> tuple[list[str], list[str]]:
    """The sentences of the evidence that stand in the context, and those that do not."""
    words = content(context)
    inside, outside = [], []
    for sentence in sentences(evidence):
        (inside if stands_in(sentence, context, words) else outside).append(sentence)
    return inside, outside


def found(evidence: str, told: Sequence[str]) -> set[int]:
    """Which sentences of a context the evidence quotes: for each of its sentences the one with the longest run in
    common, if that run is most of the shorter of the two."""
    contents, quoted = [content(sentence) for sentence in told], set[int]()
    for sentence in sentences(evidence):
        if sentence in told:
            quoted.add(list(told).index(sentence))
            continue
        own = content(sentence)
        runs = [span(own, other) for other in contents]
        best = max(range(len(runs)), key=runs.__getitem__, default=-1)
        if best >= 0 and runs[best] and runs[best] >= NEEDED * min(len(own), len(contents[best])):
            quoted.add(best)
    return quoted


def precision_recall(quoted: set[int], gold: set[int]) -> tuple[float, float, float]:
    """Precision, recall and F1 of quoted sentences; 1 each where nothing was to be quoted and nothing was."""
    right = len(quoted & gold)
    precision = right / len(quoted) if quoted else float(not gold)
    recall = right / len(gold) if gold else 1.0
    return precision, recall, 2 * right / (len(quoted) + len(gold)) if quoted or gold else 1.0


def fitted(context: str, most: int) -> tuple[str, int]:
    """A context of at most `most` tokens, and how many sentences were left out of it.

    Every passage (a line) may keep as many tokens as every other; what a short one does not need the long ones get.
    Passages lose whole sentences from their end, never a part of one.
    """
    if tokens(context) <= most:
        return context, 0
    passages = [sentences(line) for line in context.split("\n") if line.strip()]
    lengths = [[tokens(sentence) for sentence in passage] for passage in passages]
    room, left = most, len(passages)
    allowed = [0] * len(passages)
    for i in sorted(range(len(passages)), key=lambda i: sum(lengths[i])):
        allowed[i] = min(sum(lengths[i]), room // left)
        room, left = room - allowed[i], left - 1
    kept, dropped = [], 0
    for passage, counts, most_here in zip(passages, lengths, allowed):
        held = 0
        while held < len(passage) and sum(counts[: held + 1]) <= most_here:
            held += 1
        dropped += len(passage) - held
        if held:
            kept.append(" ".join(passage[:held]))
    return "\n".join(kept), dropped
