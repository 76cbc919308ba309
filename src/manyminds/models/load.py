"""From a reference string to a model."""

import os

from manyminds.core.errors import BadInput
from manyminds.models.request import Model

FORMS = "openai/NAME, http://HOST:PORT/v1#NAME, hf:NAME, house or scripted:NAME"


def load(reference: str) -> Model:
    """The model behind a reference string; raises `BadInput` that lists the forms when it is none of them."""
    if reference.startswith(("http://", "https://")):
        url, mark, name = reference.partition("#")
        if not mark or not name:
            raise BadInput(f"model {reference!r} does not name a model; write it after a hash: {url}#NAME")
        from manyminds.models.endpoint import Endpoint

        return Endpoint(url, name, os.environ.get("OPENAI_API_KEY", ""))
    if reference.startswith("openai/"):
        key = os.environ.get("OPENAI_API_KEY", "")
        if not key:
            raise BadInput(f"model {reference!r} needs a key; set the environment variable OPENAI_API_KEY")
        from manyminds.models.endpoint import Endpoint

        return Endpoint("https://api.openai.com/v1", reference.removeprefix("openai/"), key)
    if reference.startswith("scripted:"):
        from manyminds.models.scripted import scripted

        return scripted(reference.removeprefix("scripted:"))
    if reference.startswith("hf:") or reference == "house":
        raise BadInput(f"model {reference!r} cannot be loaded yet: local models are still being built; use an endpoint")
    raise BadInput(f"unknown model {reference!r}; legal forms are {FORMS}")
