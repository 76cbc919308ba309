"""The answers of two-player economic games as JSON contracts: divide, price, decide, recommend, say, buy.

Every answer is one JSON object with exactly the fields of its contract. Amounts may carry a currency sign and
thousands separators where that can be read in one way only; nothing else is mended. `for_people` is the same contract
for somebody at a terminal, who may type the value alone.
"""

import json
import math
import re
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from manyminds.core import Invalid

TOLERANCE = 0.01  # of the money unit: parts that miss the whole by more are refused
AMOUNT = re.compile(r"(?:[$€£¥]\s*)?([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?:\s*[$€£¥])?")
LONGEST = 2000  # characters of a message


@dataclass(frozen=True)
class Offer:
    """A division of the money as its maker puts it. `raw` is the text it was read from."""

    own: float
    other: float
    message: str = ""
    raw: str = field(default="", compare=False)


@dataclass(frozen=True)
class Price:
    price: float
    message: str = ""
    raw: str = field(default="", compare=False)


@dataclass(frozen=True)
class Decided:
    """Yes or no, whatever the word for it was."""

    yes: bool
    raw: str = field(default="", compare=False)


@dataclass(frozen=True)
class Message:
    text: str
    raw: str = field(default="", compare=False)


def amount_in(value: Any, name: str) -> float:
    """An amount from a number, or from a text that is nothing but one; raises `Invalid`."""
    if isinstance(value, str) and (found := AMOUNT.fullmatch(value.strip())):
        value = float(found[1].replace(",", ""))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Invalid(f"{name}: {value!r} is not an amount of money")
    if value < 0:
        raise Invalid(f"{name}: {value:g} is below zero")
    return float(value)


def one_object(text: str, fields: dict[str, bool], other: str = "") -> dict[str, Any]:
    """The one JSON object in a text, with exactly these fields (name -> must it be there?); raises `Invalid`.

    Who also writes the other's part, in a further object or as a line of dialogue, has answered for somebody else.
    """
    start = text.find("{")
    if start < 0:
        raise Invalid("there is no JSON object in the answer")
    try:
        found, end = json.JSONDecoder(parse_constant=not_a_number).raw_decode(text[start:])
    except json.JSONDecodeError as error:
        raise Invalid(f"the answer is not valid JSON: {error.msg}") from None
    rest = text[:start] + text[start + end :]
    if "{" in rest or (other and re.search(rf"^\W*{re.escape(other)}\W*:", rest, re.MULTILINE)):
        raise Invalid(f"answers for {other or 'somebody else'} too: give your own answer only")
    if not isinstance(found, dict):
        raise Invalid("the answer is not a JSON object")
    if unknown := [name for name in found if name not in fields]:
        raise Invalid(f"unknown field: {unknown[0]!r} is none of {', '.join(fields)}")
    if missing := [name for name, needed in fields.items() if needed and name not in found]:
        raise Invalid(f"missing field: {missing[0]!r}")
    return found


def not_a_number(word: str) -> float:
    raise Invalid(f"{word} is not an amount of money")


def how(brief: bool, short: str) -> str:
    """The beginning of an instruction."""
    return f"Type {short}, or" if brief else "Answer with one JSON object and nothing else:"


def message_in(found: dict[str, Any]) -> str:
    message = found.get("message", "")
    if not isinstance(message, str):
        raise Invalid(f"message: {message!r} is not a text")
    return message.strip()[:LONGEST]


def closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def proposal_schema(names: list[str], talk: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": "number", "minimum": 0} for name in names}
    return closed(properties | ({"message": {"type": "string"}} if talk else {}), names + ["message"] * talk)


@dataclass(frozen=True)
class Divide:
    """Propose a division of `money`: two parts that sum to it, and a message where these are allowed."""

    money: float
    talk: bool = False
    other: str = "the other player"
    brief: bool = False

    @property
    def for_people(self) -> "Divide":
        return replace(self, brief=True)

    def giving(self, gain: float) -> Offer:
        """The offer that leaves its maker the share `gain`."""
        own = min(max(gain, 0.0), 1.0) * self.money
        return Offer(own, self.money - own)

    def check(self, value: Any) -> Offer:
        """An offer, or a number: the own part."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = Offer(float(value), self.money - value)
        if not isinstance(value, Offer):
            raise Invalid(f"{value!r} is not an offer")
        own, other = amount_in(value.own, "own_part"), amount_in(value.other, "other_part")
        if abs(own + other - self.money) > TOLERANCE:
            raise Invalid(f"parts do not sum: {own:g} and {other:g} make {own + other:g}, not {self.money:g}")
        if value.message and not self.talk:
            raise Invalid("messages are not allowed in this game")
        return Offer(own, other, value.message, value.raw)

    def parse(self, text: str) -> Offer:
        if self.brief and AMOUNT.fullmatch(text.strip()):
            own = amount_in(text, "own_part")
            return self.check(Offer(own, self.money - own, raw=text))
        found = one_object(text, self.fields(), self.other)
        own, other = amount_in(found["own_part"], "own_part"), amount_in(found["other_part"], "other_part")
        return self.check(Offer(own, other, message_in(found), text))

    def fields(self) -> dict[str, bool]:
        return {"own_part": True, "other_part": True} | ({"message": False} if self.talk else {})

    def schema(self) -> dict[str, Any]:
        return proposal_schema(["own_part", "other_part"], self.talk)

    def instruction(self) -> str:
        said = ', "message": "..."' if self.talk else ""
        return (f'{how(self.brief, "what you keep")} {{"own_part": N, "other_part": N{said}}}, where own_part is what '
                f"you keep, other_part is what {self.other} gets, and both sum to {self.money:g}.")  # fmt: skip


@dataclass(frozen=True)
class NamePrice:
    """Propose a price of at least zero. `worth`: the good's value to who proposes; `sells`: is that the seller?"""

    worth: float
    sells: bool
    money: float
    talk: bool = False
    other: str = "the other player"
    brief: bool = False

    @property
    def for_people(self) -> "NamePrice":
        return replace(self, brief=True)

    def giving(self, gain: float) -> Price:
        """The price that brings its maker `gain`, as a share of the money unit (never below zero)."""
        return Price(max(self.worth + (gain if self.sells else -gain) * self.money, 0.0))

    def check(self, value: Any) -> Price:
        """A price, or its number."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = Price(float(value))
        if not isinstance(value, Price):
            raise Invalid(f"{value!r} is not a price")
        if value.message and not self.talk:
            raise Invalid("messages are not allowed in this game")
        return Price(amount_in(value.price, "price"), value.message, value.raw)

    def parse(self, text: str) -> Price:
        if self.brief and AMOUNT.fullmatch(text.strip()):
            return self.check(Price(amount_in(text, "price"), raw=text))
        found = one_object(text, {"price": True} | ({"message": False} if self.talk else {}), self.other)
        return self.check(Price(amount_in(found["price"], "price"), message_in(found), text))

    def schema(self) -> dict[str, Any]:
        return proposal_schema(["price"], self.talk)

    def instruction(self) -> str:
        said = ', "message": "..."' if self.talk else ""
        return f'{how(self.brief, "the price")} {{"price": N{said}}}, where N is a number of at least 0.'


@dataclass(frozen=True)
class Decide:
    """One of two words for yes and no, in the field `name`."""

    name: str = "decision"
    words: tuple[str, str] = ("accept", "reject")
    other: str = "the other player"
    brief: bool = False

    @property
    def for_people(self) -> "Decide":
        return replace(self, brief=True)

    def check(self, value: Any) -> Decided:
        """A decision, a truth value or one of the words."""
        if isinstance(value, Decided):
            return value
        if isinstance(value, bool):
            return Decided(value)
        if isinstance(value, str) and value.strip().lower() in self.words:
            return Decided(value.strip().lower() == self.words[0])
        raise Invalid(f"{self.name}: {value!r} is neither {self.words[0]!r} nor {self.words[1]!r}")

    def saying(self, yes: bool) -> Decided:
        return Decided(yes)

    def parse(self, text: str) -> Decided:
        typed = text.strip().lower()
        short = self.brief and typed in self.words
        word = typed if short else one_object(text, {self.name: True}, self.other)[self.name]
        if not isinstance(word, str):
            raise Invalid(f"{self.name}: {word!r} is neither {self.words[0]!r} nor {self.words[1]!r}")
        return Decided(self.check(word).yes, text)

    def schema(self) -> dict[str, Any]:
        return closed({self.name: {"type": "string", "enum": list(self.words)}}, [self.name])

    def instruction(self) -> str:
        yes, no = self.words
        return f'{how(self.brief, f"{yes} or {no}")} {{"{self.name}": "{yes}"}} or {{"{self.name}": "{no}"}}.'


@dataclass(frozen=True)
class Tell:
    """Say something about a product, in free words."""

    other: str = "the buyer"
    brief: bool = False
    PHRASES: ClassVar[tuple[str, str]] = ("I recommend this product.", "I do not recommend this product.")

    @property
    def for_people(self) -> "Tell":
        return replace(self, brief=True)

    def check(self, value: Any) -> Message:
        """A message or its text."""
        if isinstance(value, str):
            value = Message(value)
        if not isinstance(value, Message) or not value.text.strip():
            raise Invalid("message: there is no text")
        return Message(value.text.strip()[:LONGEST], value.raw)

    def saying(self, yes: bool) -> Message:
        """What a rule says that either recommends or does not."""
        return Message(self.PHRASES[not yes])

    def parse(self, text: str) -> Message:
        if self.brief and "{" not in text:
            return self.check(Message(text, text))
        return self.check(Message(message_in(one_object(text, {"message": True}, self.other)), text))

    def schema(self) -> dict[str, Any]:
        return closed({"message": {"type": "string"}}, ["message"])

    def instruction(self) -> str:
        return f'{how(self.brief, "the message")} {{"message": "..."}}, where the text is what the buyer reads.'


REFUSES = re.compile(r"\b(?:not|never|cannot|avoid|skip|pass on)\b|n't\b|\blow[- ]quality\b", re.IGNORECASE)
PRAISES = re.compile(r"\b(?:recommend\w*|buy|worth|yes|good|great|excellent|high[- ]quality)\b", re.IGNORECASE)


def recommends(text: str) -> bool | None:
    """Whether some words advise to buy, as a rule that reads them takes it; None where that is not clear."""
    if REFUSES.search(text):
        return False
    return True if PRAISES.search(text) else None
