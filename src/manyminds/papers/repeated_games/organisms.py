"""Model organisms that play repeated games: raised on one naming of the options, or balanced over all.

A small decoder reads the game as the labels and points of its cells, the rounds so far as labels, and the two labels in
the order in which they are named (`prompts/brief.md`); its answer is the likeliest token. Renaming a question changes
nothing in the game, so the share of choices that it changes says whether labels or payoffs were learned. The network of
`imitation` is asked the same; this one is a language model, and reads text.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from manyminds.agents.choosers import Chooser
from manyminds.agents.repeaters_library import REPEATERS
from manyminds.agents.seats import rule
from manyminds.core import Claim, Finding, Lab, NoAnswer, NotHere, Seeds, Table, View, play, render
from manyminds.models.request import Model
from manyminds.papers.repeated_games.imitation import COMPANY, POPULATION
from manyminds.tuning.organisms import Briefly, Demonstrates, Grown, Lesson, Raising, organism
from manyminds.worlds.games.matrix import NAMED, MatrixGame
from manyminds.worlds.games.repeated import Horizon, Repeated, State
from manyminds.worlds.games.repeated_words import Wording, listed

LABELS = ("J", "F")
SEATS = ("first", "second")
NAMINGS = tuple(product((False, True), repeat=2))  # (letters swapped, second option named first)
ROUNDS = 5


class Renaming(BaseModel, frozen=True):
    """Shares of questions from games that were not read."""

    balanced: bool
    seed: int
    grown: Grown
    questions: int
    right: float  # choices that are those of the population, in the naming that every organism has read
    letters: float  # choices that swapping the letters changes
    order: float  # choices that naming the options in the other order changes
    both: float
    silent: int  # questions without a legal answer, in any naming; there a choice counts as changed


class Asked(NamedTuple):
    """A question without its naming: the world, the rounds so far, who is asked, and what its rule did."""

    world: Repeated
    history: tuple[tuple[int, ...], ...]
    choice: int


def words(view: View) -> str:
    """The view in a few words."""
    sight = view.data
    mine, theirs = sight.options, sight.their_options[0]
    cells = [(mine[a], theirs[b], f"{sight.payoffs[0, a, b]:g}", f"{sight.payoffs[1, a, b]:g}")
             for a in (0, 1) for b in (0, 1)]  # fmt: skip
    past = [(mine[a], theirs[b]) for a, b in sight.history]
    return render(__package__, "brief", cells=cells, past=past, named=listed(view.action.labels))


def chooser(model: Model) -> Briefly:
    return Briefly(Chooser(model), words)


def world_of(game: MatrixGame, swapped: bool, turned: bool, rounds: int) -> Repeated:
    wording = Wording(labels=LABELS[::-1] if swapped else LABELS, order="second" if turned else "first")
    return Repeated(game, SEATS, Horizon(rounds), wording=wording)


async def lessons(balanced: bool, count: int, seeds: Seeds, rounds: int = ROUNDS) -> list[Lesson]:
    """What members of the population do in matches with their company, under one naming or under all."""
    found: list[Lesson] = []
    rng, games = seeds("matches"), list(NAMED.values())
    number = 0
    while len(found) < count:
        number += 1
        naming = rng.choice(NAMINGS) if balanced else NAMINGS[0]
        world = world_of(rng.choice(games), *naming, rounds)
        one = Demonstrates(rule(rng.choice(POPULATION), REPEATERS), chooser, lambda view, label: str(label), found)
        await play(world, dict(zip(SEATS, (one, rule(rng.choice(COMPANY), REPEATERS)))), seeds.child(number))
    return found


async def questions(count: int, seeds: Seeds, rounds: int = ROUNDS) -> list[Asked]:
    """The rounds of other matches, one by one."""
    found = []
    rng, games = seeds("matches"), list(NAMED.values())
    for number in range(count):
        world = world_of(rng.choice(games), *NAMINGS[0], rounds)
        minds = (rule(rng.choice(POPULATION), REPEATERS), rule(rng.choice(COMPANY), REPEATERS))
        history = (await play(world, dict(zip(SEATS, minds)), seeds.child(number))).outcome.history
        found += [Asked(world, tuple(history[:at]), history[at][0]) for at in range(rounds)]
    return found


async def chosen(model: Any, asked: Sequence[Asked], naming: tuple[bool, bool], lab: Lab) -> np.ndarray:
    """(questions,) the option behind each answer; -1 where there was none."""

    async def one(question: Asked, number: int) -> int:
        world = world_of(question.world.game, *naming, question.world.horizon.rounds)
        labels, order = world.wording.labels or LABELS, (1, 0) if naming[1] else (0, 1)
        view = world.view(State(labels, (order, order), question.history), 0)
        answer = await chooser(model).act(replace(view, seeds=Seeds(0).child("question", number)))
        return -1 if isinstance(answer, NoAnswer) else labels.index(answer)

    jobs = [one(question, number) for number, question in enumerate(asked)]
    return np.array(await lab.gather(jobs, "questions"))


async def renamed(lab: Lab, raising: Raising, balanced: bool, seed: int, matches: int) -> Renaming:
    """Raise one organism and rename its questions."""
    name = f"{'balanced' if balanced else 'one naming'} {seed}"
    seeds = lab.seeds.child("organism", name)
    grown = await organism(lab, name, seed, raising, lambda count: lessons(balanced, count, seeds.child("read")))
    asked = await questions(matches, lab.seeds.child("organism", "asked"))
    model = lab.model(grown.model)
    plain, *others = [await chosen(model, asked, naming, lab) for naming in NAMINGS]
    order, letters, both = (float(((found != plain) | (found < 0)).mean()) for found in others)
    right = float((plain == [one.choice for one in asked]).mean())
    silent = sum(int((found < 0).sum()) for found in (plain, *others))
    return Renaming(balanced=balanced, seed=seed, grown=grown, questions=len(asked), right=right, letters=letters,
                    order=order, both=both, silent=silent)  # fmt: skip


# ---- what must come out


def of(results: Any, balanced: bool) -> list[Renaming]:
    found = [one for one in results.organisms if one.balanced == balanced]
    if not found:
        raise NotHere("no organism was raised (organisms=3 raises three of each kind)")
    return found


def hears_payoffs(results: Any) -> Finding:
    """The largest share of choices that any renaming changes after balanced training."""
    found = of(results, balanced=True)
    worst = max(max(one.letters, one.order, one.both) for one in found)
    return Finding(worst, worst < 0.05, sum(one.questions for one in found))


def hears_letters(results: Any) -> Finding:
    """The least share of choices that swapping letters and order changes after training on one naming."""
    found = of(results, balanced=False)
    least = min(one.both for one in found)
    return Finding(least, least > 0.2, sum(one.questions for one in found))


def organism_table(results: Any) -> Table:
    rows = tuple(("all namings" if one.balanced else "one naming", one.seed, one.questions, one.silent, one.right,
                  one.letters, one.order, one.both, one.grown.tokens) for one in results.organisms)  # fmt: skip
    columns = ("raised on", "seed", "questions", "no answer", "as the population", "letters swapped", "order swapped",
               "both", "tokens read")  # fmt: skip
    return Table("What renaming the options changes in model organisms", columns, rows, "shares of choices changed")


MADE = "appendix on robustness; derived"
ASKED = {"repetitions": 1, "organisms": 3}
ORGANISMS = (
    Claim("organism-renaming", "organisms raised on all namings: largest share of choices that renaming changes", MADE,
          "< 0.05", hears_payoffs, config=ASKED),
    Claim("organism-letters", "organisms raised on one naming: least share of choices that renaming changes", MADE,
          "> 0.2", hears_letters, config=ASKED),
)  # fmt: skip
