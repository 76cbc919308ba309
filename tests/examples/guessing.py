"""Guess a share of the average: a world, a rule, a language model and three claims, the smallest complete paper."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from pydantic import Field

from manyminds.agents.language import LanguageAgent
from manyminds.core import Event, NoAnswer, Real, View, play
from manyminds.core.claims import Claim, Finding, Lab, NotHere, Paper, PaperConfig, PaperResults, Table
from manyminds.core.statistics import mean

Averages = tuple[float, ...]  # of the rounds so far: this is the whole state of the world


@dataclass(frozen=True)
class Guessing:
    """Who is nearest to `share` of the average wins the round."""

    players: int
    share: float
    rounds: int

    def reset(self, rng: Random) -> Averages:
        return ()

    def observe(self, averages: Averages) -> dict[str, View]:
        text = f"Name a number from 0 to 100. Nearest to {self.share:g} of the average wins. So far: {list(averages)}"
        view = View(data=(self.share, averages), text=text, action=Real(0, 100))
        return {} if len(averages) == self.rounds else {f"player {i}": view for i in range(self.players)}

    def step(self, averages: Averages, answers: dict, rng: Random) -> tuple[Averages, list[Event]]:
        guesses = [50.0 if isinstance(a, NoAnswer) else a for a in answers.values()]  # no answer counts as the middle
        missing = sum(isinstance(a, NoAnswer) for a in answers.values())
        average = sum(guesses) / len(guesses)
        return (*averages, average), [Event("round", {"average": average, "missing": missing})]

    def outcome(self, averages: Averages) -> Averages:
        return averages


@dataclass(frozen=True)
class Level:
    """A rule: `depth` best replies to a first guess of 50, later to the last average."""

    depth: int

    async def act(self, view: View) -> float:
        share, averages = view.data
        return (averages[-1] if averages else 50.0) * share**self.depth


class Config(PaperConfig):
    players: int = Field(4, ge=2, le=1000, description="who guesses")
    share: float = Field(2 / 3, gt=0, lt=1, description="of the average")
    depth: int = Field(1, ge=0, le=10, description="best replies a player thinks ahead")
    rounds: tuple[int, ...] = Field((5, 10), description="rounds of each play")
    model: str = Field("", description="a model reference; without one the rule plays")


class Results(PaperResults):
    averages: dict[str, Averages]  # by the number of rounds, as measured
    expected: dict[str, Averages]  # and as the closed form has them
    spoken: bool


async def run(config: Config, lab: Lab) -> Results:
    async def one(rounds: int) -> Averages:
        world, name = Guessing(config.players, config.share, rounds), f"{rounds} rounds"
        mind = LanguageAgent.direct(lab.model(config.model)) if config.model else Level(config.depth)
        agents = {f"player {i}": mind for i in range(config.players)}
        return (await play(world, agents, lab.seeds.child(name), lab.record(name))).outcome

    played = await lab.gather([one(rounds) for rounds in config.rounds], "plays")
    form = {str(n): tuple(50 * config.share ** (config.depth * (t + 1)) for t in range(n)) for n in config.rounds}
    return Results(averages=dict(zip(form, played)), expected=form, spoken=bool(config.model))


def closed_form(results: Results) -> Finding:
    gap = max(abs(a - b) for n, seen in results.averages.items() for a, b in zip(seen, results.expected[n]))
    return Finding(gap, gap < 1e-9, len(results.averages))


def unravels(results: Results) -> Finding:
    return Finding(last := mean([averages[-1] for averages in results.averages.values()]), last.value < 10)


def spoken(results: Results) -> Finding:
    if not results.spoken:
        raise NotHere("no language model took part")
    return Finding("answered", True)


CLAIMS = (
    Claim("closed-form", "round t averages 50 share^(depth t)", "by hand", "0", closed_form, config={"model": ""}),
    Claim("unravels", "guesses go to zero", "by hand", "< 10", unravels, config={"rounds": (10, 20)}),
    Claim("spoken", "a language model can play", "by hand", "-", spoken, needs="endpoint"),
)


def tables(results: Results) -> list[Table]:
    return [Table("Last average", ("rounds", "average"), tuple((n, a[-1]) for n, a in results.averages.items()))]


def figures(results: Results, folder: Path) -> list[Path]:
    from matplotlib.figure import Figure

    figure, path = Figure(figsize=(4, 3)), folder / "averages.png"
    figure.subplots().plot(max(results.averages.values(), key=len), marker="o")
    figure.savefig(path)
    return [path]


PAPER = Paper("guessing", "Guess a share of the average", "none", Config, Results, run, CLAIMS, tables, figures)
