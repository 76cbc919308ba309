"""What trained networks do: the subspace they find, rewards asked of them, errors within bounds, memory, rates."""

import warnings
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning import reward_directed as design
from manyminds.learning.score_matching import Matching, matched, member, points, stacked
from manyminds.networks import samplers
from manyminds.networks.denoisers import Denoiser, SubspaceDenoiser, Unconditioned, subspace_angle
from manyminds.theory import diffusions as theory
from manyminds.theory import mixtures
from manyminds.theory.guidance import Guidance
from manyminds.theory.sample_distances import nearest, off_support, sliced_wasserstein2


class Size(BaseModel, frozen=True):
    """How large and how long; the same for all networks that are compared."""

    width: int
    depth: int
    steps: int
    batch: int
    step_size: float
    end: float
    early: float
    sampling_steps: int

    def how(self, **changed: Any) -> Matching:
        return replace(Matching(self.steps, self.batch, self.step_size, self.end, self.early), **changed)

    def plain(self, size: int, **options: Any) -> Any:
        return lambda key: Denoiser(size, self.width, self.depth, key, **options)

    def subspace(self, size: int, latent: int, **options: Any) -> Any:
        return lambda key: SubspaceDenoiser(size, latent, self.width, self.depth, key, **options)

    def drawn(self, model: Any, size: int, count: int, seeds: Seeds, method: str = "ancestral") -> np.ndarray:
        """Unconditional samples (count, size) at time `early`, in float64 from the network's float32."""
        start = jax.random.normal(seeds.jax("start"), (count, size), jnp.float32)
        times = samplers.grid(self.end, self.early, self.sampling_steps)
        return np.asarray(samplers.sampled(Unconditioned(model), start, seeds.jax("run"), times, method), float)


def keys(seeds: Seeds, repeats: int) -> jax.Array:
    return jax.random.split(seeds.jax("training"), repeats)


def latent_law(seeds: Seeds, latent: int) -> mixtures.Mixture:
    """Four classes in the latent space; the same for every D, so that dimensions are compared on one problem."""
    return mixtures.isotropic(1.5 * seeds.numpy("latent").normal(size=(4, latent)), 0.4)


def score_error(model: Any, law: mixtures.Mixture, frame: np.ndarray, size: Size, rng: np.random.Generator) -> float:
    """int ||A'(s_hat - s)||^2 dt over [t0, T] under the exact law: on the support, against the exact score."""
    times = np.geomspace(size.early, size.end, 25)
    found = []
    score = jax.jit(lambda x, t: Unconditioned(model)(x, t))
    for t in times:
        x0, _ = law.draw(rng, 500)
        x = np.exp(-t / 2) * x0 + np.sqrt(-np.expm1(-t)) * rng.normal(size=x0.shape)
        apart = np.asarray(score(jnp.asarray(x, jnp.float32), jnp.float32(t)), float) - law.score(x, t)
        found.append(((apart @ frame) ** 2).sum(1).mean())
    return float(np.trapezoid(found, times))


def subspaces(seeds: Seeds, dimension: int, latent: int, count: int, size: Size, repeats: int) -> list[dict[str, Any]]:
    """An encoder-decoder and a plain network of equal width on x = A z in `dimension` coordinates, one row a seed."""
    own = [seeds.child("subspace", i) for i in range(repeats)]
    laws = [latent_law(s, latent) for s in own]
    frames = [mixtures.random_frame(s.numpy("frame", dimension), dimension, latent) for s in own]
    sets = [points(law.draw(s.numpy("data"), count)[0] @ f.T) for law, f, s in zip(laws, frames, own)]
    rows = []
    for net, make in (("encoder-decoder", size.subspace(dimension, latent)), ("plain", size.plain(dimension))):
        models, _ = matched(make, stacked(sets), keys(seeds, repeats), size.how())
        for i, (law, frame) in enumerate(zip(laws, frames)):
            model = member(models, i)
            x = size.drawn(model, dimension, 2000, own[i].child("sampling"))
            angle = subspace_angle(model.orthonormal(), jnp.asarray(frame, jnp.float32)) if net != "plain" else None
            rows.append({
                "net": net, "dimension": dimension, "seed": i, "angle": None if angle is None else float(angle),
                "error": score_error(model, mixtures.embedded(law, frame), frame, size, own[i].numpy("test")),
                "off": off_support(x, frame) / (theory.h(size.early) * (dimension - latent)),
            })  # fmt: skip
    return rows


class Rewards(BaseModel, frozen=True):
    """The design problem: D coordinates, latent dimension, rows, labels and how they are given."""

    dimension: int
    latent: int
    unlabelled: int
    labelled: int
    label_noise: float  # of the given labels
    noise: float  # nu, of the pseudo-labels
    preferences: bool = False
    mask_probability: float = 0.1
    penalty: float = 5.0  # of f* off the subspace


def rewarded(
    seeds: Seeds, problem: Rewards, targets: tuple[float, ...], size: Size, repeats: int
) -> list[dict[str, Any]]:
    """The meta-algorithm from labels to designs, one row a seed and a target. z is standard normal, f*(x) = theta'x -
    penalty |x off the subspace|^2 with |theta| = 1 in the subspace."""
    own = [seeds.child("reward", i) for i in range(repeats)]
    frames, thetas, heads, sets = [], [], [], []
    for s in own:
        rng = s.numpy("data")
        frame = mixtures.random_frame(rng, problem.dimension, problem.latent)
        direction = rng.normal(size=problem.latent)
        theta = frame @ (direction / np.linalg.norm(direction))
        frames.append(frame)
        thetas.append(theta)
        heads.append(reward_head(rng, frame, theta, problem))
        x = rng.normal(size=(problem.unlabelled, problem.latent)) @ frame.T
        sets.append(design.pseudo_labelled(x, heads[-1], problem.noise, rng))
    make = size.subspace(problem.dimension, problem.latent, conditions=1)
    how = size.how(mask_probability=problem.mask_probability)
    models, _ = matched(make, stacked(sets), keys(seeds, repeats), how)
    sampling = design.Sampling(2000, size.sampling_steps, size.end, size.early)
    rows = []
    for i, (frame, theta, head) in enumerate(zip(frames, thetas, heads)):
        model, b, true = member(models, i), frame.T @ heads[i], frame.T @ theta
        for target in targets:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", design.Extrapolation)  # the row says it
                seen = design.within(sets[i], target)
            x = design.designs(model, problem.dimension, target, own[i].jax("designs"), sampling, Guidance(0.0),
                               problem.mask_probability) * np.exp(size.early / 2)  # fmt: skip
            # The noise that early stopping leaves is no choice of the designer: its expectation is taken out.
            off = off_support(x, frame) - np.expm1(size.early) * (problem.dimension - problem.latent)
            realised = float((x @ theta).mean())
            rows.append({
                "seed": i, "target": target, "realised": realised, "promised": float((x @ head).mean()),
                "formula": target - theory.optimality_gap(target, true, b, problem.noise),
                "off": off, "true": realised - problem.penalty * max(off, 0.0), "within": seen,
                "angle": float(subspace_angle(model.orthonormal(), jnp.asarray(frame, jnp.float32))),
            })  # fmt: skip
    return rows


def reward_head(rng: np.random.Generator, frame: np.ndarray, theta: np.ndarray, problem: Rewards) -> np.ndarray:
    """f_hat from noisy labels, or from preferences between pairs by the same true reward."""

    def drawn() -> np.ndarray:
        return rng.normal(size=(problem.labelled, problem.latent)) @ frame.T

    x = drawn()
    # Off the subspace nothing was ever seen, so f_hat is learned on the coordinates that the data has.
    if problem.preferences:
        other = drawn()
        won = rng.random(len(x)) < 1 / (1 + np.exp(-(x - other) @ theta))
        return frame @ design.head_from_preferences(x @ frame, other @ frame, won)
    return design.head(x, x @ theta + problem.label_noise * rng.normal(size=len(x)))


def within_bound(seeds: Seeds, size: Size, repeats: int, samples: int) -> list[dict[str, float]]:
    """Learned scores on a mixture of two in one dimension: KL of the backward SDE's samples, and its bound from the
    measured score error. The KL is that of histograms, so it misses what happens within a bin and adds bins / (2 n)."""
    law = mixtures.isotropic([[-1.0], [1.0]], 0.5)
    data = stacked([points(law.draw(seeds.numpy("data", i), 4000)[0]) for i in range(repeats)])
    models, _ = matched(size.plain(1), data, keys(seeds, repeats), size.how())
    edges = np.linspace(-4, 4, 81)
    initial = np.diff(edges)[0] * kl_terms(law, edges, size.end, lambda c: -0.5 * c**2 - 0.5 * np.log(2 * np.pi))
    rows = []
    one = np.ones((1, 1))
    for i in range(repeats):
        model = member(models, i)
        error = score_error(model, law, one, size, seeds.numpy("test", i))
        fine = size.model_copy(update={"sampling_steps": 400})
        x = fine.drawn(model, 1, samples, seeds.child("sampling", i), "exponential integrator")
        inside = np.histogram(x, edges)[0] / samples / np.diff(edges)
        found = np.diff(edges)[0] * kl_terms(law, edges, size.early, lambda c, q=inside: np.log(np.maximum(q, 1e-9)))
        rows.append({"seed": i, "kl": float(found), "bound": float(initial + error / 2), "error": error})
    return rows


def kl_terms(law: mixtures.Mixture, edges: np.ndarray, t: float, log_q: Any) -> float:
    """Sum of p log(p / q) over the bins of `edges`, p at their middle."""
    middle = (edges[1:] + edges[:-1]) / 2
    log_p = law.log_density(middle[:, None], t)
    return float((np.exp(log_p) * (log_p - log_q(middle))).sum())


def generalised(seeds: Seeds, size: Size, count: int, dimension: int, repeats: int) -> list[dict[str, float]]:
    """A network trained on many points: are its samples nearer to the training points than fresh data is? Both with the
    noise of time t0."""
    law = mixtures.isotropic(2 * seeds.numpy("law").normal(size=(3, dimension)), 0.7)
    train = [law.draw(seeds.numpy("data", i), count)[0] for i in range(repeats)]
    models, _ = matched(size.plain(dimension), stacked([points(x) for x in train]), keys(seeds, repeats), size.how())
    rows = []
    for i, own in enumerate(train):
        x = size.drawn(member(models, i), dimension, 1000, seeds.child("sampling", i))
        rng = seeds.numpy("held out", i)
        fresh = np.exp(-size.early / 2) * law.draw(rng, 1000)[0]
        fresh += np.sqrt(theory.h(size.early)) * rng.normal(size=fresh.shape)
        rows.append({"seed": i, "ratio": float(np.median(nearest(x, own)) / np.median(nearest(fresh, own)))})
    return rows


def rates(
    seeds: Seeds, dimension: int, latent: int, counts: tuple[int, ...], size: Size, repeats: int
) -> list[dict[str, Any]]:
    """Sliced W2 between samples of a trained network and the exact law, for each number of training points. All counts
    and seeds train side by side."""
    jobs = [(n, i) for n in counts for i in range(repeats)]
    frames, laws, sets = [], [], []
    for n, i in jobs:
        own = seeds.child("rates", i)
        laws.append(latent_law(own.child(latent), latent))
        frames.append(mixtures.random_frame(own.numpy("frame", dimension, latent), dimension, latent))
        sets.append(points(laws[-1].draw(own.numpy("data", latent), n)[0] @ frames[-1].T))
    models, _ = matched(size.subspace(dimension, latent), stacked(sets), keys(seeds, len(jobs)), size.how())
    rows = []
    for j, (n, i) in enumerate(jobs):
        x = size.drawn(member(models, j), dimension, 4000, seeds.child("sampling", i)) @ frames[j]
        rng = seeds.numpy("truth", i)
        fresh = np.exp(-size.early / 2) * laws[j].draw(rng, 4000)[0]
        fresh += np.sqrt(theory.h(size.early)) * rng.normal(size=fresh.shape)
        rows.append({"dimension": dimension, "latent": latent, "count": n, "seed": i,
                     "distance": sliced_wasserstein2(x, fresh, rng)})  # fmt: skip
    return rows
