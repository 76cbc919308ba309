"""Guess a share of the average: a world, an agent and three claims, the smallest complete paper."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from matplotlib.figure import Figure
from pydantic import Field

from manyminds.core import Claim, Event, Finding, Lab, NoAnswer, Real, View, play
from manyminds.core.claims import NotHere, Paper, PaperConfig, PaperResults, Table
from manyminds.core.statistics import mean
from manyminds.models.request import Request, user


@dataclass(frozen=True)
class Guessing:
    """Who is nearest to `share` of the average wins the round. The state is the averages so far."""

    players: int
    share: float
    rounds: int

    def reset(self, rng: Random) -> tuple[float, ...]:
        return ()

    def observe(self, averages: tuple[float, ...]) -> dict[str, View]:
        text = f"Name a number from 0 to 100. Nearest to {self.share:g} of the average wins. So far: {list(averages)}"
        due = range(self.players if len(averages) < self.rounds else 0)
        return {f"player {i}": View((self.share, averages), text, Real(0, 100)) for i in due}

    def step(self, averages: tuple[float, ...], answers: dict, rng: Random) -> tuple[tuple[float, ...], list[Event]]:
        guesses = [50.0 if isinstance(a, NoAnswer) else a for a in answers.values()]  # no answer counts as the middle
        average, missing = sum(guesses) / len(guesses), sum(isinstance(a, NoAnswer) for a in answers.values())
        return (*averages, average), [Event("round", {"average": average, "missing": missing})]

    def outcome(self, averages: tuple[float, ...]) -> tuple[float, ...]:
        return averages


@dataclass(frozen=True)
class Level:
    """A rule: `depth` best replies to a first guess of 50, later to the last average."""

    depth: int

    async def act(self, view: View) -> float:
        share, averages = view.data
        return (averages[-1] if averages else 50.0) * share**self.depth


@dataclass(frozen=True)
class Speaker:
    """A language model that answers in the words of the view."""

    model: object

    async def act(self, view: View) -> float:
        said = await self.model.complete(Request((user(view.text),), output=view.action, repeat=str(view.seeds)))
        return view.action.parse(said.text)


class Config(PaperConfig):
    players: int = Field(4, ge=2, le=1000, description="who guesses")
    share: float = Field(2 / 3, gt=0, lt=1, description="of the average")
    depth: int = Field(1, ge=0, le=10, description="best replies a player thinks ahead")
    rounds: tuple[int, ...] = Field((5, 10), description="rounds of each play")
    model: str = Field("", description="a model reference; without one the rule plays")


class Results(PaperResults):
    averages: dict[str, tuple[float, ...]]
    expected: dict[str, tuple[float, ...]]
    spoken: bool


async def run(config: Config, lab: Lab) -> Results:
    async def one(rounds: int) -> tuple[float, ...]:
        world, name = Guessing(config.players, config.share, rounds), f"{rounds} rounds"
        mind = Speaker(lab.model(config.model)) if config.model else Level(config.depth)
        agents = dict.fromkeys([f"player {i}" for i in range(config.players)], mind)
        return (await play(world, agents, lab.seeds.child(name), lab.record(name))).outcome

    played = await lab.gather(list(map(one, config.rounds)), "plays")
    form = {str(n): tuple(50 * config.share ** (config.depth * (t + 1)) for t in range(n)) for n in config.rounds}
    return Results(averages=dict(zip(form, played)), expected=form, spoken=bool(config.model))


def closed_form(results: Results) -> Finding:
    gap = max(abs(a - b) for n, seen in results.averages.items() for a, b in zip(seen, results.expected[n]))
    return Finding(gap, gap < 1e-9, len(results.averages))


def unravels(results: Results) -> Finding:
    return Finding(last := mean([averages[-1] for averages in results.averages.values()]), last.value < 10)


def spoken(results: Results) -> Finding:
    if not results.spoken:
        raise NotHere
    return Finding("answered", True)


def tables(results: Results) -> list[Table]:
    return [Table("Last average", ("rounds", "average"), tuple((n, a[-1]) for n, a in results.averages.items()))]


def figures(results: Results, folder: Path) -> list[Path]:
    figure, path = Figure(figsize=(4, 3)), folder / "averages.png"
    figure.subplots().plot(max(results.averages.values(), key=len), marker="o")
    figure.savefig(path)
    return [path]


CLAIMS = (
    Claim(
        "closed-form",
        "The average of round t is 50 share^(depth t).",
        "by hand",
        "0",
        closed_form,
        config={"model": ""},
    ),
    Claim("unravels", "Guesses go to zero.", "by hand", "< 10", unravels, config={"rounds": (10, 20)}),
    Claim("spoken", "A language model can play.", "by hand", "-", spoken, needs="endpoint"),
)
PAPER = Paper("guessing", "Guess a share of the average", "none", Config, Results, run, CLAIMS, tables, figures)
