"""A pool of benches: many programs one after another behind walls that are built once, several benches at a time.

    async with Pool() as pool:
        ran = await pool.run("print(6 * 7)")      # as `sandbox.run`, several times as many a second

Every program is a process of its own with the same rights, limits and filter as under `sandbox.run` (see
`sandbox_serving.py`); what programs of one pool share is the empty world around them. Where only bubblewrap's walls
stand, or where the caller asks for an unsafe run by name, each program is run by `sandbox.run` instead. A bench whose
program floods its output is ended and another takes its place.
"""

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import perf_counter
from types import TracebackType

from manyminds.agents import sandbox
from manyminds.agents.sandbox import Limits, Ran, Reason, Walls
from manyminds.agents.sandbox_walls import ENVIRONMENT, START, NoIsolation, isolation, jailed, settings, trial
from manyminds.core import BadInput

SERVING = Path(__file__).with_name("sandbox_serving.py")
HEADER = 32  # as in `sandbox_serving.py`


class Pool:
    """`size` benches (0: one a processor). `limits` bound every program; a single run may ask for fewer seconds.

    `async with` begins and ends it; benches are built when they are first needed. Raises NoIsolation where nothing
    holds programs and `unsafe` is not given.
    """

    def __init__(self, size: int = 0, limits: Limits = Limits(), unsafe: bool = False) -> None:  # noqa: B008  frozen
        if limits.processes != 1:
            raise BadInput("a program of a pool is one process; use sandbox.run for more")
        self.size, self.limits, self.unsafe = size or os.cpu_count() or 1, limits, unsafe
        self.walls: Walls = "none"
        self.free: asyncio.LifoQueue[Bench | None] = asyncio.LifoQueue()
        self.benches: list[Bench] = []

    async def __aenter__(self) -> "Pool":
        found = await asyncio.to_thread(isolation)
        # A bench is built by ourselves; bubblewrap's walls are the same, where ours do not stand.
        own = found.walls == "bubblewrap" and await asyncio.to_thread(stands, "namespaces")
        self.walls = "namespaces" if own else found.walls
        if found.walls == "none" and not self.unsafe:
            raise NoIsolation(f"code of models is refused here: {found.detail}; {'; '.join(found.missing)}")
        for _ in range(self.size):
            self.free.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for bench in self.benches:
            bench.end()

    async def run(self, code: str, seconds: float = 0.0) -> Ran:
        """Run `code` as `sandbox.run` does, for at most `seconds` (0: those of the pool)."""
        limits = self.limits if not seconds else Limits(**{**self.limits.__dict__, "seconds": seconds})
        bench = await self.free.get()
        try:
            if self.walls not in ("namespaces", "landlock"):
                return await sandbox.run(code, limits=limits, unsafe=self.unsafe)
            if bench is None or bench.over:
                bench = Bench(self.limits, self.walls)
                self.benches.append(bench)
                await bench.opened()
            return await bench.run(code, limits)
        except BaseException:  # whoever breaks off leaves a program behind
            if bench is not None:
                bench.end()
            raise
        finally:
            if bench is not None and bench.over:
                self.benches.remove(bench)
                bench = None
            self.free.put_nowait(bench)


@cache
def stands(walls: Walls) -> bool:
    return not trial(walls)


@dataclass
class Stream:
    """A pipe that is read as soon as anything comes; `kept` holds up to `most` bytes of it."""

    descriptor: int
    most: int
    came: Callable[[], None]
    kept: bytearray = field(default_factory=bytearray)
    flooded: bool = False
    closed: bool = False

    def begin(self) -> None:
        os.set_blocking(self.descriptor, False)
        asyncio.get_running_loop().add_reader(self.descriptor, self.read)

    def read(self) -> None:
        with suppress(BlockingIOError):
            while not self.flooded:
                piece = os.read(self.descriptor, 1 << 16)
                if not piece:
                    self.closed = True
                    asyncio.get_running_loop().remove_reader(self.descriptor)
                    break
                room = self.most - len(self.kept)
                self.kept += piece[:room]
                self.flooded = len(piece) > room
        self.came()

    def taken(self) -> str:
        text = bytes(self.kept).decode("utf-8", "replace")
        self.kept.clear()
        return text


class Bench:
    """One place with walls around it, where a program runs at a time."""

    def __init__(self, limits: Limits, walls: Walls) -> None:
        self.limits, self.walls, self.over = limits, walls, False
        self.came = asyncio.Event()
        setup = settings("", {}, limits, walls)
        (out, out_in), (err, err_in), (report, report_in) = os.pipe(), os.pipe(), os.pipe()
        with tempfile.TemporaryFile() as given:
            command = jailed(setup, given, report_in, SERVING)
            try:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=out_in, stderr=err_in, pass_fds=(given.fileno(), report_in),
                    env=ENVIRONMENT, cwd="/", start_new_session=True, bufsize=0,
                )  # fmt: skip
            finally:
                for descriptor in (out_in, err_in, report_in):
                    os.close(descriptor)
        most = limits.output
        self.out, self.err, self.report = (Stream(fd, most, self.came.set) for fd in (out, err, report))
        for stream in (self.out, self.err, self.report):
            stream.begin()

    async def line(self, seconds: float) -> str:
        """The next line of the report; "" when there was none in time, or the bench is gone or flooded."""
        deadline = asyncio.get_running_loop().time() + seconds
        while b"\n" not in self.report.kept:
            left = deadline - asyncio.get_running_loop().time()
            if self.report.closed or self.flooded or left <= 0:
                return ""
            self.came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.came.wait(), left)
        line, _, rest = bytes(self.report.kept).partition(b"\n")
        self.report.kept[:] = rest
        return line.decode("utf-8", "replace")

    @property
    def flooded(self) -> bool:
        return self.out.flooded or self.err.flooded

    async def opened(self) -> None:
        said = await self.line(START)
        if said != "open":
            why = said.removeprefix("refused ") or self.err.taken() or "nothing was said"
            self.end()
            raise NoIsolation(f"the sandbox ({self.walls}) did not start: {why}")

    async def run(self, code: str, limits: Limits) -> Ran:
        """One program, from the walls around it to the end of all that is left of it."""
        begun = perf_counter()
        program = code.encode("utf-8", "backslashreplace")
        header = f"{len(program)} {limits.seconds}".encode()
        given = asyncio.get_running_loop().run_in_executor(None, self.give, header.ljust(HEADER - 1) + b"\n" + program)
        said = await self.line(START)
        if said != "ready":
            self.end()
            await asyncio.gather(given, return_exceptions=True)
            raise NoIsolation(f"the sandbox ({self.walls}) did not take a program: {said or 'it is gone'}")
        await given
        ready = perf_counter()
        said = await self.line(limits.seconds + START)
        self.out.read()  # whatever it wrote is in the pipe by now
        self.err.read()
        flooded = self.flooded
        if flooded or not said:
            self.end()
        why, _, status = said.partition(" ")
        exit_code = os.waitstatus_to_exitcode(int(status)) if status else None
        out, err = self.out.taken(), self.err.taken()
        reason = reason_of(why, exit_code, flooded, err)
        return Ran(out, err, exit_code, reason, perf_counter() - ready, ready - begun, self.walls)

    def give(self, data: bytes) -> None:
        pipe = self.process.stdin
        assert pipe
        with suppress(BrokenPipeError):
            while data:
                data = data[pipe.write(data) :]

    def end(self) -> None:
        """End the bench and whoever is on it; nothing is left when this returns."""
        if self.over:
            return
        self.over = True
        loop = asyncio.get_running_loop()
        for stream in (self.out, self.err, self.report):
            loop.remove_reader(stream.descriptor)
            os.close(stream.descriptor)
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        if self.process.stdin:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(sandbox.STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def reason_of(why: str, code: int | None, flooded: bool, stderr: str) -> Reason:
    """Why a program ended, in one word."""
    if flooded:
        return "output"
    if why == "late" or code == -signal.SIGXCPU:
        return "timeout"
    return "disk" if why == "disk" else sandbox.ended(code, stderr)
