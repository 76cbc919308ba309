"""Clues: a hidden profile. Everybody holds one clue, and only all clues together say who is meant.

The candidates differ in yes-or-no features, one feature a clue: with any clue missing two candidates are left, so
nobody can know the answer before the words of all others have reached it.
"""

from dataclasses import dataclass
from itertools import product
from random import Random

from manyminds.worlds.texts.items import Draft, Item, Verdict, final, marked
from manyminds.worlds.texts.words import NAMES

FEATURES = ("wears a hat", "has a key", "knows the code", "speaks Greek", "owns a boat", "plays chess")


@dataclass(frozen=True)
class Clues:
    """Level l: l holders, 2^l candidates. `meta["clues"]` holds what each holder alone knows."""

    name: str = "clues"
    levels: tuple[int, ...] = (2, 3, 4, 5)

    def draft(self, rng: Random, level: int) -> Draft:
        features = rng.sample(FEATURES, level)
        profiles = list(product((True, False), repeat=level))
        names = rng.sample(NAMES, len(profiles))
        rng.shuffle(profiles)
        lines = [f"{name}: {', '.join(f if has else f'not {f}' for f, has in zip(features, profile))}" for
                 name, profile in zip(names, profiles)]  # fmt: skip
        at = rng.randrange(len(profiles))
        clues = [f"Clue {i + 1}: the person {'' if has else 'not '}{feature}." for i, (feature, has) in
                 enumerate(zip(features, profiles[at]))]  # fmt: skip
        prompt = "\n".join(["One of these people is meant. Each of you holds one clue.", *lines, "Who is meant?"])
        form = [features, profiles, at]
        return Draft(form, prompt, final(names[at]), names[at], {"clues": clues})

    def check(self, item: Item, text: str) -> Verdict:
        return marked(item, text)


def answer_by(prompt: str, clues: list[str]) -> list[str]:
    """Who fits some clues: the solver that a scripted mind and the tests use."""
    wanted = [clue.partition("the person ")[2].rstrip(".") for clue in clues]
    people = [line.partition(": ") for line in prompt.split("\n")[1:-1]]
    return [name for name, _, profile in people if all(want in profile.split(", ") for want in wanted)]
