"""Budgets in words: `200k tokens`, `100calls`, `$5`, or several of them with commas between."""

import re

from manyminds.core.errors import BadInput
from manyminds.models.door import Budget

PART = re.compile(r"(\$)?\s*([\d_]*\.?\d+)\s*([km])?\s*(calls?|tokens?|usd|dollars?)?", re.IGNORECASE)
TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def budget(text: str | None) -> Budget:
    """The budget that `text` names; without a text there is no limit."""
    calls: int | None = None
    tokens: int | None = None
    money: float | None = None
    for part in (text or "").split(","):
        if not part.strip():
            continue
        found = PART.fullmatch(part.strip())
        unit = (found[3 + 1] or "").lower() if found else ""
        if found is None or bool(found[1]) == (unit.startswith(("call", "token"))) or not (found[1] or unit):
            raise BadInput(f"the budget {part.strip()!r} is not clear; write '200k tokens', '100 calls' or '$5'")
        amount = float(found[2].replace("_", "")) * TIMES[(found[3] or "").lower()]
        if unit.startswith("call"):
            calls = int(amount)
        elif unit.startswith("token"):
            tokens = int(amount)
        else:
            money = amount
    return Budget(calls, tokens, money)
