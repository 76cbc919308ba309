"""A point mass learns from comparisons of whole flights: four kinds of preferences, four ways to learn from them."""

from dataclasses import replace
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import preference_ppo as learning
from manyminds.learning.ppo import PPO
from manyminds.learning.preferences import Rater, preferences
from manyminds.learning.training import Keeper, over_seeds, trained
from manyminds.worlds.control.point_mass import LargerReturn, Path, PointMass, Regions, ShortStrides

Family = Literal["return", "noisy", "strides", "regions"]
REGIONS = 3
HELD_OUT = 64  # rollouts of every final policy
# Flights begin with a random speed where regions are compared: otherwise, once all flights end in one region, no
# rollout ever shows another, and nothing at all can be learnt from comparisons.
WORLDS = {"regions": PointMass(nudge=2.0)}
STEADY = PPO(steps=50, copies=32, step_size=1e-3, discount=1.0, entropy_weight=0.0, width=32)
# A game needs its own scale (no division by the deviation) and a step size that does not vanish.
INNER = {"regions": replace(STEADY, step_size=3e-3, annealed=False, standard=False)}


class Flown(BaseModel, frozen=True):
    """One family learnt by one method. The first axis of every list but the curves is seeds."""

    family: Family
    method: str
    returns: list[list[float]]  # of held-out rollouts of the last policy
    strides: list[list[float]]
    angles: list[list[float]]
    curve: list[list[float]]  # (chunks, seeds): mean return of the rollouts while learning
    steps: list[int]  # comparisons (or rollouts, for the true reward) up to the end of each chunk
    regions: list[list[float]]  # where the rollouts of all iterations ended, for the family of regions

    def path(self) -> Path:
        return Path(*(jnp.asarray(x, jnp.float32) for x in (self.returns, self.strides, self.angles)))


def rater(family: Family, flip: float) -> Rater:
    return {"return": LargerReturn(), "noisy": LargerReturn(flip), "strides": ShortStrides(),
            "regions": Regions()}[family]  # fmt: skip


def flown(
    family: Family, method: Any, seeds: Seeds, repeats: int, iterations: int, flip: float, keeper: Keeper | None = None
) -> dict[str, Any]:
    """Train `repeats` seeds at once."""
    world, judge = WORLDS.get(family, PointMass()), rater(family, flip)
    inner = replace(INNER.get(family, STEADY), updates=iterations)
    settings = learning.Settings(method=method, horizon=world.limit, inner=inner)
    first, own, fresh = (jax.random.split(seeds.jax(name), repeats) for name in ("start", "learn", "held out"))
    begun = over_seeds(lambda key: learning.start(settings, world, judge, key), first)
    chunk = max(iterations // 20, 1)
    end, curves = trained(learning.step(settings, world, judge), begun, own, iterations, chunk, keeper)
    facts = eqx.filter_jit(eqx.filter_vmap(lambda s, k: learning.judged(settings, world, judge, s, k, HELD_OUT)))(
        end, fresh
    )
    each = inner.copies * settings.opponents
    regions: list[list[float]] = []
    if family == "regions":
        # The last chunk may be shorter, so chunks are weighted by their length.
        weights = np.diff(np.concatenate([[0], curves.steps])) / iterations
        shares = [np.tensordot(weights, curves.values[f"region {i}"], 1) for i in range(REGIONS)]
        regions = np.stack(shares, -1).tolist()
    return Flown(
        family=family, method=method, returns=np.asarray(facts.value).tolist(),
        strides=np.asarray(facts.stride).tolist(), angles=np.asarray(facts.angle).tolist(),
        curve=curves.values["return"].tolist(), steps=(curves.steps * each).tolist(), regions=regions,
    ).model_dump()  # fmt: skip


def beats(first: Flown, second: Flown) -> list[float]:
    """Chance, seed by seed, that a held-out flight of the first is preferred to one of the second, without noise."""
    judge = rater(first.family, 0.0)
    chance = jax.vmap(lambda a, b: (1 + preferences(judge, a, b).mean()) / 2)(first.path(), second.path())
    return np.asarray(chance, float).tolist()


def pooled(one: Flown, pool: list[Flown]) -> list[float]:
    """Chance to win against a frozen pool: the held-out flights of every method and seed of the family."""
    judge = rater(one.family, 0.0)
    facts = Path(*(jnp.concatenate(parts).reshape(-1) for parts in zip(*(p.path() for p in pool))))
    chance = jax.vmap(lambda a: (1 + preferences(judge, a, facts).mean()) / 2)(one.path())
    return np.asarray(chance, float).tolist()


def exploited(shares: list[list[float]]) -> list[float]:
    """By how much the best region beats shares over regions, seed by seed."""
    table = np.array(Regions().table)
    return (table @ np.asarray(shares).T).max(0).tolist()


def last_regions(row: Flown) -> list[list[float]]:
    """Where the held-out flights of the last policies ended."""
    ends = np.asarray(jax.vmap(jax.vmap(Regions().region))(row.path()))
    return np.stack([(ends == i).mean(1) for i in range(REGIONS)], -1).tolist()


def reached(row: Flown, wanted: float) -> int | None:
    """Comparisons until the mean return of rollouts, over seeds, is at least `wanted`; None if it never is."""
    over = np.flatnonzero(np.mean(row.curve, axis=1) >= wanted)
    return row.steps[int(over[0])] if len(over) else None
