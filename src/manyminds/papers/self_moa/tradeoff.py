"""Quality against diversity: many mixes at many temperatures, and the regression of what the aggregate reaches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.core import regression
from manyminds.core.diversity import centred_mean, power_mean, vendi_of_counts
from manyminds.papers.self_moa.arms import MIXES
from manyminds.papers.self_moa.specialists import BASE, FAMILIES, Exam, warmed
from manyminds.theory.plurality import right

TEMPERATURES = (0.5, 0.7, 0.9, 1.1, 1.3)
SUMMARIES = {"mean": power_mean, "K-norm": power_mean, "centred 1/K-norm": centred_mean}  # at K = 1, 2, 2


class Mix(BaseModel, frozen=True):
    """One configuration: quality over slots, Vendi score, what the plurality reaches, all drawn; and its exact
    chance."""

    slots: str
    temperature: float
    qualities: list[float]  # of each slot
    diversity: float
    reached: float
    exact: float


class Fitted(BaseModel, frozen=True):
    """t = alpha q + beta d + gamma in percent points, q and d standardised."""

    data: str
    summary: str
    alpha: float
    beta: float
    alpha_p: float
    beta_p: float
    explained: float  # R squared
    n: int


def mixes(exam: Exam, aggregator: str, pure: str) -> list[Mix]:
    """The thirteen mixes and six of the best one, each at every temperature: 70 configurations."""
    rng, found = exam.seeds.numpy("trade-off", exam.family), []
    for slots in (*MIXES, pure * 6):
        for temperature in TEMPERATURES:
            voters = np.stack([warmed(exam.chances[letter], temperature) for letter in slots], axis=1)
            votes = (rng.random((*voters.shape[:2], 1)) > voters.cumsum(-1)[..., :-1]).sum(-1)
            counts = (votes[..., None] == np.arange(voters.shape[-1])).sum(1)
            found.append(Mix(
                slots=slots, temperature=temperature, qualities=(votes == 0).mean(0).tolist(),
                diversity=float(vendi_of_counts(counts).mean()),
                reached=float(decided(counts, exam, aggregator, rng).mean()),
                exact=float(right(voters, warmed(exam.chances[aggregator], BASE)).mean()),
            ))  # fmt: skip
    return found


def decided(counts: np.ndarray, exam: Exam, aggregator: str, rng: np.random.Generator) -> np.ndarray:
    """Whether the plurality is right, ties broken by the aggregator's own draw where that is among them."""
    chances = exam.chances[aggregator]
    own = (rng.random((len(counts), 1)) > chances.cumsum(-1)[:, :-1]).sum(-1)
    tied = counts == counts.max(1, keepdims=True)
    weights = np.where(tied, rng.random(counts.shape), -1.0)
    weights[np.arange(len(counts)), own] += np.where(tied[np.arange(len(counts)), own], 1.0, 0.0)
    return np.asarray(weights.argmax(1) == 0)


def standardised(values: Sequence[float] | np.ndarray) -> np.ndarray:
    values = np.asarray(values, float)
    return np.asarray((values - values.mean()) / values.std())


def fitted(data: str, rows: Sequence[Mix]) -> list[Fitted]:
    """The regression with each summary of the proposers' quality."""
    found = []
    for name, summary in SUMMARIES.items():
        q = summary(np.array([row.qualities for row in rows]), 1.0 if name == "mean" else 2.0)
        columns = {"quality": standardised(q), "diversity": standardised([row.diversity for row in rows])}
        fit = regression.fit_numbers([100 * row.reached for row in rows], columns)
        found.append(Fitted(
            data=data, summary=name, alpha=fit.estimate("quality", "").value, beta=fit.estimate("diversity", "").value,
            alpha_p=fit.p_value("quality"), beta_p=fit.p_value("diversity"), explained=fit.explained, n=fit.n,
        ))  # fmt: skip
    return found


def regressed(exams: dict[str, Exam], aggregator: str) -> list[dict[str, Any]]:
    """The regressions of every family, each with its best specialist among the configurations."""
    found = []
    for name, exam in exams.items():
        best = max(FAMILIES[name], key=lambda letter: FAMILIES[name][letter])
        found += [row.model_dump() for row in fitted(name, mixes(exam, aggregator, best))]
    return found
