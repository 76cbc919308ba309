"""How different a set of outputs is, and how good: the Vendi score of similarity kernels and means by norms."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from manyminds.core.errors import BadInput


def vendi(kernels: np.ndarray) -> np.ndarray:
    """The Vendi score of each kernel (..., n, n) with ones on its diagonal: (...), in [1, n] (arXiv 2210.02410).

    The exponential of the entropy of the eigenvalues of K / n: the effective number of different outputs. 1 where all
    are alike, n where no two have anything in common. Raises `BadInput` on what is no similarity kernel.
    """
    kernels = np.asarray(kernels, float)
    n = kernels.shape[-1]
    if kernels.ndim < 2 or kernels.shape[-2] != n or n == 0:
        raise BadInput(f"a kernel is a square matrix, not {kernels.shape}")
    if np.abs(np.diagonal(kernels, axis1=-2, axis2=-1) - 1).max(initial=0) > 1e-6:
        raise BadInput("a kernel of similarities has ones on its diagonal")
    values = np.linalg.eigvalsh(kernels / n)
    safe = np.where(values > 0, values, 1.0)  # 0 log 0 = 0, and rounding may bring a little less than 0
    return np.asarray(np.exp(-(safe * np.log(safe)).sum(-1)))


def vendi_of_counts(counts: np.ndarray) -> np.ndarray:
    """The Vendi score where outputs are alike or have nothing in common, from how many are of each kind (...,
    kinds)."""
    shares = np.asarray(counts, float)
    shares = shares / shares.sum(-1, keepdims=True)
    return np.asarray(np.exp(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(-1)))


def same(answers: Sequence[str]) -> np.ndarray:
    """The kernel (n, n) of answers that are alike or not."""
    codes = np.unique(np.asarray(answers, dtype=object).astype(str), return_inverse=True)[1]
    return np.asarray(codes[:, None] == codes[None, :], float)


def shared_words(texts: Sequence[str], length: int = 1) -> np.ndarray:
    """The kernel (n, n) of cosines between counts of runs of `length` words; texts without any are alike."""
    words = [text.lower().split() for text in texts]
    runs = [Counter(zip(*(line[i:] for i in range(length)))) for line in words]
    names = {run: i for i, run in enumerate(dict.fromkeys(run for counted in runs for run in counted))}
    table = np.zeros((len(texts), len(names) + 1))  # the last column: nothing was said
    for row, counted in zip(table, runs):
        for run, count in counted.items():
            row[names[run]] = count
        row[-1] = not counted
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    kernel = table @ table.T
    np.fill_diagonal(kernel, 1.0)
    return np.asarray(kernel)


def power_mean(qualities: np.ndarray, power: float) -> np.ndarray:
    """(mean q^K)^(1/K) over the last axis: the mean at K = 1, towards the best as K grows."""
    found = np.mean(np.asarray(qualities, float) ** power, axis=-1) ** (1 / power)
    return np.asarray(found)


def centred_mean(qualities: np.ndarray, power: float) -> np.ndarray:
    """q_max - (mean (q_max - q)^(1/K))^K over the last axis: the mean at K = 1, towards the best as K grows.

    Our reading of the centred 1/K-norm of arXiv 2502.00674.
    """
    q = np.asarray(qualities, float)
    best = q.max(-1, keepdims=True)
    return np.asarray(best[..., 0] - np.mean((best - q) ** (1 / power), axis=-1) ** power)
