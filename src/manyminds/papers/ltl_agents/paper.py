"""LTL agents (arXiv 2310.08535): an agent is a language of states, and whatever model writes must stay inside it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from manyminds.core import Lab, PaperResults
from manyminds.models.load import ModelReference
from manyminds.models.request import Model
from manyminds.models.scripted import Scripted
from manyminds.papers.index import paper
from manyminds.papers.ltl_agents import proofs
from manyminds.papers.ltl_agents.arms import AgentName, Cell, How, arm, in_turn
from manyminds.papers.ltl_agents.claims import CLAIMS
from manyminds.papers.ltl_agents.data import made, published_tasks
from manyminds.papers.ltl_agents.organisms import Writer, raised
from manyminds.papers.ltl_agents.scripted import Reasoner
from manyminds.papers.ltl_agents.scripted_tokens import arm_of_tokens
from manyminds.papers.ltl_agents.shown import figures, tables
from manyminds.tuning.organisms import Raising
from manyminds.worlds.texts.live_wiki import LivePages
from manyminds.worlds.texts.mini_wiki import Wiki, questions, wiki


class Config(Raising):
    """Scripted models by default; name `models` (an endpoint, or house models raised on corrupted form) for more."""

    corruption: tuple[float, ...] = Field((0.0, 0.1, 0.3, 0.6), description="chance that a state is written wrongly")
    shots: tuple[int, ...] = Field((0, 1, 3), description="worked examples in the prompt")
    seeds: int = Field(3, ge=1, le=100, description="independent sets of questions")
    questions: int = Field(200, ge=2, le=1000, description="questions a seed, four kinds in turn")
    specifications: int = Field(200, ge=1, description="random specifications compared with brute force")
    longest: int = Field(9, ge=1, le=10, description="length of the words that are compared")
    decodings: int = Field(320, ge=0, description="runs by a random model, and as many by a hostile one")
    models: tuple[ModelReference, ...] = Field((), description="language models to run in the same arms")
    raised_on: tuple[float, ...] = Field((), description="share of corrupted protocols that each model was raised on")
    agents: tuple[AgentName, ...] = Field(("react",), description="the agents that `models` run")
    ranking: Literal["model", "order"] = Field("model", description="who chooses among legal states that we open")
    temperatures: tuple[Annotated[float, Field(ge=0, le=2)], ...] = Field(
        (0.0, 1.0), min_length=1, description="every arm is run at each of them; 0 writes what is likeliest"
    )
    summarise: bool = Field(False, description="let PASS summarise by the model and rate the summary (section 4)")
    file: str = Field("", description="a data set in its released form, instead of the small encyclopedia")
    live_wikipedia: bool = Field(False, description="let the tools read the live Wikipedia for the questions of `file`")
    faults: tuple[float, ...] = Field((0.0, 0.1, 0.3, 0.6), description="shares of faults that organisms are raised on")
    encyclopedias: int = Field(3, ge=1, description="of 20 questions each, that an organism is asked")
    form: Literal["hotpotqa", "gsm8k", "fever"] = Field("hotpotqa", description="what `file` is")

    @model_validator(mode="after")
    def one_share_a_model(self) -> "Config":
        if self.raised_on and len(self.raised_on) != len(self.models):
            raise ValueError(f"raised_on has {len(self.raised_on)} shares for {len(self.models)} models")
        return self


class Results(PaperResults):
    languages: dict[str, int]
    formulas: dict[str, int]
    random: dict[str, int]
    hostile: dict[str, int]
    conditioning: dict[str, float]
    cells: list[Cell]
    models: list[Cell]
    organisms: list[Writer] = Field(default_factory=list)


async def scripted_cell(
    lab: Lab, config: Config, agent: AgentName, how: How, temperature: float, shots: int, seed: int, wrong: float
) -> Any:
    """One arm with a scripted model, as plain values."""
    world = wiki(lab.seeds("wiki", seed))
    items = questions(world, lab.seeds("questions", seed), config.questions)
    if how == "tokens":
        return arm_of_tokens(agent, wrong, shots, seed, world, items, lab.seeds, temperature).model_dump()
    script = Reasoner(agent, {item.text: item for item in items}, wrong, seed)
    tasks = [made(world, item) for item in items]
    model = Scripted("scripted:reasoner", script)
    told = (shots, seed, world, tasks, lab.seeds, in_turn, wrong)
    cell = await arm(model, "scripted", agent, how, *told, temperature=temperature)
    return cell.model_dump()


async def scripted_cells(config: Config, lab: Lab) -> list[Cell]:
    ways: tuple[How, ...] = ("tokens", "replies", "free")
    arms = list(product(config.temperatures, config.shots, range(config.seeds), config.corruption))
    keys: list[tuple[AgentName, How, float, int, int, float]] = [("react", how, *one) for how in ways for one in arms]
    few = (config.shots[0], config.corruption[0])
    keys += [("pass", "replies", *one) for one in arms if (one[1], one[3]) == few]
    done, cells = lab.progress(len(keys), "scripted models"), list[Cell]()
    for key in keys:
        found = await lab.once("/".join(map(str, key)), partial(scripted_cell, lab, config, *key))
        cells.append(Cell(**found))
        done()
    return cells


async def model_cells(config: Config, lab: Lab) -> list[Cell]:
    """The same arms with language models, behind the door of the run."""
    cells = []
    for number, reference in enumerate(config.models):
        model: Model = lab.model(reference)
        share = config.raised_on[number] if config.raised_on else None
        for agent in config.agents:
            ways: Sequence[How] = ("replies", "free")
            for how, temperature, shots, seed in product(ways, config.temperatures, config.shots, range(config.seeds)):
                world = wiki(lab.seeds("wiki", seed))
                items = questions(world, lab.seeds("questions", seed), config.questions)
                tasks = [made(world, item) for item in items]
                if config.file:
                    tasks = published_tasks(config.file, config.form)[: config.questions]
                if config.live_wikipedia:
                    live = Wiki(LivePages(lab.folder / "wikipedia"))
                    tasks = [replace(task, wiki=live) for task in tasks]
                gather = partial(lab.gather, label=f"{reference} {agent} {how} at {temperature:g}, {shots} shots")
                more = config.summarise, temperature, config.ranking
                made_by = (model, reference, agent, how, shots, seed, world, tasks, lab.seeds, gather, share)
                cells.append(await arm(*made_by, *more))
    return cells


async def run(config: Config, lab: Lab) -> Results:
    """What can be proved, then scripted models of graded reliability, then language models where any are named."""
    seeds = lab.seeds
    languages = await lab.once("languages", lambda: proofs.language_gaps(seeds, config.specifications, config.longest))
    formulas = await lab.once("formulas", lambda: proofs.formula_gaps(seeds, config.specifications))
    by_random = await lab.once("random", lambda: proofs.decodings(seeds, config.decodings, hostile=False))
    by_hostile = await lab.once("hostile", lambda: proofs.decodings(seeds, config.decodings, hostile=True))
    conditioning = await lab.once("conditioning", lambda: proofs.enumerated(seeds))
    cells = await scripted_cells(config, lab)
    writers = [await raised(lab, config, share, seed, config.encyclopedias)
               for seed in range(config.organisms) for share in config.faults]  # fmt: skip
    return Results(languages=languages, formulas=formulas, random=by_random, hostile=by_hostile,
                   conditioning=conditioning, cells=cells, models=await model_cells(config, lab),
                   organisms=writers)  # fmt: skip


PAPER = paper("ltl-agents", authors="Crouse, Abdelaziz, Astudillo, et al.", year=2023, config=Config, results=Results,
              run=run, claims=CLAIMS, tables=tables, figures=figures)  # fmt: skip
