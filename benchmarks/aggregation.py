"""What layers cost: questions a second without latency, waiting for slow proposers, and Vendi scores in one batch.

The server is a process of its own (`tests/server.py`). With a delay, six proposers and the aggregator must take the
time of two calls and not of seven. Vendi scores of small kernels are computed in one batch and, where it is installed,
one by one with the package `vendi-score`.
"""

import argparse
import asyncio
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from manyminds.conversations.layers import Mixture
from manyminds.conversations.methods import Minds, Question
from manyminds.core.diversity import vendi
from manyminds.models.door import Door
from manyminds.models.endpoint import Endpoint


async def seconds(url: str, questions: int) -> float:
    """Wall time of two-layer Self-MoA with six samples on `questions` questions, one after another."""
    endpoint = Endpoint(url, "fake")
    minds = Minds(Door(concurrency=16).open(endpoint))
    try:
        await Mixture()(Question("warm up"), minds, "first")
        start = perf_counter()
        for i in range(questions):
            await Mixture()(Question(f"question {i}"), minds, "r")
        return perf_counter() - start
    finally:
        await endpoint.close()


def served(delay: float, questions: int) -> float:
    program = Path(__file__).parents[1] / "tests" / "server.py"
    server = subprocess.Popen([sys.executable, str(program), "--delay", str(delay)], stdout=subprocess.PIPE, text=True)
    try:
        return asyncio.run(seconds(server.stdout.readline().strip(), questions))
    finally:
        server.terminate()
        server.wait()


def kernels(count: int, n: int = 6) -> np.ndarray:
    rows = np.random.default_rng(0).random((count, n, 4))
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows @ rows.swapaxes(1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--kernels", type=int, default=100_000)
    options = parser.parse_args()
    quick = served(0.0, options.questions)
    print(f"server without latency: {options.questions / quick:.0f} questions/s (7 calls each)")
    slow = served(options.delay, 5) / 5 / options.delay
    print(f"server with {options.delay} s: {slow:.2f} latencies a question (2 if proposers wait together, 7 if not)")
    made = kernels(options.kernels)
    start = perf_counter()
    ours = vendi(made)
    took = perf_counter() - start
    print(f"Vendi, {options.kernels:,} kernels of 6: {took:.2f} s in one batch")
    try:
        from vendi_score.vendi import score_K
    except ImportError:
        print("vendi-score is not installed here")
        return
    some = made[: min(5000, len(made))]
    start = perf_counter()
    theirs = [score_K(kernel) for kernel in some]
    each = (perf_counter() - start) / len(some)
    apart, whole = np.abs(ours[: len(some)] - theirs).max(), each * len(made)
    print(f"vendi-score: {whole:.2f} s for as many; ratio {whole / took:.0f}; largest difference {apart:.1e}")


if __name__ == "__main__":
    main()
