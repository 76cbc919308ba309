"""RAVL (arXiv 2402.12527): offline model-based learning fails even in the true dynamics, at the edge of reach."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from manyminds.core import Lab, PaperConfig, PaperResults
from manyminds.learning.branched_rollouts import Branches, Penalty
from manyminds.learning.dynamics_ensembles import Fit
from manyminds.learning.sac import SAC
from manyminds.papers.index import paper
from manyminds.papers.ravl import bodies, datasets, exact, grids, planes
from manyminds.papers.ravl.claims import CLAIMS
from manyminds.papers.ravl.shown import figures, tables
from manyminds.worlds.control.plane import Plane

Method = Literal["base", "patch", "ravl-10", "ravl-30", "low"]


class Config(PaperConfig):
    """The grid and the exact statements by default; the plane and a data set when asked for."""

    seeds: int = Field(5, ge=1, le=1000, description="seeds of every cell of the grid")
    steps: tuple[int, ...] = Field((3, 5, 10, 40), description="lengths k of the rollouts on the grid")
    methods: tuple[Method, ...] = Field(("base", "patch", "ravl-10", "ravl-30", "low"), description="on the grid")
    shares: tuple[float, ...] = Field((0.0, 0.25, 0.5, 0.75, 1.0), description="u: how true the model is")
    blended: tuple[Literal["mopo", "morel", "mobile", "base", "ravl-30"], ...] = Field(
        ("mopo", "morel", "mobile", "ravl-30"), description="methods that are followed as the model becomes true"
    )
    blend_steps: int = Field(5, ge=1, description="length k of their rollouts")
    exact: int = Field(200, ge=1, le=100_000, description="random chains and graphs for the exact statements")
    plane: tuple[planes.Remedy, ...] = Field((), description="methods on the plane (minutes each)")
    plane_seeds: int = Field(5, ge=1, le=100)
    plane_size: planes.Size = Field(planes.Size(), description="steps, updates, width, ... on the plane")
    plane_centre: tuple[float, float] = Field((6.0, 6.0), description="where the reward is highest")
    body: tuple[bodies.Name, ...] = Field((), description="true worlds in place of a model (all but one: MuJoCo)")
    body_methods: tuple[bodies.Method, ...] = Field(("base", "ravl"), description="methods on bodies")
    body_seeds: int = Field(2, ge=1, le=100)
    body_size: bodies.Size = Field(bodies.Size(), description="practice, data, steps, updates, width, ... on bodies")
    data: str = Field("", description="path of a data set in the form of D4RL; without one nothing is trained on data")
    task: str = Field("hopper-medium-v2", description="its name, for the ending rule and the normalised score")
    data_methods: tuple[Literal["ravl", "mopo", "morel", "mobile", "base"], ...] = ("ravl",)
    data_seeds: int = Field(1, ge=1, description="seeds on the data set (the paper: 6)")
    epochs: int = Field(3000, ge=1, description="epochs on the data set")
    critics: int = Field(10, ge=1, description="N of RAVL on the data set (searched: 10, 50)")
    diversity: float = Field(1.0, ge=0, description="eta of RAVL on the data set (searched: 1, 10, 100)")
    true_share: float = Field(0.0, ge=0, le=1, description="u on the data set; above 0 it needs the simulator")
    branches: Branches = Field(Branches(), description="rollouts on the data set; each method has its own penalty")
    fit: Fit = Field(Fit(), description="of the dynamics models to the data set")
    width: int = Field(256, ge=1, description="of actor and critics on the data set")


class Results(PaperResults):
    optimum: float
    exact: exact.Exact
    grid: list[grids.Cell]
    blends: list[grids.Blend]
    doubts: dict[str, dict[str, float]]  # by share (as text), the largest of each penalty
    plane: list[planes.Learnt]
    plane_best: float  # the best mean return on the plane
    body: list[bodies.Learnt] = Field([])
    data: list[datasets.Learnt]


async def run(config: Config, lab: Lab) -> Results:
    """Every piece is computed once in the life of a run; long trainings also keep checkpoints."""
    seeds = lab.seeds
    cells = [(method, k) for method in config.methods for k in config.steps]
    trainings = [(method, i) for method in config.data_methods for i in range(config.data_seeds) if config.data]
    moved = [(body, method) for body in config.body for method in config.body_methods]
    total = 2 + len(cells) + len(config.blended) + len(config.plane) + len(moved) + len(trainings)
    done = lab.progress(total, "pieces")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    world = Plane(centre=config.plane_centre)
    shares = list(config.shares)
    return Results(
        optimum=grids.optimum(),
        exact=await piece("exact", lambda: exact.exact(seeds, config.exact)),
        grid=[await piece(f"grid {m} k={k}", lambda m=m, k=k: grids.cell(m, k, seeds, config.seeds)) for m, k in cells],
        blends=[
            row
            for m in config.blended
            for row in await piece(
                f"blend {m}", lambda m=m: grids.blends(m, shares, config.blend_steps, seeds, config.seeds)
            )
        ],
        doubts=await piece("doubts", lambda: {str(u): grids.doubts_at(u, seeds) for u in shares}),
        plane=[
            await piece(
                f"plane {m}",
                lambda m=m: planes.learnt(m, world, config.plane_size, seeds.child("plane"), config.plane_seeds),
            )
            for m in config.plane
        ],
        plane_best=planes.best_mean(world),
        body=[
            await piece(
                f"body {b} {m}",
                lambda b=b, m=m: bodies.learnt(m, b, config.body_size, seeds.child("body", b), config.body_seeds),
            )
            for b, m in moved
        ],
        data=[
            await piece(f"data {m} {i}", lambda m=m, i=i: on_data(config, m, i, lab)) for m, i in trainings
        ],
    )  # fmt: skip


def on_data(config: Config, method: str, seed: int, lab: Lab) -> Any:
    """One training on the data set: RAVL without a penalty, or two critics with one."""
    pessimistic = method == "ravl"
    learner = SAC(critics=config.critics if pessimistic else 2, diversity=config.diversity if pessimistic else 0.0,
                  width=config.width, depth=3)  # fmt: skip
    penalty: Penalty = method if method in ("mopo", "morel", "mobile") else "none"  # type: ignore[assignment]
    return datasets.learnt(
        Path(config.data), config.task, learner, replace(config.branches, penalty=penalty), config.fit, config.epochs,
        lab.seeds.child("data"), seed, config.true_share, method=method, keeper=lab.checkpoint(f"data {method} {seed}"),
    )  # fmt: skip


PAPER = paper(
    "ravl",
    authors="Sims, Lu, Foerster, Teh",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
