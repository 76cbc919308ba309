"""A meter: the models of one method, with every call counted, so that methods can be compared at equal length."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from manyminds.conversations.methods import Minds
from manyminds.models.ask import ask
from manyminds.models.request import Completion, Model, Request


@dataclass
class Metered:
    """A model whose calls and tokens are counted."""

    model: Model
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    last: Completion | None = None

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def invalid(self) -> Counter[str] | None:
        return getattr(self.model, "invalid", None)

    async def complete(self, request: Request) -> Completion:
        self.last = await self.model.complete(request)
        self.calls += 1
        self.seconds += self.last.latency
        self.prompt_tokens += self.last.usage.prompt_tokens
        self.completion_tokens += self.last.usage.completion_tokens
        return self.last


@dataclass
class Meter:
    """Asks the minds of a method and adds up what that costs. Roles are looked up from the most to the least special:
    `asked(request, "agent 1", "agent")` goes to the model for "agent 1", else to that for "agent", else to the common
    one."""

    minds: Minds
    calls: int = 0
    tokens: int = 0  # in and out
    seconds: float = 0.0
    invalid: Counter[str] = field(default_factory=Counter)

    async def asked(self, request: Request, *roles: str, tries: int = 3) -> Any:
        """The legal value or `NoAnswer`."""
        return (await self.measured(request, *roles, tries=tries))[0]

    async def measured(self, request: Request, *roles: str, tries: int = 3) -> tuple[Any, Metered]:
        """The same, with the calls and tokens of this question."""
        role = next((role for role in roles if role in self.minds.roles), "")
        model = Metered(self.minds.of(role))
        found = (await ask(model, request, tries, self.invalid)).value
        self.calls += model.calls
        self.seconds += model.seconds
        self.tokens += model.prompt_tokens + model.completion_tokens
        return found, model
