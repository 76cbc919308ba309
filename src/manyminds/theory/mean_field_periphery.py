"""The periphery of a sparse mean-field game: players with exactly k neighbours, all of them in the core.

Two closures for what a player of degree k meets (arXiv 2401.12686, section 4, leaves the neighbours independent):
"iid", the k neighbours are drawn anew from the core's distribution at every step; "joint", the law of the own state
together with the counts of the neighbours' states is carried along, each neighbour moving as the core does. The second
is exact when neighbours take no notice of the player, and keeps the memory that the first one loses.

Degrees 1 to K are K classes. Their counts are padded to the N ways in which K neighbours can be spread over X states.
"""

from functools import lru_cache, partial
from itertools import combinations
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.theory.mean_field_games import Game, Passed, Tables


@lru_cache(maxsize=64)
def counts(k: int, states: int) -> np.ndarray:
    """All ways in which k neighbours can be spread over the states: (N, X), each row adding up to k."""
    bars = np.array(list(combinations(range(k + states - 1), states - 1)), int).reshape(-1, states - 1)
    edges = np.hstack([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), k + states - 1)])
    return np.diff(edges, axis=1) - 1


def padded(parts: list[Array], axes: tuple[int, ...]) -> Array:
    """Arrays of growing size along `axes`, filled up with zeros and stacked on a new first axis."""
    sizes = [parts[-1].shape[axis] for axis in axes]

    def one(part: Array) -> Array:
        room = [(0, 0)] * part.ndim
        for axis, size in zip(axes, sizes):
            room[axis] = (0, size - part.shape[axis])
        return jnp.pad(part, room)

    return jnp.stack([one(part) for part in parts])


def multinomial(k: int, p: Array) -> Array:
    """The chance of each row of `counts` when k neighbours are drawn from p (..., X): shape (..., N)."""
    from scipy.special import gammaln

    rows = counts(k, p.shape[-1])
    ways = np.exp(gammaln(k + 1) - gammaln(rows + 1).sum(1))
    return jnp.asarray(ways, p.dtype) * jnp.prod(p[..., None, :] ** jnp.asarray(rows, p.dtype), -1)


def drawn(last: int, p: Array) -> Array:
    """`multinomial` for degrees 1 to `last`: shape (K, ..., N)."""
    return padded([multinomial(k, p) for k in range(1, last + 1)], (p.ndim - 1,))


class Met(NamedTuple):
    """What the periphery sees of the core."""

    seen: Array  # (T, X), the distribution of a neighbour before every decision
    moves: Array  # (T, X, X), how a neighbour moves


def met(core: Passed, policy: Array, biased: Array | None = None) -> Met:
    """A neighbour of the periphery: of class c with chance `biased` (C,) (in proportion to its degree; a single class
    needs none), moving by that class's policy. Classes are mixed state by state."""
    classes = core.flow.shape[1]
    weights = jnp.full(classes, 1 / classes) if biased is None else jnp.asarray(biased, policy.dtype)
    mass = weights[None, :, None] * core.flow[:-1]
    moves = jnp.einsum("tcx,tcxu,tcxuy->txy", mass, policy, core.tables.chance)
    seen = mass.sum(1)
    stay = jnp.eye(seen.shape[-1], dtype=policy.dtype)
    return Met(seen, jnp.where(seen[..., None] > 0, moves / jnp.where(seen > 0, seen, 1)[..., None], stay))


def meetings(game: Game, last: int, like: Array) -> tuple[Array, Array]:
    """Chances (K, N, X, U, X) and rewards (K, N, X, U) for every count of neighbours' states."""
    shares = padded([jnp.asarray(counts(k, len(game.start)) / k, like.dtype) for k in range(1, last + 1)], (0,))
    return jax.vmap(jax.vmap(game.transition))(shares), jax.vmap(jax.vmap(game.reward))(shares)


@partial(jax.jit, static_argnames=("game", "last"))
def sampled_tables(game: Game, last: int, seen: Array) -> Tables:
    """The decision processes of degrees 1 to `last` under the closure "iid": means over k-samples of the core's
    distribution. Shapes (T, K, X, U, X) and (T, K, X, U)."""
    chance, reward = meetings(game, last, seen)
    odds = drawn(last, seen)
    return Tables(jnp.einsum("ktn,knxuy->tkxuy", odds, chance), jnp.einsum("ktn,knxu->tkxu", odds, reward))


@partial(jax.jit, static_argnames="game")
def sampled_flow(game: Game, policy: Array, core: Met) -> Array:
    """The flows (T + 1, K, X) under the closure "iid"; `policy` has shape (T, K, X, U)."""
    last = policy.shape[1]

    def one(mu: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        return jnp.einsum("kx,kxu,kxuy->ky", mu, *at), mu

    begun = jnp.broadcast_to(jnp.asarray(game.start, policy.dtype), (last, len(game.start)))
    end, before = lax.scan(one, begun, (policy, sampled_tables(game, last, core.seen).chance))
    return jnp.concatenate([before, end[None]])


# --- The joint law of one's own state and the neighbours' -------------------------------------------------------------


@lru_cache(maxsize=64)
def steps_down(k: int, states: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every count n of k: a state x that occurs, the place of n less one x, and the place of n less one y for each
    y (-1 where no y occurs) among the counts of k - 1."""
    rows, place = counts(k, states), {tuple(row): i for i, row in enumerate(counts(k - 1, states))}
    less = np.array([[place.get(tuple(row - one), -1) for one in np.eye(states, dtype=int)] for row in rows])
    first = (rows > 0).argmax(1)
    return first, less[np.arange(len(rows)), first], less


def count_moves(moves: Array, last: int) -> list[Array]:
    """For k = 1 to `last` the chances (N_k, N_k) that counts of k neighbours become others, each moving by `moves`."""
    found = [jnp.ones((1, 1), moves.dtype)]
    for k in range(1, last + 1):  # one neighbour more: it moves, the others do as before
        first, row, less = steps_down(k, moves.shape[0])
        rest = jnp.where(less >= 0, found[-1][row][:, less], 0)  # (N, N', X)
        found.append(jnp.einsum("nmy,ny->nm", rest, moves[first]))
    return found[1:]


@partial(jax.jit, static_argnames="last")
def all_count_moves(core: Met, last: int) -> Array:
    """How the counts of neighbours move before every decision: (T, K, N, N)."""
    return jax.vmap(lambda moves: padded(count_moves(moves, last), (0, 1)))(core.moves)


def joint(game: Game, policy: Array, core: Met, counted: Array) -> tuple[Array, Tables]:
    """The flows (T + 1, K, X) under the closure "joint", and the decision processes of players who do not see their
    neighbours and take them for what they are given their own state: shapes (T, K, X, U, X) and (T, K, X, U).

    `policy` has shape (T, K, X, U), or (T, K, X, N, U) when players do see the counts; `counted` is
    `all_count_moves`."""
    last = counted.shape[1]
    chance, reward = meetings(game, last, policy)
    informed = policy if policy.ndim == 5 else jnp.repeat(policy[:, :, :, None], chance.shape[1], 3)

    def one(law: Array, at: tuple[Array, Array]) -> tuple[Array, tuple[Array, Tables]]:
        pi, moves = at
        mu = law.sum(2)
        # Nobody is in a state without mass; one who were would know no more than all.
        all_know = law.sum(1, keepdims=True)
        odds = jnp.where(mu[..., None] > 0, law / jnp.where(mu > 0, mu, 1)[..., None], all_know)
        faced = Tables(jnp.einsum("kxn,knxuy->kxuy", odds, chance), jnp.einsum("kxn,knxu->kxu", odds, reward))
        own = jnp.einsum("kxn,kxnu,knxuy->kyn", law, pi, chance)
        return own @ moves, (mu, faced)

    begun = jnp.asarray(game.start, policy.dtype)[:, None] * drawn(last, core.seen[0])[:, None]
    end, (before, tables) = lax.scan(one, begun, (informed, counted))
    return jnp.concatenate([before, end.sum(2)[None]]), tables


@partial(jax.jit, static_argnames="game")
def joint_flow(game: Game, policy: Array, core: Met) -> Array:
    """The flows (T + 1, K, X) under the closure "joint"."""
    return joint(game, policy, core, all_count_moves(core, policy.shape[1]))[0]


@partial(jax.jit, static_argnames=("game", "last"))
def informed_value(game: Game, last: int, core: Met) -> tuple[Array, Array]:
    """What the best policy that sees its neighbours' states earns at each degree (K,) under "joint", and that policy
    (T, K, X, N, U)."""
    chance, reward = meetings(game, last, core.seen)

    def back(value: Array, moves: Array) -> tuple[Array, Array]:
        later = jnp.einsum("knm,kym->kny", moves, value)
        q = jnp.swapaxes(reward + jnp.einsum("knxuy,kny->knxu", chance, later), 1, 2)
        return q.max(-1), jax.nn.one_hot(q.argmax(-1), q.shape[-1], dtype=q.dtype)

    nothing = jnp.zeros((last, len(game.start), chance.shape[1]), core.seen.dtype)
    value, policy = lax.scan(back, nothing, all_count_moves(core, last), reverse=True)
    odds = jnp.asarray(game.start, value.dtype)[:, None] * drawn(last, core.seen[0])[:, None]
    return (odds * value).sum((1, 2)), policy
