"""Evidence to Generate (arXiv 2401.05787): answer with evidence, then answer again from the evidence alone."""

from typing import Any

from pydantic import Field, field_validator, model_validator

from manyminds.conversations.plain import Style
from manyminds.core import Lab, PaperResults, unknown
from manyminds.models.load import ModelReference
from manyminds.papers.e2g import cells, data, formula
from manyminds.papers.e2g.cells import Cell
from manyminds.papers.e2g.claims import CLAIMS
from manyminds.papers.e2g.data import Read
from manyminds.papers.e2g.formula import Checked
from manyminds.papers.e2g.organisms import Reader, raised
from manyminds.papers.e2g.shown import figures, tables
from manyminds.papers.index import paper
from manyminds.tuning.organisms import Raising
from manyminds.worlds.texts.fact_worlds import QUESTIONS


class Config(Raising):
    """The fact world, read by a scripted reader or by a model, and released sets where files of them are given."""

    model: ModelReference = Field("", description="who reads; without a model the scripted reader does")
    style: Style = Field("marked", description="'native' for the house model, which was raised without instructions")
    items: int = Field(60, ge=10, le=10_000, description="questions of each kind and length, in each world")
    worlds: int = Field(1, ge=1, le=20, description="fact worlds, each with its own people and beliefs")
    people: int = Field(400, ge=20, le=100_000, description="people of a world, with 12 relations each")
    kinds: tuple[str, ...] = Field(tuple(QUESTIONS), description="kinds of questions")
    lengths: tuple[int, ...] = Field((60, 200, 600, 1000), description="tokens of the text")
    contradicting: float = Field(1.0, ge=0, le=1, description="share of needed facts that are told against belief")
    formula_items: int = Field(1000, ge=100, le=100_000, description="questions at each of ten points of the formula")
    book_seed: int = Field(0, description="seed of the closed book that the house model was raised on")
    data: tuple[str, ...] = Field((), description="released sets as NAME:PATH, such as hotpotqa:dev.json")
    arms: tuple[str, ...] = Field(
        ("chain of thought", "CoE-Short", "CoE-Long", "E2G", "E2G, adaptive"), description="arms on released sets"
    )
    limit: int = Field(500, ge=1, description="questions of each released set")
    temperature: float = Field(0.0, ge=0, le=2)
    max_tokens: int = Field(1024, ge=16, description="of every call of every arm")
    organism_items: int = Field(40, ge=1, description="questions of each kind and length that an organism reads")

    @field_validator("kinds")
    @classmethod
    def kinds_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in QUESTIONS:
                raise ValueError(str(unknown("kind of question", name, QUESTIONS)))
        return names

    @field_validator("arms")
    @classmethod
    def arms_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in (known := data.methods(0.0, 16)):
                raise ValueError(str(unknown("arm", name, known)))
        return names

    @model_validator(mode="after")
    def fits(self) -> "Config":
        if self.data and not self.model:
            raise ValueError("data is read by a model; give model=... too")
        if self.style == "free":
            raise ValueError("answers of this paper are marked; style is 'marked' or 'native'")
        if self.style == "native" and self.kinds != ("path",):
            raise ValueError("the closed book has questions of kind 'path' alone; add kinds=path")
        for entry in self.data:
            data.given(entry)
        return self


class Results(PaperResults):
    reader: str
    native: bool
    cells: list[Cell]
    formula: list[Checked]
    sets: list[Read]
    organisms: list[Reader] = Field(default_factory=list)


async def run(config: Config, lab: Lab) -> Results:
    """Cells of the fact world, points of the formula, released sets."""
    return Results(
        reader=config.model or "scripted reader", native=config.style == "native",
        cells=await read_worlds(config, lab),
        formula=await lab.once("formula", lambda: formula.checked(lab.seeds.child("formula"), config.formula_items)),
        sets=await read_sets(config, lab),
        organisms=[await raised(lab, config, seed, config.organism_items) for seed in range(config.organisms)],
    )  # fmt: skip


async def read_worlds(config: Config, lab: Lab) -> list[Any]:
    chosen = cells.arms(config.style, config.temperature, config.max_tokens)
    found: list[Any] = []
    for number in range(config.worlds):
        seeds = lab.seeds.child("world", number)
        world = cells.world_of(seeds, config.people, config.contradicting, config.style, config.book_seed)
        told = (chosen, world, config.kinds, config.lengths, config.items, seeds)
        if config.model:
            found += await cells.all_cells(*told, lab.model(config.model), config.style, lab)
        else:
            found += await lab.once(f"world {number}", lambda told=told: scripted(*told))
    return found


async def scripted(*told: Any) -> list[dict[str, Any]]:
    return [cell.model_dump() for cell in await cells.all_cells(*told, None, "marked")]


async def read_sets(config: Config, lab: Lab) -> list[Read]:
    settings = {"temperature": config.temperature, "max_tokens": config.max_tokens}
    found: list[Read] = []
    for entry in config.data:
        found += await data.of_set(entry, config.arms, lab.model(config.model), config.limit, settings, lab)
    return found


PAPER = paper(
    "e2g", authors="Parvez", year=2024, config=Config, results=Results, run=run, claims=CLAIMS, tables=tables,
    figures=figures,
)  # fmt: skip
