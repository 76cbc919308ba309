"""Soft actor-critic from short rollouts on the plane: base, patched by an oracle, and pessimistic ensembles."""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.core.statistics import mean
from manyminds.learning import branched_rollouts as br
from manyminds.learning.dynamics_ensembles import Exact, never_ended
from manyminds.learning.replay import Rows
from manyminds.learning.rollouts import episodes
from manyminds.learning.sac import SAC, each_row
from manyminds.learning.training import over_seeds, trained
from manyminds.worlds.control.plane import Plane

Remedy = Literal["base", "patch", "patch-own", "ravl", "ravl-10", "ravl-norm", "ravl-prior", "base-norm"]
CRITICS: dict[str, dict[str, Any]] = {
    "base": {},
    "patch": {},
    "patch-own": {},
    "ravl": {"critics": 10, "diversity": 1.0},
    "ravl-10": {"critics": 10, "diversity": 10.0},
    "ravl-norm": {"critics": 10, "diversity": 1.0, "norm": True},
    "ravl-prior": {"critics": 10, "diversity": 1.0, "prior": 10.0},
    "base-norm": {"norm": True},
}


class Size(BaseModel, frozen=True, extra="forbid"):
    """How long and how large; the same for every method that is compared."""

    steps: int = 5
    updates: int = 12_000
    width: int = 64
    depth: int = 3
    rollouts: int = 1000
    every: int = 250  # updates between rollouts
    data: int = 10_000
    start_temperature: float = 1.0


class Learnt(BaseModel, frozen=True):
    """By seed: undiscounted return of 30 steps, the mean target of each stretch, largest |Q| on the plane, the bias of
    the lowest critic over the truth, and the disagreement (mean less lowest) at the edge and within reach."""

    method: str
    seeds: int
    returns: list[float]
    target: list[list[float]]  # (seeds, stretches)
    largest: list[float]
    bias: list[float]
    apart_at_edge: list[float]
    apart_within: list[float]
    edge_share: float  # of the targets in the replay at the end, mean over seeds


def offline(world: Plane, count: int, key: jax.Array) -> Rows:
    """A data set: uniform actions in the starting square."""
    to_place, to_act = jax.random.split(key)
    place = jax.random.uniform(to_place, (count, 2), jnp.float32, -world.start, world.start)
    action = jax.random.uniform(to_act, (count, 2), jnp.float32, -1, 1)
    after, reward = jax.vmap(world.move)(place, action)
    return Rows(place, action, reward, after, jnp.zeros(count, bool))


def learnt(method: str, world: Plane, size: Size, seeds: Seeds, repeats: int) -> dict[str, Any]:
    """Train `repeats` seeds at once on one data set, with the world itself as the model."""
    learner = SAC(width=size.width, depth=size.depth, start_temperature=size.start_temperature, **CRITICS[method])
    branches = br.Branches(steps=size.steps, rollouts=size.rollouts, updates=size.every, real=0.0)
    data = offline(world, size.data, seeds.jax("data"))
    truth = oracle(method, world, size, learner.discount)
    step = br.epoch(branches, learner, Exact(world.move), never_ended, data, truth)
    begin = over_seeds(
        lambda key: br.begun(branches, learner, 2, world.actions, key), jax.random.split(seeds.jax("begin"), repeats)
    )
    epochs = size.updates // size.every
    keys = jax.random.split(seeds.jax("learn"), repeats)
    end, curves = trained(step, begin, keys, epochs, chunk=max(epochs // 24, 1))
    judge = eqx.filter_jit(eqx.filter_vmap(lambda now, key: judged(now, world, size, learner, key)))
    found = {name: np.asarray(value).tolist() for name, value in judge(end, keys).items()}
    shares = found.pop("edge_share")
    return Learnt(method=method, seeds=repeats, target=curves.values["target"].T.tolist(),
                  edge_share=mean(shares).value, **found).model_dump()  # fmt: skip


def oracle(method: str, world: Plane, size: Size, discount: float) -> br.Oracle | None:
    """True values at the edge: those of the best policy, or those of the policy that is being learnt."""
    if not method.startswith("patch"):
        return None

    def best(agent: Any, after: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return world.at_edge(after, size.steps), world.best_value(after, discount)

    def own(agent: Any, after: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return world.at_edge(after, size.steps), followed(world, agent.actor.model, after, discount, 200)

    return own if method == "patch-own" else best


def judged(now: br.Learning, world: Plane, size: Size, learner: SAC, key: jax.Array) -> dict[str, jax.Array]:
    """The measures of one trained learner."""
    actor, critics = now.agent.actor.model, now.agent.critics.model

    def policy(seen: jax.Array, key: jax.Array) -> tuple[jax.Array, tuple[()]]:
        return actor(seen).mode(), ()

    returns, _ = episodes(world, policy, key, 200, world.limit)
    line = jnp.linspace(-1.5, 1.5, 31) * (world.start + size.steps)
    grid = jnp.stack(jnp.meshgrid(line, line), -1).reshape(-1, 2)
    inside = jnp.abs(grid).max(-1) <= world.start + size.steps - 1
    edge = world.at_edge(grid, size.steps)
    said = each_row(critics, grid, jax.vmap(lambda s: actor(s).mode())(grid))
    lowest, apart = said.min(0), said.mean(0) - said.min(0)
    true = followed(world, actor, grid, learner.discount)
    over = lambda mask, value: jnp.where(mask, value, 0).sum() / mask.sum()  # noqa: E731
    rows = now.replay
    filled = jnp.arange(len(rows.rows.reward)) < rows.filled
    return {
        "returns": returns.mean(), "largest": jnp.abs(said).max(), "bias": over(inside, lowest - true),
        "apart_at_edge": over(edge, apart), "apart_within": over(inside, apart),
        "edge_share": over(filled, world.at_edge(rows.rows.after, size.steps)),
    }  # fmt: skip


def followed(world: Plane, actor: Any, places: jax.Array, discount: float, steps: int = 600) -> jax.Array:
    """The discounted return of the policy's mode from each place, in the true world: `steps` steps, and for ever after
    what the last one paid."""

    def step(carry: tuple[jax.Array, jax.Array, jax.Array], _: None) -> tuple[Any, None]:
        place, total, weight = carry
        place, reward = jax.vmap(world.move)(place, jax.vmap(lambda s: actor(s).mode())(place))
        return (place, total + weight * reward, weight * discount), None

    (place, total, weight), _ = jax.lax.scan(step, (places, jnp.zeros(len(places)), jnp.float32(1)), None, steps)
    return total + weight / (1 - discount) * world.paid(place)


def best_mean(world: Plane) -> float:
    """The mean over a fine grid of starts of the best return."""
    line = jnp.linspace(-world.start, world.start, 41)
    grid = jnp.stack(jnp.meshgrid(line, line), -1).reshape(-1, 2)
    return float(world.best_return(grid, world.limit).mean())
