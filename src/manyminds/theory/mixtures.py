"""Gaussian mixtures, whose score is exact at every time of a diffusion, in any dimension and on subspaces.

A mixture of N(m_k, S_k) becomes, at time t, the mixture of N(alpha m_k, alpha^2 S_k + h I). Covariances are kept by
their eigenvectors, so they may be singular (data on a subspace, the empirical measure of points): for t > 0 the score
exists all the same. The arrays may be NumPy (oracles in float64) or JAX (inside compiled samplers).
"""

from typing import Any, NamedTuple

import numpy as np

from manyminds.core import BadInput
from manyminds.theory.diffusions import alpha, h, namespace


class Mixture(NamedTuple):
    """K components in D dimensions. `bases` holds r orthonormal columns each; off them the covariance is 0."""

    weights: Any  # (K,), sum 1
    means: Any  # (K, D)
    bases: Any  # (K, D, r)
    variances: Any  # (K, r), along the columns

    def parts(self, x: Any, t: Any) -> tuple[Any, Any, Any]:
        """Points (N, D) as each component sees them at time t: coordinates along its columns (N, K, r), what is off
        them (N, K, D), and the variances along the columns (K, r)."""
        xp, a = namespace(x), alpha(t)
        apart = x[:, None, :] - a * self.means
        along = xp.einsum("nkd,kdr->nkr", apart, self.bases)
        return along, apart - xp.einsum("nkr,kdr->nkd", along, self.bases), a**2 * self.variances + h(t)

    def joint(self, x: Any, t: Any) -> Any:
        """log of weight times density at time t for points (N, D): (N, K)."""
        xp, noise = namespace(x), h(t)
        along, off, total = self.parts(x, t)
        size, rank = self.bases.shape[1:]
        square = (off**2).sum(-1) / noise + (along**2 / total).sum(-1)
        volume = xp.log(total).sum(-1) + (size - rank) * xp.log(noise)
        return xp.log(self.weights) - 0.5 * (square + volume + size * np.log(2 * np.pi))

    def posterior(self, x: Any, t: Any) -> Any:
        """P(component | x at time t): (N, K)."""
        xp, logs = namespace(x), self.joint(x, t)
        e = xp.exp(logs - logs.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def log_density(self, x: Any, t: Any) -> Any:
        """log p_t at points (N, D): (N,)."""
        xp, logs = namespace(x), self.joint(x, t)
        top = logs.max(-1, keepdims=True)
        return top[:, 0] + xp.log(xp.exp(logs - top).sum(-1))

    def score(self, x: Any, t: Any) -> Any:
        """grad log p_t at points (N, D): (N, D)."""
        xp, weights = namespace(x), self.posterior(x, t)
        along, off, total = self.parts(x, t)
        one = -off / h(t) - xp.einsum("nkr,kdr->nkd", along / total, self.bases)
        return (weights[..., None] * one).sum(1)

    def component(self, k: int) -> "Mixture":
        """The law of one class alone."""
        return Mixture(self.weights[:1] * 0 + 1, *(part[k : k + 1] for part in self[1:]))

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """`count` points of the data (t = 0), (count, D), and the component of each."""
        which = rng.choice(len(self.weights), size=count, p=np.asarray(self.weights, float))
        z = rng.normal(size=(count, self.bases.shape[2])) * np.sqrt(np.asarray(self.variances, float))[which]
        return np.asarray(self.means)[which] + np.einsum("nr,ndr->nd", z, np.asarray(self.bases)[which]), which

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean (D,) and covariance (D, D) at time t (t = 0: of the data)."""
        a, noise = np.exp(-t / 2), -np.expm1(-t)
        mean = self.weights @ self.means
        inside = np.einsum("k,kdr,kr,ker->de", self.weights, self.bases, self.variances, self.bases)
        apart = self.means - mean
        between = np.einsum("k,kd,ke->de", self.weights, apart, apart)
        return a * mean, a**2 * (inside + between) + noise * np.eye(len(mean))


def mixture(weights: Any, means: Any, covariances: Any) -> Mixture:
    """From weights (K,), means (K, D) and covariances (K, D, D), which may be singular but not indefinite."""
    weights, means, covariances = (np.asarray(part, float) for part in (weights, means, covariances))
    if weights.min() <= 0 or abs(weights.sum() - 1) > 1e-9:
        raise BadInput(f"the weights of a mixture are positive and sum to 1, not {weights.tolist()}")
    values, vectors = np.linalg.eigh(covariances)
    if values.min() < -1e-9 * max(1.0, np.abs(values).max()):
        raise BadInput(f"a covariance has the eigenvalue {values.min():g}; none may be negative")
    return Mixture(weights, means, vectors, np.clip(values, 0, None))


def isotropic(means: Any, spread: float = 1.0, weights: Any = None) -> Mixture:
    """Equal (or given) weights on N(m_k, spread^2 I)."""
    means = np.asarray(means, float)
    count, size = means.shape
    weights = np.full(count, 1 / count) if weights is None else np.asarray(weights, float)
    bases = np.broadcast_to(np.eye(size), (count, size, size))
    return Mixture(weights, means, bases, np.full((count, size), spread**2))


def empirical(points: Any) -> Mixture:
    """The measure of training points (n, D) itself: what a perfectly trained, perfectly flexible network learns."""
    points = np.asarray(points, float)
    count, size = points.shape
    return Mixture(np.full(count, 1 / count), points, np.zeros((count, size, 0)), np.zeros((count, 0)))


def embedded(latent: Mixture, frame: Any) -> Mixture:
    """The law of x = A z for latent z and a frame A (D, d) with orthonormal columns."""
    return Mixture(latent.weights, latent.means @ frame.T, frame @ latent.bases, latent.variances)


def decomposed_score(latent: Mixture, frame: Any, x: Any, t: Any) -> Any:
    """The score of x = A z by its two parts, A score_z(A'x) - (I - AA') x / h (arXiv 2404.07771, subspace data)."""
    on = x @ frame
    return latent.score(on, t) @ frame.T - (x - on @ frame.T) / h(t)


def random_frame(rng: np.random.Generator, size: int, latent: int) -> np.ndarray:
    """`latent` orthonormal columns in `size` dimensions, uniformly at random."""
    if latent > size:
        raise BadInput(f"{latent} orthonormal columns do not fit into {size} dimensions")
    q, r = np.linalg.qr(rng.normal(size=(size, latent)))
    return q * np.sign(np.diag(r))


def random_mixture(rng: np.random.Generator, components: int, size: int) -> Mixture:
    """Weights, means and full covariances at random."""
    roots = rng.normal(size=(components, size, size)) / np.sqrt(size)
    weights = rng.dirichlet(np.full(components, 5.0))
    return mixture(
        weights, 2 * rng.normal(size=(components, size)), roots @ roots.transpose(0, 2, 1) + 0.05 * np.eye(size)
    )
