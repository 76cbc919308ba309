"""How fast the donor game runs: rounds a second on arrays, in a plain NumPy loop, and turn by turn in Python."""

import asyncio
from time import perf_counter

import jax
import numpy as np

from manyminds.agents.donors import STOCKS, Genome, Giver, founder
from manyminds.core import Seeds, play
from manyminds.worlds.games import gift_arrays as arrays
from manyminds.worlds.games.gift import Gift
from manyminds.worlds.games.gift_schedules import alternating, swapped

SEEDS, PLAYERS, ROUNDS = 1000, 12, 24  # two games of twelve rounds
RULES = arrays.Rules(alternating())


def plain_numpy(first: np.ndarray, base: np.ndarray, slope: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A generation of reciprocators as one would write it in NumPy: a vector a round, a loop over rounds and seeds."""
    scores = np.zeros(PLAYERS)
    for rounds in (RULES.rounds, swapped(RULES.rounds)):
        owned, last = np.full(PLAYERS, 10.0), np.full(PLAYERS, np.nan)
        for pairs in rounds:
            donors, recipients = place[np.array(pairs)].T
            record = last[recipients]
            wanted = np.where(np.isnan(record), first[donors], base[donors] + slope[donors] * record)
            fraction = np.clip(wanted, 0, 1)
            gift = fraction * owned[donors]
            owned[donors] -= gift
            owned[recipients] += 2 * gift
            last[donors] = fraction
        scores += owned / 2
    return scores


def loop(generations: int) -> float:
    """Rounds a second of the NumPy loop."""
    rng = np.random.default_rng(0)
    first, base = rng.uniform(0.3, 0.7, PLAYERS), rng.normal(0, 0.05, PLAYERS)
    slope, place = rng.uniform(0.8, 1.1, PLAYERS), rng.permutation(PLAYERS)
    plain_numpy(first, base, slope, place)
    start = perf_counter()
    for _ in range(generations):
        plain_numpy(first, base, slope, place)
    return generations * ROUNDS / (perf_counter() - start)


@jax.jit
def generation(keys: jax.Array, genomes: Genome) -> jax.Array:
    return arrays.play(keys, genomes, RULES).score


def compiled(seeds: int, repeats: int = 20) -> tuple[float, float]:
    """Rounds a second on arrays (the fastest of some calls), and the seconds that compiling took."""
    keys = jax.random.split(jax.random.key(0), seeds)
    genomes = arrays.founders(keys, arrays.breed(STOCKS["reciprocal"]), PLAYERS)
    start = perf_counter()
    generation(keys, genomes).block_until_ready()
    compiling = perf_counter() - start
    times = []
    for _ in range(repeats):
        start = perf_counter()
        generation(keys, genomes).block_until_ready()
        times.append(perf_counter() - start)
    return seeds * ROUNDS / min(times), compiling


def turns(plays: int = 5) -> float:
    """Rounds a second of `play` with rule agents, texts rendered."""
    names = tuple(f"1_{i}" for i in range(PLAYERS))
    world, rng = Gift(names, alternating()), Seeds(0)("founders")
    agents = {name: Giver(founder(STOCKS["reciprocal"], rng)) for name in names}
    start = perf_counter()
    for root in range(plays):
        asyncio.run(play(world, agents, Seeds(root)))
    return plays * ROUNDS / (perf_counter() - start)


def main() -> None:
    slow = loop(300)
    fast, compiling = compiled(SEEDS)
    slow = max(slow, loop(300))  # the faster of two, before and after
    print(f"NumPy loop: {slow:,.0f} rounds/s of {PLAYERS} players, traces of one link")
    print(f"core.play: {turns():,.0f} rounds/s, traces of three links, every view rendered as text")
    print(
        f"arrays, {SEEDS} seeds at once, traces of three links: {fast:,.0f} rounds/s, {fast / slow:,.0f} times the loop"
    )
    print(f"(compiled in {compiling:.1f} s)")


if __name__ == "__main__":
    main()
