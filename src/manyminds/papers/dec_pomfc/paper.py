"""Dec-POMFC (arXiv 2307.06175): collective behaviour from local observations, learnt as one lifted agent."""

from typing import Any

from pydantic import Field

from manyminds.core import Lab, PaperConfig, PaperResults
from manyminds.papers.dec_pomfc import experiments
from manyminds.papers.dec_pomfc.claims import CLAIMS
from manyminds.papers.dec_pomfc.experiments import Exact, Learnt, Quadratics, TwoStates
from manyminds.papers.dec_pomfc.shown import figures, tables
from manyminds.papers.dec_pomfc.training import Learner, Shape, Size, Task
from manyminds.papers.index import paper

SWARM = Size(agents=50, copies=16, updates=40, step_size=5e-3, spread=1.0)
QUADRATIC = Size(agents=200, copies=16, updates=60, step_size=3e-3, discount=0.95, minibatches=2)

# The optimum does nothing for certain after the first step, and coins come near that only slowly.
TWO_STATES = Size(agents=500, copies=16, updates=360, step_size=5e-3, discount=0.9, minibatches=2, spread=1.0)


class Config(PaperConfig):
    """Constants of tasks and sizes are ours where the paper does not print them; for a GPU see README."""

    tasks: tuple[Task, ...] = Field(("kuramoto",), description="swarms to train: aggregation, kuramoto, vicsek")
    learners: tuple[Learner, ...] = Field(("field", "ippo"), description="field and open: Dec-POMFPPO")
    shapes: tuple[Shape, ...] = Field(("kernel",), description="of the rules that the lifted learner chooses")
    seeds: int = Field(2, ge=1, le=100, description="seeds of every training")
    steps: int = Field(50, ge=2, le=1000, description="steps T of an episode (the paper: 100)")
    blur: float = Field(0.1, ge=0, description="s_y: what an agent of Aggregation sees of its place is off by")
    swarm_size: Size = Field(SWARM, description="agents, episodes, updates, ... of a training")
    sizes: tuple[int, ...] = Field((5, 20), description="numbers N of agents in evaluation")
    limit: int = Field(256, ge=10, description="agents that stand for infinitely many")
    episodes: int = Field(8, ge=2, description="episodes of an evaluation")
    blurs: tuple[float, ...] = Field((0.0, 0.05), description="noise variances of the quadratic world; none: left out")
    quadratic_size: Size = Field(QUADRATIC, description="the same for the quadratic world")
    quadratic_seeds: int = Field(2, ge=1, le=100)
    two_states: bool = Field(False, description="also learn the world of two states that brute force solves")
    scaling: tuple[int, ...] = Field((10, 30, 100, 300, 1000), description="N at which a fixed policy meets its limit")
    film: bool = Field(True, description="draw an animation of the first task")


class Results(PaperResults):
    exact: Exact
    quadratic: list[Quadratics]
    two_states: TwoStates | None
    learnt: list[Learnt]


async def run(config: Config, lab: Lab) -> Results:
    """Exact statements, the quadratic world, then every task with every learner; each piece once in a run's life."""
    jobs = [
        (task, learner, shape)
        for task in config.tasks
        for learner in config.learners
        for shape in (config.shapes if learner in ("field", "open") else config.shapes[:1])
    ]
    done = lab.progress(1 + config.two_states + len(config.blurs) + len(jobs), "pieces")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    return Results(
        exact=await piece("exact", lambda: experiments.exact(config.scaling, lab.seeds.child("exact"))),
        quadratic=[
            await piece(
                f"quadratic {blur}",
                lambda blur=blur: experiments.quadratic(
                    blur, config.quadratic_size, lab.seeds.child("quadratic"), config.quadratic_seeds
                ),
            )
            for blur in config.blurs
        ],
        two_states=await piece(
            "two states",
            lambda: experiments.two_states(TWO_STATES, lab.seeds.child("two states"), config.quadratic_seeds),
        )
        if config.two_states
        else None,
        learnt=[
            await piece(
                f"{task} {learner} {shape}",
                lambda job=(task, learner, shape): experiments.learnt(*job, config, lab.seeds.child(job[0])),
            )
            for task, learner, shape in jobs
        ],
    )


PAPER = paper(
    "dec-pomfc",
    authors="Cui, Hauck, Fabian, Koeppl",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
