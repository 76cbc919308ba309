"""How fast the commons runs: society-months a second on arrays, and turns a second in the Python loop."""

import asyncio
from time import perf_counter

import jax
import jax.numpy as jnp

from manyminds.agents.commoners import Matches, Noisy, Takes
from manyminds.core import Seeds, play
from manyminds.worlds.games.commons import Commons
from manyminds.worlds.games.commons_arrays import Rules, societies, stochastic
from manyminds.worlds.games.commons_arrays import seats as society_of

MIXED = [("noisy", 2.0), ("noisy", 2.0), ("takes", 10.0), ("matches", 10.0), ("fair_share", 0.0)]
MINDS = (Noisy(2.0), Noisy(2.0), Takes(10), Matches(10), Takes(10))


def best(work, repeats=3):
    """Seconds of the fastest of some calls, after one that compiles."""
    jax.block_until_ready(work())
    times = []
    for _ in range(repeats):
        start = perf_counter()
        jax.block_until_ready(work())
        times.append(perf_counter() - start)
    return min(times)


def arrays(count: int, minds: list[tuple[str, float]], rules: Rules) -> float:
    """Society-months a second: only months with a harvest are counted."""
    keys, seats = jax.random.split(jax.random.key(1), count), society_of(minds)
    begun = int(societies(keys, seats, rules).survived.sum())
    return begun / best(lambda: societies(keys, seats, rules))


def allocations(count: int, wish: int = 60) -> float:
    """Full pools divided a second, unit by unit, with five members who all want most of it."""
    keys = jax.random.split(jax.random.key(2), count)
    divide = jax.jit(jax.vmap(stochastic, in_axes=(None, None, 0)))
    wishes = jnp.full(5, wish, jnp.int16)
    return count / best(lambda: divide(jnp.int16(100), wishes, keys))


def python(runs: int) -> tuple[float, float]:
    """Society-months and turns a second of `play` with rule agents."""
    world = Commons(tuple("abcde"))
    agents = dict(zip(world.members, MINDS))
    start, months, turns = perf_counter(), 0, 0
    for i in range(runs):
        played = asyncio.run(play(world, agents, Seeds(i)))
        months, turns = months + played.outcome.months, turns + played.turns
    spent = perf_counter() - start
    return months / spent, turns / spent


def main() -> None:
    slow, turns = python(100)
    print(f"core.play: {slow:,.0f} society-months/s, {turns:,.0f} turns/s")
    for name, minds, rules in (
        ("steady (ten each)", [("takes", 10.0)] * 5, Rules()),
        ("mixed rules", MIXED, Rules()),
        ("mixed, proportional", MIXED, Rules(allocation="proportional")),
        ("scarce every month (wishes of 90, nothing dies)", [("takes", 90.0)] * 5, Rules(growth=2, dead=-1, months=1)),
    ):
        fast = arrays(16384, minds, rules)
        print(f"arrays, {name}: {fast:,.0f} society-months/s, {fast / slow:,.0f} times core.play")
    print(f"arrays, stochastic division of 100 units alone: {allocations(65536):,.0f} a second")


if __name__ == "__main__":
    main()
