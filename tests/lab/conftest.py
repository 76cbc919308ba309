"""A command line and a store in a folder of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from manyminds.lab.command import main
from manyminds.lab.store import Store

GUESSING = str(Path(__file__).parents[1] / "examples" / "guessing.py")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """Run the command line in `tmp_path`; gives the exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MANYMINDS_STORE", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return call


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def guessing() -> str:
    return GUESSING
