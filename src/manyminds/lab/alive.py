"""Whether somebody is working on a run right now: a lock in its folder that falls with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manyminds.core import BadInput

LOCK = ".lock"


@contextmanager
def working_on(run: str, folder: Path) -> Iterator[None]:
    """Hold the lock of a run; `BadInput` when another process on this machine does."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: then nobody is kept out
        yield
        return
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"run {run} is being worked on by another process; wait for it, or stop it first") from None
        yield
