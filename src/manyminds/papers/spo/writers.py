"""A small language model learns to write notes from comparisons of its notes: self-play and a reward model.

A decoder is raised on notes in four styles (`worlds/texts/styled_notes.py`). Then each iteration asks it for several
notes on some topics, a rubric compares all notes on a topic in both orders, and one policy-gradient step follows. In
self-play the reward is the mean preference over the other notes on the topic, as the paper's section 4 has it for
trajectories; a reward model gets the same comparisons, as Bradley-Terry scores of what a note is. The average over
iterates is measured as held-out notes are written by every tenth of them, on topics that learning never asked for.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.learning.preferences import win_rates
from manyminds.models.house.decoder import Decoder, Shape
from manyminds.models.house.tokenizer import END, Tokenizer, chat, trained
from manyminds.theory import preferences as theory
from manyminds.tuning import organisms
from manyminds.tuning import policy_gradient as learning
from manyminds.tuning.organisms import Lesson
from manyminds.tuning.raising import Recipe
from manyminds.worlds.texts import styled_notes as world
from manyminds.worlds.texts.styled_notes import CLASSES, MALFORMED, STYLES, TOPICS, Rubric

Method = Literal["self-play", "reward model"]
METHODS = ("self-play", "reward model")
HABITS = (35, 10, 25, 30)  # how often the start model writes each style, in percent: far from the minimax winner
LEARNT = TOPICS[:16]  # the others are held out
HELD_OUT = TOPICS[16:]
LESSONS, READ = 6000, 200_000  # lessons of a raise, and the tokens that it reads
MOST = 9  # tokens of a note with its end; the longest of the grammar has 8
WRITTEN = 16  # held-out notes on each topic by one iterate
STRIDE = 10  # iterations between iterates that write held-out notes
FINAL = 64  # held-out notes on each topic by the first and the last policy
PRIOR = 0.01  # wins that the reward model gives to both of every two classes beforehand: one that loses always, or that
# nobody has written yet, would have no finite score without
SETTINGS = learning.PolicyGradient(most=MOST, beta=0.3, step_size=3e-4)


class Written(BaseModel, frozen=True):
    """One learner. Shares are over CLASSES: the styles, then malformed."""

    rubric: Rubric
    method: Method
    seed: int
    start: list[list[float]]  # (held-out topics, classes) of the start model
    average: list[list[float]]  # of the iterates together
    last: list[list[float]]
    curve: list[list[float]]  # (iterates, classes)
    divergence: list[float]  # from the start model, nats a note, between the iterates of the curve
    comparisons: int


class Raised(NamedTuple):
    """A start model and its tokenizer."""

    decoder: Decoder
    tokenizer: Tokenizer

    @property
    def end(self) -> int:
        return self.tokenizer.ids[END]

    def prompts(self, topics: Sequence[str]) -> list[list[int]]:
        return [self.tokenizer.encode(asked(topic)) for topic in topics]

    def classes(self, topic: str, notes: Sequence[list[int]]) -> list[int]:
        return [world.class_of(topic, self.tokenizer.decode(note)) for note in notes]


class Memory(NamedTuple):
    """What a checkpoint keeps beside the policy. `wins[a, b]`: how often notes of class a beat notes of class b."""

    wins: np.ndarray
    held_out: np.ndarray  # (iterates, topics, classes) counts
    divergence: np.ndarray


def asked(topic: str) -> str:
    return chat([("user", f" write {topic}")])


def lessons(seeds: Seeds, count: int) -> list[Lesson]:
    """Notes on drawn topics in the styles of HABITS."""
    rng, found = seeds("lessons"), []
    for _ in range(count):
        topic, (style,) = rng.choice(TOPICS), rng.choices(STYLES, HABITS)
        found.append(Lesson(asked(topic), world.note(style, topic, rng)))
    return found


def raised(seeds: Seeds, folder: Path) -> Raised:
    """A decoder of 0.1 M parameters raised from nothing, in `folder` where a raise that was killed goes on."""
    taught = lessons(seeds, LESSONS)
    tokenizer = trained((asked + answer for asked, answer in taught), organisms.VOCABULARY, fewer=True)
    shape = Shape(tokenizer.size, size=64, layers=2, heads=4, groups=2, hidden=176, context=64)
    recipe = Recipe("XS", tokens=READ, batch=512, numbers="float32")
    documents = [organisms.document(tokenizer, lesson) for lesson in taught]
    begun = Decoder.drawn(shape, seeds.jax("weights"))
    state = organisms.taught(documents, recipe, begun, seeds, Checkpoint(folder / "raise.checkpoint"))
    return Raised(state.decoder, tokenizer)


def counts(model: Raised, decoder: Decoder, each: int, key: jax.Array) -> np.ndarray:
    """(held-out topics, classes): what `each` notes on every held-out topic are."""
    _, notes = learning.answers(decoder, model.prompts(HELD_OUT), each, MOST, model.end, key)
    rows = [model.classes(topic, said) for topic, said in zip(HELD_OUT, notes)]
    return np.array([np.bincount(row, minlength=len(CLASSES)) for row in rows])


# ---- rewards


def with_wins(wins: np.ndarray, classes: Sequence[int], preferences: np.ndarray) -> np.ndarray:
    """The table of wins after the comparisons of one topic, both orders averaged; a tie is half a win for both."""
    row = np.array(classes)
    won = (1 + preferences) / 2 * ~np.eye(len(row), dtype=bool)
    wins = wins.copy()
    np.add.at(wins, (row[:, None], row[None, :]), won)
    return wins


def score(
    model: Raised, rubric: Rubric, method: Method, memory: Memory, drawn: np.ndarray, notes: list[list[list[int]]]
) -> tuple[Memory, np.ndarray]:
    """Rewards of the notes on the topics `drawn`; what a reward model has learnt of them is remembered."""
    wins, met, classes = memory.wins, [], []
    for number, said in zip(drawn, notes):
        topic = LEARNT[number]
        met.append(world.compared(rubric, topic, [model.tokenizer.decode(note) for note in said]))
        classes.append(model.classes(topic, said))
        wins = with_wins(wins, classes[-1], met[-1])
    if method == "self-play":
        return memory, 2 * np.asarray(jax.vmap(win_rates)(np.array(met))) - 1
    return memory._replace(wins=wins), theory.bradley_terry(wins + PRIOR)[np.array(classes)]


# ---- learning


def written(
    rubric: Rubric, method: Method, seed: int, iterations: int, seeds: Seeds, folder: Path, kept: Checkpoint
) -> dict[str, Any]:
    """Learn for `iterations`, a multiple of STRIDE. The start model of a seed is the same for all methods."""
    model = raised(seeds.child("raise"), folder)
    own, marks = seeds.child(rubric, method), iterations // STRIDE
    size = len(CLASSES)
    memory = Memory(np.zeros((size, size)), np.zeros((marks, len(HELD_OUT), size)), np.zeros(marks))
    state = learning.begun(SETTINGS, model.decoder, memory)
    state = kept.load(state) or state
    advance = partial(learning.advanced, SETTINGS, model.decoder, model.prompts(LEARNT), model.end,
                      partial(score, model, rubric, method))  # fmt: skip
    for mark in range(int(state.iteration) // STRIDE, marks):
        state, logged = advance(state, (mark + 1) * STRIDE, own)
        seen, apart = state.memory.held_out.copy(), state.memory.divergence.copy()
        seen[mark] = counts(model, state.policy.model, WRITTEN, own.jax("held out", mark))
        apart[mark] = logged["divergence"]
        state = state._replace(memory=state.memory._replace(held_out=seen, divergence=apart))
        kept.save(state)
    seen = state.memory.held_out
    return Written(
        rubric=rubric, method=method, seed=seed, start=shares(counts(model, model.decoder, FINAL, seeds.jax("start"))),
        average=shares(seen.sum(0)), last=shares(counts(model, state.policy.model, FINAL, own.jax("last"))),
        curve=shares(seen.sum(1)), divergence=state.memory.divergence.tolist(),
        comparisons=iterations * SETTINGS.prompts * SETTINGS.completions * (SETTINGS.completions - 1),
    ).model_dump()  # fmt: skip


def shares(counted: np.ndarray) -> list[list[float]]:
    return (counted / counted.sum(-1, keepdims=True)).tolist()


# ---- measures


def win_rate(rubric: Rubric, first: list[list[float]], second: list[list[float]]) -> float:
    """Chance that a note of the first is preferred to one of the second on the same held-out topic; ties are half."""
    chances = (1 + world.between_styles(rubric)) / 2
    return float(np.mean([np.array(a) @ chances @ np.array(b) for a, b in zip(first, second)]))


def exploited(rubric: Rubric, mixture: list[list[float]]) -> float:
    """By how much the best style beats a mixture over all held-out topics."""
    return theory.exploitability(world.between_styles(rubric), np.mean(mixture, 0))


def winner(rubric: Rubric) -> np.ndarray:
    """The minimax winner over CLASSES, exactly."""
    return theory.minimax_winner(world.between_styles(rubric)).mixture


def spread(rubric: Rubric, mixture: list[list[float]]) -> float:
    """Entropy among the styles that the minimax winner uses, as a share of the winner's own; NaN where it uses one."""
    from scipy.stats import entropy

    used = winner(rubric) > 1e-9
    most = entropy(winner(rubric)[used])
    return float(entropy(np.mean(mixture, 0)[used]) / most) if most > 1e-9 else float("nan")


def largest(mixture: list[list[float]]) -> float:
    """The share of the style that is written most."""
    return float(np.mean(mixture, 0)[:MALFORMED].max())


def settled(row: Written) -> float:
    """The share of the style that an iterate writes most, on average over the second half of the iterates: near 1 for a
    learner that stays with one style, whichever it is, and nearly so if it sometimes goes over to another."""
    later = row.curve[len(row.curve) // 2 :]
    return float(np.mean([max(shares[:MALFORMED]) for shares in later]))
