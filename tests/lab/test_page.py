"""The page of the papers says what the kept results say, and the pages of this repository are not stale."""

import json
from math import inf
from pathlib import Path

import pytest

from manyminds.core import BadInput, Verdict
from manyminds.lab.page import BEGIN, END, counted, pages, read
from manyminds.lab.papers import find
from manyminds.lab.report import measured
from manyminds.papers.index import BY_SLUG, INDEX

ROOT = Path(__file__).parents[2]
CLAIM = {"id": "a", "statement": "a | b", "where": "x", "paper": "1", "measured": 0.5, "low": 0.25, "high": 0.75,
         "n": 3, "needs": "nothing", "verdict": "holds"}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    claims = [CLAIM, CLAIM | {"id": "b", "verdict": "fails"}, CLAIM | {"id": "c", "verdict": "needs-endpoint"}]
    kept = {"paper": "govsim", "claims": claims, "date": "2026-01-02", "seeds": [0], "versions": {"manyminds": "9"}}
    (tmp_path / "results" / "govsim.json").write_text(json.dumps(kept))
    return tmp_path


def test_the_pages_are_made_of_kept_results(project):
    (page, text), (readme, table) = pages(project)
    assert (page, readme) == (project / "docs" / "papers.md", project / "README.md")
    assert table.startswith("before\n") and table.endswith("after\n") and "old" not in table
    line = next(line for line in table.splitlines() if "2404.16698" in line)
    assert line.endswith("| `manyminds run govsim` | 1 | 1 | 1 endpoint | 2026-01-02 |")
    assert "| a \\| b | x | 1 | 0.5 [0.25, 0.75] | 3 | holds |" in text
    assert all(entry.arxiv in text for entry in INDEX)


def test_the_command_writes_them_and_says_when_they_are_stale(command, project):
    code, out, _ = command("page", str(project), "--check")
    assert code == 1 and out.count("is stale") == 2 and not (project / "docs" / "papers.md").exists()
    assert command("page", str(project))[0] == 0
    assert command("page", str(project), "--check") == (0, "", "")
    (project / "results" / "govsim.json").write_text("{")
    code, _, err = command("page", str(project))
    assert code == 2 and "manyminds verify govsim --keep" in err


def test_a_readme_without_a_place_is_named(project):
    (project / "README.md").write_text("nothing")
    with pytest.raises(BadInput, match="no place for the table"):
        pages(project)


def test_counts_and_cells():
    verdicts = ("needs-data", "needs-endpoint", "needs-endpoint", "holds")
    assert counted([{"verdict": verdict} for verdict in verdicts]) == (1, 0, "1 data, 2 endpoint")
    shown = [measured(Verdict(**CLAIM | change)) for change in ({}, {"low": None}, {"high": inf}, {"measured": None})]
    assert shown == ["0.5 [0.25, 0.75]", "0.5", "0.5", "-"]


def test_the_pages_of_this_repository_are_not_stale():
    stale = [path.name for path, text in pages(ROOT) if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert not stale, f"{stale} are stale; run: manyminds page"


@pytest.mark.parametrize("slug", sorted(read(ROOT / "results")))
def test_kept_results_speak_of_the_claims_that_there_are(slug):
    claims = read(ROOT / "results")[slug]["claims"]
    assert BY_SLUG[slug].implemented
    said = [(claim["id"], claim["statement"], claim["where"], claim["paper"]) for claim in claims]
    now = [(claim.id, claim.statement, claim.where, claim.paper) for claim in find(slug).claims]
    assert said == now, f"the claims have changed; run: manyminds verify {slug} --keep && manyminds page"
