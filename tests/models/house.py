"""Tiny house models with random weights, for tests."""

import jax
import jax.numpy as jnp

from manyminds.models.house.decoder import Decoder, Shape
from manyminds.models.house.tokenizer import END, PAD, trained
from manyminds.models.house.weights import store

TEXTS = (
    "Ada has 17 apples and Ben has 25. How many are they apart?\n25-17=8\n#8",
    "Which goes with Tom? Pairs: Kim Bob, Leo Ada, Tom Zoe. # Zoe\nThe left one; the right one.",
)
TINY = Shape(320, 32, 2, 4, 2, 48, 96)


def decoder(shape: Shape = TINY, seed: int = 1) -> Decoder:
    """Weights so large that the model is sure of something."""
    return jax.tree.map(
        lambda x: 0.15 * x / x.std() if x.ndim > 1 else x + 0.1, Decoder.drawn(shape, jax.random.key(seed))
    )


def build(folder, shape: Shape = TINY, seed: int = 1):
    """The folder of such a model; its weights are those that half precision leaves."""
    tokenizer = trained(TEXTS, 320)
    tokenizer.save(folder)
    store(decoder(shape, seed), folder, tokenizer.ids[END], tokenizer.ids[PAD])
    return folder


def rounded(model: Decoder) -> Decoder:
    return jax.tree.map(lambda x: x.astype(jnp.float16).astype(jnp.float32), model)
