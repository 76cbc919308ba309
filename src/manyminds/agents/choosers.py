"""A language model that picks an option, and how sure it was where its server tells log-probabilities."""

import math
from dataclasses import dataclass, field
from typing import Any

import msgspec

from manyminds.agents.language import LanguageAgent, Profile
from manyminds.core import NoAnswer, Refused, View
from manyminds.models.request import Completion, Model, Request


@dataclass
class Listening:
    """A model asked for log-probabilities as long as it gives them; `heard` are the last answer's, if any."""

    model: Model
    heard: tuple[tuple[str, float], ...] = ()
    deaf: bool = False

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def invalid(self) -> Any:
        """The count of answers that could not be used, which the door behind the model keeps."""
        return getattr(self.model, "invalid", None)

    async def complete(self, request: Request) -> Completion:
        if not self.deaf:
            try:
                completion = await self.model.complete(msgspec.structs.replace(request, logprobs=True))
            except Refused as refusal:
                if "log-probabilities" not in str(refusal):
                    raise
                self.deaf = True
            else:
                self.heard = completion.logprobs
                return completion
        self.heard = ()
        return await self.model.complete(request)


@dataclass
class Chooser:
    """Picks the likeliest token (temperature 0) of a model that sees nothing but the view.

    `chances` holds, for every answer whose server told it, the probability of the first token that is a label.
    """

    model: Model
    temperature: float = 0.0
    tokens: int = 1
    tries: int = 1
    chances: list[float] = field(default_factory=list)
    invalid: dict[str, int] = field(default_factory=dict)
    kind = "language"

    async def act(self, view: View) -> Any:
        ear = Listening(self.model)
        agent = LanguageAgent(ear, Profile(""), temperature=self.temperature, max_tokens=self.tokens, tries=self.tries)
        answer = await agent.act(view)
        for reason, times in agent.invalid.items():
            self.invalid[reason] = self.invalid.get(reason, 0) + times
        if not isinstance(answer, NoAnswer):
            told = [p for token, p in ear.heard if token.strip(" \n\"'`*.:()[]").lower() == answer.lower()]
            if told:
                self.chances.append(math.exp(told[0]))
        return answer
