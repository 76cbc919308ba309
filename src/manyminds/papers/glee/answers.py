"""How the answers of a language player came."""

from collections import Counter
from dataclasses import dataclass, field

from pydantic import BaseModel


class Answers(BaseModel, frozen=True):
    """How a language player's answers came: legal at once, after being asked again, never; and why some were not."""

    first_try: int = 0
    asked_again: int = 0
    never: int = 0
    reasons: dict[str, int] = {}

    @property
    def parsable(self) -> float:
        """Share of turns answered legally at once."""
        return self.first_try / max(self.first_try + self.asked_again + self.never, 1)


@dataclass
class Counts:
    """What is counted of one language player over all its games."""

    invalid: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)

    def frozen(self) -> Answers:
        return Answers(first_try=self.answered["first try"], asked_again=self.answered["asked again"],
                       never=self.answered["never"], reasons=dict(self.invalid))  # fmt: skip
