"""Small episodic Markov games solved exactly: values, Markov and history-dependent deviations, stagewise equilibria.

Axes: m players, H stages, S states, A = A_1 x ... x A_m joint actions, T policies that are mixed uniformly. Policies of
player i have shape (T, H, S, |A_i|) and are Markov; deviations may remember. Totals are sums over the H stages.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from manyminds.theory.correlated import solve


class MarkovGame(NamedTuple):
    """`rewards` (m, H, S, *A); `transitions` (H, S, *A, S), ignored after the last stage; `start` (S,)."""

    rewards: np.ndarray
    transitions: np.ndarray
    start: np.ndarray

    @property
    def players(self) -> int:
        return self.rewards.shape[0]

    @property
    def stages(self) -> int:
        return self.rewards.shape[1]

    @property
    def states(self) -> int:
        return self.rewards.shape[2]

    @property
    def actions(self) -> tuple[int, ...]:
        return tuple(self.rewards.shape[3:])


class Best(NamedTuple):
    """The value of the best deviation, whether it is exact (else a lower bound), and histories seen with no policy."""

    value: float
    exact: bool = True


class Facing(NamedTuple):
    """What one player meets in each of T policies: `rewards` (T, H, S, a) and `chances` (T, H, S, a, O) of what it
    observes; the next state of observation o is `next_state[o]`."""

    rewards: np.ndarray
    chances: np.ndarray
    next_state: np.ndarray


def checked_game(rewards: np.ndarray, transitions: np.ndarray, start: np.ndarray | None = None) -> MarkovGame:
    """The game, or a ValueError that says which array is wrong and what it should be."""
    rewards, transitions = np.asarray(rewards, float), np.asarray(transitions, float)
    if rewards.ndim < 4 or rewards.shape[0] != rewards.ndim - 3:
        raise ValueError(f"rewards of m players have the shape (m, H, S, |A_1|, ..., |A_m|), not {rewards.shape}")
    states = rewards.shape[2]
    if transitions.shape != (*rewards.shape[1:], states):
        raise ValueError(f"transitions must have the shape {(*rewards.shape[1:], states)}, not {transitions.shape}")
    first = np.eye(states)[0] if start is None else np.asarray(start, float)
    if first.shape != (states,):
        raise ValueError(f"start must hold a probability for each of the {states} states")
    for name, array in (("transitions", transitions), ("start", first)):
        if not np.isfinite(array).all() or array.min() < -1e-9 or abs(array.sum(axis=-1) - 1).max() > 1e-6:
            raise ValueError(f"{name} must be probabilities that sum to one")
    if not np.isfinite(rewards).all():
        raise ValueError("rewards must be finite numbers")
    return MarkovGame(rewards, transitions, first)


def checked_policies(game: MarkovGame, policies: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Policies (T, H, S, |A_i|) for each player as floats, or a ValueError."""
    arrays = tuple(np.asarray(p, float) for p in policies)
    if len(arrays) != game.players:
        raise ValueError(f"{len(arrays)} players' policies for a game of {game.players}")
    for i, array in enumerate(arrays):
        wanted = (len(arrays[0]), game.stages, game.states, game.actions[i])
        if array.shape != wanted:
            raise ValueError(
                f"policies of player {i} have the shape {array.shape}, not {wanted}: one mixture of its own actions "
                "for each policy, stage and state; a joint distribution over profiles is no product policy"
            )
        if array.min() < -1e-9 or abs(array.sum(axis=-1) - 1).max() > 1e-4:
            raise ValueError(f"policies of player {i} are not probabilities that sum to one")
    return tuple(np.clip(a, 0, None) / np.clip(a, 0, None).sum(axis=-1, keepdims=True) for a in arrays)


def rescaled(game: MarkovGame) -> tuple[MarkovGame, float, float]:
    """The game with stage rewards in [0, 1/H] (so totals in [0, 1]), the least stage reward and the span it had."""
    low, span = float(game.rewards.min()), float(np.ptp(game.rewards)) or 1.0
    return game._replace(rewards=(game.rewards - low) / span / game.stages), low, span


def facing(game: MarkovGame, policies: Sequence[np.ndarray], player: int, sees: str = "actions") -> Facing:
    """The single-agent problems of `player`. `sees`: "actions" (what all did, and the next state) or "states"."""
    count, stages, states = policies[0].shape[:3]
    joint = np.ones((count, stages, states, 1))
    for other, policy in enumerate(policies):
        if other != player:
            joint = (joint[..., :, None] * policy[..., None, :]).reshape(count, stages, states, -1)
    own = game.actions[player]
    table = np.moveaxis(game.rewards[player], 2 + player, 2).reshape(stages, states, own, -1)
    moves = np.moveaxis(game.transitions, 2 + player, 2).reshape(stages, states, own, -1, states)
    rewards = np.einsum("thsk,hsak->thsa", joint, table)
    if sees == "states":
        return Facing(rewards, np.einsum("thsk,hsakz->thsaz", joint, moves), np.arange(states))
    if sees != "actions":
        raise ValueError(f"a deviator sees 'actions' or 'states', not {sees!r}")
    chances = np.einsum("thsk,hsakz->thsakz", joint, moves).reshape(count, stages, states, own, -1)
    return Facing(rewards, chances, np.tile(np.arange(states), chances.shape[-1] // states))


def values(game: MarkovGame, policies: Sequence[np.ndarray]) -> np.ndarray:
    """Expected totals of every policy, shape (T, m)."""
    found = []
    for i, own in enumerate(policies):
        met = facing(game, policies, i, "states")
        ahead = np.zeros((len(own), game.states))
        for h in reversed(range(game.stages)):
            after = met.rewards[:, h] + np.einsum("tsaz,tz->tsa", met.chances[:, h], ahead)
            ahead = (after * own[:, h]).sum(axis=2)
        found.append(ahead @ game.start)
    return np.stack(found, axis=1)


def history_best(game: MarkovGame, policies: Sequence[np.ndarray], player: int, sees: str = "actions",
                 limit: int = 500_000) -> Best:  # fmt: skip
    """The value of the best deviation with memory, by dynamic programming over histories, equal beliefs merged.

    Beyond `limit` distinct (stage, state, belief) triples a ValueError says so; take `history_rollout` there.
    """
    met = facing(game, policies, player, sees)
    known: dict[tuple[int, int, bytes], float] = {}

    def ahead(h: int, state: int, belief: np.ndarray) -> float:
        if h == game.stages:
            return 0.0
        key = (h, state, (np.round(belief, 12) + 0.0).tobytes())
        if key not in known:
            if len(known) >= limit:
                raise ValueError(f"more than {limit} histories matter; use sampled deviations for this game")
            known[key] = max(worth(h, state, belief, a) for a in range(met.rewards.shape[3]))
        return known[key]

    def worth(h: int, state: int, belief: np.ndarray, action: int) -> float:
        total = float(belief @ met.rewards[:, h, state, action])
        if h + 1 == game.stages:
            return total
        joint = belief[:, None] * met.chances[:, h, state, action]  # policy, observation
        chance = joint.sum(axis=0)
        for o in np.flatnonzero(chance > 0):
            total += chance[o] * ahead(h + 1, int(met.next_state[o]), joint[:, o] / chance[o])
        return total

    prior = np.full(len(policies[0]), 1 / len(policies[0]))
    return Best(float(sum(p * ahead(0, s, prior) for s, p in enumerate(game.start) if p > 0)))


def history_rollout(
    game: MarkovGame, policies: Sequence[np.ndarray], player: int, rng: np.random.Generator, samples: int = 2000,
    sees: str = "actions",
) -> tuple[float, float]:  # fmt: skip
    """(value, standard error) of a deviation with memory: in each state the action that is best if the policy in force
    were revealed right after it, under the posterior. A lower bound on the best deviation, on rollouts of its own path.
    """
    met = facing(game, policies, player, sees)
    best = np.zeros((len(policies[0]), game.stages + 1, game.states))
    q_values = np.zeros_like(met.rewards)
    for h in reversed(range(game.stages)):
        onward = best[:, h + 1][:, met.next_state]
        q_values[:, h] = met.rewards[:, h] + np.einsum("tsao,to->tsa", met.chances[:, h], onward)
        best[:, h] = q_values[:, h].max(axis=2)
    totals = np.zeros(samples)
    count = len(policies[0])
    for n in range(samples):
        force, belief = n % count, np.full(count, 1 / count)
        state = int(rng.choice(game.states, p=game.start))
        for h in range(game.stages):
            action = int((belief @ q_values[:, h, state]).argmax())
            totals[n] += met.rewards[force, h, state, action]
            seen = int(rng.choice(met.chances.shape[-1], p=met.chances[force, h, state, action]))
            likelihood = belief * met.chances[:, h, state, action, seen]
            belief, state = likelihood / likelihood.sum(), int(met.next_state[seen])
    return float(totals.mean()), float(totals.std(ddof=1) / np.sqrt(samples))


def markov_best(game: MarkovGame, policies: Sequence[np.ndarray], player: int, limit: int = 20_000) -> Best:
    """The value of the best deviation that knows stage and state only, against the mixture.

    By trying every deterministic one where they are at most `limit`, else by improving one stage and state at a time
    until nothing improves: then a lower bound, because the policy in force is a hidden state.
    """
    met = facing(game, policies, player, "states")
    stages, states, actions = met.rewards.shape[1:]
    if actions ** (stages * states) <= limit:
        plans = (np.reshape(plan, (stages, states)) for plan in product(range(actions), repeat=stages * states))
        return Best(max(_plan_value(game, met, plan) for plan in plans))
    starts = [met.rewards.mean(axis=0).argmax(axis=2), np.zeros((stages, states), int)]
    return Best(max(_improved(game, met, plan) for plan in starts), exact=False)


def _plan_value(game: MarkovGame, met: Facing, plan: np.ndarray) -> float:
    """Expected total of a deterministic Markov deviation against the mixture."""
    at = np.arange(game.states)
    ahead = np.zeros((len(met.rewards), game.states))
    for h in reversed(range(game.stages)):
        ahead = met.rewards[:, h, at, plan[h]] + np.einsum("tsz,tz->ts", met.chances[:, h, at, plan[h]], ahead)
    return float((ahead @ game.start).mean())


def _improved(game: MarkovGame, met: Facing, plan: np.ndarray) -> float:
    """Coordinate ascent from `plan`: backwards over the stages, each state's action given the rest of the plan."""
    plan, at, value = plan.copy(), np.arange(game.states), -np.inf
    while (now := _plan_value(game, met, plan)) > value + 1e-12:
        value = now
        occupied = [np.broadcast_to(game.start, (len(met.rewards), game.states))]
        for h in range(game.stages - 1):
            occupied.append(np.einsum("ts,tsz->tz", occupied[h], met.chances[:, h, at, plan[h]]))
        ahead = np.zeros((len(met.rewards), game.states))
        for h in reversed(range(game.stages)):
            q = met.rewards[:, h] + np.einsum("tsaz,tz->tsa", met.chances[:, h], ahead)
            plan[h] = np.einsum("ts,tsa->sa", occupied[h], q).argmax(axis=1)
            ahead = q[:, at, plan[h]]
    return value


def stagewise(game: MarkovGame, stage: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Backward induction: in each stage and state `stage(payoffs)` picks a joint distribution for the game in which
    payoffs (m, *A) are rewards and what follows. Returns joints (H, S, *A) and the players' values (m,)."""
    joints = np.zeros(game.transitions.shape[:-1])
    ahead = np.zeros((game.players, game.states))
    for h in reversed(range(game.stages)):
        now = np.zeros_like(ahead)
        for s in range(game.states):
            payoffs = game.rewards[:, h, s] + np.moveaxis(game.transitions[h, s] @ ahead.T, -1, 0)
            joints[h, s] = stage(payoffs)
            now[:, s] = (payoffs * joints[h, s]).reshape(game.players, -1).sum(axis=1)
        ahead = now
    return joints, ahead @ game.start


def stagewise_cce(game: MarkovGame) -> tuple[np.ndarray, np.ndarray]:
    """The tractable contrast: in each stage and state a fresh coarse correlated equilibrium, best for welfare."""
    return stagewise(game, lambda payoffs: solve(payoffs, coarse=True).joint)


def correlated_gaps(game: MarkovGame, joints: np.ndarray) -> np.ndarray:
    """Gaps (m,) of one Markov policy that correlates afresh in each stage and state: with one policy there is nothing
    to learn, so the best deviation with memory is Markov, and ignores recommendations."""
    found = []
    for i in range(game.players):
        obey, best = np.zeros(game.states), np.zeros(game.states)
        for h in reversed(range(game.stages)):
            own = [(game.rewards[i, h] + game.transitions[h] @ ahead) for ahead in (obey, best)]  # (S, *A)
            others = np.expand_dims(joints[h].sum(axis=1 + i), 1 + i)
            deviating = np.moveaxis(own[1] * others, 1 + i, 1).reshape(game.states, game.actions[i], -1)
            obey = (own[0] * joints[h]).reshape(game.states, -1).sum(axis=1)
            best = deviating.sum(axis=2).max(axis=1)
        found.append(float((best - obey) @ game.start))
    return np.array(found)


def gaps(game: MarkovGame, policies: Sequence[np.ndarray], sees: str = "actions", limit: int = 500_000,
         samples: int = 2000, rng: np.random.Generator | None = None) -> list[dict[str, float | bool]]:  # fmt: skip
    """For each player value, Markov gap and history gap; `exact` says whether the history gap is, else it is a lower
    bound with its standard error `error`."""
    parts = checked_policies(game, policies)
    base = values(game, parts).mean(axis=0)
    found: list[dict[str, float | bool]] = []
    for i in range(game.players):
        markov = markov_best(game, parts, i)
        row: dict[str, float | bool] = {"value": float(base[i]), "markov_gap": markov.value - float(base[i]),
                                        "markov_exact": markov.exact, "exact": True, "error": 0.0}  # fmt: skip
        try:
            row["history_gap"] = history_best(game, parts, i, sees, limit).value - float(base[i])
        except ValueError:
            value, error = history_rollout(game, parts, i, rng or np.random.default_rng(0), samples, sees)
            row |= {"history_gap": value - float(base[i]), "error": error, "exact": False}
        found.append(row)
    return found
