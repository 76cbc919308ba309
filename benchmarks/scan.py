"""The recurrence of a selective state space layer: scan, associative scan and attention beside a loop over positions.

All four give the same outputs (checked here); the loop is NumPy, one position after the other, as one would write it.
Forward pass alone, float32, one decay rate a channel so that the form as attention exists.
"""

import argparse
from time import perf_counter

import jax
import numpy as np

from manyminds.networks import selective


def looped(x: np.ndarray, step: np.ndarray, rates: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    h, out = np.zeros(rates.shape, x.dtype), np.empty_like(x)
    for i in range(len(x)):
        h = np.exp(-rates * step[i][:, None]) * h + (step[i] * x[i])[:, None] * b[i]
        out[i] = h @ c[i]
    return out


def best(work, repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        jax.block_until_ready(work())
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--states", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    rng, d, n = np.random.default_rng(0), options.channels, options.states
    print(f"{d} channels, {n} states; milliseconds a sequence, and how many times faster than the loop")
    for length in (128, 512, 2048):
        x, b, c = (rng.normal(size=size).astype(np.float32) for size in ((length, d), (length, n), (length, n)))
        step = rng.uniform(0.01, 0.2, (length, d)).astype(np.float32)
        rate = rng.uniform(0.5, 2, d).astype(np.float32)
        rates = np.repeat(rate[:, None], n, axis=1)
        forms = {"scan": (selective.scanned, rates), "associative scan": (selective.scanned_in_parallel, rates),
                 "attention": (selective.attended, rate)}  # fmt: skip
        slow = best(lambda args=(x, step, rates, b, c): looped(*args), 3)
        print(f"  length {length:5}: loop {slow * 1e3:8.2f}", end="")
        expected = looped(x, step, rates, b, c)
        for name, (form, decay) in forms.items():
            compiled, args = jax.jit(form), (x, step, decay, b, c)
            np.testing.assert_allclose(compiled(*args), expected, rtol=2e-3, atol=2e-3)
            seconds = best(lambda f=compiled, a=args: f(*a), options.repeats)
            print(f"   {name} {seconds * 1e3:7.2f} ({slow / seconds:.1f})", end="")
        print()


if __name__ == "__main__":
    main()
