"""What a bidder states of money, set against the truth: its budget, everybody's profit, who won which items."""

from collections.abc import Mapping
from typing import Any

Entry = tuple[str, str, str, bool]  # (self or other, budget or profit or items, about whom, right?)


def truth(seats: Mapping[str, Any], who: str) -> dict[str, Any]:
    """The account that is right for one bidder."""
    return {
        "remaining_budget": seats[who].budget,
        "total_profits": {name: seat.profit for name, seat in seats.items()},
        "winning_bids": {name: dict(seat.won) for name, seat in seats.items()},
    }


def checked_against(
    right: Mapping[str, Any], stated: Mapping[str, Any], own: str
) -> tuple[list[Entry], tuple[str, ...], int]:
    """Each entry that was stated, the errors in words, and how many entries about others were left out.

    Items are compared as sets of names, as the paper's code does; a wrong price of a right item is no error.
    """
    found: list[Entry] = []
    errors: list[str] = []
    omitted = 0

    def note(who: str, entry: str, is_right: bool, error: str) -> None:
        found.append(("self" if who == own else "other", entry, who, is_right))
        if not is_right:
            errors.append(error)

    budget = right["remaining_budget"]
    note(own, "budget", stated["remaining_budget"] == budget,
         f"your remaining budget is {dollars(budget)}, not {dollars(stated['remaining_budget'])}")  # fmt: skip
    for who, profit in right["total_profits"].items():
        if who not in stated["total_profits"]:
            omitted += 1
        else:
            said = stated["total_profits"][who]
            note(who, "profit", said == profit, f"the total profit of {who} is {dollars(profit)}, not {dollars(said)}")
        if who not in stated["winning_bids"]:
            omitted += 1
        else:
            won, said = right["winning_bids"][who], stated["winning_bids"][who]
            note(who, "items", set(said) == set(won), f"{who} has won {names(won)}, not {names(said)}")
    return found, tuple(errors), omitted


def names(won: Mapping[str, Any]) -> str:
    return ", ".join(won) or "nothing"


def dollars(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount)}"
