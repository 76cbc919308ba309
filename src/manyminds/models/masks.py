"""Token masks: an action as a grammar, so that a model on this machine cannot give an answer that does not parse.

The form is the shortest that the action's `parse` accepts: numbers and choices stand after the answer mark, a pattern
stands alone, a `Form` is its JSON object. Some patterns and schemas have no grammar (look-around, validators written in
Python); their answers are checked and asked for again like those of an endpoint. An action of another kind can name
the form of its answers by a method `regular()` that gives a regular expression.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from manyminds.core.actions import ANSWER_MARK, Action, Choice, Form, Invalid, Pattern, Real, Text, Whole

EXACT = 2**53  # up to here every whole number is a float; texts are read as floats
FREE_WHOLE = "/-?(0|[1-9][0-9]{0,14})/"
FREE_REAL = r"/-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?/"
# Without escapes of code points, because half of a surrogate pair is no text.
JSON_OPTIONS = {"whitespace_flexible": False, "json_allowed_escapes": 'nrbtf\\"'}
NOT_SPACE = r"[^\s\x1c-\x1f]"  # what Python's `strip` leaves standing


def grammar_of(action: Action | None) -> str | None:
    """The grammar of the legal answers (in the language of `llguidance`), or None where any text will do."""
    from llguidance import LLMatcher

    if isinstance(action, Form):
        return str(LLMatcher.grammar_from_json_schema(action.schema(), overrides=JSON_OPTIONS))
    lark = lark_of(action)
    return None if lark is None else str(LLMatcher.grammar_from_lark(lark))


def lark_of(action: Action | None) -> str | None:
    match action:
        case Text():
            return f"start: TEXT\nTEXT: /(?s:.)*{NOT_SPACE}(?s:.)*/"
        case Pattern(regex):
            return expression(regex)
        case Choice():
            options = [
                json.dumps(option, ensure_ascii=False) for option in action.options if comes_back(action, option)
            ]
            return marked(" | ".join(options)) if options else None
        case Whole() | Real():
            return marked(number_of(action))
    regular = getattr(action, "regular", None)
    return None if regular is None else expression(regular())


def expression(regex: str) -> str:
    """The texts that match as a whole; what `parse` strips can be no part of the answer."""
    escaped = in_ascii(regex).replace("/", r"\/")
    return f"start: TEXT\nTEXT: /(?:{escaped})/ & /{NOT_SPACE}((?s:.)*{NOT_SPACE})?/"


def marked(answer: str) -> str:
    return f'start: "{ANSWER_MARK} " answer\nanswer: {answer}'


def in_ascii(regex: str) -> str:
    r"""The expression with `\d`, `\w` and `\s` for ASCII only.

    Which other characters they mean differs between versions of Unicode, and so between Python and the grammar. In
    negated sets they stay, because there less is more.
    """
    sets = {"d": "0-9", "w": "A-Za-z0-9_", "s": r" \t\n\r\f\v"}
    found, inside, negated = "", False, False
    for part in re.findall(r"\\.|\[\^?|.", regex, re.DOTALL):
        if part[0] == "[" and not inside:
            inside, negated = True, part == "[^"
        elif part == "]":
            inside = False
        if part[0] == "\\" and part[1] in sets and not (inside and negated):
            part = sets[part[1]] if inside else f"[{sets[part[1]]}]"
        found += part
    return found


def comes_back(action: Choice, option: str) -> bool:
    """Whether an option that is answered is understood as itself."""
    try:
        return bool(action.parse(f"{ANSWER_MARK} {option}") == option)
    except Invalid:
        return False


def number_of(action: Whole | Real) -> str:
    if action.soft:
        return "NUMBER\nNUMBER: " + (FREE_WHOLE if isinstance(action, Whole) else FREE_REAL)
    schema: dict[str, Any] = {"type": "integer" if isinstance(action, Whole) else "number"}
    schema |= {"minimum": max(action.low, -EXACT), "maximum": min(action.high, EXACT)}
    return f"%json {json.dumps(schema)}"


CLOSERS = b'}]",'  # what ends a part of a JSON text, the outermost first


@dataclass(frozen=True)
class Vocabulary:
    """What is needed of every token to find a short way to the end of an answer."""

    rank: np.ndarray  # (tokens,) how soon it is preferred between the parts of a JSON text: closers 1 to 4, others 5
    closes: np.ndarray  # (tokens,) whether it ends a string, and perhaps what the string is part of
    comma: int  # the token that is a comma, or -1
    first: np.ndarray  # (tokens,) its first byte
    length: np.ndarray  # (tokens,) its bytes, at most 99

    @classmethod
    def of(cls, tokenizer: Any, size: int) -> "Vocabulary":
        """Of an `LLTokenizer`, for a model with `size` logits."""
        texts = [tokenizer.decode_bytes([token]) if token < tokenizer.vocab_size else b"" for token in range(size)]
        closers = [bool(text) and all(byte in CLOSERS for byte in text) for text in texts]
        rank = [max(map(CLOSERS.index, text)) + 1 if closer else 5 for text, closer in zip(texts, closers)]
        closes = [closer and text[0] == ord('"') and b"," not in text for text, closer in zip(texts, closers)]
        first = np.array([text[0] if text else 0 for text in texts])
        length = np.array([min(len(text), 99) for text in texts])
        comma = texts.index(b",") if b"," in texts else -1
        return cls(np.array(rank), np.array(closes), comma, first, length)


class RowMask(Protocol):
    """The legal next tokens of one answer as it grows: what decoding asks of any mask."""

    @property
    def ends(self) -> tuple[int, ...]: ...

    @property
    def ended(self) -> bool: ...

    def copy(self) -> "RowMask": ...

    def allowed(self) -> np.ndarray: ...

    def take(self, token: int) -> None: ...

    def completed_by(self, way: list[int]) -> bool: ...

    def way_out(self, longest: int) -> list[int] | None: ...


@runtime_checkable
class BringsMask(Protocol):
    """An output that makes its own mask, from the bytes of every token and the tokens that end a text."""

    def token_mask(self, texts: Sequence[bytes], ends: tuple[int, ...]) -> RowMask: ...


class Mask:
    """A mask by a grammar of `llguidance`."""

    def __init__(self, matcher: Any, vocabulary: Vocabulary, ends: tuple[int, ...], is_json: bool) -> None:
        self.matcher, self.vocabulary, self.ends, self.is_json = matcher, vocabulary, ends, is_json

    def copy(self) -> "Mask":
        return Mask(self.matcher.deep_copy(), self.vocabulary, self.ends, self.is_json)

    def allowed(self) -> np.ndarray:
        """(tokens,) which tokens may come next."""
        bits = np.frombuffer(self.matcher.compute_bitmask(), np.uint8)
        return np.unpackbits(bits, count=len(self.vocabulary.rank), bitorder="little").view(bool)

    def take(self, token: int) -> None:
        if not self.matcher.consume_token(token):
            raise AssertionError(f"the grammar broke: {self.matcher.get_error()}")

    @property
    def complete(self) -> bool:
        """Whether the answer may end here."""
        return bool(self.matcher.is_accepting())

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return bool(self.matcher.is_stopped())

    def completed_by(self, way: list[int]) -> bool:
        """Whether these tokens complete the answer from here."""
        after = self.matcher.deep_copy()
        return after.try_consume_tokens(way) == len(way) and bool(after.is_accepting())

    def way_out(self, longest: int) -> list[int] | None:
        """At most `longest` tokens that complete the answer from here; None if none are found.

        A short way, not always the shortest: closing what is open is preferred, then bytes that the way has not used
        yet, so that it does not go round in a repetition.
        """
        mask, way = self.copy(), list[int]()
        words, used = self.vocabulary, np.zeros(256, int)
        while not mask.complete:
            allowed = mask.allowed()
            tokens = np.flatnonzero(allowed)
            if len(way) == longest or not tokens.size:
                return None
            cost = used[words.first[tokens]] * 100 - words.length[tokens]
            if self.is_json:
                # A comma and a quotation mark may both come only within a string, and there brackets end nothing.
                in_string = words.comma >= 0 and allowed[words.comma] and (allowed & words.closes).any()
                cost += 10**6 * (np.where(words.closes, 0, 5) if in_string else words.rank)[tokens]
            token = int(tokens[cost.argmin()])
            used[words.first[token]] += 1
            way.append(token)
            mask.take(token)
        return way
