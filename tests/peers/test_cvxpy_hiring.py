"""The hiring program written again in cvxpy, with payments and misreports as they stand in the definition."""

import numpy as np
import pytest

from manyminds.theory.audit import random_audit
from manyminds.theory.hiring import solve
from manyminds.theory.hiring_instances import KINDS, random_instance

cvxpy = pytest.importorskip("cvxpy")


def by_cvxpy(instance):
    """Two agents; a constraint for each effort and each whole map from signals to reports, no z."""
    from itertools import product

    efforts, signals, states = instance.efforts, instance.signals, len(instance.prior)
    profiles = list(np.ndindex(*efforts))
    mu = {b: cvxpy.Variable(nonneg=True) for b in profiles}
    x = [{(b, s, t): cvxpy.Variable(nonneg=True) for b in profiles for s in np.ndindex(*signals) for t in range(states)}
         for _ in range(2)]  # fmt: skip
    rules = [sum(mu.values()) == 1]
    rules += [x[i][key] <= instance.cap * mu[key[0]] for i in range(2) for key in x[i]]

    def worth(i, told, done, reports):
        total = 0
        for other in range(efforts[1 - i]):
            b = (told, other) if i == 0 else (other, told)
            actual = (done, other) if i == 0 else (other, done)
            for s in np.ndindex(*signals):
                said = (reports[s[0]], s[1]) if i == 0 else (s[0], reports[s[1]])
                total += sum(instance.joint[(*actual, *s, t)] * x[i][b, said, t] for t in range(states))
            total -= mu[b] * instance.costs[i][done]
        return total

    for i in range(2):
        honest = tuple(range(signals[i]))
        for told, done in product(range(efforts[i]), repeat=2):
            rules += [
                worth(i, told, told, honest) >= worth(i, told, done, m) for m in product(honest, repeat=signals[i])
            ]
    paid = sum(instance.joint[(*b, *s, t)] * v for agent in x for (b, s, t), v in agent.items())
    problem = cvxpy.Problem(cvxpy.Maximize(sum(instance.values[b] * m for b, m in mu.items()) - paid), rules)
    return problem.solve(solver=cvxpy.HIGHS if "HIGHS" in cvxpy.installed_solvers() else cvxpy.CLARABEL)


def test_small_instances_have_the_same_value():
    rng = np.random.default_rng(0)
    for instance in (
        random_audit(),
        random_audit(0.75, 0.05, 0.3, 1.0),
        *(random_instance(rng, kind) for kind in KINDS),
    ):
        assert solve(instance).value == pytest.approx(by_cvxpy(instance), abs=1e-7)
