"""Repeated matches on arrays: every strategy against every other, in many games and repetitions at once.

Each strategy is computed for its own seats only, all of them together, so that nothing is branched over. The axes of a
strategy's seats are (role, opponent, game, repetition): role 0 is the row player, role 1 the column player, and a
strategy meets itself with one seat of each role.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.agents.repeaters import UNKNOWN, Cells, Seen, State, Strategy
from manyminds.worlds.games.commons_arrays import mixed

GOLDEN, SECOND = 0x9E3779B9, 0x7FEB352D  # odd constants that keep streams apart


class Matches(NamedTuple):
    """All ordered pairs of N strategies in G games, R times each. `outcomes` counts rounds by what happened in them.

    outcomes: (N row, N column, G, R, 2, 2) whole numbers; the last axes are the row's and the column's option.
    history: (rounds, N row, N column, G, R, 2) booleans (second option?) of row and column, or None if not asked for.
    """

    outcomes: np.ndarray
    rounds: np.ndarray  # (N, N, G, R) played
    payoffs: np.ndarray  # (G, 2, 2, 2)
    history: np.ndarray | None = None

    @property
    def totals(self) -> np.ndarray:
        """Points of the row (0) and the column player (1), shape (2, N, N, G, R)."""
        return np.einsum("ijgrab,gkab->kijgr", self.outcomes, self.payoffs)

    @property
    def normalised(self) -> np.ndarray:
        """The points per round over the player's largest payoff in the game (not over what was observed)."""
        best = self.payoffs.reshape(len(self.payoffs), 2, -1).max(axis=2)
        return self.totals / (self.rounds[None] * best.T[:, None, None, :, None])

    @property
    def cooperation(self) -> np.ndarray:
        """The share of rounds in which the row player chose its first option, shape (N, N, G, R)."""
        return self.outcomes[..., 0, :].sum(-1) / self.rounds


def uniform(seat: Array, turn: Array, key: tuple[Array, Array], salt: int) -> Array:
    """Draws from [0, 1) with 24 bits, one for each seat number, in this turn: a counter mixed twice."""
    word = mixed(seat * jnp.uint32(GOLDEN) + key[0] + jnp.uint32(salt))
    word = mixed((word ^ (turn.astype(jnp.uint32) * jnp.uint32(SECOND))) + key[1])
    return (word >> 8).astype(jnp.float32) * jnp.float32(2.0**-24)


def cells(payoffs: Array) -> tuple[Cells, Cells]:
    """Own and the other's payoffs as every role sees them; the fields have shape (2 roles, 1, G, 1)."""
    row, column = payoffs[:, 0], payoffs[:, 1]  # (G, 2, 2)
    turned = jnp.swapaxes(column, 1, 2), jnp.swapaxes(row, 1, 2)

    def of(as_row: Array, as_column: Array) -> Cells:
        both = jnp.stack([as_row, as_column])[:, None, :, None]  # (2, 1, G, 1, 2, 2)
        return Cells(*(both[..., a, b] for a in (0, 1) for b in (0, 1)))

    return of(row, turned[0]), of(column, turned[1])


def started(strategy: Strategy, shape: tuple[int, ...]) -> State:
    """The first state of all seats of a strategy."""
    return tuple(jnp.broadcast_to(jnp.asarray(part), (*shape, *np.shape(part))) for part in strategy.start)


def opponents(acts: Array) -> Array:
    """From what everybody did, (N, role, opponent, G, R), what everybody's opponent did, in the same places."""
    return jnp.transpose(acts[:, ::-1], (2, 1, 0, 3, 4))


@partial(jax.jit, static_argnames=("strategies", "rounds", "repetitions", "noise", "announced", "remember"))
def played(
    key: Array,
    payoffs: Array,
    lengths: Array,
    strategies: tuple[Strategy, ...],
    rounds: int,
    repetitions: int,
    noise: float,
    announced: int,
    remember: bool,
) -> tuple[Array, Array | None]:
    """Outcome counts (3, N, N, G, R) for (first, second), (second, first), (second, second), and the history if asked
    for. `lengths` (N, N, G, R) are rounds that count; what is played after them changes nothing."""
    n, games = len(strategies), len(payoffs)
    shape = (2, n, games, repetitions)
    places = np.prod(shape, dtype=np.int64)
    seat = jnp.arange(n * places, dtype=jnp.uint32).reshape(n, *shape)
    mine, theirs = cells(payoffs)
    bits = jax.random.bits(key, (2,), jnp.uint32)
    words = (bits[0], bits[1])

    def one(carry: tuple, turn: Array) -> tuple[tuple, Array | None]:
        acts, states, tally = carry
        other = opponents(acts)
        moves, after = [], []
        for i, strategy in enumerate(strategies):
            luck, more = (uniform(seat[i], turn, words, salt) for salt in (1, 2))
            sight = Seen(turn, acts[i], other[i], luck, more, mine, theirs, jnp.int32(announced))
            second, state = strategy.move(states[i], sight, jnp)
            moves.append(jnp.broadcast_to(second, shape))
            after.append(tuple(jnp.broadcast_to(new, old.shape) for new, old in zip(state, states[i], strict=True)))
        acts = jnp.stack(moves)
        if noise:
            acts = acts ^ (uniform(seat, turn, words, 3) < noise)
        row, column = acts[:, 0], jnp.swapaxes(acts[:, 1], 0, 1)
        counted = turn < lengths
        happened = jnp.stack([~row & column, row & ~column, row & column]) & counted
        tally = tally + happened.astype(tally.dtype)
        return (acts, tuple(after), tally), (jnp.stack([row, column], -1) if remember else None)

    start = (
        jnp.zeros((n, *shape), bool),
        tuple(started(strategy, shape) for strategy in strategies),
        jnp.zeros((3, n, n, games, repetitions), jnp.int32),
    )
    (_, _, tally), history = lax.scan(one, start, jnp.arange(rounds, dtype=jnp.int32))
    return tally, history


def tournament(
    key: Array,
    strategies: Sequence[Strategy],
    payoffs: np.ndarray,
    rounds: int = 10,
    repetitions: int = 1,
    noise: float = 0.0,
    ending: float = 0.0,
    announced: int | None = -1,
    history: bool = False,
) -> Matches:
    """Every ordered pair of `strategies`, itself included, in every game.

    `payoffs`: one game (2, 2, 2) or many (G, 2, 2, 2). `noise`: the chance that a choice is carried out as the other
    option. `ending`: the chance that a match ends after any of its rounds; `rounds` is then the most that are played.
    `announced`: the length that the strategies are told, None for none; by itself `rounds`, or none with an `ending`.
    """
    if rounds < 1 or repetitions < 1 or not 0 <= noise <= 1 or not 0 <= ending <= 1:
        raise ValueError("rounds and repetitions are at least 1, noise and ending are probabilities")
    table = np.asarray(payoffs, np.float32)
    table = table[None] if table.ndim == 3 else table
    if table.shape[1:] != (2, 2, 2):
        raise ValueError(
            f"matches on arrays are of two players with two options each, not of shape {np.shape(payoffs)}"
        )
    if announced == -1:
        announced = None if ending else rounds
    shape = (len(strategies),) * 2 + (len(table), repetitions)
    to_play, to_end = jax.random.split(key)
    lengths = np.full(shape, rounds, np.int32)
    if ending:
        drawn = np.asarray(jax.random.geometric(to_end, ending, shape, dtype=jnp.int32))
        lengths = np.minimum(lengths, drawn)
    told = UNKNOWN if announced is None else announced
    tally, kept = played(to_play, jnp.asarray(table), jnp.asarray(lengths), tuple(strategies), rounds, repetitions,
                         float(noise), told, history)  # fmt: skip
    cd, dc, dd = (np.asarray(part) for part in tally)
    both = np.stack([lengths - cd - dc - dd, cd, dc, dd], axis=-1).reshape(*shape, 2, 2)
    return Matches(both, lengths, table.astype(float), None if kept is None else np.asarray(kept))
