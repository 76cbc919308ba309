"""How often a mind says yes: the same question asked a few times, and what could be counted.

For populations whose members share one mind (arXiv 2409.10568, section 3). Anybody who asks archetypes, personas or
panels for a yes or a no can use it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from manyminds.core import Invalid
from manyminds.core.errors import Refused
from manyminds.models.request import Message, Model, Request


@dataclass(frozen=True)
class YesNo:
    """Yes or No, then a period; whatever follows the first period is the reason and is not read."""

    def check(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise Invalid(f"{value!r} is neither yes nor no")
        return value

    def parse(self, text: str) -> bool:
        said = text.strip().partition(".")[0].strip(" \"'*`,!\n").casefold()
        if said in ("yes", "no"):
            return said == "yes"
        raise Invalid("the answer does not begin with Yes or No and a period")

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return "Answer Yes or No, then a period, then one sentence with your reason."


class Rate(NamedTuple):
    """Answers to one question. `valid` of `asked` samples could be counted, and `yes` of these said yes; `calls`
    includes second attempts."""

    yes: int
    valid: int
    asked: int
    calls: int

    @property
    def share(self) -> float | None:
        """The share of yes among what could be counted; None when nothing could."""
        return self.yes / self.valid if self.valid else None


async def sampled(
    model: Model, messages: tuple[Message, ...], temperature: float, stream: str
) -> tuple[bool | None, int]:
    """One answer and the calls it took: asked once more, warmer, when it cannot be read, and then dropped."""
    action = YesNo()
    *before, last = messages
    told = (*before, Message(last.role, f"{last.content}\n\n{action.instruction()}"))
    for attempt, warmth in enumerate((temperature, temperature + 0.3)):
        try:
            request = Request(told, temperature=warmth, max_tokens=80, output=action, repeat=f"{stream}/{attempt}")
            return action.parse((await model.complete(request)).text), attempt + 1
        except (Invalid, Refused) as error:
            counter = getattr(model, "invalid", None)
            if counter is not None:
                counter["refused" if isinstance(error, Refused) else str(error)] += 1
    return None, 2


async def yes_rate(
    model: Model, messages: tuple[Message, ...], repeats: int, stream: str, temperature: float = 0.7
) -> Rate:
    """`repeats` independent answers of a model to one question; `stream` names their random stream."""
    found = await asyncio.gather(*(sampled(model, messages, temperature, f"{stream}/{m}") for m in range(repeats)))
    answers = [answer for answer, _ in found if answer is not None]
    return Rate(sum(answers), len(answers), repeats, sum(calls for _, calls in found))


async def yes_rates(
    model: Model, questions: Sequence[tuple[Message, ...]], repeats: int, stream: str, temperature: float = 0.7
) -> list[Rate]:
    """The same for many questions side by side, in their order."""
    asked = (yes_rate(model, q, repeats, f"{stream}/{i}", temperature) for i, q in enumerate(questions))
    return list(await asyncio.gather(*asked))
