"""Maximum likelihood in two stages on Markov text, and the marginals of any mask beside the exact ones."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import any_order
from manyminds.learning.marginalization import (
    begun,
    likelihood_step,
    marginal_step,
    one_of,
    with_features,
    with_optimiser,
)
from manyminds.learning.training import trained
from manyminds.networks.marginals import Dual, features_shared, only_marginal, queried
from manyminds.papers.mam.settings import TextSettings
from manyminds.worlds.texts.markov_text import MarkovText, corrupted, markov_text


class Read(BaseModel, frozen=True):
    """One seed on fresh strings. Bits are a letter; errors are of log-probabilities, in nats."""

    bits: float  # by the chain rule over random orders
    true_bits: float  # of the same strings under the chain that made them
    entropy: float  # expected, of the chain
    head_bits: float  # by the marginal head
    pearson: float  # marginal head and exact log p, random masks
    error: float
    auc: float  # strings above corrupted ones by the marginal head
    chain_auc: float  # by the chain rule
    corrupted_error: float  # |marginal head - chain rule| on corrupted strings
    example: str
    filled: list[str]  # the example with half its letters erased and sampled again


class Text(BaseModel, frozen=True):
    states: int
    rate: float  # bits a letter given all before it
    words: list[str]
    read: list[Read]
    curve: list[list[float]]  # bits a letter in stage one


def learnt(how: TextSettings, seeds: Seeds) -> dict[str, Any]:
    """Stage one, then stage two, all seeds at once; the text is the same for all."""
    text = markov_text(seeds.numpy("text"), how.length, how.order, how.words)

    def data(key: jax.Array) -> jax.Array:
        return text.batch(key, how.batch)

    def make(key: jax.Array) -> Dual:
        return Dual(how.length, text.symbols, key, how.width, how.depth)

    first, second = how.optimiser(how.steps), how.optimiser(how.marginal_steps)
    start = begun(make, first, jax.random.split(seeds.jax("weights"), how.seeds), how.batch)
    between, curves = trained(likelihood_step(data, first), start, seeds.jax("one"), how.steps,
                              max(how.steps // 20, 1))  # fmt: skip
    trains = only_marginal(one_of(between.fit.model, 0))
    step = marginal_step(data, second, trains, how.erase, how.refresh, how.own_share, how.scrambled_share,
                         how.cap)  # fmt: skip
    prepared = with_optimiser(with_features(between, features_shared), second, trains)
    end, _ = trained(step, prepared, seeds.jax("two"), how.marginal_steps, max(how.marginal_steps // 20, 1))
    rows = [read(one_of(end.fit.model, i), text, how, seeds.child("read", i)) for i in range(how.seeds)]
    letters = how.length * np.log(2)
    return Text(states=len(text.chain.start), rate=text.chain.entropy_rate() / np.log(2), words=list(text.words),
                read=rows, curve=(curves.values["loss"].T / letters).tolist()).model_dump()  # fmt: skip


def read(model: Dual, text: MarkovText, how: TextSettings, seeds: Seeds) -> Read:
    """The measures of one model on fresh strings."""

    def chain(x: np.ndarray) -> np.ndarray:
        return np.asarray(any_order.over_orders(model.logits, seeds.jax("orders"), jnp.asarray(x), how.orders))

    rng, letters = seeds.numpy("masks"), how.length * np.log(2)
    x = np.asarray(text.batch(seeds.jax("fresh"), how.held_out))
    ranks = rng.permuted(np.tile(np.arange(how.length), (len(x), 1)), axis=1)
    known = 1 + np.arange(len(x)) % how.length
    masked = np.where(ranks < known[:, None], x, 0).astype(np.int32)
    exact, found = text.chain.log_marginals(masked), queried(model, masked)
    wrong = corrupted(rng, x, text.symbols)
    head, wrong_head = queried(model, x), queried(model, wrong)
    likely, wrong_likely = chain(x), chain(wrong)
    half = np.where(np.arange(how.length) % 2 == 0, x[:1], 0).astype(np.int32)
    filled = any_order.completed(model.logits, seeds.jax("filled"), jnp.asarray(np.repeat(half, 3, axis=0)))
    return Read(
        bits=-likely.mean() / letters, true_bits=-text.chain.log_marginals(x).mean() / letters,
        entropy=text.chain.entropy(how.length) / letters, head_bits=-head.mean() / letters,
        pearson=np.corrcoef(found, exact)[0, 1], error=np.abs(found - exact).mean(),
        auc=above(head, wrong_head), chain_auc=above(likely, wrong_likely),
        corrupted_error=np.abs(wrong_head - wrong_likely).mean(), example=text.written(half[0]),
        filled=[text.written(row) for row in np.asarray(filled)],
    )  # fmt: skip


def above(good: np.ndarray, bad: np.ndarray) -> float:
    """The probability that one of `good` is above one of `bad`: the area under the ROC curve."""
    return float((good[:, None] > bad[None]).mean() + 0.5 * (good[:, None] == bad[None]).mean())
