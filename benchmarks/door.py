"""What the door costs: calls through it, recorded in a store, against a bare `openai` client on the same fake server.

The server is a process of its own (`tests/server.py`) that answers after 50 ms; both sides keep 64 calls in flight. The
order alternates, so that a machine that grows slower or faster favours neither. Both figures are ratios or differences
within one run: wall time of the door over that of the client, and CPU time of this process a call beyond the client's.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from manyminds.core import Whole
from manyminds.lab.store import Store
from manyminds.models.door import Door
from manyminds.models.endpoint import Endpoint
from manyminds.models.request import Request, user

PROMPT = "There are 100 tonnes of fish in the lake and five of you. " * 20 + "How many do you catch?"


class Cost(NamedTuple):
    wall: float  # seconds for all calls
    cpu: float  # seconds of this process for all calls


async def measured(call: Callable[[int], Awaitable[object]], calls: int, concurrency: int) -> Cost:
    """The cost of `calls` calls with `concurrency` workers, after a few that open the connections."""
    left = iter(range(concurrency, calls + concurrency))

    async def worker() -> None:
        for n in left:
            await call(n)

    await asyncio.gather(*(call(n) for n in range(concurrency)))
    wall, cpu = perf_counter(), process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return Cost(perf_counter() - wall, process_time() - cpu)


async def bare(url: str, calls: int, concurrency: int) -> Cost:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def call(n: int) -> object:
            return await client.chat.completions.create(
                model="fake", messages=[{"role": "user", "content": f"{PROMPT} ({n})"}], temperature=0, max_tokens=64
            )

        return await measured(call, calls, concurrency)


async def through_the_door(url: str, calls: int, concurrency: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "calls.db") as store:
        recorder, endpoint = store.recorder("benchmark"), Endpoint(url, "fake")
        model = Door(recorder, concurrency=concurrency).open(endpoint)

        async def call(n: int) -> object:
            return await model.complete(
                Request((user(f"{PROMPT} ({n})"),), max_tokens=64, output=Whole(0, 100), repeat=str(n))
            )

        try:
            return await measured(call, calls, concurrency)
        finally:
            await endpoint.close()
            recorder.close()
            assert store.counted_calls("benchmark") == calls + concurrency, "a call is missing from the record"


SIDES = {"bare client": bare, "door": through_the_door}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--delay", type=float, default=0.05)
    options = parser.parse_args()
    program = Path(__file__).parents[1] / "tests" / "server.py"
    server = subprocess.Popen(
        [sys.executable, str(program), "--delay", str(options.delay)], stdout=subprocess.PIPE, text=True
    )
    try:
        url = server.stdout.readline().strip()
        found: dict[str, list[Cost]] = {side: [] for side in SIDES}
        for repeat in range(options.repeats):
            for side in sorted(SIDES, reverse=repeat % 2 == 1):
                found[side].append(asyncio.run(SIDES[side](url, options.calls, options.concurrency)))
    finally:
        server.terminate()
        server.wait()
    report(found, options.calls)


def report(found: dict[str, list[Cost]], calls: int) -> None:
    for side, costs in found.items():
        walls, cpus = zip(*costs)
        rate, cpu = calls / median(walls), 1e3 * median(cpus) / calls
        print(f"{side:12} {median(walls):6.2f} s, {rate:6.0f} calls/s, {cpu:.2f} ms of CPU a call (medians)")
    pairs = list(zip(found["door"], found["bare client"]))
    ratios = sorted(door.wall / client.wall for door, client in pairs)
    beyond = sorted(1e3 * (door.cpu - client.cpu) / calls for door, client in pairs)
    print(f"wall, door over client: {median(ratios):.3f} (from {ratios[0]:.3f} to {ratios[-1]:.3f}; target 1.15)")
    print(f"CPU beyond the client: {median(beyond):.2f} ms a call ({beyond[0]:.2f} to {beyond[-1]:.2f}; target 1 ms)")


if __name__ == "__main__":
    main()
