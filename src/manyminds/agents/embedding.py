"""Texts as vectors without any download: hashed words and character trigrams, of unit length, always the same."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np

Embedder = Callable[[Sequence[str]], np.ndarray]  # texts -> (texts, dimensions), rows of unit length

DIMENSIONS = 256


def hashed_ngrams(texts: Sequence[str]) -> np.ndarray:
    """One row a text; the cosine of two rows grows with the words and trigrams that the texts share."""
    return np.stack([hashed(text) for text in texts]) if texts else np.zeros((0, DIMENSIONS))


@lru_cache(maxsize=65536)
def hashed(text: str) -> np.ndarray:
    vector = np.zeros(DIMENSIONS)
    words = re.findall(r"\w+", text.lower())
    for word in words:
        for gram in (word, *(f" {word} "[i : i + 3] for i in range(len(word)))):
            digest = int.from_bytes(blake2b(gram.encode(), digest_size=8).digest(), "big")
            vector[digest % DIMENSIONS] += 1 if digest >> 63 else -1  # signs let collisions cancel
    length = np.linalg.norm(vector)
    vector = vector / length if length else vector
    vector.flags.writeable = False
    return vector
