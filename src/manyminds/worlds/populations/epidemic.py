"""An epidemic among agents who may stay at home: exposed, infectious, recovered, in days, on contact lists.

The model of arXiv 2409.10568. `mode="released"` is its released code (age-dependent susceptibility, infectiousness by
stage and by a gamma-shaped day since infection), `mode="paper"` the paper's equation 3, p = 1 - exp(-beta S_i / n_i
sum_j I_j). `isolates="susceptible"` keeps who stays at home from catching it (released code), `isolates="infector"`
from passing it on (equations 10 and 11).
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.worlds.populations.contacts import Contacts, summed
from manyminds.worlds.populations.draws import numbered, uniform
from manyminds.worlds.populations.engine import Dynamics, Moment
from manyminds.worlds.populations.estimators import ESTIMATORS, log_likelihood

S, E, I, R = 0, 1, 2, 3  # noqa: E741  the stages, as the field calls them
NEVER = 32_767
ISOLATING, CATCHING = 0, 1  # this world's random streams


class Place(NamedTuple):
    """Who lives here; arrays of shape (agents,). `degree` is read in paper mode alone."""

    age: Array  # uint8, age bin
    area: Array  # uint8
    archetype: Array  # uint16: which entry of `Policy.isolation` is the agent's
    layers: tuple[Contacts, ...]
    degree: Array | None = None  # float32, neighbours over all layers


class Policy(NamedTuple):
    """What is calibrated, decided by minds, or varied."""

    reproduction: Array  # (weeks,): R (released) or beta (paper) of each week; the last one holds for ever
    isolation: Array  # (archetypes,) or (weeks, archetypes): probability to stay at home today; unread if "uniform"
    alignment: Array  # (age bins,) in [0, 1): share by which an age bin isolates less than it says
    fatality: Array  # share of those who leave stage I
    mobility: Array  # (layers,) or (weeks, layers): strength of each layer of contacts


class Trace(NamedTuple):
    """What carries gradients beside the exact state: see `Epidemic.traced`."""

    free: Array  # (agents,) float32: not infected yet
    recent: Array  # (days, agents) float32: infected k + 1 days ago
    likelihood: Array  # ln P of all infections so far


class Health(NamedTuple):
    """The state, five bytes an agent."""

    stage: Array  # uint8
    since: Array  # int16, the day of infection
    until: Array  # int16, the day on which the stage ends
    trace: Trace | None = None


@dataclass(frozen=True)
class Epidemic:
    """The disease; the numbers are those of the released code. Days are whole numbers."""

    mode: Literal["released", "paper"] = "released"
    isolates: Literal["susceptible", "infector"] = "susceptible"
    behaviour: Literal["drawn", "uniform"] = "drawn"  # "uniform": a share U(0, 1) a day, the released heuristic
    susceptibility: tuple[float, ...] = (0.35, 0.69, 1.03, 1.03, 1.03, 1.03, 1.27, 1.52, 1.52)
    interactions: tuple[float, ...] = (2.0, 3.0, 3.0, 3.0, 3.0, 4.0)  # by age bin: child, adults, elderly
    exposed: float = 0.33  # infectiousness by stage
    infectious: float = 0.72
    incubation: int = 5
    illness: int = 5
    generation: tuple[float, float] = (5.5, 2.4)  # mean and deviation of the gamma law, days
    estimator: str = "straight-through"
    areas: int = 5

    @cached_property
    def profile(self) -> np.ndarray:
        """G(d), the mass of the gamma law between d - 1 and d days, d = 0, 1, ...; G(0) = 0."""
        from scipy.stats import gamma

        mean, deviation = self.generation
        shape, scale = (mean / deviation) ** 2, deviation**2 / mean
        edges = gamma.cdf(np.arange(-1, self.incubation + self.illness + 4), shape, scale=scale)
        return np.diff(edges).astype(np.float32)

    @cached_property
    def table(self) -> np.ndarray:
        """What an agent of each code passes on: 0, then stage E by days since infection, then stage I."""
        days = len(self.profile)
        if self.mode == "paper":
            found = np.concatenate([[0.0], np.zeros(days), np.ones(days)])
        else:
            found = np.concatenate([[0.0], self.exposed * self.profile, self.infectious * self.profile])
        return found.astype(np.float32)

    @cached_property
    def kernel(self) -> np.ndarray:
        """What is passed on k + 1 days after infection by whoever was infected during the run."""
        ill = np.arange(1 + self.incubation + self.illness)
        return self.table[1 + np.where(ill <= self.incubation, 0, len(self.profile)) + ill]

    def dynamics(self) -> Dynamics:
        return rules(self)

    def policy(self, reproduction: Any, isolation: Any = 0.0, archetypes: int = 1, **other: Any) -> Policy:
        """A policy from plain numbers: R by week (or one number), P(isolate) by archetype (or one number)."""
        ages = len(self.interactions)
        given = {"alignment": np.zeros(ages), "fatality": 0.12, "mobility": np.ones(1), **other}
        isolation = np.broadcast_to(isolation, (archetypes,)) if np.ndim(isolation) == 0 else isolation
        fixed = (jnp.asarray(given[name], jnp.float32) for name in ("alignment", "fatality", "mobility"))
        weekly_r = jnp.atleast_1d(jnp.asarray(reproduction, jnp.float32))
        return Policy(weekly_r, jnp.asarray(isolation, jnp.float32), *fixed)

    def seeded(self, place: Place, share: float | Array, key: Array, infectious: float = 0.5) -> Health:
        """The first day: each agent is a seed with probability `share` (one, or one an age bin), in stage I with
        probability `infectious` and else in stage E. Seeds have been infected for 3 days (I) or 1 (E)."""
        chance = jnp.broadcast_to(jnp.asarray(share, jnp.float32), (len(self.interactions),))[place.age]
        agents = numbered(place.age.shape[0])
        drawn = uniform(key, agents)
        stage = jnp.where(drawn < chance * infectious, I, jnp.where(drawn < chance, E, S)).astype(jnp.uint8)
        return self.begun(stage)

    def begun(self, stage: Array) -> Health:
        """The first day with these stages (uint8)."""
        since = jnp.select([stage == E, stage == I], [-1, -3], NEVER).astype(jnp.int16)
        until = jnp.select([stage == E, stage == I], [3, 5], NEVER).astype(jnp.int16)
        return Health(stage, since, until)

    def traced(self, health: Health) -> Health:
        """The same state, from which gradients flow: values come from the exact state, derivatives from what each
        infection would add. Seeds are given, so none flow to them."""
        free = (health.stage == S).astype(jnp.float32)
        recent = jnp.zeros((len(self.kernel), *free.shape), jnp.float32)
        return health._replace(trace=Trace(free, recent, jnp.float32(0)))

    def observe(self, place: Place, policy: Policy, state: Health, moment: Moment) -> Array:
        """The probability with which each agent means to stay at home today."""
        kept, told = 1 - policy.alignment, policy.isolation
        told = told if told.ndim == 1 else at(told, moment.t // 7)
        return told[place.archetype] * kept[place.age]

    def act(self, place: Place, policy: Policy, seen: Array, moment: Moment) -> Array:
        """Who stays at home: 0 or 1 (float32), or the share of the day that the heuristic draws."""
        drawn = uniform(moment.stream(ISOLATING), numbered(place.age.shape[0]))
        if self.behaviour == "uniform":
            return drawn
        return ESTIMATORS[self.estimator]((drawn < seen).astype(jnp.float32), seen)

    def carried(
        self, state: Health, home: Array, moment: Moment, rate: Array | float = 1.0
    ) -> tuple[Array, Array | None]:
        """What each agent passes on today, as codes with their table or as plain numbers. `rate`: by how much it is
        multiplied on the way to a typical agent; only derivatives depend on it."""
        days = len(self.profile)
        ill = (state.stage == E) | (state.stage == I)
        day = jnp.clip(moment.t.astype(jnp.int16) - state.since - 1, 0, days - 1).astype(jnp.uint8)
        code = jnp.where(ill, 1 + day + jnp.uint8(days) * (state.stage == I).astype(jnp.uint8), 0).astype(jnp.uint8)
        table = jnp.asarray(self.table)
        if state.trace is None and self.isolates == "susceptible":
            return code, table
        load = table[code]
        if state.trace is not None:
            # One more infection is a difference, not a derivative: whom it reaches on one day it cannot reach on the
            # next. Along one contact it adds 1 - exp(-all its doses) in all, and not their sum, which is a third more.
            typical = lax.stop_gradient(rate)
            dose = jnp.asarray(self.kernel) * typical
            chord = jnp.exp(dose - jnp.cumsum(dose)) * -jnp.expm1(-dose) / jnp.maximum(typical, 1e-9)
            linear = chord @ state.trace.recent
            load = lax.stop_gradient(load) + linear - lax.stop_gradient(linear)
        return (load * (1 - home) if self.isolates == "infector" else load), None

    def chance(self, place: Place, policy: Policy, state: Health, home: Array, moment: Moment) -> Array:
        """The probability that each agent catches it today, whatever its own stage."""
        week, ages = moment.t // 7, len(self.interactions)
        scale = np.asarray(self.susceptibility[:ages], np.float32)
        if self.mode == "released":
            scale = scale / np.asarray(self.interactions, np.float32)
        reproduction = at(policy.reproduction, week)
        carried, table = self.carried(state, home, moment, reproduction * scale.mean())
        strength = policy.mobility if policy.mobility.ndim == 1 else at(policy.mobility, week)
        met = sum(strength[i] * summed(layer, carried, table) for i, layer in enumerate(place.layers))
        rate = reproduction * jnp.asarray(scale)[place.age] * met
        if self.mode == "paper":
            rate = rate / jnp.maximum(place.degree, 1)
        caught = -jnp.expm1(-rate)
        return caught * (1 - home) if self.isolates == "susceptible" else caught

    def transmission(
        self, place: Place, policy: Policy, state: Health, home: Array, moment: Moment
    ) -> tuple[Health, dict[str, Array]]:
        """Who catches it today."""
        caught = self.chance(place, policy, state, home, moment)
        chance = jnp.where(state.stage == S, caught, 0)
        # As a quotient, which XLA computes once; a comparison is drawn again inside everything that reads it. Exact: as
        # floats, a / b > 1 where a > b; and 0 / 0 is not above 1.
        new = chance / uniform(moment.stream(CATCHING), numbered(place.age.shape[0])) > 1
        today = moment.t.astype(jnp.int16)
        after = Health(
            jnp.where(new, jnp.uint8(E), state.stage),
            jnp.where(new, today, state.since),
            jnp.where(new, today + jnp.int16(1 + self.incubation), state.until),
        )
        counted = new
        if state.trace is not None:
            odds = caught * state.trace.free
            counted = ESTIMATORS[self.estimator](new.astype(jnp.float32), odds)
            recent = jnp.concatenate([counted[None], state.trace.recent[:-1]])
            likelihood = state.trace.likelihood + log_likelihood(lax.stop_gradient(counted), odds)
            after = after._replace(trace=Trace(state.trace.free * (1 - counted), recent, likelihood))
        measured = {"cases": by_area(counted, place.area, self.areas), "home": home.mean()}
        return after, measured

    def progression(
        self, place: Place, policy: Policy, state: Health, home: Array, moment: Moment
    ) -> tuple[Health, dict[str, Array]]:
        """Stages that end today. A share of those who leave stage I is counted as dead, in the mean; all go to R."""
        today = moment.t.astype(jnp.int16)
        ends = state.until <= today
        falling, leaving = ends & (state.stage == E), ends & (state.stage == I)
        stage = jnp.where(falling, jnp.uint8(I), jnp.where(leaving, jnp.uint8(R), state.stage))
        until = jnp.where(falling, today + jnp.int16(self.illness), jnp.where(leaving, jnp.int16(NEVER), state.until))
        gone = leaving.sum(dtype=jnp.int32)
        stages = jnp.stack([(stage == s).sum(dtype=jnp.int32) for s in (S, E, I)])
        measured = {
            "deaths": policy.fatality * gone,
            "stages": jnp.append(stages, stage.shape[0] - stages.sum()),
            "recovered": gone,
        }
        return Health(stage, state.since, until, state.trace), measured


@cache
def rules(epidemic: Epidemic) -> Dynamics:
    """The rules of one epidemic as one object, so that equal epidemics compile once."""
    return Dynamics((epidemic.transmission, epidemic.progression), epidemic.observe, epidemic.act)


def by_area(counted: Array, area: Array, areas: int) -> Array:
    """Sums over the agents of each area, shape (areas,): int32 of booleans, float32 of floats."""
    if counted.dtype == bool and areas <= 16:  # a pass for each area is five times as fast as a scatter
        return jnp.stack([(counted & (area == one)).sum(dtype=jnp.int32) for one in range(areas)])
    kind = jnp.int32 if counted.dtype == bool else jnp.float32
    return jnp.zeros(areas, kind).at[area].add(counted.astype(kind))


def at(weekly: Array, week: Array) -> Array:
    """The entry of this week; the last one holds on."""
    return weekly[jnp.minimum(week, weekly.shape[0] - 1)]


def placed(
    age: np.ndarray,
    area: np.ndarray,
    layers: tuple[Contacts, ...],
    archetype: np.ndarray | None = None,
    degree: np.ndarray | None = None,
    ages: int = 6,
) -> Place:
    """A place from plain arrays of one length; raises BadInput that names the first row that does not fit."""
    for name, values, limit in (("age", age, ages), ("area", area, 255)):
        values = np.asarray(values)
        wrong = ~((values >= 0) & (values < limit))  # also true for NaN
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise BadInput(f"column {name!r}, row {row + 1}: {values[row]} is outside 0 to {limit - 1}")
    if len({len(age), len(area), *(layer.agents for layer in layers)}) != 1:
        raise BadInput(f"ages, areas and contacts are of different lengths: {len(age)}, {len(area)}, "
                       f"{', '.join(str(layer.agents) for layer in layers)}")  # fmt: skip
    archetype = np.zeros(len(age)) if archetype is None else archetype
    return Place(
        jnp.asarray(age, jnp.uint8), jnp.asarray(area, jnp.uint8), jnp.asarray(archetype, jnp.uint16), layers,
        None if degree is None else jnp.asarray(degree, jnp.float32),
    )  # fmt: skip


def weekly(daily: Any) -> Any:
    """Sums over whole weeks along the first axis; days after the last whole week are left out."""
    weeks = daily.shape[0] // 7
    return daily[: 7 * weeks].reshape(weeks, 7, *daily.shape[1:]).sum(1)
