"""The figures of a run by name: what sweeps compare and the store keeps as metrics."""

from typing import Any

from manyminds.core import Estimate, Paper, PaperResults, Table, Verdict


def measures(paper: Paper, results: PaperResults, verdicts: tuple[Verdict, ...] = ()) -> dict[str, float]:
    """Every number among the results' own fields and in the paper's tables, and what the claims measured.

    A number of a table is called by its row and column, by the column alone where the table has one row; the cells that
    name the row are no measures. Where two have one name, the first keeps it.
    """
    found = {name: float(value) for name, value in results if is_number(value)}
    for table in paper.tables(results):
        for name, value in cells(table):
            found.setdefault(name, value)
    for verdict in verdicts:
        if isinstance(verdict.measured, (int, float)):
            found.setdefault(verdict.id, float(verdict.measured))
    return found


def cells(table: Table) -> list[tuple[str, float]]:
    """The numbers of a table by name. A row is called by as many of its first cells as tell it from the others."""
    width = next((k for k in range(1, len(table.columns)) if distinct(table, k)), len(table.columns))
    found = []
    for row in table.rows:
        label = ", ".join(str(value) for value in row[:width])
        for column, value in list(zip(table.columns, row))[width:]:
            if is_number(value):
                found.append((column if len(table.rows) == 1 else f"{label}: {column}", number(value)))
    return found


def distinct(table: Table, width: int) -> bool:
    """Do the first `width` cells tell all rows apart?"""
    return len({tuple(map(str, row[:width])) for row in table.rows}) == len(table.rows)


def is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float, Estimate))


def number(value: Any) -> float:
    return float(value.value if isinstance(value, Estimate) else value)
