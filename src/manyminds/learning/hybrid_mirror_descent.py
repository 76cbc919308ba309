"""Hybrid online mirror descent (arXiv 2401.12686, section 5): one game for the core, one small one for every degree.

The core plays a mean-field game among its own; the periphery answers the core's flow and does not influence it.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.theory import mean_field_games as mfg
from manyminds.theory import mean_field_periphery as edge
from manyminds.theory.mean_field_games import Descent, Game, Learnt

Solver = Literal["mirror", "regularised", "fictitious"]
Closure = Literal["iid", "joint"]


class Hybrid(NamedTuple):
    """What was learnt, in float64. Class 0 is the core, class k the nodes of k neighbours."""

    policies: np.ndarray  # (K + 1, T, X, U); the core's is that of its first label
    flows: np.ndarray  # (T + 1, K + 1, X)
    core: Learnt
    periphery: Learnt  # one class a degree
    met: edge.Met


def core_learnt(game: Game, kernel: np.ndarray, solver: Solver, how: Descent) -> Learnt:
    """The core's game alone. `how.shrink` counts only when it is regularised. Call it under `jax.enable_x64`."""
    if solver == "fictitious":
        return mfg.fictitious_play(game, jnp.asarray(kernel, float), how.iterations)
    chosen = how if solver == "regularised" else plain(how)
    return mfg.mirror_descent(game, jnp.asarray(kernel, float), chosen)


def plain(how: Descent) -> Descent:
    return Descent(how.iterations, how.step, 0.0, how.backup, how.temperature)


def hybrid(
    game: Game, last: int, how: Descent, solver: Solver = "mirror", closure: Closure = "joint",
    kernel: np.ndarray | None = None, biased: np.ndarray | None = None,
) -> Hybrid:  # fmt: skip
    """Learn the core on `kernel` (one class unless given), then degrees 1 to `last` against its flow.

    `biased` (C,) is the chance that a neighbour of the periphery carries each label."""
    with jax.enable_x64(True):
        meets = jnp.ones((1, 1)) if kernel is None else jnp.asarray(kernel, float)
        core = core_learnt(game, meets, solver, how)
        flow = jax.jit(mfg.passed, static_argnums=0)(game, meets, core.policy)
        met = edge.met(flow, core.policy, biased)
        degrees, flows = degrees_learnt(game, last, met, plain(how), closure)
        policies = jnp.concatenate([core.policy[:, :1], degrees.policy], 1)
        every = jnp.concatenate([flow.flow.mean(1, keepdims=True), flows], 1)
        return Hybrid(np.asarray(jnp.swapaxes(policies, 0, 1)), np.asarray(every), core, degrees, met)


@partial(jax.jit, static_argnames=("game", "last", "how", "closure"))
def degrees_learnt(game: Game, last: int, core: edge.Met, how: Descent, closure: Closure) -> tuple[Learnt, Array]:
    """The policies of nodes with 1 to `last` neighbours, learnt under a closure, and their flows under the same."""
    start = mfg.starts(game, last).astype(core.seen.dtype)
    if closure == "iid":
        learnt = mfg.against(edge.sampled_tables(game, last, core.seen), start, how)
        return learnt, edge.sampled_flow(game, learnt.policy, core)
    counted = edge.all_count_moves(core, last)
    like = mfg.uniform(game, last).astype(start.dtype)
    learnt = mfg.descended(lambda policy: edge.joint(game, policy, core, counted)[1], start, like, how)
    return learnt, edge.joint(game, learnt.policy, core, counted)[0]
