"""GovSim (arXiv 2404.16698): does a society of minds keep its commons alive?"""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from manyminds.agents.commoners import RULES, RuleClerk
from manyminds.agents.language import LanguageAgent
from manyminds.agents.seats import PERSON, known
from manyminds.core import Agent, Lab, PaperConfig, PaperResults, Trajectory, play, unknown
from manyminds.models.load import ModelReference, names_model
from manyminds.papers.govsim import channel as channels
from manyminds.papers.govsim import skills
from manyminds.papers.govsim.claims import CLAIMS
from manyminds.papers.govsim.figures import figures
from manyminds.papers.govsim.labels import labelled, spoken
from manyminds.papers.govsim.log import records_of, write_log
from manyminds.papers.govsim.rows import Row, row_of
from manyminds.papers.govsim.societies import CONDITIONS, SOCIETIES, Society, agents_of, alike, labels
from manyminds.papers.govsim.tables import tables
from manyminds.papers.index import paper
from manyminds.theory.commons import planner_optimum
from manyminds.worlds.games.commons import CLERK, Commons
from manyminds.worlds.games.commons_game import PERSONAS
from manyminds.worlds.games.skins import SKINS

Scenario = Literal["fishery", "pasture", "pollution"]


class Config(PaperConfig):
    """The paper's settings. Without `model` or `seats` the rule societies play, and no model is called."""

    scenario: tuple[Scenario, ...] = Field(("fishery",), description="skins of the same commons")
    condition: tuple[str, ...] = Field(tuple(CONDITIONS), description="which conditions are played")
    model: tuple[ModelReference, ...] = Field((), description="model references; one society of each")
    seats: tuple[str, ...] = Field((), description="one mind a seat: a rule, a model reference or 'human'")
    clerk: ModelReference = Field(
        "", description="who extracts the agreed limit: a model reference; default: the society's model"
    )
    labeller: ModelReference = Field(
        "", description="who classifies utterances: a model reference; without one nobody does"
    )
    runs: int = Field(5, ge=1, le=100_000, description="independent societies a row")
    members: int = Field(5, ge=2, le=50)
    months: int = Field(12, ge=1, le=1000)
    allocation: Literal["stochastic", "proportional"] = "stochastic"
    temperature: float = Field(0.0, ge=0, le=2)
    joins: int = Field(3, ge=1, description="the month in which the newcomer joins")
    rates: bool = Field(True, description="language agents rate how important each memory is (more calls)")
    probes: bool | None = Field(None, description="ask the sub-skill questions; unset: rule minds only")
    probe_items: int = Field(150, ge=1, le=10_000, description="questions of each form of each skill")
    ladder_runs: int = Field(20, ge=2, le=10_000, description="societies of each rule mind that errs in arithmetic")
    believers: int = Field(20_000, ge=100, le=10_000_000, description="societies that show what talk is worth")
    logs: bool = Field(False, description="write each play as a log in the released form")

    @field_validator("condition")
    @classmethod
    def conditions_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CONDITIONS:
                raise ValueError(str(unknown("condition", name, CONDITIONS)))
        return names

    @field_validator("seats")
    @classmethod
    def seats_exist(cls, seats: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known(seat, RULES) for seat in seats)

    @field_validator("model", mode="before")
    @classmethod
    def one_model_is_a_list(cls, models: Any) -> Any:
        return ([models] if models else []) if isinstance(models, str) else models

    @model_validator(mode="after")
    def seats_fit(self) -> "Config":
        if self.seats and len(self.seats) != self.members:
            raise ValueError(f"there are {self.members} members, and {len(self.seats)} seats are named")
        if self.seats and self.model:
            raise ValueError("give either seats or model, not both")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run of this config will call."""
        named = (*self.model, self.clerk, self.labeller, *self.seats)
        return tuple(dict.fromkeys(seat for seat in named if seat and names_model(seat)))

    @property
    def by_default(self) -> bool:
        """Do the rule societies of this paper play?"""
        return not self.seats and not self.model

    def societies(self) -> tuple[Society, ...]:
        if self.seats:
            return (Society("seats as given", self.seats),)
        if self.model:
            return tuple(alike(model, self.members, label) for model, label in zip(self.model, labels(self.model)))
        return tuple(society if self.members == len(society.seats) else resized(society, self.members)
                     for society in SOCIETIES)  # fmt: skip


class Results(PaperResults):
    rows: list[Row]
    length: int  # months that count as survival; as many more under `newcomer` as pass until it joins
    members: int
    joins: int  # the month in which the newcomer joins
    optimum: int  # what a planner can take, all members together
    optimum_alive: int  # the same, if the commons must outlive the last month
    scores: list[skills.Score] = Field([])
    lasting: list[skills.Lasting] = Field([])
    channel: channels.Channel | None = None


def resized(society: Society, members: int) -> Society:
    """The same mix for another number of members: the first seat as it is, the second repeated."""
    first, *rest = society.seats
    return Society(society.name, (first, *(rest[0],) * (members - 1)))


def world_of(config: Config, scenario: str, condition: str) -> Commons:
    """The commons of one cell of the table."""
    names = tuple(PERSONAS[i] if i < len(PERSONAS) else f"Member {i + 1}" for i in range(config.members))
    late = condition == "newcomer"
    months = config.months + config.joins if late else config.months  # 15 in the paper
    joins = {names[-1]: config.joins - 1} if late else {}
    return Commons(
        names, skin=SKINS[scenario], allocation=config.allocation, months=months, joins=joins, **CONDITIONS[condition]
    )


def clerk_of(config: Config, society: Society, lab: Lab) -> Agent:
    """Who writes the minutes: the model named, else the first model at the table, else the rule of the median."""
    reference = config.clerk or next((seat for seat in society.seats if names_model(seat)), "")
    return LanguageAgent.direct(lab.model(reference), temperature=config.temperature) if reference else RuleClerk()


async def one(config: Config, lab: Lab, society: Society, scenario: str, condition: str, repeat: int) -> Row:
    """One society under one condition, from its first month to its last."""
    world = world_of(config, scenario, condition)
    place = (society.name, scenario, condition, repeat)
    name, seeds = "/".join(map(str, place)), lab.seeds.child(*place)
    agents = agents_of(society, world.members, condition, lab, config.temperature, config.rates)
    agents[CLERK] = clerk_of(config, society, lab)
    record, lines = lab.record(name), Trajectory(name)

    def both(step: Any) -> None:
        record(step)
        lines(step)

    played = await play(world, agents, seeds, both if config.logs or config.labeller else record)
    counted: dict[str, Any] = {
        "invalid": sum(sum(getattr(agent, "invalid", {}).values()) for agent in agents.values()),
        "unrated": sum(getattr(agent, "unrated", 0) for agent in agents.values()),
    }
    if config.labeller:
        classes = await labelled(LanguageAgent.direct(lab.model(config.labeller)), spoken(lines), seeds)
        counted |= {"unlabelled": classes.pop("unlabelled", 0), "utterances": dict(classes)}
    if config.logs:
        write_log(records_of(lines), lab.folder / f"log {name.replace('/', ', ')}.json")
    where = dict(zip(("society", "scenario", "condition", "repeat"), place)) | {"kind": society.kind}
    return row_of(where, world, played, **counted)


async def run(config: Config, lab: Lab) -> Results:
    """Every society under every condition in every skin, `runs` times; then sub-skills, and what talk is worth."""
    cells = [
        (society, scenario, condition, repeat)
        for society in config.societies()
        for scenario in config.scenario
        for condition in config.condition
        for repeat in range(config.runs)
    ]
    if PERSON in config.seats:  # a person can sit at one table at a time
        rows = [(await lab.gather([one(config, lab, *cell)], "societies"))[0] for cell in cells]
    else:
        rows = await lab.gather([one(config, lab, *cell) for cell in cells], "societies")
    scores, lasting = await probed(config, lab)
    channel = None
    if config.by_default:
        found = await lab.once("channel", lambda: channels.measured(lab.seeds.child("channel"), config.believers))
        channel = channels.Channel.model_validate(found)
    return Results(
        rows=rows,
        length=config.months,
        members=config.members,
        joins=config.joins,
        optimum=planner_optimum(config.months),
        optimum_alive=planner_optimum(config.months, keep_alive=True),
        scores=scores,
        lasting=lasting,
        channel=channel,
    )


async def probed(config: Config, lab: Lab) -> tuple[list[skills.Score], list[skills.Lasting]]:
    """The sub-skill questions: to each model if asked for; to a ladder of erring rule minds where rules play."""
    scores: list[skills.Score] = []
    lasting: list[skills.Lasting] = []
    if config.probes is False or not (config.probes or config.by_default):
        return scores, lasting
    seeds = lab.seeds.child("probes")
    items = skills.all_items(seeds, config.probe_items, config.scenario[0])
    if config.by_default:
        rungs = [lab.once(f"ladder/{slips:g}", rung_of(config, slips, items, seeds)) for slips in skills.LADDER]
        for rung in await lab.gather(rungs, "rule minds that calculate"):
            scores += map(skills.Score.model_validate, rung["scores"])
            lasting.append(skills.Lasting.model_validate(rung["lasting"]))
    references = config.model or tuple(dict.fromkeys(seat for seat in config.seats if names_model(seat)))
    for reference, label in zip(references, labels(references)):
        solver = LanguageAgent.direct(lab.model(reference), temperature=config.temperature)
        marks = await skills.answered(
            solver, items, seeds.child(label), lambda jobs, label=label: lab.gather(jobs, f"questions to {label}")
        )
        scores += skills.scores(label, False, items, marks)
    return scores, lasting


def rung_of(config: Config, slips: float, items: list[Any], seeds: Any) -> Any:
    return lambda: skills.rung(slips, items, config.ladder_runs, config.months, seeds)


PAPER = paper(
    "govsim",
    authors="Piatti, Jin, Kleiman-Weiner, Schölkopf, Sachan, Mihalcea",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
