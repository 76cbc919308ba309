"""The sandbox: code of models runs here and nowhere else.

    ran = await run("print(6 * 7)")
    ran.stdout, ran.reason          # ("42\n", "finished")

One program is one process without a network, with a clean environment and a scratch folder that is gone afterwards; it
reads the standard library and the installed packages and nothing else, and it is bounded in time, memory, disk, output,
processes and threads. The walls are the strongest that really start on this machine (`isolation()` says which):

    bubblewrap   its namespaces and mounts, and within them what follows for `landlock`
    namespaces   the same walls built by ourselves: a root of our own in memory, own processes, network, IPC and host
    name
    landlock     Landlock for files (version 3 or later), seccomp for all other calls of the system, hard limits

Without any of these a program is refused, unless the caller asks for `unsafe=True` by name: then only the limits hold.

Under `landlock` alone the scratch folder is bounded by looking at it every 20 ms, so a program can fill some more
before it is ended, and files that it has removed but holds open count only against the limits on one file and on open
files.

What the walls do not hide: the time, the processor, the kernel's version, how much the machine has to do; under
`landlock` alone also names and sizes of files (not their content), since Landlock does not rule `stat`.
"""

import asyncio
import contextlib
import os
import re
import signal
import tempfile
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

from manyminds.agents.sandbox_walls import (
    ENVIRONMENT,
    START,
    STOP,
    Isolation,
    Limits,
    NoIsolation,
    Walls,
    isolation,
    jailed,
    settings,
    trial,
)

__all__ = ["Isolation", "Limits", "NoIsolation", "Ran", "Walls", "isolation", "run", "run_all", "trial"]

Reason = Literal["finished", "failed", "timeout", "memory", "disk", "output", "killed"]
NORMAL = Limits()


@dataclass(frozen=True)
class Ran:
    """What became of a program. `exit` is its exit status, negative for the signal that ended it.

    `reason` is "finished" after exit status 0 and "failed" after another one. A status is the program's own word: who
    judges a program by it must also see that the judge's last line was reached.
    """

    stdout: str
    stderr: str
    exit: int | None
    reason: Reason
    seconds: float  # on the clock, from the first line of the program to the end of everything in there
    startup: float  # seconds until its first line
    walls: Walls

    @property
    def ok(self) -> bool:
        return self.reason == "finished"


async def run(
    code: str,
    *,
    stdin: str = "",
    files: Mapping[str, str] | None = None,
    limits: Limits = NORMAL,
    walls: Walls | None = None,
    unsafe: bool = False,
) -> Ran:
    """Run `code` as the main program of a process of its own and wait until nothing of it is left.

    `files` are put into its scratch folder (relative names). `walls` asks for one kind of isolation instead of the
    strongest. A cancelled call ends the program first. Raises NoIsolation where nothing holds it and `unsafe` is not
    given, BadInput for limits or names that cannot be.
    """
    if walls is None:
        walls = (await asyncio.to_thread(isolation)).walls
    if walls == "none":
        if not unsafe:
            found = isolation()
            raise NoIsolation(f"code of models is refused here: {found.detail}; {'; '.join(found.missing)}")
        walls = "unsafe"
    if walls == "unsafe" and not unsafe:
        raise NoIsolation("walls='unsafe' isolates nothing; say unsafe=True as well if that is meant")
    setup = settings(code, files or {}, limits, walls)
    begun = perf_counter()
    with tempfile.TemporaryFile() as given:
        reading, writing = os.pipe()
        command = jailed(setup, given, writing)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, pass_fds=(given.fileno(), writing), env=ENVIRONMENT, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
    return await Running(process, reading, limits, walls, begun).watched(stdin.encode("utf-8", "backslashreplace"))


async def run_all(
    codes: Iterable[str], *, at_once: int = 0, limits: Limits = NORMAL, unsafe: bool = False
) -> list[Ran]:
    """Run several programs, `at_once` at a time (0: as many as there are processors), in the order given."""
    room = asyncio.Semaphore(at_once or os.cpu_count() or 1)

    async def one(code: str) -> Ran:
        async with room:
            return await run(code, limits=limits, unsafe=unsafe)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(code)) for code in codes]
    return [task.result() for task in tasks]


class Running:
    """One program while it runs: its streams, and the line in which the innermost process reports."""

    def __init__(
        self, process: asyncio.subprocess.Process, reading: int, limits: Limits, walls: Walls, begun: float
    ) -> None:
        self.process, self.limits, self.walls, self.begun = process, limits, walls, begun
        self.reading = reading
        self.ready, self.ended, self.flooded = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.lines: list[str] = []
        self.first_line = 0.0

    async def watched(self, stdin: bytes) -> Ran:
        assert self.process.stdout and self.process.stderr
        streams = [
            asyncio.create_task(self.collected(self.process.stdout)),
            asyncio.create_task(self.collected(self.process.stderr)),
        ]
        beside = [asyncio.create_task(self.fed(stdin)), asyncio.create_task(self.reports())]
        try:
            late = await self.too_late()
        finally:
            # Whatever happens to us, the program ends first. A second cancellation cannot break this off either.
            await uninterrupted(self.stop())
            for task in beside:
                task.cancel()
            texts, _ = await asyncio.gather(asyncio.gather(*streams), asyncio.gather(*beside, return_exceptions=True))
        over = perf_counter()
        refusal = next((line for line in self.lines if line.startswith("refused ")), None)
        if refusal or not self.first_line:
            said = refusal or f"refused: no program began within {START:.0f} s: {texts[1].decode('utf-8', 'replace')}"
            raise NoIsolation(f"the sandbox ({self.walls}) did not start: {said.removeprefix('refused ')}")
        out, err = (text.decode("utf-8", "replace") for text in texts)
        code, reason = self.verdict(late, err)
        return Ran(out, err, code, reason, over - self.first_line, self.first_line - self.begun, self.walls)

    async def too_late(self) -> bool:
        """Wait for the end, for too much output or for the end of its time; says whether it was the time."""
        async with contextlib.AsyncExitStack() as stack:
            tasks = [asyncio.create_task(event.wait()) for event in (self.ended, self.flooded)]
            stack.callback(lambda: [task.cancel() for task in tasks])
            begins = asyncio.create_task(self.ready.wait())
            stack.callback(begins.cancel)
            await asyncio.wait({begins, *tasks}, timeout=START, return_when=asyncio.FIRST_COMPLETED)
            if not self.ready.is_set():
                return False
            left = self.first_line + self.limits.seconds - perf_counter()
            done, _ = await asyncio.wait(tasks, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
            return not done

    async def collected(self, stream: asyncio.StreamReader) -> bytes:
        """The first bytes of a stream, up to the limit; what comes after is read and dropped."""
        kept = bytearray()
        while piece := await stream.read(1 << 16):
            room = self.limits.output - len(kept)
            kept += piece[:room]
            if len(piece) > room:
                self.flooded.set()
        return bytes(kept)

    async def fed(self, stdin: bytes) -> None:
        pipe = self.process.stdin
        assert pipe
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            pipe.write(stdin)
            await pipe.drain()
        pipe.close()

    async def reports(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(self.reading, "rb", 0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            while line := (await reader.readline()).decode("utf-8", "replace").strip():
                self.lines.append(line)
                if line == "ready":
                    self.first_line = perf_counter()
                    self.ready.set()
        finally:
            self.ended.set()
            transport.close()

    async def stop(self) -> None:
        """End the outermost process, which ends all others first."""
        with contextlib.suppress(ProcessLookupError):
            if self.process.returncode is None and not self.ended.is_set():
                self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def verdict(self, late: bool, stderr: str) -> tuple[int | None, Reason]:
        """The exit status, and in one word why the program ended."""
        statuses = [int(line.removeprefix("exit ")) for line in self.lines if line.startswith("exit ")]
        code = os.waitstatus_to_exitcode(statuses[0]) if statuses else None
        if late or code == -signal.SIGXCPU:
            return code, "timeout"
        if self.flooded.is_set():
            return code, "output"
        return code, "disk" if "disk" in self.lines else ended(code, stderr)


def ended(code: int | None, stderr: str) -> Reason:
    """In one word why a program ended that nobody ended: from its exit status and its last words."""
    last = stderr.rstrip().rpartition("\n")[2]
    if code == 0:
        return "finished"
    if code is None or code < 0:
        return "killed"
    if re.match(r"[\w.]*MemoryError\b", last):
        return "memory"
    return "disk" if re.match(r"OSError: \[Errno (27|28|122)\]", last) else "failed"


async def uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end even if we are cancelled meanwhile; the cancellation goes on afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
