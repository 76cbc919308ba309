"""A log of transitions from elsewhere, learnt in one pass: errors, memory, time a step, forgetting by quarter."""

from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np

from manyminds.core import BadInput, Seeds
from manyminds.learning import follow_the_leader as ftl
from manyminds.learning.continual import rmse
from manyminds.learning.streamed import answers, followed
from manyminds.learning.transition_log import read
from manyminds.networks import sparse_encoding as maps
from manyminds.papers.losse.rows import LogReport

WARM_UP = 1000  # rows whose range fixes the bounds of the encoding


def fixed_bounds(inputs: np.ndarray, margin: float = 0.25) -> maps.Bounds:
    """The range of the first rows with a margin. It never moves: the sums could not be moved with it."""
    first = inputs[:WARM_UP]
    first = first[np.isfinite(first).all(1)]
    if not len(first):
        raise BadInput(f"none of the first {WARM_UP} rows of the log is finite, so nothing says where inputs lie")
    low, high = first.min(0), first.max(0)
    return maps.bounds(low - margin * (high - low), high + margin * (high - low))


def learnt_log(path: Path, groups: int, bins: int, ridge: float, limit: float, seeds: Seeds) -> dict[str, Any]:
    """One pass over the log at `path`; outputs are scaled by their deviation in the first rows, reports are in their
    own units."""
    log = read(path)
    inputs, targets = log.inputs(), log.targets()
    good = np.isfinite(inputs).all(1) & np.isfinite(targets).all(1)
    n, names = len(inputs), [*(f"obs {i}" for i in range(log.observation.shape[1])), "reward", "ended"]
    with jax.enable_x64(True):
        features = maps.sparse_encoding(fixed_bounds(inputs), seeds.jax("features"), groups, 2, bins)
        first = targets[:WARM_UP][good[:WARM_UP]]
        units = np.where(first.std(0) > 0, first.std(0), 1.0)
        ends = tuple(n * q // 4 for q in range(1, 5))
        begin = perf_counter()
        found = followed(features, inputs, targets / units, ridge, ends=ends, limit=limit)
        spent = perf_counter() - begin
        late = np.flatnonzero(good)[int(good.sum()) // 10 :]
        missed = (found.said * units - targets)[late]
        before = running_means(targets[good])[int(good.sum()) // 10 :]
        left, end = [], []
        for q, line in enumerate(found.kept):
            rows = np.arange(n * q // 4, n * (q + 1) // 4)
            rows = rows[good[rows]]
            if len(rows):
                left.append(rmse(answers(features, line.weights[0], inputs[rows]), targets[rows] / units))
                end.append(rmse(answers(features, found.leader.weights[0], inputs[rows]), targets[rows] / units))
        width = found.leader.columns.shape[2]
        return LogReport(
            file=path.name, rows=n, skipped=int(found.leader.skipped), outside=found.outside, outputs=names,
            rmse=np.sqrt((missed**2).mean(0)).tolist(), naive=np.sqrt(((before - targets[late]) ** 2).mean(0)).tolist(),
            gib=ftl.memory(features.size, width, targets.shape[1], 8), stored=ftl.stored(found.leader),
            microseconds=1e6 * spent / n, left=left, end=end,
        ).model_dump()  # fmt: skip


def running_means(targets: np.ndarray) -> np.ndarray:
    """The mean of all rows before each, (N, S); 0 before the first."""
    sums = np.cumsum(targets, axis=0) - targets
    return sums / np.maximum(np.arange(len(targets)), 1)[:, None]
