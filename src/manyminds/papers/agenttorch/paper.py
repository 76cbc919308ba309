"""AgentTorch (arXiv 2409.10568): a city whose agents think in archetypes, calibrated by gradient, asked what if."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from manyminds.core import BadInput, Lab, PaperConfig, PaperResults, Seeds
from manyminds.models.load import ModelReference
from manyminds.papers.agenttorch import analyses, architectures
from manyminds.papers.agenttorch.analyses import Context, Equivalence, WhatIf
from manyminds.papers.agenttorch.architectures import PAYMENTS, SHARE, TRUE_R, Compared, Kind
from manyminds.papers.agenttorch.claims import CLAIMS
from manyminds.papers.agenttorch.files import town_from
from manyminds.papers.agenttorch.living import WEEK, Life, Plan, Town, lived, town
from manyminds.papers.agenttorch.minds import Asked, Mind, Planted, Rule
from manyminds.papers.agenttorch.recovery import Recovery, recovery
from manyminds.papers.agenttorch.shown import figures, tables
from manyminds.papers.index import paper
from manyminds.worlds.populations.epidemic import Epidemic
from manyminds.worlds.populations.files import monthly_unemployment

Part = Literal["city", "architectures", "recovery", "equivalence", "what-ifs", "contexts"]
STUDIES: tuple[Part, ...] = ("architectures", "recovery", "equivalence", "what-ifs", "contexts")


class Config(PaperConfig):
    """A city that lives (`agents`, `days`), and studies in a smaller one (`study_agents`)."""

    agents: int = Field(20_000, ge=350, le=100_000_000, description="people of the city that is simulated")
    days: int = Field(112, ge=7, le=3500, description="days that it lives (whole weeks)")
    runs: int = Field(3, ge=1, le=1000, description="lives of it, for the band")
    folder: str = Field("", description="a real population instead: a folder of columns and an edge list")
    unemployment: str = Field("", description="a published table of unemployment by borough and month, to compare with")
    contacts: Literal["mixing", "city"] = Field("mixing", description="random mixing (released) or households too")
    model: ModelReference = Field("", description="a language model that is asked; the planted rule where empty")
    attributes: tuple[str, ...] = Field(("age", "gender", "income"), description="what tells archetypes apart")
    budget: int = Field(300, ge=1, description="queries a decision time and action")
    context: Literal["demographics", "disease", "stimulus"] = Field("stimulus", description="what prompts show")
    reproduction: float = Field(TRUE_R, ge=0, le=50, description="R of the city that lives")
    parts: tuple[Part, ...] = Field(("city", *STUDIES))
    study_agents: int = Field(10_000, ge=1000, le=10_000_000, description="people of the cities that are studied")
    seeds: int = Field(2, ge=1, le=100, description="seeds of each study")
    kinds: tuple[Kind, ...] = Field(("archetype", "heuristic", "individual"))
    train: int = Field(16, ge=4, description="weeks to calibrate on (whole months of 4)")
    weeks: int = Field(32, ge=8, description="weeks in all; the rest is forecast")
    updates: int = Field(6, ge=1, description="gradient updates of each architecture")
    forecasts: int = Field(2, ge=1, description="forecasts averaged")
    weekly_updates: int = Field(30, ge=5, description="gradient updates of the weekly R")
    network_updates: int = Field(5, ge=1, description="gradient updates of the network")
    pairs: int = Field(10, ge=2, description="runs on either side of the test of archetypes")
    pair_weeks: int = Field(3, ge=1)
    wave: int = Field(12, ge=4, description="weeks of a counterfactual wave")

    def repeats(self, archetypes: int) -> int:
        return max(self.budget // archetypes, 1)


class Band(BaseModel, frozen=True):
    """One life of the city: new cases a day, the share at home, and what it took."""

    cases: list[float]
    home: list[float]
    willing: list[list[float]]  # (weeks, boroughs): share of the people
    deaths: float
    queries: int
    invalid: int
    seconds: float  # of simulation and minds together, compilation included


class Results(PaperResults):
    agents: int
    archetypes: int
    repeats: int
    building: float = 0.0  # seconds
    asked: str = "planted rule"
    city: list[Band] = Field(default_factory=list)
    boroughs: dict[str, list[float]] = Field(default_factory=dict)  # correlation with the given table, by life
    compared: list[Compared] = Field(default_factory=list)
    recovered: list[Recovery] = Field(default_factory=list)
    equivalence: Equivalence | None = None
    what_ifs: list[WhatIf] = Field(default_factory=list)
    contexts: list[Context] = Field(default_factory=list)


async def run(config: Config, lab: Lab) -> Results:
    """The city first, then the studies; every piece is computed once in the life of a run."""
    if config.weeks <= config.train or config.weeks % 4 or config.train % 4:
        raise BadInput(f"train={config.train} and weeks={config.weeks} must be whole months of 4, and weeks the larger")
    start = perf_counter()
    place = home(config, lab.seeds) if "city" in config.parts else None
    built = perf_counter() - start
    found: dict[str, Any] = {}
    if place is not None:
        given = monthly_unemployment(config.unemployment, place.city.boroughs) if config.unemployment else {}
        found["city"] = [await band(config, lab, place, i) for i in range(config.runs)]
        found["boroughs"] = analyses.followed(given, place.city.boroughs, [life["willing"] for life in found["city"]])
    count = place.archetypes.count if place else town(1000, lab.seeds, config.attributes).archetypes.count
    del place  # the city may be most of the memory
    found |= await studies(config, lab)
    return Results.model_validate({
        "agents": config.agents, "archetypes": count, "repeats": config.repeats(count), "building": built,
        "asked": config.model or "planted rule", **found,
    })  # fmt: skip


def home(config: Config, seeds: Seeds) -> Town:
    if config.folder:
        return town_from(config.folder, config.attributes)
    return town(config.agents, seeds.child("city"), config.attributes, config.contacts)


def mind_of(config: Config, lab: Lab, stream: str) -> Callable[[Kind, Town, Seeds], Mind]:
    """Who is asked, for each architecture: the planted rule, or the model through the run's door."""

    def make(kind: Kind, of: Town, seeds: Seeds) -> Mind:
        if not config.model or kind == "heuristic":
            return architectures.planted_mind(kind, of, config.budget, seeds, Rule())
        repeats = 1 if kind == "individual" else config.repeats(of.archetypes.count)
        people = individual_people(of) if kind == "individual" else of.people
        return Asked(lab.model(config.model), people, repeats, f"{stream}/{kind}/{seeds}", config.context)

    return make


def individual_people(of: Town) -> list[dict[str, str] | None]:
    """What a prompt says of each agent."""
    from manyminds.worlds.populations.city import AGES, GENDERS

    city = of.city
    return [
        {"age": AGES[a], "gender": GENDERS[g], "borough": city.boroughs[b], "income band": str(i)}
        for a, g, b, i in zip(city.age, city.gender, city.borough, city.income)
    ]


async def band(config: Config, lab: Lab, place: Town, number: int) -> dict[str, Any]:
    """One life of the city; a life that was cut short goes on from its last week."""
    seeds, weeks = lab.seeds.child("life", number), config.days // WEEK
    done = lab.progress(weeks * WEEK, f"days of {place.agents:,} people, life {number + 1}")
    mind: Mind
    if config.model:
        mind = mind_of(config, lab, f"life {number}")("archetype", place, seeds)
    else:
        mind = Planted(Rule(), place.levels, config.repeats(place.archetypes.count), seeds, config.context)
    plan = Plan(np.array([config.reproduction]), SHARE, PAYMENTS)
    keeper = lab.checkpoint(f"life {number}")
    world = Epidemic(areas=len(place.city.boroughs))

    async def live() -> dict[str, Any]:
        start = perf_counter()
        life = await lived(place, world, mind, plan, weeks, seeds, keeper, done)
        return seen(life, perf_counter() - start)

    found: dict[str, Any] = await lab.once(f"life {number}", live)
    keeper.remove()
    return found


def seen(life: Life, seconds: float) -> dict[str, Any]:
    band = Band(
        cases=life.cases.sum(1).tolist(),
        home=life.home.tolist(),
        willing=life.willing.tolist(),
        deaths=float(life.deaths.sum()),
        queries=life.queries,
        invalid=life.invalid,
        seconds=seconds,
    )
    return band.model_dump()


async def studies(config: Config, lab: Lab) -> dict[str, Any]:
    """Every study on every seed."""
    wanted = [part for part in config.parts if part != "city"]
    found: dict[str, Any] = {"compared": [], "recovered": [], "what_ifs": [], "contexts": []}
    done = lab.progress(len(wanted) * config.seeds, "studies") if wanted else lambda: None
    for seed in range(config.seeds if wanted else 0):
        seeds = lab.seeds.child("study", seed)
        of = town(config.study_agents, seeds, config.attributes)
        for part in wanted:
            if part == "equivalence" and seed:
                done()
                continue
            rows = await lab.once(f"{part}/{seed}", lambda p=part, s=seed, o=of: study(config, lab, p, o, s))
            if part == "equivalence":
                found["equivalence"] = rows
            else:
                name = {"architectures": "compared", "recovery": "recovered", "what-ifs": "what_ifs"}.get(part, part)
                found[name] += rows
            done()
    return found


async def study(config: Config, lab: Lab, part: str, of: Town, seed: int) -> Any:
    """One study on one seed, as plain values."""
    seeds, repeats = lab.seeds.child(part, seed), config.repeats(of.archetypes.count)
    if part == "recovery":
        return [recovery(of, config.weekly_updates, config.network_updates, seeds)]
    if part == "equivalence":
        row = await analyses.equivalence(of, config.pairs, config.pair_weeks, repeats, seeds, Rule())
        return row.model_dump()
    if part == "what-ifs":
        return [row.model_dump() for row in await analyses.what_ifs(of, config.wave, repeats, seeds, seed)]
    given = await architectures.observed(of, config.weeks, seeds.child("observed"), Rule())
    if part == "contexts":
        # Boroughs differ in the prompts of this study, so they are told apart.
        split = town(config.study_agents, lab.seeds.child("study", seed), ("age", "income", "borough"))
        return [row.model_dump() for row in await analyses.contexts(split, given, repeats, seeds, Rule(), seed)]
    mind = mind_of(config, lab, f"study {seed}")
    rows = [
        await architectures.compared(kind, of, given, mind, config.train, seeds.child(kind), config.budget,
                                     config.updates, config.forecasts, seed)
        for kind in config.kinds
    ]  # fmt: skip
    return [row.model_dump() for row in rows]


PAPER = paper(
    "agenttorch",
    authors="Chopra, Kumar, Giray-Kuru, Raskar, Quera-Bofarull",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
