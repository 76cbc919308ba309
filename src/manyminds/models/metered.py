"""A model that keeps what it was asked and what it answered, so that its calls can be counted and shown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from manyminds.models.request import Completion, Model, Request


class Exchange(NamedTuple):
    """One call: what was asked and what came back."""

    request: Request
    completion: Completion


class Spent(NamedTuple):
    """What some calls came to. `money` in dollars, without the `unpriced` calls, whose price is not known; `seconds`
    is the time of the calls one after another."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.prompt_tokens + self.completion_tokens


@dataclass
class Metered:
    """A model whose answered calls are kept, replayed ones included."""

    model: Model
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def invalid(self) -> Counter[str] | None:
        """The count of illegal answers of the door that the model stands behind, if it stands behind one."""
        return getattr(self.model, "invalid", None)

    async def complete(self, request: Request) -> Completion:
        found = await self.model.complete(request)
        self.exchanges.append(Exchange(request, found))
        return found

    @property
    def spent(self) -> Spent:
        """What its calls came to so far."""
        return spent(self.exchanges)


def spent(exchanges: Iterable[Exchange]) -> Spent:
    """What some calls came to."""
    answers = [one.completion for one in exchanges]
    used = [answer.usage for answer in answers]
    return Spent(
        len(answers), sum(one.prompt_tokens for one in used), sum(one.completion_tokens for one in used),
        sum(one.money for one in used), sum(not one.priced for one in used), sum(one.latency for one in answers),
    )  # fmt: skip
