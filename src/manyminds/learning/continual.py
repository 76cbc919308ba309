"""Networks that learn a stream in one pass, with the usual remedies against forgetting, and measures of it.

Rivals of Follow-The-Leader: one gradient step an observation, replay of a few old ones, replay from a small coreset
(a reservoir: a uniform sample of the past, Vitter 1985), and synaptic intelligence (Zenke, Poole and Ganguli, arXiv
1703.04200), which holds on to weights that mattered. All of them are one step, to be scanned and vmapped over seeds.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.learning.training import Fitting, applied, fitting
from manyminds.networks.dense import Layers

Remedy = Literal["none", "replay", "coreset", "synaptic"]


@dataclass(frozen=True)
class Online:
    """A network that learns online. `replayed` observations of the memory join each new one; `memory` is its size
    (0: everything). `hold` and `consolidate` belong to synaptic intelligence: how strongly old weights are held, and
    after how many steps what mattered is taken stock of."""

    remedy: Remedy = "none"
    width: int = 64
    depth: int = 2
    step_size: float = 1e-3
    replayed: int = 16
    memory: int = 0
    hold: float = 1.0
    consolidate: int = 150
    steps: int = 1  # gradient steps an observation

    def optimiser(self) -> optax.GradientTransformation:
        return optax.adam(self.step_size)


class Kept(NamedTuple):
    """Old observations; `seen` counts all that went by."""

    inputs: Array
    targets: Array
    seen: Array


class Synapses(NamedTuple):
    """For each weight: its value at the last stock-taking, its share in the fall of the loss since then, and how much
    it is held from before. Trees like the network's arrays."""

    anchor: Any
    path: Any
    importance: Any


class Learning(NamedTuple):
    fitting: Fitting
    kept: Kept
    synapses: Synapses


def begun(settings: Online, inputs: int, outputs: int, steps: int, key: Array) -> Learning:
    """An untrained network, with room for what `settings.remedy` keeps of `steps` observations."""
    network = Layers((inputs, *[settings.width] * settings.depth, outputs), key)
    size = {"none": 1, "synaptic": 1, "replay": settings.memory or steps, "coreset": settings.memory or 100}
    room = size[settings.remedy]
    kept = Kept(jnp.zeros((room, inputs)), jnp.zeros((room, outputs)), jnp.int32(0))
    arrays = eqx.filter(network, eqx.is_inexact_array)
    zero = jax.tree.map(jnp.zeros_like, arrays)
    return Learning(fitting(network, settings.optimiser()), kept, Synapses(arrays, zero, zero))


def remembered(settings: Online, kept: Kept, x: Array, y: Array, key: Array) -> Kept:
    """The memory with one more observation: a ring for replay, a reservoir for a coreset."""
    room = kept.inputs.shape[0]
    place = kept.seen % room
    if settings.remedy == "coreset":
        drawn = jax.random.randint(key, (), 0, kept.seen + 1)
        place = jnp.where(kept.seen < room, kept.seen, drawn)  # beyond the room: dropped
    return Kept(
        kept.inputs.at[place].set(x, mode="drop"), kept.targets.at[place].set(y, mode="drop"), kept.seen + 1
    )  # fmt: skip


def squared(network: Any, inputs: Array, targets: Array) -> Array:
    """Squared error, summed over outputs and averaged over rows."""
    return ((jax.vmap(network)(inputs) - targets) ** 2).sum(1).mean()


def updated(settings: Online, learning: Learning, x: Array, y: Array, key: Array) -> Learning:
    """One observation: `settings.steps` gradient steps on it and on what the remedy adds."""
    to_keep, to_draw = jax.random.split(key)
    kept, inputs, targets = learning.kept, x[None], y[None]
    if settings.remedy in ("replay", "coreset"):
        kept = remembered(settings, kept, x, y, to_keep)
    fit, synapses = learning.fitting, learning.synapses
    for own in jax.random.split(to_draw, settings.steps):
        if settings.remedy in ("replay", "coreset"):
            filled = jnp.minimum(kept.seen, kept.inputs.shape[0])
            which = jax.random.randint(own, (settings.replayed,), 0, filled)
            inputs = jnp.concatenate([x[None], kept.inputs[which]])
            targets = jnp.concatenate([y[None], kept.targets[which]])
        gradient = eqx.filter_grad(squared)(fit.model, inputs, targets)
        if settings.remedy == "synaptic":
            fit, synapses = synaptic_step(settings, fit, synapses, gradient)
        else:
            fit = applied(fit, gradient, settings.optimiser())
    if settings.remedy == "synaptic":
        kept = kept._replace(seen=kept.seen + 1)
        synapses = lax.cond(kept.seen % settings.consolidate == 0, consolidated, lambda now, _: now,
                            synapses, eqx.filter(fit.model, eqx.is_inexact_array))  # fmt: skip
    return Learning(fit, kept, synapses)


def synaptic_step(settings: Online, fit: Fitting, synapses: Synapses, gradient: Any) -> tuple[Fitting, Synapses]:
    """A step on loss + hold sum_k importance_k (w_k - anchor_k)^2; each weight's path grows by -gradient * change."""
    before = eqx.filter(fit.model, eqx.is_inexact_array)
    held = jax.tree.map(
        lambda g, omega, w, old: g + 2 * settings.hold * omega * (w - old),
        eqx.filter(gradient, eqx.is_inexact_array), synapses.importance, before, synapses.anchor,
    )  # fmt: skip
    after = applied(fit, held, settings.optimiser())
    moved = eqx.filter(after.model, eqx.is_inexact_array)
    path = jax.tree.map(lambda p, g, old, new: p - g * (new - old), synapses.path,
                        eqx.filter(gradient, eqx.is_inexact_array), before, moved)  # fmt: skip
    return after, synapses._replace(path=path)


def consolidated(synapses: Synapses, weights: Any, damping: float = 0.1) -> Synapses:
    """Take stock: importance grows by path / (distance^2 + damping), equation 5; paths begin anew from here."""
    importance = jax.tree.map(
        lambda omega, p, w, old: omega + jnp.maximum(p, 0) / ((w - old) ** 2 + damping),
        synapses.importance, synapses.path, weights, synapses.anchor,
    )  # fmt: skip
    return Synapses(weights, jax.tree.map(jnp.zeros_like, weights), importance)


def learnt(settings: Online, learning: Learning, inputs: Array, targets: Array, key: Array) -> tuple[Learning, Array]:
    """A stream of N observations in order: the network after it, and what it predicted before each, (N, S)."""
    arrays, static = eqx.partition(learning, eqx.is_array)

    def step(now: Any, row: tuple[Array, Array, Array]) -> tuple[Any, Array]:
        whole = eqx.combine(now, static)
        x, y, own = row
        said = whole.fitting.model(x)
        return eqx.filter(updated(settings, whole, x, y, own), eqx.is_array), said

    after, said = lax.scan(step, arrays, (inputs, targets, jax.random.split(key, inputs.shape[0])))
    return eqx.combine(after, static), said


class Forgetting(NamedTuple):
    """Errors (RMSE) on one region of the data, and what they became. `left` and `later` are of the same points."""

    left: float  # when the region was left
    later: float  # after learning elsewhere

    @property
    def amount(self) -> float:
        """How much the error grew; below 0, later data helped."""
        return self.later - self.left

    @property
    def share(self) -> float:
        """The growth as a share of the error when the region was left."""
        return self.amount / self.left if self.left else (0.0 if self.amount <= 0 else float("inf"))


def rmse(said: Array | np.ndarray, true: Array | np.ndarray) -> float:
    return float(np.sqrt(np.mean((np.asarray(said, np.float64) - np.asarray(true, np.float64)) ** 2)))


def forgetting_table(errors: np.ndarray) -> list[Forgetting]:
    """For each part of a stream, its error when it was left and at the end. `errors[i, j]`: on part j after part i."""
    errors = np.asarray(errors)
    if errors.ndim != 2 or errors.shape[0] != errors.shape[1]:
        raise ValueError(f"errors after each part on each part are a square, not {errors.shape}")
    return [Forgetting(float(errors[j, j]), float(errors[-1, j])) for j in range(len(errors))]
