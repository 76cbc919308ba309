"""What a calibrated city is for: is an archetype as good as everybody, what if, and does more context help?"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import BadInput, Seeds
from manyminds.papers.agenttorch.architectures import PAYMENTS, SHARE, TRUE_R, Observed, monthly
from manyminds.papers.agenttorch.living import MONTH, WEEK, Plan, Town, lived, own_levels, sight
from manyminds.papers.agenttorch.minds import CONTEXTS, Planted, Rule
from manyminds.worlds.populations.engine import Simulation
from manyminds.worlds.populations.epidemic import Epidemic


class Equivalence(BaseModel, frozen=True):
    """Daily incidence under archetypes and under a mind an agent, with the same p: (runs, days) each."""

    archetypes: list[list[int]]
    everybody: list[list[int]]
    archetype_queries: int  # a decision time
    agent_queries: int
    p_value: float


async def equivalence(town: Town, runs: int, weeks: int, repeats: int, seeds: Seeds, rule: Rule) -> Equivalence:
    """Every agent answers for itself every day, on the host, or draws from its archetype's p inside the simulation."""
    plan = Plan(np.array([TRUE_R]), 0.005, averaged=False)
    curves: dict[str, list[list[int]]] = {"archetypes": [], "everybody": []}
    for i in range(runs):
        truth = Planted(rule, town.levels, 0, seeds)
        life = await lived(town, Epidemic(), truth, plan, weeks, seeds.child("archetypes", i))
        curves["archetypes"].append(life.cases.sum(1).astype(int).tolist())
        curves["everybody"].append(everybody(town, plan, weeks, seeds.child("everybody", i), rule))
    p = same_curves(np.array(curves["archetypes"]), np.array(curves["everybody"]), seeds)
    return Equivalence(
        **curves, archetype_queries=town.archetypes.count * repeats, agent_queries=town.agents, p_value=p
    )


def everybody(town: Town, plan: Plan, weeks: int, seeds: Seeds, rule: Rule) -> list[int]:
    """New cases by day when each agent is a mind of its own."""
    world, levels = Epidemic(), own_levels(town)
    place = town.place._replace(archetype=jnp.arange(town.agents, dtype=jnp.uint32))
    state = world.seeded(place, plan.share, seeds.jax("seeds"))
    simulation = Simulation(world.dynamics(), place, state, seeds.jax("days"), weeks * WEEK)
    rng, p = seeds.numpy("answers"), np.zeros(town.agents)
    for day in range(weeks * WEEK):
        if day % WEEK == 0:
            past = simulation.daily["cases"].sum(1) if simulation.daily else np.zeros(0)
            p = rule.isolate(levels, sight(past, day // WEEK, plan, town))
        yes = (rng.random(town.agents) < p).astype(np.float32)
        simulation.forward(world.policy(plan.reproduction, yes, town.agents, fatality=plan.fatality))
    found: list[int] = simulation.daily["cases"].sum(1).tolist()
    return found


def same_curves(a: np.ndarray, b: np.ndarray, seeds: Seeds, resamples: int = 1999) -> float:
    """p-value that two sets of curves, (runs, days), are of one law: squared difference of the mean curves, days in
    units of their spread, against shuffled runs."""
    together, rng = np.concatenate([a, b]).astype(float), seeds.numpy("shuffle")
    spread = np.maximum(together.std(0), 1e-9)

    def gap(rows: np.ndarray) -> float:
        return float((((rows[: len(a)].mean(0) - rows[len(a) :].mean(0)) / spread) ** 2).sum())

    real = gap(together)
    return (1 + sum(gap(rng.permutation(together)) >= real for _ in range(resamples))) / (resamples + 1)


class WhatIf(BaseModel, frozen=True):
    """One counterfactual on one seed; all of a seed share their draws. `peak_day` counts from the start."""

    seed: int
    name: str
    isolation: float  # mean share at home
    cases: float  # share of the people, over the wave
    peak: float  # share of the people on the worst day
    peak_day: int
    curve: list[float]


# R and weeks since the disease came, at the start of a wave.
WHAT_IFS = {
    "Delta": (3.5, 60),
    "Delta, 30 weeks more of fatigue": (3.5, 90),
    "Omicron at Delta's time": (6.5, 60),
    "Omicron": (6.5, 90),
}
TIRING = Rule(base=1.2, fatigue=0.12)  # the same rule, slower to tire, so that a year and a half can be told apart


async def what_ifs(town: Town, weeks: int, repeats: int, seeds: Seeds, number: int) -> list[WhatIf]:
    """Every counterfactual of one seed, all under the same random draws."""
    found = []
    for name, (reproduction, offset) in WHAT_IFS.items():
        mind = Planted(TIRING, town.levels, repeats, seeds)
        plan = Plan(np.array([reproduction]), 0.003, offset=offset)
        life = await lived(town, Epidemic(), mind, plan, weeks, seeds)
        daily = life.cases.sum(1) / (town.agents * town.scale)
        found.append(WhatIf(seed=number, name=name, isolation=float(life.home.mean()), cases=float(daily.sum()),
                            peak=float(daily.max()), peak_day=int(daily.argmax()), curve=daily.tolist()))  # fmt: skip
    return found


class Context(BaseModel, frozen=True):
    """Correlation by borough of changes in the share willing to work, under prompts that show so much."""

    context: str
    seed: int
    correlations: list[float]


async def contexts(town: Town, seen: Observed, repeats: int, seeds: Seeds, rule: Rule, number: int) -> list[Context]:
    """The same city under prompts of growing context, against the observed participation by borough."""
    found = []
    for context in CONTEXTS:
        mind = Planted(rule, town.levels, repeats, seeds, context)
        plan = Plan(np.array([TRUE_R]), SHARE, PAYMENTS)
        life = await lived(town, Epidemic(), mind, plan, len(seen.cases), seeds.child("context"))
        ours, theirs = (np.diff(x, axis=0) for x in (monthly(life.willing), seen.participation))
        found.append(Context(context=context, seed=number, correlations=columnwise(ours, theirs)))
    return found


def columnwise(a: np.ndarray, b: np.ndarray) -> list[float]:
    """Pearson's correlation of each column of `a` with that of `b`."""
    return [float(np.corrcoef(x, y)[0, 1]) for x, y in zip(a.T, b.T)]


def followed(given: dict[str, np.ndarray], boroughs: tuple[str, ...], lives: list[Any]) -> dict[str, list[float]]:
    """By borough, for each life: the correlation of monthly changes in the share unwilling to work with those of a
    published rate of unemployment; months are compared in order, as many as both have (at least 3)."""
    found: dict[str, list[float]] = {}
    for b, name in enumerate(boroughs):
        for willing in lives if name in given else []:
            share = np.asarray(willing)[: len(willing) // MONTH * MONTH, b]
            unwilling = 1 - monthly(share)
            months = min(len(unwilling), len(given[name]))
            if months < 3:
                raise BadInput(f"{months} months of {name} cannot be compared; let the city live longer (days)")
            found.setdefault(name, []).append(columnwise(np.diff(unwilling[:months])[:, None],
                                                         np.diff(given[name][:months])[:, None])[0])  # fmt: skip
    return found
