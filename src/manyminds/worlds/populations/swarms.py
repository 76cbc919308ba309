"""Swarms of agents that cooperate and see little: gathering, phases that should agree, headings that should align.

One state holds all N agents as arrays. `seen` is what each agent observes (its own y and nothing else), `moved` what
its action does, `reward` what all are paid together, and `features` describes the distribution of agents to a critic.
Constants are ours where the paper (arXiv 2307.06175) does not print them.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.worlds.populations.decision_rules import circle, grid

Surface = Literal["torus", "moebius", "projective", "klein", "box"]
EXACT = 2**14  # features are sums of whole numbers of this part, so that the order of agents changes no bit
AT_ONCE = 512  # agents whose neighbours are looked up in one piece
PAIRS = 256  # agents up to which pairs are gone through one by one, which is faster than sorting
FEW = 0.1  # agreement of the neighbours at which an observation has .7 of its full length


class Swarm(Protocol):
    """Rules for N agents, the same for every N."""

    dims: int  # of an observation
    actions: int  # of an action
    steps: int

    @property
    def feature_size(self) -> int: ...

    def reset(self, key: Array, agents: int) -> Any: ...

    def seen(self, state: Any, key: Array) -> Array:
        """Observations (N, dims)."""

    def moved(self, state: Any, action: Array, key: Array) -> Any: ...

    def reward(self, state: Any, action: Array) -> Array: ...

    def features(self, state: Any) -> Array:
        """The distribution of agents, (feature_size,), whatever their order."""


def kernel_features(x: Array, centres: np.ndarray, width: float) -> Array:
    """<kappa(x_b, .), mu> for Gaussian kernels at `centres` (B, d), of points (N, d): (B,), to 14 bits exactly."""
    far = ((x[:, None, :] - jnp.asarray(centres, x.dtype)) ** 2).sum(-1)
    whole = jnp.round(EXACT * jnp.exp(-far / (2 * width**2))).astype(jnp.int32)
    return whole.sum(0).astype(jnp.float32) / (EXACT * len(x))


def around(angle: Array) -> Array:
    """Unit vectors (N, 2): angles without a seam."""
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)], -1)


def mean_arc(angle: Array) -> Array:
    """The mean distance along the circle of all ordered pairs (an agent with itself counts 0), in O(N log N).

    The distance of two points is the measure of half circles that hold one of them, so the mean over pairs is the
    integral over theta in [0, pi) of 2 F (1 - F), F the share of points in the half circle from theta on. Uniform
    angles have pi / 2, equal ones 0."""
    turned = jnp.mod(angle, 2 * jnp.pi)
    if len(angle) <= PAIRS:
        far = jnp.abs(turned[:, None] - turned[None])
        return jnp.minimum(far, 2 * jnp.pi - far).mean()
    upper = turned < jnp.pi
    at = jnp.where(upper, turned, turned - jnp.pi)
    order = jnp.argsort(at)
    count = jnp.cumsum(jnp.where(upper[order], -1, 1)) + upper.sum()
    inside = jnp.concatenate([upper.sum()[None], count]) / len(angle)
    edges = jnp.concatenate([jnp.zeros(1), at[order], jnp.full(1, jnp.pi)])
    return (2 * inside * (1 - inside) * jnp.diff(edges)).sum()


def order_parameter(angle: Array) -> Array:
    """R = |E e^(i phi)|: 1 in perfect order, near 0 without any."""
    return jnp.linalg.norm(around(angle).mean(0))


@dataclass(frozen=True)
class Aggregation:
    """Gather anywhere: points in [-2, 2]^2, paid the negative mean distance to the mean."""

    blur: float = 0.1  # s_y: standard deviation of what an agent sees of its own place
    speed: float = 0.2
    noise: float = 0.03
    steps: int = 50
    low = -2.0
    high = 2.0
    dims = 2
    actions = 2
    per_side: int = 5

    @property
    def feature_size(self) -> int:
        return self.per_side**2

    def reset(self, key: Array, agents: int) -> Array:
        return jax.random.uniform(key, (agents, 2), minval=-2, maxval=2)

    def seen(self, state: Array, key: Array) -> Array:
        return state + self.blur * jax.random.normal(key, state.shape)

    def moved(self, state: Array, action: Array, key: Array) -> Array:
        length = jnp.maximum(jnp.linalg.norm(action, axis=-1, keepdims=True), 1)
        step = self.speed * action / length + self.noise * jax.random.normal(key, state.shape)
        return jnp.clip(state + step, -2, 2)

    def reward(self, state: Array, action: Array) -> Array:
        return -jnp.linalg.norm(state - state.mean(0), axis=-1).mean()

    def features(self, state: Array) -> Array:
        return 10 * kernel_features(state, grid(-2, 2, self.per_side, 2), 4 / self.per_side)


class Flock(NamedTuple):
    """Places (N, 2) in the unit square, angles (N,), and for what moves in place who sees whom ((N, N) or None)."""

    place: Array
    angle: Array
    sees: Array | None = None


def glued(place: Array, angle: Array, surface: Surface) -> tuple[Array, Array]:
    """Places and angles after the edges of the square are crossed. Going over a reversed edge mirrors the other
    coordinate and the angle; a box stops at its walls."""
    if surface == "box":
        return jnp.clip(place, 0, 1), angle
    over_x, over_y = (jnp.floor(place[:, i]).astype(jnp.int32) % 2 == 1 for i in (0, 1))
    x, y = place[:, 0] % 1, place[:, 1] % 1
    if surface in ("moebius", "projective", "klein"):  # left and right are glued with a twist
        y, angle = jnp.where(over_x, 1 - y, y), jnp.where(over_x, -angle, angle)
    if surface == "projective":
        x, angle = jnp.where(over_y, 1 - x, x), jnp.where(over_y, jnp.pi - angle, angle)
    if surface == "moebius":  # top and bottom are walls
        y = jnp.where(over_x, y, jnp.clip(place[:, 1], 0, 1))
    return jnp.stack([x, y], 1), angle


def gap(place: Array, other: Array) -> Array:
    """Squared distance on the unit torus, (n, N)."""
    apart = jnp.abs(place[:, None] - other[None])
    return (jnp.minimum(apart, 1 - apart) ** 2).sum(-1)


def neighbours(place: Array, angle: Array, radius: float, sees: Array | None = None) -> Array:
    """What each agent sees of the others within `radius`: the direction of their mean unit vector in its own frame,
    that is how much to turn, times a length that grows with how much they agree, l / sqrt(l^2 + FEW^2); (N, 2). It is
    (0, 0) where nobody is near, has no seam, and tells the direction also among many who hardly agree."""

    def some(those: tuple[Array, Array, Array]) -> Array:
        at, own, number = those
        near = (gap(at, place) <= radius**2) & (number[:, None] != jnp.arange(len(place)))
        return pull(near.astype(jnp.float32), own, angle)

    if sees is not None:
        return pull(sees, angle, angle)
    count = len(place)
    if count <= AT_ONCE or count % AT_ONCE:
        return some((place, angle, jnp.arange(count)))
    parts = jax.tree.map(lambda x: x.reshape(-1, AT_ONCE, *x.shape[1:]), (place, angle, jnp.arange(count)))
    return lax.map(some, parts).reshape(count, 2)


def pull(near: Array, own: Array, angle: Array) -> Array:
    mean = near @ around(angle) / jnp.maximum(near.sum(1), 1)[:, None]
    cos, sin = jnp.cos(own), jnp.sin(own)
    own_frame = jnp.stack([cos * mean[:, 0] + sin * mean[:, 1], cos * mean[:, 1] - sin * mean[:, 0]], 1)
    return own_frame / jnp.sqrt((mean**2).sum(1, keepdims=True) + FEW**2)


@dataclass(frozen=True)
class Kuramoto:
    """Oscillators in fixed places on the torus; each sees the phases near it, and all are paid for agreement."""

    turn: float = 0.2
    noise: float = 0.02
    radius: float = 0.25
    frequencies: float = 0.0  # standard deviation of natural frequencies; 0: all alike
    steps: int = 50
    dims = 2
    actions = 1
    feature_size = 8

    def reset(self, key: Array, agents: int) -> Flock:
        to_place, to_angle = jax.random.split(key)
        place = jax.random.uniform(to_place, (agents, 2))
        angle = jax.random.uniform(to_angle, (agents,), maxval=2 * jnp.pi)
        if agents > AT_ONCE:
            return Flock(place, angle)
        near = (gap(place, place) <= self.radius**2) & ~jnp.eye(agents, dtype=bool)
        return Flock(place, angle, near.astype(jnp.float32))

    def seen(self, state: Flock, key: Array) -> Array:
        return neighbours(state.place, state.angle, self.radius, state.sees)

    def moved(self, state: Flock, action: Array, key: Array) -> Flock:
        step = self.turn * action[:, 0] + self.noise * jax.random.normal(key, state.angle.shape)
        if self.frequencies:  # an agent's own frequency is told by its place, so that it needs no memory
            step = step + self.frequencies * jnp.sqrt(2.0) * jnp.sin(
                2 * jnp.pi * (state.place @ jnp.array([7.0, 11.0]))
            )
        return state._replace(angle=jnp.mod(state.angle + step, 2 * jnp.pi))

    def reward(self, state: Flock, action: Array) -> Array:
        return -mean_arc(state.angle)

    def features(self, state: Flock) -> Array:
        return kernel_features(around(state.angle), circle(8), 0.7)


@dataclass(frozen=True)
class Vicsek:
    """Headings of agents that move on a surface; each sees the headings near it, and all are paid for alignment."""

    speed: float = 0.05
    drift: float = 0.01
    turn: float = 0.4
    noise: float = 0.05
    radius: float = 0.25
    surface: Surface = "torus"
    steps: int = 50
    dims = 2
    actions = 1
    feature_size = 8

    def reset(self, key: Array, agents: int) -> Flock:
        to_place, to_angle = jax.random.split(key)
        place = jax.random.uniform(to_place, (agents, 2))
        return Flock(place, jax.random.uniform(to_angle, (agents,), maxval=2 * jnp.pi))

    def seen(self, state: Flock, key: Array) -> Array:
        return neighbours(state.place, state.angle, self.radius)

    def moved(self, state: Flock, action: Array, key: Array) -> Flock:
        to_place, to_angle = jax.random.split(key)
        place = state.place + self.speed * around(state.angle)
        place = place + self.drift * jax.random.normal(to_place, place.shape)
        angle = state.angle + self.turn * action[:, 0] + self.noise * jax.random.normal(to_angle, state.angle.shape)
        place, angle = glued(place, angle, self.surface)
        return Flock(place, jnp.mod(angle, 2 * jnp.pi))

    def reward(self, state: Flock, action: Array) -> Array:
        return -mean_arc(state.angle)

    def features(self, state: Flock) -> Array:
        return kernel_features(around(state.angle), circle(8), 0.7)


@dataclass(frozen=True)
class Quadratic:
    """The linear-quadratic world of `theory/mean_field_control.py` with finitely many agents."""

    blur: float = 0.05  # variance of the noise on what an agent sees
    noise: float = 0.01
    cost: float = 0.25
    steps: int = 60
    dims = 1
    actions = 1
    feature_size = 2

    def reset(self, key: Array, agents: int) -> Array:
        return jax.random.uniform(key, (agents, 1), minval=-1, maxval=1)

    def seen(self, state: Array, key: Array) -> Array:
        return state + self.blur**0.5 * jax.random.normal(key, state.shape)

    def moved(self, state: Array, action: Array, key: Array) -> Array:
        return state + action + self.noise**0.5 * jax.random.normal(key, state.shape)

    def reward(self, state: Array, action: Array) -> Array:
        return -(state.var() + self.cost * (action**2).mean())

    def features(self, state: Array) -> Array:
        """The mean, and the variance on a logarithmic scale that keeps small ones apart."""
        whole = jnp.round(EXACT * jnp.clip(state[:, 0], -4, 4)).astype(jnp.int32)
        mean = whole.sum() / (EXACT * len(state))
        var = (jnp.round((whole / EXACT - mean) ** 2 * EXACT).astype(jnp.int32)).sum() / (EXACT * len(state))
        return jnp.stack([mean, jnp.log(var + 1e-3) / 3]).astype(jnp.float32)


@dataclass(frozen=True)
class Switches:
    """Two states seen through a channel that lies: `TwoState` of `theory/mean_field_control.py` with N agents."""

    blur: float = 0.2
    works: float = 0.8
    wanted: float = 0.7
    cost: float = 0.05
    first: float = 0.1
    steps: int = 40
    dims = 1
    actions = 1
    feature_size = 1

    def reset(self, key: Array, agents: int) -> Array:
        """Exactly the first share in state 1, as near as N agents can."""
        return (jnp.arange(agents) < round(self.first * agents)).astype(jnp.int32)

    def seen(self, state: Array, key: Array) -> Array:
        lies = jax.random.uniform(key, state.shape) < self.blur
        return jnp.where(lies, 1 - state, state).astype(jnp.float32)[:, None]

    def moved(self, state: Array, action: Array, key: Array) -> Array:
        works = jax.random.uniform(key, state.shape) < self.works
        return jnp.where(works & (action[:, 0] > 0.5), 1 - state, state)

    def reward(self, state: Array, action: Array) -> Array:
        return -((state.mean() - self.wanted) ** 2) - self.cost * action.mean()

    def features(self, state: Array) -> Array:
        return 4 * state.mean()[None] - 2
