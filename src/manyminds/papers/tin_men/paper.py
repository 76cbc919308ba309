"""Of Models and Tin Men (arXiv 2307.11137): whom does a shopping assistant serve, and who must be looking?"""

from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from manyminds.agents.seats import rule
from manyminds.agents.shoppers import RULES, LanguageShopper
from manyminds.core import Agent, Lab, PaperResults, Seeds, play
from manyminds.core.factorial import Design, Factor, Trial
from manyminds.models.load import ModelReference
from manyminds.papers.index import paper
from manyminds.papers.tin_men.claims import CLAIMS
from manyminds.papers.tin_men.contracts import Compared, compared
from manyminds.papers.tin_men.organisms import BREEDS, Organism, raised
from manyminds.papers.tin_men.recovery import recover
from manyminds.papers.tin_men.released import read
from manyminds.papers.tin_men.rows import Row
from manyminds.papers.tin_men.shown import figures, tables
from manyminds.tuning.organisms import Raising
from manyminds.worlds.games.shop import CASES, SHOPPER, VISIBILITIES, Outcome, Shop
from manyminds.worlds.games.shop_scenarios import ALL, generated
from manyminds.worlds.games.shop_scenarios import PAPER as ORIGINALS

Scenarios = Literal["paper", "generated", "all"]
AGENTS = (
    "nuanced",
    "rigid",
    "serves-customer",
    "serves-principal",
    "serves-values",
    "listed:1",
    "alphabetical",
    "coin",
)


class Config(Raising):
    """The paper's settings, with product order and letter case balanced. Without `models` no model is called."""

    models: tuple[ModelReference, ...] = Field((), description="model references, each one a level of the factor model")
    temperature: tuple[float, ...] = Field((0.2, 0.6), description="levels of the factor temperature")
    scenarios: Scenarios = Field(
        "paper", description="what models are asked: the paper's two, the generated 40, or all"
    )
    repeats: int = Field(30, ge=1, le=10_000, description="completions a cell")
    paper_mode: bool = Field(False, description="as in the paper: fixed order and case, its parser, no second question")
    asked_again: int | None = Field(None, ge=0, le=10, description="times that an unreadable form is asked for again")
    max_tokens: int = Field(1024, ge=1)
    agents: tuple[str, ...] = Field(AGENTS, description="rules that take part in the generated scenarios")
    rule_repeats: int = Field(8, ge=1, le=1000, description="purchases of a rule a cell; 8 balance order and case")
    seeds: int = Field(20, ge=1, le=10_000, description="experiments with agents whose weights are known")
    files: tuple[str, ...] = Field((), description="files of the released data, of either layout, to analyse")

    @field_validator("agents")
    @classmethod
    def agents_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            rule(name, RULES)
        return names

    @property
    def again(self) -> int:
        """How often a form that cannot be read is asked for again."""
        return self.asked_again if self.asked_again is not None else 0 if self.paper_mode else 2

    def design(self, scenarios: Scenarios, repeats: int) -> Design:
        """Scenario by condition, with order and letter case balanced within cells, or fixed as in the paper."""
        names = {"paper": [one.name for one in ORIGINALS], "generated": [one.name for one in generated()],
                 "all": list(ALL)}[scenarios]  # fmt: skip
        orders = (False,) if self.paper_mode else (False, True)
        cases = ("as written",) if self.paper_mode else tuple(CASES)
        return Design((Factor("scenario", tuple(names)), Factor("condition", VISIBILITIES),
                       Factor("reversed", orders, nuisance=True), Factor("case", cases, nuisance=True)),
                      repeats)  # fmt: skip

    def world(self, trial: Trial) -> Shop:
        return Shop(ALL[trial["scenario"]], trial["condition"], trial["reversed"], trial["case"], self.paper_mode)


class Recovered(BaseModel, frozen=True):
    """One experiment with an agent of known weights."""

    setting: str
    within: dict[str, bool]  # is the estimate within two standard errors of the weight over the noise?
    estimates: dict[str, float]
    truth: dict[str, float]
    separated: list[str]
    rigidity: float
    classified: bool


class Results(PaperResults):
    rules: list[Row]
    models: list[Row]
    files: list[Row]
    recovered: list[Recovered]
    contracts: list[Compared]
    organisms: list[Organism] = Field(default_factory=list)


def row_of(who: str, trial: Trial, outcome: Outcome | None, **more: Any) -> Row:
    if outcome is None:
        return Row(who=who, **trial.levels, product=None, status="missing", ending="failed", **more)
    return Row(who=who, **trial.levels, product=outcome.product, status=outcome.status, **more)


async def bought_by(who: str, agent: Agent, config: Config, seeds: Seeds) -> list[Row]:
    """All purchases of one rule in the generated scenarios."""
    rows = []
    for trial in config.design("generated", config.rule_repeats).trials(seeds):
        place = seeds.child(who, trial["scenario"], trial["condition"], trial.repeat)
        played = await play(config.world(trial), {SHOPPER: agent}, place)
        rows.append(row_of(who, trial, played.outcome if played.ending == "finished" else None))
    return rows


async def asked(config: Config, lab: Lab, reference: str, temperature: float, trial: Trial) -> Row:
    """One purchase of a model: one prompt, one completion, nothing remembered."""
    place = (reference, temperature, trial["scenario"], trial["condition"], trial.repeat)
    agent = LanguageShopper(lab.model(reference), temperature, config.again, config.max_tokens)
    name = "/".join(map(str, place))
    played = await play(config.world(trial), {SHOPPER: agent}, lab.seeds.child(*map(str, place)), lab.record(name))
    last = played.outcome is not None and played.outcome.status != "valid"
    again = len(agent.unread) - (1 if last and agent.unread else 0)
    outcome = played.outcome if played.ending == "finished" else None
    return row_of(reference, trial, outcome, temperature=temperature, asked_again=again)


async def run(config: Config, lab: Lab) -> Results:
    """Rules in the turn world, agents of known weights on arrays, contracts, models where named, and files."""
    files = [row for path in config.files for row in read(Path(path))]
    rules: list[Row] = []
    done = lab.progress(len(config.agents), "rules")
    for who in config.agents:
        agent, seeds = rule(who, RULES), lab.seeds.child("rules")
        bought = await lab.once(f"rule {who}", partial(as_plain, who, agent, config, seeds))
        rules += [Row(**row) for row in bought]
        done()
    recovered = await lab.once("recovery", lambda: recover(lab.seeds, config.seeds))
    contracts = await lab.once("contracts", lambda: [one.model_dump() for one in compared()])
    jobs = [
        asked(config, lab, reference, temperature, trial)
        for reference in config.models
        for temperature in config.temperature
        for trial in config.design(config.scenarios, config.repeats).trials(lab.seeds)
    ]
    models = await lab.gather(jobs, "purchases")
    organisms = [await raised(lab, config, breed, seed) for seed in range(config.organisms) for breed in BREEDS]
    return Results(rules=rules, models=models, files=files, recovered=recovered, contracts=contracts,
                   organisms=organisms)  # fmt: skip


async def as_plain(who: str, agent: Agent, config: Config, seeds: Seeds) -> list[dict[str, Any]]:
    return [row.model_dump(exclude_defaults=True) for row in await bought_by(who, agent, config, seeds)]


PAPER = paper(
    "tin-men",
    authors="Phelps, Ranson",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
