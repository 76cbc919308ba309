"""Answers of a language model compared with each other: by a judge model in both orders, or by three votes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.conversations.pair_judge import PairJudge, matrix, reliability, round_robin
from manyminds.core import Lab, NoAnswer, Text, render
from manyminds.models.ask import ask
from manyminds.models.request import Model, Request, user
from manyminds.theory import preferences as theory


class Compared(BaseModel, frozen=True):
    """The answers to one prompt, and what their comparisons say."""

    prompt: str
    answers: list[str]
    missing: int  # answers that were asked for and did not come
    preferences: list[list[float]]
    minimax: list[float]
    borda_winner: int
    borda_exploited: float
    condorcet: int | None
    cycles: int
    intransitivity: float
    misfit: float
    judged: dict[str, Any]  # reliability of the judge; empty for the rubric


def votes(texts: Sequence[str]) -> np.ndarray:
    """Preferences by three votes: fewer words, more digits, more different letters. Easily a cycle."""
    words = [-float(len(text.split())) for text in texts]
    digits = [float(sum(c.isdigit() for c in text)) for text in texts]
    letters = [float(len({c for c in text.lower() if c.isalpha()})) for text in texts]
    return theory.majority([words, digits, letters])


async def written(model: Model, prompt: str, count: int, lab: Lab) -> list[str | None]:
    """`count` answers at temperature 1; None where none came."""

    async def one(i: int) -> str | None:
        text = render(__package__, "answer", prompt=prompt)
        request = Request((user(text),), temperature=1.0, max_tokens=256, output=Text(2000), repeat=f"{lab.seeds}/{i}")
        found = (await ask(model, request)).value
        return None if isinstance(found, NoAnswer) else found

    return list(await lab.gather([one(i) for i in range(count)], "answers"))


async def compared(
    prompt: str, writer: Model, judge: Model | None, rubric: str, count: int, lab: Lab
) -> dict[str, Any]:
    """Draw answers, compare all pairs, and analyse the matrix. Without a judge model the three votes decide."""
    drawn = await written(writer, prompt, count, lab)
    answers = [text for text in drawn if text is not None]
    judged: dict[str, Any] = {}
    if judge is None:
        found = votes(answers) if answers else np.zeros((0, 0))
    else:
        pairs = await round_robin(PairJudge(judge, rubric), prompt, answers, lab, f"{lab.seeds}/{prompt}")
        found, judged = matrix(pairs, len(answers)), reliability(pairs)
    return analysed(prompt, answers, len(drawn) - len(answers), found, judged).model_dump()


def analysed(prompt: str, answers: list[str], missing: int, found: np.ndarray, judged: dict[str, Any]) -> Compared:
    if not answers:
        return Compared(
            prompt=prompt, answers=[], missing=missing, preferences=[], minimax=[], borda_winner=-1,
            borda_exploited=float("nan"), condorcet=None, cycles=0, intransitivity=float("nan"), misfit=float("nan"),
            judged=judged,
        )  # fmt: skip
    best = int(theory.borda(found).argmax())
    # A little ridge, because an answer that loses every comparison has no finite score.
    misfit = theory.misfit(found, theory.fitted_to(found, ridge=0.01)) if len(answers) > 1 else 0.0
    return Compared(
        prompt=prompt, answers=answers, missing=missing, preferences=found.tolist(),
        minimax=theory.minimax_winner(found).mixture.tolist(), borda_winner=best,
        borda_exploited=theory.exploitability(found, np.eye(len(answers))[best]), condorcet=theory.condorcet(found),
        cycles=theory.cyclic_triples(found), intransitivity=theory.intransitivity(found), misfit=misfit, judged=judged,
    )  # fmt: skip
