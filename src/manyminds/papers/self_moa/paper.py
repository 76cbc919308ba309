"""Self-MoA (arXiv 2502.00674): is it better to mix different models, or to sample the best one several times?"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from manyminds.core import BadInput, Lab, PaperResults
from manyminds.models.load import ModelReference
from manyminds.models.request import Model
from manyminds.papers.index import paper
from manyminds.papers.self_moa import judges, regimes, tasks, tradeoff, trials, writing
from manyminds.papers.self_moa.arms import MIXES, Plan, Scored, parsed
from manyminds.papers.self_moa.claims import CLAIMS
from manyminds.papers.self_moa.judges import Judged
from manyminds.papers.self_moa.organisms import Trio, raised
from manyminds.papers.self_moa.regimes import Regime
from manyminds.papers.self_moa.shown import figures, tables
from manyminds.papers.self_moa.specialists import LETTERS
from manyminds.papers.self_moa.tradeoff import Fitted
from manyminds.papers.self_moa.trials import Trial
from manyminds.papers.self_moa.writing import Written
from manyminds.tuning.organisms import Raising

ARMS = (
    *(f"single:{letter}" for letter in LETTERS), *(f"mixed:{slots}" for slots in MIXES),
    *(f"mixed:{letter * 6}" for letter in LETTERS), "self", "self-best", "layers:iimmdd", "seq", "usc", "usc:iimmdd",
    "vote:iimmdd", "planted:iimmdd",
)  # fmt: skip


class Config(Raising):
    """Scripted specialists by default; with `models` and `data` the same arms on real ones."""

    models: tuple[ModelReference, ...] = Field((), description="proposers; the k-th has the k-th of `letters`")
    letters: str = Field(LETTERS, description="a letter for each model, as used in the names of arms")
    aggregator: str = Field("i", description="letter of the model that aggregates; arm 'self-best' uses the best")
    judge: ModelReference = Field("", description="who compares or grades where only a judge can")
    data: tuple[str, ...] = Field((), description="NAME:PATH, tasks:PATH or nursery:FAMILY@LEVEL")
    arms: tuple[str, ...] = Field(ARMS, description="arms by name; MIX is a multiset of letters")
    limit: int = Field(500, ge=4, description="tasks of each set, those of validation included")
    validation: int = Field(100, ge=1, description="tasks on which the best model is chosen; not tested on")
    questions: int = Field(100, ge=10, le=100_000, description="test questions of each scripted exam")
    exams: int = Field(1, ge=1, le=20, description="scripted exams of each family, on fresh questions")
    rho: float = Field(0.5, ge=0, le=1, description="share of difficulty that all specialists have in common")
    errors: tuple[Literal["shared", "own"], ...] = Field(("shared", "own"), description="whose the distractors are")
    map_items: int = Field(20_000, ge=100, description="drawn items of each cell of the regime map")
    configurations: int = Field(1000, ge=100, description="questions behind each of 70 configurations regressed")
    writing: int = Field(300, ge=20, description="writing tasks of the scripted writers")
    organism_questions: int = Field(150, ge=10, le=10_000, description="of each family, put to raised specialists")
    organism_tokens: int = Field(250_000, ge=1, description="that each of three specialists and aggregator reads")
    slots: int = Field(6, ge=1, le=64, description="samples of 'self' and 'usc'")
    samples: int = Field(30, ge=1, le=1000, description="samples of 'seq'")
    window: int = Field(6, ge=2, le=100)
    reserved: int = Field(3, ge=1, description="places of the window that repeat the best so far")
    temperature: float = Field(0.7, ge=0, le=2, description="of proposers and aggregator, in all arms")
    max_tokens: int = Field(2048, ge=16)

    @model_validator(mode="after")
    def fits(self) -> "Config":
        if bool(self.models) != bool(self.data):
            raise ValueError("models and data go together: models=URL#A,URL#B data=math:test.jsonl")
        if self.models and len(self.letters) < len(self.models):
            raise ValueError(f"{len(self.models)} models need as many letters, and letters={self.letters!r}")
        if len(set(self.letters)) < len(self.letters):
            raise ValueError(f"letters={self.letters!r} names two models alike")
        if self.reserved >= self.window:
            raise ValueError(f"reserved={self.reserved} leaves nothing new in window={self.window}")
        try:
            for name in self.arms:
                parsed(name, self.plan)
        except BadInput as error:
            raise ValueError(str(error)) from None
        if self.aggregator not in tuple(self.known):
            raise ValueError(f"aggregator={self.aggregator!r} is none of the models {', '.join(self.known)}")
        return self

    @property
    def known(self) -> str:
        return self.letters[: len(self.models)] if self.models else LETTERS

    @property
    def plan(self) -> Plan:
        return Plan(self.known, self.aggregator, self.slots, self.samples, self.window, self.reserved, self.temperature,
                    self.max_tokens)  # fmt: skip


class Results(PaperResults):
    trials: list[Trial]
    map: list[Regime]
    fits: dict[str, list[Fitted]]  # by whose the distractors are
    written: list[Written]
    judged: list[Judged]
    models: dict[str, str]  # letter -> reference; empty where scripted
    sequence: tuple[int, int, int]  # samples, window, reserved
    organisms: list[Trio] = Field(default_factory=list)


async def run(config: Config, lab: Lab) -> Results:
    """Trials of all arms; without models also the map, the trade-off and the writers, which call none."""
    shown = {"models": dict(zip(config.letters, config.models)),
             "sequence": (config.samples, config.window, config.reserved)}  # fmt: skip
    if config.models:
        found, judged = await on_data(config, lab)
        return Results(trials=found, map=[], fits={}, written=[], judged=judged, **shown)
    made = [await lab.once(f"exams {errors}", lambda errors=errors: trials.scripted(
        config.plan, config.arms, errors == "shared", config.rho, config.exams, config.validation, config.questions,
        lab.seeds.child("exams"))) for errors in config.errors]  # fmt: skip
    fits = {errors: await lab.once(f"fits {errors}", lambda errors=errors: tradeoff.regressed(
        trials.exams(lab.seeds.child("fits"), config.configurations, errors == "shared", config.rho),
        config.aggregator)) for errors in config.errors}  # fmt: skip
    return Results(
        trials=[one for part in made for one in part],
        map=await lab.once("map", lambda: regimes.mapped(lab.seeds.child("map"), config.map_items)), fits=fits,
        written=await lab.once("writers", lambda: writing.written(lab.seeds.child("writing"), config.writing)),
        judged=[], **shown,
        organisms=[await raised(lab, config, seed, config.organism_questions) for seed in range(config.organisms)],
    )  # fmt: skip


async def on_data(config: Config, lab: Lab) -> tuple[list[Trial], list[Judged]]:
    """Every arm on every set; where only a judge can score, the judge does."""
    models: dict[str, Model] = {letter: lab.model(ref) for letter, ref in zip(config.letters, config.models)}
    found, judged = [], []
    for entry in config.data:
        data = tasks.loaded(entry, config.limit, lab.seeds)
        trial = await trials.trial(
            data, config.plan, config.arms, config.validation, models, f"{lab.seeds}/{data.name}", lab
        )
        found.append(trial)
        if data.judged and config.judge:
            judged += await by_judge(config, lab, data, trial, models)
    return found, judged


async def by_judge(config: Config, lab: Lab, data: tasks.Set, trial: Trial, models: Mapping[str, Model]) -> list[Any]:
    judge, test = lab.model(config.judge), data.split(trial.validation)[1]
    rows: list[Scored] = trial.rows
    if data.name == "mt-bench":
        return [await judges.graded(judge, data, test, row, config.plan, trial.best, models, lab) for row in rows]
    return [await judges.compared(judge, data, test, row, lab) for row in rows]


PAPER = paper(
    "self-moa", authors="Li, Lin, Xia, Jin", year=2025, config=Config, results=Results, run=run, claims=CLAIMS,
    tables=tables, figures=figures,
)  # fmt: skip
