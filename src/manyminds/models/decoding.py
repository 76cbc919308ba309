"""Many answers decoded side by side: left padding, one stream of draws an answer, masks, stop strings."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from inspect import signature
from typing import Any

import numpy as np

from manyminds.models.masks import RowMask
from manyminds.models.request import Request


@dataclass
class Row:
    """One answer as it grows."""

    request: Request
    prompt: list[int]
    limit: int  # tokens that the answer may have
    stops: tuple[str, ...]
    fresh: RowMask | None = None  # the mask of its form at the beginning
    window: int = 0  # tokens before the limit from which on the way out is kept open
    abandoned: Callable[[], bool] = lambda: False  # nobody waits for it any more
    before: Any = None  # what was kept of an earlier row, which may have begun with the same tokens
    keeps: bool = False  # should `kept` hold what a later row can begin with?
    kept: Any = None

    def begin(self) -> None:
        """Start from the prompt (again, where a batch did not fit in memory)."""
        self.tokens: list[int] = []
        self.logprobs: list[float] = []
        self.finish = ""  # empty while it grows
        self.mask = self.fresh.copy() if self.fresh else None
        self.way_out: list[int] | None = None  # the tokens that complete the answer from here, once the limit is near
        self.hurried = False  # took the way out because of the limit
        # The draws of an answer depend on what it answers and on its stream, never on who is decoded beside it.
        named = json.dumps([self.request.seed, self.request.repeat, self.prompt])
        self.draws = np.random.default_rng(int.from_bytes(blake2b(named.encode(), digest_size=16).digest(), "big"))

    @property
    def left(self) -> int:
        return self.limit - len(self.tokens)

    def advance(self, token: int, logits: np.ndarray, ends: Sequence[int], text_of: Callable[[list[int]], str]) -> None:
        """Take `token`, which was chosen from `logits` (tokens,), and see whether the answer is finished."""
        if token in ends:
            self.finish = "length" if self.hurried else "stop"
            return
        self.tokens.append(token)
        if self.request.logprobs:
            highest = float(logits.max())
            self.logprobs.append(float(logits[token]) - highest - float(np.log(np.exp(logits - highest).sum())))
        if self.mask is not None:
            self.mask.take(token)
        if (self.mask is not None and self.mask.ended) or self.stopped(text_of):
            self.finish = "length" if self.hurried else "stop"
        elif self.left <= 0:
            self.finish = "length"

    def in_time(self, token: int) -> int:
        """`token`, or the way out where after it the answer could no longer be completed within its limit."""
        assert self.mask is not None
        if self.left > self.window or token in self.mask.ends:
            return token
        if self.way_out is None:
            self.way_out = self.mask.way_out(self.left)
            if self.way_out is None:
                return token  # too late; the answer is cut, and says so
        after = self.mask.copy()
        after.take(token)
        # The way that was known is mostly still one, and to try it is much cheaper than to look for a new one.
        known = len(self.way_out) < self.left and after.completed_by(self.way_out)
        way = self.way_out if known else after.way_out(self.left - 1)
        if way is not None:
            self.way_out = way
            return token
        self.hurried = True
        if not self.way_out:
            return self.mask.ends[0]
        token, *self.way_out = self.way_out
        return token

    def stopped(self, text_of: Callable[[list[int]], str]) -> bool:
        if not self.stops:
            return False
        tail = self.tokens[-(4 * max(map(len, self.stops)) + 8) :]  # a character has at most four tokens
        return any(stop in text_of(tail) for stop in self.stops)


def masks(rows: Sequence[Row]) -> np.ndarray | None:
    """(rows, tokens) the tokens that each row may take next; None where no row has a mask. It needs no logits, so it is
    asked for while a model computes them."""
    found = [None if row.mask is None or row.finish else row.mask.allowed() for row in rows]
    width = next((len(one) for one in found if one is not None), 0)
    return np.array([np.ones(width, bool) if one is None else one for one in found]) if width else None


def advance(
    rows: Sequence[Row],
    logits: np.ndarray,
    legal: np.ndarray | None,
    ends: Sequence[int],
    text_of: Callable[[list[int]], str],
) -> None:
    """One token more for each row, chosen from its `logits` (rows, tokens) where they are `legal`; rows that nobody
    waits for end."""
    for row in rows:
        if row.abandoned():
            row.finish = "abandoned"
    chosen = drawn(logits if legal is None else np.where(legal, logits, -np.inf), rows)
    for row, token, own in zip(rows, chosen, logits):
        if not row.finish:
            row.advance(token if row.mask is None else row.in_time(token), own, ends, text_of)


def drawn(logits: np.ndarray, rows: Sequence[Row]) -> list[int]:
    """A token for each row of `logits` (rows, tokens): the likeliest at temperature 0, else one drawn from the nucleus
    of `top_p`."""
    found: list[int] = logits.argmax(1).tolist()
    warm = [i for i, row in enumerate(rows) if row.request.temperature > 0]
    if not warm:
        return found
    scaled = logits[warm].astype(np.float64) / np.array([rows[i].request.temperature for i in warm])[:, None]
    weights = np.exp(scaled - scaled.max(1, keepdims=True))
    for i, own in zip(warm, weights):
        if rows[i].request.top_p < 1:
            own[beyond(own, rows[i].request.top_p)] = 0
    for i, mass in zip(warm, weights.cumsum(1)):
        found[i] = int(np.searchsorted(mass, rows[i].draws.random() * mass[-1], side="right"))
    return found


def beyond(weights: np.ndarray, top_p: float) -> np.ndarray:
    """The tokens that are not among the likeliest with `top_p` of the mass together."""
    order = np.argsort(-weights, kind="stable")
    mass = np.cumsum(weights[order])
    return order[1 + int(np.searchsorted(mass, top_p * mass[-1])) :]


def decode(model: Any, rows: Sequence[Row], ends: Sequence[int], text_of: Callable[[list[int]], str]) -> None:
    """Let all rows grow until each is finished. `model`: a causal language model of `transformers`."""
    import torch

    for row in rows:
        row.begin()
    going = list(rows)
    longest = max(len(row.prompt) for row in rows)
    padded = [[0] * (longest - len(row.prompt)) + row.prompt for row in rows]
    seen = [[0] * (longest - len(row.prompt)) + [1] * len(row.prompt) for row in rows]
    tokens = torch.tensor(padded, device=model.device)
    mask = torch.tensor(seen, device=model.device)
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    cache, known = None, signature(model.forward).parameters
    memory = "cache" if "cache" in known else "past_key_values"  # its name changed within transformers 5
    with torch.inference_mode():
        while True:
            given = {"input_ids": tokens, "attention_mask": mask, "position_ids": places, "logits_to_keep": 1}
            out = model(**{n: v for n, v in given.items() if n in known}, **{memory: cache}, use_cache=True)
            cache = out[memory]
            growing = [i for i, row in enumerate(going) if not row.finish]
            legal = masks([going[i] for i in growing])  # while a graphics card is still at work
            found = out.logits[growing, -1].float().cpu().numpy()
            advance([going[i] for i in growing], found, legal, ends, text_of)
            left = [i for i, row in enumerate(going) if not row.finish]
            if not left:
                return
            if 2 * len(left) <= len(going) and hasattr(
                cache, "batch_select_indices"
            ):  # those that have ended leave the batch
                chosen = torch.tensor(left, device=model.device)
                cache.batch_select_indices(chosen)
                going, mask, places = [going[i] for i in left], mask[chosen], places[chosen]
            newest = [[row.tokens[-1] if row.tokens else 0] for row in going]
            tokens = torch.tensor(newest, device=model.device)
            mask = torch.cat([mask, mask.new_ones(len(going), 1)], dim=-1)
            places = places[:, -1:] + 1
