"""Seconds of a marginal in one call beside the chain of conditionals, and of a training step by each objective.

Both sides are compiled and run in this process on the same device; the first call, which compiles, is left out. With a
PyTorch that is installed the chain is timed there too, as a plain loop over the variables.
"""

import argparse
from time import perf_counter


def queries(sizes, batch, width):
    from manyminds.core import Seeds
    from manyminds.papers.mam.settings import SpeedSettings
    from manyminds.papers.mam.speed import Speed, timed

    for size in sizes:
        found = Speed(**timed(SpeedSettings(size=size, batch=batch, width=width), Seeds(0)))
        print(f"D={size:4d}  marginal {1000 * found.marginal:9.2f} ms  chain {1000 * found.chain:11.1f} ms  "
              f"ratio {found.ratio:8.1f}")  # fmt: skip


def in_torch(size, batch, width, repeats=3):
    """The same chain and one call in PyTorch, eager."""
    try:
        import torch
    except ImportError:
        print("torch    not installed")
        return
    layers = [torch.nn.Linear(3 * size, width)] + [torch.nn.Linear(width, width) for _ in range(2)]
    body = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.LeakyReLU())))
    marginal, conditional = (torch.nn.Sequential(body, torch.nn.Linear(width, outputs)) for outputs in (1, 2 * size))
    x = torch.randint(1, 3, (batch, size))

    def one_hot(x):
        return torch.nn.functional.one_hot(x, 3).float().flatten(1)

    def chain():
        total, seen = torch.zeros(batch), torch.zeros_like(x)
        for place in range(size):
            logits = conditional(one_hot(seen)).view(batch, size, 2)[:, place]
            total += logits.log_softmax(1).gather(1, x[:, place, None] - 1)[:, 0]
            seen[:, place] = x[:, place]
        return total

    with torch.inference_mode():
        times = []
        for work in (lambda: marginal(one_hot(x)), chain):
            work()
            start = perf_counter()
            for _ in range(repeats):
                work()
            times.append((perf_counter() - start) / repeats)
    one, many = times
    print(f"torch    marginal {1000 * one:9.2f} ms  chain {1000 * many:11.1f} ms  ratio {many / one:8.1f}")


def steps(length, count):
    from manyminds.core import Seeds
    from manyminds.papers.mam.lattices import Learnt, learnt
    from manyminds.papers.mam.settings import IsingSettings

    how = IsingSettings(length=length, steps=count, seeds=1, samples=10, subsets=10)
    for objective in ("marginals", "one conditional", "full chain"):
        found = Learnt(**learnt(objective, how, Seeds(0)))
        print(f"{length} x {length}  {objective:16s} {1000 * found.seconds:8.2f} ms a step")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[25, 100])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--lattice", type=int, default=4)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    queries(options.sizes, options.batch, options.width)
    in_torch(options.sizes[-1], options.batch, options.width)
    steps(options.lattice, options.steps)


if __name__ == "__main__":
    main()
