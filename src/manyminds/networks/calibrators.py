"""A network that reads a window of weekly signals and emits the parameters of a simulation, week by week, in bounds.

The calibration network of arXiv 2409.10568's released code: a two-layer bidirectional GRU, attention over the weeks
that were read, a GRU that is unrolled over the weeks to come, and one head for each kind of parameter.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from manyminds.networks.attention import Attention
from manyminds.networks.dense import Dense

Bounds = tuple[int, float, float]  # how many numbers, lowest, highest


def bounded(raw: Array, low: float, high: float) -> Array:
    """Any number into (low, high)."""
    return low + (high - low) * jax.nn.sigmoid(raw)


class Calibrator(eqx.Module):
    """(weeks read, features) -> one set of numbers a week to come, each within the bounds of its head."""

    forwards: tuple[eqx.nn.GRUCell, ...]
    backwards: tuple[eqx.nn.GRUCell, ...]
    attention: Attention
    decoder: eqx.nn.GRUCell
    heads: dict[str, Dense]
    bounds: dict[str, tuple[float, float]] = eqx.field(static=True)

    def __init__(self, features: int, heads: dict[str, Bounds], key: Array, hidden: int = 64) -> None:
        keys = jax.random.split(key, 6 + len(heads))
        sizes = (features, 2 * hidden)
        self.forwards = tuple(eqx.nn.GRUCell(size, hidden, key=k) for size, k in zip(sizes, keys[:2]))
        self.backwards = tuple(eqx.nn.GRUCell(size, hidden, key=k) for size, k in zip(sizes, keys[2:4]))
        self.attention = Attention(2 * hidden, 4, keys[4])
        self.decoder = eqx.nn.GRUCell(2 * hidden + 1, hidden, key=keys[5])
        self.heads = {name: Dense(hidden, count, k) for (name, (count, _, _)), k in zip(heads.items(), keys[6:])}
        self.bounds = {name: (low, high) for name, (_, low, high) in heads.items()}

    def __call__(self, read: Array, weeks: int) -> dict[str, Array]:
        """`read`: shape (weeks read, features). Each head's numbers have shape (weeks, count)."""
        seen = read
        for forward, backward in zip(self.forwards, self.backwards):
            seen = jnp.concatenate([passed(forward, seen), passed(backward, seen[::-1])[::-1]], 1)
        context = self.attention(seen).mean(0)
        index = jnp.arange(weeks, dtype=jnp.float32)[:, None] / 10
        steps = passed(self.decoder, jnp.concatenate([jnp.broadcast_to(context, (weeks, *context.shape)), index], 1))
        return {name: bounded(jax.vmap(head)(steps), *self.bounds[name]) for name, head in self.heads.items()}


def passed(cell: eqx.nn.GRUCell, rows: Array) -> Array:
    """The states of a recurrent cell after each row."""

    def one(state: Array, row: Array) -> tuple[Array, Array]:
        after = cell(row, state)
        return after, after

    return lax.scan(one, jnp.zeros(cell.hidden_size, jnp.float32), rows)[1]


def optimiser(rate: float = 5e-3, slower: dict[str, float] | None = None) -> optax.GradientTransformation:
    """Adam (betas 0.5) as released; the heads named in `slower` learn at that fraction of the rate."""
    slower = {"reproduction": 0.1, "alignment": 0.01} if slower is None else slower
    kinds = {"": rate, **{name: rate * share for name, share in slower.items()}}
    return optax.multi_transform(
        {name: optax.adam(step, b1=0.5, b2=0.5) for name, step in kinds.items()}, labelled(tuple(slower))
    )


def labelled(names: tuple[str, ...]) -> Callable[[Calibrator], Calibrator]:
    """A function that marks every weight with the head it belongs to, or with nothing."""

    def mark(model: Calibrator) -> Calibrator:
        def one(path: tuple[object, ...], leaf: object) -> object:
            keys = [str(getattr(part, "key", "")) for part in path]
            return next((name for name in names if name in keys), "")

        return jax.tree_util.tree_map_with_path(one, model)

    return mark
