"""The second twin: an inflow of substrate over time that wastes little of it, learnt on the rate equations."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from pydantic import BaseModel

from manyminds.core import BadInput, Seeds
from manyminds.learning.control import Feedback, Path, Plan, Schedule, control, imagined, modelled
from manyminds.learning.metamodels import advanced
from manyminds.networks.dense import Layers
from manyminds.theory import pathway as ode
from manyminds.worlds.populations.pathway import Cell, Pathway, enough, mass, packed

STEP = 50  # ticks of one step of integration
UNIT = 0.875  # the best constant inflow
START = 2**32 - 1  # folded into a key for the start, where tick t has t: no run has so many ticks
# Waste over 50,000 ticks under a constant inflow, of the rate equations (by an adaptive solver).
CONSTANT = {0.0: 3.815, 0.2: 3.803, 0.5: 3.758, 0.7: 3.740, 1.0: 3.738, 1.5: 3.789, 2.0: 3.889, 3.0: 4.181, 5.0: 4.945}
TWO_PHASES = {(5000, 0.88): 3.648, (8000, 1.2): 3.640}  # nothing until the first, then the second


class Learnt(BaseModel, frozen=True):
    """One training: waste on the metamodel before and after, and the inflow every `STEP` ticks."""

    kind: str
    seed: int
    before: float
    waste: float
    inflow: list[float]


class Ran(BaseModel, frozen=True):
    """One inflow in the agent-based model: waste by seed, and the mean run of S, P, Q, R, T (thinned)."""

    name: str
    waste: list[float | None]  # None: no product, so no quotient
    promised: float  # by the metamodel
    run: list[list[float]]
    spread: list[list[float]]  # standard deviation over seeds of the same
    late: list[float]


def flow(x: Array, u: Array) -> Array:
    """The metamodel over `STEP` ticks with inflow u, shape (1,)."""
    return advanced(lambda at: jnp.stack(ode.rates(at, u[0])), x, float(STEP))


def waste(path: Path, aim: Any = None) -> Array:
    """J2: substrate that leaves per product that leaves, both diluted at the same rate."""
    x = (path.x[1:] + path.x[:-1]) / 2
    return x[:, 0].sum() / (x[:, 3] + x[:, 4]).sum()


@jax.jit
def wasted(inflow: Array) -> Array:
    """Waste on the metamodel of an inflow every `STEP` ticks, shape (steps,)."""
    start, steps = jnp.asarray(ode.START, jnp.float32), len(inflow)
    return waste(imagined(flow, lambda x, t: inflow[jnp.int32(jnp.round(t * steps))][None], start, steps))


def checked(inflow: Any) -> np.ndarray:
    """An inflow that can be: finite and not negative. Raises `BadInput` otherwise."""
    inflow = np.asarray(inflow, float)
    if not np.isfinite(inflow).all() or (inflow < 0).any():
        raise BadInput(f"an inflow must be finite and 0 or more; the lowest here is {inflow.min():g}")
    return inflow


def constants(horizon: int) -> dict[str, float]:
    return {f"{u:g}": float(wasted(jnp.full(horizon // STEP, u))) for u in (*CONSTANT, 0.875)}


def two_phases(horizon: int) -> dict[str, float]:
    at = jnp.arange(horizon // STEP) * STEP
    return {f"0 to {start}, then {u:g}": float(wasted(jnp.where(at < start, 0.0, u))) for start, u in TWO_PHASES}


def trainings(kind: str, horizon: int, updates: int, seeds: Seeds, number: int) -> list[Learnt]:
    """`number` trainings of one kind of controller ("schedule" or "feedback"), at once."""
    start, steps = jnp.asarray(ode.START, jnp.float32), horizon // STEP
    scale = jnp.asarray((1000.0, 300.0, 300.0, 50.0, 200.0))

    def begin(key: Array, aim: Any) -> Any:
        if kind == "schedule":
            return Schedule(Layers((1, 32, 32, 1), key, jnp.tanh), UNIT)
        return Feedback(Layers((5, 32, 32, 1), key, jnp.tanh), scale, UNIT)

    plan = Plan(steps, 1, updates, 1e-2, through="model")
    keys = jax.random.split(seeds.jax(kind), number)
    world = modelled(flow, start, Pathway().actions)
    found, curves = control(world, waste, begin, flow, plan, keys)
    path = jax.vmap(lambda arrays: imagined(flow, arrays, start, steps))(found)
    costs = jax.vmap(waste)(path)
    return [Learnt(kind=kind, seed=i, before=float(curves.values["loss"][0, i]), waste=float(costs[i]),
                   inflow=checked(path.u[i, :, 0]).tolist()) for i in range(number)]  # fmt: skip


# --- the agent-based model


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def chunk(world: Pathway, cells: Cell, inflow: Array, keys: Array, first: Array) -> tuple[Cell, Array]:
    """Some ticks of all runs: `inflow` (runs, ticks) of this world; observations (runs, ticks, 5)."""

    def run(cell: Cell, inflow: Array, key: Array) -> tuple[Cell, Array]:
        def one(cell: Cell, at: tuple[Array, Array]) -> tuple[Cell, Array]:
            i, u = at
            cell, _ = world.step(cell, u, jax.random.fold_in(key, first + i))
            return cell, world.observe(cell)

        return jax.lax.scan(one, cell, (jnp.arange(len(inflow)), inflow))

    return jax.vmap(run)(cells, inflow, keys)


def lived(world: Pathway, inflow: np.ndarray, keys: Array, length: int = 2500, done: Any = lambda: None) -> np.ndarray:
    """All observations (runs, ticks + 1, 5) of runs under `inflow` (runs, ticks), given for 100 x 100 patches.

    Most molecules of the start are soon diluted, so the arrays are packed into fewer slots as time goes on. Raises
    `BadInput` when molecules found no slot, `ArithmeticError` when one appeared or vanished without reason.
    """
    inflow = checked(inflow) * world.scale
    cells = jax.vmap(lambda key: world.reset(jax.random.fold_in(key, START)))(keys)
    begun, seen = jax.vmap(mass)(cells), [np.asarray(jax.vmap(world.observe)(cells))[:, None]]
    for first in range(0, inflow.shape[1], length):
        part = inflow[:, first : first + length]
        free = int((np.asarray(cells.kind) > 0).sum(1).max())
        slots = enough(free + int(part.sum(1).max()) + len(cells.form[0]))
        if 4 * slots <= cells.kind.shape[1] or slots > cells.kind.shape[1]:
            cells = packed(cells, slots)
        cells, x = chunk(world, cells, jnp.asarray(part, jnp.float32), keys, jnp.int32(first))
        seen.append(np.asarray(x))
        done()
    if np.any(np.asarray(cells.lost) > 0):
        raise BadInput("more molecules entered than the arrays have slots; lower the inflow")
    if np.any(np.asarray(jax.vmap(mass)(cells) - begun - cells.entered + cells.diluted) != 0):
        raise ArithmeticError("molecules appeared or vanished: free + bound - start - inflow + dilution is not 0")
    return np.concatenate(seen, 1)


def ran(size: int, inflows: dict[str, np.ndarray], horizon: int, seeds: Seeds, runs: int, done: Any) -> list[Ran]:
    """Each inflow (every `STEP` ticks) on the same seeds of the agent-based model."""
    world, names = Pathway(size), list(inflows)
    per_tick = np.repeat(np.stack([np.repeat(inflows[name], STEP) for name in names]), runs, 0)
    keys = jnp.tile(jax.random.split(seeds.jax("cells"), runs), len(names))
    x = lived(world, per_tick[:, :horizon], keys, done=done).reshape(len(names), runs, -1, 5)
    rows = []
    for name, own in zip(names, x):
        substrate, product = own[..., 0].sum(1), own[..., 3:].sum((1, 2))
        found = [float(s / p) if p > 0 else None for s, p in zip(substrate, product)]
        thin = own[:, :: max(horizon // 200, 1)] / world.scale
        promised = float(wasted(jnp.asarray(inflows[name], jnp.float32)))
        rows.append(Ran(name=name, waste=found, promised=promised,
                        run=thin.mean(0).tolist(), spread=thin.std(0).tolist(),
                        late=(own[:, -horizon // 10 :].mean((0, 1)) / world.scale).tolist()))  # fmt: skip
    return rows
