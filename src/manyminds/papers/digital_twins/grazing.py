"""The first twin: hold sheep and wolves at a target, by a controller whose gradient comes through a metamodel."""

from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from pydantic import BaseModel

from manyminds.core import BadInput, Seeds
from manyminds.learning import metamodels
from manyminds.learning.control import Model, Path, Plan, Shares, control, followed, late, modelled
from manyminds.learning.derivative_free import Asked, cma_es, nelder_mead
from manyminds.learning.metamodels import Neural, PowerLaws, Runs
from manyminds.networks.dense import Layers
from manyminds.theory import predation as ode
from manyminds.worlds.populations.predation import Predation

Family = Literal["published", "mechanistic", "mass action", "S-system", "linear", "quadratic", "neural"]
ANIMALS = (1, 2)  # where sheep and wolves stand in an observation
# What the companion's 100 runs come to, over their last tenth: grass, sheep, wolves.
REFERENCE = {"none": (24_288, 4_001, 1_916), "grass 2%": (19_808, 4_039, 960), "sheep 2%": (24_072, 4_014, 268),
             "wolves 1.5%": (19_120, 5_681, 671)}  # fmt: skip
REMOVED = {"none": (0.0, 0.0, 0.0), "grass 2%": (0.02, 0.0, 0.0), "sheep 2%": (0.0, 0.02, 0.0),
           "wolves 1.5%": (0.0, 0.0, 0.015)}  # fmt: skip


class Meadow(NamedTuple):
    """How large the land is, how long it lives, and from which tick on its means count."""

    size: int
    ticks: int
    window: int

    @property
    def scale(self) -> float:
        return self.size**2 / ode.PATCHES


class SetMeans(BaseModel, frozen=True):
    """One condition of constant removal: means over the late window by seed, (seeds, 3), and the mean run."""

    name: str
    late: list[list[float]]
    run: list[list[float]]
    extinct: int


class Judged(BaseModel, frozen=True):
    """One controller on unseen seeds of the agent-based model."""

    target: int
    method: str
    seed: int  # of the training
    weights: list[float]
    simulations: int
    cost: list[float]  # J1 by seed
    late: list[list[float]]  # (seeds, 3)
    removed: float  # animals in all, mean over seeds
    arrived: int  # runs whose 100-tick means come to stay within a fifth of the target
    arrival: float | None  # the tick from which they do, mean over those runs
    extinct: int
    promised: float  # J1 that the metamodel expects


class Fit(BaseModel, frozen=True):
    """A metamodel on the runs it was fitted to and on the removal it never saw: errors in units of spread."""

    family: str
    seen: float
    unseen: float


# --- data


@partial(jax.jit, static_argnums=(0, 1))
def removal_runs(world: Predation, ticks: int, shares: Array, since: int, keys: Array) -> tuple[Array, Array]:
    """Observations (lanes, ticks + 1, 3) and births that found no room, under constant shares (lanes, 3)."""

    def lane(share: Array, key: Array) -> tuple[Array, Array]:
        to_reset, to_go = jax.random.split(key)
        land = world.reset(to_reset)

        def one(land: Any, at: tuple[Array, Array]) -> tuple[Any, Array]:
            t, key = at
            land, _ = world.step(land, share * (t >= since), key)
            return land, world.observe(land)

        after, x = jax.lax.scan(one, land, (jnp.arange(ticks), jax.random.split(to_go, ticks)))
        return jnp.concatenate([world.observe(land)[None], x]), after.lost

    return jax.vmap(lane)(shares, keys)


def data_sets(field: Meadow, since: int, seeds: Seeds, runs: int, names: tuple[str, ...]) -> list[SetMeans]:
    """Every condition of removal, `runs` seeds each, all in one compiled call."""
    world = Predation(field.size, by="share")
    shares = jnp.repeat(jnp.asarray([REMOVED[name] for name in names], jnp.float32), runs, 0)
    keys = jax.random.split(seeds.jax("data"), len(shares))
    x, lost = (np.asarray(a) for a in removal_runs(world, field.ticks, shares, since, keys))
    roomy(lost)
    x = x.reshape(len(names), runs, -1, 3)
    return [SetMeans(name=name, late=own[:, field.window :].mean(1).tolist(), run=own.mean(0).tolist(),
                     extinct=int((own[:, -1, 1:] == 0).any(1).sum())) for name, own in zip(names, x)]  # fmt: skip


def roomy(lost: Any) -> None:
    if np.any(np.asarray(lost) > 0):
        raise BadInput("more animals were born than the arrays have slots; give the world more `room`")


def runs_of(sets: list[SetMeans], since: int, left_out: str = "") -> Runs:
    kept = [s for s in sets if s.name != left_out]
    return Runs(np.array([s.run for s in kept]), np.array([REMOVED[s.name] for s in kept]), since)


# --- metamodels


def begun(family: Family, runs: Runs, scale: float, key: Array) -> Any:
    """A metamodel before it is fitted (the polynomials are fitted at once)."""
    if family in ("linear", "quadratic"):
        return metamodels.regressed(runs, 1 if family == "linear" else 2)
    unit = jnp.asarray(runs.unit)
    if family == "neural":
        return Neural(Layers((3, 32, 32, 3), key, jax.nn.tanh), unit, 0.1)
    if family == "S-system":
        exponents = jnp.zeros((6, 3)).at[jnp.arange(6), jnp.repeat(jnp.arange(3), 2)].set(1.0)
        return PowerLaws(jnp.full(6, jnp.log(0.05)), exponents, unit, (0, 0, 1, 1, 2, 2), (1, -1) * 3, True)
    return mechanistic(unit, scale, family == "mass action")


def mechanistic(unit: Array, scale: float, free: bool = False) -> PowerLaws:
    """The published rates as power laws in units: eight terms, exponents 0 and 1 (and 2)."""
    a, b, c = np.eye(3)
    exponents = np.array([a, 2 * a, a + b, a + b, b, b + c, b + c, c])
    species, signs = (0, 0, 0, 1, 1, 1, 2, 2), (1, -1, -1, 1, -1, -1, 1, -1)
    size = np.asarray(unit, float) / scale
    rate = np.array(ode.FITTED) * (size**exponents).prod(1) / size[list(species)]
    return PowerLaws(jnp.asarray(np.log(rate), jnp.float32), jnp.asarray(exponents, jnp.float32), unit, species, signs,
                     free)  # fmt: skip


def metamodel(family: Family, runs: Runs, scale: float, seeds: Seeds, updates: int) -> Any:
    model = begun(family, runs, scale, seeds.jax(family, "start"))
    if family in ("published", "linear", "quadratic"):
        return model
    return metamodels.fitted(model, runs, seeds.jax(family, "fit"), updates)[0]


def fits(families: tuple[Family, ...], sets: list[SetMeans], since: int, scale: float, seeds: Seeds, updates: int,
         held: str = "wolves 1.5%") -> list[Fit]:  # fmt: skip
    """Each family fitted to all conditions but one, and judged on that one too."""
    given, everything = runs_of(sets, since, held), runs_of(sets, since)
    unseen = [s.name for s in sets].index(held)
    rows = []
    for family in families:
        errors = metamodels.error(metamodel(family, given, scale, seeds, updates), everything)
        rows.append(Fit(family=family, seen=float(np.delete(errors, unseen).mean()), unseen=float(errors[unseen])))
    return rows


def one_tick(model: Any) -> Model:
    """The metamodel over a tick in which u sheep and wolves are removed."""
    return lambda x, u: metamodels.advanced(lambda at: model.rate(at).at[1:].add(-u), x, 1.0)


# --- control


class Aim(NamedTuple):
    target: Array  # (2,): sheep, wolves
    start: Array  # (2,): shares to begin with


def cost(window: int) -> Any:
    """J1 = half the squared relative distances of the late means of sheep and wolves to their targets."""
    return lambda path, aim: 0.5 * ((late(path, window)[1:] / aim.target - 1) ** 2).sum()


def closed_form(target: Any, scale: float) -> np.ndarray:
    """The shares that the metamodel needs for a target (sheep, wolves); `BadInput` when it has none."""
    found = ode.needed(float(target[0]), float(target[1]), scale=scale)
    return np.array([found.sheep, found.wolves])


def aims(targets: np.ndarray, starts: np.ndarray) -> Aim:
    return Aim(jnp.asarray(targets, jnp.float32), jnp.asarray(starts, jnp.float32))


def learnt(field: Meadow, targets: np.ndarray, model: Any, plan: Plan, seeds: Seeds, trainings: int) -> np.ndarray:
    """The weights (targets, trainings, 2) learnt through the world, from the closed form on."""
    starts = np.array([closed_form(t, field.scale) for t in targets])
    each = aims(np.repeat(targets, trainings, 0), np.repeat(starts, trainings, 0))
    keys = jax.random.split(seeds.jax("training"), len(each.target))
    found, _ = control(Predation(field.size), cost(field.window), lambda key, aim: Shares(aim.start, ANIMALS),
                       one_tick(model), plan, keys, each, Shares.inside)  # fmt: skip
    return np.asarray(found.weights).reshape(len(targets), trainings, 2)


def on_the_metamodel(target: np.ndarray, scale: float, updates: int, ticks: int = 4000) -> np.ndarray:
    """The weights learnt on the published metamodel alone, from 0.5 % each; to be compared with the closed form."""
    unit = jnp.asarray(ode.equilibrium(ode.Shares(), scale=scale), jnp.float32)
    move = one_tick(mechanistic(unit, scale))
    plan = Plan(ticks, 1, updates, 2e-3, through="model")
    world = modelled(move, unit, Predation().actions)
    found, _ = control(world, cost(3 * ticks // 4), lambda key, aim: Shares(aim.start, ANIMALS), move, plan,
                       jax.random.key(0), aims(target, np.full(2, 0.005)), Shares.inside)  # fmt: skip
    return np.asarray(found.weights)


@partial(jax.jit, static_argnums=(0, 1))
def tried(world: Predation, ticks: int, weights: Array, keys: Array) -> Path:
    """Runs of the world under shares (lanes, 2)."""
    return jax.vmap(lambda w, key: followed(world, Shares(w, ANIMALS), key, ticks))(weights, keys)


def judged(field: Meadow, targets: np.ndarray, rows: list[dict[str, Any]], seeds: Seeds, tests: int) -> tuple[
        list[Judged], np.ndarray]:  # fmt: skip
    """Every row (target, method, seed, weights, simulations) on the same unseen seeds, and all runs, (rows, tests,
    ticks + 1, 3)."""
    weights = jnp.repeat(jnp.asarray([row["weights"] for row in rows], jnp.float32), tests, 0)
    keys = jnp.tile(jax.random.split(seeds.jax("unseen"), tests), len(rows))
    path = tried(Predation(field.size), field.ticks, weights, keys)
    x = np.asarray(path.x).reshape(len(rows), tests, -1, 3)
    u = np.asarray(path.u).reshape(len(rows), tests, -1, 2)
    return [judgement(field, targets[row["target"]], row, own, gone) for row, own, gone in zip(rows, x, u)], x


def judgement(field: Meadow, target: np.ndarray, row: dict[str, Any], x: np.ndarray, u: np.ndarray) -> Judged:
    means = x[:, field.window :].mean(1)
    costs = 0.5 * ((means[:, 1:] / target - 1) ** 2).sum(1)
    expected = ode.equilibrium(ode.Shares(0, *row["weights"]), scale=field.scale)
    times = [t for run in x if (t := arrival(run[:, 1:], target)) is not None]
    promised = 0.5 * float(((np.array(expected[1:]) / target - 1) ** 2).sum())
    return Judged(**row, cost=costs.tolist(), late=means.tolist(), removed=float(u.sum((1, 2)).mean()),
                  arrived=len(times), arrival=float(np.mean(times)) if times else None,
                  extinct=int((x[:, -1, 1:] == 0).any(1).sum()), promised=promised)  # fmt: skip


def arrival(run: np.ndarray, target: np.ndarray, width: int = 100, within: float = 0.2) -> float | None:
    """The first tick from which means over `width` ticks stay within a fifth of the target, or None."""
    sums = np.cumsum(run, 0)
    far = (np.abs((sums[width:] - sums[:-width]) / width / target - 1) > within).any(1)
    last = np.flatnonzero(far)
    if not len(far) or far[-1]:
        return None
    return float(last[-1] + 1) if len(last) else 0.0


def without_derivatives(method: str, field: Meadow, target: np.ndarray, rollouts: int, budget: int, seeds: Seeds
                        ) -> Asked:  # fmt: skip
    """Weights by a minimiser of values alone, on the raw world; it begins where the gradient does."""
    world, evaluations = Predation(field.size), iter(range(10**9))

    def objective(weights: np.ndarray) -> float:
        keys = jax.random.split(seeds.jax(method, next(evaluations)), rollouts)
        path = tried(world, field.ticks, jnp.tile(jnp.asarray(weights, jnp.float32), (rollouts, 1)), keys)
        means = np.asarray(path.x)[:, field.window :, 1:].mean(1)
        outside = np.clip(-weights, 0, None).sum()  # shares below 0 do nothing, so they must not look as good as 0
        return float(0.5 * ((means / target - 1) ** 2).sum(1).mean() + 1e3 * outside)

    start = closed_form(target, field.scale)
    if method == "nelder-mead":
        return nelder_mead(objective, start, 0.003, budget // rollouts)
    return cma_es(objective, start, 0.003, budget // rollouts, seeds.numpy(method))
