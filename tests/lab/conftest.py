"""A command line and a store in a folder of their own, on SQLite or on a real Postgres."""

from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import pytest
from postgres import server

from manyminds.lab.command import main
from manyminds.lab.store import Store

GUESSING = str(Path(__file__).parents[1] / "examples" / "guessing.py")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """Run the command line in `tmp_path`; gives the exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    for name in ("MANYMINDS_STORE", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return call


@pytest.fixture(scope="session")
def postgres_server():
    with server() as address:
        yield address


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The address of a new database on a real server."""
    import psycopg

    name, pattern = (
        f"t{token_hex(6)}",
        postgres_server if "DATABASE" in postgres_server else f"{postgres_server}/DATABASE",
    )
    with psycopg.connect(pattern.replace("DATABASE", "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return pattern.replace("DATABASE", name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store can be made: a file, and in marked tests a database."""
    return str(tmp_path / "store.db") if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def store(address: str):
    with Store(address) as opened:
        yield opened


@pytest.fixture
def guessing() -> str:
    return GUESSING
