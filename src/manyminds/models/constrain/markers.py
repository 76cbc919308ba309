"""Markers in texts: where states begin, the text cut at them, and texts of others in which none may stand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

BLANKS = " \t\r\n\f\v"
EMPTY = "(nothing)"  # what stands in a run where the environment had nothing to say


@dataclass(frozen=True)
class Segment:
    """A state and what was said in it, without the blanks around it."""

    state: str
    content: str


@lru_cache(maxsize=256)
def pattern(markers: tuple[str, ...]) -> re.Pattern[str]:
    """Finds the leftmost marker, of two that end together the longer one."""
    return re.compile("|".join(re.escape(marker) for marker in sorted(markers, key=len, reverse=True)))


def split(text: str, markers: tuple[str, ...]) -> tuple[str, list[tuple[int, str]]]:
    """What stands before the first marker, and (number of the marker, the text after it) for each."""
    found = list(pattern(markers).finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    parts = [(markers.index(match[0]), text[match.end() : end]) for match, end in zip(found, ends)]
    return text[: found[0].start()] if found else text, parts


def escaped(text: str, markers: tuple[str, ...]) -> str:
    """A text of a tool or a user with a backslash in every marker, so that it cannot open a state."""
    while (found := pattern(markers).search(text)) is not None:
        text = f"{text[: found.end() - 1]}\\{text[found.end() - 1 :]}"
    return text


@dataclass(frozen=True)
class Scanner:
    """The automaton of Aho and Corasick (1975) over bytes. Node 0 is the beginning; a node stands for the longest end
    of what was read that begins a marker."""

    paths: tuple[bytes, ...]
    goto: np.ndarray  # (nodes, 256) the next node
    marker: tuple[int, ...]  # by node: the marker that is complete there, or -1

    def reading(self, at: int, byte: int) -> tuple[int, bytes]:
        """The next node, and the bytes that can no longer be part of a marker."""
        to = int(self.goto[at, byte])
        read = self.paths[at] + bytes([byte])
        return to, read[: len(read) - len(self.paths[to])]


def scanner(markers: Sequence[str]) -> Scanner:
    texts = [marker.encode() for marker in markers]
    paths = tuple(
        sorted({text[:n] for text in texts for n in range(len(text) + 1)}, key=lambda path: (len(path), path))
    )
    number = {path: at for at, path in enumerate(paths)}
    goto = np.zeros((len(paths), 256), int)
    for at, path in enumerate(paths):
        for byte in set(b"".join(texts)):
            read = path + bytes([byte])
            goto[at, byte] = next(number[read[n:]] for n in range(len(read) + 1) if read[n:] in number)
    return Scanner(paths, goto, tuple(texts.index(path) if path in texts else -1 for path in paths))
