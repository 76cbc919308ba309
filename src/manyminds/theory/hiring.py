"""Hiring several agents for information: the optimal incentive-compatible mechanism as one linear program.

Source: Cacciamani, Castiglioni, Gatti, arXiv 2307.06210. A principal draws efforts b ~ mu, tells each agent its own in
private, hears reports s, acts by pi(b, s), sees the state th and pays gamma_i(b, s, th) in [0, cap]. Agent i may choose
any other effort and then any map from signals to reports. With x_i = mu gamma_i the problem is linear; the cap
x_i <= cap mu makes the substitution reversible, and z_i linearises the double deviation. The action rule touches no
incentive, so it is solved apart: V(b) = sum_s max_a sum_th p(th) P(s|b,th) u(a, th).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from manyminds.theory.contracts import TIGHT, Contract, cheapest


@dataclass(frozen=True, eq=False)
class Instance:
    """n agents. `law[b_1, ..., b_n, s_1, ..., s_n, th]` is P(s | b, th); `costs[i][b_i]`; `utility[a, th]` in 0..1."""

    prior: np.ndarray
    law: np.ndarray
    costs: tuple[np.ndarray, ...]
    utility: np.ndarray
    cap: float

    def __post_init__(self) -> None:
        for name in ("prior", "law", "utility"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), float))
        object.__setattr__(self, "costs", tuple(np.asarray(c, float) for c in self.costs))
        self._check()

    def _check(self) -> None:
        n, states = len(self.costs), len(self.prior)
        if not n:
            raise ValueError("an instance needs at least one agent: costs holds one list for each")
        if self.law.ndim != 2 * n + 1 or self.law.shape[:n] != tuple(map(len, self.costs)):
            raise ValueError(f"law must have the shape (efforts of {n} agents, their signals, states), beginning with "
                             f"{tuple(map(len, self.costs))}; it has {self.law.shape}")  # fmt: skip
        if self.law.shape[-1] != states or self.utility.ndim != 2 or self.utility.shape[1] != states:
            raise ValueError(f"prior, law and utility disagree about the number of states: {states}, "
                             f"{self.law.shape[-1]} and {self.utility.shape[-1]}")  # fmt: skip
        if self.prior.min() < 0 or abs(self.prior.sum() - 1) > 1e-9:
            raise ValueError(f"prior sums to {self.prior.sum():g}; it must be probabilities that sum to one")
        sums = self.law.sum(axis=tuple(range(n, 2 * n)))
        if self.law.min() < 0 or abs(sums - 1).max() > 1e-9:
            at = tuple(int(k) for k in np.unravel_index(abs(sums - 1).argmax(), sums.shape))
            raise ValueError(
                f"law is not normalised: under efforts {at[:-1]} in state {at[-1]} signals sum to {sums[at]:g}"
            )
        if min(c.min() for c in self.costs) < 0:
            raise ValueError("costs must not be negative")
        if self.utility.min() < 0 or self.utility.max() > 1:
            raise ValueError("utility must lie in [0, 1]; rescale it, and the costs and the cap with it")
        if not np.isfinite(self.cap) or self.cap < 0:
            raise ValueError(f"the cap on payments must be a number >= 0, not {self.cap}")

    @property
    def agents(self) -> int:
        return len(self.costs)

    @property
    def efforts(self) -> tuple[int, ...]:
        return tuple(map(len, self.costs))

    @property
    def signals(self) -> tuple[int, ...]:
        return tuple(self.law.shape[self.agents : -1])

    @cached_property
    def joint(self) -> np.ndarray:
        """J_b(s, th) = p(th) P(s | b, th), in the shape of the law."""
        return self.law * self.prior

    @cached_property
    def values(self) -> np.ndarray:
        """V(b): what the best action rule earns under efforts b, in the shape of the efforts."""
        return self.action_values.max(axis=-1).reshape(*self.efforts, -1).sum(axis=-1)

    @cached_property
    def action_values(self) -> np.ndarray:
        """sum_th J_b(s, th) u(a, th), shape (*B, *S, actions)."""
        return self.joint @ self.utility.T

    def moved(self, agent: int) -> np.ndarray:
        """J with the agent's axes in front: (B_i, S_i, B_others, S_others * th), others flattened."""
        n = self.agents
        array = np.moveaxis(self.joint, (agent, n + agent), (0, 1))
        return array.reshape(
            self.efforts[agent], self.signals[agent], int(np.prod(self.efforts)) // self.efforts[agent], -1
        )


class Mechanism(NamedTuple):
    """`mu` (*B); `payments[i]` (*B, *S, th); `actions` (*B, *S, a); `value` for the principal; how much each agent is
    paid in expectation; `dual`, the value of the dual program."""

    mu: np.ndarray
    payments: tuple[np.ndarray, ...]
    actions: np.ndarray
    value: float
    paid: np.ndarray
    dual: float
    note: str = ""


def best_actions(instance: Instance) -> np.ndarray:
    """The action rule pi(b, s), deterministic, the first of the best actions; shape (*B, *S, a)."""
    return np.eye(len(instance.utility))[instance.action_values.argmax(axis=-1)]


class Program(NamedTuple):
    """The linear program: minimise cost @ x, with upper @ x <= 0, equal @ x = 1, bounds by variable (see `program`)."""

    cost: np.ndarray
    upper: object  # scipy sparse
    right: np.ndarray
    equal: object
    free: int  # variables from here on are free, those before are >= 0


def program(instance: Instance, relax: float = 0.0, capped: bool = True) -> Program:
    """The LP over mu, then x_1, ..., x_n, then z_1, ..., z_n.

    `relax` loosens each incentive constraint of effort b_i by relax times the probability that b_i is recommended;
    below zero it is a premium by which every other effort must be worse. `capped=False` drops x <= cap mu, which is
    wrong: payments at profiles that are never drawn then deter for nothing (kept for the test that shows it).
    """
    from scipy.sparse import csr_matrix, vstack

    profiles, cells = int(np.prod(instance.efforts)), instance.joint[(0,) * instance.agents].size
    xs = profiles + np.arange(instance.agents) * profiles * cells
    z_begin = profiles * (1 + instance.agents * cells)
    z_sizes = [b * b * s for b, s in zip(instance.efforts, instance.signals, strict=True)]
    zs = z_begin + np.cumsum([0, *z_sizes])
    width = int(zs[-1])
    cost = np.concatenate(
        [-instance.values.ravel(), *[instance.joint.ravel()] * instance.agents, np.zeros(width - z_begin)]
    )
    parts = [_incentives(instance, i, int(xs[i]), int(zs[i]), width, relax) for i in range(instance.agents)]
    if capped:
        count = instance.agents * profiles * cells
        at = np.arange(count)
        rows, columns = np.r_[at, at], np.r_[profiles + at, at // cells % profiles]
        data = np.r_[np.ones(count), np.full(count, -instance.cap)]
        parts.append(csr_matrix((data, (rows, columns)), (count, width)))
    upper = vstack(parts).tocsr()
    equal = csr_matrix((np.ones(profiles), (np.zeros(profiles, int), np.arange(profiles))), (1, width))
    return Program(cost, upper, np.zeros(upper.shape[0]), equal, z_begin)


def _incentives(instance: Instance, agent: int, x: int, z: int, width: int, relax: float) -> object:
    """Rows of one agent: z over double deviations at most what obedience gives, and z at least every misreport."""
    from scipy.sparse import csr_matrix

    n, efforts, signals = instance.agents, instance.efforts[agent], instance.signals[agent]
    index = np.arange(instance.joint.size).reshape(instance.joint.shape)
    places = x + np.moveaxis(index, (agent, n + agent), (0, 1)).reshape(efforts, signals, -1)  # of x[b_i, s_i, rest]
    profile = np.moveaxis(np.arange(int(np.prod(instance.efforts))).reshape(instance.efforts), agent, 0).reshape(
        efforts, -1
    )
    joint = instance.moved(agent).reshape(efforts, signals, -1)
    z_at = z + np.arange(efforts * efforts * signals).reshape(efforts, efforts, signals)
    costs = instance.costs[agent]
    rows, columns, data, count = [], [], [], 0

    def add(at: np.ndarray, values: np.ndarray) -> None:
        rows.append(np.full(at.size, count))
        columns.append(at.ravel())
        data.append(values.ravel())

    for told in range(efforts):
        for done in range(efforts):
            loose = relax if relax > 0 or done != told else 0.0  # nobody can be made to prefer the truth to the truth
            add(places[told], -joint[told])
            add(z_at[told, done], np.ones(signals))
            add(profile[told], np.full(profile.shape[1], costs[told] - costs[done] - loose))
            count += 1
            for seen in range(signals):
                for said in range(signals):
                    add(places[told, said], joint[done, seen])
                    add(z_at[told, done, seen : seen + 1], -np.ones(1))
                    count += 1
    triple = (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns)))
    return csr_matrix(triple, (count, width))


def solve(instance: Instance, relax: float = 0.0, capped: bool = True) -> Mechanism:
    """The optimal mechanism, recovered from the linear program by HiGHS; ArithmeticError when it does not solve."""
    from scipy.optimize import linprog

    lp = program(instance, relax, capped)
    bounds = np.zeros((len(lp.cost), 2))
    bounds[:, 1] = np.inf
    bounds[lp.free :, 0] = -np.inf
    found = linprog(lp.cost, lp.upper, lp.right, lp.equal, [1.0], bounds=bounds, options=TIGHT)
    if found.status != 0:
        raise ArithmeticError(f"the linear program of this instance did not solve: {found.message}")
    return recovered(instance, found.x, float(-found.eqlin.marginals[0]))


def recovered(instance: Instance, x: np.ndarray, dual: float, smallest: float = 1e-9) -> Mechanism:
    """(mu, gamma, pi) from a solution. Payments are 0 where gamma = x / mu is not defined, because the profile is never
    drawn, and where the signals cannot come from agents who obey: nothing deters more, and nothing is cheaper."""
    profiles, size = int(np.prod(instance.efforts)), instance.joint.size
    mu = np.where(x[:profiles] > smallest, x[:profiles], 0.0)
    mu = (mu / mu.sum()).reshape(instance.efforts)
    drawn = mu.reshape(*instance.efforts, *[1] * (instance.joint.ndim - instance.agents))
    possible = instance.joint.sum(axis=-1, keepdims=True) > 0
    payments = []
    for i in range(instance.agents):
        paid = x[profiles + i * size : profiles + (i + 1) * size].reshape(instance.joint.shape)
        gamma = np.divide(paid, drawn, out=np.zeros_like(paid), where=(drawn > 0) & possible)
        payments.append(np.clip(gamma, 0.0, instance.cap))
    paid = np.array([float((drawn * instance.joint * gamma).sum()) for gamma in payments])
    value = float((mu * instance.values).sum() - paid.sum())
    return Mechanism(mu, tuple(payments), best_actions(instance), value, paid, dual, _note(instance, mu))


def _note(instance: Instance, mu: np.ndarray) -> str:
    cheapest_only = all(
        set(np.unique(np.argwhere(mu > 0)[:, i])) <= set(np.flatnonzero(c <= c.min() + 1e-12).tolist())
        for i, c in enumerate(instance.costs)
    )
    return (
        "nobody is asked for costly effort: no effort is worth what its incentives cost under this cap"
        if cheapest_only
        else ""
    )


def outcome_law(instance: Instance, agent: int, profile: tuple[int, ...], others_reports: bool) -> np.ndarray:
    """The law (B_i, S_i, outcomes) that one agent faces while the others keep to `profile` and the truth. An outcome is
    the state, with `others_reports` also what the others report."""
    n = instance.agents
    array = np.moveaxis(instance.joint, agent, 0)
    fixed = array[(slice(None), *(b for j, b in enumerate(profile) if j != agent))]  # (B_i, *S, th)
    fixed = np.moveaxis(fixed, 1 + agent, 1)
    if not others_reports:
        return fixed.reshape(*fixed.shape[:2], -1, fixed.shape[-1]).sum(axis=2) if n > 1 else fixed
    return fixed.reshape(*fixed.shape[:2], -1)


class Fixed(NamedTuple):
    """The best mechanism that recommends one profile for certain: `contracts[i]` (S_i, outcomes), see `outcome_law`."""

    profile: tuple[int, ...]
    value: float
    contracts: tuple[Contract, ...]


def best_deterministic(instance: Instance, others_reports: bool = True) -> Fixed:
    """The best mechanism without randomised efforts, over every profile. With `others_reports=False` each agent's pay
    depends on its own report and the state alone (uncorrelated: a scoring rule per agent)."""
    best: Fixed | None = None
    for profile in np.ndindex(*instance.efforts):
        contracts = []
        for i in range(instance.agents):
            law = outcome_law(instance, i, profile, others_reports)
            found = cheapest(law, instance.costs[i], profile[i], instance.cap)
            if found is None:
                break
            contracts.append(found)
        else:
            value = float(instance.values[profile]) - sum(c.cost for c in contracts)
            if best is None or value > best.value:
                best = Fixed(tuple(profile), value, tuple(contracts))
    assert best is not None  # cheapest efforts need no payment
    return best


def separable_value(instance: Instance) -> float:
    """max_b [V(b) - sum_i K_i(b_i)], the optimum when signals are independent given the state and each depends on its
    own agent's effort; K_i is the cheapest contract of one agent alone, by state and own report."""
    alone = []
    for i in range(instance.agents):
        law = outcome_law(instance, i, (0,) * instance.agents, others_reports=False)
        found = [cheapest(law, instance.costs[i], b, instance.cap) for b in range(instance.efforts[i])]
        alone.append([np.inf if c is None else c.cost for c in found])
    totals = instance.values.copy()
    for i, kept in enumerate(alone):
        totals -= np.reshape(kept, [-1 if axis == i else 1 for axis in range(instance.agents)])
    return float(totals.max())
