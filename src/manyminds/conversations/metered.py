"""A meter: the minds of one method, with every call counted, so that methods can be compared at equal length."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from manyminds.conversations.methods import Minds
from manyminds.models.ask import ask
from manyminds.models.metered import Metered
from manyminds.models.request import Request


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
        """The same, with the calls of this question."""
        role = next((role for role in roles if role in self.minds.roles), "")
        model = Metered(self.minds.of(role))
        found = (await ask(model, request, tries, self.invalid)).value
        spent = model.spent
        self.calls += spent.calls
        self.tokens += spent.tokens
        self.seconds += spent.seconds
        return found, model
