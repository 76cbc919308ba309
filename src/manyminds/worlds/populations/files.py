"""Real populations in the form in which they are published: a folder of columns, edge lists, weekly and monthly tables.

Columns: one whole number an agent and a file (`age.csv`, `.txt`, `.npy` or `.parquet`), labels in a JSON mapping. Edge
lists: two columns, no header, from and to. Nothing is unpickled, because a pickle may run anything; the refusal says
how to convert it. Whatever does not fit is refused with the file, the row and the column; rows count from 1 as written.
"""

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import BadInput
from manyminds.worlds.populations.contacts import both_ways, checked

PICKLES = {".pickle", ".pkl", ".p", ".pt", ".pth"}
MAPPINGS = ("population_mapping.json", "mapping.json")
ATTRIBUTES = ("age", "gender", "ethnicity", "area", "county", "region", "household", "household_id", "income",
              "occupation")  # fmt: skip
READABLE = (".csv", ".txt", ".npy", ".parquet")
CLAIMS = ("county", "beneficiaries", "total_amount", "month")
UNEMPLOYMENT = ("area", "year", "month", "labor_force", "unemployment_rate")


class Loaded(NamedTuple):
    """A population from files: columns of one length, and what their numbers mean."""

    columns: dict[str, np.ndarray]
    labels: dict[str, tuple[str, ...]]

    @property
    def agents(self) -> int:
        return len(next(iter(self.columns.values())))


def refuse_pickle(path: Path) -> None:
    """Raise for a file that only unpickling could read."""
    if path.suffix.lower() in PICKLES:
        to = path.with_suffix(".csv").name
        raise BadInput(
            f"{path} is a pickle, which can run any code when it is read, so it is not read here; if you trust whoever "
            f'made it, convert it once: python -c "import pandas; pandas.read_pickle({path.name!r}).to_csv({to!r}, '
            f'index=False, header=False)"'
        )


def population(folder: Path | str, needed: tuple[str, ...] = ("age", "area")) -> Loaded:
    """The columns of a folder, checked against its mapping."""
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}")
    mapping = next((folder / name for name in MAPPINGS if (folder / name).is_file()), None)
    labels = mapping_of(mapping) if mapping else {}
    columns: dict[str, np.ndarray] = {}
    for name in ATTRIBUTES:
        path = next((path for end in READABLE if (path := folder / f"{name}{end}").is_file()), None)
        if path is not None:
            columns[name] = column(path, len(labels[name]) if name in labels else None)
    for name in needed:
        if name not in columns:
            for path in folder.glob(f"{name}.*"):
                refuse_pickle(path)
            raise BadInput(f"{folder} has no column {name!r} (a file {name}.csv with one number an agent)")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        short = min(lengths, key=lambda name: lengths[name])
        raise BadInput(f"column {short!r} of {folder} ends at row {lengths[short]}, others at {max(lengths.values())}")
    for name in ("area", "region", "county"):
        if name in columns and name in labels:
            empty = np.flatnonzero(np.bincount(columns[name], minlength=len(labels[name])) == 0)
            if len(empty):
                raise BadInput(f"column {name!r} of {folder}: nobody lives in {labels[name][empty[0]]!r}")
    return Loaded(columns, labels)


def mapping_of(path: Path) -> dict[str, tuple[str, ...]]:
    """The labels by column; a list of labels, or an object from label to number or from number to label."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    found = {}
    for name, labels in raw.items():
        if isinstance(labels, dict):
            numbers = all(isinstance(value, int) for value in labels.values())
            pairs = [(n, label) for label, n in labels.items()] if numbers else [(int(k), v) for k, v in labels.items()]
            labels = [label for _, label in sorted(pairs)]
        found[name] = tuple(map(str, labels))
    return found


def numbers(path: Path, columns: int) -> np.ndarray:
    """A table of numbers without header, shape (rows, columns), float64; the first bad cell is named."""
    refuse_pickle(path)
    try:
        if path.suffix == ".parquet":
            found = parquet(path)
        elif path.suffix == ".npy":
            found = np.load(path, allow_pickle=False)
        else:
            found = np.loadtxt(path, delimiter=",", ndmin=2)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    except ValueError:
        raise first_bad_cell(path, columns) from None
    found = found.reshape(len(found), -1)
    if found.shape[1] != columns:
        raise BadInput(f"{path} has {found.shape[1]} columns, not {columns}")
    return found


def parquet(path: Path) -> np.ndarray:
    """A table of numbers from a Parquet file, which holds no code."""
    try:
        import pandas

        return pandas.read_parquet(path).to_numpy(float)
    except ImportError:
        raise BadInput(f"{path} needs pandas and pyarrow to be read: pip install 'manyminds[tables]'") from None


def first_bad_cell(path: Path, columns: int) -> BadInput:
    """What is wrong with the first row that is no row of numbers."""
    if path.suffix in (".npy", ".parquet"):
        return BadInput(f"{path} holds other things instead of numbers; save it as a plain array of whole numbers")
    with path.open(newline="", encoding="utf-8") as file:
        for row, cells in enumerate(csv.reader(file), 1):
            if len(cells) != columns:
                return BadInput(f"{path}, row {row}: {len(cells)} columns, not {columns}")
            for place, cell in enumerate(cells, 1):
                try:
                    float(cell)
                except ValueError:
                    return BadInput(f"{path}, row {row}, column {place}: {cell!r} is not a number")
    return BadInput(f"{path} is not a table of numbers")


def column(path: Path, levels: int | None = None) -> np.ndarray:
    """One whole number an agent, from 0, below `levels` where given."""
    values = numbers(path, 1)[:, 0]
    wrong = ~(np.isfinite(values) & (values == np.floor(values)) & (values >= 0))
    if levels is not None:
        wrong |= ~(values < levels)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        right = f"0 to {levels - 1}" if levels is not None else "whole numbers from 0"
        raise BadInput(f"{path}, row {row + 1}, column 1: {values[row]:g} is not among the legal values ({right})")
    return values.astype(np.int32)


def edge_list(folder: Path | str) -> Path:
    """The edge list of a folder: `edges.csv`, or the first of its folder `mobility_networks`."""
    where = Path(folder)
    for path in (where / "edges.csv", *sorted((where / "mobility_networks").glob("*.csv"))):
        if path.is_file():
            return path
    raise BadInput(f"{folder} has no edge list (a file edges.csv with two columns, from and to)")


def edges(path: Path | str, agents: int, directed: bool = False) -> np.ndarray:
    """An edge list, shape (edges, 2). The published lists name each pair once, so both directions are made of it; with
    `directed` an edge stays as it is written and lets things flow from its first to its second column alone."""
    found = checked(numbers(Path(path), 2), agents, str(path))
    return found if directed else both_ways(found)


def table(path: Path | str, needed: tuple[str, ...], numeric: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of a CSV file with a header. `numeric` columns must be finite and not negative."""
    path = Path(path)
    refuse_pickle(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = reader.fieldnames or []
            for name in needed:
                if name not in header:
                    raise BadInput(f"{path} has no column {name!r}; it has {', '.join(header)}")
            rows = [dict(row) for row in reader]
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    for at, row in enumerate(rows, 2):  # the header is row 1
        for name in numeric:
            try:
                value = float(str(row[name]).replace(",", ""))
            except ValueError:
                value = np.nan
            if not (np.isfinite(value) and value >= 0):
                raise BadInput(f"{path}, row {at}, column {name!r}: {row[name]!r} is not a number from 0")
            row[name] = value
    return rows


def weekly_cases(path: Path | str, counties: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Cases by county and week, in the order of `epiweek`; shape (weeks,) each."""
    rows = table(path, ("epiweek", "county", "cases_week"), ("epiweek", "cases_week"))
    return series(rows, path, "county", "epiweek", "cases_week", counties)


def monthly_claims(path: Path | str, counties: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Beneficiaries of unemployment claims by county and month."""
    rows = table(path, CLAIMS, ("beneficiaries", "total_amount"))
    return series(rows, path, "county", "month", "beneficiaries", counties)


def monthly_unemployment(path: Path | str, counties: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """The rate of unemployment by county and month."""
    rows = table(path, UNEMPLOYMENT, ("labor_force", "unemployment_rate", "year"))
    for row in rows:
        row["when"] = (row["year"], month_number(row["month"], path))
    return series(rows, path, "area", "when", "unemployment_rate", counties)


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def month_number(said: Any, path: Path | str) -> int:
    """1 to 12 from a number or an English name."""
    text = str(said).strip().lower()
    if text[:3] in MONTHS:
        return MONTHS.index(text[:3]) + 1
    if text.isdigit() and 1 <= int(text) <= 12:
        return int(text)
    raise BadInput(f"{path}: {said!r} is not a month")


def series(
    rows: list[dict[str, Any]], path: Path | str, by: str, over: str, value: str, wanted: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Sums of `value` by `by`, in the order of `over`; raises when one of `wanted` is missing."""
    times = sorted({row[over] for row in rows})
    found: dict[str, np.ndarray] = {}
    for row in rows:
        found.setdefault(row[by], np.zeros(len(times)))[times.index(row[over])] += row[value]
    for name in wanted:
        if name not in found:
            raise BadInput(f"{path} has no rows of {name!r}; it has {', '.join(sorted(found))}")
    return {name: found[name] for name in wanted} if wanted else found


def change(new: float, average: float) -> float | None:
    """Per cent by which `new` is above an average; None where the average is 0, because then there is none."""
    return None if average == 0 else 100 * (new - average) / average
