"""Time-conditioned denoisers: a plain network, and one that encodes to a subspace and decodes back.

Whatever a network predicts (score, noise, x0 or v) is turned into a score; time is that of `theory/diffusions.py`. A
condition is a vector with a flag that says whether it is known: with the flag down the same network is unconditional.
"""

from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core import BadInput
from manyminds.networks.dense import Dense, Layers
from manyminds.theory.diffusions import alpha, h
from manyminds.theory.guidance import Guidance

Target = Literal["score", "noise", "x0", "v"]


def as_score(target: Target, said: Array, x: Array, t: Array) -> Array:
    """The score that a prediction amounts to. v is alpha noise - sqrt(h) x0 (Salimans and Ho, arXiv 2202.00512)."""
    a, noise = alpha(t), h(t)
    if target == "score":
        return said
    if target == "noise":
        return -said / jnp.sqrt(noise)
    x0 = said if target == "x0" else a * x - jnp.sqrt(noise) * said
    return (a * x0 - x) / noise


TIME_FEATURES = 7


def time_features(t: Array) -> Array:
    """What a network is told of the time: levels of data and noise, and waves of log t, all of order one."""
    u = jnp.log(t)
    waves = [jnp.sin(u), jnp.cos(u), jnp.sin(2 * u), jnp.cos(2 * u)]
    return jnp.stack([alpha(t), jnp.sqrt(h(t)), u / 4, *waves])


class Timed(eqx.Module):
    """Layers over (input, condition, time), plus, if `linear`, a linear map of the input whose weights move with time.

    The exact score of Gaussian data is such a linear map, so only what is not Gaussian is left to the layers.
    """

    layers: Layers
    gate: Dense | None
    outputs: int = eqx.field(static=True)

    def __init__(self, inputs: int, outputs: int, width: int, depth: int, key: Array, linear: bool) -> None:
        to_layers, to_gate = jax.random.split(key)
        self.layers = Layers((inputs + TIME_FEATURES, *[width] * depth, outputs), to_layers, jax.nn.silu)
        self.gate = Dense(TIME_FEATURES, inputs * outputs, to_gate) if linear else None
        self.outputs = outputs

    def __call__(self, x: Array, t: Array) -> Array:
        times = time_features(t)
        said = self.layers(jnp.concatenate([x, times]))
        return said if self.gate is None else said + self.gate(times).reshape(self.outputs, -1) @ x


class Denoiser(eqx.Module):
    """A plain network over all D coordinates; `conditions` is the size of a condition, 0 for none."""

    body: Timed
    target: Target = eqx.field(static=True)
    conditions: int = eqx.field(static=True)

    def __init__(self, size: int, width: int, depth: int, key: Array, target: Target = "v", conditions: int = 0,
                 linear: bool = False) -> None:  # fmt: skip
        if target not in get_args(Target):
            raise BadInput(f"a denoiser predicts one of {', '.join(get_args(Target))}, not {target!r}")
        inputs = size + (conditions + 1 if conditions else 0)
        self.body = Timed(inputs, size, width, depth, key, linear)
        self.target, self.conditions = target, conditions

    def __call__(self, x: Array, t: Array, condition: Array, known: Array) -> Array:
        """The score at one point (D,); `condition` (conditions,) counts where `known` is 1."""
        return as_score(self.target, self.body(told(x, condition, known), t), x, t)


class SubspaceDenoiser(eqx.Module):
    """Score V psi(V'x, t) - x / h for data x = A z, V (D, d) learned and kept orthonormal (Chen et al. 2023).

    psi is alpha / h times the expected z, and z is predicted as alpha V'x - sqrt(h) v, so v is of order one at all t.
    """

    frame: Array  # (D, d), any; what counts is its span
    body: Timed
    conditions: int = eqx.field(static=True)

    def __init__(self, size: int, latent: int, width: int, depth: int, key: Array, conditions: int = 0,
                 linear: bool = True) -> None:  # fmt: skip
        if latent > size:
            raise BadInput(f"a subspace of {latent} dimensions does not fit into {size}")
        to_frame, to_body = jax.random.split(key)
        # Only the span counts, so how far a step of Adam turns it goes with one over this size: from entries of order
        # one the frame hardly moves, and body and frame settle on a wrong subspace together.
        self.frame = 0.05 * jax.random.normal(to_frame, (size, latent), jnp.float32)
        inputs = latent + (conditions + 1 if conditions else 0)
        self.body = Timed(inputs, latent, width, depth, to_body, linear)
        self.conditions = conditions

    def orthonormal(self) -> Array:
        """V."""
        return jnp.linalg.qr(self.frame)[0]

    def __call__(self, x: Array, t: Array, condition: Array, known: Array) -> Array:
        v, a, noise = self.orthonormal(), alpha(t), h(t)
        z = v.T @ x
        expected = a * z - jnp.sqrt(noise) * self.body(told(z, condition, known), t)
        return (a * (v @ expected) - x) / noise


AnyDenoiser = Denoiser | SubspaceDenoiser


def told(x: Array, condition: Array, known: Array) -> Array:
    """Input, condition (nought where unknown) and flag in one vector."""
    return jnp.concatenate([x, condition * known, known[None]]) if condition.size else x


class Conditioned(eqx.Module):
    """The score that a sampler takes: a denoiser, one condition a point, and how hard to press it."""

    model: Any
    condition: Array  # (N, conditions)
    excess: Array  # w of `Guidance`

    def __call__(self, x: Array, t: Array) -> Array:
        def one(x: Array, c: Array) -> tuple[Array, Array]:
            return self.model(x, t, c, jnp.float32(1)), self.model(x, t, c, jnp.float32(0))

        conditional, unconditional = jax.vmap(one)(x, self.condition)
        return (1 + self.excess) * conditional - self.excess * unconditional


class Unconditioned(eqx.Module):
    """The score of a denoiser without a condition, or with its condition masked."""

    model: Any

    def __call__(self, x: Array, t: Array) -> Array:
        return jax.vmap(lambda one: self.model(one, t, jnp.zeros(self.model.conditions), jnp.float32(0)))(x)


def guided(model: Any, condition: Array, guidance: Guidance, mask_probability: float) -> Conditioned:
    """The score of `model` under a condition (N, conditions). `mask_probability` is that of its training."""
    guidance.checked(mask_probability)
    return Conditioned(model, jnp.asarray(condition, jnp.float32), jnp.float32(guidance.excess))


class ClassifierGuided(eqx.Module):
    """Classifier guidance: the unconditional score plus `strength` times grad log p_t(y | x)."""

    score: Any
    log_classifier: Any  # (x (D,), t) -> log p_t(y | x)
    strength: Array

    def __call__(self, x: Array, t: Array) -> Array:
        pull = jax.vmap(jax.grad(self.log_classifier), (0, None))(x, t)
        return self.score(x, t) + self.strength * pull


def subspace_angle(frame: Any, truth: Any) -> Array:
    """||VV' - AA'||_F^2 for two frames with orthonormal columns: twice the sum of squared sines of their angles."""
    return jnp.sum((frame @ frame.T - truth @ truth.T) ** 2)
