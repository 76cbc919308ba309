"""The kibitzer: one more player who names a player and an action, and so sees through threats.

Naming (j, a') it receives from player j what j would have gained by a' (Borgs and others 2008; the use here follows
arXiv 2303.12287, constants derived). With the kibitzer, small gaps mean again that the profiles visited are near Nash.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from manyminds.theory.history_deviations import logarithms, posterior
from manyminds.theory.normal_form import checked, regrets
from manyminds.theory.threats import Automaton

Row = tuple[dict[int, float], float]  # coefficients by variable, and the bound above


def with_kibitzer(payoffs: np.ndarray) -> np.ndarray:
    """The game of m + 1 players, shape (m + 1, *A, sum_j |A_j|): the last one names (j, a'), in order of players.

    It gets M_j(a', a_-j) - M_j(a), player j gets the negative, the others nothing: zero in total.
    """
    game = checked(payoffs)
    players, shape = len(game), game.shape[1:]
    named = np.zeros((players + 1, *shape, sum(shape)))
    at = 0
    for j, actions in enumerate(shape):
        for a in range(actions):
            gain = np.broadcast_to(game[j].take([a], axis=j), shape) - game[j]
            named[players, ..., at], named[j, ..., at] = gain, -gain
            at += 1
    return named


class _Layout(NamedTuple):
    """The game with the kibitzer, the automaton, and where the variables of the linear program are."""

    game: np.ndarray  # (m + 1, *A, names)
    automaton: Automaton
    stages: int
    tolerated: frozenset[int] | None
    mixes: np.ndarray  # (H, Q, names) the kibitzer's mixtures
    worth: np.ndarray  # (H, Q, m + 1) best values from each stage and state on
    gap: int  # the largest gap

    @property
    def players(self) -> int:
        return len(self.game) - 1

    def profile(self, state: int) -> tuple[int, ...]:
        return tuple(int(mix[state].argmax()) for mix in self.automaton.mixes)

    def ahead(self, stage: int, state: int, who: int) -> dict[int, float]:
        """The best value from the next stage on, as a term; nothing after the last stage."""
        return {int(self.worth[stage + 1, state, who]): 1.0} if stage + 1 < self.stages else {}

    def paid(self, stage: int, state: int, who: int, done: tuple[int, ...], sign: float) -> dict[int, float]:
        """What `who` gets per stage for a joint action, over the kibitzer's mixture there."""
        rewards = sign * self.game[(who, *done)] / self.stages
        return dict(zip(self.mixes[stage, state].tolist(), rewards.tolist(), strict=True))


def _players_rows(layout: _Layout) -> Iterator[Row]:
    """Every action of every player anywhere is worth at most the best value there."""
    for h, q in np.ndindex(layout.mixes.shape[:2]):
        profile = layout.profile(q)
        for who in range(layout.players):
            for a in range(layout.game.shape[1 + who]):
                done = (*profile[:who], a, *profile[who + 1 :])
                after = int(layout.automaton.moves[(q, *done)])
                best = {int(layout.worth[h, q, who]): -1.0}
                yield best | layout.ahead(h, after, who) | layout.paid(h, q, who, done, 1.0), 0.0


def _kibitzers_rows(layout: _Layout) -> Iterator[Row]:
    """The same for the kibitzer, whose actions move the state only where threats react to it."""
    who = layout.players
    for h, q in np.ndindex(layout.mixes.shape[:2]):
        profile = layout.profile(q)
        for k in range(layout.game.shape[-1]):
            off = layout.tolerated is not None and q == layout.automaton.start and k not in layout.tolerated
            after = 1 if off else int(layout.automaton.moves[(q, *profile)])
            row = {int(layout.worth[h, q, who]): -1.0} | layout.ahead(h, after, who)
            yield row, -float(layout.game[(who, *profile, k)]) / layout.stages


def _gap_rows(layout: _Layout) -> Iterator[Row]:
    """Everybody's best value from the start less what obeying gives is at most the largest gap."""
    start = layout.automaton.start
    for who in range(layout.players + 1):
        row = {layout.gap: -1.0, int(layout.worth[0, start, who]): 1.0}
        for h in range(layout.stages):
            row |= layout.paid(h, start, who, layout.profile(start), -1.0)
        yield row, 0.0


def least_gap_with_kibitzer(
    payoffs: np.ndarray, automaton: Automaton, stages: int, tolerated: Sequence[int] | None = None
) -> float:
    """The smallest largest gap per stage that any strategy of the kibitzer leaves, by a linear program.

    The players follow a pure `automaton` that stays in its first state while they do. Without `tolerated` they ignore
    the kibitzer. With it, the kibitzer plays only those of its actions on the path, and any other one makes the players
    punish (state 1). It may mix otherwise in every stage and state, which loses nothing: gaps are convex in it.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    game, states = with_kibitzer(payoffs), len(automaton.moves)
    mixes = np.arange(stages * states * game.shape[-1]).reshape(stages, states, -1)
    worth = mixes.size + np.arange(stages * states * len(game)).reshape(stages, states, -1)
    allowed = None if tolerated is None else frozenset(tolerated)
    layout = _Layout(game, automaton, stages, allowed, mixes, worth, mixes.size + worth.size)
    rows = [*_players_rows(layout), *_kibitzers_rows(layout), *_gap_rows(layout)]
    at = np.repeat(np.arange(len(rows)), [len(row) for row, _ in rows])
    columns, data = (np.concatenate([list(part(row)) for row, _ in rows]) for part in (dict.keys, dict.values))
    upper = csr_matrix((data, (at, columns)), (len(rows), layout.gap + 1))
    sums = csr_matrix((np.ones(mixes.size), (np.arange(mixes.size) // mixes.shape[2], mixes.ravel())),
                      (stages * states, layout.gap + 1))  # fmt: skip
    bounds = np.full((layout.gap + 1, 2), [-np.inf, np.inf])
    bounds[: mixes.size] = 0.0, np.inf
    if allowed is not None:
        bounds[mixes[:, automaton.start, sorted(set(range(game.shape[-1])) - allowed)].ravel()] = 0.0
    cost = np.r_[np.zeros(layout.gap), 1.0]
    found = linprog(cost, upper, [bound for _, bound in rows], sums, np.ones(stages * states), bounds)
    if found.status != 0:
        raise ArithmeticError(f"the linear program did not solve: {found.message}")
    return float(found.fun)


class Visited(NamedTuple):
    """What the kibitzer's best reply to the posterior meets, over sampled trajectories."""

    value: float  # of that deviation, per stage
    error: float
    mean_largest_regret: float  # E over (t, h, history) of max_j regret_j of the profile in force
    sums: np.ndarray  # (samples, H) sums of regrets of the profiles in force
    best: tuple[np.ndarray, ...]  # the profile with the least sum
    flagged: int  # histories that no policy explained (the prior was kept)


def kibitzer_visits(
    payoffs: np.ndarray, automata: Sequence[Automaton], stages: int, rng: np.random.Generator, samples: int = 500
) -> Visited:
    """Sample trajectories of T automata mixed uniformly, with the kibitzer naming what gains most under its posterior.

    The players follow their automata, which do not react to the kibitzer; a sample is one policy in force throughout.
    """
    game = checked(payoffs)
    shape, count = game.shape[1:], len(automata)
    gains = np.moveaxis(with_kibitzer(game)[-1], -1, 0).reshape(sum(shape), -1)  # named action, joint action
    joints = [[_joint(automaton.profile(q)) for q in range(len(automaton.moves))] for automaton in automata]
    table = [np.array([regrets(game, a.profile(q)) for q in range(len(a.moves))]) for a in automata]
    sums, largest, values, flagged = np.zeros((samples, stages)), np.zeros((samples, stages)), np.zeros(samples), 0
    least: tuple[float, tuple[np.ndarray, ...]] = (np.inf, automata[0].profile(automata[0].start))
    for n in range(samples):
        force, states, weights = n % count, [a.start for a in automata], np.zeros(count)
        for h in range(stages):
            chances = np.array([joints[t][q] for t, q in enumerate(states)])  # (T, joint actions)
            belief, lost = posterior(weights)
            flagged += int(lost)
            values[n] += float((gains @ (belief @ chances)).max()) / stages
            regret = table[force][states[force]]
            sums[n, h], largest[n, h] = regret.sum(), regret.max()
            if sums[n, h] < least[0]:
                least = float(sums[n, h]), automata[force].profile(states[force])
            done = int(rng.choice(chances.shape[1], p=chances[force]))
            weights = weights + logarithms(chances[:, done])
            states = [int(a.moves[(q, *np.unravel_index(done, shape))]) for a, q in zip(automata, states, strict=True)]
    error = values.std(ddof=1) / np.sqrt(samples) if samples > 1 else np.inf
    return Visited(float(values.mean()), float(error), float(largest.mean()), sums, least[1], flagged)


def _joint(profile: Sequence[np.ndarray]) -> np.ndarray:
    joint = np.ones(1)
    for part in profile:
        joint = np.multiply.outer(joint, part).reshape(-1)
    return joint
