"""The run store: what ran, what happened in it, what was asked and answered, and what came out; SQLite or Postgres."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from manyminds.core import BadInput, Happening, Verdict, unknown
from manyminds.lab.schema import MIGRATIONS, artifacts, calls, events, meta, metadata, metrics, pieces, runs, verdicts
from manyminds.models.request import Completion

DEFAULT = "manyminds.db"
SQLITE_HEADER = b"SQLite format 3\0"


@dataclass(frozen=True)
class Run:
    """One execution of a paper as the store keeps it. `source` is what `papers.find` found the paper by."""

    id: str
    paper: str
    source: str
    config: dict[str, Any]
    seed: int
    versions: dict[str, str]
    status: str
    created: str
    finished: str | None
    results: dict[str, Any] | None
    usage: dict[str, Any] | None
    reason: str
    sweep: str | None = None
    place: int | None = 0


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def encoded(value: Any) -> str:
    """JSON text; what JSON has no form for is kept as it prints."""
    return msgspec.json.encode(value, enc_hook=repr).decode()


def address(where: str | Path | None = None) -> str:
    """The store's address: as given, else `MANYMINDS_STORE`, else a file in this folder."""
    return str(where or os.environ.get("MANYMINDS_STORE") or DEFAULT)


class Store:
    """An open store. Every write is committed when its method returns."""

    def __init__(self, where: str | Path | None = None) -> None:
        self.address = address(where)
        self.file = None if "://" in self.address else Path(self.address)
        self.engine = engine_of(self.address, self.file)
        self.folder = (self.file.parent if self.file else Path()).resolve()
        try:
            prepare(self.engine, self.address)
        except sa.exc.DBAPIError as error:
            self.engine.dispose()
            raise BadInput(f"the store {shown(self.address)} cannot be used: {first_line(error.orig)}") from None
        except BadInput:
            self.engine.dispose()
            raise
        insert = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        self.add_event = insert(events).on_conflict_do_nothing()
        self.add_call = insert(calls).on_conflict_do_nothing()
        self.add_piece = insert(pieces).on_conflict_do_nothing()

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(reading=True)

    def begin_run(self, paper: str, source: str, config: dict[str, Any], seed: int, versions: dict[str, str]) -> str:
        """Open a run and return its id: the paper's name and six random hexadecimal digits."""
        return self.begin_runs(paper, source, [(config, seed)], versions)[0]

    def begin_runs(
        self,
        paper: str,
        source: str,
        cells: Sequence[tuple[dict[str, Any], int]],
        versions: dict[str, str],
        sweep: str | None = None,
    ) -> list[str]:
        """Open one run for each (config, seed), all of them or none."""
        shared = {"paper": paper, "source": source, "versions": versions, "sweep": sweep, "reason": ""}
        shared |= {"status": "waiting" if sweep else "running", "created": now()}
        names = [f"{sweep}-{place}" if sweep else new_name(paper) for place in range(len(cells))]
        rows = [
            shared | {"id": name, "config": config, "seed": str(seed), "place": place}
            for place, (name, (config, seed)) in enumerate(zip(names, cells))
        ]
        with self.engine.begin() as connection:
            connection.execute(runs.insert(), rows)
        return names

    def set_status(
        self,
        run: str,
        status: str,
        usage: dict[str, Any] | None = None,
        results: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """Say how a run stands; anything but `running` also says when it ended."""
        values: dict[str, Any] = {"status": status, "reason": reason}
        values["finished"] = None if status == "running" else now()
        if usage is not None:
            values["usage"] = usage
        if results is not None:
            values["results"] = results
        with self.engine.begin() as connection:
            connection.execute(runs.update().where(runs.c.id == run).values(**values))

    def run(self, name: str) -> Run:
        with self.reading() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == name)).mappings().first()
            if row is None:
                raise unknown("run", name, connection.execute(sa.select(runs.c.id)).scalars())
        return as_run(row)

    def is_sweep(self, name: str) -> bool:
        with self.reading() as connection:
            return connection.execute(sa.select(runs.c.id).where(runs.c.sweep == name).limit(1)).first() is not None

    def sweep(self, name: str) -> list[Run]:
        """The runs of a sweep, in the order in which they were asked for."""
        asked = sa.select(runs).where(runs.c.sweep == name).order_by(runs.c.place)
        with self.reading() as connection:
            found = [as_run(row) for row in connection.execute(asked).mappings()]
            if not found:
                known = sa.select(runs.c.sweep).where(runs.c.sweep.is_not(None)).distinct()
                raise unknown("sweep", name, connection.execute(known).scalars())
        return found

    def runs(self, paper: str | None = None) -> list[Run]:
        """All runs, newest first; those of one paper if it is named."""
        asked = sa.select(runs).order_by(runs.c.created.desc(), runs.c.place, runs.c.id)
        if paper:
            asked = asked.where(runs.c.paper == paper)
        with self.reading() as connection:
            return [as_run(row) for row in connection.execute(asked).mappings()]

    def add_events(self, run: str, lines: Sequence[Happening]) -> None:
        """Append lines; those that are on the record already stay as they are, so a replay doubles nothing."""
        if not lines:
            return
        rows = [{"run": run, **msgspec.structs.asdict(line)} for line in lines]
        for row in rows:
            row["text"] = row["text"].replace("\0", "\ufffd")  # Postgres holds no NUL in a text
        with self.engine.begin() as connection:
            connection.execute(self.add_event, rows)

    def events(self, run: str) -> list[Happening]:
        """The trajectories of a run, play by play."""
        columns = [events.c[name] for name in Happening.__struct_fields__]
        asked = sa.select(*columns).where(events.c.run == run).order_by(events.c.play, events.c.index)
        with self.reading() as connection:
            return [Happening(**row) for row in connection.execute(asked).mappings()]

    def recorder(self, run: str) -> "Calls":
        """The record of the model calls of a run; give it to the door."""
        return Calls(self, run)

    def add_verdicts(self, run: str, found: Iterable[Verdict]) -> None:
        """Keep the verdicts of a run in place of earlier ones."""
        rows = [{"run": run, "claim": verdict.id, "verdict": asdict(verdict)} for verdict in found]
        with self.engine.begin() as connection:
            connection.execute(verdicts.delete().where(verdicts.c.run == run))
            if rows:
                connection.execute(verdicts.insert(), rows)

    def verdicts(self, run: str) -> list[Verdict]:
        asked = sa.select(verdicts.c.verdict).where(verdicts.c.run == run).order_by(verdicts.c.position)
        with self.reading() as connection:
            return [Verdict(**row) for row in connection.execute(asked).scalars()]

    def add_metrics(self, run: str, values: dict[str, float], step: int = 0) -> None:
        """Keep the figures of one step in place of earlier ones; NaN is kept as unscored."""
        rows = [
            {"run": run, "name": name, "step": step, "value": value if value == value else None}
            for name, value in values.items()
        ]
        with self.engine.begin() as connection:
            connection.execute(metrics.delete().where(metrics.c.run == run, metrics.c.step == step))
            if rows:
                connection.execute(metrics.insert(), rows)

    def metrics(self, run: str) -> dict[str, float | None]:
        """The last figure of each name."""
        asked = sa.select(metrics.c.name, metrics.c.value).where(metrics.c.run == run)
        with self.reading() as connection:
            return {name: value for name, value in connection.execute(asked.order_by(metrics.c.step))}

    def add_artifacts(self, run: str, paths: Iterable[Path]) -> None:
        """Keep where the files of a run lie, in place of what was kept before."""
        rows = [{"run": run, "path": str(path), "created": now()} for path in dict.fromkeys(paths)]
        with self.engine.begin() as connection:
            connection.execute(artifacts.delete().where(artifacts.c.run == run))
            if rows:
                connection.execute(artifacts.insert(), rows)

    def artifacts(self, run: str) -> list[Path]:
        asked = sa.select(artifacts.c.path).where(artifacts.c.run == run).order_by(artifacts.c.path)
        with self.reading() as connection:
            return [Path(path) for path in connection.execute(asked).scalars()]

    def keep_piece(self, run: str, name: str, value: Any) -> None:
        """Keep a finished piece of work; one that is kept already stays as it is."""
        with self.engine.begin() as connection:
            connection.execute(self.add_piece, {"run": run, "name": name, "value": encoded(value)})

    def pieces(self, run: str) -> dict[str, Any]:
        """The finished pieces of a run by name."""
        asked = sa.select(pieces.c.name, pieces.c.value).where(pieces.c.run == run)
        with self.reading() as connection:
            return {name: msgspec.json.decode(value) for name, value in connection.execute(asked)}

    def counted_calls(self, run: str) -> int:
        asked = sa.select(sa.func.count()).select_from(calls).where(calls.c.run == run)
        with self.reading() as connection:
            return int(connection.execute(asked).scalar_one())


class Calls:
    """Recorded calls by key. Connections for the whole run, because this is on the path of every call."""

    def __init__(self, store: Store, run: str) -> None:
        self.run = run
        self.connection = store.engine.connect()
        self.reader = store.engine.connect().execution_options(reading=True)  # looking up waits for no writer
        self.insert = store.add_call
        self.select = sa.select(calls.c.completion).where(calls.c.key == sa.bindparam("wanted"))
        self.decode = msgspec.json.Decoder(Completion).decode

    def get(self, key: str) -> Completion | None:
        with self.reader.begin():
            found = self.reader.execute(self.select, {"wanted": key}).scalar()
        return None if found is None else self.decode(found)

    def put(self, key: str, request: dict[str, Any], completion: Completion) -> None:
        """Commit one completed call; a key that is recorded already keeps its first answer."""
        row = {
            "key": key,
            "run": self.run,
            "model": str(request.get("model", "")),
            "request": encoded(request),
            "completion": msgspec.json.encode(completion).decode(),
            "tokens": completion.usage.tokens,
            "latency": completion.latency,
            "created": now(),
        }
        with self.connection.begin():
            self.connection.execute(self.insert, row)

    def close(self) -> None:
        self.reader.close()
        self.connection.close()


def new_name(paper: str) -> str:
    """A name for a new run or sweep: the paper's name and six random hexadecimal digits."""
    return f"{re.sub(r'[^a-z0-9-]+', '-', paper.lower())}-{token_hex(3)}"


def as_run(row: Any) -> Run:
    return Run(**{**row, "seed": int(row["seed"])})


def shown(where: str) -> str:
    """An address fit to be printed: without the password."""
    return sa.make_url(where).render_as_string(hide_password=True) if "://" in where else where


def first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def engine_of(where: str, file: Path | None) -> sa.Engine:
    """The engine behind an address; nothing is created yet."""
    options: dict[str, Any] = {"json_serializer": encoded, "json_deserializer": msgspec.json.decode}
    if file is None:
        return remote(where, options)
    check_file(file)
    engine = sa.create_engine(f"sqlite:///{file}", max_overflow=-1, **options)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver guesses
        for setting in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {setting}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A transaction that reads first and then wants to write fails at once when another writer was faster.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def remote(where: str, options: dict[str, Any]) -> sa.Engine:
    address = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", where)
    if not address.startswith("postgresql+psycopg://"):
        raise BadInput(f"the store {where.partition('://')[0]}:// is not known; give a file or postgresql://...")
    try:
        return sa.create_engine(address, max_overflow=-1, **options)
    except ImportError:
        raise BadInput("a Postgres store needs a driver: pip install 'manyminds[postgres]'") from None


def check_file(file: Path) -> None:
    """Refuse a place that cannot hold a store before anything is created there."""
    if not file.parent.is_dir():
        raise BadInput(f"the store {file} cannot be made: the folder {file.parent} does not exist")
    if file.is_dir():
        raise BadInput(f"the store {file} is a folder; give the path of a file")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise BadInput(f"the store {file} cannot be written; give another place with --store")
    if file.exists() and file.stat().st_size:
        with file.open("rb") as opened:
            if opened.read(len(SQLITE_HEADER)) != SQLITE_HEADER:
                raise BadInput(f"{file} is not a manyminds store (not a database); give another file with --store")
        check_owner(file)


def check_owner(file: Path) -> None:
    """Refuse the database of another program, without changing it: a usual connection would set its journal mode."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        raise BadInput(f"the store {file} cannot be used: {first_line(error)}") from None
    finally:
        connection.close()
    if names and meta.name not in names:
        raise BadInput(f"{file} is a database of another program; give another file with --store")


def prepare(engine: sa.Engine, where: str, steps: Sequence[Callable[[sa.Connection], None]] | None = None) -> None:
    """Create the tables in a new store, bring an older one up to date, refuse a newer or a foreign one."""
    steps = MIGRATIONS if steps is None else steps
    newest = 1 + len(steps)
    with engine.connect() as connection:
        reader = connection.execution_options(reading=True)
        names = sa.inspect(reader).get_table_names()
        versions = list(reader.execute(sa.select(meta.c.version)).scalars()) if "meta" in names else [0]
    known = versions[0] if len(versions) == 1 else None
    if not isinstance(known, int) or known < 0:
        raise BadInput(f"the store {shown(where)} cannot be used: it does not say which schema it has")
    if known == newest:
        return
    if known > newest:
        said = f"the store {shown(where)} has schema {known}, newer than {newest}, the newest this version knows"
        raise BadInput(f"{said}; upgrade manyminds or give another --store")
    with engine.begin() as connection:
        metadata.create_all(connection)
        if known:
            for step in steps[known - 1 :]:
                step(connection)
            connection.execute(meta.update().values(version=newest))
        elif not connection.execute(sa.select(meta.c.version)).first():
            connection.execute(meta.insert().values(version=newest))
