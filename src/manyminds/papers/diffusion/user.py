"""A model of your own data: trained, sampled, and measured against what was held out."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import BadInput, Seeds
from manyminds.learning import reward_directed as design
from manyminds.learning import ridge
from manyminds.learning.score_matching import matched, member, points, stacked
from manyminds.networks.denoisers import Denoiser
from manyminds.papers.diffusion.learned import Size, keys
from manyminds.theory.guidance import Guidance
from manyminds.theory.sample_distances import entropy, mmd_p_value, nearest, sliced_wasserstein2, wasserstein2

LEAST = 20  # rows


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows x (n, D), and y (n,) with NaN where it is missing, or None.

    `.npy`: x. `.npz`: `x`, and `y` or none. `.csv`: a header, then numbers, the last column y if called so.
    `.hdf5`: a Minari file: observations and actions of each step become x, rewards become y (needs h5py).
    """
    if not path.is_file():
        raise BadInput(f"there is no file {path}")
    try:
        x, y = READERS[path.suffix](path)
    except KeyError as missing:
        if path.suffix in READERS:
            raise BadInput(f"{path} has no array {missing}; an .npz file holds `x`, and `y` or none") from None
        raise BadInput(f"{path} is none of {', '.join(READERS)}") from None
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    if x.ndim < 2 or len(x) < LEAST:
        raise BadInput(f"{path} holds an array of shape {x.shape}; at least {LEAST} rows of numbers are needed")
    x = x.reshape(len(x), -1)
    if not np.isfinite(x).all():
        first = int(np.argwhere(~np.isfinite(x))[0, 0])
        raise BadInput(f"{path} holds numbers in x that are not finite, the first in row {first}")
    if y is not None and y.shape != (len(x),):
        raise BadInput(f"{path}: y has the shape {y.shape}, x has {len(x)} rows")
    return x, y


def from_npz(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    with np.load(path, allow_pickle=False) as found:
        return np.asarray(found["x"], float), np.asarray(found["y"], float) if "y" in found else None


def from_csv(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    with path.open() as file:
        names = file.readline().strip().split(",")
    rows = np.genfromtxt(path, delimiter=",", skip_header=1, ndmin=2)
    return (rows[:, :-1], rows[:, -1]) if names[-1].strip() == "y" else (rows, None)


def from_hdf5(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        import h5py
    except ModuleNotFoundError:
        raise BadInput(f"reading {path} needs the package h5py: pip install h5py") from None
    rows, rewards = [], []
    with h5py.File(path) as file:
        for episode in (file[name] for name in sorted(file) if name.startswith("episode")):
            seen, acts = np.asarray(episode["observations"], float), np.asarray(episode["actions"], float)
            rows.append(np.concatenate([seen[: len(acts)], acts.reshape(len(acts), -1)], 1))
            rewards.append(np.asarray(episode["rewards"], float))
    if not rows:
        raise BadInput(f"{path} has no group named episode_...; is it a Minari data set?")
    return np.concatenate(rows), np.concatenate(rewards)


READERS: dict[str, Any] = {
    ".npy": lambda path: (np.asarray(np.load(path, allow_pickle=False), float), None),
    ".npz": from_npz, ".csv": from_csv, ".hdf5": from_hdf5,
}  # fmt: skip


def studied(
    path: Path, size: Size, mask_probability: float, weight: float, seeds: Seeds, folder: Path
) -> dict[str, Any]:
    """Train on four fifths of the rows; distances of samples to the rest, nearest training points, and where y is known
    a curve of guidance and one of rewards under a model of y that was fitted to the rest only."""
    x, y = read(path)
    order = seeds.numpy("split").permutation(len(x))
    cut = max(len(x) // 5, 5)
    held, train = order[:cut], order[cut:]
    mean, scale = x[train].mean(0), x[train].std(0) + 1e-6
    z = (x - mean) / scale
    labelled = y is not None and np.isfinite(y[train]).sum() > x.shape[1] and np.isfinite(y[held]).sum() > x.shape[1]
    if labelled:
        rows = train[np.isfinite(y[train])]
        middle, spread = y[rows].mean(), y[rows].std() + 1e-12
        data = points(z[rows], (y[rows] - middle) / spread)
    else:
        data = points(z[train])
    how = size.how(mask_probability=mask_probability if labelled else 0.0)
    make: Any = lambda key: Denoiser(x.shape[1], size.width, size.depth, key, conditions=int(labelled))  # noqa: E731
    model = member(matched(make, stacked([data]), keys(seeds, 1), how)[0], 0)
    drawn = size.drawn(model, x.shape[1], len(held), seeds.child("sampling"))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "samples.npy", drawn * scale + mean)
    rng = seeds.numpy("measures")
    few = min(len(held), 1000)
    found: dict[str, Any] = {
        "file": path.name, "rows": len(x), "size": x.shape[1], "held_out": len(held),
        "sliced": sliced_wasserstein2(drawn, z[held], rng), "w2": wasserstein2(drawn[:few], z[held][:few]),
        "p_same": mmd_p_value(drawn[:few], z[held][:few], rng),
        "memorised": float(np.median(nearest(drawn, z[train])) / np.median(nearest(z[held], z[train]))),
    }  # fmt: skip
    if labelled:
        found |= curves(model, data, z[held], (y[held] - middle) / spread, size, mask_probability, weight, seeds)
    return found


def curves(
    model: Any,
    data: Any,
    z: np.ndarray,
    y: np.ndarray,
    size: Size,
    mask_probability: float,
    weight: float,
    seeds: Seeds,
) -> dict[str, Any]:
    """Rewards (in standard deviations of y) under a ridge model of the held-out rows: over targets at the asked weight,
    and over weights at a target of 1. A target beyond the training range is marked."""
    known = np.isfinite(y)
    judge = ridge.fitted(np.column_stack([z[known], np.ones(known.sum())]), y[known], 1.0).weights[:, 0]
    sampling = design.Sampling(500, size.sampling_steps, size.end, size.early)

    def at(target: float, w: float) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", design.Extrapolation)
            seen = design.within(data, target)
        x = design.designs(model, z.shape[1], target, seeds.jax("designs"), sampling, Guidance(w), mask_probability)
        judged = float((np.column_stack([x, np.ones(len(x))]) @ judge).mean())
        return {
            "target": target,
            "weight": w,
            "judged": judged,
            "gap": target - judged,
            "entropy": entropy(x),
            "within": seen,
        }

    weights = (0.0, 1.0, 4.0) if mask_probability else (0.0,)
    return {"targets": [at(t, weight) for t in (0.0, 1.0, 2.0, 4.0)], "guidance": [at(1.0, w) for w in weights]}
