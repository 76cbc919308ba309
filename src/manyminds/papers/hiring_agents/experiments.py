"""The computed parts of a run: the random audit, random instances, learning curves and the value of a higher cap."""

from collections.abc import Iterable

import numpy as np

from manyminds.core import Seeds
from manyminds.papers.hiring_agents.rows import Canonical, Capped, Drawn, Learned
from manyminds.theory.audit import TABLE, closed_form, random_audit
from manyminds.theory.hiring import Instance, best_deterministic, separable_value, solve
from manyminds.theory.hiring_checks import check
from manyminds.theory.hiring_instances import Kind, random_instance
from manyminds.theory.hiring_online import Learning, Plan, run

CAPS = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the instance's own


def canonical() -> list[Canonical]:
    """The eight points of the random audit."""
    rows = []
    for point, _ in TABLE:
        instance = random_audit(*point)
        mechanism = solve(instance)
        found = check(instance, mechanism)
        accuracy, work, audit, cap = point
        rows.append(Canonical(
            accuracy=accuracy, work=work, audit=audit, cap=cap, closed_form=closed_form(*point),
            optimum=mechanism.value, dual=mechanism.dual, slack=found.slack, checked_value=found.value,
            deterministic=best_deterministic(instance).value,
            uncorrelated=best_deterministic(instance, others_reports=False).value, audited=float(mechanism.mu[1, 1]),
        ))  # fmt: skip
    return rows


def drawn(kind: Kind, count: int, seeds: Seeds) -> list[Drawn]:
    """Random instances of one kind of law, two agents with two efforts and two signals."""
    rows = []
    for k in range(count):
        instance = random_instance(seeds.numpy(kind, k), kind)
        mechanism = solve(instance)
        found = check(instance, mechanism)
        rows.append(Drawn(
            kind=kind, optimum=mechanism.value, dual=mechanism.dual, checked_value=found.value, slack=found.slack,
            deterministic=best_deterministic(instance).value,
            uncorrelated=best_deterministic(instance, others_reports=False).value,
            separable=separable_value(instance), costly=not mechanism.note,
        ))  # fmt: skip
    return rows


def learned(
    instance: Instance, optimum: float, plan: Plan, rounds: int, learning: Learning, repeats: int, seeds: Seeds
) -> Learned:
    """One plan at one horizon, `repeats` times."""
    runs = [run(instance, rounds, seeds.numpy(plan, rounds, k), plan, learning, optimum) for k in range(repeats)]
    return Learned(
        plan=plan, width=learning.width, rounds=rounds, regrets=[r.regret for r in runs],
        obedient=[r.obedient for r in runs], explored=float(np.mean([r.explored for r in runs])), alpha=runs[0].alpha,
        value=float(np.mean([r.value for r in runs])), 
        cost_error=max((r.cost_error for r in runs if r.cost_error is not None), default=None),
    )  # fmt: skip


def by_cap(instance: Instance, caps: Iterable[float] = CAPS) -> list[Capped]:
    """The optimum as the cap on payments grows: never less, because every mechanism stays allowed."""
    rows = []
    for factor in caps:
        cap = instance.cap * factor
        raised = Instance(instance.prior, instance.law, instance.costs, instance.utility, cap)
        found = solve(raised)
        rows.append(Capped(cap=cap, value=found.value, paid=float(found.paid.sum()), note=found.note))
    return rows
