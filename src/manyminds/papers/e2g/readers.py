"""A scripted reader: it answers with known chances, so that what two steps gain is known before they are taken.

No language model: it holds the key of every item. From the sentences that a prompt shows it tells whether the facts are
there and how long the text is; then it errs, overrides and overlooks with the chances it was given. It is not told in
which step it is.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp
from random import Random

from manyminds.models.request import Request
from manyminds.theory.evidence import Reader
from manyminds.worlds.texts.fact_worlds import SENTENCE_TOKENS, Told

TOLD = re.compile(r"\b(?:The|A) [a-z]+ of [A-Z][a-z]+ is \w+\.")
Curve = Callable[[int], float]  # of the tokens of the text that was read


def fading(tokens: int) -> float:
    """How often the facts of a text are used rightly."""
    return 0.98 * exp(-tokens / 2200)


def stubborn(tokens: int) -> float:
    """How often belief wins over the text."""
    return min(0.5, 0.04 + 0.0004 * tokens)


@dataclass(frozen=True)
class ScriptedReader:
    """`recall` of each sentence of a path, `recall_of_many` where more than two sentences are needed; `whole`: all
    sentences are found or none. `focus`: how often it relies on what is told twice, evidence beside its context."""

    items: Mapping[str, Told]  # by question
    q: Curve = fading
    h: Curve = stubborn
    recall: float = 0.97
    recall_of_many: float = 0.85
    guess: float = 0.15
    focus: float = 0.85
    noise: float = 0.5  # how often one sentence is quoted that shows nothing
    whole: bool = False

    def __call__(self, request: Request) -> str:
        prompt = request.messages[-1].content
        item = next(self.items[line] for line in prompt.split("\n") if line in self.items)
        rng, shown = Random(f"{request.repeat}|{prompt}"), Counter(TOLD.findall(prompt))
        gold = [item.told[i] for i in sorted(item.gold)]
        answer = self.answer(rng, item, shown, gold)
        if '"answer"' not in prompt:
            return f"Answer: {answer}"
        return json.dumps({"answer": answer, "evidence and explanation": " ".join(self.quoted(rng, item, shown, gold))})

    def answer(self, rng: Random, item: Told, shown: Counter[str], gold: list[str]) -> str:
        if not all(sentence in shown for sentence in gold):
            return item.answer if rng.random() < self.guess else item.wrong
        length = len(shown)
        if all(shown[sentence] > 1 for sentence in gold) and rng.random() < self.focus:
            length = sum(times > 1 for times in shown.values())
        tokens = SENTENCE_TOKENS * length
        if rng.random() >= self.q(tokens):
            return item.wrong
        return item.believed if rng.random() < self.h(tokens) else item.answer

    def quoted(self, rng: Random, item: Told, shown: Counter[str], gold: list[str]) -> list[str]:
        """The sentences that it gives as evidence."""
        there = [sentence for sentence in gold if sentence in shown]
        if self.whole:
            found = there if rng.random() < self.recall else there[1:]
        else:
            each = self.recall if len(gold) <= 2 else self.recall_of_many
            found = [sentence for sentence in there if rng.random() < each]
        others = [sentence for sentence in shown if sentence not in gold]
        extra = rng.sample(others, 1) if others and rng.random() < self.noise else []
        return found + extra


@dataclass(frozen=True)
class Point:
    """Chances for the check of the formula: of a text of up to `short` tokens and of a longer one."""

    chances: Reader
    short: int = 40

    def reader(self, items: Mapping[str, Told]) -> ScriptedReader:
        c = self.chances
        return ScriptedReader(
            items, lambda n: c.q_short if n <= self.short else c.q_long,
            lambda n: c.h_short if n <= self.short else c.h_long, c.recall, c.recall, c.guess, c.focus, 0.0, True,
        )  # fmt: skip
