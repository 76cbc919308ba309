"""A model behind any OpenAI-compatible server, by the official client."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from manyminds.core.errors import BadInput, Refused
from manyminds.models.faults import Fault
from manyminds.models.request import Completion, Request, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Endpoint:
    """`name` at the server `url` (ending in /v1). `prices`: dollars per million tokens in and out."""

    def __init__(
        self, url: str, name: str, key: str = "", timeout: float = 120.0, prices: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self.url, self.key, self.timeout, self.prices = url, key, timeout, prices
        self.served = name
        self.name = f"{url}#{name}"
        self.place = url  # the door limits concurrency by it
        self.structured = True  # until the server says that it does not know response_format
        self.clients: dict[asyncio.AbstractEventLoop, AsyncOpenAI] = {}

    def client(self) -> "AsyncOpenAI":
        """The client of the running event loop; connections cannot be shared between loops."""
        from openai import AsyncOpenAI

        loop = asyncio.get_running_loop()
        if loop not in self.clients:
            # Retries are the door's, so that they are counted.
            options: dict[str, Any] = {"max_retries": 0, "timeout": self.timeout}
            self.clients[loop] = AsyncOpenAI(base_url=self.url, api_key=self.key or "none", **options)
        return self.clients[loop]

    async def close(self) -> None:
        client = self.clients.pop(asyncio.get_running_loop(), None)
        if client:
            await client.close()

    async def probe(self) -> None:
        """Raise `BadInput` unless the server answers at all."""
        import openai

        try:
            await self.client().models.list(timeout=10)
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            raise BadInput(f"no model server answers at {self.url} ({cause}); is it running?") from None
        except openai.AuthenticationError:
            raise self.no_key() from None
        except openai.APIError:
            return  # it answers; not every server lists its models

    def no_key(self) -> BadInput:
        return BadInput(f"{self.url} does not accept the key; set OPENAI_API_KEY to one that it accepts")

    async def complete(self, request: Request) -> Completion:
        import openai

        try:
            reply = await self.client().chat.completions.create(**self.body(request))
        except openai.APITimeoutError as error:
            raise Fault("timeout", f"no answer within {self.timeout:g} s") from error
        except openai.APIConnectionError as error:
            raise Fault("cut connection", str(error.__cause__ or error)) from error
        except openai.RateLimitError as error:
            raise Fault("429", "too many requests", retry_after(error)) from error
        except openai.InternalServerError as error:
            raise Fault("5xx", f"status {error.status_code}", retry_after(error)) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise self.no_key() from error
        except openai.APIStatusError as error:
            if error.status_code == 400 and self.structured and "response_format" in str(error):
                self.structured = False
                return await self.complete(request)
            raise Refused(f"{self.name} refused the request: {error.message}") from error
        except (openai.APIError, json.JSONDecodeError) as error:
            raise Fault("malformed reply", str(error)[:200]) from error
        return self.completion(reply)

    def body(self, request: Request) -> dict[str, Any]:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        body: dict[str, Any] = {"model": self.served, "messages": messages, "temperature": request.temperature,
                                "top_p": request.top_p, "max_tokens": request.max_tokens}  # fmt: skip
        if request.stop:
            body["stop"] = list(request.stop)
        if request.seed is not None:
            body["seed"] = request.seed
        if request.logprobs:
            body["logprobs"] = True
        schema = request.output.schema() if request.output and self.structured else None
        if schema:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return body

    def completion(self, reply: Any) -> Completion:
        """The completion that a reply holds; a reply without text in the agreed form is a fault of the server."""
        try:
            choice = reply.choices[0]
            text = choice.message.content
            if not isinstance(text, str):
                raise TypeError("the message has no text")
        except (AttributeError, IndexError, TypeError) as error:
            raise Fault("malformed reply", f"{error}") from error
        used = reply.usage
        tokens = (used.prompt_tokens, used.completion_tokens) if used else (0, 0)
        money = sum(n * price for n, price in zip(tokens, self.prices)) / 1e6
        logged = choice.logprobs.content if choice.logprobs and choice.logprobs.content else ()
        logprobs = tuple((entry.token, entry.logprob) for entry in logged)
        return Completion(text, Usage(tokens[0], tokens[1], money), choice.finish_reason or "stop", logprobs=logprobs)


def retry_after(error: Any) -> float | None:
    """Seconds that the server asked to wait, if it said so in numbers."""
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
