"""BM25 over short texts: which of them say most about a query (Robertson and Zaragoza 2009).

score(d, q) = sum over words w of q of idf(w) f (k + 1) / (f + k (1 - b + b |d| / mean |d|)), f the count of w in d. A
word in more than half of the texts would have a negative idf; it gets `floor` times the mean idf instead. Where there
are so few texts that this mean may be negative too, `positive` takes the idf of BM25+, log((N + 1) / n) of N texts, n
of them with the word (Lv and Zhai 2011).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


class Index:
    """An index of texts, in their order."""

    def __init__(
        self, texts: Sequence[str], k: float = 1.5, b: float = 0.75, floor: float = 0.25, positive: bool = False
    ) -> None:
        self.texts, self.k, self.b = tuple(texts), k, b
        self.counts = [Counter(words(text)) for text in self.texts]
        self.lengths = [sum(counts.values()) for counts in self.counts]
        holding = Counter(word for counts in self.counts for word in counts)
        total = len(self.texts)
        if positive:
            self.idf = {word: math.log((total + 1) / n) for word, n in holding.items()}
            return
        raw = {word: math.log(total - n + 0.5) - math.log(n + 0.5) for word, n in holding.items()}
        mean = sum(raw.values()) / len(raw) if raw else 0.0
        self.idf = {word: value if value >= 0 else floor * mean for word, value in raw.items()}

    def scores(self, query: str) -> list[float]:
        """One score a text; 0 where no word of the query is in it."""
        mean = sum(self.lengths) / len(self.lengths) if self.texts else 1.0
        found = []
        for counts, length in zip(self.counts, self.lengths):
            weight = self.k * (1 - self.b + self.b * length / (mean or 1.0))
            terms = (self.idf.get(word, 0.0) * counts[word] / (counts[word] + weight) for word in words(query))
            found.append((self.k + 1) * sum(terms))
        return found

    def best(self, query: str, count: int = 1) -> list[str]:
        """The texts with the highest scores, the earlier of those equal; never one without a word of the query."""
        ranked = sorted(enumerate(self.scores(query)), key=lambda one: (-one[1], one[0]))
        shared = set(words(query))
        return [self.texts[i] for i, _ in ranked if shared & set(self.counts[i])][:count]
