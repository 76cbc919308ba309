"""Exact marginals of partial assignments: by enumeration, level by level of a chain, and of Markov text.

A partial assignment holds 0 where a variable is unknown and 1 to `symbols` where it is known; a law over all
assignments is a table of shape (symbols,) * size of log-probabilities.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LIMIT = 4_000_000  # entries of a table


def every(size: int, symbols: int) -> np.ndarray:
    """All complete assignments, int32 (symbols^size, size), the last variable fastest: the order of a flat table."""
    if symbols**size > LIMIT:
        raise ValueError(f"{symbols}^{size} assignments are too many to list; the limit is {LIMIT:,}")
    return np.indices((symbols,) * size).reshape(size, -1).T.astype(np.int32) + 1


def log_sum(values: np.ndarray) -> float:
    """log of the sum of exponentials of everything in `values`."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum())) if np.isfinite(top) else float("-inf")


def tabled(log_weights: np.ndarray, size: int, symbols: int) -> np.ndarray:
    """The normalised log-law of unnormalised log-weights in the order of `every`, as a table."""
    flat = np.asarray(log_weights, float)
    return (flat - log_sum(flat)).reshape((symbols,) * size)


def log_marginals(table: np.ndarray, partial: np.ndarray) -> np.ndarray:
    """log p(x_S) of each row of `partial` (n, size), by summing everything else out."""

    def one(row: np.ndarray) -> float:
        return log_sum(table[tuple(slice(None) if symbol == 0 else symbol - 1 for symbol in row)])

    return np.array([one(row) for row in partial])


def chain_table(logits: Callable[[np.ndarray], np.ndarray], order: np.ndarray, size: int, symbols: int) -> np.ndarray:
    """The log-law that a conditional network samples from in a fixed order, as a table.

    `logits` maps partial assignments (n, size) to (n, size, symbols). Each distinct prefix is asked once: all levels
    together cost little more than one call for every complete assignment.
    """
    seen, logs = np.zeros((1, size), np.int32), np.zeros(1)
    for place in order:
        said = np.asarray(logits(seen), float)[:, place]
        said = said - said.max(1, keepdims=True)
        said -= np.log(np.exp(said).sum(1, keepdims=True))
        logs = (logs[:, None] + said).ravel()
        seen = np.repeat(seen, symbols, axis=0)
        seen[:, place] = np.tile(np.arange(1, symbols + 1), len(seen) // symbols)
    flat = np.empty(symbols**size)
    flat[np.ravel_multi_index(tuple((seen - 1).T), (symbols,) * size)] = logs
    return flat.reshape((symbols,) * size)


def divergence(log_q: np.ndarray, log_p: np.ndarray) -> float:
    """KL(q || p) in nats of two tables."""
    q = np.exp(log_q)
    return float((q * (log_q - log_p))[q > 0].sum())


@dataclass(frozen=True)
class MarkovChain:
    """A chain of order k as a chain of its contexts.

    `contexts`: the k symbols of each state, int (states, k). `start`: probabilities (states,) of the first k symbols.
    `moves`: probabilities (states, states) of the next context, whose last symbol is the one that is emitted.
    """

    contexts: np.ndarray
    start: np.ndarray
    moves: np.ndarray

    @property
    def order(self) -> int:
        return self.contexts.shape[1]

    def log_marginals(self, partial: np.ndarray) -> np.ndarray:
        """log p(x_S) of each row (n, size), size at least the order, by the forward algorithm; -inf is possible."""
        partial = np.asarray(partial)
        if partial.shape[1] < self.order:
            raise ValueError(f"a chain of order {self.order} needs at least as many symbols, not {partial.shape[1]}")
        first = partial[:, None, : self.order]
        weight = self.start * ((first == 0) | (first == self.contexts)).all(2)  # (n, states)
        total, emitted = np.zeros(len(partial)), self.contexts[:, -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            for place in range(self.order, partial.shape[1]):
                symbol = partial[:, place, None]
                weight = (weight @ self.moves) * ((symbol == 0) | (symbol == emitted))
                scale = weight.sum(1, keepdims=True)
                weight, total = np.where(scale > 0, weight / scale, 0), total + np.log(scale[:, 0])
            return total + np.log(weight.sum(1))

    def entropy(self, size: int) -> float:
        """Entropy in nats of the first `size` symbols when `start` is stationary."""

        def of(p: np.ndarray) -> float:
            return float(-(p[p > 0] * np.log(p[p > 0])).sum())

        rate = float(sum(weight * of(row) for weight, row in zip(self.start, self.moves)))
        return of(self.start) + (size - self.order) * rate

    def entropy_rate(self) -> float:
        """Entropy in nats of a symbol given all before it."""
        return self.entropy(self.order + 1) - self.entropy(self.order)
