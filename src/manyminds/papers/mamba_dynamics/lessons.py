"""Small selective state space models on sequence tasks, with the sign of S_C' S_B and the order of tokens set."""

from typing import Any, Literal

import equinox as eqx
import jax
import numpy as np
import optax
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning.training import fitting, gradient_step, over_seeds, trained
from manyminds.networks.selective import Product, Reorder, Selective
from manyminds.networks.sequence_models import SequenceModel, answered
from manyminds.worlds.texts import sequences

Task = Literal["induction", "recall", "first-key", "selective-copy"]


class Lesson(BaseModel, frozen=True):
    """What is trained on what; every field changes the model or the task and nothing else."""

    task: Task
    product: Product = "free"
    reorder: Reorder = "none"
    restore: bool = True
    norm: bool = True
    strength: float = 1.0

    @property
    def name(self) -> str:
        return "/".join(f"{key}={value}" for key, value in self.model_dump().items())


class Size(BaseModel, frozen=True):
    """How large and how long; the same for every lesson that is compared."""

    size: int
    depth: int
    states: int
    length: int
    symbols: int
    batch: int
    steps: int
    step_size: float


class Learnt(BaseModel, frozen=True):
    """Held-out log-loss (nats an answer) and accuracy, one entry a seed, and the training curve of each seed."""

    lesson: Lesson
    loss: list[float]
    accuracy: list[float]
    curve: list[list[float]]


def learnt(lesson: Lesson, how: Size, seeds: Seeds, repeats: int) -> dict[str, Any]:
    """Train `repeats` seeds at once. Seeds, data and initial weights are shared by all lessons on one task."""
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(how.step_size))

    def layer(key: jax.Array) -> Selective:
        return Selective(how.size, key, states=how.states, product=lesson.product, strength=lesson.strength,
                         reorder=lesson.reorder, restore=lesson.restore)  # fmt: skip

    def begin(key: jax.Array) -> Any:
        vocabulary = sequences.FIRST + how.symbols
        return fitting(SequenceModel(vocabulary, how.size, layer, how.depth, key, lesson.norm), optimiser)

    def loss(model: SequenceModel, key: jax.Array, count: int = how.batch) -> Any:
        to_data, to_order = jax.random.split(key)
        items = sequences.batch(lesson.task, to_data, count, how.length, how.symbols)
        orders = jax.random.split(to_order, count)
        losses, right = jax.vmap(lambda item, own: answered(model(item.tokens, own), item.targets, item.asked))(
            items, orders
        )
        return losses.mean(), {"accuracy": right.mean()}

    keys = jax.random.split(seeds.jax("weights"), repeats)
    data = jax.random.split(seeds.jax("data"), repeats)
    end, curves = trained(
        gradient_step(loss, optimiser), over_seeds(begin, keys), data, how.steps, chunk=max(how.steps // 20, 1)
    )
    held_out = jax.random.split(seeds.jax("held out"), repeats)
    final, said = eqx.filter_jit(eqx.filter_vmap(lambda model, key: loss(model, key, 512)))(end.model, held_out)
    return Learnt(
        lesson=lesson, loss=np.asarray(final).tolist(), accuracy=np.asarray(said["accuracy"]).tolist(),
        curve=curves.values["loss"].T.tolist(),
    ).model_dump()  # fmt: skip
