"""Logs of transitions from elsewhere: npz and parquet columns of our record, and D4RL files by `offline`.

The record is `{obs (N, do), act (N,) or (N, da), rew, next_obs, terminated, truncated, t}`, a row a step, in the order
in which it happened. In parquet, vectors are lists, or columns `obs_0`, `obs_1`, ... Nothing in a file is executed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from manyminds.core import BadInput
from manyminds.learning import offline

NEEDED = ("obs", "act", "rew", "next_obs", "terminated")
VECTORS = ("obs", "act", "next_obs")


class TransitionLog(NamedTuple):
    """Transitions in order: observation (N, do), action (N, da) float (a discrete one as unit vectors), reward (N,),
    after (N, do), ended (N,), cut (N,) bool. Rows may hold NaN: a learner skips and counts them."""

    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    after: np.ndarray
    ended: np.ndarray
    cut: np.ndarray

    def inputs(self) -> np.ndarray:
        """[observation, action], (N, do + da)."""
        return np.concatenate([self.observation, self.action], axis=1)

    def targets(self) -> np.ndarray:
        """[change of the observation, reward, ended], (N, do + 2)."""
        columns = [self.after - self.observation, self.reward[:, None], self.ended[:, None].astype(float)]
        return np.concatenate(columns, axis=1)


def read(path: Path) -> TransitionLog:
    """The log in a file (.npz, .parquet, .hdf5 or .h5). Raises `BadInput` with what is wrong."""
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no file {path}; give a log of transitions as .npz, .parquet or .hdf5")
    if path.suffix in (".hdf5", ".h5"):
        return from_offline(offline.read(path))
    if path.suffix == ".parquet":
        return from_columns(parquet(path))
    if path.suffix != ".npz":
        raise BadInput(f"{path.name} is neither .npz, .parquet nor .hdf5")
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = {name: file[name] for name in file.files}
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    if "observations" in columns:
        return from_offline(offline.shifted(columns))
    return from_columns(columns)


def from_offline(found: offline.Offline) -> TransitionLog:
    """What a D4RL file holds; rows whose next observation is unknown are left out."""
    rows = found.for_models()
    columns = (rows.observation, rows.action, rows.after)
    wide = [np.asarray(column, float).reshape(len(rows.reward), -1) for column in columns]
    ended = np.asarray(rows.ended, bool)
    return TransitionLog(wide[0], wide[1], np.asarray(rows.reward, float), wide[2], ended, np.zeros_like(ended))


def parquet(path: Path) -> dict[str, np.ndarray]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ModuleNotFoundError:
        raise BadInput(f"reading {path.name} needs pyarrow: pip install pyarrow") from None
    try:
        table = read_table(path).to_pydict()
    except (ArrowException, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    columns = {}
    for name in (*NEEDED, "truncated", "t"):
        numbered = sorted((k for k in table if k.startswith(f"{name}_") and k[len(name) + 1 :].isdigit()),
                          key=lambda k: int(k.rpartition("_")[2]))  # fmt: skip
        if name in table:
            columns[name] = stacked(name, table[name])
        elif numbered:
            columns[name] = np.stack([np.asarray(table[k], float) for k in numbered], axis=1)
    return columns


def stacked(name: str, rows: list) -> np.ndarray:
    lengths = {np.size(row) for row in rows}
    if len(lengths) > 1:
        raise BadInput(f"{name} has rows of {sorted(lengths)} numbers; their size may not change within a log")
    return np.asarray(rows)


def from_columns(columns: Mapping[str, np.ndarray]) -> TransitionLog:
    """Our record, checked."""
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        held, wanted = ", ".join(sorted(columns)) or "nothing", ", ".join(NEEDED)
        raise BadInput(f"the log lacks {', '.join(missing)}; it holds {held}. A log has {wanted}, truncated, t")
    lengths = {name: len(columns[name]) for name in columns}
    if len(set(lengths.values())) != 1 or not lengths["rew"]:
        raise BadInput(f"the columns of a log must have one length above 0, not {lengths}")
    n = lengths["rew"]
    try:
        wide = {name: np.asarray(columns[name], float).reshape(n, -1) for name in VECTORS}
        reward = np.asarray(columns["rew"], float).reshape(n)
        ended, cut = (np.asarray(columns.get(k, np.zeros(n)), bool).reshape(n) for k in ("terminated", "truncated"))
    except (ValueError, TypeError) as error:
        raise BadInput(f"the log does not hold numbers in rows of one size: {error}") from None
    if wide["obs"].shape != wide["next_obs"].shape:
        raise BadInput(f"obs is {wide['obs'].shape} and next_obs {wide['next_obs'].shape}; they must have one shape")
    act = np.asarray(columns["act"])
    if act.ndim == 1 and np.issubdtype(act.dtype, np.integer):
        if act.min() < 0:
            raise BadInput(f"a discrete action is a number from 0 on, not {act.min()}")
        wide["act"] = np.eye(int(act.max()) + 1)[act]
    clock = np.asarray(columns.get("t", np.arange(n))).reshape(n)
    order = np.argsort(clock, kind="stable") if is_clock(clock) else np.arange(n)
    return TransitionLog(*(x[order] for x in (wide["obs"], wide["act"], reward, wide["next_obs"], ended, cut)))


def is_clock(t: np.ndarray) -> bool:
    """Is `t` one clock for the whole log (all different), rather than one that begins anew with every episode?"""
    return len(np.unique(t)) == len(t)
