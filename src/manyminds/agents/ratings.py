"""Several ratings in one answer, so that many things are judged by one call of a model."""

from dataclasses import dataclass
from typing import Any

from manyminds.core import Invalid
from manyminds.core.actions import ANSWER_MARK, after_mark, field_of_json, numbers_in, one_field


@dataclass(frozen=True)
class Ratings:
    """`count` whole numbers from `low` to `high`, in order. One outside the range is missing (None), not moved."""

    count: int
    low: int = 1
    high: int = 10

    def check(self, value: Any) -> list[int | None]:
        if not isinstance(value, (list, tuple)) or len(value) != self.count:
            given = len(value) if isinstance(value, (list, tuple)) else "no list of them"
            raise Invalid(f"{self.count} ratings are asked for, not {given}")
        return [self.one(rating) for rating in value]

    def one(self, rating: Any) -> int | None:
        if isinstance(rating, bool) or not isinstance(rating, (int, float)) or rating != int(rating):
            return None
        return int(rating) if self.low <= rating <= self.high else None

    def parse(self, text: str) -> list[int | None]:
        answer = field_of_json(text)
        if isinstance(answer, list):
            return self.check(answer)
        where = answer if isinstance(answer, str) else after_mark(text)
        return self.check(numbers_in(text if where is None else where))

    def schema(self) -> dict[str, Any]:
        rating = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return one_field({"type": "array", "items": rating, "minItems": self.count, "maxItems": self.count})

    def instruction(self) -> str:
        numbers = f"{self.count} whole numbers from {self.low} to {self.high}, in the order of the list, with commas"
        return f"End with one line '{ANSWER_MARK} N, N, ...': {numbers}."
