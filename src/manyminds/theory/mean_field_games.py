"""Mean-field games with finite states: flows, action values, exploitability, mirror descent and fictitious play.

There are C classes of infinitely many players (the labels of a graphon or graphex; one class is the ordinary game). A
player of class c meets the distribution G_c = sum_d kernel[c, d] mu_d over the classes' states, with a row-stochastic
`kernel` (C, C). Policies have shape (T, C, X, U): T decisions, X states, U actions. Best replies are exact, by
dynamic programming, so exploitability is too. Arrays keep the precision of what is given; work in float64 where
small differences count (`jax.enable_x64`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array, lax


class Game(Protocol):
    """A game between anybody and the distribution of those met. Hashable, so that a solver compiles once for it."""

    @property
    def steps(self) -> int:
        """T, the number of decisions; the reward of decision t counts, nothing is discounted."""

    @property
    def start(self) -> tuple[float, ...]:
        """The distribution of states before the first decision; its length is X."""

    @property
    def actions(self) -> int: ...

    def transition(self, seen: Array) -> Array:
        """P(x' | x, u) when the states met are distributed as `seen` (X,): shape (X, U, X)."""

    def reward(self, seen: Array) -> Array:
        """r(x, u) in the same circumstances: shape (X, U)."""


class Tables(NamedTuple):
    """What the players of each class face once the flow is given: an ordinary decision process."""

    chance: Array  # (T, C, X, U, X)
    reward: Array  # (T, C, X, U)


class Passed(NamedTuple):
    """A policy's flow and what it makes of the game."""

    flow: Array  # (T + 1, C, X)
    seen: Array  # (T, C, X), the distributions met
    tables: Tables


ALONE = ((1.0,),)  # the kernel of a game with one class


def uniform(game: Game, classes: int = 1) -> Array:
    """Every action equally likely, shape (T, C, X, U)."""
    return jnp.full((game.steps, classes, len(game.start), game.actions), 1 / game.actions)


def starts(game: Game, classes: int) -> Array:
    """The same start for every class, shape (C, X)."""
    return jnp.broadcast_to(jnp.asarray(game.start, float), (classes, len(game.start)))


def passed(game: Game, kernel: Array, policy: Array, start: Array | None = None) -> Passed:
    """Forward: everybody plays `policy`; the flow is deterministic (equations 4 and 5 of arXiv 2401.12686)."""
    kernel = jnp.asarray(kernel, policy.dtype)

    def one(mu: Array, pi: Array) -> tuple[Array, tuple[Array, Array, Tables]]:
        seen = kernel @ mu
        chance, reward = jax.vmap(game.transition)(seen), jax.vmap(game.reward)(seen)
        return moved(mu, pi, chance), (mu, seen, Tables(chance, reward))

    begun = starts(game, len(kernel)) if start is None else start
    last, (before, seen, tables) = lax.scan(one, begun.astype(policy.dtype), policy)
    return Passed(jnp.concatenate([before, last[None]]), seen, tables)


def moved(mu: Array, pi: Array, chance: Array) -> Array:
    """One step of the distributions mu (C, X) under pi (C, X, U) and chance (C, X, U, X)."""
    return jnp.einsum("cx,cxu,cxuy->cy", mu, pi, chance)


def action_values(tables: Tables, policy: Array) -> Array:
    """Q of `policy`, shape (T, C, X, U): the reward of this decision and of all later ones."""

    def back(value: Array, at: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        chance, reward, pi = at
        q = reward + jnp.einsum("cxuy,cy->cxu", chance, value)
        return (pi * q).sum(-1), q

    return lax.scan(back, jnp.zeros_like(tables.reward[0, ..., 0]), (*tables, policy), reverse=True)[1]


def best_values(tables: Tables) -> Array:
    """Q of the best reply, shape (T, C, X, U)."""

    def back(value: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        chance, reward = at
        q = reward + jnp.einsum("cxuy,cy->cxu", chance, value)
        return q.max(-1), q

    return lax.scan(back, jnp.zeros_like(tables.reward[0, ..., 0]), tables, reverse=True)[1]


def returned(start: Array, first: Array, policy: Array) -> Array:
    """The expected sum of rewards of each class (C,), from action values at the first decision (C, X, U)."""
    return jnp.einsum("cx,cxu,cxu->c", start, policy[0], first)


class Gain(NamedTuple):
    """What a player of each class gets, and what the best reply to the same flow would add; both (C,)."""

    own: Array
    gain: Array


def gains(start: Array, tables: Tables, policy: Array, q: Array | None = None) -> Gain:
    """Exploitability class by class: exact values, never the soft values that a softmax policy suggests."""
    own = returned(start, (action_values(tables, policy) if q is None else q)[0], policy)
    best = jnp.einsum("cx,cx->c", start, best_values(tables)[0].max(-1))
    return Gain(own, best - own)


def exploitability(game: Game, kernel: Array, policy: Array, weights: Array | None = None) -> Array:
    """The mean over classes (by `weights`, else even) of what the best reply to the policy's own flow gains."""
    gain = gains(starts(game, len(kernel)).astype(policy.dtype), passed(game, kernel, policy).tables, policy).gain
    return gain.mean() if weights is None else jnp.asarray(weights) @ gain


# --- Learning ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Descent:
    """Online mirror descent (Perolat et al., arXiv 2103.00623): scores y <- (1 - shrink step) y + step Q, softmax."""

    iterations: int = 1000
    step: float = 0.1
    shrink: float = 0.0  # above 0 it is regularised by entropy, and settles where plain descent wanders
    backup: Literal["policy", "greatest"] = "policy"  # Q of the current policy, or of the best reply
    temperature: float = 1.0


class Learnt(NamedTuple):
    """A policy, and the return and exploitability of each class before every iteration and after the last:
    arrays (iterations + 1, C)."""

    policy: Array
    own: Array
    gain: Array


def descended(faced: Callable[[Array], Tables], start: Array, like: Array, how: Descent) -> Learnt:
    """Mirror descent from the uniform policy. `faced` gives the tables under a policy: the game's own forward pass,
    or the same tables always where nobody's policy matters to them."""

    def one(scores: Array, _: None) -> tuple[Array, Gain]:
        policy = jax.nn.softmax(scores / how.temperature)
        tables = faced(policy)
        q = action_values(tables, policy)
        target = q if how.backup == "policy" else best_values(tables)
        return (1 - how.shrink * how.step) * scores + how.step * target, gains(start, tables, policy, q)

    scores, before = lax.scan(one, jnp.zeros_like(like), None, length=how.iterations)
    policy = jax.nn.softmax(scores / how.temperature)
    last = gains(start, faced(policy), policy)
    own, gain = (jnp.concatenate([many, one[None]]) for many, one in zip(before, last))
    return Learnt(policy, own, gain)


@partial(jax.jit, static_argnames=("game", "how"))
def mirror_descent(game: Game, kernel: Array, how: Descent, start: Array | None = None) -> Learnt:
    """Learn an equilibrium of the game by mirror descent."""
    classes = len(kernel)
    begun = starts(game, classes) if start is None else start
    return descended(lambda pi: passed(game, kernel, pi, begun).tables, begun, uniform(game, classes), how)


@partial(jax.jit, static_argnames="how")
def against(tables: Tables, start: Array, how: Descent) -> Learnt:
    """Mirror descent against a flow that does not answer: an ordinary decision process for each class."""
    return descended(lambda _: tables, start, tables.reward, how)


@partial(jax.jit, static_argnames=("game", "iterations"))
def fictitious_play(game: Game, kernel: Array, iterations: int = 1000) -> Learnt:
    """Best replies to the flow of their own average, from the uniform policy (Perrin et al., arXiv 2007.03458).

    What is averaged is the mass on (state, action), so that the average policy is the one a random earlier best reply
    would be seen to play."""
    classes = len(kernel)
    start = starts(game, classes)

    def normal(mass: Array) -> Array:
        total = mass.sum(-1, keepdims=True)
        return jnp.where(total > 0, mass / jnp.where(total > 0, total, 1), 1 / game.actions)

    def one(mass: Array, i: Array) -> tuple[Array, Gain]:
        policy = normal(mass)
        tables = passed(game, kernel, policy).tables
        reply = jax.nn.one_hot(best_values(tables).argmax(-1), game.actions, dtype=policy.dtype)
        return mass + (occupied(start, tables, reply) - mass) / (i + 2), gains(start, tables, policy)

    first = uniform(game, classes)
    mass, before = lax.scan(one, occupied(start, passed(game, kernel, first).tables, first), jnp.arange(iterations))
    policy = normal(mass)
    last = gains(start, passed(game, kernel, policy).tables, policy)
    own, gain = (jnp.concatenate([many, one[None]]) for many, one in zip(before, last))
    return Learnt(policy, own, gain)


def occupied(start: Array, tables: Tables, policy: Array) -> Array:
    """The mass on (state, action) at every decision when the tables are given: (T, C, X, U)."""

    def one(mu: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        chance, pi = at
        return moved(mu, pi, chance), mu[..., None] * pi

    return lax.scan(one, start.astype(policy.dtype), (tables.chance, policy))[1]
