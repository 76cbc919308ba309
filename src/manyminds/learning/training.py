"""One training loop for everything that learns on arrays: jit, scan, seeds under vmap, curves, checkpoints, progress.

Training is a function of (step, state, key). The key of step i is folded from the run's key and i, so a loop that was
killed and goes on from a checkpoint takes the same steps as one that was never disturbed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

Logged = dict[str, Array]
Step = Callable[[Any, Array], tuple[Any, Logged]]  # (state, key) -> (state, scalars to be logged)


class Keeper(Protocol):
    """Where a training state is kept while it runs."""

    def load(self, like: Any) -> Any | None:
        """What was kept last, in the form of `like` (a pytree of arrays), or None."""

    def save(self, kept: Any) -> None:
        """Keep this in place of what was kept before; whole or not at all, even when killed."""


class Curves(NamedTuple):
    """Logged scalars. `steps`: shape (chunks,), the steps done at the end of each chunk. `values[name]`: the mean over
    each chunk, shape (chunks,) or (chunks, seeds)."""

    steps: np.ndarray
    values: dict[str, np.ndarray]


class Underway(NamedTuple):
    """What a checkpoint holds."""

    chunks: np.ndarray  # done, shape ()
    arrays: Any  # of the training state
    values: dict[str, np.ndarray]  # NaN for the chunks to come


def trained(
    step: Step,
    state: Any,
    key: Array,
    steps: int,
    chunk: int = 100,
    keeper: Keeper | None = None,
    done: Callable[[], None] = lambda: None,
) -> tuple[Any, Curves]:
    """The state after `steps` steps, and the curves of what each step logged, averaged over every `chunk` of them.

    `key` of shape () trains once; of shape (seeds,) it trains all seeds at once, and every array of `state` has a
    leading axis of seeds (see `over_seeds`). After each chunk the state is kept and `done` is called. Raises
    FloatingPointError, with the step, when a logged scalar is not finite: what follows would only be noise.
    """
    whole, rest = divmod(steps, chunk)
    lengths = [chunk] * whole + ([rest] if rest else [])
    ends = np.cumsum(lengths, dtype=np.int64)
    arrays, static = eqx.partition(state, eqx.is_array)
    advance = advancing(step, static, key)
    shapes = jax.eval_shape(lambda kept: advance(kept, jnp.int32(0), 1)[1], arrays)
    values = {name: np.full((len(lengths), *leaf.shape), np.nan, np.float32) for name, leaf in shapes.items()}
    underway = Underway(np.array(0), arrays, values)
    underway = (keeper.load(underway) if keeper else None) or underway
    arrays, values = underway.arrays, {name: np.array(kept) for name, kept in underway.values.items()}
    for i in range(len(lengths)):
        if i >= int(underway.chunks):
            arrays, logged = advance(arrays, jnp.int32(ends[i] - lengths[i]), lengths[i])
            for name, found in logged.items():
                values[name][i] = found
                if not np.isfinite(values[name][i]).all():
                    raise FloatingPointError(f"{name} is not finite between steps {ends[i] - lengths[i]} and {ends[i]}")
            if keeper:
                keeper.save(Underway(np.array(i + 1), arrays, values))
        done()
    return eqx.combine(arrays, static), Curves(ends, values)


def advancing(step: Step, static: Any, key: Array) -> Callable[[Any, Array, int], tuple[Any, Logged]]:
    """A compiled function of (arrays, first step, how many) that takes those steps and averages what they log."""

    def one(arrays: Any, own: Array) -> tuple[Any, Logged]:
        after, logged = step(eqx.combine(arrays, static), own)
        return eqx.filter(after, eqx.is_array), logged

    many = key.ndim > 0
    stepped = jax.vmap(one) if many else one
    folded = jax.vmap(jax.random.fold_in, (0, None)) if many else jax.random.fold_in

    @eqx.filter_jit
    def advance(arrays: Any, first: Array, length: int) -> tuple[Any, Logged]:
        after, logged = lax.scan(lambda carry, i: stepped(carry, folded(key, i)), arrays, first + jnp.arange(length))
        return after, jax.tree.map(lambda x: x.mean(0), logged)

    return advance


def over_seeds(start: Callable[[Array], Any], keys: Array) -> Any:
    """The states that `start` makes of each key, stacked on a leading axis of seeds."""
    return eqx.filter_vmap(start)(keys)


class Fitting(NamedTuple):
    """A model and the state of its optimiser."""

    model: Any
    optimiser: Any


def fitting(model: Any, optimiser: optax.GradientTransformation) -> Fitting:
    return Fitting(model, optimiser.init(eqx.filter(model, eqx.is_inexact_array)))


def gradient_step(
    loss: Callable[[Any, Array], tuple[Array, Logged]], optimiser: optax.GradientTransformation
) -> Callable[[Fitting, Array], tuple[Fitting, Logged]]:
    """A step for `trained` that follows the gradient of `loss(model, key) -> (loss, scalars to be logged)`."""

    def step(state: Fitting, key: Array) -> tuple[Fitting, Logged]:
        (value, logged), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(state.model, key)
        return applied(state, gradient, optimiser), {"loss": value, **logged}

    return step


def applied(state: Fitting, gradient: Any, optimiser: optax.GradientTransformation) -> Fitting:
    """The model after one update along a gradient."""
    updates, after = optimiser.update(gradient, state.optimiser, eqx.filter(state.model, eqx.is_inexact_array))
    return Fitting(eqx.apply_updates(state.model, updates), after)
