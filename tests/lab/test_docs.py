"""What the documents show is what there is: snippets are lines of the file, commands parse, code runs."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from manyminds.lab.command import app
from manyminds.papers.index import BY_SLUG

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "examples" / "guessing.py"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/guide.md")


def blocks(page, kind):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(page):
    """Every call of the program: whole lines in blocks, and what stands in backquotes."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [line.strip() for block in blocks(page, "") for line in block.splitlines()]
    found += [" ".join(said.split()) for said in re.findall(r"`(manyminds [^`]+)`", text)]
    parts = [part.split("#")[0] if " #" in part else part for line in found for part in line.split("&&")]
    return [words for part in parts if (words := shlex.split(part))[:1] == ["manyminds"]]


def test_the_tutorial_shows_the_lines_of_the_example_in_their_order():
    lines, at = EXAMPLE.read_text(), 0
    shown = blocks("docs/tutorial.md", "python")
    for block in shown:
        found = lines.find(block, at)
        assert found >= 0, f"not in {EXAMPLE.name}, or not in this place:\n{block}"
        at = found + len(block)
    assert sum(block.count("\n") for block in shown) > 0.6 * lines.count("\n")


def test_the_example_is_short():
    length = len(EXAMPLE.read_text().splitlines())
    assert length < 120 and f"# A paper in {length} lines" in (ROOT / "docs" / "tutorial.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_one_that_there_is(page):
    program = typer.main.get_command(app)
    for _, name, *rest in commands(page):
        if name.isupper() or not rest:
            assert name in program.commands or name.isupper()
            continue
        command = program.commands[name]
        context = command.make_context(name, [word for word in rest if word != "..."])
        paper = str(context.params.get("paper", ""))
        assert (
            not paper or paper in BY_SLUG or paper == "all" or paper.endswith(".py") or "<" in paper or paper.isupper()
        )


def test_the_code_of_the_guide_runs():
    pytest.importorskip("pettingzoo")
    notebook, worlds = blocks("docs/guide.md", "python")
    compile(notebook, "guide", "exec")
    names: dict = {}
    exec(worlds, names)
    assert names["env"].agents == ("member 1", "member 2", "member 3")


def test_links_lead_somewhere():
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert "://" in link or (ROOT / page).parent.joinpath(link).exists(), (page, link)
