"""A language model that compares two answers, asked in both orders so that it cannot favour a place.

Averaging both orders makes the preferences antisymmetric by construction. An answer that stays unusable after one more
try counts as a tie, is logged, and its share is reported; so are the ties and how often the two orders agree.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from manyminds.core import Form, Lab, NoAnswer, render
from manyminds.models.ask import ask
from manyminds.models.request import Model, Request, user

WORTH = {"A": 1.0, "B": -1.0, "TIE": 0.0}


class Judgement(BaseModel, frozen=True):
    """What a judge answers."""

    winner: Literal["A", "B", "TIE"] = Field(description="A, B or TIE: which answer is better")


@dataclass(frozen=True)
class Both:
    """One pair judged in both orders: the preference for the first over the second as shown first, and as shown second;
    None where the answer could not be used."""

    first: int
    second: int
    shown_first: float | None
    shown_second: float | None

    @property
    def preference(self) -> float:
        """2 Prob(first beats second) - 1, an unusable answer counting as a tie."""
        return ((self.shown_first or 0.0) + (self.shown_second or 0.0)) / 2

    @property
    def answers(self) -> tuple[float | None, float | None]:
        return self.shown_first, self.shown_second


@dataclass
class PairJudge:
    """Compares answers to a task with a model, by a rubric if one is given."""

    model: Model
    rubric: str = ""
    max_tokens: int = 256
    temperature: float = 0.0
    tries: int = 2  # the first and one more
    invalid: Counter[str] = field(default_factory=Counter)  # answers that could not be used, by reason

    async def once(self, task: str, a: str, b: str, repeat: str) -> float | None:
        """1 where the judge prefers `a`, -1 where `b`, 0 for a tie, None where it gave no usable answer."""
        text = render(__package__, "compare_pair", task=task, a=a, b=b, rubric=self.rubric)
        request = Request((user(text),), temperature=self.temperature, max_tokens=self.max_tokens,
                          output=Form(Judgement), repeat=repeat)  # fmt: skip
        found = (await ask(self.model, request, self.tries, self.invalid)).value
        return None if isinstance(found, NoAnswer) else WORTH[found.winner]

    async def both(self, task: str, answers: Sequence[str], first: int, second: int, repeat: str) -> Both:
        """The pair in both orders, one call after the other."""
        a, b = answers[first], answers[second]
        forth = await self.once(task, a, b, f"{repeat}/{first}-{second}")
        back = await self.once(task, b, a, f"{repeat}/{second}-{first}")
        return Both(first, second, forth, None if back is None else -back)


async def round_robin(judge: PairJudge, task: str, answers: Sequence[str], lab: Lab, repeat: str) -> list[Both]:
    """Every pair of `answers` in both orders: n (n - 1) questions."""
    jobs = [judge.both(task, answers, i, j, repeat) for i, j in combinations(range(len(answers)), 2)]
    return list(await lab.gather(jobs, f"pairs of {repeat}"))


def matrix(pairs: Sequence[Both], n: int) -> np.ndarray:
    """Preferences (n, n), antisymmetric; pairs that were not judged are ties."""
    found = np.zeros((n, n))
    for pair in pairs:
        found[pair.first, pair.second], found[pair.second, pair.first] = pair.preference, -pair.preference
    return found


def reliability(pairs: Sequence[Both]) -> dict[str, Any]:
    """How far a judge can be trusted: counts of questions, unusable answers, ties, pairs in which both orders were
    answered, those among them that agree, and the mean answer for whoever was shown first (0 without a bias)."""
    answers = [answer for pair in pairs for answer in pair.answers]
    usable = [answer for answer in answers if answer is not None]
    whole = [pair for pair in pairs if None not in pair.answers]
    # `shown_second` is the preference for the first answer too, so what was shown first then is its opposite.
    bias = [(pair.shown_first - pair.shown_second) / 2 for pair in whole]  # type: ignore[operator]
    return {
        "questions": len(answers),
        "unusable": len(answers) - len(usable),
        "ties": usable.count(0.0),
        "pairs": len(whole),
        "agreeing": sum(pair.shown_first == pair.shown_second for pair in whole),
        "bias": float(np.mean(bias)) if bias else None,
    }
