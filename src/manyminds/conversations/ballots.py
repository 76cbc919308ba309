"""Ballots and stances as types of legal answers: what a voter or a speaker writes, read strictly.

"1 or 2" is no vote for 12, a ranking names nobody twice, ten points are ten points: what is unclear goes back to
whoever wrote it, with the reason.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from manyminds.conversations.voting import PLACES, POINTS, approved, distributed, in_order, known
from manyminds.core.actions import Invalid, after_mark, field_of_json, json_in, numbers_in

Kind = Literal["draft", "improve", "feedback"]
Style = Literal["extracted", "marked", "native"]
AGREE, DISAGREE, SOLUTION = "[AGREE]", "[DISAGREE]", "Solution:"


def indices(text: str) -> list[int]:
    """The whole numbers after the answer mark, or in the whole text without one."""
    where = after_mark(text)
    found = numbers_in((text if where is None else where).replace(",", " "))
    if any(n != int(n) for n in found):
        raise Invalid("options are named by whole numbers")
    return [int(n) for n in found]


@dataclass(frozen=True)
class OneOption:
    """The number of one option."""

    options: int

    def check(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Invalid(f"{value!r} is not the number of an option")
        return known(value, self.options)

    def parse(self, text: str) -> int:
        answer = field_of_json(text)
        found = [answer] if isinstance(answer, int) else sorted(set(indices(text)))
        if len(found) != 1:
            raise Invalid(f"one number is needed, and there are {len(found)}")
        return self.check(found[0])

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"End with one line 'Answer: N', where N is the number of one option, 0 to {self.options - 1}."


@dataclass(frozen=True)
class AnyOptions:
    """The numbers of all options that are approved of; "none" for no option."""

    options: int

    def check(self, value: Sequence[int]) -> frozenset[int]:
        return approved(value, self.options)

    def parse(self, text: str) -> frozenset[int]:
        found = indices(text)
        if not found and not re.search(r"\bnone\b", text, re.IGNORECASE):
            raise Invalid("there is no number in the answer")
        return self.check(found)

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"End with one line 'Answer: N, N, ...' with the numbers (0 to {self.options - 1}) of all good options."


@dataclass(frozen=True)
class Points:
    """Points for each option as a JSON object, all of them together exactly `points`."""

    options: int
    points: int = POINTS

    def check(self, value: Sequence[float]) -> tuple[float, ...]:
        return distributed(value, self.options, self.points)

    def parse(self, text: str) -> tuple[float, ...]:
        try:
            found = {int(key): float(amount) for key, amount in json.loads(json_in(text)).items()}
        except (ValueError, TypeError, AttributeError):
            raise Invalid("the points are no JSON object of numbers") from None
        for option in found:
            known(option, self.options)
        return self.check([found.get(i, 0.0) for i in range(self.options)])

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f'Answer with one JSON object such as {{"0": 7, "1": 3}}: points by option, {self.points} in all.'


@dataclass(frozen=True)
class Ranking:
    """Numbers of options from best to worst, between blanks, none of them twice."""

    options: int
    places: int = PLACES

    def check(self, value: Sequence[int]) -> tuple[int, ...]:
        return in_order(value, self.options, self.places)

    def parse(self, text: str) -> tuple[int, ...]:
        return self.check(indices(text))

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        most = min(self.places, self.options)
        return f"End with one line 'Answer: N N ...': the numbers of up to {most} options, the best first."


class Spoken(NamedTuple):
    """A contribution, read. `agrees` is None for drafts; `by_rule`: no tag told it, the words did; `conflict`: the
    words say otherwise than the tag."""

    text: str
    agrees: bool | None
    solution: str = ""
    by_rule: bool = False
    conflict: bool = False


def by_words(text: str) -> bool:
    """The rule of words: it agrees who says "agree" and not "disagree"."""
    lower = text.lower()
    return "agree" in lower and "disagree" not in lower


@dataclass(frozen=True)
class Contribution:
    """What a speaker may say: a draft, feedback, or agreement or an improved solution.

    Where the solution stands is the style. `extracted`: anywhere, and a second call takes it out. `marked`: after a
    mark. `native`: the text is the solution, its answer stands after the last `#` that begins a line, as the house
    model writes; whoever comes to the same answer as `current` agrees with it.
    """

    kind: Kind
    style: Style = "extracted"
    current: str = ""

    def check(self, value: Spoken) -> Spoken:
        return value

    def parse(self, text: str) -> Spoken:
        text = text.strip()
        if not text:
            raise Invalid("the answer is empty")
        if self.style == "native":
            same = hashed(text) == hashed(self.current) if self.current else False
            return Spoken(text, same if self.kind != "draft" else None, "" if self.kind == "feedback" else text)
        if self.kind == "draft":
            return Spoken(text, None, self.solution(text))
        yes, no = (tag in text.upper() for tag in (AGREE, DISAGREE))
        if yes and no:
            raise Invalid(f"the answer holds both {AGREE} and {DISAGREE}")
        words = re.sub(r"\[(?:dis)?agree\]", "", text, flags=re.IGNORECASE)
        agrees = yes if yes or no else by_words(text)
        solution = "" if agrees or self.kind == "feedback" else self.solution(text)
        conflict = (yes or no) and "agree" in words.lower() and by_words(words) != agrees
        return Spoken(text, agrees, solution, not (yes or no), conflict)

    def solution(self, text: str) -> str:
        """The marked solution; empty where a second call will look for it."""
        if self.style == "extracted":
            return ""
        _, mark, rest = text.rpartition(SOLUTION)
        if not mark or not rest.strip():
            raise Invalid(f"there is no solution after '{SOLUTION}'")
        return rest.strip()

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        if self.style == "native":
            return ""
        ending = f" Write the whole solution at the end, after '{SOLUTION}'." if self.style == "marked" else ""
        if self.kind == "draft":
            return ending.strip() or "Write the whole solution."
        tags = f"Begin with {AGREE} or {DISAGREE}."
        return tags if self.kind == "feedback" else f"{tags} If you disagree, say why and improve the solution.{ending}"


def hashed(text: str) -> str:
    """The answer after the last `#` that begins a line; raises `Invalid` where there is none."""
    found = [line.strip()[1:].strip() for line in text.split("\n") if line.strip().startswith("#")]
    if not found or not found[-1]:
        raise Invalid("no line begins with '#'")
    return found[-1].casefold()
