"""Texts that minds read: one template file a prompt, typed data in, a missing field is an error.

A template lives in the package that uses it, in a folder `prompts`, as `NAME.md`. Values are inserted as they are and
never read as templates themselves, so what an agent said cannot change what another is asked.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined


@cache
def environment(package: str) -> Environment:
    def source(name: str) -> str | None:
        path = files(package).joinpath("prompts", f"{name}.md")
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return Environment(
        loader=FunctionLoader(source), undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


def render(package: str, template: str, **data: Any) -> str:
    """The template `prompts/TEMPLATE.md` of a package (`__package__` of the caller), filled with `data`."""
    return environment(package).get_template(template).render(**data).strip()
