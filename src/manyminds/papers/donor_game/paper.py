"""The donor game (arXiv 2412.10270): does cooperation evolve among minds that pass their strategies on?"""

import asyncio
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from manyminds.agents.donors import gives
from manyminds.core import Lab, PaperResults, Seeds, Table, play, unknown
from manyminds.core import statistics as st
from manyminds.learning.culture import Selection
from manyminds.models.load import ModelReference
from manyminds.papers.donor_game.claims import CLAIMS
from manyminds.papers.donor_game.drawings import figures
from manyminds.papers.donor_game.evolution import POPULATIONS, curves
from manyminds.papers.donor_game.organisms import Lineage, lineages, organism_table
from manyminds.papers.donor_game.records import read, summary
from manyminds.papers.donor_game.societies import Line, Run, Society, known
from manyminds.papers.index import paper
from manyminds.theory import gift as theory
from manyminds.tuning.organisms import Raising
from manyminds.worlds.games.gift import Gift
from manyminds.worlds.games.gift_arrays import Rules
from manyminds.worlds.games.gift_schedules import Rounds, alternating, released

SCHEDULES = {"alternating": alternating, "released": lambda players, rounds, links: released(players, rounds)}
LANGUAGE = "language"
SENTENCES, STRANGERS = "sentences", "sentences, strangers as models"
KEPT = 60  # seeds of a population whose curves are kept one by one


class Config(Raising):
    """The paper's settings. Without `models`, genomes evolve on arrays and as sentences, and no model is called."""

    agents: int = Field(12, ge=2, le=200, description="members of a generation, an even number")
    rounds: int = Field(12, ge=1, le=200, description="rounds of a game; the players are not told")
    generations: int = Field(10, ge=1, le=1000)
    endowment: float = Field(10.0, gt=0, description="units that everybody starts with")
    multiplier: float = Field(2.0, gt=0, description="units received for each unit given (the paper also: 1.5, 3)")
    links: int = Field(3, ge=0, le=3, description="how many acts the trace of a recipient shows (the paper also: 1)")
    punishment: bool = Field(False, description="may donors pay to take twice as much from the recipient?")
    partner_choice: bool = Field(False, description="may donors refuse to play?")
    selection: Selection = Field("truncation", description="who survives in runs with strategies as texts")
    schedule: Literal["alternating", "released"] = Field("alternating", description="released: as in the authors' code")
    populations: tuple[str, ...] = Field(tuple(POPULATIONS), description="kinds of genomes that evolve on arrays")
    seeds: int = Field(1000, ge=0, le=100_000, description="independent populations of each kind")
    noise: float = Field(0.06, ge=0, le=1, description="standard deviation of an error of copying")
    models: tuple[ModelReference, ...] = Field((), description="model references for the seats, in turn")
    runs: int = Field(5, ge=1, le=1000, description="independent societies of language models")
    temperature: float = Field(0.8, ge=0, le=2)
    show_scores: bool = Field(False, description="do newborns see how many units their advisers ended with?")
    text_runs: int = Field(3, ge=0, le=1000, description="small societies of sentences, with and without inheritance")
    files: tuple[str, ...] = Field((), description="run files in the authors' form to analyse beside ours")

    @field_validator("populations")
    @classmethod
    def populations_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in POPULATIONS:
                raise ValueError(str(unknown("population", name, POPULATIONS)))
        return names

    @model_validator(mode="after")
    def meetings_exist(self) -> "Config":
        self.meetings()
        return self

    def meetings(self) -> Rounds:
        return SCHEDULES[self.schedule](self.agents, self.rounds, self.links)

    def world(self) -> dict[str, Any]:
        """The settings of `Gift`."""
        return {"rounds": self.meetings(), "endowment": self.endowment, "multiplier": self.multiplier,
                "links": self.links, "punishment": self.punishment,
                "partner_choice": self.partner_choice}  # fmt: skip


class Evolved(BaseModel, frozen=True):
    """A population of genomes over generations: means over seeds, and seed by seed how it began and ended."""

    name: str
    first: list[float]  # by seed: mean donation of the first generation
    last: list[float]
    resources: list[float]  # of the last generation
    differential: list[float | None]  # of the first generation
    mutation_bias: float | None
    punished: float
    gini: float
    donation_curves: list[list[float]]  # of the first seeds, one list a seed
    resource_curves: list[list[float]]


class Results(PaperResults):
    evolved: list[Evolved]
    runs: list[Run]
    identity: list[tuple[float, float, float, float]]  # fraction, multiplier, played out, theory
    released: list[tuple[float, float, float]]  # fraction, played out on the released schedule, theory
    most: float
    generations: int
    organisms: list[Lineage] = Field(default_factory=list)


def evolve_on_arrays(config: Config, seeds: Seeds) -> list[dict[str, Any]]:
    """All populations at once. Who may punish depends on the genome, so punishment is always allowed here."""
    if not config.seeds or not config.populations:
        return []
    rules = Rules(config.meetings(), config.endowment, config.multiplier, config.links, punishment=True)
    kinds = [POPULATIONS[name] for name in config.populations]
    key = seeds.jax("populations")
    found = curves(kinds, key, config.seeds, rules, config.agents, config.generations, config.noise)
    rows = []
    for i, name in enumerate(config.populations):
        donation, resources = found["donation"][i], found["resources"][i]
        biases = [b for b in found["bias"][i].ravel().tolist() if isfinite(b)]
        rows.append({
            "name": name, "first": donation[:, 0].tolist(), "last": donation[:, -1].tolist(),
            "resources": resources[:, -1].tolist(),
            "differential": [known(d) for d in found["differential"][i, :, 0]],
            "mutation_bias": sum(biases) / len(biases) if biases else None,
            "punished": float(found["punished"][i].mean()), "gini": float(found["gini"][i, :, -1].mean()),
            "donation_curves": donation[:KEPT].tolist(), "resource_curves": resources[:KEPT].tolist(),
        })  # fmt: skip
    return rows


async def played_out(fraction: float, multiplier: float, rounds: Rounds, endowment: float = 10.0) -> float:
    """The mean final resources of twelve who all give the same fraction, played turn by turn."""
    names = tuple(f"1_{i}" for i in range(1, 13))
    world = Gift(names, rounds, endowment, multiplier)
    end = (await play(world, dict.fromkeys(names, gives(fraction)), Seeds(0))).outcome
    return sum(end.scores.values()) / len(names)


async def identities() -> dict[str, list[tuple[float, ...]]]:
    """The mean-field table, played out on both schedules."""
    ours, theirs = alternating(), released()
    identity = [(p, m, await played_out(p, m, ours), theory.mean_resources(p, m))
                for m in (1.5, 2.0, 3.0) for p in (0.0, 0.25, 0.5, 0.75, 1.0)]  # fmt: skip
    halves = "ABABABBABABA"
    compared = [(p, await played_out(p, 2.0, theirs), theory.mean_resources(p, half_gives=halves)) for p in (0.5, 1.0)]
    return {"identity": identity, "released": compared}


def from_file(path: str) -> Run:
    """A run file as a run."""
    rows = summary(read(Path(path)))
    lines = [Line(**{key: known(v) if isinstance(v, float) else v for key, v in row.items()}) for row in rows]
    return Run(society=f"file {Path(path).stem}", repeat=0, ending="finished", lines=lines)


def sentence_societies(config: Config, lab: Lab) -> list[Society]:
    """Small societies whose sentences pass through text, and the control in which nothing is inherited."""
    size, rounds = min(config.agents, 6), min(config.rounds, 6)
    links = config.links if size > 4 else 0
    world = config.world() | {"rounds": alternating(size, min(rounds, size), links), "links": links}
    return [
        Society(name, repeat, world, size, min(config.generations, 4), config.selection, lab.seeds.child(name, repeat),
                lab, random_parents=name == STRANGERS, noise=config.noise)
        for name in (SENTENCES, STRANGERS) for repeat in range(config.text_runs)
    ]  # fmt: skip


async def run(config: Config, lab: Lab) -> Results:
    """Genomes on arrays, sentences in the turn world, language models where some are named, and files."""
    loaded = [from_file(path) for path in config.files]
    checked = await lab.once("identities", identities)
    evolved = await lab.once("populations", lambda: asyncio.to_thread(evolve_on_arrays, config, lab.seeds))
    societies = sentence_societies(config, lab)
    if config.models:
        societies += [
            Society(LANGUAGE, repeat, config.world(), config.agents, config.generations, config.selection,
                    lab.seeds.child(LANGUAGE, repeat), lab, config.temperature, config.show_scores, config.models)
            for repeat in range(config.runs)
        ]  # fmt: skip
    runs = await lab.gather([society.run() for society in societies], "societies")
    organisms = [one for seed in range(config.organisms) for one in await lineages(lab, config, seed)]
    return Results(
        organisms=organisms,
        evolved=[Evolved(**row) for row in evolved],
        runs=[*runs, *loaded],
        identity=checked["identity"],
        released=checked["released"],
        most=theory.most(config.multiplier, config.rounds, config.endowment),
        generations=config.generations,
    )


# ---- tables

PUBLISHED = (
    ("Claude 3.5 Sonnet", "up to about 6000 in the best runs", "+4.35 %", "0.06 %", "6"),
    ("Gemini 1.5 Flash", "up to about 600 in the best runs, then crashes", "+1.23 %", "14.29 %", "-"),
    ("GPT-4o", "below 30, falling in all 5 runs", "-1.65 %", "1.65 %", "2"),
)


def tables(results: Results) -> list[Table]:
    found = evolved_tables(results) if results.evolved else []
    spoken = [run for run in results.runs if run.society == LANGUAGE or run.society.startswith("file")]
    if spoken:
        found += language_tables(spoken)
    if results.organisms:
        found.append(organism_table(results))
    columns = ("whose", "last mean resources", "drift a generation, best run", "punishing", "generous generations")
    found.append(Table("the paper's figures (5 runs each)", columns, PUBLISHED,
                       "read off its figures; each needs that model behind `models=`"))  # fmt: skip
    rows = tuple((p, *(f"{seen:,.6g}" for q, m, seen, _ in results.identity if q == p))
                 for p in (0.0, 0.25, 0.5, 0.75, 1.0))  # fmt: skip
    theirs = " and ".join(f"{seen:,.6g} for p = {p:g}" for p, seen, _ in results.released)
    found.append(Table("mean final resources when all give a fraction p", ("p", "m = 1.5", "m = 2", "m = 3"), rows,
                       f"the released schedule: {theirs} at m = 2, as one half gives twice in a row"))  # fmt: skip
    return found


OWNED = ("genomes", "mean resources", "of the most", "Gini", "punishing")


def evolved_tables(results: Results) -> list[Table]:
    """How donation moved and why, and what the populations ended with."""
    moved, ended = [], []
    for one in results.evolved:
        rises = sum(b > a for a, b in zip(one.first, one.last))
        share = st.share(rises, len(one.first))
        moved.append((one.name, st.mean(one.first), st.mean(one.last), share, st.mean(one.differential),
                      one.mutation_bias))  # fmt: skip
        owned = st.mean(one.resources)
        ended.append((one.name, owned, owned.value / results.most, one.gini, one.punished))
    last = f"generation {results.generations}"
    note = "mean fraction of own resources given, over seeds, with 95 % intervals"
    columns = ("genomes", "generation 1", last, "seeds that rise", "selection", "copying")
    explained = (
        f"{note}; selection: differential in generation 1; copying: newborns less their advisers, all generations"
    )
    most = f"at most {results.most:,.0f} resources; punishing: share of encounters, all generations"
    return [
        Table("generosity of genomes that evolve", columns, tuple(moved), explained),
        Table(
            f"what they own in {last}",
            ("genomes", "mean resources", "of the most", "Gini", "punishing"),
            tuple(ended),
            most,
        ),
    ]


def drift(run: Run) -> float | None:
    """The mean change of the donation fraction from one generation to the next."""
    seen = [line.donation for line in run.lines if line.donation is not None]
    return (seen[-1] - seen[0]) / (len(seen) - 1) if len(seen) > 1 else None


def generous(run: Run) -> int:
    """Generations that selected for generosity."""
    return sum((line.differential or 0) > 0 for line in run.lines)


def language_tables(runs: list[Run]) -> list[Table]:
    """Run by run: how donation moved, and what was gained, punished and missing."""
    moved, ended = [], []
    for run in runs:
        name = f"{run.society} {run.repeat}"
        if not run.lines:
            moved.append((name, f"{run.ending}: {run.reason}", None, None, None, None))
            continue
        first, last = run.lines[0], run.lines[-1]
        moved.append((name, run.ending, first.donation, last.donation, drift(run), generous(run)))
        missing = [line.rates.get("silent", 0) + line.rates.get("invalid", 0) for line in run.lines]
        punished = [line.rates.get("punished", 0) for line in run.lines]
        bound = None if last.resources_if_all is None else f"{last.resources:,.4g} to {last.resources_if_all:,.4g}"
        ended.append((name, last.resources, bound, last.gini, sum(punished) / len(punished),
                      sum(missing) / len(missing), run.asked_again, run.without_strategy))  # fmt: skip
    return [
        Table("generosity of societies with strategies as texts",
              ("run", "ending", "donation, first", "last", "drift a generation", "generous generations"), tuple(moved)),
        Table("what they own in the last generation",
              ("run", "resources", "bounds", "Gini", "punishing", "unanswered", "asked again", "no strategy"),
              tuple(ended), "bounds: a donor without a possible answer gave nothing (as played), or had given all"),
    ]  # fmt: skip


PAPER = paper(
    "donor-game",
    authors="Vallinder, Hughes",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
