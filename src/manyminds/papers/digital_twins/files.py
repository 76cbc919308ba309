"""Published runs of the companion paper (arXiv 2402.05750): MAT files (version 5) with mean runs, as columns."""

from pathlib import Path

import numpy as np

from manyminds.core import BadInput
from manyminds.papers.digital_twins.grazing import REMOVED, SetMeans


def columns(path: Path, name: str, width: int) -> np.ndarray:
    """The variable `name` of a MAT file, (rows, width) float64. Raises `BadInput` with what is there instead."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        held = loadmat(path)
    except (OSError, ValueError, NotImplementedError, MatReadError) as error:
        raise BadInput(f"{path} cannot be read as a MAT file of version 5: {error}") from None
    if name not in held:
        raise BadInput(f"{path} has no {name!r}; it holds {sorted(k for k in held if not k.startswith('_'))}")
    found = np.asarray(held[name], float)
    if found.ndim != 2 or found.shape[1] != width:
        raise BadInput(f"{name!r} of {path} has shape {found.shape}; it should be (rows, {width})")
    if not np.isfinite(found).all():
        raise BadInput(f"{name!r} of {path} holds numbers that are not finite")
    return found


def read_sets(folder: str, names: tuple[str, ...], window: int) -> list[SetMeans]:
    """The mean runs `Ya` (grass, sheep, wolves) of each condition, from files called after it ("grass 2%.mat")."""
    sets = []
    for name in names:
        if name not in REMOVED:
            raise BadInput(f"there is no condition {name!r}; there are {', '.join(REMOVED)}")
        path = Path(folder) / f"{name}.mat"
        if not path.is_file():
            raise BadInput(f"there is no file {path}; leave folder= empty to simulate the data instead")
        run = columns(path, "Ya", 3)
        late = run[window:]
        if not len(late):
            raise BadInput(f"{path} has {len(run)} rows, none of them after window={window}")
        sets.append(SetMeans(name=name, late=[late.mean(0).tolist()], run=run.tolist(), extinct=0))
    return sets
