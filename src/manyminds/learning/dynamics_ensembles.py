"""Ensembles of probabilistic dynamics models: how they are fitted, sampled, doubted, and blended with the true world.

The models of PETS and MBPO as RAVL uses them (arXiv 2402.12527, appendix on implementation; 1906.08253): members that
say a Gaussian over (change of observation, reward), the best few of them by held-out error, one drawn for each row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.learning.replay import Rows
from manyminds.learning.training import Fitting, applied, fitting
from manyminds.networks.dense import Layers, each_batch, ensemble


@dataclass(frozen=True)
class Fit:
    """Settings of the ensemble; the defaults are those of the released code."""

    members: int = 7
    elites: int = 5
    width: int = 200
    depth: int = 4
    step_size: float = 1e-3
    batch: int = 256
    held_out: float = 0.2
    patience: int = 5  # epochs without a gain of `gain` before the step size falls, and again before the end
    gain: float = 0.01
    fall: float = 0.3
    least_epochs: int = 350
    most_epochs: int = 2000
    decays: tuple[float, ...] = (2.5e-5, 5e-5, 7.5e-5, 7.5e-5, 1e-4)  # by layer; the last one for all that follow

    def decay(self, layer: int) -> float:
        return self.decays[min(layer, len(self.decays) - 1)]


class Member(eqx.Module):
    """One model: means and log-variances of (change of observation, reward), in scaled inputs."""

    layers: Layers
    high: Array
    low: Array

    def __init__(self, inputs: int, outputs: int, settings: Fit, key: Array) -> None:
        hidden = [settings.width] * settings.depth
        self.layers = Layers((inputs, *hidden, 2 * outputs), key, activation=jax.nn.silu)
        self.high, self.low = jnp.full(outputs, 0.5), jnp.full(outputs, -10.0)

    def __call__(self, x: Array) -> Array:
        """Means, then log-variances, softly kept between the learned bounds."""
        mean, log = jnp.split(self.layers(x), 2)
        log = self.high - jax.nn.softplus(self.high - log)
        return jnp.concatenate([mean, self.low + jax.nn.softplus(log - self.low)])


class Said(NamedTuple):
    """What the members say of rows: next observation and reward in the last axis, shape (members, rows, size + 1)."""

    mean: Array
    std: Array


class Learned(eqx.Module):
    """The elites, with the scaling of their inputs."""

    members: Member  # arrays have a leading axis of elites
    centre: Array
    scale: Array

    def __call__(self, observation: Array, action: Array) -> Said:
        """For rows: observations of shape (rows, size), actions of shape (rows, action size)."""
        x = (jnp.concatenate([observation, action], -1) - self.centre) / self.scale
        mean, log = jnp.split(each_batch(self.members, x), 2, -1)
        return Said(mean.at[..., :-1].add(observation), jnp.exp(log / 2))


class Exact(eqx.Module):
    """A world as a model of itself: one member that is sure. `move(observation, action) -> (observation, reward)`."""

    move: Callable[[Array, Array], tuple[Array, Array]] = eqx.field(static=True)

    def __call__(self, observation: Array, action: Array) -> Said:
        after, reward = jax.vmap(self.move)(observation, action)
        mean = jnp.concatenate([after, reward[:, None]], -1)[None]
        return Said(mean, jnp.zeros_like(mean))


class Blended(eqx.Module):
    """(1 - u) of what a learned model says, u of the truth (figure 1 of the paper); at u = 1 no doubt is left."""

    learned: Learned
    true: Exact
    share: Array  # u, from 0 to 1

    def __call__(self, observation: Array, action: Array) -> Said:
        guess, truth = self.learned(observation, action), self.true(observation, action)
        return Said((1 - self.share) * guess.mean + self.share * truth.mean, (1 - self.share) * guess.std)


Model = Learned | Exact | Blended


def drawn_from(said: Said, key: Array) -> tuple[Array, Array]:
    """Next observations (rows, size) and rewards (rows,): a random member for each row, and its noise."""
    to_member, to_noise = jax.random.split(key)
    members, rows, size = said.mean.shape
    which = jax.random.randint(to_member, (rows,), 0, members)
    row = jnp.arange(rows)
    drawn = said.mean[which, row] + said.std[which, row] * jax.random.normal(to_noise, (rows, size))
    return drawn[:, :-1], drawn[:, -1]


def mopo(said: Said) -> Array:
    """max_i ||std_i||, per row: the penalty of MOPO (arXiv 2005.13239, section 4.3) before its coefficient."""
    return jnp.sqrt((said.std**2).sum(-1)).max(0)


def morel(said: Said) -> Array:
    """max_{i,j} ||mean_i - mean_j|| of the next observation, per row: the discrepancy of MOReL (arXiv 2005.05951)."""
    seen = said.mean[..., :-1]
    return jnp.sqrt(((seen[:, None] - seen[None]) ** 2).sum(-1)).max((0, 1))


def mobile(targets: Array) -> Array:
    """The standard deviation over members of their Bellman targets, shape (members, rows) -> (rows,) (MOBILE)."""
    # Against the first member, not the mean: equal targets must give exactly 0.
    apart = targets - targets[0]
    return jnp.sqrt(((apart - apart.mean(0)) ** 2).mean(0))


def loss(members: Member, settings: Fit, x: Array, y: Array) -> Array:
    """The sum over members of Gaussian log-loss, bounds and weight decay. `x`, `y`: (members, rows, ...)."""
    mean, log = jnp.split(each_batch(members, x), 2, -1)
    fit = ((mean - y) ** 2 * jnp.exp(-log) + log).mean((1, 2)).sum()
    bounds = 0.01 * (members.high.sum() - members.low.sum())
    decay = sum(settings.decay(i) / 2 * (layer.weight**2).sum() for i, layer in enumerate(members.layers.layers))
    return fit + bounds + decay


class Fitted(NamedTuple):
    """The elites, the held-out mean squared error of every member, and the epochs it took."""

    model: Learned
    errors: np.ndarray
    epochs: int


def fitted(settings: Fit, rows: Rows, key: Array, done: Callable[[], None] = lambda: None) -> Fitted:
    """Fit an ensemble to transitions. Raises `BadInput` when there is nothing to hold out or a row is not finite."""
    x = np.concatenate([rows.observation, rows.action], -1).astype(np.float32)
    y = np.concatenate([rows.after - rows.observation, np.asarray(rows.reward)[:, None]], -1).astype(np.float32)
    count, outside = len(x), round(settings.held_out * len(x))
    if outside < 1 or count - outside < 1:
        raise BadInput(f"{count} rows are too few to fit a model and hold out {settings.held_out:.0%} of them")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadInput("the data holds numbers that are not finite; a model cannot be fitted to it")
    to_split, to_begin, to_go = jax.random.split(key, 3)
    order = np.asarray(jax.random.permutation(to_split, count))
    held, kept = order[:outside], order[outside:]
    centre, scale = x[kept].mean(0), np.maximum(x[kept].std(0), 1e-6)
    x = jnp.asarray((x - centre) / scale)
    members = ensemble(lambda k: Member(x.shape[1], y.shape[1], settings, k), to_begin, settings.members)
    members, errors, epochs = followed(settings, members, (x, jnp.asarray(y), jnp.asarray(kept), jnp.asarray(held)),
                                       to_go, done)  # fmt: skip
    best = jnp.argsort(errors)[: settings.elites]
    elites = jax.tree.map(lambda leaf: leaf[best] if eqx.is_array(leaf) else leaf, members)
    return Fitted(Learned(elites, jnp.asarray(centre), jnp.asarray(scale)), np.asarray(errors), epochs)


def followed(
    settings: Fit, members: Member, data: tuple[Array, ...], key: Array, done: Callable[[], None]
) -> tuple[Member, Array, int]:
    """Train until no member gains on the held-out rows, every member from its own order of the rows."""
    x, y, kept, held = data
    optimiser = optax.inject_hyperparams(optax.adam)(learning_rate=settings.step_size)
    state, epoch = fitting(members, optimiser), one_epoch(settings, optimiser, x, y, kept)
    judge = eqx.filter_jit(lambda m: ((jnp.split(each_batch(m, x[held]), 2, -1)[0] - y[held]) ** 2).mean((1, 2)))
    best, best_members, stale, fell = judge(members), members, 0, False
    for i in range(settings.most_epochs):
        state = epoch(state, jax.random.fold_in(key, i))
        errors = judge(state.model)
        better = errors < best * (1 - settings.gain)
        best = jnp.where(better, errors, best)
        best_members = jax.tree.map(
            lambda new, old, b=better: jnp.where(b.reshape(-1, *[1] * (new.ndim - 1)), new, old)
            if eqx.is_array(new) else new, state.model, best_members)  # fmt: skip
        stale = 0 if bool(better.any()) else stale + 1
        done()
        if stale >= settings.patience:
            if not fell:
                fell, stale = True, 0
                state.optimiser.hyperparams["learning_rate"] *= settings.fall
            elif i + 1 >= settings.least_epochs:
                break
    return best_members, best, i + 1


def one_epoch(settings: Fit, optimiser: Any, x: Array, y: Array, kept: Array) -> Callable[[Fitting, Array], Fitting]:
    """A compiled pass over the rows that are not held out; what is left of a last batch waits for the next pass."""
    size = min(settings.batch, len(kept))
    batches = len(kept) // size

    @eqx.filter_jit
    def epoch(state: Fitting, key: Array) -> Fitting:
        orders = jax.vmap(lambda k: jax.random.permutation(k, kept))(jax.random.split(key, settings.members))
        orders = orders[:, : batches * size].reshape(settings.members, batches, size).swapaxes(0, 1)
        arrays, static = eqx.partition(state, eqx.is_array)

        def one(arrays: Any, rows: Array) -> tuple[Any, None]:
            now = eqx.combine(arrays, static)
            gradient = eqx.filter_grad(loss)(now.model, settings, x[rows], y[rows])
            return eqx.filter(applied(now, gradient, optimiser), eqx.is_array), None

        return eqx.combine(lax.scan(one, arrays, orders)[0], static)

    return epoch


def hopper_ended(observation: Array) -> Array:
    """True when the hopper has fallen: height above .7, angle within .2, all numbers finite and below 100."""
    height, angle, rest = observation[..., 0], observation[..., 1], observation[..., 1:]
    fine = jnp.isfinite(observation).all(-1) & (jnp.abs(rest) < 100).all(-1)
    return ~(fine & (height > 0.7) & (jnp.abs(angle) < 0.2))


def walker_ended(observation: Array) -> Array:
    """True when the walker has fallen: height between .8 and 2, angle within 1."""
    height, angle = observation[..., 0], observation[..., 1]
    return ~((height > 0.8) & (height < 2.0) & (jnp.abs(angle) < 1.0))


def never_ended(observation: Array) -> Array:
    """For bodies that cannot fall (the half-cheetah)."""
    return jnp.zeros(observation.shape[:-1], bool)


ENDINGS: dict[str, Callable[[Array], Array]] = {
    "hopper": hopper_ended, "walker2d": walker_ended, "halfcheetah": never_ended, "pendulum": never_ended,
}  # fmt: skip
