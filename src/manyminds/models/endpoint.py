"""A model behind any OpenAI-compatible server, by the official client."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from manyminds.core.errors import BadInput, EndpointDown, Refused
from manyminds.models.dialect import Dialect
from manyminds.models.faults import Fault
from manyminds.models.request import Completion, Request, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

log = logging.getLogger("manyminds")

STRICT_FIRST = Dialect(("strict", "full", "object", "words"))  # servers whose guarantee is the strict mode


class Endpoint:
    """`name` at the server `url` (ending in /v1). `timeout`: seconds for a whole call.

    `prices`: dollars per million tokens in and out; None where they are not known, and then the money of a call is 0
    and the call is counted as one without a known price.
    """

    def __init__(
        self, url: str, name: str, key: str = "", timeout: float = 120.0, prices: tuple[float, float] | None = None
    ) -> None:
        self.url, self.key, self.timeout, self.prices = url, key, timeout, prices
        self.served = name
        self.name = f"{url}#{name}"
        self.place = url  # the door limits concurrency by it
        self.dialect = STRICT_FIRST if "//api.openai.com" in url else Dialect()
        self.told: set[str] = set()
        self.clients: dict[asyncio.AbstractEventLoop, AsyncOpenAI] = {}

    def client(self) -> "AsyncOpenAI":
        """The client of the running event loop; connections cannot be shared between loops."""
        loop = asyncio.get_running_loop()
        if loop not in self.clients:
            from openai import AsyncOpenAI

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
        """One answer; what the server does not take of the request is asked for in another way, and remembered."""
        import openai

        while True:
            dialect = self.dialect
            body = dialect.body(request, self.served)
            try:
                async with asyncio.timeout(self.timeout):  # the client's own limit begins anew with every byte
                    # Why not `chat.completions.create`: it walks the body and builds objects, a third of its time.
                    reply = await self.client().post("/chat/completions", cast_to=object, body=body)
            except (openai.APITimeoutError, TimeoutError) as error:
                raise Fault("timeout", f"no answer within {self.timeout:g} s") from error
            except openai.APIConnectionError as error:
                raise Fault("cut connection", str(error.__cause__ or error)) from error
            except openai.APIStatusError as error:
                self.learn(dialect, error, request)
            except (openai.APIError, json.JSONDecodeError, UnicodeDecodeError) as error:
                raise Fault("malformed reply", str(error)[:200]) from error
            else:
                return self.completion(reply, request)

    def learn(self, dialect: Dialect, error: Any, request: Request) -> None:
        """Raise what a status says, unless the server only wants the request in another form."""
        status, code = error.status_code, str(getattr(error, "code", None) or "")
        said = str(error.message)
        if status in (400, 422, 500, 501):
            after = dialect.after(said, str(getattr(error, "param", None) or ""), request)
            if after is not None:
                self.dialect = self.dialect.merged(after)
                self.tell(self.dialect)
                return
        if code == "insufficient_quota" or status == 402:
            raise EndpointDown(f"{self.name}: the account has nothing left to spend ({said})") from error
        if status == 429:
            raise Fault("429", "too many requests", retry_after(error.response.headers)) from error
        if status == 408:
            raise Fault("timeout", "the server gave up waiting", retry_after(error.response.headers)) from error
        if status in (409, 425) or status >= 500:
            raise Fault("5xx", f"status {status}", retry_after(error.response.headers)) from error
        if status in (401, 403):
            raise self.no_key() from error
        if status == 404 or code == "model_not_found":
            raise BadInput(f"{self.url} does not serve {self.served!r} ({said})") from error
        raise Refused(f"{self.name} refused the request: {said}") from error

    def tell(self, dialect: Dialect) -> None:
        """Say once which settings this server does not take, because they are then not as asked."""
        for name in sorted(dialect.dropped - self.told - {"logprobs", "stop"}):
            log.warning("%s does not take %s; its own default is used", self.name, name)
        self.told |= dialect.dropped

    def completion(self, reply: Any, request: Request) -> Completion:
        """The completion that a reply holds; a reply that is not in the agreed form is a fault of the server."""
        try:
            choice = reply["choices"][0]
            message = choice["message"]
            text, refusal = message.get("content"), message.get("refusal")
            finish = str(choice.get("finish_reason") or "stop")
            logged = (choice.get("logprobs") or {}).get("content") or ()
            logprobs = tuple((str(entry["token"]), float(entry["logprob"])) for entry in logged)
            if isinstance(text, list):  # some servers send the text in parts
                text = "".join(str(part["text"]) for part in text if part.get("type") == "text")
            if text is not None and not isinstance(text, str):
                raise TypeError("the content of the message is no text")
            used = reply.get("usage") or {}
            counts = used.get("prompt_tokens"), used.get("completion_tokens")
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise Fault("malformed reply", f"{type(error).__name__}: {error}"[:200]) from error
        if not text and (refusal or finish == "content_filter"):
            raise Refused(f"{self.name} declined to answer: {refusal or 'its content filter stopped the answer'}")
        text = text or ""  # an empty answer is an answer; whoever asked says whether it is legal
        if request.logprobs and text and not logprobs:
            raise Refused(f"{self.name} gives no log-probabilities, and this request needs them")
        return Completion(cut(text, request.stop), self.usage(counts, request, text), finish, logprobs=logprobs)

    def usage(self, counts: tuple[Any, Any], request: Request, text: str) -> Usage:
        if not all(isinstance(count, int) for count in counts):
            if "usage" not in self.told:
                log.warning("%s does not count tokens; four characters are counted as one", self.name)
                self.told.add("usage")
            counts = (sum(len(message.content) for message in request.messages) // 4, len(text) // 4)
        return Usage(*counts).at(self.prices)


def cut(text: str, stops: tuple[str, ...]) -> str:
    """The text before the first stop string, for servers that do not know or do not heed them."""
    places = [place for place in (text.find(stop) for stop in stops if stop) if place >= 0]
    return text[: min(places)] if places else text


def retry_after(headers: Any) -> float | None:
    """Seconds that the server asked to wait (given in milliseconds, seconds or as a date), or None."""
    milliseconds, asked = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    for text, unit in ((milliseconds, 1e-3), (asked, 1.0)):
        try:
            return max(float(text) * unit, 0.0)
        except ValueError:
            continue
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)
