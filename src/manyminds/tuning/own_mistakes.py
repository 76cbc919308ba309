"""Mistakes of a model's own: what it gets wrong when its raise has come to the full mixture, as wrappers show it later.

When the first stage ends, the model solves new sums of the raise split at all levels that turns wrap, at temperature
0.8, with the weights that it has then. Solutions that the exact checker calls wrong, and whose lines are equations, are
kept (`turns.own_mistake`) in `own.jsonl` in the folder of the raise: the first line tells how they were found, each
other line is one of them. From then on half of the mistakes in verify, critique, refine and retry are these, at levels
with enough of them. They are sampled once, from the seed and the state of the raise alone, and read again when a killed
raise goes on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from manyminds.core import BadInput, Seeds
from manyminds.models.batched import Speaker
from manyminds.tuning.answering import TOGETHER, answered
from manyminds.worlds.texts.items import Item, stream
from manyminds.worlds.texts.sums import Sums
from manyminds.worlds.texts.turns import FEWEST, Own, Turns, own_mistake

FILE = "own.jsonl"
LEVELS = Turns().levels
TEMPERATURE = 0.8
TOKENS = 4_000  # that were read, for every solution that is sampled: about a hundredth of the time of a raise
LEAST = 800  # solutions, below which the time to compile would count, so none are sampled
MOST = 512  # solutions at a level
KEPT = 256  # mistakes at a level
LONGEST = 128  # tokens of a solution; the longest right ones have about 90


@dataclass(frozen=True)
class Found:
    """The mistakes, and how they were found: solutions `asked` and `wrong` under the checker, by level."""

    own: tuple[Own, ...]
    progress: float  # of the raise
    asked: Mapping[int, int]
    wrong: Mapping[int, int]

    @property
    def enough(self) -> dict[int, int]:
        """How many there are, by level; levels at which they are too few, so that slips take their place, left out."""
        counts = {level: sum(one.level == level for one in self.own) for level in LEVELS}
        return {level: count for level, count in counts.items() if count >= FEWEST}

    def header(self) -> dict[str, Any]:
        """The first line of the file, which the card repeats. Keys of JSON are strings."""
        kept = {str(level): sum(one.level == level for one in self.own) for level in LEVELS}
        return {
            "progress": self.progress, "temperature": TEMPERATURE, "kept": kept, "used": sorted(self.enough),
            "asked": {str(level): n for level, n in self.asked.items()},
            "wrong": {str(level): n for level, n in self.wrong.items()},
            "share_wrong": {str(level): round(self.wrong[level] / n, 4) for level, n in self.asked.items() if n},
        }  # fmt: skip


def sampled(speaker: Speaker, seeds: Seeds, read: int, progress: float) -> Found:
    """Let a model that has read `read` tokens make its mistakes. High levels come first, at which most solutions are
    wrong; what they leave of the solutions that may be sampled goes to the lower ones."""
    left = min(read // TOKENS, MOST * len(LEVELS)) if read // TOKENS >= LEAST else 0
    own: list[Own] = []
    asked, wrong = dict.fromkeys(LEVELS, 0), dict.fromkeys(LEVELS, 0)
    for place, level in enumerate(reversed(LEVELS)):
        source = stream(Sums(), level, "raise", seeds.child("raise", "own"), scarce=True)
        most, kept = left // (len(LEVELS) - place), dict[tuple[str, tuple[str, ...]], Own]()
        while asked[level] < most and len(kept) < KEPT:
            some = list(islice(source, min(TOGETHER, most - asked[level])))
            if not some:
                break
            texts = solved(speaker, some, str(seeds))
            asked[level] += len(some)
            wrong[level] += sum(not Sums().check(item, text).ok for item, text in zip(some, texts))
            found = [one for one in map(own_mistake, some, texts) if one]
            kept |= {(one.form, one.lines): one for one in found}
        left -= asked[level]
        own += list(kept.values())[:KEPT]
    return Found(tuple(own), progress, asked, wrong)


def solved(speaker: Speaker, some: list[Item], stream: str) -> list[str]:
    """Solutions as a model works them out. `stream` names the draws."""
    asked = [(item, "worked", f"own {stream}") for item in some]
    return [play.text for play in answered(speaker, asked, TEMPERATURE, LONGEST)]


def keep(found: Found, folder: Path) -> None:
    """Write the file, whole or not at all."""
    lines = [json.dumps(found.header()), *(json.dumps(one._asdict()) for one in found.own)]
    part = folder / f"{FILE}.part"
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    part.replace(folder / FILE)


def kept(folder: Path) -> Found | None:
    """What the file of a folder holds; None where there is none. Raises `BadInput` for another file."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        head, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        own = tuple(Own(**line | {name: tuple(line[name]) for name in ("steps", "lines")}) for line in lines)
        asked, wrong = ({int(level): n for level, n in head[name].items()} for name in ("asked", "wrong"))
        return Found(own, head["progress"], asked, wrong)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadInput(f"{path} holds no mistakes of a model's own; raise it again in another folder") from None
