"""Graphexes and graphons: limits of sparse and dense graphs, their closed forms, and who meets whom in them.

A graphex W(a, b) on [0, inf)^2 makes a graph of size nu: Poisson points (theta, a) on [0, nu] x [0, inf) with unit
intensity, edges independently with probability W(a, b), and nodes without an edge dropped (Kallenberg exchangeable
graphs; arXiv 2401.12686, section 2). The separable power law used there has closed forms for everything below.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from manyminds.core.errors import BadInput

Limit = Callable[[np.ndarray, np.ndarray], np.ndarray]  # W(a, b) on broadcastable labels


@dataclass(frozen=True)
class PowerLaw:
    """W(a, b) = f(a) f(b) with f(a) = (1 - s)(1 + a)^(-1/s), 0 < s < 1: nodes grow like nu^(1 + s), edges like nu^2."""

    s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.s < 1:
            raise BadInput(f"the exponent s of a power-law graphex lies between 0 and 1, not at {self.s}")

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.factor(a) * self.factor(b)

    def factor(self, a: np.ndarray) -> np.ndarray:
        """f(a); its integral over all labels is s."""
        return (1 - self.s) * (1 + np.asarray(a, float)) ** (-1 / self.s)

    def marginal(self, a: np.ndarray) -> np.ndarray:
        """The integral of W(a, b) over b; nu times it is the expected degree of label a."""
        return self.s * self.factor(a)

    def beyond(self, a: float, power: int = 1) -> float:
        """The integral of f^power from a to infinity."""
        exponent = power / self.s - 1
        return float((1 - self.s) ** power * (1 + a) ** -exponent / exponent)

    def last_label(self, size: float, degree: float) -> float:
        """The label a with expected degree nu xi(a) = `degree`: where the core ends. 0 when there is none."""
        return max((size * self.s * (1 - self.s) / degree) ** self.s - 1, 0.0)

    def edges(self, size: float) -> float:
        """The expected number of edges, nu^2 s^2 / 2."""
        return size**2 * self.s**2 / 2

    def nodes(self, size: float) -> float:
        """The expected number of nodes with an edge: nu (c^s gamma(1 - s, c) - 1 + e^-c), c = nu s (1 - s)."""
        from scipy.special import gamma, gammainc

        c = size * self.s * (1 - self.s)
        return float(size * (c**self.s * gamma(1 - self.s) * gammainc(1 - self.s, c) + np.expm1(-c)))

    def degrees(self, size: float, k: np.ndarray) -> np.ndarray:
        """The expected number of nodes with k >= 1 edges at a finite size, without the loss of truncation."""
        from scipy.special import gammainc

        k, c = np.asarray(k), size * self.s * (1 - self.s)
        return size * c**self.s * gammainc(k - self.s, c) * self.degree_law(k) * gamma_of(1 - self.s)

    def degree_law(self, k: np.ndarray) -> np.ndarray:
        """The limit of the share of nodes with k >= 1 edges: s Gamma(k - s) / (k! Gamma(1 - s)), tail k^(-1 - s)."""
        from scipy.special import gammaln

        k = np.asarray(k, float)
        return self.s * np.exp(gammaln(k - self.s) - gammaln(k + 1) - gammaln(1 - self.s))


def gamma_of(x: float) -> float:
    from scipy.special import gamma

    return float(gamma(x))


def fitted(nodes: int, edges: int) -> tuple[PowerLaw, float]:
    """The power law and the size nu whose expected numbers of nodes and edges are these.

    Raises BadInput for a graph so dense that even s -> 0 has more nodes (small social networks often are)."""
    from scipy.optimize import brentq

    def surplus(s: float) -> float:
        return PowerLaw(s).nodes(np.sqrt(2 * edges) / s) - nodes

    low, high = 1e-4, 1 - 1e-4
    if surplus(low) > 0:
        raise BadInput(f"no power-law graphex is as dense as {edges} edges on {nodes} nodes: the least sparse one has "
                       f"{PowerLaw(low).nodes(np.sqrt(2 * edges) / low):.0f} nodes")  # fmt: skip
    if surplus(high) < 0:
        raise BadInput(f"no power-law graphex is as sparse as {edges} edges on {nodes} nodes")
    s = brentq(surplus, low, high)
    return PowerLaw(s), float(np.sqrt(2 * edges) / s)


@dataclass(frozen=True)
class PowerGraphon:
    """W(x, y) = ((1 - b) / (1 - b c^(1 - b)))^2 (max(x, c) max(y, c))^(-b) on [0, 1]; c = 0 is the L^p graphon."""

    b: float = 0.5
    cut: float = 0.1

    def __post_init__(self) -> None:
        if not (0 <= self.b < 1 and 0 <= self.cut < 1):
            raise BadInput(f"a power graphon has 0 <= b < 1 and 0 <= c < 1, not b={self.b}, c={self.cut}")

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        scale = (1 - self.b) / (1 - self.b * self.cut ** (1 - self.b))
        return scale**2 * (np.maximum(x, self.cut) * np.maximum(y, self.cut)) ** -self.b


GRAPHONS: dict[str, Limit] = {
    "uniform attachment": lambda x, y: 1 - np.maximum(x, y),
    "ranked attachment": lambda x, y: 1 - x * y,
    "constant": lambda x, y: np.full(np.broadcast(x, y).shape, 0.5),
}


def midpoints(last: float, count: int) -> np.ndarray:
    """`count` labels, each for an equal part of [0, last]."""
    return (np.arange(count) + 0.5) * last / count


def meeting(limit: Limit, labels: np.ndarray) -> np.ndarray:
    """The kernel (C, C) of a game on evenly spaced labels: a player of label a meets label b in proportion to W(a, b),
    so well-connected labels are met more (the size bias that a plain mean forgets)."""
    weights = np.asarray(limit(labels[:, None], labels[None, :]), float)
    if (weights < 0).any() or not weights.sum(1).all():
        raise BadInput("every label must meet somebody: W >= 0 with a positive sum in every row")
    return weights / weights.sum(1, keepdims=True)
