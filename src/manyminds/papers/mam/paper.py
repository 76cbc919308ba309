"""MaM (arXiv 2310.12920): a network that says the probability of any part of a thing in one call."""

from typing import Any

from pydantic import Field, model_validator

from manyminds.core import Lab, PaperConfig, PaperResults
from manyminds.papers.index import paper
from manyminds.papers.mam import designs, files, lattices, speed, texts
from manyminds.papers.mam.claims import CLAIMS
from manyminds.papers.mam.designs import Design
from manyminds.papers.mam.files import Fitted
from manyminds.papers.mam.lattices import Learnt
from manyminds.papers.mam.settings import (
    DesignSettings,
    FileSettings,
    IsingSettings,
    Part,
    SpeedSettings,
    TextSettings,
)
from manyminds.papers.mam.shown import figures, tables
from manyminds.papers.mam.speed import Speed
from manyminds.papers.mam.texts import Text
from manyminds.worlds.science.molecules import Grammar


class Config(PaperConfig):
    """What is run, and the settings of each part. The paper's own sizes: see the README."""

    parts: tuple[Part, ...] = Field(("ising", "text", "design", "speed"), description="`files` needs data")
    ising: IsingSettings = IsingSettings()
    text: TextSettings = TextSettings()
    design: DesignSettings = DesignSettings()
    speed: SpeedSettings = SpeedSettings()
    files: FileSettings = FileSettings()

    @model_validator(mode="after")
    def fits(self) -> "Config":
        text, design, symbols = self.text, self.design, Grammar().symbols
        if text.length < text.order:
            raise ValueError(f"text.length={text.length} must be at least text.order={text.order}")
        if len(design.scaffold) != design.size or not all(0 <= symbol <= symbols for symbol in design.scaffold):
            raise ValueError(f"design.scaffold must hold {design.size} symbols from 0 (free) to {symbols}")
        if 0 not in design.scaffold:
            raise ValueError("design.scaffold must leave something free")
        if text.own_share + text.scrambled_share > 1:
            raise ValueError("text.own_share and text.scrambled_share must leave room for data")
        return self


class Results(PaperResults):
    ising: list[Learnt] = Field(default_factory=list)
    text: Text | None = None
    design: list[Design] = Field(default_factory=list)
    speed: Speed | None = None
    files: Fitted | None = None


async def run(config: Config, lab: Lab) -> Results:
    """Every part is computed once in the life of a run; trainings are kept while they go on."""
    seeds = lab.seeds
    work: dict[str, Any] = {}
    if "ising" in config.parts:
        for objective in config.ising.objectives:
            work[f"ising {objective}"] = lambda own=objective: lattices.learnt(
                own, config.ising, seeds.child("ising"), lab.checkpoint(f"ising {own}")
            )
    if "text" in config.parts:
        work["text"] = lambda: texts.learnt(config.text, seeds.child("text"))
    if "design" in config.parts:
        work["design"] = lambda: designs.designed(config.design, seeds.child("design"))
    if "speed" in config.parts:
        work["speed"] = lambda: speed.timed(config.speed, seeds.child("speed"))
    if "files" in config.parts:
        work["files"] = lambda: files.fitted(
            config.files, seeds.child("files"), lab.checkpoint("files one"), lab.checkpoint("files two")
        )
    done, found = lab.progress(len(work), "pieces"), {}
    for name, piece in work.items():
        found[name] = await lab.once(name, piece)
        done()
    learnt = [piece for name, piece in found.items() if name.startswith("ising")]
    return Results(ising=learnt, text=found.get("text"), design=found.get("design", []), speed=found.get("speed"),
                   files=found.get("files"))  # fmt: skip


PAPER = paper(
    "mam",
    authors="Liu, Ramadge, Adams",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
