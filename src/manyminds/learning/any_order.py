"""Generation in any order: orders, prefixes, sampling, blocked Gibbs, and log-probabilities by the chain rule.

An order of n variables is held as ranks: `ranks[i]` is the place of variable i in the order. `logits` is any function
of one partial assignment (size,), 0 where unknown, that gives (size, symbols); everything here works on batches
(n, size) of assignments, each with an order of its own. What walks along an order is compiled once for all models of
one shape, when `logits` is the method of a model.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput

Logits = Callable[[Array], Array]


def random_ranks(key: Array, count: int, size: int) -> Array:
    """`count` uniformly random orders, as ranks (count, size)."""
    return jnp.argsort(jax.random.uniform(key, (count, size)), axis=1).astype(jnp.int32)


def unknown_last(key: Array, x: Array) -> Array:
    """Random orders in which what `x` knows comes first."""
    drawn = jax.random.uniform(key, x.shape) + (x == 0)
    return jnp.argsort(jnp.argsort(drawn, axis=1), axis=1).astype(jnp.int32)


def prefix(x: Array, ranks: Array, known: Array | int) -> Array:
    """`x` with only the first `known` variables of each order left. `known` has shape () or (n,)."""
    return jnp.where(ranks < jnp.reshape(jnp.asarray(known), (-1, 1)), x, 0)


def at_rank(x: Array, ranks: Array, rank: Array | int) -> Array:
    """The variable that stands at `rank` in each order, as an index (n,)."""
    return jnp.argmax(ranks == jnp.reshape(jnp.asarray(rank), (-1, 1)), axis=1)


def next_log_probs(logits: Logits, seen: Array, place: Array) -> Array:
    """Log-probabilities (n, symbols) of the symbol at `place` (n,), given the partial assignments `seen`."""
    said = jax.vmap(logits)(seen)
    return jax.nn.log_softmax(jnp.take_along_axis(said, place[:, None, None], axis=1)[:, 0])


def picked(log_probs: Array, symbols: Array) -> Array:
    """The entry of each row that belongs to the symbol (1 for the first)."""
    return jnp.take_along_axis(log_probs, symbols[:, None] - 1, axis=1)[:, 0]


@eqx.filter_jit
def filled(logits: Logits, key: Array, x: Array, ranks: Array, count: int) -> tuple[Array, Array]:
    """Sample the last `count` variables of each order, one call each, where `x` does not know them.

    Gives the assignments and the log-probability (n,) of what was sampled. What `x` knows is never changed.
    """
    size, rows = x.shape[1], jnp.arange(len(x))

    def one(carry: tuple[Array, Array], rank: Array) -> tuple[tuple[Array, Array], None]:
        seen, total = carry
        place = at_rank(seen, ranks, rank)
        log_probs = next_log_probs(logits, seen, place)
        drawn = jax.random.categorical(jax.random.fold_in(key, rank), log_probs).astype(jnp.int32) + 1
        known = seen[rows, place]
        total = total + jnp.where(known == 0, picked(log_probs, drawn), 0.0)
        return (seen.at[rows, place].set(jnp.where(known == 0, drawn, known)), total), None

    start = (x, jnp.zeros(len(x), jnp.float32))
    return lax.scan(one, start, jnp.arange(size - count, size))[0]


@eqx.filter_jit
def sampled(logits: Logits, key: Array, count: int, size: int) -> tuple[Array, Array]:
    """`count` assignments from nothing, each in a random order, and the log-probability of each along its order."""
    to_order, to_fill = jax.random.split(key)
    return filled(logits, to_fill, jnp.zeros((count, size), jnp.int32), random_ranks(to_order, count, size), size)


def completed(logits: Logits, key: Array, x: Array) -> Array:
    """Complete partial assignments (n, size) in random orders. Raises BadInput when a row has nothing unknown."""
    unknown = np.asarray(x == 0).sum(1)
    if (unknown == 0).any():
        raise BadInput(f"row {int(np.argmin(unknown))} has no unknown variable: there is nothing to sample")
    to_order, to_fill = jax.random.split(key)
    return filled(logits, to_fill, x, unknown_last(to_order, x), int(unknown.max()))[0]


@eqx.filter_jit
def gibbs(logits: Logits, key: Array, x: Array, erase: int) -> Array:
    """One blocked Gibbs step: erase the last `erase` variables of a random order, sample them anew in that order."""
    to_order, to_fill = jax.random.split(key)
    ranks = random_ranks(to_order, *x.shape)
    return filled(logits, to_fill, prefix(x, ranks, x.shape[1] - erase), ranks, erase)[0]


@eqx.filter_jit
def chain_log_prob(logits: Logits, x: Array, ranks: Array) -> Array:
    """log p(x) (n,) as the sum of all conditionals along each order: as many calls as there are variables.

    Unknown entries of `x` count nothing where they come last: then this is the log marginal of the known ones.
    """

    def one(total: Array, rank: Array) -> tuple[Array, None]:
        place = at_rank(x, ranks, rank)
        symbols = jnp.take_along_axis(x, place[:, None], axis=1)[:, 0]
        log_probs = next_log_probs(logits, prefix(x, ranks, rank), place)
        return total + jnp.where(symbols > 0, picked(log_probs, jnp.maximum(symbols, 1)), 0.0), None

    return lax.scan(one, jnp.zeros(len(x), jnp.float32), jnp.arange(x.shape[1]))[0]


@eqx.filter_jit
def over_orders(logits: Logits, key: Array, x: Array, orders: int) -> Array:
    """log p(x) (n,) of the law that samples in a random order: log-mean-exp of the chain rule over `orders` of them.

    For partial `x` the known variables come first in every order, so that this is their log marginal.
    """

    def one(own: Array) -> Array:
        return chain_log_prob(logits, x, unknown_last(own, x))

    return jax.nn.logsumexp(lax.map(one, jax.random.split(key, orders)), axis=0) - jnp.log(orders)


def forward(count: int, size: int) -> Array:
    """The order 0, 1, 2, ... for `count` rows."""
    return jnp.broadcast_to(jnp.arange(size, dtype=jnp.int32), (count, size))


def likelihood_loss(logits: Logits, key: Array, x: Array, scored: str = "all") -> Array:
    """The loss of an any-order autoregressive model (AO-ARM), an unbiased estimate of the mean over orders of
    -log p(x), in nats.

    One random prefix length t a row. `all` scores every masked variable with weight size / (size - t); `next` only the
    next one in the order with weight size, as the released code does: the same mean, more variance.
    """
    if scored not in ("all", "next"):
        raise ValueError(f"scored must be 'all' or 'next', not {scored!r}")
    count, size = x.shape
    to_order, to_length = jax.random.split(key)
    ranks = random_ranks(to_order, count, size)
    known = jax.random.randint(to_length, (count,), 0, size)
    logs = jax.nn.log_softmax(jax.vmap(logits)(prefix(x, ranks, known)))
    own = jnp.take_along_axis(logs, x[..., None] - 1, axis=2)[..., 0]
    if scored == "next":
        return -(size * own * (ranks == known[:, None])).sum(1).mean()
    masked = ranks >= known[:, None]
    return -((own * masked).sum(1) * size / (size - known)).mean()


def one_conditional(logits: Logits, key: Array, x: Array) -> Array:
    """`size` times one randomly chosen log-conditional of a random order: an unbiased estimate (n,) of the mean over
    orders of log p(x), of very large variance; what ARM-MC puts in the place of the chain."""
    count, size = x.shape
    to_order, to_rank = jax.random.split(key)
    ranks, rank = random_ranks(to_order, count, size), jax.random.randint(to_rank, (count,), 0, size)
    place = at_rank(x, ranks, rank)
    symbols = jnp.take_along_axis(x, place[:, None], axis=1)[:, 0]
    return size * picked(next_log_probs(logits, prefix(x, ranks, rank), place), symbols)
