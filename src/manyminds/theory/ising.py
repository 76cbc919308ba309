"""The Ising model on a torus, solved: log Z and its derivatives by the transfer matrix, exact to rounding.

With spins s in {-1, 1}, p(s) = exp(f(s)) / Z and f(s) = s' J s + b sum s, where J = sigma times the adjacency matrix of
the torus: because J is symmetric every edge counts twice, so that f = 2 sigma sum over edges of s s' + b sum s.
"""

import numpy as np


def row_states(width: int) -> np.ndarray:
    """All spins of a row, shape (2^width, width)."""
    bits = np.arange(2**width)[:, None] >> np.arange(width) & 1
    return 2.0 * bits - 1.0


def log_partition(width: int, length: int, sigma: float, b: float) -> float:
    """log Z of a torus of `width` times `length` spins, both at least 3, up to width 12.

    Z is the trace of the transfer matrix, of side 2^width, to the power `length` (Kramers and Wannier, 1941).
    """
    if min(width, length) < 3:
        raise ValueError(f"a torus has sides of at least 3, where all four neighbours differ, not {width} x {length}")
    if width > 12:
        raise ValueError(f"a transfer matrix of side 2^{width} does not fit; the limit is width 12")
    rows = row_states(width)
    within = 2 * sigma * (rows * np.roll(rows, 1, axis=1)).sum(1) + b * rows.sum(1)
    exponent = (within[:, None] + within[None]) / 2 + 2 * sigma * rows @ rows.T
    top = exponent.max()
    values = np.linalg.eigvalsh(np.exp(exponent - top))
    largest = np.abs(values).max()
    return float(length * (top + np.log(largest)) + np.log(((values / largest) ** length).sum()))


def magnetisation(width: int, length: int, sigma: float, b: float, step: float = 1e-4) -> float:
    """The mean spin: the derivative of log Z in b, a site."""
    high, low = (log_partition(width, length, sigma, b + sign * step) for sign in (1, -1))
    return (high - low) / (2 * step * width * length)


def neighbour_correlation(width: int, length: int, sigma: float, b: float, step: float = 1e-4) -> float:
    """The mean product of neighbouring spins: half the derivative of log Z in sigma, an edge; two edges a site."""
    high, low = (log_partition(width, length, sigma + sign * step, b) for sign in (1, -1))
    return (high - low) / (2 * step * 4 * width * length)
