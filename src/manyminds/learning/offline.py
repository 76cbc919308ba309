"""Offline data sets: the published form of D4RL, next observations by shifting, and scores between random and expert.

D4RL (Fu et al., arXiv 2004.07219) stores one long column each of `observations`, `actions`, `rewards`, `terminals` and
`timeouts`. What follows a row is the next row, except where an episode was cut: there it is unknown.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import BadInput, unknown
from manyminds.learning.replay import Rows

NEEDED = ("observations", "actions", "rewards", "terminals")
SCORES = {  # returns of a random and of an expert policy, by which D4RL normalises
    "halfcheetah": (-280.178953, 12135.0),
    "hopper": (-20.272305, 3234.3),
    "walker2d": (1.629008, 4592.3),
}


class Offline(NamedTuple):
    """Transitions, one a row. `seen_after`: is `after` what really followed? False at the ends of episodes whose last
    observation was not stored: there `after` is of the next episode, which a critic never looks at (the row has ended)
    but a dynamics model must not be fitted to."""

    rows: Rows
    seen_after: np.ndarray

    def for_models(self) -> Rows:
        """The rows whose next observation is known."""
        return Rows(*(column[self.seen_after] for column in self.rows))


def read(path: Path, limit: int | None = None) -> Offline:
    """The data set in a file: HDF5 in the form of D4RL, or an .npz with the same names.

    `limit`: the length at which the clock cut episodes, for files without `timeouts`. Raises `BadInput`.
    """
    if not path.is_file():
        raise BadInput(f"there is no file {path}; give the path of a data set in the HDF5 form of D4RL")
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return shifted({name: file[name] for name in file.files}, limit)
    try:
        import h5py
    except ModuleNotFoundError:
        raise BadInput(f"reading {path.name} needs the package h5py: pip install h5py") from None
    try:
        with h5py.File(path, "r") as file:
            names = (*NEEDED, "timeouts", "next_observations")
            return shifted({name: file[name][()] for name in names if name in file}, limit)
    except OSError as error:
        raise BadInput(f"{path} is not an HDF5 file ({error})") from None


def shifted(columns: Mapping[str, np.ndarray], limit: int | None = None) -> Offline:
    """Columns as transitions: `after` is the next row's observation, and rows at a timeout are dropped.

    A row at a timeout is no end (the world would have gone on) and nothing is known of what followed. Where the file
    has `next_observations` those are used and nothing is dropped.
    """
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise BadInput(f"the data set lacks {', '.join(missing)}; it holds {', '.join(sorted(columns)) or 'nothing'}")
    lengths = {name: len(columns[name]) for name in columns}
    if len(set(lengths.values())) != 1:
        raise BadInput(f"the columns of the data set differ in length: {lengths}")
    ended = np.asarray(columns["terminals"], bool).reshape(-1)
    seen = np.asarray(columns["observations"], np.float32)
    acts, paid = np.asarray(columns["actions"], np.float32), np.asarray(columns["rewards"], np.float32).reshape(-1)
    if "next_observations" in columns:
        after = np.asarray(columns["next_observations"], np.float32)
        return Offline(Rows(seen, acts, paid, after, ended), np.ones(len(ended), bool))
    kept = ~cut(columns, ended, limit)
    kept[-1:] = False  # nothing follows the last row
    after = np.roll(seen, -1, 0)
    rows = Rows(*(column[kept] for column in (seen, acts, paid, after, ended)))
    return Offline(rows, ~ended[kept])


def cut(columns: Mapping[str, np.ndarray], ended: np.ndarray, limit: int | None) -> np.ndarray:
    """Where the clock cut an episode: as stored, or by counting steps since the last end up to `limit`."""
    if "timeouts" in columns:
        return np.asarray(columns["timeouts"], bool).reshape(-1) & ~ended
    if limit is None:
        raise BadInput("the data set has no timeouts, so episodes that the clock cut would run into the next one; "
                       "give the length of an episode (limit=1000 for MuJoCo)")  # fmt: skip
    found, length = np.zeros(len(ended), bool), 0
    for i, over in enumerate(ended):
        length += 1
        found[i] = length == limit and not over
        if over or found[i]:
            length = 0
    return found


def normalised(task: str, score: Any) -> Any:
    """100 (score - random) / (expert - random), for a task like `hopper` or `hopper-medium-v2`."""
    body = task.partition("-")[0]
    if body not in SCORES:
        raise unknown("task", body, SCORES)
    random, expert = SCORES[body]
    return 100 * (score - random) / (expert - random)
