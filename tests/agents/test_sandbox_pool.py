"""A bench holds many programs one after another: each of them is contained as it is alone, and none meets another."""

# ruff: noqa: E501  programs as single lines
import asyncio

import pytest

from manyminds.agents import sandbox_pool
from manyminds.agents.sandbox import Isolation, Limits, isolation, run, trial
from manyminds.agents.sandbox_pool import Pool
from manyminds.core import BadInput

pytestmark = pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")


ATTACKS = {
    "fork": "import os\nos.fork()",
    "start": "import subprocess\nsubprocess.run(['/bin/true'])",
    "network": "import socket\nsocket.socket(socket.AF_INET)",
    "signals": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "all signals": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "files": "print(open('/etc/passwd').read())",
    "writing": "open('/usr/x', 'w')",
    "tracing": "import ctypes\nif ctypes.CDLL(None).ptrace(16, 1, 0, 0) < 0: raise OSError('no')",
    "limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "memory of another": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')",
    "descriptors": "import os\nfor fd in range(3, 200):\n    try: os.fstat(fd)\n    except OSError: continue\n    print('open', fd)\nraise SystemExit(1)",
    "standard input": "import sys\nraise SystemExit(1 if sys.stdin.read() == '' else 0)",
}  # fmt: skip


@pytest.mark.parametrize("walls", ["namespaces", "landlock"])
async def test_a_bench_contains_what_a_sandbox_contains(walls, monkeypatch):
    if wrong := trial(walls):
        pytest.skip(f"{walls}: {wrong}")
    monkeypatch.setattr(sandbox_pool, "isolation", lambda: Isolation(walls, ""))
    async with Pool(1) as pool:
        for name, code in ATTACKS.items():
            ran = await pool.run(code)
            assert ran.exit != 0 and "root:" not in ran.stdout and "open" not in ran.stdout, (name, ran)
            alone = await run(code, walls=walls)
            assert (ran.exit == 0) == (alone.exit == 0), (name, alone)
        left = await pool.run("import os, pathlib, tempfile\npathlib.Path('x').write_text('1')\ntempfile.mkdtemp()\n"
                              "os.chmod('.', 0)")  # fmt: skip
        assert left.ok or walls == "namespaces"
        seen = await pool.run("import os\nprint(sorted(os.listdir('.')))")
        assert seen.stdout == "['program.py']\n", seen
        disk = await pool.run("for i in range(100):\n    open(str(i), 'w').write('x' * 10**6)")
        assert disk.reason == "disk", disk
        assert (await pool.run("import threading\nthreading.Thread(target=lambda: print(1)).start()")).stdout == "1\n"
        await asyncio.gather(*(pool.run("print(1)") for _ in range(4)))


async def test_nothing_of_an_earlier_program_is_in_memory():
    """Neither its text nor what it printed is among the objects that a later one inherits."""
    look = """
import gc
half, other = 's3cr3t-of-', 'another-program'
def seen(x, depth=0):
    if isinstance(x, (str, bytes)):
        return (half + other) in (x if isinstance(x, str) else x.decode('latin-1'))
    inner = x if isinstance(x, (list, tuple, set)) else [*x.keys(), *x.values()] if isinstance(x, dict) else ()
    return depth < 3 and any(seen(one, depth + 1) for one in list(inner))
print(any(seen(one) for one in gc.get_objects()))
"""
    async with Pool(1) as pool:
        assert (await pool.run("x = 's3cr3t-of-another-program'\nprint(x)\n" + look)).stdout.endswith("True\n")
        assert (await pool.run(look)).stdout == "False\n"


async def test_a_cancelled_program_is_ended_and_the_pool_goes_on():
    async with Pool(1) as pool:
        task = asyncio.create_task(pool.run("while True: pass"))
        await asyncio.sleep(0.4)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await pool.run("print(2)")).stdout == "2\n"


async def test_a_flood_ends_the_bench_and_another_takes_its_place():
    async with Pool(1, Limits(output=10_000)) as pool:
        flooded = await pool.run("while True: print('x' * 1000)")
        assert flooded.reason == "output" and len(flooded.stdout) == 10_000
        assert (await pool.run("print(1)")).stdout == "1\n"


async def test_time_memory_and_exits_are_told_as_alone():
    cases = {"while True: pass": "timeout", "x = 'a' * 10**12": "memory", "raise SystemExit(3)": "failed",
             "import ctypes\nctypes.string_at(0)": "killed", "print(1)": "finished", "": "finished"}  # fmt: skip
    async with Pool(2, Limits(seconds=1.0)) as pool:
        for code, reason in cases.items():
            pooled, alone = await pool.run(code), await run(code, limits=Limits(seconds=1.0))
            assert pooled.reason == alone.reason == reason, (code, pooled, alone)
            assert (pooled.stdout, pooled.exit) == (alone.stdout, alone.exit) or reason == "timeout"


async def test_where_bubblewrap_is_the_strongest_the_same_walls_are_built_or_each_program_is_alone(monkeypatch):
    monkeypatch.setattr(sandbox_pool, "isolation", lambda: Isolation("bubblewrap", ""))
    if sandbox_pool.stands("namespaces"):
        async with Pool(1) as pool:
            assert pool.walls == "namespaces" and (await pool.run("print(1)")).stdout == "1\n"
    monkeypatch.setattr(sandbox_pool, "stands", lambda walls: False)
    async with Pool(1) as pool:
        assert pool.walls == "bubblewrap" and (await pool.run("print(1)")).stdout == "1\n" and not pool.benches


def test_a_pool_is_for_single_processes():
    with pytest.raises(BadInput, match=r"sandbox\.run"):
        Pool(limits=Limits(processes=3, memory=1 << 30))
