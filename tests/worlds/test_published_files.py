"""Loaders of published files, on tiny files of their form."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.worlds.science.binary_images import binarised_mnist, read_amat, small_digits
from manyminds.worlds.texts.corpora import moses, text8


def test_amat_files_are_rows_of_zeros_and_ones(tmp_path):
    for part in ("train", "valid", "test"):
        (tmp_path / f"binarized_mnist_{part}.amat").write_text("0 1 1 0\n1 1 1 1\n\n")
    found = binarised_mnist(tmp_path, 4)
    assert list(found) == ["train", "valid", "test"]
    np.testing.assert_array_equal(found["test"], [[1, 2, 2, 1], [2, 2, 2, 2]])


@pytest.mark.parametrize("text", ["0 1 1\n", "0 1 2 0\n", "0 1 x 0\n"])
def test_a_row_that_is_no_image_is_named(tmp_path, text):
    file = tmp_path / "binarized_mnist_train.amat"
    file.write_text("0 0 0 0\n" + text)
    with pytest.raises(BadInput, match="line 2"):
        read_amat(file, 4)
    with pytest.raises(BadInput, match=r"there is no .*valid"):
        binarised_mnist(tmp_path, 4)
    file.write_text("")
    with pytest.raises(BadInput, match="no images"):
        read_amat(file, 4)


def test_text8_is_cut_from_its_end(tmp_path):
    file = tmp_path / "text8"
    file.write_text(" abz" * 10)
    found = text8(file, length=4, held_out=8)
    assert {name: len(part) for name, part in found.parts.items()} == {"train": 6, "valid": 2, "test": 2}
    np.testing.assert_array_equal(found.parts["test"][0], [1, 2, 3, 27])
    assert found.written(found.parts["test"][0]) == " abz"


def test_text8_holds_nothing_but_letters_and_is_long(tmp_path):
    file = tmp_path / "text8"
    file.write_text("abc" * 10 + "É" + "abc" * 10)
    with pytest.raises(BadInput, match="character 30"):
        text8(file, length=4, held_out=8)
    file.write_text("abc")
    with pytest.raises(BadInput, match="too few"):
        text8(file, length=4, held_out=8)


def test_moses_is_padded_to_one_length(tmp_path):
    file = tmp_path / "moses.csv"
    file.write_text("SMILES,SPLIT\nCCO,train\nC,test\nc1,test_scaffolds\n")
    found = moses(file)
    assert found.names == ("1", "C", "O", "c", "")
    np.testing.assert_array_equal(found.parts["test"], [[2, 5, 5]])
    assert found.written(found.parts["train"][0]) == "CCO" and found.written(found.parts["test"][0]) == "C"
    with pytest.raises(BadInput, match="up to 2"):
        moses(file, length=2)
    file.write_text("smiles\nC\n")
    with pytest.raises(BadInput, match="SMILES and SPLIT"):
        moses(file)


def test_digits_are_on_at_the_threshold(monkeypatch):
    datasets = ModuleType("sklearn.datasets")
    images = np.tile(np.array([[0.0, 7, 8, 16]]), (10, 16))
    datasets.load_digits = lambda: SimpleNamespace(data=images)
    monkeypatch.setitem(sys.modules, "sklearn", ModuleType("sklearn"))
    monkeypatch.setitem(sys.modules, "sklearn.datasets", datasets)
    found = small_digits()
    assert [len(part) for part in found.values()] == [8, 1, 1]
    np.testing.assert_array_equal(found["train"][0, :4], [1, 1, 2, 2])
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(BadInput, match=r"pip install 'manyminds\[data\]'"):
        small_digits()
