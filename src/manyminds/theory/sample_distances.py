"""How far samples are from samples: Wasserstein distances, a kernel test, nearest neighbours, entropy. In NumPy."""

import numpy as np


def wasserstein2(a: np.ndarray, b: np.ndarray) -> float:
    """Exact W2 of two samples of equal size (n, D), by optimal assignment; for n up to a few thousand."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    cost = cdist(a, b, "sqeuclidean")
    return float(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


def sliced_wasserstein2(a: np.ndarray, b: np.ndarray, rng: np.random.Generator, directions: int = 128) -> float:
    """Root mean over random directions of the squared W2 of projections; samples (n, D) of equal size."""
    if len(a) != len(b):
        raise ValueError(f"sliced W2 compares samples of equal size, not {len(a)} and {len(b)}")
    u = rng.normal(size=(a.shape[1], directions))
    u /= np.linalg.norm(u, axis=0)
    return float(np.sqrt(((np.sort(a @ u, 0) - np.sort(b @ u, 0)) ** 2).mean()))


def mmd_p_value(a: np.ndarray, b: np.ndarray, rng: np.random.Generator, permutations: int = 400) -> float:
    """p-value of "both samples have one law", by permuting the maximum mean discrepancy under a Gaussian kernel whose
    width is the median distance (Gretton et al. 2012)."""
    from scipy.spatial.distance import pdist, squareform

    both = np.concatenate([a, b])
    apart = pdist(both, "sqeuclidean")
    kernel = np.exp(-squareform(apart) / np.median(apart))
    signs = np.concatenate([np.full(len(a), 1 / len(a)), np.full(len(b), -1 / len(b))])
    drawn = np.stack([signs, *(rng.permutation(signs) for _ in range(permutations))])
    found = np.einsum("pn,pn->p", drawn @ kernel, drawn)
    return float((1 + (found[1:] >= found[0]).sum()) / (1 + permutations))


def nearest(points: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Distance of each of `points` (n, D) to the nearest of `to` (m, D)."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(to).query(points)[0])


def entropy(points: np.ndarray, neighbour: int = 5) -> float:
    """Differential entropy in nats from the distances to the k-th neighbours (Kozachenko and Leonenko 1987)."""
    from scipy.spatial import cKDTree
    from scipy.special import digamma, gammaln

    count, size = points.shape
    distance = cKDTree(points).query(points, neighbour + 1)[0][:, -1]
    ball = size / 2 * np.log(np.pi) - gammaln(size / 2 + 1)
    return float(digamma(count) - digamma(neighbour) + ball + size * np.log(distance).mean())


def off_support(points: np.ndarray, frame: np.ndarray) -> float:
    """E ||(I - AA') x||^2."""
    return float((points**2).sum(1).mean() - ((points @ frame) ** 2).sum(1).mean())
