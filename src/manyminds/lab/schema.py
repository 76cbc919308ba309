"""The tables of the run store, and the steps that bring an older store up to date."""

from collections.abc import Callable

from sqlalchemy import JSON, Column, Connection, Float, Integer, MetaData, Table, Text

metadata = MetaData()

meta = Table("meta", metadata, Column("version", Integer, nullable=False))

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("paper", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("config", JSON, nullable=False),
    Column("seed", Text, nullable=False),  # a seed may be any integer, also one of more than 64 bits
    Column("versions", JSON, nullable=False),
    Column("status", Text, nullable=False),  # waiting, running, done, failed, budget, interrupted, down
    Column("created", Text, nullable=False),
    Column("finished", Text),
    Column("results", JSON),
    Column("usage", JSON),
    Column("reason", Text, nullable=False),
    Column("sweep", Text, index=True),  # the sweep that the run is part of
    Column("place", Integer),  # in its sweep
)

events = Table(
    "events",
    metadata,
    Column("run", Text, primary_key=True),
    Column("play", Text, primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("seat", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("text", Text, nullable=False),
)

# `request` and `completion` are JSON text: they are read back whole, by msgspec, on the path of every call.
calls = Table(
    "calls",
    metadata,
    Column("key", Text, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("model", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("completion", Text, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("latency", Float, nullable=False),
    Column("created", Text, nullable=False),
)

metrics = Table(
    "metrics",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("value", Float),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("created", Text, nullable=False),
)

# Finished pieces of work that call no model, so that a killed run does not compute them again.
pieces = Table(
    "pieces",
    metadata,
    Column("run", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("claim", Text, nullable=False),
    Column("verdict", JSON, nullable=False),
)


def add_sweep(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN sweep TEXT")
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN place INTEGER")


# Step k brings a store from schema k + 1 to k + 2. A new table needs no statement here, only a new place in the tuple.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    lambda connection: None,  # 2: `pieces`
    add_sweep,  # 3
)
