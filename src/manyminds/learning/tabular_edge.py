"""Tabular critics on short model rollouts: the smallest learner in which the edge of reach can be seen.

An epoch rolls the current policy `steps` times from the starts, keeps what the last few epochs visited, and sweeps over
it: Q moves towards r + discount max_a min_j Q_j(s', a). Sweeps are synchronous, so what is kept is which (cell, action)
was visited, not how often. Base: all tables begin at 0, which is optimistic where rewards are negative. RAVL: tables
begin spread out, and nothing but that spread is left where nothing is ever updated (arXiv 2402.12527, sections 4, 5).
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax


@dataclass(frozen=True)
class Recipe:
    """How a table is learnt (our choice of sizes)."""

    members: int = 2
    spread: float = 0.0  # standard deviation of the first tables
    offset: float = 0.0  # and their mean
    epochs: int = 60
    rollouts: int = 400
    kept: int = 5  # epochs in the buffer
    sweeps: int = 4
    step: float = 0.5
    discount: float = 0.95
    epsilon: float = 0.1
    cut_is_end: bool = False  # a known mistake, for tests: bootstrap nothing where the rollout was cut
    wander: bool = False  # another: start the next rollouts where the last ones stopped
    forget: bool = False  # another: keep nothing of earlier epochs


class Model(NamedTuple):
    """What the learner believes of the world; M dynamics models, of which one is drawn for each step.

    `after`: (M, cells, actions). `weight`: (M,), how often each is drawn. `paid`: (cells,), for arriving there.
    `penalty`: (cells, actions), taken off the reward. `halt`: (cells, actions), where the model is not trusted: the
    rollout ends and nothing is bootstrapped. `doubt`: (M,), the weight of each member's own target in the standard
    deviation that is taken off (MOBILE); they sum to the coefficient, all 0 for none.
    """

    after: Array
    weight: Array
    paid: Array
    penalty: Array
    halt: Array
    doubt: Array


def exact(after: np.ndarray, paid: np.ndarray) -> Model:
    """The world itself as the model: one member, no penalty anywhere."""
    none = jnp.zeros(after.shape, jnp.float32)
    return Model(jnp.asarray(after)[None], jnp.ones(1), jnp.asarray(paid, jnp.float32), none, none > 0, jnp.zeros(1))


class Patch(NamedTuple):
    """True values to be written into targets: where (a mask, shape (cells,)) and what (shape (cells,))."""

    where: Array
    value: Array


class Learnt(NamedTuple):
    """The tables, shape (members, cells, actions); what the buffer held at the end, and the share of its targets that
    lead to a cell that was never updated itself, by epoch."""

    tables: Array
    visited: Array  # (cells, actions)
    void: Array  # (epochs,)


def no_patch(cells: int) -> Patch:
    return Patch(jnp.zeros(cells, bool), jnp.zeros(cells, jnp.float32))


def learnt(recipe: Recipe, model: Model, starts: Array, steps: Array, patch: Patch, key: Array) -> Learnt:
    """Learn for all epochs. `starts`: cells to begin from, shape (n,). `steps`: of a rollout, at least 1."""
    to_begin, to_go = jax.random.split(key)
    shape = model.penalty.shape
    tables = recipe.offset + recipe.spread * jax.random.normal(to_begin, (recipe.members, *shape))
    ring = jnp.zeros((1 if recipe.forget else recipe.kept, *shape), bool)
    begun = starts[jax.random.randint(to_go, (recipe.rollouts,), 0, len(starts))]

    def epoch(carry: tuple[Array, ...], inputs: tuple[Array, Array]) -> tuple[tuple[Array, ...], Array]:
        tables, ring, ever, last = carry
        i, key = inputs
        to_start, to_roll = jax.random.split(key)
        fresh = starts[jax.random.randint(to_start, (recipe.rollouts,), 0, len(starts))]
        places = jnp.where(i > 0, last, fresh) if recipe.wander else fresh
        seen, final, last = rolled(recipe, model, tables.min(0), places, steps, to_roll)
        ring = ring.at[i % len(ring)].set(seen)
        visited, ever = ring.any(0), ever | seen
        cut = final & ~seen.any(1) if recipe.cut_is_end else jnp.zeros(shape[0], bool)
        tables = lax.fori_loop(0, recipe.sweeps, lambda _, q: swept(recipe, model, q, visited, patch, cut), tables)
        dark = ~ever.any(1)[model.after]  # does the target lead to where nothing was ever updated?
        share = (model.weight[:, None, None] * dark * visited).sum() / visited.sum()
        return (tables, ring, ever, last), share

    keys = jax.random.split(jax.random.fold_in(to_go, 1), recipe.epochs)
    begin = (tables, ring, jnp.zeros(shape, bool), begun)
    (tables, ring, _, _), void = lax.scan(epoch, begin, (jnp.arange(recipe.epochs), keys))
    return Learnt(tables, ring.any(0), void)


def rolled(
    recipe: Recipe, model: Model, q: Array, places: Array, steps: Array, key: Array
) -> tuple[Array, Array, Array]:
    """Which (cell, action) the rollouts of an epoch visited, the mask of cells where they stopped, and those cells."""
    best, count = q == q.max(1, keepdims=True), len(places)

    def step(t: Array, carry: tuple[Array, ...]) -> tuple[Array, ...]:
        seen, places, going = carry
        to_explore, to_act, to_model = jax.random.split(jax.random.fold_in(key, t), 3)
        strange = jax.random.uniform(to_explore, (count, 1)) < recipe.epsilon
        # Ties are broken at random: where nothing is known yet, no action comes first.
        luck = jax.random.uniform(to_act, (count, q.shape[1]))
        action = jnp.where(best[places] | strange, luck, -1.0).argmax(1)
        member = jax.random.choice(to_model, len(model.weight), (count,), p=model.weight)
        seen = seen.at[jnp.where(going, places, len(seen)), action].set(True, mode="drop")
        after = model.after[member, places, action]
        halted = model.halt[places, action]
        return seen, jnp.where(going & ~halted, after, places), going & ~halted

    begun = (jnp.zeros(q.shape, bool), places, jnp.ones(count, bool))
    seen, places, _ = lax.fori_loop(0, steps, step, begun)
    return seen, jnp.zeros(len(q), bool).at[places].set(True), places


def swept(recipe: Recipe, model: Model, tables: Array, visited: Array, patch: Patch, cut: Array) -> Array:
    """One synchronous sweep: every visited entry of every table moves a step towards the common target."""
    values = jnp.where(patch.where, patch.value, tables.min(0).max(1))
    values = jnp.where(cut, 0.0, values)
    following = jnp.where(model.halt, 0.0, values[model.after])
    each = model.paid[model.after] + recipe.discount * following  # (models, cells, actions)
    middle = jnp.tensordot(model.doubt, each, 1) / jnp.maximum(model.doubt.sum(), 1e-30)
    doubt = jnp.sqrt(jnp.tensordot(model.doubt, (each - middle) ** 2, 1) * model.doubt.sum())
    target = jnp.tensordot(model.weight, each, 1) - model.penalty - doubt
    return tables + recipe.step * visited * (target - tables)


def read(tables: Array) -> tuple[Array, Array]:
    """The greedy policy of the lowest table and its values, each of shape (cells,)."""
    low = tables.min(0)
    return low.argmax(1), low.max(1)
