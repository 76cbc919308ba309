"""Hiring without knowing signals or costs: explore, estimate costs, commit (arXiv 2307.06210, online part).

The same agents are hired for T rounds and respond to each mechanism by their best reply under the true law, which the
principal does not know. Regret of order T^(2/3) needs three phases: induce every profile with rules that are known to
make an effort and the truth strictly best, N = T^(2/3) times each, and count; find cost differences by bisecting the
mixture of two such rules until the response switches; solve the program with the estimates, incentives relaxed by eps
so that the true optimum stays feasible, and pay (1 - alpha) of its payments plus alpha of the strict rule of the
recommended effort, which restores exact incentives. Expectations over rounds are exact, only estimates are random.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from manyminds.theory.contracts import Strict, margins, strictest
from manyminds.theory.hiring import Instance, Mechanism, best_actions, outcome_law, solve
from manyminds.theory.hiring_checks import responses, value_under

Plan = Literal["commit", "no mixture", "always explore", "never explore"]
Rules = tuple[tuple[Strict, ...], ...]  # by agent and effort, payments (S_i, th)


@dataclass(frozen=True)
class Learning:
    """The constants of the algorithm. `width`: eps = width * cap * sqrt(ln T / N), a confidence radius."""

    width: float = 0.25
    observe_effort: bool = True  # from memory as in the single-agent paper; otherwise inferred from reports
    repeats: float = 8.0  # rounds a step of the bisection when effort is not observed: repeats * ln T / separation^2


class Online(NamedTuple):
    """How one run of T rounds went. Regret is against the optimal mechanism in every round."""

    regret: float
    explored: int  # rounds before the commitment
    obedient: bool  # do all agents obey the mechanism that was committed to?
    value: float  # of it, per round
    alpha: float
    epsilon: float
    cost_error: float | None  # largest error of an estimated cost difference; None where none was estimated


def strict_rules(instance: Instance) -> Rules:
    """For every agent and effort the strictest rule by its own report and the state (assumption 1 of the paper).

    ValueError where there is none: then that effort cannot be told from a lie, and nothing can be learned about it.
    """
    rules = []
    for i in range(instance.agents):
        law = own_law(instance, i)
        mine = []
        for b in range(instance.efforts[i]):
            found = strictest(law, instance.costs[i], b, instance.cap)
            if found is None:
                raise ValueError(
                    f"no rule makes effort {b} of agent {i} and the truth strictly best (margin 0): its signal says "
                    "nothing, or the cap is too small; learning needs both margins above 0"
                )
            mine.append(found)
        rules.append(tuple(mine))
    return tuple(rules)


def own_law(instance: Instance, agent: int) -> np.ndarray:
    """The law (B_i, S_i, th) of one agent's signal; ValueError if it depends on what the others do."""
    profiles = [b for b in np.ndindex(*instance.efforts) if b[agent] == 0]
    laws = [outcome_law(instance, agent, b, others_reports=False) for b in profiles]
    if any(abs(law - laws[0]).max() > 1e-9 for law in laws):
        raise ValueError(
            f"the signal of agent {agent} depends on the efforts of others; learning assumes that it does not"
        )
    return laws[0]


def mixed_rule(rule: np.ndarray, towards: np.ndarray, weight: float) -> np.ndarray:
    """weight * towards + (1 - weight) * rule."""
    return weight * towards + (1 - weight) * rule


def reply(law: np.ndarray, costs: np.ndarray, payments: np.ndarray) -> int:
    """The effort of one agent's best reply to payments by report and state, misreports included."""
    return int(((law @ payments.T).max(axis=2).sum(axis=1) - costs).argmax())


def estimated(instance: Instance, samples: int, rng: np.random.Generator) -> Instance:
    """The instance as it looks after every profile was induced `samples` times with honest reports; costs unknown."""
    n, states = instance.agents, len(instance.prior)
    counts = np.zeros((*instance.efforts, *instance.signals, states))
    for b in np.ndindex(*instance.efforts):
        chances = instance.joint[b].ravel()
        counts[b] = rng.multinomial(samples, chances / chances.sum()).reshape(counts[b].shape)
    totals = counts.sum(axis=tuple(range(n, 2 * n)), keepdims=True)
    even = np.full_like(counts, 1 / np.prod(instance.signals))  # a state that never occurred
    law = np.divide(counts, totals, out=even, where=totals > 0)
    prior = counts.reshape(-1, states).sum(axis=0)
    return Instance(
        prior / prior.sum(), law, tuple(np.zeros_like(c) for c in instance.costs), instance.utility, instance.cap
    )


class Search(NamedTuple):
    """Estimated costs of one agent relative to its first effort, the rounds this took, and the paid in them."""

    costs: np.ndarray
    rounds: int
    paid: float


def searched(true: np.ndarray, costs: np.ndarray, seen: np.ndarray, rules: Sequence[Strict], rounds: int,
             learning: Learning, rng: np.random.Generator) -> Search:  # fmt: skip
    """Cost differences of one agent by bisection. `true` and `seen` are its law and the estimate of it (B_i, S_i, th).

    Between the rule of the first effort and that of another one the response switches, perhaps over efforts in between.
    At a switch the two efforts are equally good, so that expected payments differ by exactly the difference in costs.
    """
    steps, spent, paid = int(np.ceil(np.log2(rounds))), 0, 0.0
    found = np.zeros(len(rules))

    def probe(payments: np.ndarray) -> int:
        nonlocal spent, paid
        done = reply(true, costs, payments)
        times = 1 if learning.observe_effort else _times(seen, rounds, learning)
        spent += times
        paid += times * float((true[done] @ payments.T).max(axis=1).sum())
        return done if learning.observe_effort else _inferred(true[done], seen, payments, times, rng)

    for effort in range(1, len(rules)):
        start, end = rules[0].payments, rules[effort].payments
        low, current, known = 0.0, 0, {0: 0.0}
        for _ in range(len(rules)):
            if current == effort:
                break
            left, right, other = low, 1.0, effort
            for _ in range(steps):
                middle = (left + right) / 2
                if (answer := probe(mixed_rule(start, end, middle))) == current:
                    left = middle
                else:
                    right, other = middle, answer
            at = mixed_rule(start, end, (left + right) / 2)
            worth = (seen @ at.T).max(axis=2).sum(axis=1)  # estimated pay of each effort, with its best reports
            known[other] = known[current] + float(worth[other] - worth[current])
            low, current = right, other
        found[effort] = known.get(effort, known[current])
    return Search(found, spent, paid)


def _times(seen: np.ndarray, rounds: int, learning: Learning) -> int:
    """Repeats of a step that tell efforts apart by frequencies with error below about 1/T."""
    apart = min(np.abs(a - b).sum() / 2 for k, a in enumerate(seen) for b in seen[:k])
    return int(np.ceil(learning.repeats * np.log(rounds) / max(apart, 1e-3) ** 2))


def _inferred(true: np.ndarray, seen: np.ndarray, payments: np.ndarray, times: int, rng: np.random.Generator) -> int:
    """The effort under which the reports seen are most likely, when each effort comes with its best reports."""

    def reported(law: np.ndarray) -> np.ndarray:
        return np.eye(len(law))[(law @ payments.T).argmax(axis=1)].T @ law

    chances = reported(true).ravel()
    counts = rng.multinomial(times, chances / chances.sum())
    likelihoods = [float(counts @ np.log(reported(law).ravel() + 1e-9)) for law in seen]
    return int(np.argmax(likelihoods))


def repair(rules: Rules, epsilon: float) -> float:
    """The alpha that outweighs incentives that are wrong by up to 2 epsilon: (1 - alpha) 2 epsilon = alpha l, where l
    is the smallest margin of any strict rule."""
    least = min(min(rule.effort, rule.truth) for mine in rules for rule in mine)
    return 2 * epsilon / (2 * epsilon + least)


def repaired(instance: Instance, mechanism: Mechanism, rules: Rules, alpha: float) -> Mechanism:
    """(1 - alpha) of the payments plus alpha of the strict rule of each recommended effort."""
    n, payments = instance.agents, []
    for i, gamma in enumerate(mechanism.payments):
        strict = np.stack([rule.payments for rule in rules[i]])  # (B_i, S_i, th)
        shape = [1] * gamma.ndim
        shape[i], shape[n + i], shape[-1] = strict.shape
        payments.append((1 - alpha) * gamma + alpha * strict.reshape(shape))
    return mechanism._replace(payments=tuple(payments))


def run(
    instance: Instance,
    rounds: int,
    rng: np.random.Generator,
    plan: Plan = "commit",
    learning: Learning = Learning(),
    optimum: float | None = None,
) -> Online:
    """One run of `rounds` rounds. `optimum` is the value of the optimal mechanism, solved for when it is not given."""
    best = solve(instance).value if optimum is None else optimum
    blind = float((instance.utility @ instance.prior).max())  # acting without any report
    if plan == "never explore":
        return Online(rounds * (best - blind), 0, True, blind, 0.0, 0.0, None)
    rules, profiles = strict_rules(instance), int(np.prod(instance.efforts))
    laws = [own_law(instance, i) for i in range(instance.agents)]
    pays = [
        [float((laws[i][b] * rules[i][b].payments).sum()) for b in range(instance.efforts[i])]
        for i in range(instance.agents)
    ]
    each = np.mean([blind - sum(p[b] for p, b in zip(pays, profile)) for profile in np.ndindex(*instance.efforts)])
    if plan == "always explore":
        return Online(rounds * (best - float(each)), rounds, True, float(each), 1.0, 0.0, None)
    samples = int(min(np.ceil(rounds ** (2 / 3)), rounds // profiles))
    seen = estimated(instance, samples, rng)
    costs, explored, regret = [], samples * profiles, samples * profiles * (best - float(each))
    for i in range(instance.agents):
        profile = (0,) * instance.agents
        pooled = _pooled(seen, i)
        search = searched(laws[i], instance.costs[i], pooled, rules[i], rounds, learning, rng)
        others = sum(p[b] for j, (p, b) in enumerate(zip(pays, profile)) if j != i)
        explored += search.rounds
        regret += search.rounds * (best - blind + others) + search.paid
        costs.append(search.costs)
    error = max(float(abs(c - (t - t[0])).max()) for c, t in zip(costs, instance.costs))
    guess = replace(seen, costs=tuple(c - c.min() for c in costs))
    epsilon = learning.width * instance.cap * float(np.sqrt(np.log(rounds) / samples))
    alpha = repair(rules, 0.0 if plan == "no mixture" else epsilon)
    mechanism = repaired(instance, solve(guess, relax=epsilon), rules, alpha)._replace(actions=best_actions(guess))
    behaviour = responses(instance, mechanism)
    value = value_under(instance, mechanism, behaviour)
    left = max(rounds - explored, 0)
    return Online(regret + left * (best - value), explored, behaviour.obedient, value, alpha, epsilon, error)


def _pooled(seen: Instance, agent: int) -> np.ndarray:
    """The estimated law (B_i, S_i, th) of one agent's signal, averaged over what the others did."""
    n = seen.agents
    array = np.moveaxis(seen.joint, (agent, n + agent), (0, 1))
    return array.reshape(seen.efforts[agent], seen.signals[agent], -1, len(seen.prior)).sum(axis=2) / (
        np.prod(seen.efforts) / seen.efforts[agent]
    )


def slope(rounds: Sequence[float], regrets: Sequence[float]) -> float:
    """The slope of log regret against log T, by least squares."""
    return float(np.polyfit(np.log(rounds), np.log(np.maximum(regrets, 1e-12)), 1)[0])


def checked_margins(instance: Instance, rules: Rules) -> float:
    """The smallest margin of the rules, computed again from the instance (an oracle for `strict_rules`)."""
    found = [
        min(margins(own_law(instance, i), instance.costs[i], b, rule.payments))
        for i, mine in enumerate(rules)
        for b, rule in enumerate(mine)
    ]
    return float(min(found))
