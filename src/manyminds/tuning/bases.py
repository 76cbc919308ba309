"""The model that a specialist begins with: a folder, or the one that ships (`house`)."""

import json
from pathlib import Path

from manyminds.core import BadInput
from manyminds.models.house import weights
from manyminds.models.house.decoder import SIZES
from manyminds.models.load import house_folder, is_house


def folder_of(begin: str) -> Path:
    return house_folder(begin) if is_house(begin) else Path(begin)


def size_of(begin: str) -> str:
    """The name of the model's size."""
    folder = folder_of(begin)
    if not (folder / "model.safetensors").is_file():
        raise BadInput(f"{folder} holds no model to begin with")
    shape = weights.load(folder).shape
    found = next((name for name, one in SIZES.items() if one == shape), None)
    if found is None:
        raise BadInput(f"{folder} holds a model of none of the sizes {', '.join(SIZES)}")
    return found


def checked(begin: str, size: str, seed: int) -> Path:
    """The model's folder, if a specialist of this size and seed can begin with it. With the seed the closed book is
    drawn."""
    folder = folder_of(begin)
    if (found := size_of(begin)) != size:
        raise BadInput(f"{folder} holds a model of size {found}, and so is a specialist that begins with it")
    if seed != (known := seed_of(folder, seed)):
        raise BadInput(f"{folder} was raised with seed {known}, so its closed book is that of this seed; take it too")
    return folder


def seed_of(folder: Path, default: int) -> int:
    """The seed of a model's raise, as its recipe tells or its card."""
    for name in ("recipe.json", "card.json"):
        if (folder / name).is_file():
            told = json.loads((folder / name).read_text(encoding="utf-8"))
            return int((told if name == "recipe.json" else told["raise"]).get("seed", default))
    return default
