"""All strategies of repeated games by name: as strategies for arrays, and as rules that can take a seat."""

from inspect import signature

from manyminds.agents.repeaters import Maker, Strategy, seat
from manyminds.agents.repeaters_classic import CLASSICS
from manyminds.agents.repeaters_first import FIRST
from manyminds.agents.repeaters_learning import LEARNERS
from manyminds.agents.seats import rule

MAKERS: dict[str, Maker] = {**CLASSICS, **FIRST, **LEARNERS}
REPEATERS = {name: seat(make) for name, make in MAKERS.items()}


def strategy(reference: str) -> Strategy:
    """The strategy called `reference`: its name, then the numbers that it takes, as in `naive-prober:0.2`.

    Equal references give the same object, so that compiled matches are found again.
    """
    return rule(reference, REPEATERS).strategy  # type: ignore[attr-defined]


def parameters(name: str) -> tuple[str, ...]:
    """The numbers that the strategy called `name` takes."""
    return tuple(signature(MAKERS[name]).parameters)
