"""What a donor game comes to when everybody gives the same fraction: exact, by two numbers.

Derived, not in the paper: all donors own D and all recipients R, and a round of gifts of a fraction p at multiplier m
makes that (D, R) -> ((1-p) D, R + m p D). Roles alternate, so next the richer half gives.
"""

from collections.abc import Iterable


def mean_resources(
    fraction: float, multiplier: float = 2.0, rounds: int = 12, endowment: float = 10.0, half_gives: str = ""
) -> float:
    """The mean resources after `rounds` rounds.

    `half_gives` names the half that gives in each round ("ABAB..."); by default roles alternate strictly.
    """
    own = {"A": endowment, "B": endowment}
    for giver in half_gives or "AB" * (rounds // 2) + "A" * (rounds % 2):
        other = "B" if giver == "A" else "A"
        gift = fraction * own[giver]
        own = {giver: own[giver] - gift, other: own[other] + multiplier * gift}
    return (own["A"] + own["B"]) / 2


def most(multiplier: float = 2.0, rounds: int = 12, endowment: float = 10.0) -> float:
    """The mean when all give all, the most that a population can reach for m >= 1 (30,720 in the paper)."""
    return mean_resources(1.0, multiplier, rounds, endowment)


def table(
    fractions: Iterable[float] = (0, 0.25, 0.5, 0.75, 1), multipliers: Iterable[float] = (1.5, 2, 3), rounds: int = 12
) -> list[tuple[float, ...]]:
    """Rows of (fraction, mean at each multiplier)."""
    kept = tuple(multipliers)
    return [(p, *(mean_resources(p, m, rounds) for m in kept)) for p in fractions]
