"""A real PostgreSQL server for as long as a test session lasts: begun here, in a folder of its own, on no port."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")


def binaries() -> Path | None:
    """The folder with initdb and postgres, if this machine has them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    places = [path.parent for place in PLACES for path in sorted(Path(place).glob("*/bin/initdb"))]
    return places[-1] if places else None


def unprivileged() -> dict:
    """As whom the server runs: it refuses to be run by root, so root hands over to somebody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@contextlib.contextmanager
def server():
    """The address of a new server, up to the name of the database."""
    given = os.environ.get("MANYMINDS_TEST_POSTGRES")
    if given:
        yield given.rpartition("/")[0]
        return
    folder = binaries()
    if folder is None:
        pytest.skip("there is no PostgreSQL on this machine: apt install postgresql, or set MANYMINDS_TEST_POSTGRES")
    who = unprivileged()
    place = Path(tempfile.mkdtemp(prefix="manyminds-postgres-", dir="/tmp"))  # the path of a socket must be short
    if who:
        os.chown(place, who["user"], who["group"])
    data = place / "data"
    quiet = {
        "cwd": place,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": {"PATH": os.defpath},
    } | who
    try:
        made = [folder / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        subprocess.run(made, check=True, **quiet)
        options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
        control = [folder / "pg_ctl", "-D", data, "-w", "-l", place / "log"]
        subprocess.run([*control, "-o", options, "start"], check=True, **quiet)
        try:
            yield f"postgresql://tester@/DATABASE?host={place}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)
    finally:
        shutil.rmtree(place, ignore_errors=True)
