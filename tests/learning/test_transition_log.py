"""Logs of transitions: every form gives the same rows, and what is wrong with a file is said."""

import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning.transition_log import read


def record(n=20, discrete=False):
    rng = np.random.default_rng(0)
    obs = rng.normal(size=(n, 3))
    act = rng.integers(0, 3, n) if discrete else rng.normal(size=(n, 2))
    after = obs + 0.1 * rng.normal(size=(n, 3))
    return {"obs": obs, "act": act, "rew": rng.normal(size=n), "next_obs": after, "terminated": np.arange(n) == 7,
            "truncated": np.arange(n) == 15, "t": np.arange(n)}  # fmt: skip


def as_parquet(path, columns, flat):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = {}
    for name, values in columns.items():
        if flat and values.ndim == 2:
            table |= {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
        else:
            table[name] = list(values) if values.ndim == 2 else values
    pq.write_table(pa.table(table), path)


def test_npz_and_both_forms_of_parquet_are_the_same_log(tmp_path):
    columns = record()
    np.savez(tmp_path / "a.npz", **columns)
    as_parquet(tmp_path / "b.parquet", columns, flat=False)
    as_parquet(tmp_path / "c.parquet", columns, flat=True)
    logs = [read(tmp_path / name) for name in ("a.npz", "b.parquet", "c.parquet")]
    for log in logs:
        np.testing.assert_allclose(log.inputs(), np.concatenate([columns["obs"], columns["act"]], 1))
        np.testing.assert_allclose(log.targets()[:, :3], columns["next_obs"] - columns["obs"])
        np.testing.assert_array_equal(log.targets()[:, 4], columns["terminated"])
        np.testing.assert_array_equal(log.cut, columns["truncated"])


def test_rows_are_put_in_the_order_of_one_clock_and_left_alone_by_many(tmp_path):
    columns = record()
    order = np.random.default_rng(1).permutation(20)
    np.savez(tmp_path / "a.npz", **{name: values[order] for name, values in columns.items()})
    np.testing.assert_allclose(read(tmp_path / "a.npz").observation, columns["obs"])
    np.savez(tmp_path / "b.npz", **{**columns, "t": np.arange(20) % 10})
    np.testing.assert_allclose(read(tmp_path / "b.npz").observation, columns["obs"])


def test_a_discrete_action_becomes_a_unit_vector(tmp_path):
    columns = record(discrete=True)
    np.savez(tmp_path / "a.npz", **columns)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").action.argmax(1), columns["act"])


def d4rl(n=12):
    rng = np.random.default_rng(0)
    return {"observations": rng.normal(size=(n, 2)), "actions": rng.normal(size=(n, 1)), "rewards": rng.normal(size=n),
            "terminals": np.arange(n) == 4, "timeouts": np.arange(n) == 8}  # fmt: skip


def test_d4rl_files_lose_the_rows_whose_next_is_unknown(tmp_path):
    columns = d4rl()
    np.savez(tmp_path / "a.npz", **columns)
    log = read(tmp_path / "a.npz")
    kept = [i for i in range(11) if i not in (4, 8)]
    np.testing.assert_allclose(log.observation, columns["observations"][kept], rtol=1e-6)
    np.testing.assert_allclose(log.after, columns["observations"][[i + 1 for i in kept]], rtol=1e-6)


def test_hdf5_reads_like_npz(tmp_path):
    h5py = pytest.importorskip("h5py")
    columns = d4rl()
    np.savez(tmp_path / "a.npz", **columns)
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        for name, values in columns.items():
            file[name] = values
    for one, two in zip(read(tmp_path / "a.npz"), read(tmp_path / "a.hdf5")):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rew": None}, "lacks rew"),
        ({"rew": np.zeros(3)}, "one length"),
        ({"next_obs": np.zeros((20, 4))}, "one shape"),
        ({"act": -np.ones(20, int)}, "from 0 on"),
        ({"obs": np.array([["a", "b"]] * 20)}, "numbers"),
        ({"rew": np.array([{}] * 20, object)}, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, change, said):
    columns = {name: values for name, values in (record() | change).items() if values is not None}
    np.savez(tmp_path / "a.npz", **columns)
    with pytest.raises(BadInput, match=said):
        read(tmp_path / "a.npz")


def test_files_that_are_none_of_these(tmp_path):
    with pytest.raises(BadInput, match="no file"):
        read(tmp_path / "none.npz")
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(BadInput, match="neither"):
        read(tmp_path / "a.csv")
    (tmp_path / "a.npz").write_text("x")
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "a.npz")


def test_an_observation_that_changes_its_size_is_refused(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = record(2)
    table = {name: list(values) for name, values in columns.items()}
    table["obs"] = [[1.0, 2.0, 3.0], [1.0, 2.0]]
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match="may not change"):
        read(tmp_path / "a.parquet")
