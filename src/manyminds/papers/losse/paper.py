"""Losse-FTL (arXiv 2401.13034): a world model that learns online from a sparse encoding and does not forget."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from manyminds.core import Lab, PaperConfig, PaperResults, Seeds
from manyminds.learning.dyna import Dyna
from manyminds.papers.index import paper
from manyminds.papers.losse import experiments
from manyminds.papers.losse.claims import CLAIMS
from manyminds.papers.losse.control import Curve, Learner, Method, Place, lived
from manyminds.papers.losse.cost import cost
from manyminds.papers.losse.experiments import RIVALS
from manyminds.papers.losse.logs import learnt_log
from manyminds.papers.losse.rows import Cost, Encodings, Exact, LogReport, Regions, Regret, Shift
from manyminds.papers.losse.shown import figures, tables

Part = Literal["exact", "shift", "regret", "regions", "encodings", "cost"]


class Config(PaperConfig):
    """Without `log` the experiments run; with it, that file is learnt in one pass and nothing else."""

    log: str = Field("", description="a log of transitions (.npz, .parquet, .hdf5) to learn instead")
    log_groups: int = Field(16, ge=1, le=1024, description="groups of the encoding of a log")
    log_bins: int = Field(8, ge=1, le=1000, description="bins of the encoding of a log")
    ridge: float = Field(1e-3, gt=0, description="ridge of a log's regression")
    limit: float = Field(2.0, gt=0, description="GiB that the sums over a log may take")
    parts: tuple[Part, ...] = Field(("exact", "shift", "regret", "regions", "encodings"), description="without Dyna")
    repeats: int = Field(5, ge=2, le=100, description="seeds of everything")
    correlations: tuple[float, ...] = Field((0.0, 0.9, 0.99), description="d of the shifting stream")
    shift_steps: int = Field(6000, ge=300, le=10_000_000)
    rivals: tuple[str, ...] = Field(("NN online", "NN + replay"), description=f"of {', '.join(RIVALS)}")
    step_sizes: tuple[float, ...] = Field((1e-3,), description="tried by each rival; the best one counts")
    regret_steps: int = Field(20_000, ge=2000, le=10_000_000)
    network_steps: int = Field(10_000, ge=1000, le=10_000_000, description="of the network whose regret is measured")
    region_rows: int = Field(1000, ge=10, le=1_000_000, description="observations of a region")
    rows: int = Field(2000, ge=100, le=100_000, description="rows for the comparison of encodings")
    tasks: tuple[Literal["pendulum", "digits"], ...] = ("pendulum",)
    places: tuple[Place, ...] = Field(("maze",), description="worlds of Dyna")
    methods: tuple[Method, ...] = ("losse", "model-free", "replay", "nn-online")
    learner: Learner = Field("linear", description="of values in Dyna: linear in fixed features, or double DQN")
    maze_steps: int = Field(3000, ge=500, le=10_000_000, description="real steps in mazes")
    control_steps: int = Field(8000, ge=1000, le=10_000_000, description="real steps in mountain car and pendulum")
    acrobot_steps: int = Field(10_000, ge=1000, le=10_000_000)
    branches: int = Field(10, ge=1, le=1000, description="imagined rollouts a real step")
    length: int = Field(1, ge=1, le=100, description="steps of an imagined rollout")

    @field_validator("rivals")
    @classmethod
    def known_rivals(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in names if name not in RIVALS]
        if wrong:
            raise ValueError(f"no rival is called {wrong[0]!r}; there are {', '.join(RIVALS)}")
        return names

    @field_validator("log")
    @classmethod
    def log_exists(cls, file: str) -> str:
        if file and not Path(file).is_file():
            raise ValueError(f"there is no file {file}; give a log of transitions as .npz, .parquet or .hdf5")
        return str(Path(file).resolve()) if file else ""

    def steps(self, place: str) -> int:
        return self.maze_steps if "maze" in place else self.acrobot_steps if place == "acrobot" else self.control_steps


class Results(PaperResults):
    exact: Exact | None = None
    shift: list[Shift] = Field(default_factory=list)
    regret: Regret | None = None
    regions: list[Regions] = Field(default_factory=list)
    encodings: list[Encodings] = Field(default_factory=list)
    cost: Cost | None = None
    curves: list[Curve] = Field(default_factory=list)
    log: LogReport | None = None


async def run(config: Config, lab: Lab) -> Results:
    """The user's log alone, or the supervised parts and then Dyna; every piece is computed once in a run's life."""
    seeds = lab.seeds
    if config.log:
        row = await lab.once("log", lambda: learnt_log(
            Path(config.log), config.log_groups, config.log_bins, config.ridge, config.limit, seeds))  # fmt: skip
        return Results(log=LogReport.model_validate(row))
    jobs = pieces(config, seeds)
    done, found = lab.progress(len(jobs), "pieces"), {}
    for name, work in jobs.items():
        found[name] = await lab.once(name, work)
        done()
    return Results.model_validate({
        "exact": found.get("exact"), "regret": found.get("regret"), "cost": found.get("cost"),
        "shift": [row for name, row in found.items() if name.startswith("shift/")],
        "regions": found.get("regions", []),
        "encodings": [row for name, rows in found.items() if name.startswith("encodings/") for row in rows],
        "curves": [row for name, row in found.items() if name.startswith("dyna/")],
    })  # fmt: skip


def pieces(config: Config, seeds: Seeds) -> dict[str, Callable[[], Any]]:
    """What is to be computed, by name."""
    jobs: dict[str, Callable[[], Any]] = {}
    n = config.repeats
    if "exact" in config.parts:
        jobs["exact"] = lambda: experiments.exact(seeds.child("exact"))
    if "shift" in config.parts:
        for d in config.correlations:
            jobs[f"shift/{d}"] = lambda d=d: experiments.shift(
                seeds.child("shift"), d, n, config.shift_steps, config.rivals, config.step_sizes)  # fmt: skip
    if "regret" in config.parts:
        jobs["regret"] = lambda: experiments.regret(seeds.child("regret"), n, config.regret_steps, config.network_steps)
    if "regions" in config.parts:
        jobs["regions"] = lambda: experiments.regions(seeds.child("regions"), n, config.region_rows, tuple(RIVALS))
    if "encodings" in config.parts:
        for task in config.tasks:
            jobs[f"encodings/{task}"] = lambda task=task: experiments.encodings(
                seeds.child("encodings"), task, n, config.rows)  # fmt: skip
    if "cost" in config.parts:
        jobs["cost"] = lambda: cost(seeds.child("cost"))
    how = Dyna(branches=config.branches, length=config.length)
    for place in config.places:
        for method in config.methods:
            jobs[f"dyna/{place}/{method}"] = lambda p=place, m=method: lived(
                p, m, config.steps(p), n, seeds.child("dyna", p), how, config.learner)  # fmt: skip
    return jobs


PAPER = paper(
    "losse",
    authors="Liu, Du, Lee, Lin",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
