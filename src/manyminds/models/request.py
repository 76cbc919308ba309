"""What is asked of a model and what comes back, the same for every kind of model."""

from typing import Any, Literal, Protocol

import msgspec

from manyminds.core.actions import Action

Role = Literal["system", "user", "assistant"]


class Message(msgspec.Struct, frozen=True):
    role: Role
    content: str


class Request(msgspec.Struct, frozen=True):
    """One call of a model.

    `output` is the type of a legal answer; a model that can be constrained is, the others are told in words and
    checked. `repeat` names the random stream of the call (run, seat, turn): equal requests of different streams are
    different samples, also at temperature 0. It is part of the key of the call and never sent to a server.
    """

    messages: tuple[Message, ...]
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    seed: int | None = None
    output: Action | None = None
    logprobs: bool = False
    repeat: str = ""


class Usage(msgspec.Struct, frozen=True):
    """Tokens in and out, and their price in US dollars; `priced` is False where none is known, and `money` then 0."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    priced: bool = True

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def at(self, prices: tuple[float, float] | None) -> "Usage":
        """These tokens at prices in dollars per million in and out; None: their price is not known."""
        asked, answered = self.prompt_tokens, self.completion_tokens
        if prices is None:
            return Usage(asked, answered, priced=False)
        return Usage(asked, answered, (asked * prices[0] + answered * prices[1]) / 1e6)


class Completion(msgspec.Struct, frozen=True):
    """What a model answered. `logprobs` holds (token, log-probability) pairs when they were asked for."""

    text: str
    usage: Usage = Usage()
    finish: str = "stop"  # or "length", when max_tokens cut it
    latency: float = 0.0  # seconds
    logprobs: tuple[tuple[str, float], ...] = ()


class Model(Protocol):
    """Anything that completes a request."""

    @property
    def name(self) -> str: ...

    async def complete(self, request: Request) -> Completion: ...


def user(text: str) -> Message:
    return Message("user", text)


def system(text: str) -> Message:
    return Message("system", text)


def as_json(request: Request, model: str) -> dict[str, Any]:
    """The request as the record keeps it: every field, the output as its kind, and the model's name."""
    kept = {name: getattr(request, name) for name in request.__struct_fields__ if name != "output"}
    kept["messages"] = [msgspec.structs.asdict(message) for message in request.messages]
    return kept | {"model": model, "output": repr(request.output) if request.output else None}
