"""Solo Performance Prompting (arXiv 2307.05300): one model that plays several personas in one call."""

from functools import partial
from typing import Any

from pydantic import Field, field_validator, model_validator

from manyminds.core import Lab, PaperResults, Seeds, unknown
from manyminds.models.load import ModelReference
from manyminds.papers.index import paper
from manyminds.papers.spp import arms, logs, organisms, recall, scripted, tasks
from manyminds.papers.spp.arms import Row
from manyminds.papers.spp.claims import CLAIMS
from manyminds.papers.spp.logs import Logged
from manyminds.papers.spp.organisms import Keyed
from manyminds.papers.spp.published import METHODS
from manyminds.papers.spp.recall import Recalled
from manyminds.papers.spp.scripted import Played, Puzzled
from manyminds.papers.spp.shown import figures, tables
from manyminds.tuning.organisms import Raising
from manyminds.worlds.texts import logic_puzzles
from manyminds.worlds.texts.persona_facts import Knowledge


class Config(Raising):
    """Scripted voices and a scripted memory; `model`: six methods on three tasks; `logs`: the released logs again."""

    puzzles: int = Field(200, ge=1, le=10_000, description="drawn logic grids for the scripted voices")
    proved: int = Field(20, ge=1, description="of the small ones, proved by the integer programme too")
    assignments: int = Field(logic_puzzles.MOST, ge=14_400, le=logic_puzzles.MOST, description="of a grid, at most")
    games: int = Field(50, ge=1, le=10_000, description="drawn games of Codenames for the scripted voices")
    seeds: int = Field(3, ge=1, le=20, description="seeds of the stories on persona-keyed facts")
    stories: int = Field(300, ge=2, le=10_000, description="of these stories, each seed")
    facts: int = Field(200, ge=1, le=5000, description="facts of each of twelve domains")
    recall: tuple[ModelReference, ...] = Field((), description="minds raised on these facts, in order of their size")
    book_seed: int = Field(0, description="seed of the facts that these minds were raised on")
    instructed: bool = Field(True, description="ask them with instructions; false for a specialist of the house model")
    organism_tokens: int = Field(1_500_000, ge=1, description="tokens that each organism reads")
    organism_lessons: int = Field(60_000, ge=1, description="statements, forms and lists that it is raised on")
    model: ModelReference = Field("", description="the model of the six methods")
    tasks: tuple[str, ...] = Field(tasks.KINDS, min_length=1, description=f"of {', '.join(tasks.KINDS)}")
    methods: tuple[str, ...] = Field(METHODS, min_length=1, description=f"of {', '.join(METHODS)}")
    system: tuple[bool, ...] = Field((True, False), min_length=1, description="with a system message, and without")
    data: tuple[str, ...] = Field((), description="TASK=FILE in the released forms; default: stand-ins")
    items: int = Field(0, ge=0, description="items of each task; 0: all of a file, 10 stand-ins")
    questions: tuple[int, ...] = Field((5, 10), min_length=1, description="questions of a story, for stand-ins")
    demonstrations: int = Field(2, ge=0, le=2, description="in the prompt of SPP: 2, or 1 for its smaller variant")
    temperature: float = Field(0.0, ge=0, le=2)
    max_tokens: int = Field(5000, ge=16)
    logs: str = Field("", description="the folder 'logs' of the paper's code, to score its replies again")

    @field_validator("tasks", "methods")
    @classmethod
    def known(cls, names: tuple[str, ...], info: Any) -> tuple[str, ...]:
        every = tasks.KINDS if info.field_name == "tasks" else METHODS
        for name in names:
            if name not in every:
                raise ValueError(str(unknown(info.field_name.removesuffix("s"), name, every)))
        return names

    @model_validator(mode="after")
    def fits(self) -> "Config":
        if self.data and not self.model:
            raise ValueError("data is answered by a model; give model=... too")
        for entry in self.data:
            tasks.released(entry)
        if not all(1 <= n <= 10 for n in self.questions):
            raise ValueError("a stand-in story has 1 to 10 questions")
        return self


class Results(PaperResults):
    puzzles: list[Puzzled] = Field([])
    games: list[Played] = Field([])
    recalled: list[Recalled] = Field([])
    scripted_memory: bool = True
    facts: int = 2400  # of the persona-keyed knowledge
    rows: list[Row] = Field([])
    chances: dict[str, float] = Field({})
    logged: list[Logged] = Field([])
    organisms: list[Keyed] = Field([])


async def run(config: Config, lab: Lab) -> Results:
    """The three parts, each as far as it was asked for."""
    if config.model:
        rows, chances = await asked(config, lab)
        found: dict[str, Any] = {"rows": rows, "chances": chances}
    else:
        seeds = lab.seeds
        found = {
            "puzzles": await lab.once(
                "puzzles", partial(scripted.puzzled, seeds, config.puzzles, config.proved, config.assignments)
            ),
            "games": await lab.once("games", lambda: scripted.played(seeds, config.games)),
        }
    if config.recall or not config.model:
        found |= {"recalled": await remembered(config, lab), "scripted_memory": not config.recall,
                  "facts": 12 * config.facts}  # fmt: skip
    if config.logs:
        paths = list(logs.files_in(config.logs))
        done = lab.progress(len(paths), "files of logs")
        logged = []
        for path in paths:
            logged.append(await lab.once(f"{path.parent.name}/{path.name}", partial(logs.read_file, path)))
            done()
        found["logged"] = logged
    found["organisms"] = [await organisms.raised(lab, config, seed, config.facts, config.stories)
                          for seed in range(config.organisms)]  # fmt: skip
    return Results(**found)


async def remembered(config: Config, lab: Lab) -> list[Any]:
    """Stories on persona-keyed facts: told by the models of `recall`, else by a scripted memory."""
    found: list[Any] = []
    for seed in range(config.seeds):
        seeds = lab.seeds.child("recall", seed)
        # A raised model knows the facts of one seed; the scripted memory can know others in each.
        book = Seeds(config.book_seed) if config.recall else seeds
        knowledge = Knowledge.drawn(book.child("book"), config.facts)
        for mind in config.recall:
            found.append(await recall.recalled(mind, lab.model(mind), seeds, seed, config.stories, 5,
                                               config.instructed, knowledge, lab))  # fmt: skip
        if not config.recall:
            memory = recall.KeyedMemory().knowing(knowledge)
            work = partial(recall.recalled, memory.name, memory, seeds, seed, config.stories, 5, True, knowledge)
            found.append(await lab.once(f"recall/{seed}", work))
    return found


def items_of(config: Config, lab: Lab) -> list[tasks.Item]:
    given = {entry.partition("=")[0] for entry in config.data}
    found: list[tasks.Item] = []
    for entry in config.data:
        every = tasks.released(entry)
        found += every[: config.items] if config.items else every
    for name in config.tasks:
        if name not in given:
            found += tasks.drawn(name, lab.seeds, config.items or 10, config.questions)
    return [item for item in found if tasks.kind(item).split()[0] in config.tasks]


async def asked(config: Config, lab: Lab) -> tuple[list[Row], dict[str, float]]:
    """Every method on every item, with and without system message; one line an instance in the run's folder."""
    (lab.folder / arms.FILE).write_text("", "utf-8")  # on resuming, calls that were made come back and are written anew
    model, settings = lab.model(config.model), arms.Settings(config.temperature, config.max_tokens,
                                                             config.demonstrations)  # fmt: skip
    items = items_of(config, lab)
    jobs = [arms.instance(item, method, told, model, settings, str(lab.seeds), lab.folder)
            for item in items for method in config.methods for told in config.system]  # fmt: skip
    rows = await lab.gather(jobs, "instances")
    arms.in_order(lab.folder)
    kinds = dict.fromkeys(map(tasks.kind, items))
    return rows, {kind: tasks.chance([item for item in items if tasks.kind(item) == kind]) for kind in kinds}


PAPER = paper(
    "spp", authors="Wang et al.", year=2023, config=Config, results=Results, run=run, claims=CLAIMS, tables=tables,
    figures=figures,
)  # fmt: skip
