"""The inside of a bench of the sandbox: the walls are built once, and every program is a fresh process within them.

Run by `sandbox_pool.py` as `sandbox_jail.py` is, with programs coming on standard input: a line with the length and
the seconds, then the program. What a program may do is what it may do alone: the process that will be it is made
before it exists, reads it itself, gives up all rights, takes the same limits and the same filter, and may make no other
process. Nobody who lives longer reads a program or what it prints, so none can find another's in memory that it
inherits. When it ends, all that is left of it is ended, and its scratch folder is replaced.
"""

import gc
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  what the jail imports stays small
sys.path.insert(0, HERE)
import sandbox_jail as jail  # noqa: E402

sys.path.remove(HERE)

HEADER = 32  # bytes of the line before a program
# What programs import most often is read once.
READ_AHEAD = ("ast", "bisect", "collections", "copy", "datetime", "fractions", "functools", "hashlib", "heapq",
              "itertools", "json", "math", "operator", "random", "re", "string", "typing")  # fmt: skip


def taken(size) -> bytes:
    """Exactly `size` bytes of standard input; fewer where it ends. No buffer: what follows belongs to another."""
    found = b""
    while len(found) < size and (piece := os.read(0, size - len(found))):
        found += piece
    return found


def serve(setup) -> object:
    """Take programs until there are no more. In the process of a program it gives the role that it plays next."""
    for name in READ_AHEAD:
        __import__(name)
    gc.freeze()  # a program need not look through what was there before it, nor copy those pages
    jail.report(setup, "open")
    while header := taken(HEADER):
        size, seconds = header.split()
        fresh_scratch(setup)
        child = os.fork()
        if child == 0:
            setup["code"] = taken(int(size)).decode("utf-8", "backslashreplace")
            nothing = os.open("/dev/null", os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
            return jail.worker
        jail.report(setup, watched(setup, child, float(seconds)))
    if setup["mode"] == "landlock":
        jail.clear(setup["scratch"])
    os._exit(0)


def watched(setup, child, seconds) -> str:
    """Wait for a program and end it when its time is over or its folder too full; gives the line to report."""
    deadline, folder, why = time.monotonic() + seconds, setup["scratch"], "exit"
    walled = setup["mode"] == "namespaces"  # then its mount bounds the folder
    told = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        left = deadline - time.monotonic()
        full = not walled and jail.overfull(folder, setup["disk"], setup["files"])
        if left <= 0 or full:
            why = "disk" if full else "late"
            jail.end(child)
            status = os.waitpid(child, 0)[1]
            break
        got = signal.sigtimedwait(told, max(min(left, 1.0 if walled else jail.STEP), 0))
        if got and got.si_signo != signal.SIGCHLD:
            jail.end(child)
            os._exit(0)
    if os.getpid() == 1:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            pass
    return f"{why} {status}"


def fresh_scratch(setup) -> None:
    """An empty scratch folder: a new one in memory over the same place, or without mounts a new folder."""
    if setup["mode"] == "landlock":
        jail.clear(setup["scratch"])
        setup["scratch"] = tempfile.mkdtemp(prefix="manyminds-", dir=setup["temporary"])
        if os.geteuid() == 0:
            os.chown(setup["scratch"], setup["uid"], setup["uid"])
        return
    place = setup["scratch"].encode()
    jail.call("umount2", place, jail.DETACH)
    bounds = f"size={setup['disk']},nr_inodes={setup['files'] + 1},mode=700,uid={setup['uid']},gid={setup['uid']}"
    jail.call("mount", b"tmpfs", place, b"tmpfs", jail.NO_SETUID | jail.NO_DEVICES | jail.NO_EXEC, bounds.encode())


def served(setup) -> object:
    """The first process of the namespace, or without one the process outside: build what is left, then serve."""
    try:
        if setup["mode"] == "namespaces":
            jail.call("prctl", jail.DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
            jail.new_root(setup)
        return serve
    except BaseException as error:
        jail.refuse(setup, error)


def outer(setup) -> object:
    """Outside the walls: build them, start the bench, and outlive it."""
    try:
        jail.build(setup)
        if setup["mode"] == "landlock":
            return serve
        child = os.fork()
    except BaseException as error:
        jail.refuse(setup, error)
    if child == 0:
        return served
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    setup["deadline"] = float("inf")
    jail.guard(setup, child)
    os._exit(0)


if __name__ == "__main__":
    jail.begin(outer)
