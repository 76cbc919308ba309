"""Sparse CCE (arXiv 2303.12287): learners without regret can leave much to gain for whoever remembers.

This shows the mechanism behind a hardness result; it proves nothing about PPAD.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from manyminds.core import BadInput, Lab, PaperConfig, PaperResults
from manyminds.papers.index import paper
from manyminds.papers.sparse_cce import experiments
from manyminds.papers.sparse_cce.claims import CLAIMS
from manyminds.papers.sparse_cce.rows import Audited, Contrast, Extraction, Phase, Threat, User, Visits
from manyminds.papers.sparse_cce.shown import figures, tables
from manyminds.papers.sparse_cce.user import audited
from manyminds.theory.named_games import NAMED
from manyminds.worlds.games.markov import read_game


class Config(PaperConfig):
    """Without `game` the experiments run; with it, that file is audited and nothing else."""

    game: str = Field("", description="a JSON or npz file with payoffs, or rewards and transitions; and policies")
    learner: Literal["hedge", "optimistic-hedge", "regret-matching", "regret-matching-plus"] = "hedge"
    played: Literal["shapley", "rock-paper-scissors", "chicken", "matching-pennies", "threats"] = "shapley"
    episodes: tuple[int, ...] = Field(
        (100, 1000), min_length=1, description="T of the learners; a user's game takes the last"
    )
    stages: tuple[int, ...] = Field(
        (2, 8, 32, 64, 128, 256), min_length=1, description="H; a user's repeated game takes the third"
    )
    starts: int = Field(5, ge=1, le=1000, description="random starts of the learners")
    samples: int = Field(1000, ge=2, le=1_000_000, description="histories where gaps are not exact")
    bounds: int = Field(40, ge=0, le=100_000, description="random games and mixtures against the bounds")
    plans: tuple[int, ...] = Field((9, 81, 729, 6561), description="T of the sparse samples")
    plan_stages: int = Field(16, ge=1, le=1000)
    map_plans: tuple[int, ...] = Field((3, 9, 27, 81, 243, 729, 2187), description="T of the map")
    map_stages: tuple[int, ...] = Field((2, 4, 8, 16, 32), description="H of the map")
    threats: tuple[int, ...] = Field((10, 20, 50, 200), description="H of the grim profile")
    extractions: int = Field(50, ge=0, le=100_000)
    visits: int = Field(200, ge=2, le=100_000, description="trajectories of the kibitzer")
    contrasts: int = Field(10, ge=0, le=10_000)

    @field_validator("game")
    @classmethod
    def game_fits(cls, file: str) -> str:
        if not file:
            return ""
        try:
            read_game(Path(file))
        except BadInput as error:
            raise ValueError(str(error)) from None
        return str(Path(file).resolve())

    @field_validator("episodes", "stages", "plans", "map_plans", "map_stages", "threats")
    @classmethod
    def counts(cls, values: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 1 <= v <= 1_000_000 for v in values):
            raise ValueError("counts must be from 1 to a million")
        return values


class Results(PaperResults):
    learned: tuple[Audited, ...] = ()
    bounds: tuple[Audited, ...] = ()
    phases: tuple[Phase, ...] = ()
    map: tuple[Phase, ...] = ()
    threats: tuple[Threat, ...] = ()
    visits: tuple[Visits, ...] = ()
    extractions: tuple[Extraction, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    user: User | None = None


async def run(config: Config, lab: Lab) -> Results:
    """The user's game alone, or everything else."""
    if config.game:
        stages = config.stages[min(2, len(config.stages) - 1)]
        row = await lab.once("game", lambda: audited(
            Path(config.game), config.episodes[-1], stages, config.learner, config.samples, lab.seeds))  # fmt: skip
        return Results(user=User.model_validate(row))
    payoffs = NAMED[config.played]
    cells = [(t, k) for t in config.episodes for k in range(config.starts)]
    done, learned = lab.progress(len(cells), "learners"), []
    for episodes, start in cells:
        learned += await lab.once(f"learned/{episodes}/{start}", lambda t=episodes, k=start: experiments.learned(
            payoffs, t, config.stages, config.learner, config.samples, k, lab.seeds))  # fmt: skip
        done()
    bounds = await lab.once("bounds", lambda: experiments.bounds(config.bounds, config.samples, lab.seeds))
    phases = [await phase(config, lab, t, config.plan_stages) for t in config.plans]
    pairs = [(t, h) for t in config.map_plans for h in config.map_stages]
    done, mapped = lab.progress(len(pairs), "map"), []
    for plans, stages in pairs:
        mapped.append(await phase(config, lab, plans, stages))
        done()
    shortest = min(config.threats, default=0)  # the supports of a reacting threat are many, so at one horizon
    threats = [await lab.once(f"threat/{h}", lambda h=h: experiments.threat(h, h == shortest)) for h in config.threats]
    visits = await lab.once("visits", lambda: experiments.visits(lab.seeds, config.plan_stages, config.visits))
    found = await lab.once(
        "extraction", lambda: [experiments.extraction(k, lab.seeds) for k in range(config.extractions)]
    )
    contrasts = await lab.once("contrast", lambda: experiments.contrast(config.contrasts, lab.seeds))
    return Results.model_validate({
        "learned": learned, "bounds": bounds, "phases": phases, "map": mapped, "threats": threats, "visits": visits,
        "extractions": found, "contrasts": contrasts,
    })  # fmt: skip


async def phase(config: Config, lab: Lab, plans: int, stages: int) -> Phase:
    row = await lab.once(f"phase/{plans}/{stages}", lambda: experiments.phase(plans, stages, config.samples, lab.seeds))
    return Phase.model_validate(row)


PAPER = paper(
    "sparse-cce",
    authors="Foster, Golowich, Kakade",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
