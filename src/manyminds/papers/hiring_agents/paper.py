"""Hiring agents (arXiv 2307.06210): what does it take to pay several people for information that nobody can check?"""

from pathlib import Path

from pydantic import Field, field_validator

from manyminds.agents.hired import RULES
from manyminds.agents.seats import known
from manyminds.core import BadInput, Lab, PaperConfig, PaperResults
from manyminds.models.load import load, names_model
from manyminds.papers.hiring_agents import experiments
from manyminds.papers.hiring_agents.claims import CLAIMS
from manyminds.papers.hiring_agents.rows import Canonical, Capped, Drawn, Learned, Obeyed, Solved
from manyminds.papers.hiring_agents.shown import figures, tables
from manyminds.papers.hiring_agents.study import one
from manyminds.papers.hiring_agents.user import read, solved
from manyminds.papers.index import paper
from manyminds.theory.audit import random_audit
from manyminds.theory.hiring import solve
from manyminds.theory.hiring_instances import KINDS
from manyminds.theory.hiring_online import Learning, Plan

MINDS = (
    ("obedient", "obedient"),
    ("best-reply", "best-reply"),
    ("shirks", "obedient"),
    ("shirks-and-lies", "obedient"),
)


class Config(PaperConfig):
    """Without `instance` the experiments run; with it, that file is solved and nothing else."""

    instance: str = Field("", description="a JSON file with prior, law, costs, utility, cap: solve it, write contracts")
    model: str = Field("", description="a model reference for both seats of the obedience study")
    seats: tuple[str, ...] = Field((), description="worker, auditor: rules, model references or 'human'")
    random: int = Field(30, ge=0, le=10_000, description="random instances of each kind of law")
    horizons: tuple[int, ...] = Field(
        (10**5, 10**6, 10**7, 10**8, 10**9), min_length=1, description="T of the learning curves"
    )
    repeats: int = Field(20, ge=1, le=10_000, description="seeds of each point of a learning curve")
    width: float = Field(0.04, gt=0, le=10, description="eps = width * cap * sqrt(ln T / N)")
    widths: tuple[float, ...] = Field((0.0025, 0.01, 0.1), description="other widths, at the first and last horizon")
    observe_effort: bool = Field(True, description="does the principal see efforts while she learns?")
    accuracy: float = Field(0.9, gt=0.5, le=1, description="of the signal of who works, in the learning curves")
    work: float = Field(0.1, ge=0, le=1, description="cost of work there")
    audit: float = Field(0.1, ge=0, le=1, description="cost of an audit there")
    cap: float = Field(1.0, gt=0, le=1000, description="largest payment there")
    idle: float = Field(0.6, gt=0.5, lt=1, description="accuracy of who rests there; 1/2 could not be learned")
    rounds: int = Field(20, ge=1, le=100_000, description="rounds of a play of the obedience study")
    plays: int = Field(5, ge=1, le=10_000)
    premium: float = Field(0.01, ge=0, le=0.05, description="by how much obedience is better in the study's contract")
    temperature: float = Field(0.0, ge=0, le=2)

    @field_validator("instance")
    @classmethod
    def instance_fits(cls, file: str) -> str:
        if file:
            try:
                read(Path(file))
            except BadInput as error:
                raise ValueError(str(error)) from None
        return str(Path(file).resolve()) if file else ""

    @field_validator("horizons")
    @classmethod
    def horizons_fit(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 100 <= rounds <= 10**12 for rounds in horizons):
            raise ValueError("horizons must be from 100 to 10^12 rounds")
        return horizons

    @field_validator("seats")
    @classmethod
    def seats_exist(cls, seats: tuple[str, ...]) -> tuple[str, ...]:
        if seats and len(seats) != 2:
            raise ValueError("the study has two seats: worker, auditor")
        return tuple(known(seat, RULES) for seat in seats)

    @field_validator("model")
    @classmethod
    def model_exists(cls, reference: str) -> str:
        if reference:
            load(reference)
        return reference

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run of this config will call."""
        return tuple(sorted({seat for seat in (self.model, *self.seats) if seat and names_model(seat)}))

    @property
    def minds(self) -> tuple[tuple[str, ...], ...]:
        """Who sits where in the study, pair by pair."""
        if self.seats:
            return (self.seats,)
        return ((self.model, "obedient"), ("obedient", self.model)) if self.model else MINDS


class Results(PaperResults):
    canonical: tuple[Canonical, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    optimum: float | None = None  # of the instance that is learned
    learned: tuple[Learned, ...] = ()
    caps: tuple[Capped, ...] = ()
    study: tuple[Obeyed, ...] = ()
    solved: Solved | None = None


async def run(config: Config, lab: Lab) -> Results:
    """The user's instance alone, or everything else."""
    if config.instance:
        row = await lab.once("instance", lambda: solved(Path(config.instance), lab.folder))
        return Results(solved=Solved.model_validate(row))
    canonical = await lab.once("audit", experiments.canonical)
    drawn = []
    for kind in KINDS:
        drawn += await lab.once(
            kind, lambda kind=kind: experiments.drawn(kind, config.random, lab.seeds.child("random"))
        )
    learner = random_audit(config.accuracy, config.work, config.audit, config.cap, config.idle)
    optimum = solve(learner).value
    learned = await curves(config, lab, optimum)
    caps = await lab.once("caps", lambda: experiments.by_cap(random_audit()))
    plays = [(minds, k) for minds in config.minds for k in range(config.plays)]
    jobs = [one(lab, minds, k, config.rounds, config.premium, config.temperature) for minds, k in plays]
    study = [row for rows in await lab.gather(jobs, "plays") for row in rows]
    return Results(canonical=canonical, drawn=drawn, optimum=optimum, learned=learned, caps=caps, study=study)


async def curves(config: Config, lab: Lab, optimum: float) -> list[Learned]:
    """Every plan at every horizon, and the plan of the paper with other widths at both ends."""
    instance = random_audit(config.accuracy, config.work, config.audit, config.cap, config.idle)
    plans: tuple[Plan, ...] = ("commit", "no mixture", "always explore", "never explore")
    cells = [(plan, config.width, rounds) for plan in plans for rounds in config.horizons]
    ends = dict.fromkeys((config.horizons[0], config.horizons[-1]))
    cells += [("commit", width, rounds) for width in config.widths if width != config.width for rounds in ends]
    done, rows = lab.progress(len(cells), "learning curves"), []
    for plan, width, rounds in cells:
        learning = Learning(width=width, observe_effort=config.observe_effort)
        repeats = config.repeats if plan in ("commit", "no mixture") else 1  # the others draw nothing

        def work(
            plan: Plan = plan, rounds: int = rounds, learning: Learning = learning, repeats: int = repeats
        ) -> Learned:
            return experiments.learned(instance, optimum, plan, rounds, learning, repeats, lab.seeds.child("learning"))

        rows.append(Learned.model_validate(await lab.once(f"{plan}/{width:g}/{rounds}", work)))
        done()
    return rows


PAPER = paper(
    "hiring-agents",
    authors="Cacciamani, Castiglioni, Gatti",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
