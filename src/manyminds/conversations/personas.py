"""Who takes part: personas written by a model for each question, drawn from personality items, or plain seats.

A generator is asked once a persona and sees those before, as in MALLM (arXiv 2410.22932, section 3). What is no
persona, or one that is there already, goes back with the reason; after the last try the seat stays plain, and that is
counted.
"""

import ast
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from manyminds.conversations.metered import Meter
from manyminds.conversations.methods import Question
from manyminds.conversations.questions import told
from manyminds.core import Invalid, NoAnswer, render
from manyminds.core.actions import json_in
from manyminds.models.request import Request, user


@dataclass(frozen=True)
class Persona:
    """A participant: its role is its name. `neutral`: a moderator, which drafts and does not vote."""

    role: str
    description: str = ""
    neutral: bool = False


@dataclass(frozen=True)
class OnePersona:
    """One JSON object with `role` and `description` that is not among `taken`; of a list the first counts."""

    taken: frozenset[str] = frozenset()

    def check(self, value: Any) -> Persona:
        if isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, dict):
            raise Invalid("the answer is no JSON object")
        role, description = (value.get(key) for key in ("role", "description"))
        if not isinstance(role, str) or not role.strip() or not isinstance(description, str) or not description.strip():
            raise Invalid('the object needs the texts "role" and "description"')
        if role.strip().casefold() in self.taken:
            raise Invalid(f"the role is taken: {role.strip()}")
        return Persona(role.strip(), description.strip())

    def parse(self, text: str) -> Persona:
        return self.check(lenient(json_in(text)))

    def schema(self) -> dict[str, Any]:
        texts = {"role": {"type": "string"}, "description": {"type": "string"}}
        return {"type": "object", "properties": texts, "required": list(texts), "additionalProperties": False}

    def instruction(self) -> str:
        return 'Answer with one JSON object with the texts "role" and "description", and nothing else.'


def lenient(text: str) -> Any:
    """JSON, or the same written with single quotes or a comma too many, as models often do."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    raise Invalid("the answer is no JSON object")


class Proposer(Protocol):
    """Where personas come from."""

    async def __call__(
        self, question: Question, meter: Meter, count: int, repeat: str, faults: Counter[str]
    ) -> list[Persona]: ...


def plain(seat: int) -> Persona:
    """A participant without a persona."""
    return Persona(f"Participant {seat + 1}")


@dataclass(frozen=True)
class Nobody:
    """Plain seats: participants without a persona."""

    async def __call__(self, question: Question, meter: Meter, count: int, repeat: str,
                       faults: Counter[str]) -> list[Persona]:  # fmt: skip
        return [plain(seat) for seat in range(count)]


@dataclass(frozen=True)
class Fixed:
    """The same personas for every question (a mock generator, or a cast of your own)."""

    personas: tuple[Persona, ...] = ()

    async def __call__(self, question: Question, meter: Meter, count: int, repeat: str,
                       faults: Counter[str]) -> list[Persona]:  # fmt: skip
        return [self.personas[seat] if seat < len(self.personas) else plain(seat) for seat in range(count)]


@dataclass(frozen=True)
class Experts:
    """A model names the experts that this question needs, one call each, and tells each from the others."""

    tries: int = 5
    temperature: float = 1.0
    max_tokens: int = 512

    async def __call__(self, question: Question, meter: Meter, count: int, repeat: str,
                       faults: Counter[str]) -> list[Persona]:  # fmt: skip
        found: list[Persona] = []
        for seat in range(count):
            taken = frozenset(persona.role.casefold() for persona in found)
            text = render(__package__, "persona", task=told(question), personas=found)
            request = Request((user(text),), temperature=self.temperature, max_tokens=self.max_tokens,
                              output=OnePersona(taken), repeat=f"{repeat}/persona/{seat}")  # fmt: skip
            persona = await meter.asked(request, "persona", tries=self.tries)
            if isinstance(persona, NoAnswer):
                faults["no persona"] += 1
                persona = plain(seat)
            found.append(persona)
        return found


# Pairs of opposite statements in the words of the International Personality Item Pool (public domain), by trait.
ITEMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "extraversion": (
        ("am the life of the party", "start conversations"), ("don't talk a lot", "keep in the background")),
    "agreeableness": (
        ("sympathize with others' feelings", "take time out for others"),
        ("am not really interested in others", "insult people")),
    "conscientiousness": (
        ("am always prepared", "pay attention to details"), ("leave my belongings around", "make a mess of things")),
    "stability": (
        ("am relaxed most of the time", "seldom feel blue"), ("get stressed out easily", "worry about things")),
    "openness": (
        ("have a rich vocabulary", "am full of ideas"),
        ("am not interested in abstract ideas", "do not have a good imagination")),
}  # fmt: skip


@dataclass(frozen=True)
class Personalities:
    """Five traits of the International Personality Item Pool, each high or low by chance; no model is asked."""

    items: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=lambda: ITEMS, hash=False)

    async def __call__(self, question: Question, meter: Meter, count: int, repeat: str,
                       faults: Counter[str]) -> list[Persona]:  # fmt: skip
        found: dict[tuple[bool, ...], Persona] = {}
        rng = Random(f"personalities {repeat}")  # `repeat` names the stream, so this is a stream of the run
        while len(found) < min(count, 2 ** len(self.items)):
            high = tuple(rng.random() < 0.5 for _ in self.items)
            lines = [f"I {item}." for up, pair in zip(high, self.items.values()) for item in pair[0 if up else 1]]
            found.setdefault(high, Persona(f"Participant {len(found) + 1}", " ".join(lines)))
        return [*found.values(), *(plain(seat) for seat in range(len(found), count))]


PROPOSERS: dict[str, Proposer] = {
    "expert": Experts(),
    "none": Nobody(),
    "ipip": Personalities(),
    "mock": Fixed((Persona("Optimist", "Looks for what speaks for a solution."),
                   Persona("Doubter", "Looks for what speaks against a solution."),
                   Persona("Craftsman", "Looks at whether every demand of the task is met."))),
}  # fmt: skip
