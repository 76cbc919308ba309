"""No-regret learners in a tabular Markov game: one in every stage and state, shown what its actions are worth there.

In each episode all policies are evaluated exactly, and the learner of player i in (h, s) is shown Q_i(h, s, .) against
the current policies of the others and of its own later stages. Regret against Markov deviations is then small (up to
the drift of the values behind Q); regret against deviations with memory need not be.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.learning.no_regret import HEDGE, Learner, Memory, remembered
from manyminds.theory.markov_games import MarkovGame


def action_worths(rewards: Array, transitions: Array, policies: tuple[Array, ...]) -> tuple[Array, ...]:
    """Q_i(h, s, a_i) for each player, (H, S, |A_i|), while everybody follows `policies` (H, S, |A_i|)."""
    players = range(len(policies))

    def expected(table: Array, stage: tuple[Array, ...], keep: int | None) -> Array:
        """Average (S, *A) over the mixtures (S, |A_j|) of all players but `keep`."""
        for j in reversed(players):
            if j != keep:
                shape = [stage[j].shape[0]] + [-1 if k == j else 1 for k in range(table.ndim - 1)]
                table = (table * stage[j].reshape(shape)).sum(axis=1 + j, keepdims=True)
        return table.reshape(table.shape[0], -1)

    def back(ahead: Array, inputs: tuple[Array, Array, tuple[Array, ...]]) -> tuple[Array, tuple[Array, ...]]:
        reward, move, stage = inputs  # (m, S, *A), (S, *A, S), each (S, |A_i|)
        total = reward + jnp.moveaxis(move @ ahead.T, -1, 0)
        values = jnp.stack([expected(total[i], stage, None)[:, 0] for i in players])
        return values, tuple(expected(total[i], stage, i) for i in players)

    start = jnp.zeros((rewards.shape[0], rewards.shape[2]), rewards.dtype)
    return lax.scan(back, start, (jnp.moveaxis(rewards, 1, 0), transitions, policies), reverse=True)[1]


@partial(jax.jit, static_argnames=("learner", "rounds"))
def _episodes(rewards: Array, transitions: Array, heads: tuple[Array, ...], learner: Learner, rounds: int,
              scale: float) -> tuple[Array, ...]:  # fmt: skip
    everywhere = jax.vmap(jax.vmap(lambda memory: learner.play(memory, scale)))
    remember = jax.vmap(jax.vmap(partial(remembered, learner)))

    def once(memories: tuple[Memory, ...], _: None) -> tuple[tuple[Memory, ...], tuple[Array, ...]]:
        policies = tuple(map(everywhere, memories))
        worths = action_worths(rewards, transitions, policies)
        return tuple(remember(m, p, q) for m, p, q in zip(memories, policies, worths, strict=True)), policies

    def begun(head: Array) -> Memory:
        return Memory(head, jnp.zeros_like(head), jnp.zeros_like(head), jnp.ones(head.shape[:2], jnp.int32))

    return lax.scan(once, tuple(map(begun, heads)), None, length=rounds)[1]


def markov_self_play(
    game: MarkovGame, rounds: int, learner: Learner = HEDGE, rng: np.random.Generator | None = None, spread: float = 0.1
) -> tuple[np.ndarray, ...]:
    """All policies of `rounds` episodes, for each player (T, H, S, |A_i|), float64 and normalised.

    Payoffs to come lie within H times the range of a stage's reward, which is the learners' scale. `rng` draws normal
    head starts of standard deviation `spread` times that scale; without it all begin uniform.
    """
    scale = float(np.ptp(game.rewards)) * game.stages or 1.0
    shapes = [(game.stages, game.states, k) for k in game.actions]
    heads = [np.zeros(s) if rng is None else rng.normal(0, spread * scale, s) for s in shapes]
    arrays = tuple(jnp.asarray(h, jnp.float32) for h in heads)
    rewards, transitions = jnp.asarray(game.rewards, jnp.float32), jnp.asarray(game.transitions, jnp.float32)
    found = _episodes(rewards, transitions, arrays, learner, rounds, scale)
    policies = (np.asarray(p, float) for p in found)
    return tuple(p / p.sum(axis=-1, keepdims=True) for p in policies)
