"""AgentCoder (arXiv 2312.13010): does a separate author of tests make a programmer better?"""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from manyminds.conversations.coding import AgentCoder, Mode
from manyminds.conversations.judging import Judge, Kept
from manyminds.conversations.methods import Minds
from manyminds.core import Lab, PaperConfig, PaperResults
from manyminds.models.load import ModelReference, is_house
from manyminds.papers.agentcoder.arms import Bench, Trial, arms
from manyminds.papers.agentcoder.bank import Item, items
from manyminds.papers.agentcoder.claims import CLAIMS
from manyminds.papers.agentcoder.extras import Draws, SuiteScore, draws, never_rejected, scored
from manyminds.papers.agentcoder.house import HouseArm, Specified, specified
from manyminds.papers.agentcoder.model import Answered, answered, of_bank, released
from manyminds.papers.agentcoder.scripted import Designer
from manyminds.papers.agentcoder.shown import figures, tables
from manyminds.papers.index import paper
from manyminds.tuning.cards import standard_levels

SCRIPTED = 60.0  # seconds on the clock: a program of a scripted mind is asked for all that will ever be asked of it


class Config(PaperConfig):
    """Without `model` scripted minds with known chances write and test; no language model takes part."""

    items: int = Field(24, ge=1, le=128, description="functions of the bank")
    runs: int = Field(3, ge=1, le=100, description="independent repeats of every task")
    attempts: int = Field(5, ge=2, le=50, description="programs at most in a loop of scripted minds")
    right: float = Field(0.6, ge=0, le=1, description="chance that the scripted programmer is right")
    asserts: int = Field(5, ge=1, le=8, description="assertions of a scripted suite")
    valid: float = Field(0.95, ge=0, le=1, description="chance that an assertion of it is valid")
    exposing: float = Field(0.5, ge=0, le=1, description="chance that a valid one exposes a wrong program")
    bad: float = Field(0.6, ge=0, le=1, description="the same as `valid`, where tests are bad")
    draw_runs: int = Field(4, ge=1, le=1000, description="repeats of drawing until right")
    model: ModelReference = Field("", description="the programmer")
    designer: ModelReference = Field("", description="the test designer; default: the programmer's model")
    data: str = Field("", description="a file in the form of HumanEval or MBPP; without one the bank")
    extended: str = Field("", description="the file with the tests of its ET form")
    mode: Mode = "paper"
    rounds: int = Field(5, ge=0, le=50, description="repairs of a language model, or epochs in mode repo")
    tests: Literal["designer", "shared", "examples"] = "designer"
    temperature: float = Field(0.7, ge=0, le=2)
    specifications: int = Field(300, ge=3, le=10_000, description="chains of operations for the house model")
    levels: tuple[int, ...] = Field((), description="operations in a chain; default: by the card of the house model")
    unsafe_exec: bool = Field(False, description="run programs even where nothing isolates them")

    @field_validator("data", "extended")
    @classmethod
    def exists(cls, place: str) -> str:
        if place and not Path(place).is_file():
            raise ValueError(f"there is no file {place}")
        return place

    @model_validator(mode="after")
    def fits(self) -> "Config":
        if not self.model and (self.data or self.designer):
            raise ValueError("data and designer need a model; give model=REFERENCE")
        if is_house(self.model) and self.data:
            raise ValueError("the house model writes chains of operations; leave data out")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (self.model, self.designer))))


class Results(PaperResults):
    attempts: int
    arms: dict[str, list[Trial]] = Field({})
    expected: dict[str, list[float]] = Field({})  # solved after 1, 2, ... attempts, by the closed form
    draws: list[Draws] = Field([])
    suites: dict[str, list[SuiteScore]] = Field({})
    rejected: int = 0  # references that a suite of valid assertions rejected
    language: dict[str, list[Answered]] = Field({})
    house: list[Specified] = Field([])
    data: str = ""
    settings: dict[str, str | int | float] = Field({})


async def run(config: Config, lab: Lab) -> Results:
    house = is_house(config.model)
    levels = config.levels or (standard_levels(config.model, "functions", "direct") if house else ())
    async with Judge(each=0.5, whole=SCRIPTED if not config.model else 3.0, unsafe=config.unsafe_exec) as judge:
        if house:
            arm = HouseArm(lab.model(config.model), Kept(judge, lab.once), config.rounds, config.temperature)
            found = await specified(arm, lab, config.specifications, config.runs, levels)
            return Results(attempts=config.rounds + 1, house=found)
        if config.model:
            return await spoken(config, lab, judge)
        return await scripted(config, lab, judge)


async def scripted(config: Config, lab: Lab, judge: Judge) -> Results:
    """The arms of scripted minds, each computed once in the life of a run."""
    found, seeds = await items(lab, judge, config.items), lab.seeds.child("arms")
    table = arms(config.right, config.asserts, config.valid, config.exposing, config.bad, config.attempts - 1)
    bench, done = Bench(judge, seeds), lab.progress(len(table) + 6, "arms")

    async def piece(name: str, work: object) -> object:
        kept = await lab.once(name, work)  # type: ignore[arg-type]
        done()
        return kept

    trials = {arm.name: await piece(arm.name, lambda arm=arm: bench.trials(arm, found, config.runs)) for arm in table}
    curves = {arm.name: [sum(arm.closed_form(item, n) for item in found) / len(found)
                         for n in range(1, config.attempts + 1)] for arm in table if arm.expected}  # fmt: skip
    drawn = [await piece(f"draws {memory}", lambda memory=memory: draws(memory, found, judge, seeds, config.draw_runs))
             for memory in ("none", "tried", "consistent")]  # fmt: skip
    designers = {"by chance": Designer(config.asserts, config.valid, config.exposing),
                 "inputs by kind": Designer(config.asserts, config.valid, None)}  # fmt: skip
    suites = {name: await piece(f"suites {name}", lambda designer=designer: scored(designer, found, judge, seeds))
              for name, designer in designers.items()}  # fmt: skip
    rejected = await piece("rejected", lambda: never_rejected(found, judge, seeds))
    return Results.model_validate({"attempts": config.attempts, "arms": trials, "expected": curves, "draws": drawn,
                                   "suites": suites, "rejected": rejected})  # fmt: skip


async def spoken(config: Config, lab: Lab, judge: Judge) -> Results:
    """A language model alone and in the loop, on the same tasks with the same first programs."""
    if config.data:
        problems = released(Path(config.data), Path(config.extended) if config.extended else None, judge, 3.0)
    else:
        known: list[Item] = await items(lab, judge, config.items)
        problems = of_bank(known, judge)
    minds = Minds(lab.model(config.model), {"designer": lab.model(config.designer)} if config.designer else {})
    kept, measured = Kept(judge, lab.once), config.mode == "paper" and config.tests != "examples"
    coders = {
        "programmer": AgentCoder(tests="none", temperature=config.temperature, executor=kept),
        f"loop, mode {config.mode}": AgentCoder(config.mode, config.rounds, config.tests, executor=kept,
                                                temperature=config.temperature),
    }  # fmt: skip
    found = {}
    for name, coder in coders.items():
        jobs = [answered(coder, problem, minds, run, judge, lab, measured and name != "programmer")
                for problem in problems for run in range(config.runs)]  # fmt: skip
        found[name] = list(await lab.gather(jobs, name))
    return Results(attempts=config.rounds + 1, language=found, data=Path(config.data).name if config.data else "bank",
                   settings={"model": config.model, "mode": config.mode, "rounds": config.rounds})  # fmt: skip


PAPER = paper(
    "agentcoder",
    authors="Huang, Zhang, Luck, Bu, Qing, Cui",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
