"""How a matrix game is put into words: labels of the options, their order, the unit, the story, and what is told.

Each of these is a factor of the robustness checks of arXiv 2305.16867 (appendix); none of them changes the game.
"""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import numpy as np

from manyminds.core import Invalid
from manyminds.core.actions import after_mark, field_of_json

Story = Literal["plain", "cooking", "project", "game"]
Order = Literal["random", "first", "second"]


@dataclass(frozen=True)
class Wording:
    """`labels`: one for each option of each player, or None to draw capital letters for every play.

    `order`: in which order the options are named in the question: drawn anew in every round, or always the first (or
    second) option first; more than two options are then named in their (reversed) order. `window`: how many past rounds
    are shown, None for all. `others_err`: tell that the other player may make mistakes. `goal`: tell to collect as much
    as possible, which the paper does not.
    """

    labels: tuple[str, ...] | None = ("J", "F")
    order: Order = "random"
    unit: str = "points"
    story: Story = "plain"
    goal: bool = False
    others_err: bool = False
    window: int | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and len({label.strip().lower() for label in self.labels}) != len(self.labels):
            raise ValueError(f"labels {self.labels} are not all different")
        if self.labels is not None and not all(label.strip() for label in self.labels):
            raise ValueError("a label cannot be empty")
        if self.window is not None and self.window < 0:
            raise ValueError("a window is a number of rounds of at least 0")

    def drawn(self, options: int, rng: Random) -> tuple[str, ...]:
        """The labels of a play with this many options for the player who has most."""
        if self.labels is None:
            return tuple(rng.sample(string.ascii_uppercase, options))
        if len(self.labels) < options:
            raise ValueError(f"{options} options need as many labels, not {len(self.labels)}")
        return self.labels[:options]

    def ordered(self, options: int, rng: Random) -> tuple[int, ...]:
        """The order in which the options of one question are named."""
        order = list(range(options))
        if self.order == "random":
            rng.shuffle(order)
        return tuple(order if self.order != "second" else reversed(order))


@dataclass(frozen=True)
class Option:
    """One of the options by its label; `labels` stand in the order in which they were named.

    A label counts where it stands alone in a line (or after the answer mark). Failing that, a text that names exactly
    one label as a word names that one; the letters A and I, which are words too, count only after the word "option".
    """

    labels: tuple[str, ...]

    def check(self, value: Any) -> str:
        for label in self.labels:
            if isinstance(value, str) and bare(value).lower() == label.lower():
                return label
        raise Invalid(f"{value!r} is not one of {', '.join(self.labels)}")

    def parse(self, text: str) -> str:
        answer = field_of_json(text)
        where = answer if isinstance(answer, str) else after_mark(text) or text
        alone = {label for line in where.splitlines() for label in self.labels if bare(line).lower() == label.lower()}
        named = alone or {label for label in self.labels if self.names(where, label)}
        if len(named) > 1:
            raise Invalid(f"the answer names several options ({', '.join(sorted(named))})")
        if not named:
            raise Invalid(f"the answer names none of the options {', '.join(self.labels)}")
        return named.pop()

    def names(self, text: str, label: str) -> bool:
        """Is this label named in running text?"""
        word = rf"(?<!\w){re.escape(label)}(?!\w)"
        if label in {"A", "I"}:
            word = rf"\b[Oo]ption\s+{word}"
        found = re.search(word, text, 0 if len(label) == 1 else re.IGNORECASE)
        return found is not None

    def nearest(self, value: str) -> str:
        return value if value in self.labels else self.labels[0]

    def schema(self) -> None:
        return None  # the paper reads one token, so the answer is plain text

    def instruction(self) -> str:
        return f"Answer with one option only and nothing else: {listed(self.labels)}."


def bare(text: str) -> str:
    """A line without what may stand around a label: quotes, brackets, stops, and the word option."""
    return re.sub(r"^option\s+", "", text.strip(" \t\"'`*.,;:!()[]"), flags=re.IGNORECASE).strip(" \"'`*.,;:!()[]")


def listed(labels: Sequence[str]) -> str:
    return " or ".join(labels) if len(labels) < 3 else f"{', '.join(labels[:-1])} or {labels[-1]}"


STORIES: dict[str, dict[str, str]] = {
    "plain": {"scene": "You and {others} meet again and again in the same situation.", "choose": "choose"},
    "cooking": {
        "scene": "You and {others} take part in a cooking contest. In each round you both decide, without talking, "
        "what to prepare, and the jury rewards the pair of dishes.",
        "choose": "prepare",
    },
    "project": {
        "scene": "You and {others} work on one project. In each round you both decide, without talking, "
        "how to do your part, and the outcome is credited to each of you.",
        "choose": "do",
    },
    "game": {
        "scene": "You and {others} play a game. In each round you both decide, without talking, what to play.",
        "choose": "play",
    },
}


def described(sight: Any, wording: Wording) -> dict[str, Any]:
    """What the templates of a repeated game need besides the question, all of it from the sight."""
    alone = len(sight.others) == 1
    others = "the other player" if alone else listed(sight.others).replace(" or ", " and ")
    story = STORIES[wording.story]
    shown = sight.history if wording.window is None else sight.history[len(sight.history) - wording.window :]
    if wording.window is not None and wording.window >= len(sight.history):
        shown = sight.history
    first = len(sight.history) - len(shown)
    named = [(sight.options[joint[0]], *(o[c] for o, c in zip(sight.their_options, joint[1:]))) for joint in shown]
    past = [
        f"Round {first + at}: you {verb_past(story['choose'])} {labels[0]} and got "
        f"{amount(sight, joint, 0, wording)}; {others_did(sight, labels, joint, wording)}."
        for at, (labels, joint) in enumerate(zip(named, shown), 1)
    ]
    lines = []
    for joint in np.ndindex(sight.payoffs.shape[1:]):
        labels = (sight.options[joint[0]], *(o[c] for o, c in zip(sight.their_options, joint[1:])))
        they = " and ".join(f"{who(sight, i)} {third(story['choose'])} {labels[i]}" for i in range(1, len(joint)))
        gets = ", ".join(f"{who(sight, i)} gets {amount(sight, joint, i, wording)}" for i in range(1, len(joint)))
        lines.append(f"If you {story['choose']} {labels[0]} and {they}, you get {amount(sight, joint, 0, wording)} "
                     f"and {gets}.")  # fmt: skip
    return {"sight": sight, "wording": wording, "others": others, "subject": others[0].upper() + others[1:],
            "scene": story["scene"].format(others=others), "choose": story["choose"], "lines": lines, "past": past,
            "hidden": first}  # fmt: skip


def who(sight: Any, i: int) -> str:
    return "the other player" if len(sight.others) == 1 else sight.others[i - 1]


def amount(sight: Any, joint: tuple[int, ...], i: int, wording: Wording) -> str:
    return f"{sight.payoffs[(i, *joint)]:g} {wording.unit}"


def others_did(sight: Any, labels: tuple[str, ...], joint: tuple[int, ...], wording: Wording) -> str:
    verb = verb_past(STORIES[wording.story]["choose"])
    return "; ".join(f"{who(sight, i)} {verb} {labels[i]} and got {amount(sight, joint, i, wording)}"
                     for i in range(1, len(joint)))  # fmt: skip


def verb_past(verb: str) -> str:
    return {"choose": "chose", "prepare": "prepared", "do": "did", "play": "played"}[verb]


def third(verb: str) -> str:
    return {"choose": "chooses", "prepare": "prepares", "do": "does", "play": "plays"}[verb]
