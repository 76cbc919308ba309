"""What an equal budget means, and how it is kept.

`--budget B` is what each method may spend on all questions of the comparison, judges of its own included: B divided by
the number of questions is its allowance for one. A method that can turn budget into effort (more samples, agents or
rounds) is tried in growing sizes on the first questions while their mean cost stays within the allowance; it takes the
largest of these sizes with which all questions together stay within B, and the smallest if none does. A size given by
name is kept. Questions are asked in one order, and the method has answered those whose cost, added up in that order,
stays within B. What it did not get to counts as not solved; what it did not spend is shown. Trying sizes is paid by the
run, not by the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from manyminds.core import BadInput
from manyminds.lab.budgets import budget as parsed
from manyminds.models.metered import Metered, spent

SIZES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)


class Cost(NamedTuple):
    """What answering took. `seconds` is the time of its calls one after another."""

    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Allowance:
    """An amount of one thing; `unit` is the field of `Cost` that is limited, "" for none."""

    unit: str = ""
    amount: float = 0.0

    def of(self, cost: Cost) -> float:
        return float(getattr(cost, self.unit)) if self.unit else 0.0

    def within(self, spent: float) -> bool:
        return not self.unit or spent <= self.amount

    def said(self) -> str:
        return f"${self.amount:,.2f}" if self.unit == "money" else f"{self.amount:,.0f} {self.unit}"


def allowance(text: str) -> Allowance:
    """`200k` (tokens), `200k tokens`, `500 calls` or `$2`: one of them."""
    if not text.strip():
        return Allowance()
    clear = BadInput(f"the budget {text!r} is not one amount above 0; write 200k, '500 calls' or '$2'")
    try:
        found = parsed(text)
    except BadInput:
        try:
            found = parsed(f"{text} tokens")
        except BadInput:
            raise clear from None
    given = [
        (name, float(value)) for name in ("tokens", "money", "calls") if (value := getattr(found, name)) is not None
    ]
    if len(given) != 1 or given[0][1] <= 0:
        raise clear
    return Allowance(*given[0])


def total(models: Sequence[Metered]) -> Cost:
    """What the calls of some models came to."""
    found = spent(exchange for model in models for exchange in model.exchanges)
    return Cost(found.calls, found.tokens, found.money, found.unpriced, found.seconds)


def reached(costs: Sequence[float], allowed: Allowance) -> int:
    """How many of some costs, in their order, fit into the budget together."""
    spent = 0.0
    for n, cost in enumerate(costs):
        spent += cost
        if not allowed.within(spent):
            return n
    return len(costs)
