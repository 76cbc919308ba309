"""How fast the theory of games runs: deviations with memory beside a NumPy loop, hiring programs, small equilibria."""

import argparse
from time import perf_counter

import jax
import numpy as np

from manyminds.learning.no_regret import self_play
from manyminds.theory.hiring import program, solve
from manyminds.theory.hiring_instances import random_instance
from manyminds.theory.history_deviations import Others, facing, logarithms, sampled
from manyminds.theory.named_games import SHAPLEY, random_game
from manyminds.theory.normal_form import equilibria


def by_numpy(others: Others, rng: np.random.Generator, samples: int) -> float:
    """The same deviation in a plain NumPy loop over samples and stages."""
    count, stages, joint = others.policies.shape
    logs, total = logarithms(others.policies), 0.0
    for force in rng.integers(count, size=samples):
        weights = np.zeros(count)
        for h in range(stages):
            belief = np.exp(weights - weights.max())
            expected = belief @ others.policies[:, h] / belief.sum()
            total += (others.table @ expected).max()
            weights += logs[:, h, rng.choice(joint, p=others.policies[force, h])]
    return float(total / samples / stages)


def deviations(episodes: int, stages: int, samples: int, few: int) -> None:
    played = self_play(SHAPLEY, episodes, starts=list(np.random.default_rng(0).normal(0, 0.1, (2, 3))))
    rows = (np.asarray(p, float) for p in played)
    policies = tuple(np.repeat((p / p.sum(axis=1, keepdims=True))[:, None], stages, axis=1) for p in rows)
    size = f"T={episodes}, H={stages}, {samples} samples, both players"
    for call in ("with compilation", "compiled"):
        start = perf_counter()
        ours = [sampled(facing(SHAPLEY, policies, i), jax.random.key(i), samples).value for i in range(2)]
        spent = perf_counter() - start
        print(f"posterior deviation, {size}, {call}: {spent:.2f} s")
    start = perf_counter()
    theirs = [by_numpy(facing(SHAPLEY, policies, i), np.random.default_rng(i), few) for i in range(2)]
    loop = (perf_counter() - start) * samples / few
    print(f"  NumPy loop: {loop:.0f} s ({few} samples, scaled); ratio {loop / spent:.0f}; values {ours} and {theirs}")


def hiring() -> None:
    sizes = [
        (1, 4, 4),
        (2, 2, 2),
        (2, 4, 4),
        (2, 8, 8),
        (3, 2, 2),
        (3, 3, 3),
        (3, 5, 5),
        (4, 2, 2),
        (4, 3, 3),
        (4, 3, 4),
    ]
    for agents, efforts, signals in sizes:
        instance = random_instance(np.random.default_rng(0), "common noise", agents, efforts, signals)
        start = perf_counter()
        lp = program(instance)
        built = perf_counter() - start
        found = solve(instance)
        spent = perf_counter() - start - built
        print(f"hiring, {agents} agents x {efforts} efforts x {signals} signals: {lp.upper.shape[1]:,} variables, "
              f"{lp.upper.shape[0]:,} rows, {spent:.2f} s, value {found.value:.4f}")  # fmt: skip


def games() -> None:
    for size, count in ((2, 144), (3, 100), (5, 20), (8, 3)):
        some = [random_game(np.random.default_rng(k), size, size) for k in range(count)]
        start = perf_counter()
        found = sum(len(equilibria(game)) for game in some)
        print(f"equilibria of {count} random {size} x {size} games: {perf_counter() - start:.3f} s, {found} found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=20, help="samples of the NumPy loop")
    parser.add_argument("--small", action="store_true", help="a quick look")
    options = parser.parse_args()
    if options.small:
        deviations(100, 32, 200, options.few)
    else:
        deviations(1000, 256, 2000, options.few)
    hiring()
    games()


if __name__ == "__main__":
    main()
