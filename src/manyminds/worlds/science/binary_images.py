"""Binary images as symbols: the static binarised MNIST from its published files, and small digits that need none.

An image is int32 (pixels,) of symbols 1 (off) and 2 (on); 0 is unknown.
"""

from pathlib import Path

import numpy as np

from manyminds.core import BadInput

PARTS = ("train", "valid", "test")


def read_amat(path: Path, pixels: int = 784) -> np.ndarray:
    """The images of one .amat file: a row of `pixels` zeros and ones an image, separated by blanks (Larochelle)."""
    rows = []
    with Path(path).open() as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            if not words:
                continue
            if len(words) != pixels or any(word not in ("0", "1") for word in words):
                raise BadInput(f"{path}, line {number}: expected {pixels} zeros and ones, found {len(words)} words")
            rows.append(np.array(words, np.int32))
    if not rows:
        raise BadInput(f"{path} holds no images")
    return np.stack(rows) + 1


def binarised_mnist(folder: Path, pixels: int = 784) -> dict[str, np.ndarray]:
    """The three parts from `binarized_mnist_{train,valid,test}.amat` in a folder."""
    paths = {part: Path(folder) / f"binarized_mnist_{part}.amat" for part in PARTS}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise BadInput(f"there is no {missing[0]}; the folder must hold three .amat files")
    return {part: read_amat(path, pixels) for part, path in paths.items()}


def grey_digits() -> np.ndarray:
    """The 1797 digits of 8 x 8 that ship with scikit-learn: (images, 64), whole numbers from 0 to 16."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise BadInput("the small digits ship with scikit-learn: pip install 'manyminds[data]'") from None
    return np.asarray(load_digits().data)


def small_digits(threshold: int = 8) -> dict[str, np.ndarray]:
    """`grey_digits`, on where a pixel is at least `threshold` of 16; 80/10/10."""
    images = (grey_digits() >= threshold).astype(np.int32) + 1
    order = np.random.default_rng(0).permutation(len(images))  # the same split for everybody
    first, second = round(0.8 * len(images)), round(0.9 * len(images))
    return dict(zip(PARTS, np.split(images[order], [first, second])))
