"""How long a person waits before the program does anything: wall time of a fresh interpreter, and what takes it.

Each figure is the median of some fresh processes, beside a bare interpreter. The first start after an installation also
compiles byte code and is left out.
"""

import argparse
import subprocess
import sys
from statistics import median
from time import perf_counter

COMMAND = "import sys; sys.argv = ['manyminds', *{words!r}]; from manyminds.lab.command import main; main()"
STARTS = {
    "python -c pass": "pass",
    "import manyminds": "import manyminds",
    "import manyminds.core": "import manyminds.core",
    "manyminds --help": COMMAND.format(words=["--help"]),
    "manyminds list": COMMAND.format(words=["list"]),
}
TARGET = 0.5  # seconds


def seconds(code: str, repeats: int) -> list[float]:
    """Wall times of `repeats` fresh interpreters that run `code`, after one that is not counted."""
    found = []
    for _ in range(repeats + 1):
        start = perf_counter()
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        found.append(perf_counter() - start)
    return found[1:]


def slowest(code: str, count: int) -> list[tuple[float, float, str]]:
    """The `count` imports that take longest by themselves: (own ms, ms with what they import, name)."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
    named = [(own.strip(), total.strip(), name.strip()) for own, total, name in rows]
    timed = [(int(own) / 1e3, int(total) / 1e3, name) for own, total, name in named if own.isdigit()]
    return sorted(timed, reverse=True)[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--worst", type=int, default=8)
    options = parser.parse_args()
    bare = None
    for name, code in STARTS.items():
        found = seconds(code, options.repeats)
        middle = median(found)
        bare = bare or middle
        print(f"{name:24} {middle:.3f} s (from {min(found):.3f} to {max(found):.3f}), {middle / bare:4.1f} times bare")
    print(f"target: {TARGET} s each")
    for name in ("manyminds --help", "manyminds list"):
        print(f"\nslowest imports of `{name}`, in ms: alone, with what they import")
        for own, total, module in slowest(STARTS[name], options.worst):
            print(f"{own:8.1f} {total:8.1f}  {module}")


if __name__ == "__main__":
    main()
