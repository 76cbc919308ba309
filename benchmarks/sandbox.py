"""How long generated code waits before its first line: each kind of isolation that holds here, beside a bare
interpreter.

`start` is the time from the call to the first line of the program, `whole` until nothing of it is left, both medians
over fresh programs one after another; `at once` is programs per second with as many at a time as there are processors.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from statistics import median
from time import perf_counter

from manyminds.agents.sandbox import isolation, run, trial


async def measured(walls: str, repeats: int):
    """(start ms, whole ms, programs per second) of programs that do nothing."""
    starts, wholes = [], []
    for i in range(repeats + 1):
        begun = perf_counter()
        ran = await run("pass", walls=walls)
        if i:
            starts.append(ran.startup)
            wholes.append(perf_counter() - begun)
    room, begun = asyncio.Semaphore(os.cpu_count() or 1), perf_counter()

    async def one():
        async with room:
            await run("pass", walls=walls)

    await asyncio.gather(*(one() for _ in range(repeats)))
    return median(starts) * 1e3, median(wholes) * 1e3, repeats / (perf_counter() - begun)


def bare(repeats: int, *flags: str) -> float:
    found = []
    for _ in range(repeats):
        begun = perf_counter()
        subprocess.run([sys.executable, *flags, "-c", "pass"], check=True)
        found.append(perf_counter() - begun)
    return median(found) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=50)
    repeats = parser.parse_args().repeats
    print(f"taken here: {isolation().detail}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<14}{'start ms':>10}{'whole ms':>10}{'programs/s':>12}")
    print(f"{'python':<14}{'':>10}{bare(repeats):>10.1f}")
    print(f"{'python -S -P':<14}{'':>10}{bare(repeats, '-S', '-P'):>10.1f}")
    for walls in ("bubblewrap", "namespaces", "landlock"):
        wrong = trial(walls)
        if wrong:
            print(f"{walls:<14}not here: {wrong}")
            continue
        start, whole, rate = asyncio.run(measured(walls, repeats))
        print(f"{walls:<14}{start:>10.1f}{whole:>10.1f}{rate:>12.1f}")


if __name__ == "__main__":
    main()
