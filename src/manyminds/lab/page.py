"""The page of the papers: generated from kept results and the index, so that no verdict is ever typed."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from manyminds.core import BadInput, Verdict
from manyminds.lab.report import measured
from manyminds.lab.verifying import Verified
from manyminds.papers.index import INDEX, Entry

FOLDER = Path("results")
BEGIN, END = "<!-- papers: written by `manyminds page`, do not edit -->", "<!-- end of papers -->"
LOCAL = ("run", "runs")  # names within one store, which nobody else has


def kept(verified: Verified, folder: Path = FOLDER) -> Path:
    """Write what was verified to `results/PAPER.json`, keys in order, and say where."""
    found = {key: value for key, value in verified.as_object().items() if key not in LOCAL}
    found["date"] = datetime.now(UTC).date().isoformat()
    path = folder / f"{verified.slug}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(stable(found), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from None
    return path


def stable(found: dict[str, Any]) -> str:
    """JSON that changes only where a value changes: sorted keys, one entry a line, numbers to nine digits."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [rounded(inner) for inner in value]
        if isinstance(value, float):
            return float(f"{value:.9g}") if abs(value) < float("inf") else None  # NaN and infinities are no JSON
        return value

    return json.dumps(rounded(found), indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The kept results by paper."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(
                f"{path} is not JSON ({error}); write it anew: manyminds verify {path.stem} --keep"
            ) from None
    return found


def pages(root: Path) -> list[tuple[Path, str]]:
    """Every generated page of the project at `root` with the text that it should have."""
    results = read(root / FOLDER)
    readme = root / "README.md"
    try:
        text = readme.read_text(encoding="utf-8")
    except OSError:
        raise BadInput(f"there is no README.md in {root.resolve()}; give the root of the project") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadInput(f"README.md has no place for the table; put the lines {BEGIN!r} and {END!r} around it")
    ready = [entry for entry in INDEX if entry.implemented]
    table = "\n".join([BEGIN, *rows(ready, results), END])
    return [(root / "docs" / "papers.md", page(results)), (readme, f"{before}{table}{after}")]


def page(results: dict[str, dict[str, Any]]) -> str:
    """The page of all papers: the table, then the claims of each that was verified."""
    ready = [entry for entry in INDEX if entry.implemented]
    planned = [entry for entry in INDEX if not entry.implemented]
    lines = [
        "# The papers",
        "",
        f"Written by `manyminds page` from `{FOLDER}/`; each verdict is what a check found.",
        "",
    ]
    lines += [f"## In this version ({len(ready)} of {len(INDEX)})", "", *rows(ready, results), ""]
    for entry in ready:
        if entry.slug in results:
            lines += claims(entry, results[entry.slug])
    lines += ["## Planned", "", "| paper | arXiv | room |", "|---|---|---|"]
    lines += [f"| {cell(entry.title)} | {link(entry)} | {entry.room} |" for entry in planned]
    return "\n".join(lines) + "\n"


def rows(entries: Sequence[Entry], results: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The lines of the table of papers."""
    yield "| paper | arXiv | room | runs with | held | failed | needs | checked |"
    yield "|---|---|---|---|---|---|---|---|"
    for entry in entries:
        found = results.get(entry.slug)
        counts = ("-", "-", "-", "not yet") if found is None else (*counted(found["claims"]), found["date"])
        said = " | ".join(map(str, counts))
        yield f"| {cell(entry.title)} | {link(entry)} | {entry.room} | `manyminds run {entry.slug}` | {said} |"


def counted(claims: list[dict[str, Any]]) -> tuple[int, int, str]:
    """How many claims held and failed, and how many wait for what."""
    verdicts = [claim["verdict"] for claim in claims]
    needs = [verdict.removeprefix("needs-") for verdict in verdicts if verdict.startswith("needs-")]
    said = ", ".join(f"{needs.count(what)} {what}" for what in dict.fromkeys(needs))
    return verdicts.count("holds"), verdicts.count("fails"), said or "0"


def claims(entry: Entry, found: dict[str, Any]) -> Iterator[str]:
    """The claims of one paper beside what was measured."""
    seeds = ", ".join(map(str, found["seeds"]))
    version = found["versions"].get("manyminds", "?")
    yield from (f"### {entry.slug}", "", f"{cell(entry.title)}, {link(entry)}.")
    yield from (f"Checked on {found['date']} with manyminds {version}, seed {seeds}.", "")
    yield "| claim | where | paper | measured | n | verdict |"
    yield "|---|---|---|---|---|---|"
    for claim in found["claims"]:
        said = Verdict(**claim)
        values = (said.statement, said.where, said.paper, measured(said), said.n, said.verdict)
        yield f"| {' | '.join(cell(value) for value in values)} |"
    yield ""


def link(entry: Entry) -> str:
    return f"[{entry.arxiv}](https://arxiv.org/abs/{entry.arxiv})"


def cell(value: Any) -> str:
    """A value as one cell of a Markdown table."""
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")
