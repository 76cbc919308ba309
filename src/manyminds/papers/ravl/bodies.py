"""The true world in place of the learned model, on bodies, with data of a half-trained policy of ours."""

from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import branched_rollouts as br
from manyminds.learning.dynamics_ensembles import ENDINGS, Exact
from manyminds.learning.online_sac import Online, acted_out, lived, living
from manyminds.learning.replay import Rows
from manyminds.learning.rollouts import copies, episodes
from manyminds.learning.sac import SAC, each_row
from manyminds.learning.training import over_seeds, trained
from manyminds.papers.ravl.planes import CRITICS
from manyminds.worlds.control.classic import Pendulum
from manyminds.worlds.control.simulators import Body, Simulator

Name = Literal["pendulum", "hopper", "walker2d", "halfcheetah"]
Method = Literal["base", "base-norm", "ravl", "ravl-10", "ravl-norm", "ravl-prior"]


class Size(BaseModel, frozen=True, extra="forbid"):
    """How long and how large. `practice`: updates of the policy that leaves the data, a few steps of the body each."""

    practice: int = 3000
    data: int = 10_000
    steps: int = 5  # k
    updates: int = 6000
    rollouts: int = 1000
    every: int = 250  # updates between rollouts
    real: float = 0.05  # the share of a batch that comes from the data
    width: int = 64
    depth: int = 2
    step_size: float = 1e-3
    episodes: int = 20  # of each evaluation


class Learnt(BaseModel, frozen=True):
    """By seed: undiscounted returns in the true world of the policy that left the data, of the first and of the learnt
    policy (modes); the mean target of each stretch, and the bias of the lowest critic over the truth on the data."""

    body: Name
    method: str
    left: list[float]
    first: list[float]
    returns: list[float]
    target: list[list[float]]  # (seeds, stretches)
    bias: list[float]


def world_of(body: Name) -> Any:
    """The pendulum on arrays, or a body of MuJoCo; BadInput where that is not installed."""
    return Pendulum() if body == "pendulum" else Body(Simulator(body), ENDINGS[body])


class Data(NamedTuple):
    rows: Rows
    actor: Any  # of the policy that left them


def left_behind(world: Any, size: Size, key: jax.Array) -> Data:
    """Steps of the policy of an ordinary learner that stops half-way, one data set a key."""
    how, learner = Online(), SAC(width=size.width, depth=size.depth, step_size=size.step_size)
    begun = over_seeds(lambda own: living(how, learner, world, own), key)
    end, _ = trained(lived(how, learner, world), begun, key, size.practice, chunk=size.practice)

    def gathered(agent: Any, own: jax.Array) -> Rows:
        to_begin, to_act = jax.random.split(own)
        return acted_out(world, agent, copies(world, to_begin, 10), to_act, -(-size.data // 10))[1]

    return Data(eqx.filter_jit(eqx.filter_vmap(gathered))(end.agent, key), end.agent.actor.model)


def learnt(method: Method, body: Name, size: Size, seeds: Seeds, repeats: int) -> dict[str, Any]:
    """Train `repeats` seeds at once, each on its own data, which are the same for every method."""
    world, ended = world_of(body), ENDINGS[body]
    learner = SAC(width=size.width, depth=size.depth, step_size=size.step_size, **CRITICS[method])
    branches = br.Branches(steps=size.steps, rollouts=size.rollouts, updates=size.every, real=size.real)
    data = left_behind(world, size, jax.random.split(seeds.jax("data"), repeats))
    keys = jax.random.split(seeds.jax("learn"), repeats)
    begin = over_seeds(lambda key: br.begun(branches, learner, world.observation_size, world.actions, key), keys)

    def step(now: tuple[br.Learning, Rows], key: jax.Array) -> tuple[tuple[br.Learning, Rows], Any]:
        learning, rows = now
        after, logged = br.epoch(branches, learner, Exact(world.move), ended, rows)(learning, key)
        return (after, rows), logged

    (end, _), curves = trained(step, (begin, data.rows), keys, size.updates // size.every, chunk=1)

    def judged(actor: Any, key: jax.Array) -> jax.Array:
        mode = lambda seen, own: (actor(seen).mode(), ())  # noqa: E731
        return episodes(world, mode, key, size.episodes, world.limit)[0].mean()

    def biased(agent: Any, rows: Rows) -> jax.Array:
        seen = rows.observation[:200]
        act = jax.vmap(lambda one: agent.actor.model(one).mode())
        true = followed(world, ended, act, seen, learner.discount)
        return (each_row(agent.critics.model, seen, act(seen)).min(0) - true).mean()

    judge = eqx.filter_jit(eqx.filter_vmap(judged))
    found = {"left": judge(data.actor, keys), "first": judge(begin.agent.actor.model, keys),
             "returns": judge(end.agent.actor.model, keys),
             "bias": eqx.filter_jit(eqx.filter_vmap(biased))(end.agent, data.rows)}  # fmt: skip
    return Learnt(body=body, method=method, target=curves.values["target"].T.tolist(),
                  **{name: np.asarray(value).tolist() for name, value in found.items()}).model_dump()  # fmt: skip


def followed(world: Any, ended: br.Ending, act: Any, seen: jax.Array, discount: float, steps: int = 600) -> jax.Array:
    """The discounted return of a policy from each observation, in the true world without its clock."""

    def step(carry: tuple[jax.Array, ...], _: None) -> tuple[Any, None]:
        seen, weight, total = carry  # the weight of what comes: 0 once it has ended
        after, reward = jax.vmap(world.move)(seen, act(seen))
        return (after, jnp.where(ended(after), 0.0, weight * discount), total + weight * reward), None

    ones = jnp.ones(len(seen))
    return jax.lax.scan(step, (seen, ones, 0 * ones), None, steps)[0][2]
