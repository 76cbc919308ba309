"""The card of a house model as experiments read it: which levels of a family give them something to gain, and whether
the model can be criticised, can verify, and is in band in most of the nursery."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from manyminds.core import NotHere, unknown
from manyminds.models.load import house_folder
from manyminds.worlds.texts.formats import formats

PARTS = ("sums", "functions", "hops", "calls", "rooms", "turns", "sway", "proofs")  # of the nursery; looking up is for
# warming up, and of plays only the form of a move counts
PROOFS = ("rewrites", "sequents", "grids")


class Condition(NamedTuple):
    """What experiments with critics need of a model. `value` is None where it was not measured."""

    name: str
    wanted: str
    value: float | None
    low: float
    high: float

    @property
    def met(self) -> bool:
        return self.value is not None and self.low <= self.value <= self.high


def standard_levels(reference: str, family: str, form: str) -> tuple[int, ...]:
    """The levels (one, or two in equal parts) at which experiments use a family in one of its formats, for the house
    model that ships (`house`) or one in a folder (`house:FOLDER`).

    Raises `NotHere` with the reason where the card names none (the format is out of band), does not tell of it, or is
    not there; `BadInput` for a format that nobody has.
    """
    if form not in formats(family):
        raise unknown(f"format of {family}", form, formats(family))
    folder = house_folder(reference)
    place = folder / "card.json"
    if not place.is_file():
        raise NotHere(f"{folder} has no card.json; measure the model with: manyminds calibrate {folder}")
    found = json.loads(place.read_text(encoding="utf-8"))["standard"].get(f"{family} {form}")
    if found is None:
        raise NotHere(f"the card of {reference} does not tell of {family} in the format {form}")
    if not found["levels"]:
        raise NotHere(f"{family} in the format {form} is out of band for {reference}: {found['out_of_band']}")
    return tuple(found["levels"])


def conditions(card: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Whether critiques help as they should, a second try alone does nothing, and right is told from wrong. What stands
    after a turn is compared with solving the same levels afresh."""
    told = card.get("instruments") or {}
    critique, again = told.get("after_critique") or {}, told.get("after_wrong_try_again") or {}

    def after(kind: str) -> float | None:
        return (critique.get(kind) or {}).get("above_fresh")

    return (
        Condition("after a right critique", ">= +.10", after("right"), 0.10, 1.0),
        Condition("after a misleading one", "<= -.05", after("misleading"), -1.0, -0.05),
        Condition("after 'wrong, try again'", "within .02 of 0", again.get("above_fresh"), -0.02, 0.02),
        Condition("verifier, balanced", ".60 to .80", (told.get("verifier") or {}).get("balanced"), 0.60, 0.80),
        Condition("verifier, step by step", ".60 to .80", (told.get("verifier_worked") or {}).get("balanced"),
                  0.60, 0.80),
    )  # fmt: skip


def in_band(card: Mapping[str, Any]) -> dict[str, str]:
    """By part of the nursery: `family format` of one that experiments can use, empty where there is none."""
    found = dict.fromkeys(PARTS, "")
    for name, own in card["standard"].items():
        part = name.split()[0]
        part = "proofs" if part in PROOFS else part.split("-")[0]
        if part in found and own["levels"]:
            found[part] = found[part] or name
    return found
