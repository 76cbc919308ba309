"""Reading the data that the authors released: one CSV file a model and temperature, in two layouts."""

import ast
import csv
import re
from collections.abc import Mapping
from pathlib import Path

from manyminds.core import BadInput, Invalid
from manyminds.papers.tin_men.rows import Row
from manyminds.worlds.games.shop import SEES, first_integer

FIRST = {"Participant", "Condition", "Choice", "Transcript", "Model", "Temperature"}
LATER = {"Participant_principal", "Participant_shared_with_user", "Participant_shared_with_principal",
         "Participant_case", "Participant_labels_reversed", "Choice"}  # fmt: skip
SCENARIOS = {"openai": "film", "shell oil": "vehicle"}
PRINCIPAL = re.compile(r"principal=(['\"])(.*?)\1")
CHOICE = re.compile(r"PAChoice\(value=(-?\d+)\)")
CONDITIONS = {sees: name for name, sees in SEES.items()}


def read(path: Path) -> list[Row]:
    """The rows of a file of either layout, told apart by its columns."""
    csv.field_size_limit(10_000_000)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            columns = set(table.fieldnames or ())
            lines = list(table)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    if columns >= FIRST:
        make = first_layout
    elif columns >= LATER:
        make = later_layout
    else:
        lacking = ", ".join(sorted(FIRST - columns))
        raise BadInput(f"{path} is in neither layout of the released data; for the first it lacks {lacking}")
    rows = []
    for number, line in enumerate(lines, 2):
        try:
            rows.append(make(line))
        except (KeyError, ValueError) as error:
            raise BadInput(f"{path}, line {number}: {error}") from None
    return rows


def first_layout(line: Mapping[str, str]) -> Row:
    """The layout of the paper's data: the participant as one text, the condition by its name."""
    named = PRINCIPAL.search(line["Participant"])
    if named is None:
        raise ValueError("the participant names no principal")
    if line["Condition"] not in SEES:
        raise ValueError(f"unknown condition {line['Condition']!r}")
    product, status = chosen(line)
    return Row(who=line["Model"], temperature=float(line["Temperature"]), scenario=scenario_of(named.group(2)),
               condition=line["Condition"], product=product, status=status)  # fmt: skip


def later_layout(line: Mapping[str, str]) -> Row:
    """The later layout: one column an attribute. Choices are mapped back to the scenario's own order already.

    The released code maps every number but 1 to 1 where labels are reversed, so an impossible number is not told from
    a choice there.
    """
    sees = tuple(truth(line[f"Participant_shared_with_{party}"]) for party in ("user", "principal"))
    product, status = chosen(line)
    case = line["Participant_case"].rpartition(".")[2].lower()
    return Row(who=line.get("Model") or "unknown", temperature=float(line.get("Temperature") or 0),
               scenario=scenario_of(line["Participant_principal"]), condition=CONDITIONS[sees], product=product,
               status=status, reversed=truth(line["Participant_labels_reversed"]),
               case="as written" if case == "standard" else case)  # fmt: skip


def scenario_of(principal: str) -> str:
    return SCENARIOS.get(principal.strip().lower(), principal.strip())


def truth(word: str) -> bool:
    if word.strip().lower() not in {"true", "false"}:
        raise ValueError(f"{word!r} is neither True nor False")
    return word.strip().lower() == "true"


def chosen(line: Mapping[str, str]) -> tuple[int | None, str]:
    """The product that a line says was chosen, or None and why; the transcript tells missing from refused."""
    found = CHOICE.fullmatch(line["Choice"].strip())
    if found:
        number = int(found.group(1))
        return (number - 1, "valid") if number in (1, 2) else (None, "invalid")
    if line["Choice"].strip():
        raise ValueError(f"the choice {line['Choice']!r} is not of the form PAChoice(value=N)")
    try:
        first_integer(completion(line.get("Transcript", "")))
    except Invalid as reason:
        return None, str(reason).partition(":")[0]
    return None, "missing"


def completion(transcript: str) -> str:
    """The last text of a transcript that is written as a list of texts."""
    try:
        texts = ast.literal_eval(transcript)
    except (ValueError, SyntaxError):
        return transcript
    return str(texts[-1]) if isinstance(texts, list) and texts else ""
