"""Ridge regression from its sufficient statistics, so that data may come at once, in parts, or one by one.

The weights minimise sum |features_i w - target_i|^2 + penalty |w|^2. Everything the past matters by is A = sum phi phi'
and b = sum phi y: adding rows to them gives exactly the weights that a fit to all rows gives. Dense and in float64; for
sparse features and one exact block a step see `learning/follow_the_leader.py`.
"""

from typing import Any, NamedTuple

import numpy as np

from manyminds.core import BadInput


class Ridge(NamedTuple):
    """What is known after some rows: m features, k targets."""

    gram: np.ndarray  # (m, m)
    moment: np.ndarray  # (m, k)
    energy: np.ndarray  # (k,): sum of squared targets
    count: int
    penalty: float

    def added(self, features: Any, targets: Any) -> "Ridge":
        """After more rows: features (n, m), targets (n,) or (n, k)."""
        phi, y = checked(features, targets)
        if phi.shape[1] != len(self.gram) or y.shape[1] != self.moment.shape[1]:
            raise BadInput(f"rows of {phi.shape[1]} features and {y.shape[1]} targets do not fit a regression of "
                           f"{len(self.gram)} and {self.moment.shape[1]}")  # fmt: skip
        return Ridge(self.gram + phi.T @ phi, self.moment + phi.T @ y, self.energy + (y**2).sum(0),
                     self.count + len(y), self.penalty)  # fmt: skip

    @property
    def matrix(self) -> np.ndarray:
        """A + penalty I."""
        return self.gram + self.penalty * np.eye(len(self.gram))

    @property
    def weights(self) -> np.ndarray:
        """(m, k). Without a penalty the features must determine them."""
        size = len(self.gram)
        if self.penalty == 0 and (self.count < size or np.linalg.matrix_rank(self.gram, hermitian=True) < size):
            raise BadInput(f"{self.count} rows do not determine {size} weights; label more rows, use fewer features, "
                           "or set penalty > 0")  # fmt: skip
        return np.linalg.solve(self.matrix, self.moment)

    def loss(self) -> np.ndarray:
        """Sum of squared errors of the fitted weights on the rows seen, (k,)."""
        w = self.weights
        return self.energy - 2 * (w * self.moment).sum(0) + np.einsum("mk,mn,nk->k", w, self.gram, w)

    def width(self, features: Any) -> np.ndarray:
        """sqrt(phi' (A + penalty I)^-1 phi) of rows (n, m): how little was seen in their direction."""
        phi = np.atleast_2d(np.asarray(features, float))
        return np.sqrt(np.einsum("nm,mn->n", phi, np.linalg.solve(self.matrix, phi.T)))


def checked(features: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    phi, y = np.atleast_2d(np.asarray(features, float)), np.asarray(targets, float)
    y = y.reshape(len(phi), -1) if y.size else np.zeros((len(phi), 1))
    if not (np.isfinite(phi).all() and np.isfinite(y).all()):
        raise BadInput("a regression was given numbers that are not finite")
    return phi, y


def empty(features: int, targets: int = 1, penalty: float = 1.0) -> Ridge:
    """Before any row."""
    if penalty < 0:
        raise BadInput(f"a penalty is not negative: {penalty:g}")
    zero = np.zeros((features, targets))
    return Ridge(np.zeros((features, features)), zero, np.zeros(targets), 0, penalty)


def fitted(features: Any, targets: Any, penalty: float = 1.0) -> Ridge:
    """On rows (n, m) with targets (n,) or (n, k)."""
    phi, y = checked(features, targets)
    return empty(phi.shape[1], y.shape[1], penalty).added(phi, y)
