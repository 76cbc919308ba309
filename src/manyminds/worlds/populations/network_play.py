"""Playing a network game on finite graphs: every node meets its own neighbours, on all graphs and seeds in one pass."""

from functools import partial
from itertools import accumulate
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.theory.mean_field_games import Game, Tables, action_values, best_values
from manyminds.worlds.populations.sparse_graphs import Graph


class Place(NamedTuple):
    """A graph as the play needs it: who neighbours whom (2 E,), sorted by the first, and of each node (N,) its degree,
    its class (0 for the core, else its degree) and the graph it belongs to."""

    own: Array
    other: Array
    degree: Array
    kind: Array
    group: Array


def placed(graph: Graph, last: int) -> Place:
    """Nodes of more than `last` neighbours are the core."""
    kind = np.where(graph.degree > last, 0, graph.degree)
    return Place(*(jnp.asarray(part, jnp.int32) for part in (*graph.ends, graph.degree, kind, graph.group)))


class Played(NamedTuple):
    """What was seen. `shares` (T + 1, graphs, K + 1, X): the distribution of states among the nodes of the core
    (class 0) and of degree 1 to K, in each graph (zeros where there is none); `sizes` (graphs, K + 1): how many."""

    shares: np.ndarray
    sizes: np.ndarray

    @property
    def overall(self) -> np.ndarray:
        """The distribution among all nodes of each graph: (T + 1, graphs, X)."""
        return np.einsum("tgkx,gk->tgx", self.shares, self.sizes / self.sizes.sum(1, keepdims=True))


def played(game: Game, graph: Graph, policies: Array, key: Array) -> Played:
    """One play of every graph. `policies` (K + 1, T, X, U): the core's and those of degree 1 to K."""
    last = len(policies) - 1
    totals = run(game, placed(graph, last), jnp.asarray(policies, jnp.float32), key, graph.groups)
    totals = np.asarray(totals, float).reshape(len(totals), graph.groups, last + 1, -1)
    sizes = totals[0].sum(-1)
    return Played(totals / np.maximum(sizes, 1)[..., None], sizes)


def step(game: Game, place: Place, x: Array, policy: Array, key: Array) -> tuple[Array, Array]:
    """The states (N,) after one decision by `policy` (K + 1, X, U), and what each node met before it (N, X)."""
    to_act, to_move = jax.random.split(key)
    met = neighbours(place, x, len(game.start)) / place.degree[:, None]
    action = drawn(to_act, policy[place.kind, x])
    chance = jax.vmap(lambda seen, x, u: game.transition(seen)[x, u])(met, x, action)
    return drawn(to_move, chance), met


def neighbours(place: Place, x: Array, states: int) -> Array:
    """How many neighbours of each node are in each state: (N, X) float32. The last state is what the others leave."""
    met = x[place.other]
    some = [jax.ops.segment_sum((met == y).astype(jnp.float32), place.own, len(x), indices_are_sorted=True)
            for y in range(states - 1)]  # fmt: skip
    return jnp.stack([*some, place.degree - sum(some)], 1)


def begun(game: Game, nodes: int, key: Array) -> Array:
    return drawn(key, jnp.asarray(game.start, jnp.float32), nodes)


def drawn(key: Array, chances: Array, count: int | None = None) -> Array:
    """One draw from each row of probabilities (N, m), or `count` from one row: int32 (N,), by inversion."""
    at = jax.random.uniform(key, chances.shape[:-1] if count is None else (count,))
    limits = list(accumulate(chances[..., i] for i in range(chances.shape[-1] - 1)))
    return sum(((at >= limit).astype(jnp.int32) for limit in limits), jnp.zeros(at.shape, jnp.int32))


@partial(jax.jit, static_argnames=("game", "groups"))
def run(game: Game, place: Place, policies: Array, key: Array, groups: int) -> Array:
    """How many nodes of each class of each graph are in each state: (T + 1, groups * classes, X)."""
    kinds, states = policies.shape[0], len(game.start)
    cell = place.group * kinds + place.kind

    def counted(x: Array) -> Array:
        return jnp.stack([jax.ops.segment_sum((x == y).astype(jnp.int32), cell, groups * kinds)
                          for y in range(states)], -1)  # fmt: skip

    def one(x: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        return step(game, place, x, *at)[0], counted(x)

    to_start, to_play = jax.random.split(key)
    each = jnp.swapaxes(policies, 0, 1), jax.random.split(to_play, game.steps)
    last, before = lax.scan(one, begun(game, len(place.kind), to_start), each)
    return jnp.concatenate([before, counted(last)[None]])


def distance(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Delta mu: half the l1 distance of two flows (T + 1, ..., X), averaged over the T decisions; between 0 and 1."""
    return 0.5 * np.abs(seen - expected).sum(-1)[:-1].mean(0)


@partial(jax.jit, static_argnames="game")
def gains_of_nodes(game: Game, place: Place, policies: Array, chosen: Array, keys: Array) -> Array:
    """What the best reply of single `chosen` nodes (n,) would gain while all others' states stay as they were seen.

    Exact, by dynamic programming on chances averaged over the plays of all `keys`: with many plays a deviator knows
    the odds; with one it would know the future, which bounds the gain from above. Returns (n,).
    """

    def one(key: Array) -> Array:
        to_start, to_play = jax.random.split(key)
        each = jnp.swapaxes(policies, 0, 1), jax.random.split(to_play, game.steps)

        def go(x: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
            after, met = step(game, place, x, *at)
            return after, met[chosen]

        return lax.scan(go, begun(game, len(place.kind), to_start), each)[1]

    met = lax.map(one, keys)  # (plays, T, n, X)
    chance = jax.vmap(jax.vmap(jax.vmap(game.transition)))(met).mean(0)
    reward = jax.vmap(jax.vmap(jax.vmap(game.reward)))(met).mean(0)
    tables, mine = Tables(chance, reward), jnp.swapaxes(policies[place.kind[chosen]], 0, 1)
    start = jnp.asarray(game.start, met.dtype)
    own = (mine[0] * action_values(tables, mine)[0]).sum(-1) @ start
    return best_values(tables)[0].max(-1) @ start - own
