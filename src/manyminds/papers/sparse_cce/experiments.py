"""The computed parts of a run: learners audited, random mixtures, plans, threats, extraction, tractable contrasts."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from manyminds.core import Seeds
from manyminds.learning.no_regret import LEARNERS, self_play
from manyminds.papers.sparse_cce.rows import Audited, Contrast, Extraction, Phase, Threat, Visits
from manyminds.theory.kibitzer import kibitzer_visits, least_gap_with_kibitzer
from manyminds.theory.markov_games import correlated_gaps, stagewise_cce
from manyminds.theory.named_games import ROCK_PAPER_SCISSORS, THREATS, random_game
from manyminds.theory.normal_form import equilibria, pure
from manyminds.theory.sparse_cce import Audit, audit, extract, learning_loss, pure_plans, stage_regrets
from manyminds.theory.threats import (
    Automaton,
    grim,
    plain_gap,
    stationary,
)
from manyminds.worlds.games.markov import random_markov_game


def row(found: Audit, start: int, episodes: int, stages: int) -> Audited:
    return Audited(
        start=start, episodes=episodes, stages=stages, player=found.player, markov_gap=found.markov_gap,
        stage_regret=found.stage_regret, history_gap=found.history_gap, error=found.error,
        certificate=found.certificate, divergence=found.divergence, divergence_error=found.divergence_error,
        budget=found.budget,
    )  # fmt: skip


def learners(payoffs: np.ndarray, episodes: int, learner: str, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The mixtures (T, |A_i|) of self-play from normal head starts of standard deviation 0.1, normalised in float64."""
    starts = [rng.normal(0, 0.1, k) for k in payoffs.shape[1:]]
    played = self_play(payoffs, episodes, LEARNERS[learner], starts, scale=float(np.ptp(payoffs)) or 1.0)
    exact = (np.asarray(p, float) for p in played)
    return tuple(p / p.sum(axis=1, keepdims=True) for p in exact)


def spread(played: Sequence[np.ndarray], stages: int) -> tuple[np.ndarray, ...]:
    """The same learner in each of H stages: mixtures (T, k) as policies (T, H, k)."""
    return tuple(np.repeat(p[:, None], stages, axis=1) for p in played)


def learned(payoffs: np.ndarray, episodes: int, horizons: Sequence[int], learner: str, samples: int, start: int,
            seeds: Seeds) -> list[Audited]:  # fmt: skip
    """Self-play of no-regret learners, audited at every horizon."""
    played = learners(payoffs, episodes, learner, seeds.numpy("start", start))
    rows = []
    for stages in horizons:
        key = seeds.jax("histories", episodes, stages, start)
        rows += [row(a, start, episodes, stages) for a in audit(payoffs, spread(played, stages), key, samples)]
    return rows


def random_mixture(rng: np.random.Generator) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """A random game of two or three players and a random mixture for it."""
    shape = ((2, 2), (3, 3), (2, 3), (2, 2, 2))[rng.integers(4)]
    count, stages = int(rng.choice([1, 2, 16, 64])), int(rng.choice([1, 3, 8, 32]))
    concentration = float(rng.choice([0.1, 0.5, 2.0]))
    policies = tuple(rng.dirichlet(np.full(k, concentration), size=(count, stages)) for k in shape)
    return random_game(rng, *shape), policies


def bounds(count: int, samples: int, seeds: Seeds) -> list[Audited]:
    """Random games and mixtures: gap against certificate, divergence against budget."""
    rows = []
    for k in range(count):
        payoffs, policies = random_mixture(seeds.numpy("bounds", k))
        found = audit(payoffs, policies, seeds.jax("bounds", k), samples)
        rows += [row(a, k, *policies[0].shape[:2]) for a in found]
    return rows


def phase(plans: int, stages: int, samples: int, seeds: Seeds) -> Phase:
    """Rock-paper-scissors under T random pure plans."""
    place = ("phase", plans, stages)
    policies = pure_plans(seeds.numpy(*place), (3, 3), plans, stages)
    found = audit(ROCK_PAPER_SCISSORS, policies, seeds.jax(*place), samples)
    predicted = max(1 - np.log(plans) / np.log(3) / stages, 0.0)
    error = float(np.hypot(*(a.error for a in found)) / 2)
    return Phase(plans=plans, stages=stages, gap=float(np.mean([a.history_gap for a in found])), error=error,
                 predicted=float(predicted))  # fmt: skip


def threat(stages: int, react: bool) -> Threat:
    """The grim profile, alone and with the kibitzer."""
    profile = grim(THREATS, (0, 0), (2, 2))
    names = range(sum(THREATS.shape[1:]))
    supports = [s for size in range(1, len(names) + 1) for s in combinations(names, size)] if react else []
    return Threat(
        stages=stages, plain_gap=max(plain_gap(THREATS, profile, i, stages) for i in range(2)),
        with_kibitzer=least_gap_with_kibitzer(THREATS, profile, stages),
        reacting=min((least_gap_with_kibitzer(THREATS, profile, stages, s) for s in supports), default=None),
    )  # fmt: skip


def random_automaton(rng: np.random.Generator, shape: Sequence[int], states: int = 3) -> Automaton:
    """Random mixtures and random moves."""
    mixes = tuple(rng.dirichlet(np.full(k, 0.3), size=states) for k in shape)
    return Automaton(mixes, rng.integers(states, size=(states, *shape)))


def visits(seeds: Seeds, stages: int, samples: int) -> list[Visits]:
    """The kibitzer's deviation on threats, on an equilibrium with junk, and on random policies with memory."""
    defect = stationary(pure(THREATS, (1, 1)))
    rng = seeds.numpy("automata")
    mixtures = {
        "grim": [grim(THREATS, (0, 0), (2, 2))],
        "equilibrium": [defect],
        "grim and equilibrium": [grim(THREATS, (0, 0), (2, 2)), defect],
        "random with memory": [random_automaton(rng, (3, 3)) for _ in range(8)],
    }
    rows = []
    for name, automata in mixtures.items():
        found = kibitzer_visits(THREATS, automata, stages, seeds.numpy("visits", name), samples)
        rows.append(Visits(
            mixture=name, policies=len(automata), stages=stages, value=found.value, error=found.error,
            largest_regret=found.mean_largest_regret, loss=learning_loss(len(automata), stages, 2.0),
            best=float(found.sums.min()), flagged=found.flagged,
        ))  # fmt: skip
    return rows


def extraction(k: int, seeds: Seeds) -> Extraction:
    """Plant an equilibrium of a random game in one stage of a mixture of junk, and look for it."""
    rng = seeds.numpy("extraction", k)
    actions, count, stages = 2 + k % 2, 20, 10
    payoffs = random_game(rng, actions, actions)
    nash = equilibria(payoffs)
    policies = tuple(rng.dirichlet(np.ones(actions), size=(count, stages)) for _ in range(2))
    planted = int(rng.integers(count)), int(rng.integers(stages))
    for policy, part in zip(policies, nash[int(rng.integers(len(nash)))], strict=True):
        policy[planted] = part
    found = extract(payoffs, policies)
    sums = stage_regrets(payoffs, policies).sum(axis=2)
    sums[planted] = np.inf
    return Extraction(
        actions=actions, policies=count, stages=stages, planted=planted, found=(found.policy, found.stage),
        regret=float(found.regrets.sum()), elsewhere=float(sums.min()),
    )  # fmt: skip


def contrast(count: int, seeds: Seeds) -> list[Contrast]:
    """Fresh correlation by backward induction, and a product of equilibria: nothing to learn, so no gap."""
    rng = seeds.numpy("contrast")
    worst = 0.0
    for _ in range(count):
        game = random_markov_game(rng, int(rng.integers(2, 6)), int(rng.integers(1, 5)), rng.integers(2, 4, size=2))
        worst = max(worst, float(correlated_gaps(game, stagewise_cce(game)[0]).max()))
    product = 0.0
    for k in range(count):
        payoffs = random_game(rng, 2 + k % 2, 2 + k % 2)
        policies = tuple(np.broadcast_to(p, (1, 16, len(p))) for p in equilibria(payoffs)[0])
        product = max(product, *(a.history_gap for a in audit(payoffs, policies, seeds.jax("contrast"), 2)))
    return [Contrast(what="coarse correlated equilibrium, fresh in each stage and state", games=count, worst_gap=worst),
            Contrast(what="one Nash equilibrium in every stage (T = 1)", games=count, worst_gap=product)]  # fmt: skip
