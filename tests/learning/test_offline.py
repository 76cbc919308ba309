"""Data sets: shifting, cuts, what is missing, both forms of files, scores."""

import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning.offline import normalised, read, shifted


def columns(**more):
    """Two episodes: three steps and an end; three steps and a cut; one more step."""
    n = 7
    found = {
        "observations": np.arange(n, dtype=np.float32)[:, None] * [1, 10],
        "actions": np.zeros((n, 1), np.float32),
        "rewards": np.arange(n) * 0.5,
        "terminals": np.array([0, 0, 1, 0, 0, 0, 0], bool),
        "timeouts": np.array([0, 0, 0, 0, 0, 1, 0], bool),
    }
    return found | more


def test_what_follows_is_the_next_row_and_rows_at_a_cut_are_dropped():
    data = shifted(columns())
    assert data.rows.observation[:, 0].tolist() == [0, 1, 2, 3, 4]  # 5 was cut, nothing follows 6
    assert data.rows.after[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert data.rows.ended.tolist() == [False, False, True, False, False]
    assert data.rows.after.dtype == np.float32


def test_a_model_never_sees_a_jump_into_the_next_episode():
    data = shifted(columns())
    assert data.for_models().observation[:, 0].tolist() == [0, 1, 3, 4]
    assert (data.for_models().after - data.for_models().observation == [1, 10]).all()


def test_stored_next_observations_are_used_and_nothing_is_dropped():
    data = shifted(columns(next_observations=columns()["observations"] + 0.25))
    assert len(data.rows.reward) == 7 and (data.rows.after - data.rows.observation == 0.25).all()
    assert data.seen_after.all()


def test_without_timeouts_a_limit_must_be_given_and_counts_from_the_last_end():
    bare = {name: column for name, column in columns().items() if name != "timeouts"}
    with pytest.raises(BadInput, match="limit=1000"):
        shifted(bare)
    assert shifted(bare, limit=3).rows.observation[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert shifted(bare, limit=99).rows.observation[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"rewards": np.zeros(3)}, "differ in length"), ({"rewards": None}, "lacks rewards")],
)
def test_what_is_wrong_is_named(changed, said):
    found = {name: column for name, column in columns(**changed).items() if column is not None}
    with pytest.raises(BadInput, match=said):
        shifted(found)


def test_files_of_both_forms(tmp_path):
    np.savez(tmp_path / "d.npz", **columns())
    expected = read(tmp_path / "d.npz")
    assert len(expected.rows.reward) == 5
    with pytest.raises(BadInput, match="there is no file"):
        read(tmp_path / "none.hdf5")
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        for name, column in columns().items():
            file[name] = column
        file["infos/qpos"] = np.zeros(3)  # what the published files hold besides
    for ours, theirs in zip(expected.rows, read(tmp_path / "d.hdf5").rows):
        np.testing.assert_array_equal(ours, theirs)
    (tmp_path / "text.hdf5").write_text("no such thing")
    with pytest.raises(BadInput, match="not an HDF5 file"):
        read(tmp_path / "text.hdf5")


def test_without_h5py_the_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    (tmp_path / "d.hdf5").write_bytes(b"")
    with pytest.raises(BadInput, match="pip install h5py"):
        read(tmp_path / "d.hdf5")


def test_scores():
    assert normalised("hopper-medium-v2", -20.272305) == 0
    assert normalised("walker2d", 4592.3) == pytest.approx(100)
    with pytest.raises(BadInput, match="halfcheetah"):
        normalised("halfcheeta-random-v2", 1.0)
