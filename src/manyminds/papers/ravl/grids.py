"""The tabular experiments: short rollouts in the true world, and the same learners as a learned model becomes true."""

from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import tabular_dynamics as dynamics
from manyminds.learning import tabular_edge as edge
from manyminds.learning.dynamics_ensembles import mobile, mopo, morel
from manyminds.learning.tabular_edge import Learnt, Model, Patch, Recipe
from manyminds.theory import edge_of_reach as theory
from manyminds.worlds.grids.goal_grid import GoalGrid

WORLD = GoalGrid()
DISCOUNT = 0.95
METHODS: dict[str, Recipe] = {
    "base": Recipe(),
    "patch": Recipe(),
    "ravl-10": Recipe(members=10, spread=5.0),
    "ravl-30": Recipe(members=30, spread=5.0),
    # A control: nothing but a low start, at the mean of the lowest of 30 draws from N(0, 5^2).
    "low": Recipe(members=1, offset=-10.2),
}
# Coefficients are large enough that a step into the unknown costs more than walking home (our choice).
PENALTIES: dict[str, float] = {"mopo": 5.0, "morel": 20.0, "mobile": 5.0}


class Cell(BaseModel, frozen=True):
    """One method at one k, by seed. `returns`: discounted, from the starting block, in the true world. `over_best` and
    `over_own`: mean over visited cells of the lowest table's value less the best value, and less that of its own greedy
    policy. `apart_at_edge`, `apart_within`: mean less lowest table. `edge`, `void`: the share of targets that lead to
    the edge of reach, and to cells that were never updated."""

    method: str
    steps: int
    returns: list[float]
    over_best: list[float]
    over_own: list[float]
    apart_at_edge: list[float]
    apart_within: list[float]
    edge: list[float]
    void: list[float]
    largest: list[float]


class Blend(BaseModel, frozen=True):
    """One method on one blend of learned and true dynamics, by seed; the largest penalty anywhere and, for the method
    without one, the rank correlation of MOPO's penalty with the variance of its tables."""

    method: str
    share: float
    returns: list[float]
    penalty: float
    correlation: list[float]


@lru_cache
def best() -> np.ndarray:
    return theory.optimal_values(WORLD.after, WORLD.reward, DISCOUNT)


def optimum() -> float:
    """The best discounted return from the starting block, exactly."""
    return float(best()[WORLD.starts].mean())


def starts() -> jax.Array:
    return jnp.asarray(np.flatnonzero(WORLD.starts))


@partial(jax.jit, static_argnums=0)
def exactly(recipe: Recipe, steps: jax.Array, patch: Patch, keys: jax.Array) -> Learnt:
    """All seeds at once, in the true world."""
    model = edge.exact(WORLD.after, WORLD.paid)
    return jax.vmap(lambda key: edge.learnt(recipe, model, starts(), steps, patch, key))(keys)


@partial(jax.jit, static_argnums=0)
def modelled(recipe: Recipe, models: Model, steps: jax.Array, keys: jax.Array) -> Learnt:
    """All models (leading axis) by all seeds."""
    patch = edge.no_patch(len(WORLD.after))
    one = lambda model, key: edge.learnt(recipe, model, starts(), steps, patch, key)  # noqa: E731
    return jax.vmap(lambda model: jax.vmap(lambda key: one(model, key))(keys))(models)


def greedy_return(table: np.ndarray) -> tuple[float, np.ndarray]:
    """The discounted return from the starting block of the greedy policy of a table, and its values everywhere."""
    values = theory.policy_values(WORLD.after, WORLD.reward, table.argmax(1), DISCOUNT)
    return float(values[WORLD.starts].mean()), values


def cell(method: str, steps: int, seeds: Seeds, repeats: int, recipe: Recipe | None = None) -> dict[str, Any]:
    """One method at one k; every method has the same seeds. `recipe` replaces the method's own (for mutants)."""
    at_edge = theory.edge_of_reach(WORLD.after, WORLD.starts, steps)
    within = theory.supports(WORLD.after, WORLD.starts, steps)[:steps].any(0)
    patch = Patch(jnp.asarray(at_edge & (method == "patch")), jnp.asarray(best(), jnp.float32))
    keys = jax.random.split(seeds.jax("grid"), repeats)
    found = exactly(recipe or METHODS[method], jnp.int32(steps), patch, keys)
    rows = [
        measured(*one, at_edge, within) for one in zip(np.asarray(found.tables), np.asarray(found.visited))
    ]  # fmt: skip
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return Cell(method=method, steps=steps, void=np.asarray(found.void)[:, -1].tolist(), **columns).model_dump()


def measured(tables: np.ndarray, visited: np.ndarray, at_edge: np.ndarray, within: np.ndarray) -> dict[str, float]:
    low, apart = tables.min(0), tables.mean(0) - tables.min(0)
    total, own = greedy_return(low)
    seen = visited.any(1)
    mean_or_none = lambda mask: float(apart[mask].mean()) if mask.any() else float("nan")  # noqa: E731
    return {
        "returns": total,
        "over_best": float((low.max(1) - best())[seen].mean()),
        "over_own": float((low.max(1) - own)[seen].mean()),
        "apart_at_edge": mean_or_none(at_edge),
        "apart_within": mean_or_none(within),
        "edge": float(at_edge[WORLD.after][visited].mean()),
        "largest": float(np.abs(low[seen]).max()),
    }


def guesses(seeds: Seeds, members: int = 5, walks: int = 20_000, length: int = 3) -> dynamics.Guesses:
    """An ensemble fitted to random walks from the starting block; the same for every method and every blend."""
    rng = seeds.numpy("walks")
    cells, actions = dynamics.wandered(WORLD.after, WORLD.starts, walks, length, rng)
    return dynamics.guessed(WORLD.after, cells, actions, members, rng)


def blends(method: str, shares: list[float], steps: int, seeds: Seeds, repeats: int) -> list[dict[str, Any]]:
    """One method as the model goes from learned (0) to true (1): a penalised base, or `ravl-30` without a penalty."""
    known, penalty = guesses(seeds), method if method in PENALTIES else "none"
    options = (WORLD.after, WORLD.paid, WORLD.places)
    models = [dynamics.blended(known, *options, share, penalty, PENALTIES.get(method, 0.0)) for share in shares]
    recipe = METHODS["base" if method in PENALTIES else method]
    keys = jax.random.split(seeds.jax("grid"), repeats)
    found = modelled(recipe, jax.tree.map(lambda *x: jnp.stack(x), *models), jnp.int32(steps), keys)
    tables = np.asarray(found.tables)
    rows = []
    for i, share in enumerate(shares):
        doubts = mopo(dynamics.said_of(known, WORLD.after, WORLD.places, share)) if penalty == "none" else None
        rows.append(Blend(
            method=method, share=share, returns=[greedy_return(one.min(0))[0] for one in tables[i]],
            penalty=float(max(models[i].penalty.max(), models[i].doubt.max())),
            correlation=[] if doubts is None else [agreement(np.asarray(doubts), one, steps) for one in tables[i]],
        ).model_dump())  # fmt: skip
    return rows


def agreement(doubts: np.ndarray, tables: np.ndarray, steps: int) -> float:
    """Spearman's rank correlation of a penalty with the variance of the tables, over actions within k steps of a start;
    NaN where the penalty is the same everywhere."""
    from scipy.stats import spearmanr

    near = theory.supports(WORLD.after, WORLD.starts, steps).any(0)
    penalty, variance = doubts.reshape(WORLD.after.shape)[near].ravel(), tables.var(0)[near].ravel()
    return float(spearmanr(penalty, variance).statistic) if np.ptp(penalty) else float("nan")


def doubts_at(share: float, seeds: Seeds) -> dict[str, float]:
    """The largest of each of the three penalties over all cells and actions, the true share of the model being given.

    MOBILE's spread is that of the members' targets under the best values.
    """
    known = guesses(seeds)
    said = dynamics.said_of(known, WORLD.after, WORLD.places, share)
    targets = WORLD.paid + DISCOUNT * best()
    each = (1 - share) * targets[known.after] + share * targets[WORLD.after]
    return {"mopo": float(mopo(said).max()), "morel": float(morel(said).max()),
            "mobile": float(mobile(jnp.asarray(each.reshape(len(each), -1), jnp.float32)).max())}  # fmt: skip
