"""Arms on the fact world: every way to read, on the same items, by kind of question and length of the text."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from manyminds.conversations import grounding
from manyminds.conversations.evidence import ChainOfEvidence, EvidenceToGenerate, Reading, Routed
from manyminds.conversations.methods import Minds, Question, Reply
from manyminds.conversations.plain import ChainOfThought, Direct, SelfConsistency, Style
from manyminds.conversations.readings import Found, says_unknown
from manyminds.core import BadInput, Lab, Refused, Seeds
from manyminds.models.metered import Metered
from manyminds.models.request import Model
from manyminds.papers.e2g.readers import ScriptedReader
from manyminds.worlds.texts.fact_worlds import FactWorld, Told, right, same_answer
from manyminds.worlds.texts.sway import facts

MANY = ("several", "count")  # kinds that need more than two facts
TOLD_APART = ("path", "count")  # kinds whose wrong answer is not the believed one, so that overrides can be seen
REFUSED = "refused"
GOLD, BLIND = "gold sentences only", "without the gold sentences"


class Cell(BaseModel, frozen=True):
    """One arm on the items of one kind and length. Lists have an entry an item; `first` is whether the provisional
    answer was right (equal to `right` for arms of one step)."""

    arm: str
    kind: str
    length: int
    right: list[bool]
    first: list[bool]
    overridden: list[bool] = []  # whether the answer is the believed one, where the text contradicts it and that shows
    refused: int = 0  # items that the model would not serve; they count as wrong
    unknown: int = 0
    calls: int = 0
    tokens: int = 0
    recall: list[float] = []  # of the gold sentences, in the first step
    precision: list[float] = []
    ungrounded: int = 0
    quoted: int = 0  # sentences of evidence
    flags: dict[str, int] = {}

    @property
    def accuracy(self) -> float:
        return sum(self.right) / len(self.right)

    @property
    def whole(self) -> float:
        """How often the first step found all gold sentences."""
        return sum(r == 1 for r in self.recall) / len(self.recall) if self.recall else 0.0


@dataclass(frozen=True)
class Arm:
    """A method, what the item's context becomes for it, and whether it reads with evidence."""

    method: Any
    context: Callable[[Told], str] = lambda item: item.context
    routed: bool = False


def arms(style: Style, temperature: float, max_tokens: int) -> dict[str, Arm]:
    """All arms have the same temperature and budget of tokens; samples of self-consistency are drawn at .7."""
    told: dict[str, Any] = {"temperature": temperature, "max_tokens": max_tokens, "style": style}
    short, long = ChainOfEvidence("short", **told), ChainOfEvidence("long", **told)
    return {
        "direct": Arm(Direct(**told)),
        "chain of thought": Arm(ChainOfThought(**told)),
        "self-consistency, 2": Arm(SelfConsistency(2, 0.7, max_tokens, style)),
        "chain of thought twice": Arm(ChainOfThought(rounds=2, **told)),
        "CoE-Short": Arm(short),
        "CoE-Long": Arm(long),
        "E2G": Arm(EvidenceToGenerate(short)),
        "E2G, evidence and context": Arm(EvidenceToGenerate(short, "both")),
        "E2G, adaptive": Arm(EvidenceToGenerate(short, "adaptive")),
        "E2G, strict": Arm(EvidenceToGenerate(short, strict=True)),
        "routed": Arm(Routed(head=short), routed=True),
        GOLD: Arm(short, lambda item: " ".join(item.told[i] for i in sorted(item.gold))),
        BLIND: Arm(short, lambda item: " ".join(line for i, line in enumerate(item.told) if i not in item.gold)),
    }


def numbered(context: str) -> str:
    """The context as the house model reads it: a number before each sentence."""
    passages = [grounding.sentences(line) for line in context.split("\n")]
    return "\n".join(" ".join(f"{p}.{s} {one}" for s, one in enumerate(told, 1)) for p, told in enumerate(passages, 1))


def told_by(item: Told, style: Style) -> list[str]:
    """The sentences of an item as its context has them."""
    return grounding.sentences(numbered(item.context)) if style == "native" else list(item.told)


def world_of(seeds: Seeds, people: int, contradicting: float, style: Style, book_seed: int) -> FactWorld:
    """For the house model the facts of the closed book that it was raised on, else facts that nobody can know."""
    if style == "native":
        return FactWorld.of_book(facts(Seeds(book_seed)), seeds)
    return FactWorld.drawn(seeds, people, contradicting)


def items_of(world: FactWorld, kind: str, length: int, count: int, seeds: Seeds) -> list[Told]:
    """Items with different questions, so that a question names its item."""
    found: dict[str, Told] = {}
    for draw in range(50 * count):
        item = world.item(seeds(kind, length, draw), kind, length)  # type: ignore[arg-type]
        found.setdefault(item.question, item)
        if len(found) == count:
            return list(found.values())
    raise BadInput(f"a world of {len(world.names)} people has fewer than {count} different questions of kind {kind!r}")


async def read(arm: Arm, item: Told, model: Model, style: Style, repeat: str) -> tuple[str, Reading | None]:
    """The answer of an arm to an item, and how it was found where evidence was asked for."""
    context = arm.context(item)
    question = Question(item.question, context=numbered(context) if style == "native" else context)
    method = replace(arm.method, several=item.kind in MANY) if arm.routed else arm.method
    try:
        if hasattr(method, "reading"):
            reading: Reading = await method.reading(question, model, repeat)
            return reading.final.answer, reading
        reply: Reply = await method(question, Minds(model), repeat)
        return reply.text, None
    except Refused:
        return "", Reading(Found("", "", (REFUSED,)), Found(""), context, flags=(REFUSED,))


async def cell(
    name: str, arm: Arm, items: Sequence[Told], length: int, model: Model, style: Style, stream: str
) -> Cell:
    """One arm on the items of a cell. Arms that put the same question get the same sample of a model."""
    meter = Metered(model)
    jobs = [read(arm, item, meter, style, f"{stream}/{i}") for i, item in enumerate(items)]
    found = list(await asyncio.gather(*jobs))
    marks: dict[str, Any] = {"recall": [], "precision": [], "first": [], "ungrounded": 0, "quoted": 0}
    flags: dict[str, int] = {}
    for item, (answer, reading) in zip(items, found):
        marks["first"].append(right(item, reading.first.answer if reading else answer))
        if reading is None:
            continue
        quoted = grounding.found(reading.first.evidence, told_by(item, style))
        precision, recall, _ = grounding.precision_recall(quoted, set(item.gold))
        marks["recall"].append(recall)
        marks["precision"].append(precision)
        marks["ungrounded"] += reading.ungrounded
        marks["quoted"] += reading.evidence_sentences
        for flag in reading.flags:
            short = flag.split(" ")[0] if flag.startswith("truncated") else flag
            flags[short] = flags.get(short, 0) + 1
    telling = [
        (item, answer) for item, (answer, _) in zip(items, found) if item.contradicted and item.kind in TOLD_APART
    ]
    return Cell(
        arm=name, kind=items[0].kind, length=length, right=[right(i, a) for i, (a, _) in zip(items, found)],
        overridden=[same_answer(i, a, i.believed) for i, a in telling], refused=flags.pop(REFUSED, 0),
        unknown=sum(says_unknown(answer) for answer, _ in found), calls=meter.spent.calls,
        tokens=meter.spent.tokens, flags=flags, **marks,
    )  # fmt: skip


async def all_cells(
    chosen: dict[str, Arm], world: FactWorld, kinds: Sequence[str], lengths: Sequence[int], count: int, seeds: Seeds,
    model: Model | None, style: Style, lab: Lab | None = None,
) -> list[Cell]:  # fmt: skip
    """Every arm on every kind and length; without a model the scripted reader reads. Arms that ask the same share the
    recorded call where a laboratory keeps them."""
    jobs = []
    for kind in kinds:
        for length in lengths:
            items = items_of(world, kind, length, count, seeds)
            reader = model or scripted(items)
            jobs += [cell(name, arm, items, length, reader, style, str(seeds)) for name, arm in chosen.items()]
    if lab is not None:
        return list(await lab.gather(jobs, "cells"))
    return [await job for job in jobs]


def scripted(items: Sequence[Told]) -> Model:
    from manyminds.models.scripted import Scripted

    return Scripted("scripted reader", ScriptedReader({item.question: item for item in items}))
