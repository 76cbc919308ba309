"""Agents who respond to a hiring mechanism, by trying every deviation: the check that shares nothing with the program.

A deviation of agent i on a recommendation is an effort and a map from signals to reports: |B_i| |S_i|^|S_i| of them.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from manyminds.theory.hiring import Instance, Mechanism


class Deviation(NamedTuple):
    """What one agent does when told `told`: an effort and a report for each signal; `gain` over obeying, times the
    probability of being told so."""

    agent: int
    told: int
    effort: int
    reports: tuple[int, ...]
    gain: float


class Certificate(NamedTuple):
    """What the check found: `slack` >= 0 means that nobody gains by any deviation."""

    slack: float
    value: float
    paid: np.ndarray
    worst: Deviation | None
    deviations: int
    bounded: bool  # payments in [0, cap], probabilities that sum to one

    def holds(self, tolerance: float = 1e-9) -> bool:
        """Is the mechanism incentive compatible and within its bounds?"""
        return self.bounded and self.slack >= -tolerance


def utility_of(
    instance: Instance, mechanism: Mechanism, agent: int, told: int, effort: int, reports: tuple[int, ...]
) -> float:
    """Expected pay less cost of a deviation, times the probability of being told `told`, while the others obey."""
    total = 0.0
    for profile in np.ndindex(*instance.efforts):
        chance = mechanism.mu[profile]
        if profile[agent] != told or chance == 0:
            continue
        done = (*profile[:agent], effort, *profile[agent + 1 :])
        joint = instance.joint[done]  # (*S, th)
        paid = np.take(mechanism.payments[agent][profile], reports, axis=agent)  # by signal seen, through the map
        total += chance * (float((joint * paid).sum()) - instance.costs[agent][effort])
    return total


def deviations(instance: Instance, mechanism: Mechanism, agent: int, told: int) -> list[Deviation]:
    """Every deviation of an agent on a recommendation, with its gain; obeying is among them with gain 0."""
    honest = tuple(range(instance.signals[agent]))
    obeying = utility_of(instance, mechanism, agent, told, told, honest)
    maps = list(product(range(instance.signals[agent]), repeat=instance.signals[agent]))
    return [
        Deviation(agent, told, b, m, utility_of(instance, mechanism, agent, told, b, m) - obeying)
        for b in range(instance.efforts[agent])
        for m in maps
    ]


def check(instance: Instance, mechanism: Mechanism) -> Certificate:
    """Incentives by enumeration, and value and payments afresh from (mu, gamma, pi)."""
    tried = [
        deviation
        for i in range(instance.agents)
        for told in range(instance.efforts[i])
        if np.take(mechanism.mu, told, axis=i).sum() > 0
        for deviation in deviations(instance, mechanism, i, told)
    ]
    worst = max(tried, key=lambda d: d.gain)
    value, paid = 0.0, np.zeros(instance.agents)
    for profile in np.ndindex(*instance.efforts):
        joint = instance.joint[profile]
        earned = float((joint * (mechanism.actions[profile] @ instance.utility)).sum())
        pay = np.array([float((joint * gamma[profile]).sum()) for gamma in mechanism.payments])
        value += mechanism.mu[profile] * (earned - pay.sum())
        paid += mechanism.mu[profile] * pay
    low = min(float(gamma.min()) for gamma in mechanism.payments)
    high = max(float(gamma.max()) for gamma in mechanism.payments)
    sums = [mechanism.mu.sum(), *np.unique(np.round(mechanism.actions.sum(axis=-1), 9)).tolist()]
    bounded = low >= 0 and high <= instance.cap * (1 + 1e-9) and bool(np.allclose(sums, 1)) and mechanism.mu.min() >= 0
    return Certificate(-worst.gain, float(value), paid, worst if worst.gain > 1e-9 else None, len(tried), bounded)


class Responses(NamedTuple):
    """What myopic agents do: for each agent and recommendation an effort and reports; `obedient` if all obey."""

    efforts: tuple[tuple[int, ...], ...]
    reports: tuple[tuple[tuple[int, ...], ...], ...]
    obedient: bool


def responses(instance: Instance, mechanism: Mechanism, tolerance: float = 1e-9) -> Responses:
    """Each agent's best deviation while the others obey, under the true law; ties within `tolerance` go to obeying."""
    efforts, reports, obedient = [], [], True
    for i in range(instance.agents):
        mine, maps = [], []
        honest = tuple(range(instance.signals[i]))
        for told in range(instance.efforts[i]):
            best = Deviation(i, told, told, honest, 0.0)
            if np.take(mechanism.mu, told, axis=i).sum() > 0:
                best = max([best, *deviations(instance, mechanism, i, told)], key=lambda d: d.gain)
                if best.gain <= tolerance:
                    best = Deviation(i, told, told, honest, 0.0)
            mine.append(best.effort)
            maps.append(best.reports)
            obedient &= (best.effort, best.reports) == (told, honest)
        efforts.append(tuple(mine))
        reports.append(tuple(maps))
    return Responses(tuple(efforts), tuple(reports), obedient)


def value_under(instance: Instance, mechanism: Mechanism, behaviour: Responses) -> float:
    """The principal's expected value when the agents behave so, whatever she recommended."""
    value = 0.0
    for profile in np.ndindex(*instance.efforts):
        chance = mechanism.mu[profile]
        if chance == 0:
            continue
        done = tuple(behaviour.efforts[i][b] for i, b in enumerate(profile))
        said = np.ix_(*(behaviour.reports[i][b] for i, b in enumerate(profile)))  # reports by signal seen
        joint = instance.joint[done]
        earned = float((joint * (mechanism.actions[profile][said] @ instance.utility)).sum())
        paid = sum(float((joint * gamma[profile][said]).sum()) for gamma in mechanism.payments)
        value += chance * (earned - paid)
    return float(value)
