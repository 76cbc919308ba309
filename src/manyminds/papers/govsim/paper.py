"""GovSim (arXiv 2404.16698): does a society of minds keep its commons alive?"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from manyminds.agents.commoners import RuleClerk
from manyminds.agents.language import LanguageAgent
from manyminds.agents.person import Person
from manyminds.core import Agent, Lab, Paper, PaperConfig, PaperResults, Table, play, unknown, welfare
from manyminds.core import statistics as st
from manyminds.models.load import load
from manyminds.papers.govsim.claims import CLAIMS
from manyminds.papers.govsim.societies import CONDITIONS, PERSONAS, SOCIETIES, Society, is_model, known, rule
from manyminds.worlds.games.commons import Commons
from manyminds.worlds.games.skins import SKINS

CLERK = "clerk"
Scenario = Literal["fishery", "pasture", "pollution"]


class Config(PaperConfig):
    """The paper's settings. Without `model` or `seats` the rule societies play, and no model is called."""

    scenario: tuple[Scenario, ...] = Field(("fishery",), description="skins of the same commons")
    condition: tuple[str, ...] = Field(tuple(CONDITIONS), description="rows of the table of conditions")
    model: str = Field("", description="a model reference for every seat")
    seats: tuple[str, ...] = Field((), description="one mind a seat: a rule, a model reference or 'human'")
    clerk: str = Field("", description="who extracts the agreed limit: a model reference; default: the seats' model")
    runs: int = Field(5, ge=1, le=100_000, description="independent societies a row")
    members: int = Field(5, ge=2, le=50)
    months: int = Field(12, ge=1, le=1000)
    allocation: Literal["stochastic", "proportional"] = "stochastic"
    temperature: float = Field(0.0, ge=0, le=2)
    joins: int = Field(3, ge=1, description="the month in which the newcomer joins")

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
        return tuple(known(seat) for seat in seats)

    @field_validator("model", "clerk")
    @classmethod
    def models_exist(cls, reference: str) -> str:
        if reference:
            load(reference)
        return reference

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run of this config will call."""
        return tuple({seat for seat in (self.model, self.clerk, *self.seats) if seat and is_model(seat)})

    def societies(self) -> tuple[Society, ...]:
        if self.seats:
            return (Society("seats as given", self.seats),)
        if self.model:
            return (Society(self.model, (self.model,) * self.members),)
        return SOCIETIES


class Row(BaseModel, frozen=True):
    """One society that played: who, under what, and how it ended."""

    society: str
    scenario: str
    condition: str
    repeat: int
    ending: str
    reason: str = ""
    months: int | None = None  # None: unscored
    survived: bool | None = None
    gain: float | None = None  # mean per member
    efficiency: float | None = None
    equality: float | None = None
    over_usage: float | None = None
    pools: list[int] = []
    caught: list[int] = []
    clipped: int = 0
    silent: int = 0


class Results(PaperResults):
    rows: list[Row]
    length: int  # months that count as survival


def seat_agent(mind: str, name: str, config: Config, lab: Lab) -> Agent:
    if mind == "human":
        return Person()
    if is_model(mind):
        return LanguageAgent.generative(lab.model(mind), name, temperature=config.temperature)
    return rule(mind)


def world_of(config: Config, scenario: str, condition: str) -> tuple[Commons, tuple[str, ...]]:
    """The commons of one cell of the table, and its members' names by seat."""
    names = tuple(PERSONAS[i] if i < len(PERSONAS) else f"Member {i + 1}" for i in range(config.members))
    settings: dict[str, Any] = {"months": config.months} | CONDITIONS[condition]
    joins = {names[-1]: config.joins - 1} if condition == "newcomer" else {}
    world = Commons(names, skin=SKINS[scenario], allocation=config.allocation, joins=joins, **settings)
    return world, names


async def one(config: Config, lab: Lab, society: Society, scenario: str, condition: str, repeat: int) -> Row:
    """One society under one condition, from its first month to its last."""
    world, names = world_of(config, scenario, condition)
    place = (society.name, scenario, condition, repeat)
    minds = list(society.seats)
    if condition == "newcomer" and not is_model(minds[-1]):
        minds[-1] = "greedy"  # the paper's newcomer has a selfish goal
    agents = {name: seat_agent(mind, name, config, lab) for name, mind in zip(names, minds, strict=True)}
    clerk = config.clerk or (config.model if config.model else "")
    agents[CLERK] = LanguageAgent.direct(lab.model(clerk)) if clerk else RuleClerk()
    played = await play(world, agents, lab.seeds.child(*place), lab.record("/".join(map(str, place))))
    row = {"society": society.name, "scenario": scenario, "condition": condition, "repeat": repeat}
    if played.ending != "finished":
        return Row(**row, ending=played.ending, reason=played.reason)
    end = played.outcome
    gains = list(end.gains.values())
    return Row(
        **row,
        ending="finished" if end.alive else "collapsed",
        months=end.months,
        survived=end.months == world.months,
        gain=sum(gains) / len(gains),
        efficiency=welfare.efficiency(sum(gains), world.months, world.full // 2),
        equality=welfare.equality(gains),
        over_usage=end.over_usage / max(end.harvests, 1),
        pools=end.pools,
        caught=[sum(month.values()) for month in end.takes],
        clipped=end.clipped,
        silent=end.silent,
    )


async def run(config: Config, lab: Lab) -> Results:
    """Every society under every condition in every skin, `runs` times."""
    cells = [
        (society, scenario, condition, repeat)
        for society in config.societies()
        for scenario in config.scenario
        for condition in config.condition
        for repeat in range(config.runs)
    ]
    rows = await lab.gather([one(config, lab, *cell) for cell in cells], "societies")
    return Results(rows=rows, length=config.months)


def cells(rows: Iterable[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """The rows of each (society, scenario, condition), in the order of the run."""
    grouped: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.society, row.scenario, row.condition), []).append(row)
    return grouped


MEASURES = ("months", "gain", "efficiency", "equality", "over_usage")


def tables(results: Results) -> list[Table]:
    """Survival and welfare of every cell, with 95 % t-intervals over societies."""
    lines = []
    for (society, scenario, condition), rows in cells(results.rows).items():
        alive = [row.survived for row in rows if row.survived is not None]
        measured = (st.mean([getattr(row, name) for row in rows]) for name in MEASURES)
        lines.append((society, scenario, condition, st.share(sum(alive), len(alive)), *measured))
    columns = ("society", "scenario", "condition", "survival", *(name.replace("_", " ") for name in MEASURES))
    return [Table("societies at the commons", columns, tuple(lines), note="gain: units per member; max 120")]


def figures(results: Results, folder: Path) -> list[Path]:
    """The pool over the months with the harvests, one panel a society, default condition first."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    chosen = [rows[0] for (_, _, condition), rows in cells(results.rows).items() if condition == "default"][:12]
    if not chosen:
        chosen = [rows[0] for rows in cells(results.rows).values()][:12]
    figure, axes = plt.subplots(-(-len(chosen) // 4), min(4, len(chosen)), sharex=True, sharey=True, squeeze=False)
    figure.set_size_inches(12, 2.4 * axes.shape[0])
    for axis, row in zip(axes.flat, chosen):
        axis.plot(range(1, len(row.pools) + 1), row.pools, color="tab:blue", marker=".", label="pool")
        axis.bar(range(1, len(row.caught) + 1), row.caught, color="tab:orange", alpha=0.7, label="harvest")
        axis.set_title(row.society, fontsize=9)
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="lower right", fontsize=8, ncols=2)
    axes.flat[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supxlabel("month")
    figure.supylabel("units")
    figure.tight_layout()
    path = folder / "pools.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return [path]


PAPER = Paper(
    slug="govsim",
    title="Cooperate or Collapse: Emergence of Sustainable Cooperation in a Society of LLM Agents",
    arxiv="2404.16698",
    authors="Piatti, Jin, Kleiman-Weiner, Schölkopf, Sachan, Mihalcea",
    year=2024,
    room="worlds/games",
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
