"""The limiting games: what each solver learns for the core, and every degree of the periphery against it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.learning.hybrid_mirror_descent import Closure, Solver, core_learnt, degrees_learnt, hybrid
from manyminds.theory import mean_field_games as mfg
from manyminds.theory.graphexes import PowerGraphon, PowerLaw, meeting, midpoints
from manyminds.theory.mean_field_games import Descent, Game
from manyminds.theory.mean_field_periphery import informed_value

SOLVERS: tuple[Solver, ...] = ("mirror", "regularised", "fictitious")
SHOWN = 60  # points of a curve that are kept


class Curve(BaseModel, frozen=True):
    """Exploitability of the core before iteration `at`; the last is what is reached."""

    solver: Solver
    at: list[int]
    gain: list[float]
    own: float  # return at the end


class Degrees(BaseModel, frozen=True):
    """The periphery under one closure: for k = 1, 2, ... the return, what a best reply adds to it, and at the start."""

    closure: Closure
    own: list[float]
    gain: list[float]
    first_gain: list[float]


class LimitGame(BaseModel, frozen=True):
    """A game in the limit."""

    game: str
    chosen: Solver  # the one whose core is least exploitable
    curves: list[Curve]
    degrees: list[Degrees]
    informed: list[float]  # return of the best policy that sees its neighbours, by degree
    labels_apart: float  # the largest difference between the policies of two labels of the graphex's core
    graphon_apart: float  # the largest difference between LPGMFG's policies and the plain game's
    flows: list[list[list[float]]]  # (T + 1, K + 1, X)
    policies: list[list[list[list[float]]]]  # (K + 1, T, X, U)
    plain: list[list[list[float]]]  # LPGMFG's policy (T, X, U)
    plain_flow: list[list[float]]  # and its flow (T + 1, X)


def solved(
    name: str, game: Game, law: PowerLaw, size: float, last: int, how: Descent, labels: int, graphon: PowerGraphon,
    closure: Closure,
) -> dict[str, Any]:  # fmt: skip
    """Learn the core with every solver, keep the least exploitable, and let the periphery answer it."""
    with jax.enable_x64(True):
        curves = [curve(solver, core_learnt(game, np.ones((1, 1)), solver, how)) for solver in SOLVERS]
        best = min(curves, key=lambda c: c.gain[-1]).solver
        found = hybrid(game, last, how, best, closure)
        other: Closure = "iid" if closure == "joint" else "joint"
        elsewhere = degrees_learnt(game, last, found.met, Descent(how.iterations, how.step), other)[0]
        cores = core_learnt(game, meeting(law, midpoints(law.last_label(size, last), labels)), best, how)
        kernel = meeting(graphon, midpoints(1.0, labels))
        dense = core_learnt(game, kernel, best, how)
        flow = mfg.passed(game, jnp.asarray(kernel), dense.policy).flow.mean(1)
        return LimitGame(
            game=name, chosen=best, curves=curves,
            degrees=[degrees(closure, found.periphery), degrees(other, elsewhere)],
            informed=np.asarray(informed_value(game, last, found.met)[0]).tolist(),
            labels_apart=float(np.ptp(cores.policy, axis=1).max()),
            graphon_apart=float(np.abs(dense.policy - found.core.policy).max()),
            flows=found.flows.tolist(), policies=found.policies.tolist(),
            plain=np.asarray(dense.policy[:, 0]).tolist(), plain_flow=np.asarray(flow).tolist(),
        ).model_dump()  # fmt: skip


def curve(solver: Solver, learnt: mfg.Learnt) -> Curve:
    gain = np.asarray(learnt.gain[:, 0])
    at = np.unique(np.geomspace(1, len(gain), SHOWN).astype(int)) - 1
    return Curve(solver=solver, at=at.tolist(), gain=gain[at].tolist(), own=float(learnt.own[-1, 0]))


def degrees(closure: Closure, learnt: mfg.Learnt) -> Degrees:
    own, gain, first = (np.asarray(part).tolist() for part in (learnt.own[-1], learnt.gain[-1], learnt.gain[0]))
    return Degrees(closure=closure, own=own, gain=gain, first_gain=first)
