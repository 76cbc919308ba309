"""Plans as samples: a diffusion over paths of a point mass, with ends held fixed or a return asked for."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from manyminds.core import Seeds
from manyminds.learning.score_matching import matched, member, points, stacked
from manyminds.learning.training import fitting, gradient_step, over_seeds, trained
from manyminds.networks.denoisers import Conditioned, Unconditioned
from manyminds.networks.dense import Layers
from manyminds.networks.samplers import Pulled, clean, grid, sampled
from manyminds.papers.diffusion.learned import Size, keys
from manyminds.worlds.control.point_mass_paths import SIZE, PointMassPaths

WORLD = PointMassPaths()
REACHED = 0.2  # from the goal, in a square of side 2
START, GOAL = (0, 1), ((WORLD.horizon - 1) * SIZE, (WORLD.horizon - 1) * SIZE + 1)  # places in a flat path


class Coder(NamedTuple):
    """Paths as white vectors and back. Paths obey the equations of motion, so they lie on a subspace; whatever is
    decoded obeys them too and can be driven."""

    mean: np.ndarray  # (6 H,)
    basis: np.ndarray  # (6 H, d): one deviation of the data along each of its principal axes

    def coded(self, paths: np.ndarray) -> np.ndarray:
        flat = paths.reshape(len(paths), -1) - self.mean
        return flat @ self.basis / (self.basis**2).sum(0)

    def decoded(self, z: np.ndarray) -> np.ndarray:
        return (z @ self.basis.T + self.mean).reshape(len(z), WORLD.horizon, SIZE)

    def held(self, score: Any, where: tuple[int, ...], values: np.ndarray) -> Pulled:
        """The score given that the numbers at `where` of the flat path are `values` (N, k)."""
        matrix, missing = self.basis[list(where)], values - self.mean[list(where)]
        return Pulled(score, jnp.asarray(matrix, jnp.float32), jnp.asarray(missing, jnp.float32))


def coder(paths: np.ndarray) -> Coder:
    """From the principal axes of data (n, H, 6); those along which nothing varies are left out."""
    flat = paths.reshape(len(paths), -1)
    mean = flat.mean(0)
    _, deviations, axes = np.linalg.svd((flat - mean) / np.sqrt(len(flat)), full_matrices=False)
    kept = deviations > 1e-6 * deviations[0]
    return Coder(mean, axes[kept].T * deviations[kept])


def plans(score: Pulled, count: int, seeds: Seeds, size: Size) -> np.ndarray:
    """White plans (count, d), without the noise of early stopping."""
    start = jax.random.normal(seeds.jax("start"), (count, score.matrix.shape[1]), jnp.float32)
    x = sampled(score, start, seeds.jax("run"), grid(size.end, size.early, size.sampling_steps), "ancestral")
    return np.asarray(clean(score, x, jnp.float32(size.early)), float)


def between(seeds: Seeds, size: Size, count: int, repeats: int, pairs: int = 200) -> list[dict[str, float]]:
    """The share of random (start, goal) pairs whose goal the executed plan reaches, one row a seed; and the share when
    the goal is not held."""
    data = [WORLD.to_goals(seeds.numpy("goals", i), count) for i in range(repeats)]
    coders = [coder(paths) for paths in data]
    sets = stacked([points(code.coded(paths)) for code, paths in zip(coders, data)])
    models, _ = matched(size.plain(sets.x.shape[2], linear=True), sets, keys(seeds.child("goals"), repeats), size.how())
    rows = []
    for i, code in enumerate(coders):
        start, goal = seeds.numpy("pairs", i).uniform(-1, 1, (2, pairs, 2))
        score = Unconditioned(member(models, i))
        told = code.held(score, (*START, *GOAL), np.concatenate([start, goal], 1))
        blind = code.held(score, START, start)
        missed = []
        for each in (told, blind):
            actions = code.decoded(plans(each, pairs, seeds.child("plans", i), size))[:, :, 4:]
            real = WORLD.rolled(np.concatenate([start, np.zeros((pairs, 2))], 1), actions)
            missed.append(np.linalg.norm(real[:, -1, :2] - goal, axis=1))
        shares = [float((m < REACHED).mean()) for m in missed]
        rows.append({"seed": i, "reached": shares[0], "missed": float(np.median(missed[0])), "unheld": shares[1]})
    return rows


def asked(seeds: Seeds, size: Size, count: int, repeats: int, plans_each: int = 200) -> list[dict[str, Any]]:
    """Returns of executed plans when the 25, 60 and 95 % quantiles of the data's returns are asked for, beside
    behaviour cloning of the same data, one row a seed."""
    data = [WORLD.mixed(seeds.numpy("mixed", i), count) for i in range(repeats)]
    returns, coders = [WORLD.returns(paths) for paths in data], [coder(paths) for paths in data]
    sets = stacked([points(code.coded(p), (r - r.mean()) / r.std()) for code, p, r in zip(coders, data, returns)])
    make = size.plain(sets.x.shape[2], linear=True, conditions=1)
    models, _ = matched(make, sets, keys(seeds.child("asked"), repeats), size.how())
    clones = cloned(data, seeds, size)
    rows = []
    for i, (code, got) in enumerate(zip(coders, returns)):
        start = WORLD.starts(seeds.numpy("starts", i), plans_each)
        found, levels = [], np.quantile(got, (0.25, 0.6, 0.95))
        for level in levels:
            want = jnp.full((plans_each, 1), (level - got.mean()) / got.std(), jnp.float32)
            score = code.held(Conditioned(member(models, i), want, jnp.float32(0)), START, start[:, :2])
            actions = code.decoded(plans(score, plans_each, seeds.child("asked", i), size))[:, :, 4:]
            found.append(float(WORLD.returns(WORLD.rolled(start, actions)).mean()))
        rows.append(
            {"seed": i, "asked": levels.tolist(), "realised": found, "data": float(got.mean()),
             "cloned": float(WORLD.returns(followed(member(clones, i), start)).mean())}
        )  # fmt: skip
    return rows


def cloned(paths: list[np.ndarray], seeds: Seeds, size: Size) -> Any:
    """Behaviour cloning: networks from state to action by least squares on the same paths, one a seed."""
    optimiser = optax.adam(2e-3)

    def step(state: Any, key: jax.Array) -> Any:
        clone, rows = state

        def loss(model: Any, key: jax.Array) -> Any:
            batch = rows[jax.random.randint(key, (size.batch,), 0, len(rows))]
            return ((jax.vmap(model)(batch[:, :4]) - batch[:, 4:]) ** 2).mean(), {}

        after, logged = gradient_step(loss, optimiser)(clone, key)
        return (after, rows), logged

    data = jnp.asarray(np.stack([p.reshape(-1, SIZE) for p in paths]), jnp.float32)
    begun = over_seeds(
        lambda key: fitting(Layers((4, 64, 64, 2), key), optimiser),
        jax.random.split(seeds.jax("clones"), len(paths)),
    )
    (clone, _), _ = trained(
        step, (begun, data), jax.random.split(seeds.jax("cloning"), len(paths)), size.steps, max(size.steps // 10, 1)
    )
    return clone.model


def followed(policy: Any, start: np.ndarray) -> np.ndarray:
    """Paths of a policy from state to action that is asked anew at every step."""
    act = eqx.filter_jit(lambda states: jax.vmap(policy)(states))
    rows, state = [], start
    for _ in range(WORLD.horizon):
        a = np.asarray(act(jnp.asarray(state, jnp.float32)), float)
        rows.append(np.concatenate([state, a], 1))
        v = state[:, 2:] + WORLD.dt * a
        state = np.concatenate([state[:, :2] + WORLD.dt * v, v], 1)
    return np.stack(rows, 1)
