"""Sparse coarse correlated equilibria: gaps against deviations with memory, certificates, and what they must contain.

T product policies of a repeated normal-form game are mixed uniformly (arXiv 2303.12287, SparseCCE; constants derived
here). A deviator with memory pays at most sqrt(2 ln T / H) a stage for not knowing which policy is in force, so

    gap_i >= mean over (t, h) of regret_i(policy t, stage h) - span sqrt(2 ln T / H),

and when all gaps are at most eps, some (t, h) has a sum of regrets of at most m (eps + span sqrt(2 ln T / H)): scanning
the T H stage profiles finds an approximate Nash equilibrium. Gaps and regrets are per stage, in the payoffs' units.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from manyminds.theory.history_deviations import (
    MOST_HISTORIES,
    Deviation,
    Others,
    exact,
    exact_constant,
    exact_pure,
    facing,
    sampled,
)
from manyminds.theory.normal_form import checked, regrets

Policies = tuple[np.ndarray, ...]  # for each player (T, H, |A_i|)


class Audit(NamedTuple):
    """One player's side of a mixture of policies."""

    player: int
    value: float  # what it earns by obeying
    markov_gap: float  # the best deviation that knows the stage only
    stage_regret: float  # the mean over (t, h) of what knowing t would add
    history_gap: float  # the best deviation that remembers what happened
    error: float  # standard error of the history gap, 0 when exact
    certificate: float  # a lower bound on the history gap, from stage regret, T and H alone
    divergence: float  # E sum_h KL(in force || predictive)
    budget: float  # its bound: ln T, or less when policies are duplicates
    variation: np.ndarray  # (H,)
    divergence_error: float = 0.0


class Extracted(NamedTuple):
    """The stage profile nearest to a Nash equilibrium."""

    policy: int
    stage: int
    profile: tuple[np.ndarray, ...]
    regrets: np.ndarray  # (m,)


def mixture(payoffs: np.ndarray, policies: Sequence[np.ndarray]) -> Policies:
    """The policies as float arrays (T, H, |A_i|); what is no mixture of product policies is refused with the reason."""
    game = checked(payoffs)
    if len(policies) != len(game):
        raise ValueError(f"{len(policies)} players' policies for a game of {len(game)}; give one array for each player")
    arrays = tuple(np.asarray(p, float) for p in policies)
    for i, (array, actions) in enumerate(zip(arrays, game.shape[1:], strict=True)):
        if array.ndim != 3:
            raise ValueError(
                f"policies of player {i} have the shape {array.shape}, not (T, H, {actions}): only product policies, "
                "in which players randomise on their own, can be audited; a joint distribution must be split first"
            )
        if array.shape != (*arrays[0].shape[:2], actions):
            raise ValueError(
                f"policies of player {i} have the shape {array.shape}, not {(*arrays[0].shape[:2], actions)}"
            )
        if not np.isfinite(array).all() or array.min() < -1e-9 or abs(array.sum(axis=2) - 1).max() > 1e-4:
            raise ValueError(f"policies of player {i} are not probabilities that sum to one in every stage")
    clipped = (np.clip(array, 0, None) for array in arrays)
    return tuple(array / array.sum(axis=2, keepdims=True) for array in clipped)


def rescaled(payoffs: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The payoffs in [0, 1], and the least payoff and the span they had."""
    game = checked(payoffs)
    low, span = float(game.min()), float(np.ptp(game)) or 1.0
    return (game - low) / span, low, span


def learning_loss(policies: float, stages: int, span: float = 1.0) -> float:
    """span sqrt(2 ln T / H): what not knowing which of T policies is in force costs at most, per stage."""
    return float(span * np.sqrt(2 * np.log(policies) / stages))


def budget(policies: Policies) -> float:
    """The entropy of the uniform mixture over distinct policies: ln T without duplicates."""
    flat = np.concatenate([p.reshape(len(p), -1) for p in policies], axis=1)
    _, counts = np.unique(flat, axis=0, return_counts=True)
    weights = counts / counts.sum()
    return float(max(-(weights * np.log(weights)).sum(), 0.0))


def constant(policies: Policies) -> bool:
    """Does every policy play the same mixture in all stages?"""
    return all(bool((p == p[:, :1]).all()) for p in policies)


def own_values(payoffs: np.ndarray, policies: Policies, player: int) -> np.ndarray:
    """Expected payoffs of each own action, shape (T, H, |A_player|)."""
    others = facing(payoffs, policies, player)
    return others.policies @ others.table.T


def stage_regrets(payoffs: np.ndarray, policies: Policies) -> np.ndarray:
    """Regrets of every stage profile, shape (T, H, m)."""
    found = []
    for i, own in enumerate(policies):
        values = own_values(payoffs, policies, i)
        found.append(values.max(axis=2) - (values * own).sum(axis=2))
    return np.stack(found, axis=2)


def deviation(others: Others, same: bool, key: jax.Array, samples: int, limit: int = 20_000) -> Deviation:
    """The best deviation with memory: exactly where few histories matter, else over `samples` histories."""
    count, stages, joint = others.policies.shape
    if count == 1:  # nothing to learn
        return Deviation(float((others.policies[0] @ others.table.T).max(axis=1).mean()), 0.0, 0.0, np.zeros(stages))
    if bool(((others.policies == 0) | (others.policies == 1)).all()):
        return exact_pure(others)
    if same and joint <= 4 and stages <= 48:
        return exact_constant(others.table, others.policies[:, 0], stages)
    if joint ** max(stages - 1, 0) <= min(limit, MOST_HISTORIES):
        return exact(others)
    return sampled(others, key, samples)


def audit(payoffs: np.ndarray, policies: Sequence[np.ndarray], key: jax.Array, samples: int = 2000) -> list[Audit]:
    """Gaps and certificates of every player for the uniform mixture of `policies`, played in the repeated game.

    The Markov gap is what usual regret measures see. It may be small while the history gap is not.
    """
    game, parts = checked(payoffs), mixture(payoffs, policies)
    stages = parts[0].shape[1]
    same, entropy = constant(parts), budget(parts)
    found = []
    for i, own in enumerate(parts):
        others = facing(game, parts, i)
        values = others.policies @ others.table.T
        value = float((values * own).sum(axis=2).mean())
        regret = float(values.max(axis=2).mean()) - value
        markov = float(values.mean(axis=0).max(axis=1).mean()) - value
        best = deviation(others, same, jax.random.fold_in(key, i), samples)
        certificate = regret - learning_loss(np.exp(entropy), stages, float(np.ptp(others.table)))
        found.append(Audit(i, value, markov, regret, best.value - value, best.error, certificate, best.divergence,
                           entropy, best.variation, best.divergence_error))  # fmt: skip
    return found


def warning(audits: Sequence[Audit], small: float = 0.05) -> str:
    """What a reader of regret curves must be told, or nothing: regret that vanishes only against Markov deviations."""
    worst = max(audits, key=lambda a: a.history_gap)
    markov = max(a.markov_gap for a in audits)
    if markov > small or worst.history_gap <= max(2 * markov, small) + 2 * worst.error:
        return ""
    certified = f" (certified: at least {worst.certificate:.3g})" if worst.certificate > 0 else ""
    return (
        f"regret against Markov deviations is {markov:.3g}, but player {worst.player} gains {worst.history_gap:.3g} a "
        f"stage by remembering what happened{certified}; these policies are "
        "no coarse correlated equilibrium"
    )


def extract(payoffs: np.ndarray, policies: Sequence[np.ndarray]) -> Extracted:
    """The stage profile with the smallest sum of regrets among all T H of them."""
    parts = mixture(payoffs, policies)
    sums = stage_regrets(checked(payoffs), parts)
    t, h = np.unravel_index(sums.sum(axis=2).argmin(), sums.shape[:2])
    profile = tuple(p[t, h] for p in parts)
    return Extracted(int(t), int(h), profile, regrets(checked(payoffs), profile))


def promised(gap: float, players: int, policies: float, stages: int, span: float = 1.0) -> float:
    """The sum of regrets that the profile of `extract` cannot exceed when no player's gap exceeds `gap`."""
    return players * (gap + learning_loss(policies, stages, span))


def pure_plans(rng: np.random.Generator, actions: Sequence[int], count: int, stages: int) -> Policies:
    """`count` plans that fix a pure profile for every stage, drawn uniformly: a sparse sample of uniform play."""
    return tuple(np.eye(k)[rng.integers(k, size=(count, stages))] for k in actions)
