"""Self-play preference optimisation (arXiv 2401.04056): learning from comparisons without a reward model."""

from pathlib import Path
from typing import Any

from pydantic import Field

from manyminds.core import BadInput, Lab, PaperConfig, PaperResults
from manyminds.papers.index import paper
from manyminds.papers.spo import answers, bodies, flights, matrices, walks, writers
from manyminds.papers.spo.answers import Compared
from manyminds.papers.spo.bodies import Moved
from manyminds.papers.spo.claims import CLAIMS
from manyminds.papers.spo.flights import Family, Flown
from manyminds.papers.spo.matrices import Played
from manyminds.papers.spo.shown import figures, tables
from manyminds.papers.spo.walks import Walked
from manyminds.papers.spo.writers import Written
from manyminds.worlds.texts.styled_notes import Rubric

Walking = tuple[str, ...]


class Config(PaperConfig):
    """Matrices, walks on a ring, flights of a point mass; where asked for, notes of a small language
    model, bodies that move, and answers of a model that is given."""

    matrices: int = Field(20, ge=1, le=10_000, description="random preference matrices")
    size: int = Field(50, ge=2, le=1000, description="alternatives of a matrix")
    rounds: int = Field(20_000, ge=1000, description="rounds of self-play on a matrix")
    gap: float = Field(0.3, gt=0, le=1, description="by which the favourite beats everybody, for the fast rate")
    rate: float = Field(0.1, gt=0, description="rate of Hedge for the fast rate; below half the gap")
    seeds: int = Field(5, ge=2, le=100, description="seeds of each training")
    walk_iterations: int = Field(4000, ge=0, description="of 32 rollouts and 10 comparisons each; 0 walks nowhere")
    walk_methods: Walking = Field(("self-play", "reward model"), description=f"of {', '.join(walks.METHODS)}")
    families: tuple[Family, ...] = Field(("noisy",), description="preferences over flights")
    flight_methods: tuple[str, ...] = Field(
        ("self-play", "reward model", "true reward"), description="of self-play, duel, reward model, true reward"
    )
    flight_iterations: int = Field(40, ge=0, description="of 32 rollouts and 10 comparisons each; 0 flies nowhere")
    locomotion: str = Field("", description="a gymnasium environment that learns too, say Hopper-v5; hours, no claim")
    locomotion_iterations: int = Field(500, ge=1, description="of 4 episodes and 10 comparisons each")
    locomotion_limit: int = Field(1000, ge=1, description="steps of an episode at most")
    locomotion_updates: int = Field(1000, ge=1, description="of soft actor-critic, an iteration")
    flip: float = Field(0.2, ge=0, lt=0.5, description="chance that an answer of a noisy rater is flipped")
    note_iterations: int = Field(
        0, ge=0, multiple_of=writers.STRIDE, description="of 64 notes by a small model raised for it; 0 raises none"
    )
    note_rubrics: tuple[Rubric, ...] = Field(("cycle", "order"), description="who compares notes: of cycle, order")
    note_methods: tuple[writers.Method, ...] = Field(writers.METHODS, description=f"of {', '.join(writers.METHODS)}")
    model: str = Field("", description="a model whose answers are compared; without one nothing is written")
    judge: str = Field("", description="the model that compares answers; without one three votes decide")
    prompts: tuple[str, ...] = Field(("Describe a city you would like to live in.",), description="tasks to answer")
    responses: int = Field(30, ge=2, le=200, description="answers to each prompt")
    rubric: str = Field("", description="what the judge is told of a good answer")


class Results(PaperResults):
    matrices: list[Played]
    programmes: dict[str, float]
    rates: dict[str, Any]
    favourite: dict[str, Any]
    trap: dict[str, Any]
    walks: list[Walked]
    flights: list[Flown]
    notes: list[Written]
    bodies: list[Moved]
    answers: list[Compared]


def checked(config: Config) -> None:
    """Refuse what would fail only after minutes."""
    from manyminds.core import unknown

    for name in config.walk_methods:
        if name not in walks.METHODS:
            raise unknown("method of walk_methods", name, walks.METHODS)
    for name in config.flight_methods:
        if name not in FLIGHT_METHODS:
            raise unknown("method of flight_methods", name, FLIGHT_METHODS)
    if config.locomotion:
        checked_bodies(config)
    if config.judge and not config.model:
        raise BadInput("judge is set and model is not; give the model whose answers are to be compared")


def checked_bodies(config: Config) -> None:
    """Refuse what bodies cannot learn from, and an environment that is not installed."""
    for family in config.families:
        if family not in bodies.FAMILIES:
            raise BadInput(f"bodies learn from the families return and noisy, not from {family}; set families=noisy")
    if "duel" in config.flight_methods:
        raise BadInput("bodies do not duel; leave duel out of flight_methods")
    bodies.sizes(config.locomotion)


FLIGHT_METHODS = ("self-play", "duel", "reward model", "true reward")


async def run(config: Config, lab: Lab) -> Results:
    """Matrices, walks, flights, notes, bodies, answers; every piece is computed once in the life of a run."""
    checked(config)
    seeds = lab.seeds
    walking = config.walk_methods if config.walk_iterations else ()
    flying = [(f, m) for f in config.families for m in config.flight_methods] if config.flight_iterations else []
    writing = [(r, m, n) for r in config.note_rubrics for m in config.note_methods for n in range(config.seeds)]
    writing = writing if config.note_iterations else []
    moving = [(f, m, n) for f in config.families for m in config.flight_methods for n in range(config.seeds)]
    moving = moving if config.locomotion else []
    done = lab.progress(4 + len(walking) + len(flying) + len(writing) + len(moving), "pieces")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    def walked(method: str) -> Any:
        keeper = lab.checkpoint(f"walk {method}")
        return lambda: walks.walked(method, seeds.child("walks"), config.seeds, config.walk_iterations, keeper)

    def flown(family: Family, method: str) -> Any:
        keeper = lab.checkpoint(f"flight {family} {method}")
        own = seeds.child("flights", family)
        return lambda: flights.flown(family, method, own, config.seeds, config.flight_iterations, config.flip, keeper)

    def written(rubric: Rubric, method: writers.Method, seed: int) -> Any:
        keeper = lab.checkpoint(f"notes {rubric} {method} {seed}")
        own, folder = seeds.child("notes", seed), Path(lab.folder) / "writers" / str(seed)
        return lambda: writers.written(rubric, method, seed, config.note_iterations, own, folder, keeper)

    def moved(family: Any, method: str, seed: int) -> Any:
        keeper = lab.checkpoint(f"body {family} {method} {seed}")
        name, own = config.locomotion, seeds.child("bodies", family, seed)
        lengths = config.locomotion_iterations, config.locomotion_limit, config.locomotion_updates
        return lambda: bodies.moved(name, family, method, seed, own, *lengths, config.flip, keeper)

    size, rounds = config.size, config.rounds
    return Results(
        matrices=await piece("m", lambda: matrices.identities(seeds.child("m"), config.matrices, size, rounds)),
        programmes=await piece("lp", lambda: matrices.programmes(seeds.child("lp"), 5, (3, size, 4 * size))),
        rates=await piece("rates", lambda: matrices.rates(seeds.child("rates"), size, rounds)),
        favourite=await piece(
            "favourite", lambda: matrices.favourite(seeds.child("fast"), size, config.gap, config.rate)
        ),
        trap=matrices.trap(),
        walks=[await piece(f"walk {method}", walked(method)) for method in walking],
        flights=[await piece(f"flight {family} {method}", flown(family, method)) for family, method in flying],
        notes=[await piece(f"notes {r} {m} {n}", written(r, m, n)) for r, m, n in writing],
        bodies=[await piece(f"body {f} {m} {n}", moved(f, m, n)) for f, m, n in moving],
        answers=await answered(config, lab),
    )


async def answered(config: Config, lab: Lab) -> list[Any]:
    """The answers of a language model, prompt by prompt."""
    if not config.model:
        return []
    writer, judge = lab.model(config.model), lab.model(config.judge) if config.judge else None
    return [
        await answers.compared(prompt, writer, judge, config.rubric, config.responses, lab) for prompt in config.prompts
    ]


PAPER = paper(
    "spo",
    authors="Swamy, Dann, Kidambi, Wu, Agarwal",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
