"""Training swarms: the lifted learner (Dec-POMFPPO) and the baselines IPPO and MAPPO, seeds at once."""

from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import ppo, shared_policy
from manyminds.learning.ppo import PPO
from manyminds.learning.rollouts import copies
from manyminds.learning.training import fitting, over_seeds, trained
from manyminds.networks.partial_policies import PartialActorCritic
from manyminds.worlds.populations.decision_rules import Linear, Mixture, Rule
from manyminds.worlds.populations.lifted import CLOCK, Lifted
from manyminds.worlds.populations.swarms import Aggregation, Kuramoto, Quadratic, Swarm, Switches, Vicsek

Task = Literal["aggregation", "kuramoto", "vicsek", "quadratic"]
Learner = Literal["field", "open", "ippo", "mappo"]  # the actor of the lifted learner sees mu and time, or time alone
Shape = Literal["kernel", "histogram"]


class Size(BaseModel, frozen=True, extra="forbid"):
    """How large and how long; the same for everything that is compared."""

    agents: int = 100
    copies: int = 16  # episodes between updates
    updates: int = 60
    epochs: int = 4
    minibatches: int = 4
    step_size: float = 3e-3
    width: int = 64
    learners: int = 5  # agents of a swarm whose steps IPPO and MAPPO learn from
    spread: float = 0.5  # first standard deviation of what is drawn
    discount: float = 0.99
    decay: float = 0.95
    clip: float = 0.2

    def settings(self, steps: int) -> PPO:
        return PPO(copies=self.copies, steps=steps, updates=self.updates, epochs=self.epochs,
                   minibatches=self.minibatches, step_size=self.step_size, discount=self.discount, decay=self.decay,
                   clip=self.clip, entropy_weight=0.0, width=self.width)  # fmt: skip


class Trained(NamedTuple):
    """Networks of all seeds (a leading axis on every array), and the return in training, (chunks, seeds)."""

    networks: Any
    curve: np.ndarray


def swarm_of(task: Task, steps: int, blur: float = 0.1) -> Swarm:
    """A task; `blur` is the standard deviation of what is seen in Aggregation, its square in the quadratic world."""
    made = {
        "aggregation": lambda: Aggregation(blur=blur, steps=steps),
        "kuramoto": lambda: Kuramoto(steps=steps),
        "vicsek": lambda: Vicsek(steps=steps),
        "quadratic": lambda: Quadratic(blur=blur, steps=steps),
    }
    return made[task]()


def rule_of(task: Task, shape: Shape = "kernel") -> Rule:
    if task == "quadratic":
        return Linear()
    if task == "aggregation":
        return Mixture(2, 2, -2.0, 2.0, kernel=shape == "kernel")
    return Mixture(2, 1, ring=True, kernel=shape == "kernel")


def scale_of(swarm: Swarm) -> float:
    """Rewards of a swarm are of the size of 1, and their discounted sums of 20: values should be near 1."""
    return 1.0 if isinstance(swarm, Quadratic | Switches) else 0.05


def sees(swarm: Swarm, learner: Learner) -> tuple[tuple[int, int], tuple[int, int]]:
    """What actor and critic see of an observation."""
    if learner in ("field", "open"):  # the time, then the distribution
        whole = CLOCK + swarm.feature_size
        return (0, CLOCK if learner == "open" else whole), (0, whole)
    own = swarm.dims  # one's own observation, then the distribution
    return (0, own), (0, own if learner == "ippo" else own + swarm.feature_size)


def lifted_training(swarm: Swarm, rule: Rule, learner: Learner, size: Size, seeds: Seeds, repeats: int) -> Trained:
    """Dec-POMFPPO: one draw of xi a step for all agents, and PPO on (mu, xi, reward)."""
    world, settings = Lifted(swarm, rule, size.agents, scale_of(swarm)), size.settings(swarm.steps)

    def start(key: jax.Array) -> ppo.State:
        to_net, to_world = jax.random.split(key)
        network = PartialActorCritic(*sees(swarm, learner), rule.size, to_net, size.width, spread=size.spread)
        begun = copies(world, to_world, settings.copies)
        return ppo.State(fitting(network, settings.optimiser()), begun, jax.numpy.float32(0))

    end, curves = trained(
        lambda state, key: ppo.update(settings, world, state, key), over_seeds(start, keys(seeds, "start", repeats)),
        keys(seeds, "steps", repeats), size.updates, chunk=max(size.updates // 20, 1),
    )  # fmt: skip
    return Trained(end.fitting.model, curves.values["return"] / world.scale)


def shared_training(swarm: Swarm, learner: Learner, size: Size, seeds: Seeds, repeats: int) -> Trained:
    """IPPO or MAPPO with one network for all agents, on as many steps of the swarm."""
    settings = size.settings(swarm.steps)

    def start(key: jax.Array) -> Any:
        network = PartialActorCritic(*sees(swarm, learner), swarm.actions, key, size.width, spread=size.spread)
        return fitting(network, settings.optimiser())

    def step(state: Any, key: jax.Array) -> Any:
        return shared_policy.update(settings, swarm, size.agents, size.learners, scale_of(swarm), state, key)

    end, curves = trained(step, over_seeds(start, keys(seeds, "start", repeats)), keys(seeds, "steps", repeats),
                          size.updates, chunk=max(size.updates // 20, 1))  # fmt: skip
    return Trained(end.model, curves.values["return"])


def keys(seeds: Seeds, name: str, repeats: int) -> jax.Array:
    return jax.random.split(seeds.jax(name), repeats)


def one_seed(networks: Any, i: int) -> Any:
    """The network of one seed."""
    arrays, static = eqx.partition(networks, eqx.is_array)
    return eqx.combine(jax.tree.map(lambda x: x[i], arrays), static)
