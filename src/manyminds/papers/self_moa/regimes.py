"""When mixing wins: the exact map of half and half against the better one alone, beside its simulation."""

from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.core.statistics import mean
from manyminds.theory import plurality as theory
from manyminds.theory.plurality import Pair

RHOS, SECONDS = (0.0, 0.25, 0.5, 0.75, 1.0), (0.6, 0.5, 0.4, 0.3)


class Regime(BaseModel, frozen=True):
    """Gains of 3 + 3 over 6 of the better one, by gap in mean accuracy; where the gain is 0; and the simulated gains
    with their intervals (99.99 %: 120 of them are looked at)."""

    shared: bool
    rho: float
    gaps: list[float]
    gains: list[float]
    crossing: float
    simulated: list[tuple[float, float, float]]
    misses: int  # programme against simulation, item by item: intervals that exclude a difference of 0


def mapped(seeds: Seeds, items: int) -> list[dict[str, Any]]:
    return [regime(seeds.child(int(shared), i), shared, rho, items).model_dump()
            for shared in (False, True) for i, rho in enumerate(RHOS)]  # fmt: skip


def regime(seeds: Seeds, shared: bool, rho: float, items: int) -> Regime:
    gaps, gains, simulated, misses = [], [], [], 0
    for k, second in enumerate(SECONDS):
        pair, rng = Pair(0.6, second, rho, shared), seeds.numpy("votes", k)
        gaps.append(theory.mean_accuracy(0.6) - theory.mean_accuracy(second))
        gains.append(theory.gain(pair))
        (mixed, mixed_chance), (alone, alone_chance) = (theory.simulated(pair, m, items, rng) for m in (True, False))
        found = mean(mixed - alone, 0.9999)
        simulated.append((found.value, found.low, found.high))
        for drawn, chance in ((mixed, mixed_chance), (alone, alone_chance)):
            apart = mean(drawn - chance, 0.9999)
            misses += not apart.low <= 0 <= apart.high
    return Regime(shared=shared, rho=rho, gaps=gaps, gains=gains, crossing=theory.crossing(rho, shared),
                  simulated=simulated, misses=misses)  # fmt: skip


def inside(regimes: list[Regime]) -> tuple[int, int]:
    """(simulated gains whose interval holds the exact one, all of them)."""
    hits = [low <= gain <= high for r in regimes for gain, (_, low, high) in zip(r.gains, r.simulated)]
    return int(np.sum(hits)), len(hits)
