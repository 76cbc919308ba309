"""Control of medical digital twins (arXiv 2403.13851): small networks steer agent-based models through metamodels."""

from functools import partial
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from pydantic import Field

from manyminds.core import BadInput, Lab, PaperConfig, PaperResults
from manyminds.learning.control import Plan
from manyminds.papers.digital_twins import grazing, metabolism
from manyminds.papers.digital_twins.claims import CLAIMS
from manyminds.papers.digital_twins.files import read_sets
from manyminds.papers.digital_twins.grazing import Family, Fit, Judged, Meadow, SetMeans
from manyminds.papers.digital_twins.metabolism import Learnt, Ran
from manyminds.papers.digital_twins.shown import figures, tables
from manyminds.papers.index import paper

Part = Literal["sets", "fits", "control", "schedules", "cells"]


class Config(PaperConfig):
    """Both twins, small. The paper's own size is `size=255 cell_size=100`."""

    parts: tuple[Part, ...] = Field(("sets", "fits", "control", "schedules", "cells"), min_length=1)
    size: int = Field(51, ge=20, le=1000, description="patches along a side of the land")
    ticks: int = Field(600, ge=10, description="ticks of a run of the land")
    window: int = Field(300, ge=0, description="tick from which means count as late")
    since: int = Field(200, ge=1, description="tick at which the removal of the data sets begins")
    set_runs: int = Field(6, ge=1, le=1000, description="runs of each data set (the companion: 100)")
    sets: tuple[str, ...] = Field(tuple(grazing.REMOVED), description="conditions of the data sets")
    folder: str = Field("", description="a folder of MAT files with published mean runs (Ya), instead of our own")
    families: tuple[Family, ...] = Field(("published", "mechanistic", "quadratic", "neural"))
    fit_updates: int = Field(200, ge=1, description="gradient updates of a metamodel")
    targets: tuple[tuple[float, float], ...] = Field(
        ((1.15, 0.6),), description="targets: sheep and wolves, as multiples of the uncontrolled means"
    )
    guide: Family = Field("published", description="the metamodel whose derivatives are used")
    trainings: int = Field(2, ge=1, le=100, description="training seeds a target")
    rollouts: int = Field(4, ge=1, description="runs an update")
    updates: int = Field(8, ge=1, description="updates of the shares removed")
    step_size: float = Field(1.5e-3, gt=0)
    tests: int = Field(6, ge=1, description="unseen seeds that controllers are judged on")
    rivals: tuple[Literal["nelder-mead", "cma-es"], ...] = Field((), description="minimisers without derivatives")
    rival_budget: float = Field(2.0, gt=0, description="their simulations, as a multiple of the learner's")
    horizon: int = Field(50_000, ge=50, description="ticks of the pathway (a multiple of 50)")
    schedule_updates: int = Field(100, ge=1)
    schedule_seeds: int = Field(2, ge=1, le=100)
    kinds: tuple[Literal["schedule", "feedback"], ...] = Field(("schedule",))
    cell_size: int = Field(10, ge=5, le=1000, description="patches along a side of the cell")
    cell_runs: int = Field(1, ge=1, le=1000, description="runs of each inflow in the agent-based cell")
    cell_ticks: int = Field(10_000, ge=50, description="ticks of the agent-based cell; its inflow is that of `horizon`")

    def meadow(self) -> Meadow:
        return Meadow(self.size, self.ticks, self.window)

    def plan(self) -> Plan:
        return Plan(self.ticks, self.rollouts, self.updates, self.step_size)


class Results(PaperResults):
    scale: float
    targets: list[list[float]]  # animals
    sets: list[SetMeans] = Field(default_factory=list)
    fits: list[Fit] = Field(default_factory=list)
    judged: list[Judged] = Field(default_factory=list)
    bands: dict[str, list[list[list[float]]]] = Field(default_factory=dict)  # method -> (low, middle, high) of runs
    alone: list[list[float]] = Field(default_factory=list)  # by target: shares learnt on the metamodel, closed form
    constants: dict[str, float] = Field(default_factory=dict)
    phases: dict[str, float] = Field(default_factory=dict)
    learnt: list[Learnt] = Field(default_factory=list)
    cells: list[Ran] = Field(default_factory=list)
    cell_ticks: int = 0


async def run(config: Config, lab: Lab) -> Results:
    """Data sets, metamodels, controllers of the land, inflows of the cell; each piece once in the life of a run."""
    if not 0 <= config.window < config.ticks:
        raise BadInput(f"the late window from tick {config.window} to {config.ticks} is empty; lower window=")
    if config.since >= config.ticks or config.horizon % metabolism.STEP or config.cell_ticks > config.horizon:
        raise BadInput("since= must be below ticks=, horizon= a multiple of 50, and cell_ticks= at most horizon=")
    meadow, found = config.meadow(), {}
    targets = np.array(config.targets) * np.array(grazing.REFERENCE["none"][1:]) * meadow.scale
    done = lab.progress(len(config.parts), "parts")
    sets: list[SetMeans] = []
    if {"sets", "fits"} & set(config.parts) or config.guide not in ("published", "mechanistic"):
        sets = [SetMeans.model_validate(s) for s in await lab.once("sets", lambda: the_sets(config, lab))]
        found["sets"] = sets
    works: dict[str, Any] = {
        "fits": lambda: {"fits": dumped(grazing.fits(config.families, sets, config.since, meadow.scale,
                                                     lab.seeds.child("fits"), config.fit_updates))},
        "control": lambda: controlled(config, lab, targets, sets),
        "schedules": lambda: schedules(config, lab),
    }  # fmt: skip
    for part in config.parts:
        if part in works:
            found |= await lab.once(part, works[part])
        elif part == "cells":
            learnt = found.get("learnt") or (await lab.once("schedules", works["schedules"]))["learnt"]
            found |= await lab.once("cells", partial(cells, config, lab, learnt[0]["inflow"]))
        done()
    return Results.model_validate({"scale": meadow.scale, "targets": targets.tolist(), **found})


def dumped(rows: list[Any]) -> list[dict[str, Any]]:
    return [row.model_dump() for row in rows]


def the_sets(config: Config, lab: Lab) -> list[dict[str, Any]]:
    if config.folder:
        return dumped(read_sets(config.folder, config.sets, config.window))
    seeds = lab.seeds.child("sets")
    return dumped(grazing.data_sets(config.meadow(), config.since, seeds, config.set_runs, config.sets))


def controlled(config: Config, lab: Lab, targets: np.ndarray, sets: list[SetMeans]) -> dict[str, Any]:
    """Nothing, the closed form, what is learnt through the world, and the rivals, on the same unseen seeds."""
    meadow, plan, seeds = config.meadow(), config.plan(), lab.seeds.child("control")
    if config.guide == "published":
        unit = np.array(grazing.REFERENCE["none"]) * meadow.scale
        model = grazing.mechanistic(jnp.asarray(unit, jnp.float32), meadow.scale)
    else:
        runs = grazing.runs_of(sets, config.since)
        model = grazing.metamodel(config.guide, runs, meadow.scale, seeds.child("guide"), config.fit_updates)
    learnt = grazing.learnt(meadow, targets, model, plan, seeds, config.trainings)
    rows: list[dict[str, Any]] = []

    def row(target: int, method: str, seed: int, weights: Any, simulations: int) -> None:
        rows.append({"target": target, "method": method, "seed": seed, "weights": [float(w) for w in weights],
                     "simulations": simulations})  # fmt: skip

    for i, target in enumerate(targets):
        row(i, "none", 0, (0, 0), 0)
        row(i, "closed form", 0, grazing.closed_form(target, meadow.scale), 0)
        for seed in range(config.trainings):
            row(i, "learnt", seed, learnt[i, seed], plan.simulations)
        for rival in config.rivals:
            budget = round(config.rival_budget * plan.simulations)
            asked = grazing.without_derivatives(rival, meadow, target, config.rollouts, budget, seeds.child(rival, i))
            row(i, rival, 0, asked.best, len(asked.history) * config.rollouts)
    judged, x = grazing.judged(meadow, targets, rows, seeds, config.tests)
    bands = {rows[k]["method"]: np.quantile(x[k, :, ::10], (0.1, 0.5, 0.9), 0).tolist() for k in (2, 1, 0)}
    # 4,000 steps of the metamodel bring every target of the list to rest.
    alone = [[*grazing.on_the_metamodel(t, meadow.scale, 150).tolist(), *grazing.closed_form(t, meadow.scale).tolist()]
             for t in targets]  # fmt: skip
    return {"judged": dumped(judged), "bands": bands, "alone": alone}


def schedules(config: Config, lab: Lab) -> dict[str, Any]:
    seeds = lab.seeds.child("schedules")
    learnt = [
        row
        for kind in config.kinds
        for row in metabolism.trainings(kind, config.horizon, config.schedule_updates, seeds, config.schedule_seeds)
    ]
    return {"constants": metabolism.constants(config.horizon), "phases": metabolism.two_phases(config.horizon),
            "learnt": dumped(learnt)}  # fmt: skip


def cells(config: Config, lab: Lab, inflow: list[float]) -> dict[str, Any]:
    """The learnt inflow and two constant ones in the agent-based cell."""
    steps = config.horizon // metabolism.STEP
    inflows = {"learnt": np.array(inflow), "1": np.full(steps, 1.0), "0.2": np.full(steps, 0.2)}
    parts = -(-config.cell_ticks // 2500)
    rows = metabolism.ran(config.cell_size, inflows, config.cell_ticks, lab.seeds.child("cells"), config.cell_runs,
                          lab.progress(parts, "chunks of the cell"))  # fmt: skip
    return {"cells": dumped(rows), "cell_ticks": config.cell_ticks}


PAPER = paper(
    "digital-twins",
    authors="Böttcher, Fonseca, Laubenbacher",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
