"""The procedure on a data set from a file: fit the ensemble, learn in it, and score the policy in the simulator."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import BadInput, Seeds, unknown
from manyminds.core.array_worlds import Box
from manyminds.learning import branched_rollouts as br
from manyminds.learning.dynamics_ensembles import ENDINGS, Blended, Exact, Fit, fitted
from manyminds.learning.offline import normalised, read
from manyminds.learning.replay import Rows
from manyminds.learning.sac import SAC, each_row
from manyminds.learning.training import trained
from manyminds.worlds.control.simulators import Simulator


class Learnt(BaseModel, frozen=True):
    """One seed on one data set. `returns`: of evaluation episodes in the true simulator, `scores`: normalised; both
    empty where there is no simulator. `bias`: of the lowest critic at the starts, over what those episodes returned."""

    method: str
    task: str
    seed: int
    rows: int
    model_errors: list[float]
    target: list[float]
    last_step_share: float
    returns: list[float]
    scores: list[float]
    bias: float | None
    seconds: float


def learnt(
    path: Path, task: str, learner: SAC, branches: br.Branches, fit: Fit, epochs: int, seeds: Seeds, seed: int,
    share: float = 0.0, episodes: int = 10, limit: int | None = 1000, method: str = "ravl",
    keeper: Any = None, done: Callable[[], None] = lambda: None,
) -> dict[str, Any]:  # fmt: skip
    """Train one seed. `share`: of the true dynamics in the model (needs the simulator when above 0)."""
    begun_at, body = perf_counter(), task.partition("-")[0]
    if body not in ENDINGS:
        raise unknown("task", body, ENDINGS)
    data, own = read(path, limit), seeds.child(seed)
    found = fitted(fit, data.for_models(), own.jax("model"))
    model = found.model
    body_there = simulator(body)
    if share:
        if body_there is None:
            raise BadInput("true dynamics need the simulator: pip install 'gymnasium[mujoco]'")
        model = Blended(found.model, Exact(body_there.move), jnp.float32(share))
    size, actions = data.rows.observation.shape[1], Box(data.rows.action.shape[1])
    rows = Rows(*map(jnp.asarray, data.rows))
    begin = br.begun(branches, learner, size, actions, own.jax("begin"))
    step = br.epoch(branches, learner, model, ENDINGS[body], rows)
    end, curves = trained(step, begin, own.jax("learn"), epochs, chunk=1, keeper=keeper, done=done)
    returns, bias = ([], None) if body_there is None else played(body_there, end.agent, episodes, learner.discount)
    return Learnt(
        method=method, task=task, seed=seed, rows=len(rows.reward), model_errors=found.errors.tolist(),
        target=curves.values["target"].tolist(), last_step_share=1 / branches.steps, returns=returns,
        scores=[float(normalised(task, r)) for r in returns], bias=bias, seconds=perf_counter() - begun_at,
    ).model_dump()  # fmt: skip


def simulator(body: str) -> Simulator | None:
    try:
        return Simulator(body)
    except BadInput:
        return None


def played(body: Simulator, agent: Any, episodes: int, discount: float) -> tuple[list[float], float]:
    """Returns of evaluation episodes with the policy's mode, and the bias of the lowest critic where they began."""
    act = jax.jit(lambda seen: agent.actor.model(seen).mode())
    value = jax.jit(lambda seen: each_row(agent.critics.model, seen[None], act(seen)[None]).min())
    found = [body.episode(act, seed, discount=discount) for seed in range(episodes)]
    bias = [float(value(jnp.asarray(one.first, jnp.float32))) - one.discounted for one in found]
    return [one.total for one in found], float(np.mean(bias))
