"""Released reading sets: every arm on the same questions, scored as the sets are, with evidence and changes of mind."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.conversations import grounding
from manyminds.conversations.evidence import ChainOfEvidence, EvidenceToGenerate, Routed
from manyminds.conversations.methods import Minds
from manyminds.conversations.plain import ChainOfThought, Direct, SelfConsistency
from manyminds.conversations.readings import says_unknown
from manyminds.core import BadInput, EndpointDown, Lab, Refused, unknown
from manyminds.models.metered import Metered
from manyminds.models.request import Model
from manyminds.worlds.texts import asking
from manyminds.worlds.texts.published_benchmarks import READERS, best_overlap, exact_match, hotpot_evidence
from manyminds.worlds.texts.task_files import Row, check

FORMS = {"choice": "The answer is the letter of an option.", "f1": "The answer is as short as possible."}


class Read(BaseModel, frozen=True):
    """One arm on one set. Lists have an entry a question that was answered; `failed` counts those that no model served.
    `first` are the F1 of the provisional answers."""

    data: str
    arm: str
    exact: list[float]
    f1: list[float]
    first: list[float]
    failed: int
    unknown: int
    calls: int
    tokens: int
    evidence_f1: float | None  # against supporting sentences, where the set names them
    ungrounded: int
    quoted: int


def given(entry: str) -> tuple[str, Path]:
    """The name and the file of `NAME:PATH`; raises BadInput with the names that exist."""
    name, mark, path = entry.partition(":")
    if name not in READERS:
        raise unknown("data set", name, READERS)
    if not mark or not Path(path).exists():
        raise BadInput(f"data {entry!r}: there is no file {path!r}; write NAME:PATH, for instance hotpotqa:dev.json")
    return name, Path(path)


def methods(temperature: float, max_tokens: int) -> dict[str, Any]:
    told: dict[str, Any] = {"temperature": temperature, "max_tokens": max_tokens}
    short = ChainOfEvidence("short", **told)
    return {
        "direct": Direct(**told), "chain of thought": ChainOfThought(**told),
        "self-consistency, 16": SelfConsistency(16, 0.7, max_tokens), "CoE-Short": short,
        "CoE-Long": ChainOfEvidence("long", **told), "E2G": EvidenceToGenerate(short),
        "E2G, evidence and context": EvidenceToGenerate(short, "both"),
        "E2G, adaptive": EvidenceToGenerate(short, "adaptive"), "routed": Routed(head=short),
    }  # fmt: skip


async def answered(method: Any, row: Row, model: Model, repeat: str) -> tuple[str, str, Any] | None:
    """(final answer, provisional answer, reading or None); None where no model served the question."""
    question = asking.of_row(row, FORMS.get(row.kind, ""))
    try:
        if hasattr(method, "reading"):
            reading = await method.reading(question, model, repeat)
            return reading.final.answer, reading.first.answer, reading
        text = (await method(question, Minds(model), repeat)).text
        return text, text, None
    except (Refused, EndpointDown):
        return None


def scores(row: Row, text: str) -> tuple[float, float]:
    """(exact match, F1); of a choice both are accuracy."""
    if row.kind == "choice":
        ok = float(check(row, text).ok)
        return ok, ok
    return float(exact_match(row, text)), best_overlap(row, text)


async def of_set(
    entry: str, arms: Sequence[str], model: Model, limit: int, settings: dict[str, Any], lab: Lab
) -> list[Read]:
    """Every arm on the first `limit` questions of a set."""
    name, path = given(entry)
    rows = READERS[name](path)[:limit]
    evidence = hotpot_evidence(path) if name == "hotpotqa" else {}
    known = methods(**settings)
    found = []
    for arm in arms:
        if arm not in known:
            raise unknown("arm", arm, known)
        method, meter = known[arm], Metered(model)
        objective = "classify" if name == "fever" else "answer"
        method = with_objective(method, objective)
        jobs = [answered(method, row, meter, f"{lab.seeds}/{name}/{row.id}") for row in rows]
        answers = await lab.gather(jobs, f"{arm} on {name}")
        found.append(measured(name, arm, rows, answers, evidence, meter))
    return found


def with_objective(method: Any, objective: str) -> Any:
    """The method with the objective line that fits the set."""
    if isinstance(method, ChainOfEvidence):
        return replace(method, objective=objective)
    if hasattr(method, "head"):
        return replace(method, head=replace(method.head, objective=objective))
    return method


def measured(
    name: str, arm: str, rows: Sequence[Row], answers: Sequence[Any], evidence: dict[str, Any], meter: Metered
) -> Read:
    served = [(row, one) for row, one in zip(rows, answers) if one is not None]
    marks = [(*scores(row, one[0]), scores(row, one[1])[1]) for row, one in served]
    readings = [(row, one[2]) for row, one in served if one[2] is not None]
    quotes = [
        grounding.precision_recall(grounding.found(reading.first.evidence, evidence[row.id][0]), evidence[row.id][1])[2]
        for row, reading in readings if row.id in evidence
    ]  # fmt: skip
    return Read(
        data=name, arm=arm, exact=[m[0] for m in marks], f1=[m[1] for m in marks], first=[m[2] for m in marks],
        failed=len(rows) - len(served), unknown=sum(says_unknown(one[0], row.options) for row, one in served),
        calls=meter.spent.calls, tokens=meter.spent.tokens,
        evidence_f1=float(np.mean(quotes)) if quotes else None, ungrounded=sum(r.ungrounded for _, r in readings),
        quoted=sum(r.evidence_sentences for _, r in readings),
    )  # fmt: skip
