"""Token dynamics of selective state spaces (arXiv 2410.03292): where do the layers of a Mamba drive its tokens?"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from manyminds.core import Lab, PaperConfig, PaperResults, Table
from manyminds.core import statistics as st
from manyminds.networks.selective import Product, Reorder
from manyminds.papers.index import paper
from manyminds.papers.mamba_dynamics import motion
from manyminds.papers.mamba_dynamics.claims import CLAIMS
from manyminds.papers.mamba_dynamics.lessons import Learnt, Lesson, Size, Task, learnt
from manyminds.papers.mamba_dynamics.motion import Convergence, Fast, Slow


class Config(PaperConfig):
    """Draws of the dynamics, and the models that are trained. The paper's own size: see the README."""

    draws: int = Field(100, ge=1, le=100_000, description="parameter draws in each regime and each class of planes")
    tokens: int = Field(8, ge=2, le=64, description="tokens of a draw")
    tasks: tuple[Task, ...] = Field(("recall",), description="sequence tasks on which signs are compared")
    signs: tuple[Product, ...] = Field(("positive", "negative"), description="signs of S_C' S_B to train")
    norms: tuple[bool, ...] = Field((True,), description="with and without norm layers (the theory has none)")
    orders: tuple[Reorder, ...] = Field(("none", "learned"), description="orders of tokens to train")
    control: bool = Field(False, description="also train with S_C' S_B scaled to 0")
    seeds: int = Field(3, ge=2, le=100, description="seeds of each training")
    size: int = Field(24, ge=4, description="channels of the model")
    depth: int = Field(2, ge=1, description="layers")
    states: int = Field(8, ge=1, description="states of a channel")
    length: int = Field(17, ge=5, description="tokens of a training item (odd)")
    symbols: int = Field(16, ge=2, description="different symbols")
    batch: int = Field(32, ge=1)
    steps: int = Field(150, ge=0, description="training steps; 0 trains nothing")
    step_size: float = Field(3e-3, gt=0)

    def how(self) -> Size:
        return Size(**{name: getattr(self, name) for name in Size.model_fields})

    def lessons(self) -> list[Lesson]:
        """Signs on each task with and without norms, nothing let through as a control, and orders where the first token
        is what matters."""
        if not self.steps:
            return []
        signs = [Lesson(task=t, product=p, norm=n) for t in self.tasks for n in self.norms for p in self.signs]
        control = [
            Lesson(task=self.tasks[0], product=p, strength=0.0) for p in ("positive", "negative") if self.control
        ]
        orders = [Lesson(task="first-key", reorder=order) for order in self.orders]
        if "learned" in self.orders:
            orders.append(Lesson(task="first-key", reorder="learned", restore=False))
        return signs + control + orders


class Results(PaperResults):
    layers: dict[str, Any]
    convergence: list[Convergence]
    slow: list[Slow]
    fast: list[Fast]
    fates: dict[str, dict[str, int]]
    learnt: list[Learnt]


async def run(config: Config, lab: Lab) -> Results:
    """The dynamics first, then the trainings; every piece is computed once in the life of a run."""
    seeds, tokens = lab.seeds, config.tokens
    lessons = config.lessons()
    done = lab.progress(5 + len(lessons), "pieces")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    def draws(kind: Any) -> Any:
        return lambda: [kind(seeds.child(kind.__name__, i), tokens).model_dump() for i in range(config.draws)]

    return Results(
        layers=await piece("layers", lambda: motion.layer_errors(seeds.child("layers"), tokens)),
        convergence=await piece("convergence", draws(motion.convergence)),
        slow=await piece("slow divergence", draws(motion.slow)),
        fast=await piece("fast divergence", draws(motion.fast)),
        fates=await piece("planes", lambda: motion.fates(seeds.child("planes"), config.draws, tokens)),
        learnt=[
            await piece(
                lesson.name, lambda lesson=lesson: learnt(lesson, config.how(), seeds.child(lesson.task), config.seeds)
            )
            for lesson in lessons
        ],
    )


def tables(results: Results) -> list[Table]:
    """What the tokens did in each regime, and what the models learnt."""
    slopes = spread(results.convergence, "lowest_slope", "highest_slope")
    exponents = spread(results.slow, "lowest_exponent", "highest_exponent")
    moved = (
        ("vanish (mu < 0)", "slope of ln|x| on ln t", "-1/2", slopes),
        ("creep (mu > 0, s x < 0)", "exponent of |x| in ln t", "<= l", exponents),
        ("blow up (mu > 0, s x > 0)", "time / bound from one token", "<= 1", spread(results.fast, "ratio", "ratio")),
    )
    planes = tuple((kind, *ends.values()) for kind, ends in results.fates.items())
    found = [
        Table("Tokens on a line", ("regime", "measure", "theory", "lowest to highest over draws"), moved),
        Table(
            "Tokens in the plane, by eigenvalues of S_C' S_B",
            ("eigenvalues", "converge", "diverge", "undecided"),
            planes,
        ),
    ]
    if results.learnt:
        rows = tuple((r.lesson.task, named(r.lesson), st.mean(r.loss), st.mean(r.accuracy)) for r in results.learnt)
        note = "held-out log-loss in nats; paper (WikiText-103 perplexity): positive < mixed < negative"
        found.append(Table("What small models learnt", ("task", "model", "loss", "accuracy"), rows, note))
    return found


def spread(rows: list[Any], low: str, high: str) -> str:
    return f"{min(getattr(row, low) for row in rows):.4f} to {max(getattr(row, high) for row in rows):.4f}"


def named(lesson: Lesson) -> str:
    """A lesson by what is special in it."""
    marks = [lesson.product] if lesson.reorder == "none" else [f"{lesson.reorder} order"]
    marks += ["places not restored"] if not lesson.restore else []
    marks += ["without norms"] if not lesson.norm else []
    marks += ["nothing passes"] if lesson.strength == 0 else []
    return ", ".join(marks)


def figures(results: Results, folder: Path) -> list[Path]:
    """One panel a regime (a few draws), and the training curves by sign."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.4))
    vanish, creep, curves = figure.subplots(1, 3)
    times = np.geomspace(0.1, 1e8, 91)[0:91:10]
    for row in results.convergence[:3]:
        vanish.loglog(times[: len(row.path)], np.array(row.path), color="tab:blue", alpha=0.4)
    vanish.loglog(times, times**-0.5, "k--", label="t^(-1/2)")
    vanish.set(title="mu < 0: tokens vanish", xlabel="t", ylabel="|x|")
    vanish.legend()
    log_times = np.linspace(0, 600, 121)[::12]
    for row in results.slow[:3]:
        creep.plot(log_times[: len(row.path)], np.array(row.path), color="tab:orange", alpha=0.5)
    creep.set(title="mu > 0, s x < 0: tokens creep", xlabel="ln t", ylabel="|x|")
    for one in (r for r in results.learnt if r.lesson.reorder == "none" and r.lesson.strength and r.lesson.norm):
        curves.plot(np.mean(one.curve, 0), label=f"{one.lesson.task}, {one.lesson.product}")
    curves.set(title="training loss by sign of S_C' S_B", xlabel="twentieths of the training", ylabel="nats")
    if results.learnt:
        curves.legend(fontsize=7)
    figure.tight_layout()
    path = folder / "tokens.png"
    figure.savefig(path, dpi=120)
    return [path]


PAPER = paper(
    "mamba-dynamics",
    authors="Vo, Pham, Tong, Nguyen",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
