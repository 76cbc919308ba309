"""What counts as a legal answer: one frozen value that a world, a prompt and a parser share.

Every kind of action can `check` a value (from a rule or a policy), `parse` a text (from a language model), say itself
as a JSON schema and as an instruction in words, and give the `nearest` legal value.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError


class Invalid(ValueError):
    """An answer that the action does not allow; its text is the reason, fit to be shown to whoever answered."""


@dataclass(frozen=True)
class NoAnswer:
    """What reaches a world in place of an action when none that is legal came; the world applies its default."""

    reason: str
    raw: str = ""


class Action(Protocol):
    """The type of a legal answer."""

    def check(self, value: Any) -> Any:
        """The value in its normal form; raises `Invalid` with the reason when it is not legal."""

    def parse(self, text: str) -> Any:
        """The answer that a text holds; raises `Invalid` with the reason when there is none or more than one."""

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of an answer, or None where the answer is plain text."""

    def instruction(self) -> str:
        """One sentence that tells a language model in which form to answer."""


ANSWER_MARK = "Answer:"
_NUMBER = re.compile(r"(?<![\w.,])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w)")


def numbers_in(text: str) -> list[float]:
    """The numbers that stand in `text`; thousands may be grouped by commas."""
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


def after_mark(text: str) -> str | None:
    """The text after the last answer mark, or None when there is no mark."""
    _, mark, rest = text.rpartition(ANSWER_MARK)
    return rest.strip() if mark else None


@dataclass(frozen=True)
class Real:
    """A number from `low` to `high`, both included.

    `soft`: a number outside the range passes as said, because the world itself clips it and counts that.
    """

    low: float = -math.inf
    high: float = math.inf
    soft: bool = False

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Invalid(f"{value!r} is not a number")
        if not self.soft and not self.low <= value <= self.high:
            raise Invalid(f"{value:g} is outside the allowed range {self.low:g} to {self.high:g}")
        return float(value)

    def parse(self, text: str) -> float:
        return self.check(one_number(text))

    def nearest(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def schema(self) -> dict[str, Any]:
        return number_schema("number", self)

    def instruction(self) -> str:
        return f"End with one line '{ANSWER_MARK} N', where N is a number from {self.low:g} to {self.high:g}."


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`, both included. `soft` as in `Real`."""

    low: int
    high: int
    soft: bool = False

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Invalid(f"{value!r} is not a whole number")
        if value != int(value):
            raise Invalid(f"{value!r} is not a whole number")
        if not self.soft and not self.low <= value <= self.high:
            raise Invalid(f"{int(value)} is outside the allowed range {self.low} to {self.high}")
        return int(value)

    def parse(self, text: str) -> int:
        return self.check(one_number(text))

    def nearest(self, value: float) -> int:
        return min(max(int(value), self.low), self.high)

    def schema(self) -> dict[str, Any]:
        return number_schema("integer", self)

    def instruction(self) -> str:
        return f"End with one line '{ANSWER_MARK} N', where N is a whole number from {self.low} to {self.high}."


def number_schema(kind: str, action: Real | Whole) -> dict[str, Any]:
    """An object with one number called `answer`; an infinite bound is left out."""
    answer: dict[str, Any] = {"type": kind}
    if math.isfinite(action.low):
        answer["minimum"] = action.low
    if math.isfinite(action.high):
        answer["maximum"] = action.high
    return one_field(answer)


def one_field(answer: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object that holds room to think and then the answer."""
    properties = {"reasoning": {"type": "string"}, "answer": answer}
    return {"type": "object", "properties": properties, "required": ["answer"], "additionalProperties": False}


def one_number(text: str) -> float:
    """The one number that a text answers with.

    Taken from a JSON object's `answer`, else from after the last answer mark, else from the whole text. Two different
    numbers are no answer: guessing which was meant would be ours, not the speaker's.
    """
    answer = field_of_json(text)
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        return answer
    where = answer if isinstance(answer, str) else after_mark(text)
    found = numbers_in(text if where is None else where)
    if not found:
        raise Invalid("there is no number in the answer")
    if len(set(found)) > 1:
        raise Invalid(f"there are several numbers in the answer ({', '.join(f'{n:g}' for n in found[:4])})")
    return found[0]


def field_of_json(text: str) -> Any:
    """The field `answer` of the JSON object in `text`, or None."""
    try:
        found = json.loads(json_in(text))
    except (json.JSONDecodeError, Invalid):
        return None
    return found.get("answer") if isinstance(found, dict) else None


def json_in(text: str) -> str:
    """The text from its first opening to its last closing brace."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise Invalid("there is no JSON object in the answer")
    return text[start : end + 1]


@dataclass(frozen=True)
class Choice:
    """One of `options`, compared without regard to case and surrounding punctuation."""

    options: tuple[str, ...]

    def check(self, value: Any) -> str:
        for option in self.options:
            if isinstance(value, str) and plain(value) == plain(option):
                return option
        raise Invalid(f"{value!r} is not one of {', '.join(self.options)}")

    def parse(self, text: str) -> str:
        answer = field_of_json(text)
        where = answer if isinstance(answer, str) else after_mark(text) or text
        if plain(where) in map(plain, self.options):
            return self.check(where)
        named = [o for o in self.options if re.search(rf"(?<!\w){re.escape(o)}(?!\w)", where, re.IGNORECASE)]
        # An option that is part of another named one ("red" in "dark red") does not count as named itself.
        named = [o for o in named if not any(o != other and o.lower() in other.lower() for other in named)]
        if len(named) != 1:
            reason = f"names several options ({', '.join(named)})" if named else "names none of the options"
            raise Invalid(f"the answer {reason}; choose one of {', '.join(self.options)}")
        return named[0]

    def nearest(self, value: str) -> str:
        return value if value in self.options else self.options[0]

    def schema(self) -> dict[str, Any]:
        return one_field({"type": "string", "enum": list(self.options)})

    def instruction(self) -> str:
        return f"End with one line '{ANSWER_MARK} X', where X is exactly one of: {', '.join(self.options)}."


def plain(text: str) -> str:
    return text.strip().strip("\"'`*.,;:!()[]").strip().lower()


@dataclass(frozen=True)
class Text:
    """Free text of 1 to `limit` characters; what is longer is cut at the limit."""

    limit: int = 2000

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Invalid("the answer is empty")
        return value.strip()[: self.limit]

    def parse(self, text: str) -> str:
        return self.check(text)

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"Answer in plain text of at most {self.limit} characters."


@dataclass(frozen=True)
class Pattern:
    """Text that matches a regular expression as a whole."""

    regex: str

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(self.regex, value):
            raise Invalid(f"the answer does not match the form {self.regex}")
        return value

    def parse(self, text: str) -> str:
        return self.check(text.strip())

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"Answer with text that matches this regular expression, and nothing else: {self.regex}"


@dataclass(frozen=True)
class Form:
    """An object that a pydantic model validates: several named fields in one answer."""

    model: type[BaseModel]

    def check(self, value: Any) -> BaseModel:
        try:
            return self.model.model_validate(value)
        except ValidationError as error:
            raise Invalid(first_reason(error)) from None

    def parse(self, text: str) -> BaseModel:
        try:
            return self.model.model_validate_json(json_in(text))
        except ValidationError as error:
            raise Invalid(first_reason(error)) from None

    def schema(self) -> dict[str, Any]:
        return TypeAdapter(self.model).json_schema()

    def instruction(self) -> str:
        fields = self.model.model_fields.items()
        said = ", ".join(f'"{name}" ({field.description or name})' for name, field in fields)
        return f"Answer with one JSON object with the fields {said}, and nothing else."


def first_reason(error: ValidationError) -> str:
    """The first thing that pydantic found wrong, in one clause."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
