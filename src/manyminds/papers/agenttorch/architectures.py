"""Three ways to put minds into a city, at one budget of queries: archetypes, heuristics, a language mind an agent."""

from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.papers.agenttorch.calibrating import sensitivity, stepped
from manyminds.papers.agenttorch.living import MONTH, Life, Plan, Town, individuals, lived, own_levels
from manyminds.papers.agenttorch.minds import Answers, Mind, Planted, Rule, Sight
from manyminds.worlds.populations.epidemic import Epidemic

Kind = Literal["archetype", "heuristic", "individual"]
KINDS: tuple[Kind, ...] = ("archetype", "heuristic", "individual")
TRUE_R, SHARE = 4.75, 0.002
PAYMENTS = (0,) * 5 + (600,) * 11  # dollars by week
CLAIMED, GAMMA = 0.25, (0.02, 0.6)  # hidden: claims of those unwilling to work, and mu = gamma_0 W + gamma_1 C
PER = 10_000  # people; errors are of cases among so many, so that cities of any size compare


class Nobody:
    """Asks nobody: what people do is left to chance."""

    async def answers(self, sight: Sight, week: int, before: Answers | None) -> Answers:
        return Answers(np.full(1, 0.5), np.full(1, 0.5))


@dataclass(frozen=True)
class Observed:
    """What a modeller is given. `cases`: (weeks,) with reporting noise; `claims`, `unemployment`: (months,) shares;
    `participation`: (months, boroughs)."""

    cases: np.ndarray
    claims: np.ndarray
    unemployment: np.ndarray
    participation: np.ndarray
    life: Life


def monthly(weekly: np.ndarray) -> np.ndarray:
    return weekly.reshape(-1, MONTH, *weekly.shape[1:]).mean(1)


async def observed(town: Town, weeks: int, seeds: Seeds, rule: Rule, noise: float = 0.03) -> Observed:
    """The hidden world: everybody behaves by the rule itself, the city reports with noise."""
    truth = Planted(rule, town.levels, 0, seeds)
    life = await lived(town, Epidemic(), truth, Plan(np.array([TRUE_R]), SHARE, PAYMENTS), weeks, seeds.child("truth"))
    rng, willing = seeds.numpy("reports"), monthly(life.willing)
    reported = life.weekly * np.exp(noise * rng.normal(size=weeks))
    everywhere = willing.mean(1)
    claims = CLAIMED * (1 - everywhere) * np.exp(noise * rng.normal(size=len(willing)))
    rate = GAMMA[0] * everywhere + GAMMA[1] * claims + 0.002 * rng.normal(size=len(willing))
    participation = willing + 0.005 * rng.normal(size=willing.shape)
    return Observed(reported, claims, rate, participation, life)


class Compared(BaseModel, frozen=True):
    """One architecture on one seed. Errors are of the forecast alone: squared cases a week among 10,000 people, and
    squared percentage points of unemployment. `queries` is per decision time and action."""

    kind: str
    seed: int
    reproduction: float
    fit: float
    infection: float
    unemployment: float
    queries: float
    invalid: int
    curve: list[float]  # simulated weekly cases, one forecast
    truth: list[float]


def arm(kind: Kind, town: Town, seeds: Seeds, budget: int) -> tuple[Town, Epidemic]:
    """The town and the rules under which an architecture lives."""
    if kind == "individual":
        return individuals(town, budget, seeds), Epidemic()
    return town, Epidemic(behaviour="uniform" if kind == "heuristic" else "drawn")


def planted_mind(kind: Kind, town: Town, budget: int, seeds: Seeds, rule: Rule) -> Mind:
    """Who is asked where no language model is: the planted rule, as often as the budget allows."""
    if kind == "heuristic":
        return Nobody()
    levels = own_levels(town) if kind == "individual" else town.levels
    return Planted(rule, levels, 1 if kind == "individual" else max(budget // town.archetypes.count, 1), seeds)


async def compared(
    kind: Kind, town: Town, seen: Observed, mind: Any, train: int, seeds: Seeds, budget: int, updates: int, runs: int,
    seed: int,
) -> Compared:  # fmt: skip
    """Calibrate R on the first `train` weeks, then live all weeks again from the start and look at the rest.

    `mind(kind, town, seeds)` makes whoever is asked. Every update asks anew: prompts show that update's own past.
    """
    place, world = arm(kind, town, seeds, budget)
    # Few agents with the true share of infected would often begin with none at all: they are given three.
    share = max(SHARE, 3 / place.agents)
    target, log_r, best = seen.cases[:train], float(np.log(3.0)), (np.inf, 0.0)
    for i in range(updates):
        own = seeds.child("fit", i % 2)
        plan = Plan(np.array([np.exp(log_r)]), share, PAYMENTS)
        life = await lived(place, world, mind(kind, place, own), plan, train, own)
        loss = float(((life.weekly - target) ** 2).mean())
        best = min(best, (loss, log_r))
        at_home = acted(life.isolate)
        state = world.traced(world.seeded(place.place, share, own.jax("seeds")))
        _, slope = sensitivity(jnp.float32(log_r), world, train, place.place, at_home, state, own.jax("days"))
        log_r = stepped(log_r, life.weekly, target, np.asarray(slope) * place.scale)
    fit, log_r = best
    plan = Plan(np.array([np.exp(log_r)]), share, PAYMENTS)
    ends = [await lived(place, world, mind(kind, place, seeds.child("forecast", i)), plan, len(seen.cases),
                        seeds.child("forecast", i)) for i in range(runs)]  # fmt: skip
    scale = (PER / (town.agents * town.scale)) ** 2
    errors = [((life.weekly - seen.cases)[train:] ** 2).mean() * scale for life in ends]
    jobs = [unemployment_error(life, seen, train // MONTH) for life in ends]
    asked = [life.queries / (2 * len(life.sights)) for life in ends]
    return Compared(kind=kind, seed=seed, reproduction=float(np.exp(log_r)), fit=fit * scale,
                    infection=float(np.mean(errors)), unemployment=float(np.mean(jobs)), queries=float(np.mean(asked)),
                    invalid=sum(life.invalid for life in ends), curve=ends[0].weekly.tolist(),
                    truth=seen.cases.tolist())  # fmt: skip


def acted(isolate: np.ndarray) -> jnp.ndarray:
    """The probabilities that were acted on: the mean of this week's and last week's."""
    before = np.concatenate([np.full((1, isolate.shape[1]), 0.5), isolate[:-1]])
    return jnp.asarray((before + isolate) / 2, jnp.float32)


def unemployment_error(life: Life, seen: Observed, months: int) -> float:
    """Squared percentage points between the observed and the forecast rate, months after the first `months`.

    gamma is fitted on the training months (a linear problem, solved exactly); later claims are not known to a
    forecast, so they are those of as many unwilling as simulated.
    """
    willing = monthly(life.willing).mean(1)
    known = np.stack([willing, seen.claims], 1)[:months]
    gamma = np.linalg.lstsq(known, seen.unemployment[:months], rcond=None)[0]
    unwilling = 1 - willing
    claimed = float(seen.claims[:months] @ unwilling[:months] / (unwilling[:months] @ unwilling[:months]))
    forecast = gamma[0] * willing + gamma[1] * claimed * unwilling
    return float(((forecast - seen.unemployment)[months:] ** 2).mean() * 1e4)
