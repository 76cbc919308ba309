"""A model that is a function: for tests, for demonstrations, and for minds that follow a script."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module

from manyminds.core.errors import BadInput
from manyminds.models.request import Completion, Request, Usage

Script = Callable[[Request], str | Completion | Awaitable[str | Completion]]


@dataclass(frozen=True)
class Scripted:
    """Answers with what `script` returns; tokens are counted as words."""

    name: str
    script: Script

    async def complete(self, request: Request) -> Completion:
        said = self.script(request)
        answer = await said if inspect.isawaitable(said) else said
        if isinstance(answer, Completion):
            return answer
        asked = sum(len(message.content.split()) for message in request.messages)
        return Completion(answer, Usage(asked, len(answer.split())))


def echo(request: Request) -> str:
    return request.messages[-1].content


def scripted(name: str) -> Scripted:
    """`echo`, or `package.module:function` for a function of your own."""
    if name == "echo":
        return Scripted("scripted:echo", echo)
    module, _, function = name.partition(":")
    if not function:
        raise BadInput(f"unknown script {name!r}; use 'scripted:echo' or 'scripted:package.module:function'")
    try:
        return Scripted(f"scripted:{name}", getattr(import_module(module), function))
    except (ImportError, AttributeError) as error:
        raise BadInput(f"script {name!r} cannot be loaded: {error}") from None
