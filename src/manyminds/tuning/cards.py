"""The card of a house model as experiments read it: which levels of a family give them something to gain."""

import json

from manyminds.core import NotHere, unknown
from manyminds.models.load import house_folder
from manyminds.worlds.texts.formats import formats


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
