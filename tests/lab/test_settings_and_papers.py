"""Settings from words and files, budgets in words, and the index against what is implemented."""

import pytest
from pydantic import BaseModel

from manyminds.core import BadInput, PaperConfig
from manyminds.lab.budgets import budget
from manyminds.lab.overrides import overridden
from manyminds.lab.papers import find
from manyminds.models.door import Budget
from manyminds.papers.index import INDEX


class Inner(BaseModel, extra="forbid"):
    depth: int = 1


class Config(PaperConfig):
    size: int = 10
    names: tuple[str, ...] = ("a",)
    inner: Inner = Inner()
    flag: bool = False
    note: str = ""


def test_words_become_settings(tmp_path):
    words = ["size=1_000_000", "names=x,y", "inner.depth=3", "flag=true", "note=1_000"]
    found = overridden(Config, words)
    assert (found.size, found.names, found.inner.depth, found.flag, found.note) == (10**6, ("x", "y"), 3, True, "1_000")
    file = tmp_path / "c.toml"
    file.write_text("size = 5\n[inner]\ndepth = 7\n")
    found = overridden(Config, ["size=6"], file)
    assert found.size == 6 and found.inner.depth == 7
    file.write_text("size =")
    with pytest.raises(BadInput, match="is not TOML"):
        overridden(Config, [], file)


def test_wrong_settings_say_what_is_right():
    with pytest.raises(BadInput, match="'names'"):
        overridden(Config, ["nmes=x"])
    with pytest.raises(BadInput, match="size='many' cannot be: it should be a valid integer"):
        overridden(Config, ["size=many"])


def test_budgets_in_words():
    assert budget("200k tokens, 100calls, $5") == Budget(100, 200_000, 5.0)
    assert budget("") == Budget()
    for unclear in ("5", "$5 calls", "many tokens"):
        with pytest.raises(BadInput, match="not clear"):
            budget(unclear)


def test_index_holds_every_paper_once():
    assert len(INDEX) == len({entry.slug for entry in INDEX}) == 62


@pytest.mark.parametrize("entry", [entry for entry in INDEX if entry.implemented], ids=lambda entry: entry.slug)
def test_implemented_papers_agree_with_the_index(entry):
    paper = find(entry.slug)
    assert (paper.slug, paper.arxiv) == (entry.slug, entry.arxiv)
    assert len({claim.id for claim in paper.claims}) == len(paper.claims)
    assert not paper.room or paper.room == entry.room
