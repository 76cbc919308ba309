"""The random audit: the smallest hiring instance in which correlating efforts in secret pays, in closed form.

Derived here, not in arXiv 2307.06210. The state is a fair coin; y is the state with probability q. A worker who works
(cost c) sees y, an auditor who audits (cost d) sees the same y; whoever is idle sees a fair coin. The principal guesses
the state. Paying the worker by the state alone costs c q / (q - 1/2). Better: the worker always works, the auditor
audits in secret with probability 2c/M, and both are paid on agreement, the worker M and the auditor 2d.
"""

from typing import NamedTuple

import numpy as np

from manyminds.theory.contracts import bonus
from manyminds.theory.hiring import Instance


class AuditPoint(NamedTuple):
    """Accuracy q of the signal, cost c of work, cost d of an audit, cap M on payments."""

    accuracy: float
    work: float
    audit: float
    cap: float


def random_audit(
    accuracy: float = 0.75, work: float = 0.05, audit: float = 0.1, cap: float = 1.0, idle: float = 0.5
) -> Instance:
    """The instance; efforts are 0 idle, 1 work or audit. `idle` is the accuracy of an idle agent's own signal (1/2 in
    the closed form; above it, even idle signals say something, which learning the instance requires)."""
    law = np.zeros((2, 2, 2, 2, 2))  # worker, auditor, their signals, state
    for state in range(2):
        seen = np.array([accuracy if s == state else 1 - accuracy for s in range(2)])  # y
        own = np.array([idle if s == state else 1 - idle for s in range(2)])
        law[0, 0, :, :, state] = np.outer(own, own)
        law[1, 0, :, :, state] = np.outer(seen, own)
        law[0, 1, :, :, state] = np.outer(own, seen)
        law[1, 1, :, :, state] = np.diag(seen)
    return Instance(np.array([0.5, 0.5]), law, (np.array([0.0, work]), np.array([0.0, audit])), np.eye(2), cap)


def by_state_alone(accuracy: float, work: float) -> float:
    """The value when the worker is paid for being right and nobody audits: q - c q / (q - 1/2)."""
    return accuracy - accuracy * bonus(work, accuracy, 0.5)


def audited(accuracy: float, work: float, audit: float, cap: float) -> float:
    """The value with the secret audit: q - 2c - 4cd/M."""
    return accuracy - 2 * work - 4 * work * audit / cap


def audit_pays(accuracy: float, work: float, audit: float, cap: float) -> bool:
    """Whether the audit is the better of the two: 4d/M <= q / (q - 1/2) - 2, where 2c <= M and 2d <= M."""
    return 2 * work <= cap and 2 * audit <= cap and 4 * audit / cap <= accuracy / (accuracy - 0.5) - 2


def closed_form(accuracy: float, work: float, audit: float, cap: float) -> float:
    """The optimal value, for parameters at which effort is worth inducing."""
    return (
        audited(accuracy, work, audit, cap)
        if audit_pays(accuracy, work, audit, cap)
        else by_state_alone(accuracy, work)
    )


def audit_probability(work: float, cap: float) -> float:
    """How often the auditor audits in the optimum: 2c/M."""
    return 2 * work / cap


# (q, c, d, M) and the optimal value: both sides of the threshold.
TABLE = (
    ((0.75, 0.05, 0.1, 0.5), 0.61),
    ((0.75, 0.05, 0.1, 1.0), 0.63),
    ((0.75, 0.05, 0.1, 2.0), 0.64),
    ((0.75, 0.05, 0.1, 4.0), 0.645),
    ((0.75, 0.05, 0.1, 100.0), 0.6498),
    ((0.75, 0.05, 0.3, 1.0), 0.60),
    ((0.9, 0.05, 0.1, 1.0), 0.7875),
    ((0.75, 0.05, 0.2, 1.0), 0.61),
)
