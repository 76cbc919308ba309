"""Dyna on four worlds: the same learner alone, with real steps again, and with each kind of model."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.core.array_worlds import ArrayWorld, Discrete
from manyminds.learning.continual import Online
from manyminds.learning.deep_q import DoubleQ
from manyminds.learning.dyna import Dyna, Levels, LinearQ, ValueLearner, alone, dyna, living
from manyminds.learning.training import over_seeds, trained
from manyminds.learning.world_models import NetworkModel, Outputs, SparseModel
from manyminds.networks.dense import Layers, Scaled, uniform
from manyminds.networks.sparse_encoding import SparseEncoding, bounds, sparse_encoding
from manyminds.worlds.control.classic import Acrobot, MountainCar, Pendulum
from manyminds.worlds.grids.maze import Maze

Place = Literal["maze", "windy-maze", "mountain-car", "acrobot", "pendulum"]
Method = Literal["losse", "model-free", "replay", "nn-online", "nn-replay", "nn-synaptic", "nn-coreset"]
Learner = Literal["linear", "double-dqn"]


@dataclass(frozen=True)
class Setting:
    """A world and what everybody is told about it: bounds, units of the outputs, how fine the values are."""

    world: ArrayWorld
    low: tuple[float, ...]
    high: tuple[float, ...]
    change: tuple[float, ...]  # typical sizes of a change
    reward: float  # typical size of a reward
    worst: float  # the return of an episode in which nothing works: what counts before the first one is over
    chunk: int  # real steps a point of the curve
    groups: int  # of the model's encoding
    bins: int
    width: int
    scale: float = 2.0
    discount: float = 0.99
    step_size: float = 0.5


PLACES: dict[str, Setting] = {
    "maze": Setting(Maze(), (0, 0), (10, 10), (1, 1), 1, -200, 250, 8, 10, 1024, discount=0.97),
    "windy-maze": Setting(Maze(wind=0.2), (0, 0), (10, 10), (1, 1), 1, -200, 250, 8, 10, 1024,
                          discount=0.97, step_size=0.2),
    "mountain-car": Setting(MountainCar(), (-1.2, -0.07), (0.6, 0.07), (0.05, 0.002), 1, -200, 500, 8, 10, 1024),
    "acrobot": Setting(Acrobot(), (-1, -1, -1, -1, -12.6, -28.3), (1, 1, 1, 1, 12.6, 28.3),
                       (0.3, 0.3, 0.5, 0.5, 1, 2), 1, -500, 1000, 8, 8, 1024),
    "pendulum": Setting(Levels(Pendulum(), 3), (-1, -1, -8), (1, 1, 8), (0.2, 0.2, 0.8), 8, -1500, 500, 8, 8, 1024),
}  # fmt: skip


class Curve(BaseModel, frozen=True):
    """What one method did in one world: the return curve of each seed, and the area under it (mean return over real
    steps, a point with no finished episode counting as the one before)."""

    place: str
    method: str
    learner: str = "linear"
    steps: list[int]
    returns: list[list[float]]  # (seeds, points)
    area: list[float]
    lost: int = 0  # numbers of A that found no place
    skipped: int = 0


def value_features(place: str, setting: Setting, key: jax.Array) -> SparseEncoding:
    """A table for mazes, a sparse encoding of the observation elsewhere; drawn once for all methods."""
    within = bounds(setting.low, setting.high)
    if "maze" in place:
        cells = int(setting.high[0])
        return SparseEncoding(within, jnp.eye(2), jnp.zeros(2), 1, 2, cells, "clip")
    return sparse_encoding(within, key, groups=16, dims=2, bins=8)


def value_learner(kind: Learner, place: str, setting: Setting, seeds: Seeds) -> ValueLearner:
    """What learns to act: Q-learning on fixed features, or double Q-learning with a network of 2 x 64."""
    world = setting.world
    assert isinstance(world.actions, Discrete)
    actions = world.actions.n
    if kind == "linear":
        features = value_features(place, setting, seeds.jax("value features"))
        return LinearQ(features, actions, setting.discount, setting.step_size)
    unit = setting.reward / (1 - setting.discount)

    def network(key: jax.Array) -> Scaled:
        # Values begin near 0, as those of the linear learner do: rewards are costs, so that is hopeful.
        layers = Layers((world.observation_size, 64, 64, actions), key, last=uniform(3e-3))
        return Scaled(layers, setting.low, setting.high, unit)

    return DoubleQ(network, optax.adam(1e-3), setting.discount)


def world_model(method: Method, setting: Setting, steps: int, step_size: float, key: jax.Array) -> Any:
    """The model of a method; None for those that imagine nothing."""
    world = setting.world
    assert isinstance(world.actions, Discrete)
    outputs = Outputs(jnp.asarray(setting.change, jnp.float32), jnp.float32(setting.reward))
    if method == "losse":
        within = bounds(setting.low, setting.high)
        features = sparse_encoding(within, key, setting.groups, 2, setting.bins, setting.scale)
        return SparseModel(features, world.actions, outputs, ridge=1e-2, width=setting.width, apart=True)
    kinds: dict[str, Online] = {
        "nn-online": Online(), "nn-replay": Online("replay", replayed=32), "nn-synaptic": Online("synaptic"),
        "nn-coreset": Online("coreset", memory=200, replayed=32),
    }  # fmt: skip
    if method not in kinds:
        return None
    low, high = jnp.asarray(setting.low, jnp.float32), jnp.asarray(setting.high, jnp.float32)
    return NetworkModel(replace(kinds[method], step_size=step_size), world.actions, outputs, low, high, steps)


def lived(
    place: Place, method: Method, steps: int, repeats: int, seeds: Seeds, how: Dyna, learns: Learner = "linear",
    step_size: float = 1e-3,
) -> dict[str, Any]:  # fmt: skip
    """One method in one world, all seeds at once. Seeds, value features and first states are the same for all."""
    setting = PLACES[place]
    world = setting.world
    model = world_model(method, setting, steps, step_size, seeds.jax("model features"))
    learner = value_learner(learns, place, setting, seeds)
    how = replace(how, replayed=method == "replay", capacity=steps)
    how = alone(how) if method == "model-free" else how
    low, high = jnp.asarray(setting.low, jnp.float32), jnp.asarray(setting.high, jnp.float32)
    step = dyna(world, learner, model, how, low, high)
    keys = jax.random.split(seeds.jax("first"), repeats)
    begun = over_seeds(lambda key: living(world, learner, model, how, key), keys)
    end, curves = trained(step, begun, jax.random.split(seeds.jax("run"), repeats), steps, setting.chunk)
    over, total = curves.values["over"], curves.values["return over"]
    returns = filled(np.where(over > 0, total / np.where(over > 0, over, 1), np.nan).T, setting.worst)
    leader = end.model.leader if method == "losse" else None
    return Curve(
        place=place, method=method, learner=learns, steps=curves.steps.tolist(), returns=returns.tolist(),
        area=returns.mean(1).tolist(), lost=int(leader.lost.sum()) if leader else 0,
        skipped=int(leader.skipped.sum()) if leader else 0,
    ).model_dump()  # fmt: skip


def filled(returns: np.ndarray, worst: float) -> np.ndarray:
    """Curves (seeds, points) whose gaps are filled with the point before, or with the worst where there is none."""
    out, last = returns.copy(), np.full(len(returns), worst)
    for k in range(returns.shape[1]):
        last = np.where(np.isnan(out[:, k]), last, out[:, k])
        out[:, k] = last
    return out
