"""The lattice's own sampler against what is exactly known of it."""

import jax
import numpy as np
import pytest

from manyminds.theory import ising
from manyminds.worlds.science.ising import Lattice


@pytest.mark.parametrize("lattice", [Lattice(3, 0.1, 0.2), Lattice(4, 0.15, -0.1)])
def test_gibbs_finds_the_exact_magnetisation_and_correlation(lattice):
    x = jax.jit(lambda key: lattice.gibbs(key, 3000, 60))(jax.random.key(0))
    settings = (lattice.length, lattice.length, lattice.sigma, lattice.b)
    for of, exact in ((lattice.magnetisation, ising.magnetisation), (lattice.correlation, ising.neighbour_correlation)):
        values = np.asarray(of(x), float)
        assert values.mean() == pytest.approx(exact(*settings), abs=4 * values.std() / 3000**0.5)


def test_without_coupling_or_field_nothing_is_preferred():
    x = np.asarray(Lattice(3, 0.0, 0.0).gibbs(jax.random.key(0), 2000, 2))
    assert set(np.unique(x)) == {1, 2} and abs(x.mean() - 1.5) < 0.02
