"""Two-stage maximum likelihood on published files: binary images, characters, molecules."""

from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import BadInput, Seeds
from manyminds.learning import any_order
from manyminds.learning.marginalization import (
    begun,
    likelihood_step,
    marginal_step,
    one_of,
    with_features,
    with_optimiser,
)
from manyminds.learning.training import Keeper, trained
from manyminds.networks.marginals import Dual, MarginalModel, MaskedTransformer, features_shared, only_marginal, queried
from manyminds.papers.mam.lattices import spearman
from manyminds.papers.mam.settings import FileSettings
from manyminds.worlds.science.binary_images import binarised_mnist, small_digits
from manyminds.worlds.texts.corpora import moses, text8


class Fitted(BaseModel, frozen=True):
    """On held-out items. Bits are a dimension (a pixel, a character)."""

    data: str
    items: int  # of training
    bits: float  # by the chain rule
    head_bits: float
    spearman: float | None  # marginal head and chain rule
    pearson: float
    seconds_head: float  # to score all held-out items in one call
    seconds_chain: float  # along one order
    curve: list[float]


def loaded(how: FileSettings) -> tuple[np.ndarray, np.ndarray, int]:
    """Training items, test items and the number of symbols."""
    if how.data == "digits":
        parts, symbols = small_digits(), 2
    elif not how.path:
        raise BadInput(f"files.data={how.data} needs files.path, the place of the published files")
    elif how.data == "mnist":
        parts, symbols = binarised_mnist(Path(how.path)), 2
    else:
        corpus = text8(Path(how.path), how.length) if how.data == "text8" else moses(Path(how.path))
        parts, symbols = corpus.parts, len(corpus.names)
    missing = {"train", "test"} - set(parts)
    if missing:
        raise BadInput(f"{how.path} has no part {' or '.join(sorted(missing))}")
    return parts["train"], parts["test"], symbols


def network(how: FileSettings, size: int, symbols: int, key: jax.Array) -> MarginalModel:
    if how.network == "transformer":
        return MaskedTransformer(size, symbols, key, how.width, how.depth, how.heads)
    return Dual(size, symbols, key, how.width, how.depth)


def fitted(how: FileSettings, seeds: Seeds, one: Keeper, two: Keeper) -> dict[str, Any]:
    """Both stages, each with a checkpoint of its own, then held-out likelihood by head and by chain."""
    train, test, symbols = loaded(how)
    size, items = train.shape[1], jnp.asarray(train)
    first, second = how.optimiser(how.steps, how.clip), how.optimiser(how.marginal_steps, how.clip)

    def data(key: jax.Array) -> jax.Array:
        return items[jax.random.randint(key, (how.batch,), 0, len(items))]

    start = begun(lambda key: network(how, size, symbols, key), first, seeds.jax("weights")[None], how.batch)
    between, curves = trained(likelihood_step(data, first), start, seeds.jax("one"), how.steps,
                              max(how.steps // 20, 1), one)  # fmt: skip
    trains = only_marginal(one_of(between.fit.model, 0))
    step = marginal_step(data, second, trains, how.erase, how.refresh)
    prepared = with_optimiser(with_features(between, features_shared), second, trains)
    end, _ = trained(step, prepared, seeds.jax("two"), how.marginal_steps, max(how.marginal_steps // 20, 1), two)
    model, x = one_of(end.fit.model, 0), jnp.asarray(test[: how.held_out])
    likely = np.asarray(any_order.over_orders(model.logits, seeds.jax("orders"), x, how.orders))
    head, begin = queried(model, x), perf_counter()
    any_order.over_orders(model.logits, seeds.jax("again"), x, how.orders).block_until_ready()
    middle = perf_counter()
    queried(model, x)
    letters = size * np.log(2)
    return Fitted(
        data=how.data, items=len(train), bits=-likely.mean() / letters, head_bits=-head.mean() / letters,
        spearman=spearman(head, likely), pearson=np.corrcoef(head, likely)[0, 1],
        seconds_head=perf_counter() - middle, seconds_chain=(middle - begin) / how.orders,
        curve=(curves.values["loss"][:, 0] / letters).tolist(),
    ).model_dump()  # fmt: skip
