"""An overview of diffusion models (arXiv 2404.07771): what can be proved of them, checked number by number."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from manyminds.core import BadInput, Lab, PaperConfig, PaperResults
from manyminds.learning.score_matching import Matching
from manyminds.papers.diffusion import exact, learned, planner, user
from manyminds.papers.diffusion.claims import CLAIMS
from manyminds.papers.diffusion.learned import Rewards, Size
from manyminds.papers.diffusion.shown import figures, tables
from manyminds.papers.diffusion.taxonomy import STANDS
from manyminds.papers.index import paper

Part = Literal["exact", "bound", "subspace", "reward", "preferences", "memory", "rates", "planner"]


class Config(PaperConfig):
    """Without `data` the experiments named by `parts` run; with it a model is trained on that file and nothing else."""

    data: str = Field("", description="a .npy, .npz (x, and y or none), .csv (last column y or empty) or .hdf5 file")
    parts: tuple[Part, ...] = Field(("exact", "subspace", "reward"), description="experiments to run")
    draws: int = Field(20, ge=1, le=10_000, description="random mixtures on random subspaces")
    points: int = Field(10_000, ge=100, le=10_000_000, description="simulated runs where variances are compared")
    weights: tuple[float, ...] = Field(
        (-1.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0), description="excess guidance weights, rising"
    )
    over_weight: float = Field(100.0, description="the excess weight that breaks coarse samplers")
    law_tests: int = Field(3, ge=1, le=100, description="kernel tests of SDE against ODE")
    seeds: int = Field(3, ge=1, le=100, description="seeds of each training")
    dimensions: tuple[int, ...] = Field((16, 64), description="D of the subspace experiment")
    latent: int = Field(4, ge=1, description="d of the subspace experiment")
    count: int = Field(4000, ge=10, description="its training points")
    width: int = Field(64, ge=4, description="of every network")
    depth: int = Field(2, ge=1)
    steps: int = Field(1000, ge=1, description="training steps")
    batch: int = Field(256, ge=1)
    step_size: float = Field(3e-3, gt=0)
    end: float = Field(8.0, gt=0, description="T")
    early: float = Field(0.01, description="t0, where backward runs stop")
    sampling_steps: int = Field(200, ge=1)
    design_dimension: int = Field(32, ge=2, description="D of the reward experiment")
    design_latent: int = Field(8, ge=1)
    unlabelled: int = Field(20_000, ge=10, description="n1")
    labelled: int = Field(5000, ge=1, description="n2; at least the features of the reward")
    label_noise: float = Field(0.1, ge=0)
    pseudo_noise: float = Field(0.3, gt=0, description="nu, of the pseudo-labels")
    targets: tuple[float, ...] = Field((1.0, 2.0, 3.0, 6.0, 12.0), description="rewards asked for")
    mask_probability: float = Field(0.1, ge=0, lt=1, description="of the condition, in training")
    guidance: float = Field(0.0, description="excess weight on your own data")
    rate_counts: tuple[int, ...] = Field((250, 1000, 4000, 16000), description="n of the rates")
    rate_latents: tuple[int, ...] = Field((1, 2, 4), description="d of the rates")
    rate_dimensions: tuple[int, ...] = Field((32, 64), description="D of the rates")
    paths: int = Field(10_000, ge=100, description="training paths of the planner")

    @field_validator("weights")
    @classmethod
    def rising(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if list(weights) != sorted(set(weights)) or min(weights, default=0) < -1:
            raise ValueError("guidance weights rise and are at least -1 (the unconditional score)")
        return weights

    @model_validator(mode="after")
    def fits(self) -> "Config":
        try:
            Matching(early=self.early, end=self.end)
            if self.data:
                user.read(Path(self.data))
        except BadInput as error:
            raise ValueError(str(error)) from None
        if self.guidance != 0 and self.mask_probability == 0:
            raise ValueError("guidance needs a score without condition: set mask_probability > 0")
        if self.labelled < self.design_dimension:
            features = f"the {self.design_dimension} features of the reward"
            raise ValueError(f"labelled={self.labelled} points are fewer than {features}; label more")
        return self

    def size(self) -> Size:
        return Size(**{name: getattr(self, name) for name in Size.model_fields})

    def rewards(self, preferences: bool) -> Rewards:
        return Rewards(dimension=self.design_dimension, latent=self.design_latent, unlabelled=self.unlabelled,
                       labelled=self.labelled, label_noise=self.label_noise, noise=self.pseudo_noise,
                       preferences=preferences, mask_probability=self.mask_probability)  # fmt: skip


class Results(PaperResults):
    """Rows of every experiment that ran; see the functions that make them for their columns."""

    decompositions: list[dict[str, float]] = Field([])
    initialisation: list[dict[str, float]] = Field([])
    simulations: list[dict[str, Any]] = Field([])
    bounds: list[dict[str, float]] = Field([])
    discretisation: dict[str, Any] = Field({})
    same_law: list[float] = Field([])
    guided: list[dict[str, Any]] = Field([])
    over: list[dict[str, Any]] = Field([])
    memorised: dict[str, float] = Field({})
    within_bound: list[dict[str, float]] = Field([])
    subspaces: list[dict[str, Any]] = Field([])
    rewarded: list[dict[str, Any]] = Field([])
    preferred: list[dict[str, Any]] = Field([])
    generalised: list[dict[str, float]] = Field([])
    rates: list[dict[str, Any]] = Field([])
    between: list[dict[str, float]] = Field([])
    asked: list[dict[str, Any]] = Field([])
    user: dict[str, Any] = Field({})


Piece = tuple[str, str, Callable[[], Any]]  # its field of the results, its name within the run, the work


def pieces(config: Config, lab: Lab) -> list[Piece]:
    """Everything that the config asks for, in order."""
    seeds, size, n = lab.seeds, config.size(), config.seeds
    found: list[Piece] = []

    def add(part: Part, field: str, work: Callable[[], Any], name: str = "") -> None:
        if part in config.parts:
            found.append((field, name or field, work))

    add("exact", "decompositions", lambda: exact.decompositions(seeds, config.draws))
    add("exact", "initialisation", exact.initialisation)
    add("exact", "simulations", lambda: exact.simulations(seeds, config.points))
    add("exact", "bounds", exact.bounds)
    add("exact", "discretisation", lambda: exact.discretisation(seeds, config.points))
    add("exact", "same_law", lambda: exact.same_law(seeds, config.law_tests))
    add("exact", "guided", lambda: exact.guided(seeds, config.weights, 4000))
    add("exact", "over", lambda: exact.over_guided(seeds, config.over_weight, 4000))
    add("exact", "memorised", lambda: exact.memorised(seeds, 200, 8, 1000))
    add("bound", "within_bound", lambda: learned.within_bound(seeds, size, n, 200_000))
    for dimension in config.dimensions:
        add("subspace", "subspaces", lambda dimension=dimension: learned.subspaces(
            seeds, dimension, config.latent, config.count, size, n), f"subspaces/{dimension}")  # fmt: skip
    add("reward", "rewarded", lambda: learned.rewarded(seeds, config.rewards(False), config.targets, size, n))
    add("preferences", "preferred", lambda: learned.rewarded(seeds, config.rewards(True), config.targets, size, n))
    add("memory", "generalised", lambda: learned.generalised(seeds, size, config.count, 8, n))
    for latent in config.rate_latents:
        for dimension in config.rate_dimensions:
            add("rates", "rates", lambda latent=latent, dimension=dimension: learned.rates(
                seeds, dimension, latent, config.rate_counts, size, n), f"rates/{latent}/{dimension}")  # fmt: skip
    add("planner", "between", lambda: planner.between(seeds, size, config.paths, n))
    add("planner", "asked", lambda: planner.asked(seeds, size, config.paths, n))
    return found


async def run(config: Config, lab: Lab) -> Results:
    """The user's data alone, or the experiments; every piece is computed once in the life of a run."""
    if config.data:
        row = await lab.once(
            "data",
            lambda: user.studied(
                Path(config.data), config.size(), config.mask_probability, config.guidance, lab.seeds, lab.folder
            ),
        )
        return Results(user=row)
    todo = pieces(config, lab)
    done = lab.progress(len(todo), "pieces")
    found: dict[str, Any] = {}
    for field, name, work in todo:
        rows = await lab.once(name, work)
        found[field] = found[field] + rows if field in found else rows
        done()
    return Results(**found)


PAPER = paper(
    "diffusion",
    authors="Chen, Mei, Fan, Wang",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
    stands=STANDS,
)
