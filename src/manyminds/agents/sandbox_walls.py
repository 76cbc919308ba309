"""Which walls hold on this machine, and what the jail must be told to build them: limits, readable places, filter."""

import functools
import json
import math
import os
import platform
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from manyminds.agents.sandbox_seccomp import ARCHITECTURES, OWN_PID, seccomp
from manyminds.core import BadInput, ManymindsError

Walls = Literal["bubblewrap", "namespaces", "landlock", "unsafe", "none"]

JAIL = Path(__file__).with_name("sandbox_jail.py")
SCRATCH = "/scratch"  # where the scratch folder is seen, if the root is our own
BARE = ("-P", "-s", "-S", "-B")  # no folder of ours and no site among its imports
START = 30.0  # seconds for the walls to stand
STOP = 5.0  # seconds for the outermost process to end what is inside
READABLE = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/etc/localtime")
# Parallel numerics would fill the allowance of threads and memory before the program begins.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONHASHSEED": "0",
               "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1", "MALLOC_ARENA_MAX": "2",
               "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # fmt: skip


class NoIsolation(ManymindsError):
    """This machine cannot hold generated code; the sentence says why and what would help."""


@dataclass(frozen=True)
class Limits:
    """What one program may use. All are hard: a program that asks for more fails or is ended."""

    seconds: float = 10.0  # on the clock, from its first line
    memory: int = 512 << 20  # bytes of address space, all its processes together (each gets an equal part)
    disk: int = 16 << 20  # bytes in the scratch folder; under `landlock` a quarter of it in one file
    files: int = 512  # entries in the scratch folder
    output: int = 1 << 20  # bytes of stdout, and as many of stderr
    processes: int = 1  # more than one needs a process namespace
    threads: int = 16  # of all its processes together, beside one for each process

    def __post_init__(self) -> None:
        for name in ("seconds", "memory", "disk", "files", "output", "processes"):
            if getattr(self, name) <= 0:
                raise BadInput(f"{name} of a sandbox is {getattr(self, name)}, not above 0")
        if self.memory // self.processes < 64 << 20:
            raise BadInput(
                f"memory of a sandbox is {self.memory:,} bytes; an interpreter needs 64 MiB for each process"
            )


@dataclass(frozen=True)
class Isolation:
    """What stands between generated code and this machine, and why nothing stronger does."""

    walls: Walls
    detail: str
    missing: tuple[str, ...] = ()  # a line for each stronger kind that did not start


def jailed(setup: dict[str, Any], given: IO[bytes], writing: int, script: Path = JAIL) -> list[str]:
    """The command that carries out `setup`, which is written to `given`; `writing` takes its report."""
    given.write(json.dumps(setup).encode())
    given.flush()
    return [sys.executable, *BARE, str(script), str(given.fileno()), str(writing)]


def settings(code: str, files: Mapping[str, str], limits: Limits, walls: Walls) -> dict[str, Any]:
    """What the jail is told, as JSON."""
    for name in files:
        if not name or name.startswith("/") or ".." in PurePosixPath(name).parts or "\0" in name:
            raise BadInput(f"{name!r} is no relative name of a file within the scratch folder")
    family = limits.processes > 1
    if family and walls in ("landlock", "unsafe"):
        raise BadInput(f"more than one process needs a process namespace, which {walls} does not have; use processes=1")
    mounts = walls in ("bubblewrap", "namespaces")
    folders = [
        *site.getsitepackages(),
        *(path for path in sys.path if path.endswith(("site-packages", "dist-packages"))),
    ]
    packages = [path for path in dict.fromkeys(folders) if Path(path).is_dir()]
    programs = [os.path.realpath(sys.executable)] if family else []
    real, links = exposed([*READABLE, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib")),
                           str(Path(sys.base_prefix) / "lib"), *packages, *programs])  # fmt: skip
    setup = {
        "mode": walls, "code": code, "inputs": dict(files), "parent": os.getpid(), "scratch": SCRATCH,
        "temporary": tempfile.gettempdir(), "packages": packages, "real": real, "links": links,
        "programs": [*programs, *(loaders() if family else [])],
        "landlock": 0 if walls == "unsafe" else landlock(), "own_pid": OWN_PID,
        "filter": "" if walls == "unsafe" else seccomp(family, mounts).hex(),
        "memory": limits.memory // limits.processes, "disk": limits.disk, "files": limits.files,
        "cpu": math.ceil(limits.seconds) + 1, "deadline": START + limits.seconds + STOP,
        "tasks": limits.processes + limits.threads + others(walls),
    }  # fmt: skip
    if walls == "bubblewrap":
        setup["command"] = [shutil.which("bwrap"), *bubblewrap(setup)]
    return setup


def exposed(paths: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The real places behind `paths`, and the symbolic links by which those are known: (name, place)."""
    there = [path for path in dict.fromkeys(paths) if Path(path).exists()]
    links = [(path, os.path.realpath(path)) for path in there]
    return sorted({real for _, real in links}), [(path, real) for path, real in links if path != real]


def loaders() -> list[str]:
    """The dynamic loaders, which the kernel runs to run a program."""
    found = [path for folder in ("/lib64", "/lib") for path in Path(folder).glob("ld-*.so*")]
    return sorted({os.path.realpath(path) for path in found})


def others(walls: Walls) -> int:
    """How many tasks count against the limit on tasks of our user without being the program's."""
    if os.name != "posix" or os.geteuid() == 0:
        return 0  # as root each program gets a user of its own
    if walls != "landlock":
        return 2  # the processes that guard it; a user namespace counts by itself (Linux 5.14 and later)
    count = 0
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if place.stat().st_uid == os.geteuid():
                count += len(list((place / "task").iterdir()))
    return count + 2


def bubblewrap(setup: dict[str, Any]) -> list[str]:
    """The arguments that make bubblewrap build the same root as `new_root` of the jail does."""
    words = ["--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"]
    python = os.path.realpath(sys.executable)
    for path in [*setup["real"], python, str(JAIL)]:
        words += ["--ro-bind", path, path]
    for path in ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"):
        words += ["--dev-bind", path, path]
    for name, target in setup["links"]:
        words += ["--symlink", target, name]
    words += ["--size", str(setup["disk"]), "--tmpfs", SCRATCH, "--remount-ro", "/", "--chdir", SCRATCH]
    return [*words, python, *BARE, str(JAIL)]


def landlock() -> int:
    """The version of the kernel's Landlock; 0 where there is none."""
    import ctypes

    if not sys.platform.startswith("linux"):
        return 0
    try:
        return max(int(ctypes.CDLL(None, use_errno=True).syscall(444, None, ctypes.c_size_t(0), 1)), 0)
    except (OSError, AttributeError):
        return 0


# A program that tries the walls from inside; it prints every one that gives way.
TRIAL = """
import os, socket
def gives(name, attempt):
    try:
        attempt()
    except OSError:
        return
    print(name)
gives("network", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
gives("unix sockets", lambda: socket.socket(socket.AF_UNIX))
gives("files outside", lambda: open(OUTSIDE).read())
gives("writing outside", lambda: open(OUTSIDE, "a"))
gives("processes", os.fork)
gives("signals", lambda: os.kill(os.getppid() or 1, 0))
with open("own", "w") as file:
    file.write("works")
print("tried")
"""


def trial(walls: Walls) -> str:
    """Try one kind of isolation with a program that tries to get out; gives what went wrong, "" if it holds."""
    if walls == "bubblewrap" and shutil.which("bwrap") is None:
        return "not installed"
    if walls == "landlock" and landlock() < 3:
        return f"Landlock {landlock()} (version 3, Linux 6.2, is needed)" if landlock() else "no Landlock"
    with tempfile.NamedTemporaryFile("w") as outside:
        outside.write("secret")
        outside.flush()
        Path(outside.name).chmod(0o666)
        code = f"OUTSIDE = {outside.name!r}\n{TRIAL}"
        setup = settings(code, {}, Limits(), walls)
        with tempfile.TemporaryFile() as given:
            reading, writing = os.pipe()
            command = jailed(setup, given, writing)
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=ENVIRONMENT, cwd="/",
                                      pass_fds=(given.fileno(), writing), timeout=START)  # fmt: skip
            except (OSError, subprocess.SubprocessError) as error:
                os.close(reading)
                return str(error)
            finally:
                os.close(writing)
        with os.fdopen(reading) as file:
            refusal = [line.removeprefix("refused ") for line in file.read().splitlines() if line.startswith("refused")]
    said = done.stdout.decode().split("\n")
    if said == ["tried", ""]:
        return ""
    held = [line for line in said if line and line != "tried"]
    return "does not hold: " + ", ".join(held) if held else "; ".join(refusal) or done.stderr.decode()[-200:].strip()


@functools.cache
def isolation() -> Isolation:
    """The strongest isolation that really holds on this machine; each kind is tried once in the life of a process."""
    if not sys.platform.startswith("linux") or platform.machine() not in ARCHITECTURES:
        here = f"{platform.system()} on {platform.machine()}"
        return Isolation("none", f"isolation is built for Linux on {' and '.join(ARCHITECTURES)}, not for {here}")
    missing: list[str] = []
    for walls in ("bubblewrap", "namespaces", "landlock"):
        wrong = trial(walls)
        if not wrong:
            lock = f", Landlock {landlock()}" if landlock() else ""
            return Isolation(
                walls, f"{walls}{lock if walls != 'landlock' else f' {landlock()}'}, seccomp, limits", tuple(missing)
            )
        missing.append(f"{walls}: {wrong}")
    return Isolation("none", "no isolation holds here", tuple(missing))
