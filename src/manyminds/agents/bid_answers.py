"""What a bidder answers: a bid or its withdrawal, priorities, an account of who won what, and lessons.

Each is an action that a rule is checked by and that reads the text of a language model. A bid is read by a grammar and
never guessed: what it cannot settle is `Invalid`, for the bidder to be asked again.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manyminds.core import Invalid
from manyminds.core.actions import after_mark

OUT = -1  # a withdrawal, where a bid is a number
MOST = 10**12  # dollars; nobody means more


# ---- bids

MONEY = re.compile(
    r"(?<![\w.,])\$?\s?(?P<digits>\d{1,3}(?:[,'\u00a0\u202f\u2009 ]\d{3})+|\d+)"
    r"(?P<cents>\.\d+)?\s?(?P<thousands>k\b)?(?![\w%])",
    re.IGNORECASE,
)
UNITS = {word: number for number, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
     "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"])}  # fmt: skip
TENS = {word: 10 * number for number, word in enumerate(
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 1_000_000}
NUMERAL = "|".join([*UNITS, *TENS, *SCALES])
WORDS = re.compile(
    rf"\b(?:a\s+(?=hundred|thousand|million))?(?:{NUMERAL})(?:(?:[\s-]+(?:and\s+)?)(?:{NUMERAL}))*\b", re.I
)

BIDS = re.compile(
    r"\b(?:i\s+(?:now\s+)?bid|i(?:'ll|\s+will)\s+(?:\w+\s+)?(?:bid|go|offer|raise)|i\s+offer|i\s+raise|i(?:'m|\s+am)\s+bidding"
    r"|my\s+(?:new\s+|final\s+)?(?:bid|offer)\s*(?:is|:|=)|let\s+me\s+bid|bid\s*[:=])",
    re.IGNORECASE,
)
LEAVES = re.compile(
    r"\bi\s*(?:'m|am)\s+out\b|\bi(?:'ll|\s+will)?\s+(?:now\s+)?(?:withdraw|pass|fold|drop\s+out|sit\s+this\s+(?:one\s+)?out)\b"
    r"|\bi\s+(?:choose|decide|have\s+decided|am\s+going|want|prefer|would\s+like)\s+to\s+(?:withdraw|pass|drop\s+out)\b"
    r"|\bi\s+(?:won't|will\s+not|do\s+not|don't|cannot|can't)\s+bid\b(?!\s+(?:more|above|over|beyond|higher))"
    r"|\bno\s+bid\b|\bcount\s+me\s+out\b",
    re.IGNORECASE,
)
BARE_OUT = re.compile(
    r"(?:i'?m\s+|i\s+am\s+)?(?:out|withdraw|withdrawn|withdrew|pass|fold|none|no bid|-\s?1)", re.IGNORECASE
)
NOT_OUT = re.compile(r"\bnot\s+(?:out|withdraw\w*|pass\w*)\b", re.IGNORECASE)
CONDITION = re.compile(r"\b(?:if|unless|once|when|whenever|should\s+it|in\s+case)\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def in_words(text: str) -> int:
    """The number that a run of number words means: 'two thousand five hundred' is 2500."""
    total = current = 0
    for word in re.findall(rf"\b(?:{NUMERAL})\b", text.lower()):
        if word in UNITS or word in TENS:
            current += UNITS.get(word, 0) or TENS.get(word, 0)
        elif word == "hundred":
            current = max(current, 1) * 100
        else:
            total, current = total + max(current, 1) * SCALES[word], 0
    return total + current


def amounts(text: str) -> list[int]:
    """The whole amounts that `text` names, in digits or in words. Cents are refused: bids are whole."""
    found: list[tuple[int, int]] = []
    for match in MONEY.finditer(text):
        if re.search(r"(?:^|[\s$(])[-−]\s?$", text[: match.start()]):
            raise Invalid(f"-{match[0].strip()} is below zero")
        cents = match["cents"] or ""
        amount = float(re.sub(r"\D", "", match["digits"]) + cents) * (1000 if match["thousands"] else 1)
        if amount != int(amount):
            raise Invalid(f"{match[0].strip()} is not a whole number of dollars")
        found.append((match.start(), int(amount)))
    # "one" alone is a word like any other ("this one"); an amount in words holds a scale.
    found += [(m.start(), in_words(m[0])) for m in WORDS.finditer(text) if re.search("|".join(SCALES), m[0], re.I)]
    return [amount for _, amount in sorted(found)]


def bare(text: str) -> int | None:
    """The answer where the text is nothing but an amount or a withdrawal."""
    said = text.strip().strip("*_`\"'.! ")
    if BARE_OUT.fullmatch(said):
        return OUT
    named = amounts(said)
    return named[0] if len(set(named)) == 1 and not re.search(r"[a-z]{3,}", WORDS.sub("", said), re.I) else None


def bid_in(text: str) -> int:
    """The bid that a text makes, or `OUT`. Raises `Invalid` where there is none or where several could be meant.

    First what stands after an answer mark; else sentences that bid or withdraw, conditional ones left aside; else the
    only amount in the text.
    """
    text = text.replace("\u2019", "'")
    marked = after_mark(text)
    if marked is not None and (said := bare(marked.partition("\n")[0])) is not None:
        return positive(said)
    if (said := bare(text)) is not None:
        return positive(said)
    sentences = [s for s in SENTENCE.split(marked or text) if s.strip() and not CONDITION.search(s)]
    bids: list[int] = []
    out = False
    for sentence in sentences:
        if LEAVES.search(sentence) and not NOT_OUT.search(sentence):
            out = True
        elif opening := list(BIDS.finditer(sentence)):
            bids += amounts(sentence[opening[-1].end() :])[:1]
    if out and bids:
        raise Invalid("it both bids and withdraws")
    if out:
        return OUT
    named = bids or amounts(" ".join(sentences))
    if not named:
        raise Invalid("there is neither a bid nor a withdrawal in the answer")
    if len(set(named)) > 1:
        raise Invalid(f"several amounts could be the bid ({', '.join(map(str, named[:4]))})")
    return positive(named[0])


def positive(amount: int) -> int:
    if amount != OUT and not 0 < amount <= MOST:
        raise Invalid(f"{amount} is not an amount that can be bid")
    return amount


@dataclass(frozen=True)
class Bid:
    """A whole amount, or `OUT`. Whether the amount is enough and affordable is for the auctioneer to say."""

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value % 1:
            raise Invalid(f"{value!r} is neither a whole amount nor a withdrawal")
        return positive(int(value))

    def parse(self, text: str) -> int:
        found = whole_object(text)
        if found is None:
            return bid_in(text)
        value = found.get("bid", found.get("answer"))
        if value is None:
            raise Invalid("the object has no field 'bid'")
        return bid_in(value) if isinstance(value, str) else self.check(value)

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return "End with one line: 'Answer: N', where N is your bid in whole dollars, or 'Answer: out' to withdraw."


# ---- objects at the end of a text


def whole_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text consists of, fences aside; None when it is anything else."""
    said = re.sub(r"^\s*```(?:json)?|```\s*$", "", text.strip()).strip()
    try:
        found = json.loads(said)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def last_object(text: str) -> dict[str, Any]:
    """The last JSON object in a text, outermost braces; what was thought aloud before it may hold others.

    An object that is cut off or holds sums is refused as a whole: an inner or an earlier one is not what was meant.
    """
    unreadable = Invalid("there is no readable JSON object in the answer (unfinished, or sums in place of numbers?)")
    end = text.rfind("}")
    depth, start = 0, end
    while start >= 0:
        depth += (text[start] == "}") - (text[start] == "{")
        if depth == 0:
            break
        start -= 1
    if start < 0 or "{" in text[end:]:
        raise unreadable
    try:
        found = json.loads(text[start : end + 1])
    except ValueError:
        raise unreadable from None
    return dict(found)


@dataclass(frozen=True)
class Priorities:
    """A priority from 1 (low) to 3 (high) for each of `items`, by name."""

    items: tuple[str, ...]

    def check(self, value: Any) -> dict[str, int]:
        if not isinstance(value, Mapping):
            raise Invalid("the priorities are not an object from item to number")
        if missing := [item for item in self.items if item not in value]:
            raise Invalid(f"there is no priority for {', '.join(missing)}")
        for item in self.items:
            if isinstance(value[item], bool) or value[item] not in (1, 2, 3):
                raise Invalid(f"the priority of {item} is {value[item]!r}, not 1, 2 or 3")
        return {item: int(value[item]) for item in self.items}

    def parse(self, text: str) -> dict[str, int]:
        return self.check(last_object(text))

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return (
            "End with one JSON object that gives every item, by its exact name, a priority of 1 (low), 2 or 3 (high): "
            + "{"
            + ", ".join(f'"{item}": P' for item in self.items)
            + "}."
        )


STATUS = ("remaining_budget", "total_profits", "winning_bids")


@dataclass(frozen=True)
class Status:
    """What a bidder believes: its budget, everybody's profit, and who won what at which price."""

    bidders: tuple[str, ...]
    own: str

    def check(self, value: Any) -> dict[str, Any]:
        """Sane is: all fields, numbers where numbers belong, the own name in both tables. Right is for the world."""
        if not isinstance(value, Mapping):
            raise Invalid("the status is not an object")
        if missing := [key for key in STATUS if key not in value]:
            raise Invalid(f"the status lacks {', '.join(missing)}")
        profits, wins = value["total_profits"], value["winning_bids"]
        numeric("remaining_budget", value["remaining_budget"])
        for key, table in (("total_profits", profits), ("winning_bids", wins)):
            if not isinstance(table, Mapping):
                raise Invalid(f"{key} is not an object with an entry for every bidder")
            if self.own not in table:
                raise Invalid(f"{key} lacks {self.own}")
        for who, profit in profits.items():
            numeric(f"the profit of {who}", profit)
        for who, won in wins.items():
            if not isinstance(won, Mapping):
                raise Invalid(f"winning_bids of {who} is not an object from item to price")
            for item, price in won.items():
                numeric(f"the price of {item} for {who}", price)
        return {
            "remaining_budget": value["remaining_budget"],
            "total_profits": {who: profits[who] for who in self.bidders if who in profits},
            "winning_bids": {who: dict(wins[who]) for who in self.bidders if who in wins},
        }

    def parse(self, text: str) -> dict[str, Any]:
        return self.check(last_object(text))

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        each = ", ".join(f'"{who}": N' for who in self.bidders)
        won = ", ".join(f'"{who}": {{"ITEM": PRICE}}' for who in self.bidders)
        return ("End with one JSON object of plain numbers, without sums: "
                f'{{"remaining_budget": N, "total_profits": {{{each}}}, "winning_bids": {{{won}}}}}. '
                "Who won nothing has an empty object.")  # fmt: skip


def numeric(what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Invalid(f"{what} is {value!r}, not a number")


@dataclass(frozen=True)
class Lessons:
    """A numbered list, kept line by line."""

    limit: int = 20

    def check(self, value: Any) -> tuple[str, ...]:
        lines = tuple(line.strip() for line in value if isinstance(line, str) and line.strip()) if value else ()
        if not lines:
            raise Invalid("there are no lessons")
        return lines[: self.limit]

    def parse(self, text: str) -> tuple[str, ...]:
        found = re.findall(r"^\s*(?:\*\*)?\d+[.)]\s*(.+)$", text, re.MULTILINE)
        if not found:
            raise Invalid("there is no numbered list in the answer")
        return self.check(found)

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return "Answer with a numbered list, one lesson a line: '1. ...'."
