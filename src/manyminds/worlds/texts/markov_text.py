"""Text from a Markov chain of known order over 27 letters, so that the probability of any mask is known exactly.

A small lexicon of random words is strung together into a ring of letters; the chain is the ring's own table of what
follows each context. On a ring the frequencies of contexts are exactly stationary and every context has a successor.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.theory.exact_marginals import MarkovChain
from manyminds.worlds.texts.corpora import LETTERS


@dataclass(frozen=True)
class MarkovText:
    """Strings of `size` letters (symbols 1 to 27) from a stationary chain."""

    chain: MarkovChain
    size: int
    words: tuple[str, ...]

    @property
    def symbols(self) -> int:
        return len(LETTERS)

    def batch(self, key: Array, count: int) -> Array:
        """`count` fresh strings, int32 (count, size)."""
        # Inverse transform sampling: one uniform a draw, where a draw from logits would need one for every state.
        below = jnp.asarray(upto(np.concatenate([self.chain.start[None], self.chain.moves])), jnp.float32)
        contexts = jnp.asarray(self.chain.contexts, jnp.int32)
        uniform = jax.random.uniform(key, (1 + self.size - self.chain.order, count))

        def drawn(row: Array, u: Array) -> Array:
            return (u[:, None] >= below[row]).sum(1, dtype=jnp.int32)

        def step(state: Array, u: Array) -> tuple[Array, Array]:
            after = drawn(state + 1, u)
            return after, contexts[after, -1]

        first = drawn(jnp.zeros(count, jnp.int32), uniform[0])
        _, rest = lax.scan(step, first, uniform[1:])
        return jnp.concatenate([contexts[first], rest.T], axis=1)

    def written(self, x: np.ndarray) -> str:
        return "".join("_" if symbol == 0 else LETTERS[symbol - 1] for symbol in x)


def upto(probabilities: np.ndarray) -> np.ndarray:
    """Cumulative probabilities of each row, at 2 from its last possible entry on: no uniform draw goes past it."""
    total = np.cumsum(probabilities, axis=1)
    last = probabilities.shape[1] - 1 - np.argmax(probabilities[:, ::-1] > 0, axis=1)
    return np.where(np.arange(probabilities.shape[1]) >= last[:, None], 2.0, total)


def markov_text(rng: np.random.Generator, size: int, order: int = 5, words: int = 8, ring: int = 3000) -> MarkovText:
    """A chain of `order` from a ring of about `ring` letters, made of `words` random words of 2 to 6 letters."""
    lexicon = tuple("".join(rng.choice(list(LETTERS[1:]), rng.integers(2, 7))) for _ in range(words))
    text = ""
    while len(text) < ring:
        text += lexicon[rng.integers(words)] + " "
    symbols = np.array([LETTERS.index(letter) + 1 for letter in text])
    windows = np.stack([np.roll(symbols, -i) for i in range(order)], axis=1)
    contexts, which, counts = np.unique(windows, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    moves = np.zeros((len(contexts), len(contexts)))
    np.add.at(moves, (which, np.roll(which, -1)), 1)
    moves /= moves.sum(1, keepdims=True)
    return MarkovText(MarkovChain(contexts, counts / counts.sum(), moves), size, lexicon)


def corrupted(rng: np.random.Generator, x: np.ndarray, symbols: int, changes: int = 2) -> np.ndarray:
    """Each string with `changes` of its letters replaced by other ones."""
    x = np.array(x)
    for row in x:
        places = rng.choice(x.shape[1], changes, replace=False)
        row[places] = (row[places] - 1 + rng.integers(1, symbols, changes)) % symbols + 1
    return x
