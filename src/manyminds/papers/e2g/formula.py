"""The pay-off of a second step: what the scripted reader reaches through the real method, beside the closed form."""

from typing import Any

from pydantic import BaseModel

from manyminds.conversations.evidence import ChainOfEvidence, EvidenceToGenerate
from manyminds.conversations.methods import Question
from manyminds.core import Seeds
from manyminds.core.statistics import share
from manyminds.models.scripted import Scripted
from manyminds.papers.e2g.cells import items_of
from manyminds.papers.e2g.readers import Point
from manyminds.theory import evidence as theory
from manyminds.theory.evidence import Reader
from manyminds.worlds.texts.fact_worlds import FactWorld, right

LENGTH = 80  # tokens of the contexts; evidence is a sentence or two
POINTS = (
    Reader(0.95, 0.80, 0.95, 0.80, 0.30, 0.05, 0.30, 0.10),
    Reader(0.70, 0.80, 0.95, 0.80, 0.30, 0.05, 0.30, 0.10),
    Reader(0.50, 0.80, 0.95, 0.80, 0.30, 0.05, 0.30, 0.10),
    Reader(1.00, 0.60, 0.90, 0.60, 0.00, 0.00, 0.00, 0.00),
    Reader(0.90, 0.95, 0.95, 0.95, 0.00, 0.00, 0.00, 0.25),  # nothing to gain: the second step only loses
    Reader(0.60, 0.50, 0.99, 0.50, 0.40, 0.40, 0.40, 0.30),
    Reader(0.85, 0.70, 0.90, 0.70, 0.50, 0.10, 0.50, 0.50),
    Reader(0.80, 0.75, 0.90, 0.75, 0.20, 0.10, 0.20, 0.05, focus=0.5),
    Reader(0.30, 0.90, 0.97, 0.90, 0.10, 0.02, 0.10, 0.20),
    Reader(0.99, 0.40, 0.80, 0.40, 0.05, 0.05, 0.05, 0.00, focus=0.8),
)


class Checked(BaseModel, frozen=True):
    """One point: expected and measured accuracies of one step, two steps, and two steps on both; in how many of the
    three the measured one lies within its interval (99.8 %: thirty intervals are looked at)."""

    recall: float
    needed: float  # recall from which on two steps are better
    expected: dict[str, float]
    measured: dict[str, float]
    inside: int
    items: int


async def checked(seeds: Seeds, items: int) -> list[dict[str, Any]]:
    """Every point on `items` items; the same questions are read again with other draws where there are fewer."""
    world = FactWorld.drawn(seeds, people=200)
    told = [item for item in items_of(world, "path", LENGTH, min(items, 200), seeds) if item.contradicted]
    return [(await at_point(Reader(**vars(point)), told, items, i)).model_dump() for i, point in enumerate(POINTS)]


async def at_point(chances: Reader, told: list[Any], items: int, name: int) -> Checked:
    model = Scripted("scripted reader", Point(chances).reader({item.question: item for item in told}))
    head = ChainOfEvidence()
    ways = {
        "one step": head,
        "two steps": EvidenceToGenerate(head),
        "two steps, both": EvidenceToGenerate(head, "both"),
    }
    expected = {"one step": theory.one_step(chances), "two steps": theory.two_steps(chances),
                "two steps, both": theory.two_steps(chances, True)}  # fmt: skip
    measured = {way: await hits(method, told, items, model, f"{name}/{way}") for way, method in ways.items()}
    spans = {way: share(k, items, 0.9998) for way, k in measured.items()}
    inside = sum(spans[way].low - 1e-12 <= expected[way] <= spans[way].high + 1e-12 for way in ways)
    return Checked(recall=chances.recall, needed=min(theory.needed_recall(chances), 9.0), expected=expected,
                   measured={way: k / items for way, k in measured.items()}, inside=inside, items=items)  # fmt: skip


async def hits(method: Any, told: list[Any], items: int, model: Any, stream: str) -> int:
    """How many of `items` readings are right."""
    found = 0
    for i in range(items):
        item = told[i % len(told)]
        reading = await method.reading(Question(item.question, context=item.context), model, f"{stream}/{i}")
        found += right(item, reading.final.answer)
    return found
