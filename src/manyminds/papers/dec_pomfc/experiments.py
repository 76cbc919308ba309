"""The experiments: exact statements, the quadratic world against its optimum, and trained swarms against baselines."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.networks.partial_policies import PartialActorCritic
from manyminds.papers.dec_pomfc import evaluating as ev
from manyminds.papers.dec_pomfc.evaluating import Runs, Score
from manyminds.papers.dec_pomfc.training import (
    Learner,
    Shape,
    Size,
    Task,
    keys,
    lifted_training,
    one_seed,
    rule_of,
    sees,
    shared_training,
    swarm_of,
)
from manyminds.theory.mean_field_control import LinearQuadratic, TwoState, brute_force
from manyminds.worlds.populations.decision_rules import Coins, Linear, Mixture
from manyminds.worlds.populations.lifted import followed
from manyminds.worlds.populations.swarms import Quadratic, Swarm, Switches

GAINS = (0.25, 0.5, 1.0, 2.0, 4.0)  # tried for the rule by hand
LIMIT = 10_000  # agents that stand for the limit of two states; of 2,000 even the optimal rules lose .3 %


class Exact(BaseModel, frozen=True):
    """What needs no learning."""

    sizes: list[int]
    gaps: list[float]  # E |Var(mu^N) - Var(mu)| under a fixed gain, by N
    slope: float  # of ln gap on ln N
    steepest: dict[str, float]  # the largest |pi(y) - pi(y')| / |y - y'| in total variation, by shape
    smooth_bound: float  # what it may be at most for kernels


class Quadratics(BaseModel, frozen=True):
    """The quadratic world at one noise: discounted returns by seed, and what theory says of the limit."""

    blur: float
    returns: list[float]  # by the actor's mean
    optimum: float  # the best gain at every variance
    fixed: float  # the best gain that never moves
    gain: float
    nothing: float
    curve: list[list[float]]


class TwoStates(BaseModel, frozen=True):
    """Two states behind a channel that lies: discounted returns by seed beside dynamic programming by brute force,
    and the value where the channel says nothing."""

    returns: list[float]
    optimum: float
    blind: float


class Learnt(BaseModel, frozen=True):
    """A task, a learner, a shape of rules: all seeds."""

    task: Task
    learner: Learner
    shape: Shape
    numbers: int  # of parameters of a rule, or actions of an agent
    curve: list[list[float]]  # return in training, (chunks, seeds)
    runs: list[Runs]
    untrained: list[float]
    nothing: Score
    hand: Score
    hand_gain: float
    gaps: list[float]  # distance of features to the limit, by size
    path: dict[str, list[Any]]


def exact(sizes: tuple[int, ...], seeds: Seeds) -> dict[str, Any]:
    """How fast a fixed policy's swarm comes to its limit, and how steep rules are in what is seen."""
    theory, world = LinearQuadratic(blur=0.05), Quadratic(blur=0.05, steps=8)
    s, gain = theory.first, 0.4
    for _ in range(world.steps - 1):
        s = float(theory.after(s, gain))
    xi = jnp.full(1, np.log(gain / (1 - gain)), jnp.float32)

    def off(agents: int) -> float:
        def one(key: jax.Array) -> jax.Array:
            states = followed(world, Linear(), lambda o, t, k: xi, agents, key, kept=True).states
            return jnp.abs(states[-1].var() - s)

        return float(jax.jit(lambda k: jax.lax.map(one, k).mean())(jax.random.split(seeds.jax("off", agents), 200)))

    gaps = [off(agents) for agents in sizes]
    steepest = {shape: steep(rule, seeds) for shape, rule in (("kernel", Mixture(1, 1)),
                                                             ("histogram", Mixture(1, 1, kernel=False)))}  # fmt: skip
    rule = Mixture(1, 1)
    return Exact(
        sizes=list(sizes), gaps=gaps, slope=float(np.polyfit(np.log(sizes), np.log(gaps), 1)[0]), steepest=steepest,
        smooth_bound=(rule.high - rule.low) / (2 * rule.bandwidth**2),
    ).model_dump()  # fmt: skip


def steep(rule: Mixture, seeds: Seeds) -> float:
    """The steepest change of a rule's component weights in total variation (which bounds that of the policy, and equals
    it where components do not overlap), over pairs of observations 1e-4 apart."""
    y = jnp.asarray(np.linspace(rule.low, rule.high, 4001), jnp.float32)[:, None]
    weights = jax.nn.softmax(rule.log_weights(y), -1)
    jump = 0.5 * jnp.abs(jnp.diff(weights, axis=0)).sum(1)
    return float(jump.max() / (y[1, 0] - y[0, 0]))


def quadratic(blur: float, size: Size, seeds: Seeds, repeats: int) -> dict[str, Any]:
    """Train in closed loop, evaluate by the actor's mean with as many agents."""
    swarm, rule, theory = swarm_of("quadratic", 60, blur), rule_of("quadratic"), LinearQuadratic(blur=blur)
    found = lifted_training(swarm, rule, "field", size, seeds.child(str(blur)), repeats)
    longer = swarm_of("quadratic", 120, blur)  # discount^120 = .002
    runs = [
        ev.scored(longer, rule, Stopped(one_seed(found.networks, i), 2.0), "mean", size.agents, 32,
                  seeds.jax("test", blur, i), theory.discount)
        for i in range(repeats)
    ]  # fmt: skip
    gain, fixed = theory.best_fixed()
    return Quadratics(
        blur=blur, returns=[float(np.mean(run.discounted)) for run in runs], gain=gain, fixed=fixed,
        optimum=theory.optimum() if blur == 0 else theory.best_moving(), nothing=theory.fixed(0.0),
        curve=found.curve.tolist(),
    ).model_dump()  # fmt: skip


def two_states(size: Size, seeds: Seeds, repeats: int) -> dict[str, Any]:
    """Train the lifted learner with coins for rules, and evaluate it by the actor's mean."""
    theory, swarm, rule = TwoState(), Switches(steps=60), Coins()  # discount^60 = .002
    found = lifted_training(swarm, rule, "field", size, seeds, repeats)
    runs = [
        ev.scored(swarm, rule, one_seed(found.networks, i), "mean", LIMIT, 4, seeds.jax("test", i), theory.discount)
        for i in range(repeats)
    ]
    best, blind = (
        float(np.interp(theory.first, np.linspace(0, 1, 201), brute_force(world)))
        for world in (theory, theory._replace(blur=0.5))
    )
    returns = [float(np.mean(run.discounted)) for run in runs]
    return TwoStates(returns=returns, optimum=best, blind=blind).model_dump()


class Stopped(eqx.Module):
    """A network trained on short episodes in ones that are `longer` times as long: the share of the episode that is
    gone, the first number it sees, is read as its own and stops at .9. (The world is stationary, and the other numbers
    of the clock count steps.)"""

    network: Any
    longer: float

    def __call__(self, observation: jax.Array) -> Any:
        return self.network(observation.at[0].set(jnp.minimum(observation[0] * self.longer, 0.9)))


def learnt(task: Task, learner: Learner, shape: Shape, config: Any, seeds: Seeds) -> dict[str, Any]:
    """One training of all seeds and its evaluation."""
    swarm, rule, size = swarm_of(task, config.steps, config.blur), rule_of(task, shape), config.swarm_size
    lifted = learner in ("field", "open")
    if lifted:
        found = lifted_training(swarm, rule, learner, size, seeds.child(learner), config.seeds)
    else:
        found = shared_training(swarm, learner, size, seeds.child(learner), config.seeds)
    networks = [one_seed(found.networks, i) for i in range(config.seeds)]
    key = seeds.jax("simple")
    # One rule by hand stands beside all seeds, so it is judged on as many episodes as they are together.
    gain, hand, nothing = ev.by_hand(swarm, GAINS, size.agents, config.episodes * config.seeds, key, size.discount)
    runs, gaps, path = (evaluated if lifted else executed_alone)(swarm, rule, networks, config, seeds)
    return Learnt(
        task=task, learner=learner, shape=shape, numbers=rule.size if lifted else swarm.actions,
        curve=found.curve.tolist(), runs=runs,
        untrained=untrained(swarm, rule, learner, config, seeds) if lifted else [],
        nothing=nothing, hand=hand, hand_gain=gain, gaps=gaps, path=path,
    ).model_dump()  # fmt: skip


def evaluated(swarm: Swarm, rule: Any, networks: list[Any], config: Any, seeds: Seeds) -> Any:
    """All ways of execution at the size of training, the mean at all sizes, and the distance to the limit."""
    size, common = config.swarm_size, (config.episodes, seeds, config.swarm_size.discount, config.limit)
    runs = [ev.executed(swarm, rule, networks, way, size.agents, *common) for way in ev.WAYS]
    runs += [ev.executed(swarm, rule, networks[:1], "mean", n, *common) for n in (*config.sizes, config.limit)
             if n != size.agents]  # fmt: skip
    few = max(config.episodes // 4, 2)
    gaps = ev.apart_from_limit(swarm, rule, networks[0], config.sizes, config.limit, few, seeds.jax("gap"))
    path = ev.shown_path(swarm, rule, networks[0], size.agents, seeds.jax("path")) if config.film else {}
    return runs, gaps, path


def executed_alone(swarm: Swarm, rule: Any, networks: list[Any], config: Any, seeds: Seeds) -> Any:
    """IPPO and MAPPO act on their own observation in any case."""
    size = config.swarm_size
    scores = [
        ev.simple(swarm, ev.Independent(network), 0.0, size.agents, config.episodes, seeds.jax("alone", i),
                  size.discount)
        for i, network in enumerate(networks)
    ]  # fmt: skip
    return [Runs(way="mean", agents=size.agents, scores=scores)], [], {}


def untrained(swarm: Swarm, rule: Any, learner: Learner, config: Any, seeds: Seeds) -> list[float]:
    """The returns of the networks as they begin."""
    size, found = config.swarm_size, []
    for i, key in enumerate(keys(seeds, "untrained", config.seeds)):
        network = PartialActorCritic(*sees(swarm, learner), rule.size, key, size.width, spread=size.spread)
        test = seeds.jax("untrained", i)
        score = ev.scored(swarm, rule, network, "mean", size.agents, config.episodes, test, size.discount)
        found.append(float(np.mean(score.total)))
    return found
