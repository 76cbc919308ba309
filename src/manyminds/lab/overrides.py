"""From `key=value` words and configuration files to the settings of a paper."""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from manyminds.core import BadInput, PaperConfig, unknown

NUMBER = re.compile(r"[-+]?\d+(_\d+)+(\.\d+)?")


def overridden(config: type[PaperConfig], words: Sequence[str], file: Path | None = None) -> PaperConfig:
    """The settings: the paper's defaults, over them a file, over that the words."""
    return configured(config, values_of(config, words, file))


def values_of(config: type[PaperConfig], words: Sequence[str], file: Path | None = None) -> dict[str, Any]:
    """What a file and the words say, before it is checked as a whole."""
    values = read(file) if file else {}
    for word in words:
        key, text = key_and_text(word)
        put(values, key, text, config)
    return values


def key_and_text(word: str) -> tuple[str, str]:
    key, mark, text = word.partition("=")
    if not mark or not key.strip():
        raise BadInput(f"{word!r} is not a setting; write key=value")
    return key.strip(), text


def put(values: dict[str, Any], key: str, text: str, config: type[PaperConfig]) -> None:
    """Place the value of a dotted key."""
    *path, last = key.split(".")
    for name in path:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            raise BadInput(f"{key} cannot be set: {name} has a value already and holds no settings of its own")
        values = inner
    field = config.model_fields.get(key)
    values[last] = read_value(text, field.annotation if field else None)


def read_value(text: str, kind: Any) -> Any:
    """A list where the setting is one, a number without its underscores, JSON where it looks so, else the text."""
    if get_origin(kind) in (tuple, list, set, frozenset) and not text.startswith("["):
        inner = (get_args(kind) or (None,))[0]
        return [read_value(part.strip(), inner) for part in text.split(",") if part.strip()]
    if text[:1] in "[{" and text:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text.replace("_", "") if NUMBER.fullmatch(text) and kind is not str else text


def configured(config: type[PaperConfig], values: dict[str, Any]) -> PaperConfig:
    """The settings that `values` make; what is wrong is said in one sentence."""
    try:
        return config(**values)
    except ValidationError as error:
        raise sentence(config, error) from None


def sentence(config: type[PaperConfig], error: ValidationError) -> BadInput:
    """The first thing wrong: the key, the value, and what would be right."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return unknown("setting", key, config.model_fields)
    right = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not key:
        return BadInput(right)
    return BadInput(
        f"{key}={first['input']!r} cannot be: it {right}" if right.startswith("should") else f"{key}: {right}"
    )


def read(file: Path) -> dict[str, Any]:
    """The settings in a JSON or TOML file."""
    try:
        text = file.read_text(encoding="utf-8")
        values = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise BadInput(f"the configuration {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(f"the configuration {file} is not {file.suffix[1:].upper() or 'JSON'}: {error}") from None
    if not isinstance(values, dict):
        raise BadInput(f"the configuration {file} must hold an object of settings")
    return values
