"""Hiring instances: random ones of three kinds of law, relabelled and garbled ones, and their plain form for files."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from manyminds.theory.hiring import Instance, Mechanism

Kind = Literal["independent", "common noise", "arbitrary"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def random_instance(
    rng: np.random.Generator, kind: Kind, agents: int = 2, efforts: int = 2, signals: int = 2, states: int = 2,
    actions: int = 2, cap: float = 1.0, dearest: float = 0.08,
) -> Instance:  # fmt: skip
    """Efforts in order of cost, the first free; the more costly, the more often a signal says something.

    independent: signals are independent given the state. common noise: an effort buys a look at one signal that all who
    look share. arbitrary: any joint law, sharper with total effort.
    """
    look = (np.arange(efforts) + rng.random((agents, efforts))) / efforts
    look[:, 0] *= 0.2
    base = rng.dirichlet(np.ones(signals), size=agents)
    law = np.zeros((*[efforts] * agents, *[signals] * agents, states))
    if kind == "common noise":
        shared = _sharp(rng, signals, states)
        for b in np.ndindex(*[efforts] * agents):
            law[b] = _shared_look(shared, [look[i, b[i]] for i in range(agents)], base)
    elif kind == "independent":
        own = [_sharp(rng, signals, states) for _ in range(agents)]
        for b in np.ndindex(*[efforts] * agents):
            each = [look[i, b[i]] * own[i] + (1 - look[i, b[i]]) * base[i][:, None] for i in range(agents)]
            law[b] = _product(each)
    elif kind == "arbitrary":
        for b in np.ndindex(*[efforts] * agents):
            share = np.mean([look[i, b[i]] for i in range(agents)])
            drawn = rng.dirichlet(np.full(signals**agents, 0.3), size=states)
            noise = rng.dirichlet(np.full(signals**agents, 2.0))
            law[b] = (share * drawn + (1 - share) * noise).T.reshape(*[signals] * agents, states)
    else:
        raise ValueError(f"a law is one of {', '.join(KINDS)}, not {kind!r}")
    costs = tuple(np.r_[0.0, np.sort(rng.uniform(0, dearest, efforts - 1))] for _ in range(agents))
    right = np.eye(states)[np.arange(actions) % states]
    return Instance(rng.dirichlet(np.full(states, 5.0)), law, costs, 0.7 * right + 0.3 * rng.random(right.shape), cap)


def _sharp(rng: np.random.Generator, signals: int, states: int) -> np.ndarray:
    """A law (signals, states) in which each state has a signal of its own that it mostly shows."""
    shown = 0.8 * np.eye(signals)[np.arange(states) % signals]
    return (shown + 0.2 * rng.dirichlet(np.ones(signals), size=states)).T


def _product(each: Sequence[np.ndarray]) -> np.ndarray:
    """The joint law (*S, states) of independent signals."""
    joint = np.ones(each[0].shape[1:])[None]
    for law in each:
        joint = joint[..., None, :] * law
    return joint[0]


def _shared_look(shared: np.ndarray, look: Sequence[float], base: np.ndarray) -> np.ndarray:
    """Each agent sees the shared signal with its own probability, else noise of its own."""
    signals, states = shared.shape
    joint = np.zeros((*[signals] * len(look), states))
    for y in range(signals):
        each = [look[i] * np.eye(signals)[y] + (1 - look[i]) * base[i] for i in range(len(look))]
        joint += _product([np.repeat(e[:, None], states, axis=1) for e in each]) * shared[y]
    return joint


def permuted(instance: Instance, order: Sequence[int]) -> Instance:
    """The same instance with its agents in another order."""
    n = instance.agents
    axes = (*order, *(n + i for i in order), 2 * n)
    return replace(instance, law=instance.law.transpose(axes), costs=tuple(instance.costs[i] for i in order))


def garbled(instance: Instance, agent: int, channel: np.ndarray) -> Instance:
    """The same instance after the agent's signal went through a noisy channel (S_i, S_i'), rows summing to one."""
    axis = instance.agents + agent
    law = np.moveaxis(np.tensordot(instance.law, channel, axes=([axis], [0])), -1, axis)
    return replace(instance, law=law)


def plain(instance: Instance) -> dict[str, Any]:
    """The instance as plain values: prior[th], law[b_1]..[b_n][s_1]..[s_n][th], costs[i][b_i], utility[a][th], cap."""
    return {
        "prior": instance.prior.tolist(),
        "law": instance.law.tolist(),
        "costs": [c.tolist() for c in instance.costs],
        "utility": instance.utility.tolist(),
        "cap": instance.cap,
    }


def from_plain(values: dict[str, Any]) -> Instance:
    """The instance of plain values, as in `plain`; or with a flat law [b][s][th] and `signals`, one number an agent
    (profiles and signals then in row-major order). ValueError says what is wrong."""
    wanted = {"prior", "law", "costs", "utility", "cap"}
    if missing := sorted(wanted - set(values)):
        raise ValueError(f"{missing[0]} is missing; an instance has prior, law, costs, utility and cap")
    if odd := sorted(set(values) - wanted - {"signals", "names"}):
        raise ValueError(f"{odd[0]} is no field of an instance, which has prior, law, costs, utility, cap and signals")
    try:
        law = np.asarray(values["law"], float)
        costs = tuple(np.asarray(c, float) for c in values["costs"])
        cap = float(values["cap"])
        prior, utility = np.asarray(values["prior"], float), np.asarray(values["utility"], float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"an instance holds numbers in lists of equal length: {error}") from None
    if "signals" in values:
        law = law.reshape(*map(len, costs), *values["signals"], law.shape[-1])
    return Instance(prior, law, costs, utility, cap)


def plain_mechanism(mechanism: Mechanism) -> dict[str, Any]:
    """A mechanism as plain values, indexed like the instance: mu[b..], payments[i][b..][s..][th], actions[b..][s..]."""
    return {
        "mu": mechanism.mu.tolist(),
        "payments": [gamma.tolist() for gamma in mechanism.payments],
        "actions": mechanism.actions.argmax(axis=-1).tolist(),
        "value": mechanism.value,
        "paid": mechanism.paid.tolist(),
        "dual_value": mechanism.dual,
        "note": mechanism.note,
    }
