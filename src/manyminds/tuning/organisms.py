"""Model organisms: a small decoder raised on the texts of one world, so that what was put into it is known.

What it reads comes from rules. `Demonstrates` seats a rule behind the language agent of a game and notes what the agent
asks and what the rule answers, in words; `raised_on` raises a decoder on these lessons, from nothing or from a house
model; and the result is a model reference that sits down through the same agent. `Briefly` shows a view in fewer words,
because these decoders read a few hundred tokens, and says nothing of the form of an answer: no mask holds an organism
to the form, so how often its answers are legal is something that it has learned.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import numpy as np
from pydantic import BaseModel, Field

from manyminds.agents.correspondent import Briefed
from manyminds.core import Action, Agent, BadInput, Lab, NoAnswer, PaperConfig, Seeds, View
from manyminds.core.checkpoints import Checkpoint
from manyminds.models.house import weights
from manyminds.models.house.decoder import SIZES, Decoder
from manyminds.models.house.tokenizer import END, PAD, Tokenizer, chat, trained
from manyminds.models.load import HOUSE
from manyminds.models.request import Model, Request
from manyminds.models.scripted import Scripted
from manyminds.tuning.mixture import Document, packed
from manyminds.tuning.raising import Recipe, Step, agreed, optimiser_of, rate, stepping

CONTEXT = 512  # tokens of an organism raised from nothing, whatever its size
READ = 0.1  # what a token of a question counts in the loss; one of an answer counts 1
VOCABULARY = 768
SPELLED = 5000  # lessons that the tokenizer is trained on, at most


class Lesson(NamedTuple):
    """What a language agent asked, as the house model reads it, and the answer."""

    asked: str
    answer: str


class Grown(BaseModel, frozen=True):
    """An organism and how its raise ended. `right`: lessons of the last chunk whose answers it predicted whole."""

    model: str  # a reference that `models.load` reads
    lessons: int
    tokens: int
    loss: float
    right: float


class Raising(PaperConfig):
    """What a paper that can raise organisms lets be set; none are raised unless asked for."""

    organisms: int = Field(0, ge=0, le=100, description="model organisms of each kind to raise, minutes each")
    organism_size: Literal["XS", "T", "S", "M"] = Field("XS", description="of the decoder: 0.8 to 10 M parameters")
    organism_tokens: int = Field(600_000, ge=1, description="tokens that each organism reads")
    organism_lessons: int = Field(4000, ge=1, description="answers of rules that it is raised on, again and again")
    organism_start: str = Field("", description="'house' or a folder with a house model to go on from; empty: none")

    def recipe(self, seed: int) -> Recipe:
        """Small steps and many of them: an organism reads little."""
        return Recipe(self.organism_size, seed, tokens=self.organism_tokens, batch=512, chunk=128)


# ---- at the table


@dataclass(frozen=True)
class Untold:
    """An action whose form nobody is told."""

    action: Action

    def check(self, value: Any) -> Any:
        return self.action.check(value)

    def parse(self, text: str) -> Any:
        return self.action.parse(text)

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return ""


@dataclass
class Briefly:
    """A language agent that is shown every view in the words of `words`, and nothing else."""

    agent: Agent
    words: Callable[[View], str]
    kind = "language"

    async def act(self, view: View) -> Any:
        text = self.words(view)
        return await self.agent.act(Briefed(view.data, text, Untold(view.action), view.seat, view.turn, (), view.seeds,
                                            rules=text, call="Now you.", fresh=True))  # fmt: skip


@dataclass
class Demonstrates:
    """Follows a rule in the words of a language agent. `seat` makes the agent of a model; `says` puts what the rule
    does into the words that a model would have to find. Raises `ValueError` where these are no legal answer."""

    rule: Agent
    seat: Callable[[Model], Agent]
    says: Callable[[View, Any], str]
    lessons: list[Lesson] = field(default_factory=list)
    kind = "rule"

    async def act(self, view: View) -> Any:
        said = self.says(view, await self.rule.act(view))
        before = len(self.lessons)

        def script(request: Request) -> str:
            self.lessons.append(Lesson(chat([(one.role, one.content) for one in request.messages]), said))
            return said

        answer = await self.seat(Scripted("demonstration", script)).act(view)
        if isinstance(answer, NoAnswer) or len(self.lessons) != before + 1:
            raise ValueError(f"the demonstration {said!r} is not an answer: {answer}")
        return answer


def copied(rng: Random, words: Sequence[str], most: int = 30) -> Lesson:
    """A list to copy, of drawn length: looking things up is learned by lessons that some of these are among."""
    told = "".join(f" {word}" for word in rng.sample(words, rng.randint(2, min(most, len(words)))))
    return Lesson(chat([("user", f"{told}\n copy")]), told)


# ---- the raise


class State(NamedTuple):
    """What a checkpoint holds."""

    decoder: Decoder
    optimiser: Any
    chunks: np.ndarray
    steps: np.ndarray
    tokens: np.ndarray  # real ones, without filling
    loss: np.ndarray  # of the last chunk
    right: np.ndarray


async def organism(
    lab: Lab, name: str, seed: int, raising: Raising, lessons: Callable[[int], Awaitable[Sequence[Lesson]]]
) -> Grown:
    """The organism `name` of a run, raised once in the run's life in a folder of its own.

    `lessons(count)` gives at least `count` lessons.
    """
    folder = Path(lab.folder) / "organisms" / quote(name, safe=" ")

    async def work() -> dict[str, Any]:
        taught = (await lessons(raising.organism_lessons))[: raising.organism_lessons]
        grown = await asyncio.to_thread(raised_on, taught, raising.recipe(seed), folder, raising.organism_start)
        return grown.model_dump()

    return Grown(**await lab.once(f"organism {name}", work))


def raised_on(
    lessons: Sequence[Lesson], recipe: Recipe, folder: Path, start: str = "", vocabulary: int = VOCABULARY
) -> Grown:
    """Raise a decoder on `lessons` in `folder`, or go on where it stands.

    `recipe.tokens` are read, lessons again and again in a drawn order. `start`: a folder with a house model to go on
    from, with its tokenizer, or "house"; empty: a decoder of `recipe.size` that has read nothing, and a tokenizer of at
    most `vocabulary` tokens trained on the lessons. The same lessons and recipe give the same organism, killed in
    between or not. Raises `BadInput` for a lesson that is longer than the decoder's context and for a folder that holds
    another organism.
    """
    if not recipe.tokens or not lessons:
        raise BadInput("an organism takes lessons, and tokens above 0 in its recipe")
    recipe = agreed(recipe, folder)
    same_lessons(lessons, start, folder)
    finished = folder / "grown.json"
    if finished.is_file():
        return Grown(**json.loads(finished.read_text(encoding="utf-8")) | {"model": f"house:{folder}"})
    seeds = Seeds(recipe.seed).child("organism")
    tokenizer, decoder = begun(lessons, recipe, seeds, start, vocabulary)
    documents = [document(tokenizer, lesson) for lesson in lessons]
    longest = max(len(one.tokens) for one in documents)
    if longest > decoder.shape.context:
        raise BadInput(f"a lesson has {longest} tokens and the decoder reads {decoder.shape.context}; use fewer words")
    state = taught(documents, recipe, decoder, seeds, Checkpoint(folder / "raise.checkpoint"))
    weights.store(state.decoder, folder, tokenizer.ids[END], tokenizer.ids[PAD])
    tokenizer.save(folder)
    grown = Grown(model=f"house:{folder}", lessons=len(lessons), tokens=int(state.tokens), loss=float(state.loss),
                  right=float(state.right))  # fmt: skip
    finished.write_text(grown.model_dump_json(), encoding="utf-8")
    Checkpoint(folder / "raise.checkpoint").remove()
    return grown


def same_lessons(lessons: Sequence[Lesson], start: str, folder: Path) -> None:
    """Note what a folder is raised on; raise `BadInput` where it is raised on something else already."""
    told = sha256(json.dumps([start, lessons]).encode()).hexdigest()
    path = folder / "lessons.sha256"
    if not path.is_file():
        path.write_text(told, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != told:
        raise BadInput(f"{folder} holds an organism raised on other lessons; name another folder")


def begun(
    lessons: Sequence[Lesson], recipe: Recipe, seeds: Seeds, start: str, vocabulary: int
) -> tuple[Tokenizer, Decoder]:
    """The tokenizer and the decoder before the first lesson."""
    if start:
        folder = HOUSE if start == "house" else Path(start.removeprefix("house:")).expanduser()
        return Tokenizer.load(folder), weights.load(folder)
    tokenizer = trained((asked + answer for asked, answer in lessons[:SPELLED]), vocabulary, fewer=True)
    shape = replace(SIZES[recipe.size], vocab=tokenizer.size, context=CONTEXT)
    return tokenizer, Decoder.drawn(shape, seeds.jax("weights"))


def document(tokenizer: Tokenizer, lesson: Lesson) -> Document:
    asked, answer = tokenizer.encode(lesson.asked), tokenizer.encode(lesson.answer + END)
    counts = [0.0, *[READ] * (len(asked) - 1), *[1.0] * len(answer)]
    return Document(np.array(asked + answer, np.int32), np.array(counts, np.float32), 0)


def taught(
    documents: Sequence[Document], recipe: Recipe, decoder: Decoder, seeds: Seeds, checkpoint: Checkpoint
) -> State:
    """The state after all tokens of the recipe."""
    whole, real = np.array(0), np.array(0.0)
    optimiser = optimiser_of(recipe.numbers, recipe.decay, recipe.clip)
    start = State(decoder, optimiser.init(decoder), whole, whole, whole, real, real)
    state = checkpoint.load(start) or start
    step = stepping(recipe.numbers, recipe.batch, recipe.decay, recipe.clip)
    mean = np.mean([len(one.tokens) for one in documents])
    count = max(1, int(recipe.batch * recipe.chunk / mean))  # lessons of a chunk
    while state.tokens < recipe.tokens:
        number = int(state.chunks)
        read = in_turn(documents, seeds, number * count, count)
        state = after_chunk(read, recipe, state, step, seeds.numpy("rows", number))
        checkpoint.save(state)
    return state


def in_turn(documents: Sequence[Document], seeds: Seeds, first: int, count: int) -> list[Document]:
    """Some of an endless row of documents, in which all stand in a drawn order, again and again."""
    size = len(documents)
    rounds = {i: seeds.numpy("round", i).permutation(size) for i in range(first // size, (first + count) // size + 1)}
    return [documents[rounds[i // size][i % size]] for i in range(first, first + count)]


def after_chunk(read: Sequence[Document], recipe: Recipe, state: State, step: Step, rng: np.random.Generator) -> State:
    import jax
    import jax.numpy as jnp

    batches = packed(read, recipe.batch, state.decoder.shape.context, rng)
    decoder, kept = jax.tree.map(jnp.array, (state.decoder, state.optimiser))  # copies, because a step takes them over
    tokens = int(state.tokens)
    losses, right = [], []
    for i, batch in enumerate(batches):
        here = rate(recipe, int(state.steps) + i, min(1.0, tokens / recipe.tokens))
        decoder, kept, loss, wrong = step(decoder, kept, batch, here)
        tokens += int((batch.owner > 0).sum())
        losses.append(loss)
        right.append((wrong, len(batch.labels)))
    hits = [np.asarray(wrong)[1 : count + 1] == 0 for wrong, count in right]
    mean = float(np.mean([float(one) for one in losses]))
    if not np.isfinite(mean):
        raise FloatingPointError(f"the loss is not finite in chunk {int(state.chunks)}")
    return State(decoder, kept, state.chunks + 1, state.steps + len(batches), np.array(tokens), np.array(mean),
                 np.array(np.concatenate(hits).mean()))  # fmt: skip
