"""The supervised parts: exactness, shifting inputs, regret, regions, encodings.

Sums are float64, networks float32.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core import Seeds
from manyminds.learning import continual
from manyminds.learning import follow_the_leader as ftl
from manyminds.learning.continual import Online, rmse
from manyminds.learning.streamed import answers, followed
from manyminds.networks import sparse_encoding as maps
from manyminds.papers.losse.rows import Encodings, Exact, Regions, Regret, Shift
from manyminds.worlds.control.classic import MountainCar, Moving, Pendulum
from manyminds.worlds.science import streams
from manyminds.worlds.science.binary_images import grey_digits

RIVALS = {
    "NN online": Online(),
    "NN + replay": Online("replay", replayed=16),
    "NN + coreset": Online("coreset", memory=100, replayed=16),
    "NN + synaptic intelligence": Online("synaptic"),
}


def exact(seeds: Seeds, steps: int = 60, ridge: float = 1e-3, sweeps: int = 60_000) -> dict[str, Any]:
    """A short stream of two inputs and two outputs, every step against the definitions."""
    with jax.enable_x64(True):
        within = maps.bounds([-1.0] * 2, [1.0] * 2)
        features = maps.sparse_encoding(within, seeds.jax("features"), groups=4, dims=2, bins=8)
        x = seeds.numpy("inputs").uniform(-1, 1, (steps, 2))
        y = np.stack([np.sin(3 * x[:, 0]) * x[:, 1], np.cos(2 * x[:, 1])], 1)
        active = jax.vmap(features)(jnp.asarray(x))
        whole = np.asarray(jax.vmap(partial(maps.dense, features))(jnp.asarray(x)))
        update = jax.jit(partial(ftl.updated, ridge=ridge))
        leader = ftl.begun(features.size, 2, 256, jnp.float64)
        rises = below = 0
        for t in range(steps):
            old = leader.weights
            leader = update(leader, active.index[t], active.value[t], jnp.asarray(y[t]))
            before, after = (ftl.objective(leader, np.asarray(w[0]), ridge) for w in (old, leader.weights))
            least = ftl.objective(leader, ftl.solved(leader, ridge), ridge)
            rises += after > before + 1e-12
            below += after < least - 1e-12
        best = ftl.solved(leader, ridge)
        stacked = np.concatenate([whole, ridge**0.5 * np.eye(features.size)])
        theirs = np.linalg.lstsq(stacked, np.concatenate([y, np.zeros((features.size, 2))]), rcond=None)[0]
        order = seeds.numpy("order").permutation(steps)
        other = followed(features, x[order], y[order], ridge).leader
        gram, cross = ftl.matrix(leader).toarray(), np.asarray(leader.cross[0])
        theirs_too = ftl.matrix(other).toarray(), np.asarray(other.cross[0]), ftl.solved(other, ridge)
        apart = [a - b for a, b in zip(theirs_too, (gram, cross, best))]
        cycles = jnp.tile(active.index, (sweeps // steps, 1))
        swept = jax.jit(partial(ftl.swept, ridge=ridge))(leader, cycles)
        return Exact(
            gram=abs(gram - whole.T @ whole).max(), cross=abs(cross - whole.T @ y).max(),
            solve=abs(best - theirs).max(), order=max(abs(a).max() for a in apart), rises=rises, below=below,
            before=float(leader.energy[0]), after=ftl.objective(leader, np.asarray(leader.weights[0]), ridge),
            least=ftl.objective(leader, best, ridge), swept=ftl.gap(swept, ridge),
        ).model_dump()  # fmt: skip


def line_features(seeds: Seeds, groups: int, bins: int) -> maps.SparseEncoding:
    return maps.sparse_encoding(maps.bounds([-1.0], [1.0]), seeds.jax("features"), groups, 1, bins, scale=4.0)


def rival_errors(settings: Online, made: streams.Stream, grids: Array, keys: Array) -> np.ndarray:
    """RMSE on each seed's grid after one pass; all seeds at once, in float32."""

    def one(key: Array, x: Array, y: Array, grid: Array) -> Array:
        to_begin, to_learn = jax.random.split(key)
        learning = continual.begun(settings, x.shape[1], y.shape[1], len(x), to_begin)
        after, _ = continual.learnt(settings, learning, x, y, to_learn)
        said = jax.vmap(after.fitting.model)(grid)
        return jnp.sqrt(((said - streams.wave(grid)) ** 2).mean())

    return np.asarray(eqx.filter_jit(jax.vmap(one))(keys, made.inputs, made.targets, grids))


def shift(
    seeds: Seeds, correlation: float, repeats: int, steps: int, rivals: tuple[str, ...], step_sizes: tuple[float, ...],
    ridge: float = 1e-3,
) -> dict[str, Any]:  # fmt: skip
    """One pass over the shifting stream by everybody; the same streams for all. Rivals get their best step size."""
    keys = jax.random.split(seeds.jax("streams"), repeats)
    made = jax.vmap(lambda key: streams.shifting(key, correlation, steps))(keys)
    seen = np.asarray(made.inputs)[..., 0]
    grids = np.stack([np.linspace(*np.percentile(x, [1, 99]), 400) for x in seen])[..., None]
    with jax.enable_x64(True):
        features = line_features(seeds, 32, 10)
        lines = [followed(features, x, y, ridge, width=512, chunk=steps).leader
                 for x, y in zip(np.asarray(made.inputs), np.asarray(made.targets))]  # fmt: skip
        said = {"losse": [line.weights[0] for line in lines], "exact": [ftl.solved(line, ridge) for line in lines]}
        found = {name: [rmse(answers(features, w, grid), np.asarray(streams.wave(grid))) for w, grid in zip(ws, grids)]
                 for name, ws in said.items()}  # fmt: skip
    theirs, chosen = {}, {}
    for name in rivals:
        runs = {size: rival_errors(sized(RIVALS[name], size), made, jnp.asarray(grids, jnp.float32), keys)
                for size in step_sizes}  # fmt: skip
        chosen[name] = min(runs, key=lambda size, runs=runs: float(runs[size].mean()))
        theirs[name] = runs[chosen[name]].tolist()
    return Shift(correlation=correlation, **found, rivals=theirs, step_sizes=chosen).model_dump()


def sized(settings: Online, step_size: float) -> Online:
    return Online(**{**settings.__dict__, "step_size": step_size})


def losses_of_the_leader(phi: Array, y: Array, ridge: float) -> Array:
    """Squared loss at each step of the exact leader of the steps before, by Sherman-Morrison; phi (N, D), y (N,)."""

    def step(now: tuple[Array, Array], row: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        (inverse, w), (x, target) = now, row
        pulled = inverse @ x
        missed = target - x @ w
        gain = pulled / (1 + x @ pulled)
        return (inverse - jnp.outer(gain, pulled), w + gain * missed), missed**2

    d = phi.shape[1]
    begin = jnp.eye(d, dtype=phi.dtype) / ridge, jnp.zeros(d, phi.dtype)
    return jax.lax.scan(step, begin, (phi, y))[1]


def best_losses(phi: np.ndarray, y: np.ndarray, times: np.ndarray, ridge: float) -> np.ndarray:
    """The squared loss of the ridge solution of the first t rows on those rows, for each t."""
    gram, cross, energy = np.zeros((phi.shape[1],) * 2), np.zeros(phi.shape[1]), 0.0
    found, done = [], 0
    for t in times:
        x, target = phi[done:t], y[done:t]
        gram, cross, energy, done = gram + x.T @ x, cross + x.T @ target, energy + float(target @ target), int(t)
        w = np.linalg.solve(gram + ridge * np.eye(len(cross)), cross)
        found.append(energy - 2 * float(w @ cross) + float(w @ gram @ w))
    return np.array(found)


def regret(seeds: Seeds, repeats: int, steps: int, network_steps: int, noise: float = 0.1) -> dict[str, Any]:
    """Regret of the leader and of the sparse step on a noisy stationary stream, and of a network on a shifting one."""
    ridge = 1e-3
    times = np.unique(np.geomspace(100, steps, 25).astype(int))
    keys = jax.random.split(seeds.jax("streams"), repeats)
    found: dict[str, list[list[float]]] = {"exact": [], "sparse": []}
    with jax.enable_x64(True):
        features = line_features(seeds, 8, 12)
        for key in keys:
            made = streams.noisy(key, steps, noise)
            phi = eqx.filter_jit(jax.vmap(partial(maps.dense, features)))(made.inputs)
            y = made.targets[:, 0]
            best = best_losses(np.asarray(phi), np.asarray(y), times, ridge)
            said = followed(features, np.asarray(made.inputs), np.asarray(made.targets), ridge, 128, chunk=steps).said
            leader = jax.jit(losses_of_the_leader, static_argnums=2)(phi, y, ridge)
            for name, loss in (("exact", leader), ("sparse", (said[:, 0] - y) ** 2)):
                found[name].append((np.cumsum(np.asarray(loss))[times - 1] - best).tolist())
        rank = int(np.linalg.matrix_rank(np.asarray(phi), tol=1e-8 * len(phi)))
    network_times = np.linspace(network_steps // 20, network_steps, 20).astype(int)
    losses = network_losses(seeds, repeats, network_steps)
    return Regret(times=times.tolist(), **found, predicted_slope=noise**2 * rank, network_times=network_times.tolist(),
                  network=np.cumsum(losses, 1)[:, network_times - 1].tolist()).model_dump()  # fmt: skip


def network_losses(seeds: Seeds, repeats: int, steps: int, correlation: float = 0.9) -> np.ndarray:
    """Squared losses, (seeds, steps), of one gradient step an observation under shift. The best fixed W of the encoding
    loses less than a thousandth of that, so this is regret."""

    def one(key: Array) -> Array:
        to_stream, to_begin, to_learn = jax.random.split(key, 3)
        made = streams.shifting(to_stream, correlation, steps)
        learning = continual.begun(Online(), 1, 1, steps, to_begin)
        said = continual.learnt(Online(), learning, made.inputs, made.targets, to_learn)[1]
        return ((said - made.targets) ** 2).sum(1)

    return np.asarray(eqx.filter_jit(jax.vmap(one))(jax.random.split(seeds.jax("networks"), repeats)), np.float64)


UNITS = np.array([0.05, 0.002, 1.0])  # of the changes of position and speed and of the reward


def halves(key: Array, rows: int, side: str) -> streams.Stream:
    """One step of the mountain car from `rows` random states of one half of the valley, in the units of a model.

    No step reaches the wall at -1.2, whose blow is so much larger than anything else that it would be all one sees.
    """
    to_place, to_speed, to_act = jax.random.split(key, 3)
    low, high = (-1.1, -0.3) if side == "left" else (-0.3, 0.5)
    place = jax.random.uniform(to_place, (rows,), jnp.float32, low, high)
    speed = jax.random.uniform(to_speed, (rows,), jnp.float32, -0.07, 0.07)
    made = streams.transitions(MountainCar(), Moving(jnp.stack([place, speed], 1), jnp.zeros(rows, jnp.int32)), to_act)
    return streams.Stream(made.inputs, made.targets / jnp.asarray(UNITS, jnp.float32))


def regions(
    seeds: Seeds, repeats: int, rows: int, rivals: tuple[str, ...], step_size: float = 1e-3
) -> list[dict[str, Any]]:
    """The left half, the right half and the left again; errors on the left half after each."""
    parts = [[halves(seeds.jax("part", k, i), rows, side) for i, side in enumerate(("left", "right", "left"))]
             for k in range(repeats)]  # fmt: skip
    tests = [halves(seeds.jax("test", k), 1000, "left") for k in range(repeats)]
    found = []
    with jax.enable_x64(True):
        within = maps.bounds([-1.2, -0.07, 0, 0, 0], [0.6, 0.07, 1, 1, 1])
        features = maps.sparse_encoding(within, seeds.jax("features"), 16, 2, 10, scale=3.0)
        errors = []
        for three, test in zip(parts, tests):
            x, y = (np.concatenate([np.asarray(p[i], float) for p in three]) for i in range(2))
            kept = followed(features, x, y, width=2048, ends=(rows, 2 * rows, 3 * rows)).kept
            errors.append([rmse(answers(features, line.weights[0], np.asarray(test.inputs, float)), test.targets)
                           for line in kept])  # fmt: skip
        left, later, back = np.array(errors).T.tolist()
        found.append(Regions(method="Losse", left=left, later=later, back=back).model_dump())
    scale = jnp.array([0.9, 0.07, 1, 1, 1], jnp.float32)
    centre = jnp.array([-0.3, 0, 0, 0, 0], jnp.float32)
    for name in rivals:
        settings = sized(RIVALS[name], step_size)

        def one(key: Array, xs: Array, ys: Array, test: streams.Stream, settings: Online = settings) -> list[Array]:
            now = continual.begun(settings, 5, 3, 3 * rows, key)
            errors = []
            for i in range(3):
                now, _ = continual.learnt(settings, now, (xs[i] - centre) / scale, ys[i], jax.random.fold_in(key, i))
                said = jax.vmap(now.fitting.model)((test.inputs - centre) / scale)
                errors.append(jnp.sqrt(((said - test.targets) ** 2).mean()))
            return errors

        xs, ys = (jnp.stack([jnp.stack([p[i] for p in three]) for three in parts]) for i in range(2))
        stacked = streams.Stream(*(jnp.stack([test[i] for test in tests]) for i in range(2)))
        keys = jax.random.split(seeds.jax("networks"), repeats)
        left, later, back = np.array(eqx.filter_jit(jax.vmap(one))(keys, xs, ys, stacked)).tolist()
        found.append(Regions(method=name, left=left, later=later, back=back).model_dump())
    return found


def ridge_answers(train: np.ndarray, y: np.ndarray, test: np.ndarray, ridge: float) -> np.ndarray:
    """Ridge regression by whichever of its two forms is smaller."""
    if train.shape[1] <= len(train):
        return test @ np.linalg.solve(train.T @ train + ridge * np.eye(train.shape[1]), train.T @ y)
    return test @ (train.T @ np.linalg.solve(train @ train.T + ridge * np.eye(len(train)), y))


def pendulum_rows(seeds: Seeds, rows: int) -> tuple[np.ndarray, np.ndarray, tuple[list[float], list[float]]]:
    """Random steps of the pendulum: inputs, targets with unit variance, bounds."""
    high = jnp.array([jnp.pi, 8.0], jnp.float32)
    x = jax.random.uniform(seeds.jax("states"), (rows, 2), jnp.float32, -high, high)
    made = streams.transitions(Pendulum(), Moving(x, jnp.zeros(rows, jnp.int32)), seeds.jax("actions"))
    targets = np.asarray(made.targets, float)
    return np.asarray(made.inputs, float), targets / targets.std(0), ([-1, -1, -8, -2], [1, 1, 8, 2])


def digit_rows(seeds: Seeds) -> tuple[np.ndarray, np.ndarray, tuple[list[float], list[float]]]:
    """Digits of 8 x 8 with normal noise of .3, and what they were."""
    images = grey_digits() / 16
    order = seeds.numpy("order").permutation(len(images))
    noisy = images + 0.3 * seeds.numpy("noise").normal(size=images.shape)
    return noisy[order], images[order], ([-0.6] * 64, [1.6] * 64)


Maker = Callable[[Any, Array, float], maps.FeatureMap]
MAPS: dict[str, tuple[Maker, tuple[float, ...]]] = {  # at 64 non-zeros; the scales to choose from
    "Losse": (lambda b, k, s: maps.sparse_encoding(b, k, 16, 2, 10, s), (1.0, 2.0, 4.0)),
    "tile coding": (lambda b, k, s: maps.tile_coding(b, k, 64, 2, int(s)), (4.0, 7.0, 10.0)),
    "random Fourier": (lambda b, k, s: maps.random_fourier(b, k, 64, s), (1.0, 2.0, 4.0)),
    "random ReLU": (lambda b, k, s: maps.random_relu(b, k, 128, s), (0.5, 1.0, 2.0)),
}


def encodings(seeds: Seeds, task: str, repeats: int, rows: int, ridge: float = 1e-3) -> list[dict[str, Any]]:
    """Test error of ridge regression on four kinds of features with 64 non-zeros; scales by a validation part."""
    errors: dict[str, list[float]] = {name: [] for name in MAPS}
    sizes = {}
    with jax.enable_x64(True):
        for k in range(repeats):
            own = seeds.child(task, k)
            x, y, limits = pendulum_rows(own, rows) if task == "pendulum" else digit_rows(own)
            n = len(x) // 2
            parts = [slice(0, n), slice(n, n + n // 2), slice(n + n // 2, None)]
            for name, (make, scales) in MAPS.items():
                tried = {}
                for scale in scales:
                    features = make(maps.bounds(*limits), own.jax(name), scale)
                    phi = np.asarray(jax.jit(jax.vmap(partial(maps.dense, features)))(jnp.asarray(x)))
                    said = [ridge_answers(phi[parts[0]], y[parts[0]], phi[part], ridge) for part in parts[1:]]
                    tried[scale] = [rmse(a, y[part]) for a, part in zip(said, parts[1:])]
                    sizes[name] = (features.size, features.active)
                errors[name].append(min(tried.values())[1])
    return [Encodings(task=task, features=name, size=sizes[name][0], active=sizes[name][1], rmse=found).model_dump()
            for name, found in errors.items()]  # fmt: skip
