"""Metrics of written text against references: ROUGE, BLEU, METEOR without synonyms, distinct n-grams.

ROUGE as in the package rouge-score without stemming, BLEU as in sacrebleu (tokenised by blanks), METEOR's exact stage
(Banerjee and Lavie 2005). SQuAD's measures are in `task_files.py`. All are in [0, 1].
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import exp, log


def words(text: str) -> list[str]:
    """Lower-case runs of letters and digits (rouge-score's tokens)."""
    return re.findall(r"[a-z0-9]+", text.lower())


def grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def f1(same: float, said: int, meant: int) -> float:
    return 2 * same / (said + meant) if same else 0.0


def rouge(text: str, reference: str, n: int) -> float:
    """ROUGE-n: the F1 of n-grams in common (Lin 2004)."""
    said, meant = grams(words(text), n), grams(words(reference), n)
    return f1(sum((said & meant).values()), said.total(), meant.total())


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L: the F1 of the longest common subsequence."""
    said, meant = words(text), words(reference)
    row = [0] * (len(meant) + 1)
    for word in said:
        before = row[:]
        for j, other in enumerate(meant):
            row[j + 1] = before[j] + 1 if word == other else max(row[j], before[j + 1])
    return f1(row[-1], len(said), len(meant))


def bleu(texts: Sequence[str], references: Sequence[Sequence[str]], order: int = 4, smooth: bool = False) -> float:
    """Corpus BLEU (Papineni et al. 2002), case and punctuation counted, tokens between blanks; several references a
    text. `smooth`: counts of 0 are halved again and again, for single sentences (sacrebleu's "exp")."""
    match, total, length, closest = [0] * order, [0] * order, 0, 0
    for text, meant in zip(texts, references, strict=True):
        said, refs = text.split(), [reference.split() for reference in meant]
        length += len(said)
        closest += min((abs(len(ref) - len(said)), len(ref)) for ref in refs)[1]
        for n in range(order):
            most: Counter[tuple[str, ...]] = Counter()
            for ref in refs:
                most |= grams(ref, n + 1)
            found = grams(said, n + 1)
            match[n] += sum((found & most).values())
            total[n] += found.total()
    if not length or not match[0]:
        return 0.0
    logs, halved = [], 1.0
    for hits, n in zip(match, total):
        if n == 0:
            if not smooth:
                return 0.0
            continue  # a text too short for this order has no say in it
        if hits == 0:
            if not smooth:
                return 0.0
            halved *= 2
        logs.append(log(hits / n) if hits else log(1 / (halved * n)))
    return exp(sum(logs) / len(logs) + min(0.0, 1 - closest / length))


def meteor(text: str, reference: str) -> float:
    """METEOR's exact stage: unigrams aligned in order of appearance, recall weighted 9 to 1, a penalty for chunks. No
    stems and no synonyms, so it is a lower bound of the full measure."""
    said, meant = text.lower().split(), reference.lower().split()
    free = {word: [i for i, other in enumerate(meant) if other == word] for word in set(said)}
    # As the usual implementation: from the end, each word takes the last free place.
    pairs = sorted((i, free[word].pop()) for i, word in reversed(list(enumerate(said))) if free[word])
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(said), len(pairs) / len(meant)
    mean = precision * recall / (0.9 * precision + 0.1 * recall)
    chunks = 1 + sum(b != (a[0] + 1, a[1] + 1) for a, b in pairwise(pairs))
    return mean * (1 - 0.5 * (chunks / len(pairs)) ** 3)


def distinct(texts: Sequence[str], n: int) -> float:
    """The share of n-grams over all texts that are different (Li et al. 2016); 0 without any."""
    found = Counter[tuple[str, ...]]()
    for text in texts:
        found += grams(words(text), n)
    return len(found) / found.total() if found else 0.0
