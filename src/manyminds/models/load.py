"""From a reference string to a model, and the settings of models that come from the environment.

- `OPENAI_API_KEY`: sent to every endpoint; a server of your own rarely needs one.
- `MANYMINDS_PRICES`: what models cost, in dollars per million tokens in and out, by the name that stands in the
  reference: `MANYMINDS_PRICES="gpt-x=0.15/0.60, my-server-model=0/0"`. Without a price the money of a run is shown as
  not known, and a budget in money is refused.
- `MANYMINDS_TIMEOUT`: seconds after which a call of an endpoint counts as failed; 120 if not set.
- `MANYMINDS_DEVICE`: where models on this machine run (`cpu`, `cuda`, `cuda:1`, `mps`); chosen by itself if not set.
- `MANYMINDS_BATCH`: how many requests a model on this machine answers at once; if not set 32, and 128 for the
  house model. With 1 its answers are the same to the last bit whatever else is asked; with more, up to the rounding of
  the machine's arithmetic.
"""

import math
import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from manyminds.core.errors import BadInput
from manyminds.models.request import Model

FORMS = "openai/NAME, http://HOST:PORT/v1#NAME, hf:NAME, house, house:FOLDER or scripted:NAME"
STARTS = ("openai/", "http://", "https://", "hf:", "house:", "scripted:")
HOUSE = Path(__file__).parent / "house" / "weights"  # the folder of the house model, where this version ships one


def names_model(reference: str) -> bool:
    """Does this text have the form of a model reference (and not that of a rule or a person)?"""
    return reference == "house" or (reference.startswith(STARTS) and reference not in STARTS)


def is_house(reference: str) -> bool:
    """Does this reference name the house model, the one that ships or one in a folder?"""
    return reference == "house" or (reference.startswith("house:") and reference != "house:")


def house_folder(reference: str) -> Path:
    """The folder of a house model that a reference names."""
    return HOUSE if reference == "house" else Path(reference.removeprefix("house:")).expanduser()


def load(reference: str) -> Model:
    """The model behind a reference string; raises `BadInput` that lists the forms when it is none of them."""
    if reference.startswith(("http://", "https://")):
        url, mark, name = reference.partition("#")
        if not mark or not name:
            raise BadInput(f"model {reference!r} does not name a model; write it after a hash: {url}#NAME")
        return endpoint(url, name, os.environ.get("OPENAI_API_KEY", ""))
    if reference.startswith("openai/") and reference != "openai/":
        key = os.environ.get("OPENAI_API_KEY", "")
        if not key:
            raise BadInput(f"model {reference!r} needs a key; set the environment variable OPENAI_API_KEY")
        return endpoint("https://api.openai.com/v1", reference.removeprefix("openai/"), key)
    if reference.startswith("scripted:"):
        from manyminds.models.scripted import scripted

        return scripted(reference.removeprefix("scripted:"))
    if reference == "house" and not HOUSE.is_dir():
        raise BadInput(
            "model 'house' is not part of this version; use an endpoint or a model on this machine (hf:PATH)"
        )
    if is_house(reference):
        from manyminds.models.house.model import HouseModel

        return HouseModel(house_folder(reference), reference, max(1, int(positive("MANYMINDS_BATCH", 128))))
    if reference.startswith("hf:") and reference != "hf:":
        from manyminds.models.local import LocalModel

        device, batch = os.environ.get("MANYMINDS_DEVICE", ""), positive("MANYMINDS_BATCH", 32)
        return LocalModel(reference.removeprefix("hf:"), name=reference, device=device, batch=max(1, int(batch)))
    raise BadInput(f"unknown model {reference!r}; legal forms are {FORMS}")


def loadable(reference: str) -> str:
    """The reference as given, if it is empty or names a model that can be loaded; raises `BadInput` as `load` does.
    `house` is looked for when it is used: where none ships, claims about it say so."""
    if reference and reference != "house":
        load(reference)
    return reference


ModelReference = Annotated[str, AfterValidator(loadable)]  # a setting that names a model, or none where empty


def endpoint(url: str, name: str, key: str) -> Model:
    from manyminds.models.endpoint import Endpoint

    return Endpoint(url, name, key, timeout=positive("MANYMINDS_TIMEOUT", 120.0), prices=prices().get(name))


def positive(variable: str, default: float) -> float:
    """A number above zero from the environment."""
    text = os.environ.get(variable, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise BadInput(f"{variable}={text!r} is not a number above zero")
    return value


def prices() -> dict[str, tuple[float, float]]:
    """The prices of `MANYMINDS_PRICES` by model."""
    found = {}
    for entry in filter(str.strip, os.environ.get("MANYMINDS_PRICES", "").split(",")):
        name, _, pair = (part.strip() for part in entry.rpartition("="))
        asked, _, answered = pair.partition("/")
        try:
            price = float(asked), float(answered)
        except ValueError:
            price = (math.nan, math.nan)
        if not name or not all(0 <= part < math.inf for part in price):
            raise BadInput(f"the price {entry.strip()!r} in MANYMINDS_PRICES is not clear; write 'NAME=IN/OUT'")
        found[name] = price
    return found
