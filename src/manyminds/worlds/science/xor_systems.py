"""Vectors of bits that satisfy random XOR clauses: a law with hard constraints whose marginals are exact.

The solutions of A y = c over the two-element field are a shifted linear space, so a marginal is 0 or a power of 1/2.
Bits 0 and 1 are the symbols 1 and 2; 0 is unknown.
"""

from dataclasses import dataclass

import numpy as np


def reduced(a: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Reduced row echelon form modulo 2, and the columns of its pivots."""
    a, pivots, row = a.copy() % 2, [], 0
    for column in range(a.shape[1]):
        below = np.flatnonzero(a[row:, column])
        if not len(below):
            continue
        a[[row, row + below[0]]] = a[[row + below[0], row]]
        others = np.flatnonzero(a[:, column])
        a[others[others != row]] ^= a[row]
        pivots.append(column)
        row += 1
        if row == len(a):
            break
    return a, pivots


@dataclass(frozen=True)
class XorSystem:
    """The uniform law on `point` plus all sums of rows of `basis` (modulo 2). point: (size,), basis: (free, size)."""

    clauses: np.ndarray  # (clauses, size) of 0 and 1
    parity: np.ndarray  # (clauses,)
    point: np.ndarray
    basis: np.ndarray

    @property
    def size(self) -> int:
        return len(self.point)

    def satisfied(self, x: np.ndarray) -> np.ndarray:
        """Does each complete assignment (n, size) satisfy every clause?"""
        return ((np.asarray(x) - 1) @ self.clauses.T % 2 == self.parity).all(-1)

    def solutions(self) -> np.ndarray:
        """All of them, as symbols (2^free, size)."""
        weights = np.arange(2 ** len(self.basis))[:, None] >> np.arange(len(self.basis)) & 1
        return ((weights @ self.basis + self.point) % 2 + 1).astype(np.int32)

    def log_marginals(self, partial: np.ndarray) -> np.ndarray:
        """log p(x_S) of each row (n, size): -inf, or minus log 2 times the rank of the free directions seen in S."""

        def one(row: np.ndarray) -> float:
            seen = np.flatnonzero(row)
            shown = self.basis[:, seen].T  # (known, free): which directions move which known bit
            gap = (row[seen] - 1) ^ self.point[seen]
            _, pivots = reduced(np.concatenate([shown, gap[:, None]], axis=1).astype(np.int64))
            consistent = len(self.basis) not in pivots
            return -len(pivots) * np.log(2) if consistent else -np.inf

        return np.array([one(row) for row in np.asarray(partial)])


def random_system(rng: np.random.Generator, size: int, clauses: int) -> XorSystem:
    """`clauses` clauses of three distinct variables each, with parities of a hidden solution, so that one exists."""
    a = np.zeros((clauses, size), np.int64)
    for row in a:
        row[rng.choice(size, 3, replace=False)] = 1
    hidden = rng.integers(0, 2, size)
    form, pivots = reduced(a)
    free = [column for column in range(size) if column not in pivots]
    basis = np.zeros((len(free), size), np.int64)
    for i, column in enumerate(free):
        basis[i, column] = 1
        basis[i, pivots] = form[: len(pivots), column]
    return XorSystem(a, a @ hidden % 2, hidden, basis)
