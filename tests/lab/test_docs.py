"""What the documents show is what there is: snippets are lines of the file, commands parse, code runs."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from manyminds.core import BadInput
from manyminds.lab.command import app
from manyminds.lab.papers import find
from manyminds.lab.sweeps import combinations
from manyminds.papers.index import BY_SLUG

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "examples" / "guessing.py"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/guide.md")
READMES = tuple(sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("src/manyminds/papers/*/README.md")))
FILES = ("data=", "extended=", "game=", "instance=", "log=")  # settings that name a file of the reader's
WEIGHTS = re.compile(r"\b(hf|house):[\w-]+")  # that the reader has raised or fetched


def read(page):
    """The text of a page, with commands that go on over several lines on one."""
    return (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", read(page), flags=re.MULTILINE | re.DOTALL)


def commands(page):
    """Every call of the program: whole lines in blocks, and what stands in backquotes."""
    text = read(page)
    found = [line.strip() for block in blocks(page, "") for line in block.splitlines()]
    found += [" ".join(said.split()) for said in re.findall(r"`(manyminds [^`]+)`", text)]
    parts = [part.split(" #")[0] for line in found for part in line.split("&&")]
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


@pytest.mark.parametrize("page", PAGES + READMES)
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


@pytest.mark.parametrize("page", PAGES + READMES)
def test_every_run_that_is_shown_begins_with_valid_settings(page, tmp_path, monkeypatch):
    """Up to where it would begin: nothing runs. Sizes for a GPU are checked here as well, as far as they can be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    program = typer.main.get_command(app)
    for words in commands(page):
        if words[1:2] != ["run"] or len(words) < 3 or words[2].isupper():
            continue
        context = program.commands["run"].make_context("run", [word for word in words[2:] if word != "..."])
        paper, settings = context.params["paper"], context.params["settings"] or ()
        config = find(str(ROOT / paper) if paper.endswith(".py") else paper).config
        settings = [WEIGHTS.sub("house", word).replace("URL", "http://localhost:8000/v1") for word in settings]
        try:
            assert combinations(config, settings)
        except BadInput as error:  # a file of the reader's is not there, and nothing else is wrong
            assert re.search("no file|cannot be read", str(error)), error
            assert combinations(config, [word for word in settings if not word.startswith(FILES)])


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
