"""Layers of minds: some propose, one aggregates; in layers, in windows, or by choosing the most consistent answer.

Mixture of agents (arXiv 2406.04692) and its form with one model sampled several times (Self-MoA, arXiv 2502.00674). A
slot is the name of a role; the same role in all slots is Self-MoA, different roles are a mix. Proposals that fail, are
empty or only refuse are left out and noted; without any the aggregator answers alone. What does not fit into the
context is left out whole, the longest first: no proposal is ever cut.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from manyminds.conversations.methods import Minds, Question, Reply, Said
from manyminds.conversations.plain import LETTERS, Style, answer_of, numbered, put
from manyminds.conversations.questions import told
from manyminds.core import BadInput, EndpointDown, Refused, render
from manyminds.models.request import Message, Model, Request, system, user

AGGREGATOR = "aggregator"
REFUSAL = re.compile(
    r"\s*(I'?m sorry|I am sorry|Sorry,|I apologi[sz]e|I can(?:'t|not|’t)|I am (?:not able|unable)|As an AI)", re.I
)
SHORT = 400  # characters: what begins like a refusal and goes on for longer may still hold an answer


class Settings(Protocol):
    """What all layered methods are told: equal for proposers and the aggregator, as in the paper."""

    @property
    def temperature(self) -> float: ...
    @property
    def max_tokens(self) -> int: ...
    @property
    def style(self) -> Style: ...
    @property
    def most_characters(self) -> int: ...


@dataclass(frozen=True)
class Mixture:
    """Mixture of agents: `layers` counts the aggregator's; layer l reads the responses of the layer before it.

    `planted` are responses put before those of the last layer of proposers, to see whether the aggregator obeys them.
    """

    slots: tuple[str, ...] = ("proposer",) * 6
    layers: int = 2
    temperature: float = 0.7
    max_tokens: int = 2048
    style: Style = "marked"
    most_characters: int = 60_000
    planted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.layers < 2 or not self.slots:
            raise BadInput("a mixture has at least one slot, one layer of proposers and the aggregator (layers=2)")

    @property
    def passes(self) -> int:
        """Calls of a model for one question, when nothing fails."""
        return len(self.slots) * (self.layers - 1) + 1

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        responses: list[str] = []
        said: list[Said] = []
        for layer in range(self.layers - 1):
            new, notes = await proposed(self, self.slots, question, minds, repeat, layer, responses)
            responses, said = new, said + notes
        responses, notes = fitting([*self.planted, *responses], self.most_characters, self.layers - 2)
        text, answer = await aggregated(self, minds.of(AGGREGATOR), question, responses, repeat)
        return Reply(answer, (*said, *notes, Said(AGGREGATOR, text, "answer", turn=self.layers - 1)))


@dataclass(frozen=True)
class Sequential:
    """Self-MoA in windows: of `window` responses the first `reserved` repeat the best so far, the others are new, until
    all `samples` are used. The context never holds more than a window."""

    samples: int = 30
    window: int = 6
    reserved: int = 3
    role: str = "proposer"
    temperature: float = 0.7
    max_tokens: int = 2048
    style: Style = "marked"
    most_characters: int = 60_000

    def __post_init__(self) -> None:
        if not 1 <= self.reserved < self.window or self.samples < 1:
            raise BadInput(f"reserved={self.reserved} must be from 1 to below window={self.window}, samples at least 1")

    @property
    def passes(self) -> int:
        beyond = max(0, self.samples - self.window)
        return self.samples + 1 - (-beyond // (self.window - self.reserved))

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        responses, said = await proposed(self, (self.role,) * self.samples, question, minds, repeat)
        best, at, turn = "", 0, 1
        while turn == 1 or at < len(responses):
            new = self.window if turn == 1 else self.window - self.reserved
            shown = [best] * (0 if turn == 1 else self.reserved) + responses[at : at + new]
            kept, notes = fitting(shown, self.most_characters, turn)
            best, answer = await aggregated(self, minds.of(AGGREGATOR), question, kept, f"{repeat}/{turn}")
            said += [*notes, Said(AGGREGATOR, best, "best so far", turn=turn)]
            at, turn = at + new, turn + 1
        return Reply(answer, tuple(said))


@dataclass(frozen=True)
class UniversalSelfConsistency:
    """The aggregator names the response that agrees best with all (arXiv 2311.17311) and writes nothing of its own.
    Where it names none, the first response is taken, which is noted."""

    slots: tuple[str, ...] = ("proposer",) * 6
    temperature: float = 0.7
    max_tokens: int = 2048
    style: Style = "marked"
    most_characters: int = 60_000

    @property
    def passes(self) -> int:
        return len(self.slots) + 1

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        drawn, said = await proposed(self, self.slots, question, minds, repeat)
        responses, notes = fitting(drawn, self.most_characters, 0)
        if not responses:
            text, answer = await aggregated(self, minds.of(AGGREGATOR), question, [], repeat)
            return Reply(answer, (*said, *notes, Said(AGGREGATOR, text, "answer", turn=1)))
        text = render(__package__, "most_consistent", question=told(question), responses=responses)
        named = await completed(self, minds.of(AGGREGATOR), (user(text),), f"{repeat}/select")
        at = named_number(named, len(responses))
        role = "choice" if at is not None else "choice, unreadable"
        best = responses[at or 0]
        return Reply(answer_of(question, best, self.style), (*said, *notes, Said(AGGREGATOR, named, role, turn=1)))


def named_number(text: str, most: int) -> int | None:
    """The index of the first whole number from 1 to `most` in a text, None without one."""
    found = (int(digits) for digits in re.findall(r"(?<![\d.])\d{1,6}(?![\d]|\.\d)", text))
    return next((n - 1 for n in found if 1 <= n <= most), None)


async def completed(settings: Settings, model: Model, messages: tuple[Message, ...], repeat: str) -> str:
    """The text of one call with the settings of a method."""
    request = Request(messages, temperature=settings.temperature, max_tokens=settings.max_tokens, repeat=repeat)
    return (await model.complete(request)).text


async def proposed(
    settings: Settings,
    slots: Sequence[str],
    question: Question,
    minds: Minds,
    repeat: str,
    layer: int = 0,
    earlier: Sequence[str] = (),
) -> tuple[list[str], list[Said]]:
    """The usable responses of one layer, asked for at the same time, and the record of all of them."""
    told, text = [], put(question, settings.style, think=True)
    kept, notes = fitting(earlier, settings.most_characters, layer)
    if kept:
        told = [system(render(__package__, "mixture", responses=kept))]

    async def one(role: str, name: str) -> tuple[str, str]:
        place = f"{repeat}/{layer}/{name}" if layer else f"{repeat}/{name}"
        try:
            found = await completed(settings, minds.of(role), (*told, user(text)), place)
        except (Refused, EndpointDown) as error:
            return "", f"failed: {error}"
        return found, "empty" if not found.strip() else "refusal" if refuses(found) else ""

    names = numbered(slots)
    found = await asyncio.gather(*(one(role, name) for role, name in zip(slots, names)))
    said = [Said(name, text, f"dropped: {why}" if why else "proposal", turn=layer)
            for name, (text, why) in zip(names, found)]  # fmt: skip
    return [text for text, why in found if not why], [*notes, *said]


def refuses(text: str) -> bool:
    """Whether a response only declines to answer."""
    return len(text) < SHORT and bool(REFUSAL.match(text))


def fitting(responses: Sequence[str], most: int, turn: int) -> tuple[list[str], list[Said]]:
    """The responses that fit into `most` characters together, and a note on each that was left out, longest first."""
    kept, notes = list(responses), []
    while kept and sum(map(len, kept)) > most:
        longest = max(range(len(kept)), key=lambda i: len(kept[i]))
        gone = kept.pop(longest)
        notes.append(Said("context", gone[:200], f"dropped: {len(gone):,} characters are too many", turn=turn))
    return kept, notes


async def aggregated(
    settings: Settings, model: Model, question: Question, responses: Sequence[str], repeat: str
) -> tuple[str, str]:
    """(what the aggregator wrote, the final answer in it); without responses it answers alone."""
    place = f"{repeat}/aggregate"
    if settings.style == "native" and responses:
        return await picked(settings, model, question, responses, place)
    told = (system(render(__package__, "mixture", responses=responses)),) if responses else ()
    text = await completed(settings, model, (*told, user(put(question, settings.style, think=True))), place)
    return text, answer_of(question, text, settings.style)


async def picked(
    settings: Settings, model: Model, question: Question, responses: Sequence[str], place: str
) -> tuple[str, str]:
    """The aggregator of the house model, which was raised to name the right one of lettered answers."""
    answers = [answer_of(question, response, "native") for response in responses][: len(LETTERS)]
    listed = [f"{letter}) {answer}" for letter, answer in zip(LETTERS, answers)]
    text = await completed(
        settings, model, (user("\n".join([told(question), *listed, "Which answer is right?"])),), place
    )
    said = answer_of(question, text, "native")
    at = LETTERS.find(said) if len(said) == 1 else -1
    return text, answers[at] if 0 <= at < len(answers) else said
