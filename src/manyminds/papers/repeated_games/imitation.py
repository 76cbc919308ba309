"""A small network that reads the tokens of the question and imitates a population: does it hear labels or payoffs?

It stands where a language model would: it reads the rules as labels and points, the rounds so far as labels, and the
two labels in the order in which they are named, and its choice is the likelier of two label tokens. Trained with one
naming of the options it may answer to letters; trained with both it must go by what the letters stand for. Renaming a
question changes nothing in the game, so the share of choices that renaming changes measures what was learned.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from pydantic import BaseModel

from manyminds.agents.repeaters_library import strategy
from manyminds.core import Seeds
from manyminds.worlds.games.matrix import NAMED
from manyminds.worlds.games.tournament import tournament

POPULATION = ("tit-for-tat", "grim", "win-stay-lose-shift", "best-reply")  # who is imitated
COMPANY = ("random", "tit-for-tat", "alternator", "cooperator", "random:0.8")  # whom they meet
LABELS, NONE, POINTS = 2, 2, 3  # tokens: 0 and 1 are labels, 2 stands before the first round, then the points
WIDTH, HIDDEN = 12, 128


class Questions(NamedTuple):
    """Rounds so far and what was done next. Options are numbers; labels come with the rendering."""

    payoffs: np.ndarray  # (n, 4, 2) points of own and other by cell, as tokens
    own: np.ndarray  # (n, rounds) 0, 1, or NONE
    other: np.ndarray
    choice: np.ndarray  # (n,)


class Renamed(BaseModel, frozen=True):
    """Shares of held-out questions."""

    questions: int
    right: float  # choices that are the population's most frequent ones, in the naming of the training
    letters: float  # choices that swapping the letters changes
    order: float  # choices that naming the options in the other order changes


def asked(seeds: Seeds, part: str, rounds: int, repeats: int) -> Questions:
    """Questions from matches of the population in both games of the case studies."""
    values = sorted({float(p) for game in NAMED.values() for p in game.payoffs.ravel()})
    minds = [strategy(name) for name in (*POPULATION, *COMPANY)]
    found: list[Questions] = []
    for name, game in NAMED.items():
        played = tournament(seeds.jax(part, name), minds, game.payoffs, rounds, repeats, history=True).history
        assert played is not None
        moves = played[:, : len(POPULATION), len(POPULATION) :, 0].astype(int)  # (rounds, players, company, R, 2)
        flat = np.moveaxis(moves, 0, -2).reshape(-1, rounds, 2)
        cells = np.array([[POINTS + values.index(p) for p in game.payoffs[:, a, b]] for a in (0, 1) for b in (0, 1)])
        for turn in range(rounds):
            past = np.where(np.arange(rounds) < turn, 1, 0)[None, :]
            own, other = (np.where(past == 1, flat[:, :, side], NONE) for side in (0, 1))
            table = np.broadcast_to(cells, (len(flat), 4, 2))
            found.append(Questions(table, own, other, flat[:, turn, 0]))
    return Questions(*(np.concatenate(column) for column in zip(*found)))


def rendered(questions: Questions, letters: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The questions as tokens (n, length). `letters`, `order` (n,): the first option's label, who is named first."""
    n = len(letters)

    def label(option: np.ndarray) -> np.ndarray:
        return np.where(option == NONE, NONE, option ^ letters[:, None])

    rules = []
    for cell in range(4):
        own, other = np.full((n, 1), cell // 2), np.full((n, 1), cell % 2)
        rules += [label(own), label(other), questions.payoffs[:, cell]]
    rounds = [np.stack([label(questions.own), label(questions.other)], axis=-1).reshape(n, -1)]
    named = np.stack([order, 1 - order], axis=1)
    return np.concatenate([*rules, *rounds, label(named)], axis=1).astype(np.int32)


def begun(key: Array, tokens: int, length: int) -> dict[str, Array]:
    """The first parameters: embeddings and three dense layers."""
    keys = jax.random.split(key, 4)
    sizes = ((length * WIDTH, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, LABELS))
    found = {"embed": jax.random.normal(keys[0], (tokens, WIDTH))}
    for i, (key, size) in enumerate(zip(keys[1:], sizes)):
        found[f"w{i}"] = jax.random.normal(key, size) * (2 / size[0]) ** 0.5
        found[f"b{i}"] = jnp.zeros(size[1])
    return found


def logits(parameters: dict[str, Array], tokens: Array) -> Array:
    """Two values, of the label tokens, for each question."""
    hidden = parameters["embed"][tokens].reshape(*tokens.shape[:-1], -1)
    for i in (0, 1):
        hidden = jax.nn.relu(hidden @ parameters[f"w{i}"] + parameters[f"b{i}"])
    return hidden @ parameters["w2"] + parameters["b2"]


def trained(
    key: Array, tokens: np.ndarray, labels: np.ndarray, vocabulary: int, steps: int, batch: int = 512
) -> dict[str, Array]:
    """The parameters after `steps` steps of Adam on random batches."""
    to_begin, to_draw = jax.random.split(key)
    optimiser = optax.adam(2e-3)
    parameters = begun(to_begin, vocabulary, tokens.shape[1])
    data, wanted = jnp.asarray(tokens), jnp.asarray(labels, jnp.int32)

    def loss(parameters: dict[str, Array], at: Array) -> Array:
        return optax.softmax_cross_entropy_with_integer_labels(logits(parameters, data[at]), wanted[at]).mean()

    def step(carry: tuple, key: Array) -> tuple[tuple, None]:
        parameters, state = carry
        at = jax.random.randint(key, (batch,), 0, len(data))
        updates, state = optimiser.update(jax.grad(loss)(parameters, at), state)
        return (optax.apply_updates(parameters, updates), state), None

    run = jax.jit(lambda carry, keys: jax.lax.scan(step, carry, keys)[0])
    return run((parameters, optimiser.init(parameters)), jax.random.split(to_draw, steps))[0]


def imitated(seeds: Seeds, balanced: bool, rounds: int = 10, repeats: int = 60, steps: int = 3000) -> Renamed:
    """Train on one naming of the options or on both, and rename held-out questions."""
    train, test = asked(seeds, "train", rounds, repeats), asked(seeds, "test", rounds, 10)
    rng = seeds.numpy("names", int(balanced))
    n, m = len(train.choice), len(test.choice)
    letters = rng.integers(0, 2, n) if balanced else np.zeros(n, int)
    order = rng.integers(0, 2, n) if balanced else np.zeros(n, int)
    vocabulary = int(train.payoffs.max()) + 1
    parameters = trained(seeds.jax("fit", int(balanced)), rendered(train, letters, order), train.choice ^ letters,
                         vocabulary, steps)  # fmt: skip

    def chosen(letters: int, order: int) -> np.ndarray:
        """The option behind the likelier label, so that namings can be compared."""
        tokens = rendered(test, np.full(m, letters), np.full(m, order))
        return np.asarray(logits(parameters, jnp.asarray(tokens)).argmax(-1)) ^ letters

    plain = chosen(0, 0)
    return Renamed(
        questions=m,
        right=float((plain == test.choice).mean()),
        letters=float((plain != chosen(1, 0)).mean()),
        order=float((plain != chosen(0, 1)).mean()),
    )
