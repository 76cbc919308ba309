"""One life of a city: simulate a week, show the minds what happened, let them decide, simulate the next.

What the minds are told is made of the simulated cases and of nothing else; observed series never enter a prompt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from manyminds.core import Seeds
from manyminds.papers.agenttorch.minds import Answers, Mind, Sight
from manyminds.worlds.populations import labour
from manyminds.worlds.populations.archetypes import Archetypes, partition
from manyminds.worlds.populations.city import AGES, GENDERS, INCOMES, City, built, network
from manyminds.worlds.populations.contacts import packed
from manyminds.worlds.populations.engine import Simulation
from manyminds.worlds.populations.epidemic import Epidemic, Place, placed
from manyminds.worlds.populations.files import change

WEEK, MONTH = 7, 4  # days, weeks


@dataclass(frozen=True)
class Town:
    """A city ready to be simulated. `scale`: how many people each agent stands for."""

    city: City
    place: Place
    archetypes: Archetypes
    scale: float = 1.0

    @property
    def agents(self) -> int:
        return self.city.agents

    @property
    def levels(self) -> dict[str, np.ndarray]:
        """The levels of each archetype; those of attributes that archetypes do not tell apart are the first."""
        rows = [self.archetypes.levels(k) for k in range(self.archetypes.count)]
        return {name: np.array([row.get(name, 0) for row in rows]) for name in ("age", "gender", "income", "borough")}

    @property
    def people(self) -> list[dict[str, str] | None]:
        """What a prompt says of each archetype; None for those that nobody is of."""
        return [
            None if not self.archetypes.counts[k] else said(self.archetypes, k) for k in range(self.archetypes.count)
        ]


def said(archetypes: Archetypes, number: int) -> dict[str, str]:
    levels = archetypes.levels(number)
    told = {name: archetypes.labels[name][level] for name, level in levels.items()}
    return told | ({"income band": str(levels["income"])} if "income" in levels else {})


def town(
    agents: int, seeds: Seeds, attributes: tuple[str, ...] = ("age", "gender", "income"), contacts: str = "mixing",
    scale: float = 1.0,
) -> Town:  # fmt: skip
    """A made-up city with its contacts and archetypes."""
    city = built(agents, seeds)
    labels = {"age": AGES, "gender": GENDERS, "income": INCOMES, "borough": city.boroughs}
    columns = {name: getattr(city, name) for name in labels}
    archetypes = partition(columns, labels, attributes)
    layers = tuple(packed(layer) for layer in network(city, seeds, contacts))
    return Town(city, placed(city.age, city.borough, layers, archetypes.of), archetypes, scale)


def individuals(of: Town, count: int, seeds: Seeds) -> Town:
    """A town of `count` of the same people, each a mind of its own, with contacts made for so few."""
    chosen = np.sort(seeds.numpy("individuals").choice(of.agents, count, replace=False))
    city = City(*(column[chosen] for column in of.city[:7]), boroughs=of.city.boroughs)
    labels = {"agent": tuple(map(str, range(count)))}
    alone = partition({"agent": np.arange(count)}, labels, ("agent",))
    layers = tuple(packed(layer) for layer in network(city, seeds))
    place = placed(city.age, city.borough, layers, alone.of)
    return Town(city, place, alone, of.scale * of.agents / count)


def own_levels(of: Town) -> dict[str, np.ndarray]:
    """The levels of every agent, for minds that are one agent each."""
    return {name: np.asarray(getattr(of.city, name), int) for name in ("age", "gender", "income", "borough")}


class Plan(NamedTuple):
    """What is fixed for a life: R by week, the seeds, payments and how long the disease has been about."""

    reproduction: np.ndarray  # (weeks,) or (1,)
    share: float = 0.005  # of the agents are infected at first
    payments: tuple[int, ...] = ()  # dollars by week; 0 afterwards
    offset: int = 0  # weeks since the disease came, at the start
    fatality: float = 0.01
    averaged: bool = True  # act on the mean of this week's and last week's probability (released); 0.5 before the first

    def payment(self, week: int) -> int:
        return self.payments[week] if week < len(self.payments) else 0


@dataclass(frozen=True)
class Life:
    """What happened. `cases`: (days, boroughs), people; `isolate`, `work`: (weeks, archetypes) probabilities;
    `willing`: (weeks, boroughs), share of people; `sights`: what was shown each week."""

    cases: np.ndarray
    deaths: np.ndarray
    home: np.ndarray
    stages: np.ndarray
    isolate: np.ndarray
    work: np.ndarray
    willing: np.ndarray
    sights: tuple[Sight, ...]
    queries: int
    invalid: int

    @property
    def weekly(self) -> np.ndarray:
        """New cases by week, people."""
        return self.cases.sum(1).reshape(-1, WEEK).sum(1)


def sight(past: np.ndarray, week: int, plan: Plan, town: Town) -> Sight:
    """What can be told at the start of a week, from the simulated cases so far (people by day)."""
    weeks = past[: week * WEEK].reshape(week, WEEK).sum(1) if week else np.zeros(0)
    new = float(weeks[-1]) if week else 0.0
    before = weeks[-5:-1]
    rise = change(new, float(before.mean())) if len(before) else None
    return Sight(round(new), None if rise is None else round(rise), (plan.offset + week) // MONTH, plan.payment(week),
                 round(town.agents * town.scale))  # fmt: skip


async def lived(
    town: Town,
    world: Epidemic,
    mind: Mind,
    plan: Plan,
    weeks: int,
    seeds: Seeds,
    keeper: Any = None,
    done: Callable[[], None] = lambda: None,
) -> Life:
    """`weeks` weeks. With a `keeper` a life that was cut short goes on where it was: the weeks before are not simulated
    again, and minds are asked again only for what is on no record."""
    place, ks = town.place, town.archetypes.count
    state = world.seeded(place, plan.share, seeds.jax("seeds"))
    simulation = Simulation(world.dynamics(), place, state, seeds.jax("days"), weeks * WEEK, keeper)
    said: list[Answers] = []
    sights, willing = [], []
    people = np.maximum(np.bincount(town.city.borough, minlength=world.areas), 1)
    count = jax.jit(labour.willing, static_argnums=4)
    for week in range(weeks):
        past = simulation.daily["cases"].sum(1) * town.scale if simulation.daily else np.zeros(0)
        seen = sight(past, week, plan, town)
        told = await mind.answers(seen, week, said[-1] if said else None)
        last = said[-1].isolate if said else np.full(ks, 0.5)
        acted = (last + told.isolate) / 2 if plan.averaged else told.isolate
        policy = world.policy(plan.reproduction, acted, ks, fatality=plan.fatality)
        if simulation.resume(policy) <= week * WEEK:
            simulation.forward(policy, WEEK, done)
        else:
            for _ in range(WEEK):
                done()
        ready = count(
            place.area, place.archetype, jnp.asarray(told.work, jnp.float32), seeds.jax("work", week), world.areas
        )
        said.append(told)
        sights.append(seen)
        willing.append(np.asarray(ready) / people)
    daily = simulation.daily
    return Life(daily["cases"] * town.scale, daily["deaths"] * town.scale, daily["home"], daily["stages"],
                np.array([one.isolate for one in said]), np.array([one.work for one in said]), np.array(willing),
                tuple(sights), sum(one.queries for one in said), sum(one.invalid for one in said))  # fmt: skip
