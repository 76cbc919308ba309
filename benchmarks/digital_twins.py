"""How fast wolves, sheep and grass live: our array world, seeds at once, beside a NumPy loop of the rules and mesa.

    python benchmarks/digital_twins.py --size 255 --ticks 1000 --seeds 3
    python benchmarks/digital_twins.py --mesa PYTHON      # one with mesa: its own wolf-sheep example, same densities

Mesa's example moves to a random neighbouring cell and keeps no headings, so its counts differ; its time is what a
loop over objects takes.
"""

import argparse
import subprocess
from time import perf_counter

import numpy as np

MESA = """
import sys, time
from mesa.examples.advanced.wolf_sheep.model import WolfSheep
size, ticks = int(sys.argv[1]), int(sys.argv[2])
share = size**2 / 255**2
kinds = dict(width=size, height=size, initial_sheep=round(2500 * share), initial_wolves=round(1250 * share),
             sheep_reproduce=.04, wolf_reproduce=.05, sheep_gain_from_food=4, wolf_gain_from_food=20, grass=True)
try:
    from mesa.examples.advanced.wolf_sheep.model import WolfSheepScenario
    model = WolfSheep(WolfSheepScenario(**kinds))
except ImportError:
    model = WolfSheep(**kinds)
start = time.perf_counter()
for _ in range(ticks):
    model.step()
print(time.perf_counter() - start)
"""


def moved(animals, size, rng):
    animals[:, 2] = (animals[:, 2] + rng.integers(0, 50, len(animals)) - rng.integers(0, 50, len(animals))) % 360
    ahead(animals, size)
    animals[:, 3] -= 1


def ahead(animals, size):
    angle = np.deg2rad(animals[:, 2])
    animals[:, 0] = (animals[:, 0] + np.cos(angle)) % size
    animals[:, 1] = (animals[:, 1] + np.sin(angle)) % size


def bred(animals, rate, size, rng):
    animals = animals[animals[:, 3] >= 0]
    bears = rng.random(len(animals)) < rate
    animals[bears, 3] /= 2
    child = animals[bears].copy()
    child[:, 2] = (child[:, 2] + 360 * rng.random(len(child))) % 360
    ahead(child, size)
    return np.concatenate([animals, child])


def patch(animals, size):
    return (animals[:, 0].astype(int) % size) * size + animals[:, 1].astype(int) % size


def ranks(place, rng):
    """A random rank of each among those of its place, from 0."""
    order = np.lexsort((rng.random(len(place)), place))
    first = np.searchsorted(place[order], place[order])
    found = np.empty(len(place), int)
    found[order] = np.arange(len(place)) - first
    return found


def numpy_loop(size, ticks, rng):
    """Arrays of (x, y, heading, energy) that grow and shrink; the counts after the last tick."""
    share = size**2 / 255**2
    wait = np.where(rng.random(size**2) < 0.5, -1, rng.integers(0, 30, size**2))
    herds = []
    for number, most in ((2500, 8), (1250, 40)):
        n = round(number * share)
        herds.append(np.column_stack([rng.random((n, 2)) * size, rng.random(n) * 360, rng.integers(0, most, n)]))
    sheep, wolves = herds
    for _ in range(ticks):
        moved(sheep, size, rng)
        at = patch(sheep, size)
        eats = (wait[at] == -1) & (ranks(at, rng) == 0)
        wait[at[eats]] = 30
        sheep[eats, 3] += 4
        sheep = bred(sheep, 0.04, size, rng)
        moved(wolves, size, rng)
        at, prey = patch(wolves, size), patch(sheep, size)
        count, packs = np.bincount(prey, minlength=size**2), np.bincount(at, minlength=size**2)
        wolves[ranks(at, rng) < count[at], 3] += 20
        sheep = sheep[ranks(prey, rng) >= packs[prey]]
        wolves = bred(wolves, 0.05, size, rng)
        wait = np.maximum(wait - 1, -1)
    return int((wait == -1).sum()), len(sheep), len(wolves)


def ours(size, ticks, seeds):
    """Seconds of the second call (compiled), and the last counts of each seed."""
    import jax
    import jax.numpy as jnp

    from manyminds.papers.digital_twins.grazing import removal_runs
    from manyminds.worlds.populations.predation import Predation

    args = Predation(size, by="share"), ticks, jnp.zeros((seeds, 3)), 1, jax.random.split(jax.random.key(0), seeds)
    compiled = removal_runs.lower(*args).compile()
    start = perf_counter()
    x = np.asarray(compiled(*args[2:])[0])
    return perf_counter() - start, x[:, -1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=255)
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--mesa", default="", help="a Python with mesa")
    given = parser.parse_args()
    seconds, last = ours(given.size, given.ticks, given.seeds)
    print(
        f"ours, {given.seeds} seeds at once: {seconds / given.seeds:.2f} s a seed; last counts {last.mean(0).round()}"
    )
    start = perf_counter()
    counts = numpy_loop(given.size, given.ticks, np.random.default_rng(0))
    print(f"NumPy loop: {perf_counter() - start:.2f} s a seed; last counts {counts}")
    if given.mesa:
        command = [given.mesa, "-c", MESA, str(given.size), str(given.ticks)]
        print(f"mesa: {float(subprocess.check_output(command, text=True)):.2f} s a seed")


if __name__ == "__main__":
    main()
