"""From the words that describe a seat to the mind that sits there: a rule by its name, a person, or a model."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

from manyminds.agents.person import Person
from manyminds.core import Agent, BadInput, unknown
from manyminds.models.load import names_model

PERSON = "human"

Rules = Mapping[str, Callable[..., Agent]]  # name -> what makes the rule from the numbers after its name


def rule(reference: str, rules: Rules) -> Agent:
    """The rule called `reference`: its name, then the numbers that it takes, as in `takes:10` or `noisy:2.5`."""
    name, *words = reference.split(":")
    if name not in rules:
        raise unknown("seat", reference, [*rules, PERSON, "http://HOST:PORT/v1#NAME"])
    taken = numbers_of(rules[name])
    least = sum(p.default is Parameter.empty for p in taken)
    if not least <= len(words) <= len(taken):
        raise BadInput(f"seat {reference!r}: write it {spelt(name, rules[name])}")
    try:
        return rules[name](*(number(word) for word in words))
    except ValueError as error:
        raise BadInput(f"seat {reference!r}: {error}") from None


def numbers_of(make: Callable[..., Agent]) -> list[Parameter]:
    """The parameters that a rule takes after its name."""
    return [p for p in signature(make).parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]


def spelt(name: str, make: Callable[..., Agent]) -> str:
    """How a rule is written with its numbers; those in brackets may be left out: `takes:WISH`, `noisy[:SD]`."""
    words = (f":{p.name.upper()}" if p.default is Parameter.empty else f"[:{p.name.upper()}]" for p in numbers_of(make))
    return name + "".join(words)


def number(word: str) -> int | float:
    """`10` as an integer, `2.5` as a float; anything else is a `ValueError` that says so."""
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{word!r} is not a number") from None


def known(reference: str, rules: Rules) -> str:
    """The reference as given, if it names something that can sit; raises `BadInput` with the nearest names if not."""
    if reference != PERSON and not names_model(reference):
        rule(reference, rules)
    return reference


def seated(
    reference: str,
    name: str,
    rules: Rules,
    model: Callable[[str], Any],
    language: Callable[[Any, str], Agent],
) -> Agent:
    """The mind for the seat `name`. `model` opens a model by its reference, `language` makes an agent of it."""
    if reference == PERSON:
        return Person()
    return language(model(reference), name) if names_model(reference) else rule(reference, rules)
