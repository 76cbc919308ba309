"""Attachments: a modality and six codes, which stand for an image, a sound, a video or a table that an encoder read.

The codebook is fixed. Codes 1 and 2 are a thing and how many there are of it, codes 3 and 4 another thing and how many
of that, code 5 is a day and code 6 a status:

    code       0       1      2      3      4      5     6     7     8     9
    thing      apples  books  boxes  cards  coins  cups  eggs  hats  keys  maps
    how many   -       1      2      3      4      5     6     7     8     9
    day        Mon     Tue    Wed    Mon    Tue    Wed   Mon   Tue   Wed   Mon
    status     open    closed full   open   closed full  open  closed full open

The modality says which tools may read it: `image_count` an image and nothing else. Codes are written with the spare
special tokens `<x0>` to `<x9>` of the house model, so each of them is one token and no other text has any.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from manyminds.worlds.texts.words import THINGS as WORDS

MODALITIES = ("image", "sound", "video", "table")
READING = {"count": ("thing",), "most": ()}  # what the tools of a modality do, and their arguments
THINGS = WORDS[:10]
DAYS = ("Mon", "Tue", "Wed")
STATUS = ("open", "closed", "full")


class Attachment(NamedTuple):
    """`codes`: six numbers from 0 to 9, as the codebook has them."""

    modality: str
    codes: tuple[int, ...]

    @property
    def written(self) -> str:
        return f"{self.modality} {''.join(f'<x{code}>' for code in self.codes)}"

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each thing, the first one first."""
        return {THINGS[self.codes[i]]: self.codes[i + 1] for i in (0, 2)}

    @property
    def day(self) -> str:
        return DAYS[self.codes[4] % len(DAYS)]

    @property
    def status(self) -> str:
        return STATUS[self.codes[5] % len(STATUS)]

    def read(self, kind: str, thing: str = "") -> str:
        """What the tool of a kind gives."""
        if kind == "most":
            return max(self.counts, key=self.counts.__getitem__)
        return str(self.counts.get(thing, 0)) if thing in THINGS else f"error: unknown thing {thing[:20]}"


def drawn(rng: Random) -> Attachment:
    """Any modality, two things of different number, a day and a status, each alike likely."""
    (first, second), (many, few) = rng.sample(range(10), 2), rng.sample(range(1, 10), 2)
    return Attachment(rng.choice(MODALITIES), (first, many, second, few, rng.randrange(9), rng.randrange(9)))


def restored(stored: Sequence[object] | None) -> Attachment | None:
    """An attachment from its JSON form."""
    if not stored:
        return None
    modality, codes = stored
    return Attachment(str(modality), tuple(codes))  # type: ignore[arg-type]
