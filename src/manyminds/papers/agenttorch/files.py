"""A folder of a real city in the peer's published form, made into a town."""

import numpy as np

from manyminds.papers.agenttorch.living import Town
from manyminds.worlds.populations import files
from manyminds.worlds.populations.archetypes import partition
from manyminds.worlds.populations.city import AGES, City
from manyminds.worlds.populations.contacts import packed, rows
from manyminds.worlds.populations.epidemic import placed

BINS = ("U19", "20t29", "30t39", "40t49", "50t64", "65A")  # as published, youngest first


def town_from(folder: str, attributes: tuple[str, ...]) -> Town:
    """The town in a folder: a column `age`, `region` or `county` for the boroughs, what else there is, and one edge
    list, read both ways. Levels that no mapping explains are called by their number."""
    loaded = files.population(folder, ("age",))
    none, zero = np.full(loaded.agents, -1, np.int32), np.zeros(loaded.agents, np.int32)
    columns, labels = dict(loaded.columns), dict(loaded.labels)
    where = next((name for name in ("region", "county") if name in columns), "")
    columns["borough"] = columns[where] if where else zero
    labels["borough"] = labels.get(where, numbered(columns["borough"]))
    columns["age"], labels["age"] = by_age(columns["age"], labels.get("age", numbered(columns["age"])))
    labels = {name: labels.get(name, numbered(values)) for name, values in columns.items()}
    archetypes = partition(columns, labels, tuple(name for name in attributes if name in columns))
    edges = files.edges(files.edge_list(folder), loaded.agents)
    layer = packed(rows(edges, loaded.agents))
    city = City(columns["age"], columns.get("gender", zero), columns["borough"], columns.get("income", zero),
                columns.get("household", none), none, none, labels["borough"])  # fmt: skip
    return Town(city, placed(city.age, city.borough, (layer,), archetypes.of), archetypes)


def by_age(ages: np.ndarray, labels: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Age bins youngest first. Published mappings list U19 last, and susceptibility goes by the order of age."""
    if set(labels) != set(BINS):
        return ages, labels
    return np.array([BINS.index(label) for label in labels])[ages], AGES


def numbered(values: np.ndarray) -> tuple[str, ...]:
    return tuple(map(str, range(int(values.max(initial=0)) + 1)))
