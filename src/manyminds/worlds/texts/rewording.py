"""Rewording: basic tasks with a demand on form: copy in another case, write digits as words, list without blanks.

Nothing has to be worked out, so what goes wrong in long talk is compliance, and that is checked letter by letter.
"""

from dataclasses import dataclass
from random import Random

from manyminds.worlds.texts.items import Draft, Item, Verdict, final, last_marked
from manyminds.worlds.texts.words import MATERIALS

DIGITS = tuple(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@dataclass(frozen=True)
class Rewording:
    """Level l: l + 1 words or digits."""

    name: str = "rewording"
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)

    def draft(self, rng: Random, level: int) -> Draft:
        kind = rng.choice(("upper", "digits", "list"))
        if kind == "digits":
            told = [str(rng.randrange(10)) for _ in range(level + 1)]
            answer, asked = " ".join(DIGITS[int(d)] for d in told), "Write each digit as a lower-case word, in order"
        else:
            told = rng.sample(MATERIALS, level + 1)
            answer = " ".join(told).upper() if kind == "upper" else ",".join(told)
            asked = "Copy this in capital letters" if kind == "upper" else "Copy this with commas in place of blanks"
        return Draft([kind, told], f"{asked}: {' '.join(told)}", final(answer), answer, {"kind": kind})

    def check(self, item: Item, text: str) -> Verdict:
        """Letter by letter, case included: this is the only thing that is asked for."""
        said = last_marked(text)
        if said is None:
            return Verdict(False, None, "no line begins with '#'")
        return Verdict(said == item.answer, said, "" if said == item.answer else "not as demanded")
