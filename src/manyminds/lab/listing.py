"""What there is to run: the papers in groups, and one paper in words."""

from typing import Any

from manyminds.core import Paper, Table, unknown
from manyminds.papers.index import INDEX, Entry

GROUPINGS = ("room", "state", "year", "stands")


def grouped(by: str) -> list[tuple[str, list[Entry]]]:
    """The papers by room, by state, by year, or by where they stand in the taxonomies of the surveys.

    `stands` speaks only of papers in this version, because each says of itself where it stands; a paper can stand in
    several places.
    """
    if by not in GROUPINGS:
        raise unknown("grouping", by, GROUPINGS)
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(INDEX, key=lambda entry: entry.slug):
        for name in places(entry, by):
            groups.setdefault(name, []).append(entry)
    return sorted(groups.items())


def places(entry: Entry, by: str) -> list[str]:
    if by == "room":
        return [entry.room]
    if by == "state":
        return ["in this version" if entry.implemented else "planned"]
    if by == "year":
        return [f"20{entry.arxiv[:2]}"]  # an arXiv number begins with year and month
    if not entry.implemented:
        return []
    from manyminds.lab.papers import find

    return sorted(find(entry.slug).stands) or ["says nothing of itself"]


def described(paper: Paper) -> tuple[dict[str, Any], list[Table]]:
    """A paper as one JSON object and as tables: how to cite it, its settings, its claims."""
    settings = paper.config.model_json_schema().get("properties", {})
    claims = [
        {"id": c.id, "statement": c.statement, "where": c.where, "paper": c.paper, "needs": c.needs}
        for c in paper.claims
    ]
    citation = paper.cite() if paper.authors else f"{paper.title}. arXiv {paper.arxiv}."
    about: dict[str, Any] = {"paper": paper.slug, "title": paper.title, "arxiv": paper.arxiv, "citation": citation}
    about |= {"room": paper.room, "stands": sorted(paper.stands), "settings": settings, "claims": claims}
    rows = tuple((key, value.get("default"), value.get("description", "")) for key, value in settings.items())
    columns = ("id", "statement", "where", "paper", "needs")
    return about, [
        Table("Settings", ("key", "default", "meaning"), rows),
        Table("Claims", columns, tuple(tuple(claim[name] for name in columns) for claim in claims)),
    ]
