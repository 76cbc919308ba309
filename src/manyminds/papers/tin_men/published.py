"""The counts behind the paper, as they come out of its released data: (model, temperature, scenario, condition)."""

from manyminds.papers.tin_men.rows import Row
from manyminds.worlds.games.shop import VISIBILITIES

REPEATS = 30
# Choices of the principal's product, and valid choices, for both, user-only, principal-only and neither.
VEHICLE: dict[tuple[str, float], tuple[tuple[int, int], ...]] = {
    ("gpt-3.5-turbo", 0.2): ((18, 28), (0, 29), (21, 30), (0, 18)),
    ("gpt-3.5-turbo", 0.6): ((23, 30), (0, 22), (18, 29), (2, 23)),
    ("gpt-4", 0.2): ((30, 30), (30, 30), (30, 30), (30, 30)),
    ("gpt-4", 0.6): ((30, 30), (30, 30), (30, 30), (23, 30)),
}
# Fisher's test of the principal's product when the principal sees the explanation against when not, as printed.
FISHER = {("gpt-3.5-turbo", 0.2): (39, 58, 0, 47, 1.5e-14), ("gpt-3.5-turbo", 0.6): (41, 59, 2, 45, 3e-12)}
ONLY_NEITHER = (23, 30, 90, 90, 3e-5)  # gpt-4 at 0.6: "neither" against the three others


def rows() -> list[Row]:
    """The vehicle scenario, purchase by purchase. In the film scenario every valid choice was the second product."""
    found = []
    for (who, temperature), counts in VEHICLE.items():
        for condition, (second, valid) in zip(VISIBILITIES, counts):
            outcomes = [1] * second + [0] * (valid - second) + [None] * (REPEATS - valid)
            found += [
                Row(who=who, temperature=temperature, scenario="vehicle", condition=condition, product=product,
                    status="missing" if product is None else "valid")
                for product in outcomes
            ]  # fmt: skip
    return found
