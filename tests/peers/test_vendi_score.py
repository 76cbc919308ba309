"""Our Vendi score against the package `vendi-score`."""

import numpy as np
import pytest

from manyminds.core.diversity import vendi

peer = pytest.importorskip("vendi_score.vendi")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_two_hundred_random_kernels():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = rng.integers(2, 12)
        rows = rng.normal(size=(n, rng.integers(1, 8)))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        kernel = rows @ rows.T
        assert float(vendi(kernel)) == pytest.approx(peer.score_K(kernel), abs=1e-8)
