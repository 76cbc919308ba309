"""Graphex mean-field games (arXiv 2401.12686): equilibria on sparse networks, a core game and one for every degree."""

from typing import Any

from pydantic import Field

from manyminds.core import Lab, PaperConfig, PaperResults
from manyminds.learning.hybrid_mirror_descent import Closure
from manyminds.papers.graphex_mfg import finite
from manyminds.papers.graphex_mfg.claims import CLAIMS
from manyminds.papers.graphex_mfg.finite import Cell, Facts
from manyminds.papers.graphex_mfg.limits import LimitGame, solved
from manyminds.papers.graphex_mfg.shown import figures, tables
from manyminds.papers.index import paper
from manyminds.theory.graphexes import PowerGraphon, PowerLaw
from manyminds.theory.mean_field_games import Descent
from manyminds.worlds.populations.network_games import GAMES, SIS


class Config(PaperConfig):
    """The paper's three games on sampled graphexes and on networks; rates are ours (the paper's are not known)."""

    games: tuple[str, ...] = Field(("sis", "sir", "rumour"), description="of " + ", ".join(GAMES))
    steps: int = Field(50, ge=1, le=1000, description="decisions T of a game")
    s: float = Field(0.5, gt=0, lt=1, description="exponent of the power-law graphex")
    sizes: tuple[float, ...] = Field((100.0, 200.0, 400.0), description="sizes nu of the sampled graphs")
    runs: int = Field(20, ge=1, le=1000, description="graphs of every size, plays on every network")
    last: int = Field(5, ge=1, le=20, description="k_max: nodes of more neighbours are the core")
    iterations: int = Field(1000, ge=1, description="of every solver")
    step: float = Field(0.1, gt=0, description="of mirror descent")
    shrink: float = Field(0.05, ge=0, lt=1, description="weight of the entropy in the regularised descent")
    closure: Closure = Field("joint", description="what the periphery knows of its neighbours' past")
    labels: int = Field(50, ge=1, le=1000, description="labels of core and graphon where they are kept apart")
    graphon_power: float = Field(0.5, ge=0, lt=1, description="b of LPGMFG's graphon")
    graphon_cut: float = Field(0.1, ge=0, lt=1, description="c of LPGMFG's graphon")
    networks: tuple[str, ...] = Field(("miserables", "attachment", "hubs"), description="by name, or an edge list")
    tolerance: float = Field(0.5, gt=0, description="nodes of a sampled graph that may be counted twice (expected)")
    deviators: int = Field(40, ge=0, description="nodes whose best reply on a finite graph is computed; 0: none")
    plays: int = Field(20, ge=1, description="plays that tell a deviator the odds")
    memory_size: float = Field(200.0, ge=0, description="size nu on which the closures are compared; 0: not compared")


class Results(PaperResults):
    limits: list[LimitGame]
    facts: list[Facts]
    cells: list[Cell]
    closures: dict[str, list[list[float]]]
    replies: dict[str, dict[str, float]]


async def run(config: Config, lab: Lab) -> Results:
    """First the limits, then every kind of graph; each piece is computed once in the life of a run."""
    games = chosen(config)
    law, seeds = PowerLaw(config.s), lab.seeds
    kinds = [f"nu={size:g}" for size in config.sizes] + list(config.networks)
    done = lab.progress(len(games) * (2 + len(kinds)) + len(kinds) + 1, "pieces")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    how = Descent(config.iterations, config.step, config.shrink)
    graphon = PowerGraphon(config.graphon_power, config.graphon_cut)
    size = max(config.sizes, default=400.0)
    limits = {
        name: LimitGame(**await piece(
            f"limit of {name}",
            lambda name=name, game=game: solved(name, game, law, size, config.last, how, config.labels, graphon,
                                                config.closure),
        ))
        for name, game in games.items()
    }  # fmt: skip
    found, cells = [], []
    for kind in kinds:
        graph, known, split = graphs(config, kind, law, lab)
        own = (law, known) if known else (None, None)
        found.append(await piece(
            f"facts of {kind}", lambda: finite.facts(kind, graph, config.last, *own, split).model_dump()  # noqa: B023
        ))  # fmt: skip
        for name, game in games.items():
            cells.append(await piece(
                f"{name} on {kind}",
                lambda: finite.cell(name, game, limits[name], graph, kind, seeds.child(name, kind)),  # noqa: B023
            ))  # fmt: skip
    replies = {}
    if config.deviators:
        graph = finite.sampled_graphs(law, min(config.sizes, default=100.0), 1, config.tolerance, seeds)[0]
        for name, game in games.items():
            replies[name] = await piece(
                f"replies in {name}",
                lambda: finite.best_replies(game, limits[name], graph, config.deviators, config.plays,  # noqa: B023
                                            seeds.child("replies", name)),  # noqa: B023
            )  # fmt: skip
    closures = await piece("closures", lambda: compared(config, law, lab)) if config.memory_size else {}
    return Results(limits=list(limits.values()), facts=found, cells=cells, closures=closures, replies=replies)


def chosen(config: Config) -> dict[str, Any]:
    """The games by name, with the horizon of the config."""
    from dataclasses import replace

    from manyminds.core.errors import unknown

    for name in config.games:
        if name not in GAMES:
            raise unknown("game", name, GAMES)
    return {name: replace(GAMES[name], steps=config.steps) for name in config.games}


def graphs(config: Config, kind: str, law: PowerLaw, lab: Lab) -> tuple[Any, float | None, float]:
    """The graphs of one kind as one, their size nu where they are sampled, and the nodes expected to be split."""
    if kind in config.networks:
        return finite.network_graphs(kind, config.runs, lab.seeds.child(kind)), None, 0.0
    size = float(kind.removeprefix("nu="))
    graph, split = finite.sampled_graphs(law, size, config.runs, config.tolerance, lab.seeds)
    return graph, size, split


def compared(config: Config, law: PowerLaw, lab: Lab) -> Any:
    """SIS that nobody fights, begun with a tenth infected, for 30 steps: the closures beside what happens."""
    graph = finite.sampled_graphs(law, config.memory_size, config.runs, config.tolerance, lab.seeds)[0]
    return finite.closures(SIS(steps=30, start=(0.9, 0.1)), graph, config.last, lab.seeds.child("closures"))


PAPER = paper(
    "graphex-mfg",
    authors="Fabian, Cui, Koeppl",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
