"""What models on this machine share: requests that wait together are decoded together, answers are held to their form.

A model of this kind loads a `Speaker` once: prompts as its tokenizer writes them, masks, and a way to finish many rows.
"""

import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from manyminds.core.actions import Action, Form
from manyminds.core.errors import Refused
from manyminds.models.decoding import Row
from manyminds.models.endpoint import cut
from manyminds.models.masks import BringsMask, Mask, RowMask, Vocabulary, grammar_of
from manyminds.models.request import Completion, Message, Request, Usage

WINDOW = 64  # tokens before the limit from which on an answer is kept completable, beside twice its shortest length


class Speaker(ABC):
    """A model in memory. All methods but `decode` are quick."""

    context: int  # tokens that prompt and answer may have together
    size: int  # tokens that can be said
    ends: tuple[int, ...]  # tokens that end a text

    def __init__(self) -> None:
        self.masks: dict[Action | None, tuple[RowMask | None, int]] = {}  # by output; they are few

    @abstractmethod
    def prompt(self, messages: Sequence[Message]) -> tuple[str, tuple[str, ...]]:
        """The prompt as this model expects it, and strings that end its turn."""

    @abstractmethod
    def encoded(self, text: str) -> list[int]:
        """The tokens of a prompt."""

    @abstractmethod
    def text(self, tokens: list[int]) -> str:
        """What tokens say."""

    @abstractmethod
    def decode(self, rows: list[Row]) -> None:
        """Finish all rows."""

    @abstractmethod
    def words_of(self) -> Any:
        """The tokenizer in the form of `llguidance`."""

    @abstractmethod
    def is_silent(self, token: int) -> bool:
        """Whether a token is a mark and no text."""

    @cached_property
    def words(self) -> Any:
        return self.words_of()

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of(self.words, self.size)

    @cached_property
    def texts(self) -> tuple[bytes, ...]:
        """The bytes of every token; none for tokens that are no text."""
        known = min(self.words.vocab_size, self.size)
        said = [b"" if self.is_silent(token) else self.words.decode_bytes([token]) for token in range(known)]
        return (*said, *[b""] * (self.size - known))

    def row(self, request: Request, name: str) -> Row:
        """The row of a request; raises `Refused` where prompt or answer cannot fit."""
        text, stops = self.prompt(request.messages)
        prompt = self.encoded(text)
        if not prompt or len(prompt) >= self.context:
            said = f"the prompt has {len(prompt):,} tokens and {name} takes 1 to {self.context - 1:,}"
            raise Refused(f"{said}; nothing is cut off silently")
        limit = min(request.max_tokens, self.context - len(prompt))
        fresh, shortest = self.mask(request.output)
        if fresh is None:
            return Row(request, prompt, limit, request.stop + stops)
        if shortest > limit:
            raise Refused(f"an answer of this form has about {shortest} tokens at least, and {limit} are allowed")
        return Row(request, prompt, limit, (), fresh, WINDOW + 2 * shortest)

    def mask(self, output: Action | None) -> tuple[RowMask | None, int]:
        if output not in self.masks:
            self.masks[output] = self.fresh_mask(output)
        return self.masks[output]

    def fresh_mask(self, output: Action | None) -> tuple[RowMask | None, int]:
        """The mask of an output at its beginning and the tokens of a short answer; None where it has no mask."""
        if output is None:
            return None, 0
        if isinstance(output, BringsMask):
            own = output.token_mask(self.texts, self.ends)
            return own, len(own.way_out(1024) or ())
        from llguidance import LLMatcher

        grammar = grammar_of(output)
        if grammar is None:
            return None, 0
        problem = LLMatcher.validate_grammar(grammar, self.words)
        if problem:
            return self.unmasked(output, str(problem).strip().splitlines()[0])
        mask = Mask(LLMatcher(self.words, grammar), self.vocabulary, self.ends, isinstance(output, Form))
        return mask, len(mask.way_out(1024) or ())

    def unmasked(self, output: Action, why: str) -> tuple[None, int]:
        sys.stderr.write(f"manyminds: no token mask for {output!r} ({why}); its answers are checked instead\n")
        return None, 0

    def completion(self, row: Row) -> Completion:
        used = Usage(len(row.prompt), len(row.tokens))
        logged = tuple((self.text([token]), value) for token, value in zip(row.tokens, row.logprobs))
        return Completion(cut(self.text(row.tokens), row.stops), used, row.finish, logprobs=logged)


@dataclass
class Job:
    """A row and whoever waits for it."""

    row: Row
    done: "asyncio.Future[Row]"


class BatchedModel(ABC):
    """A model on this machine. Requests that arrive while a batch is decoded form the next one, `batch` at most.

    Every answer has its own stream of draws (from the request's seed, repeat and prompt), so it does not depend on what
    else is asked, up to the rounding of the arithmetic, which may differ with the size of a batch; with `batch=1` to
    the last bit. Log-probabilities are the model's own, before temperature and mask. Where a request names its output
    the answer is masked, and stop strings are not needed: the form says where the answer ends.
    """

    prices = (0.0, 0.0)

    def __init__(self, name: str, batch: int) -> None:
        self.name, self.batch = name, batch
        self.loading: asyncio.Lock | None = None
        self.loaded: Speaker | None = None
        self.waiting: list[Job] = []
        self.worker: asyncio.Task[None] | None = None

    @abstractmethod
    def opened(self) -> Speaker:
        """Load the weights."""

    async def complete(self, request: Request) -> Completion:
        loaded = self.loaded or await self.ready()
        row = loaded.row(request, self.name)
        done: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        row.abandoned = done.cancelled
        self.waiting.append(Job(row, done))
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self.work(loaded))
        return loaded.completion(await done)

    async def ready(self) -> Speaker:
        """Load the weights once, at the first request."""
        self.loading = self.loading or asyncio.Lock()
        async with self.loading:
            if self.loaded is None:
                self.loaded = await asyncio.to_thread(self.opened)
            return self.loaded

    async def work(self, loaded: Speaker) -> None:
        """Decode what waits, batch by batch, until nothing does."""
        await asyncio.sleep(0.002)  # those who ask at the same moment share the first batch
        while self.waiting:
            jobs, self.waiting = self.waiting[: self.batch], self.waiting[self.batch :]
            jobs = [job for job in jobs if not job.done.done()]
            try:
                if jobs:
                    await asyncio.to_thread(loaded.decode, [job.row for job in jobs])
            except Exception as error:
                for job in jobs:
                    if not job.done.done():
                        job.done.set_exception(error)
            for job in jobs:
                if not job.done.done():
                    job.done.set_result(job.row)

    async def close(self) -> None:
        """Cancel what still waits and let the batch under way end; the weights stay for who asks next."""
        for job in self.waiting:
            job.done.cancel()
        if self.worker is not None and not self.worker.done():
            await asyncio.wait({self.worker})
        self.loading = self.worker = None
