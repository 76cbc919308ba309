"""The transfer matrix against enumeration and against the energy of the lattice."""

import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest

from manyminds.theory import ising
from manyminds.theory.exact_marginals import every, log_sum
from manyminds.worlds.science.ising import Lattice


@pytest.fixture(scope="module")
def three():
    everything = every(9, 2)
    lattice = Lattice(3, 0.13, 0.2)
    return lattice, everything, np.asarray(lattice.energy(jnp.asarray(everything)), float)


def test_log_z_is_that_of_all_configurations(three):
    _, _, f = three
    assert ising.log_partition(3, 3, 0.13, 0.2) == pytest.approx(log_sum(f), abs=1e-5)


def test_four_by_four_and_a_strip_that_is_not_square():
    f = np.asarray(Lattice(4).energy(jnp.asarray(every(16, 2))), float)
    assert ising.log_partition(4, 4, 0.1, 0.2) == pytest.approx(log_sum(f), abs=1e-4)
    assert ising.log_partition(3, 5, 0.1, 0.2) == pytest.approx(ising.log_partition(5, 3, 0.1, 0.2), abs=1e-9)


def test_without_coupling_the_spins_are_alone():
    assert ising.log_partition(4, 6, 0.0, 0.3) == pytest.approx(24 * np.log(2 * np.cosh(0.3)))
    assert ising.magnetisation(4, 4, 0.0, 0.3) == pytest.approx(np.tanh(0.3), abs=1e-6)
    assert ising.neighbour_correlation(4, 4, 0.0, 0.3) == pytest.approx(np.tanh(0.3) ** 2, abs=1e-6)


def test_derivatives_are_expectations(three):
    lattice, everything, f = three
    p = np.exp(f - log_sum(f))
    means = [p @ np.asarray(of(jnp.asarray(everything)), float) for of in (lattice.magnetisation, lattice.correlation)]
    assert means[0] == pytest.approx(ising.magnetisation(3, 3, 0.13, 0.2), abs=1e-5)
    assert means[1] == pytest.approx(ising.neighbour_correlation(3, 3, 0.13, 0.2), abs=1e-5)


def test_the_energy_is_the_quadratic_form_so_every_edge_counts_twice(three):
    lattice, everything, f = three
    s = 2.0 * everything - 3
    np.testing.assert_allclose(np.einsum("ni,ij,nj->n", s, lattice.matrix(), s) + 0.2 * s.sum(1), f, atol=1e-4)
    once = np.einsum("ni,ij,nj->n", s, np.triu(lattice.matrix()), s) + 0.2 * s.sum(1)  # the mutant
    assert abs(log_sum(once) - ising.log_partition(3, 3, 0.13, 0.2)) > 0.1


def test_the_couplings_are_those_of_a_torus():
    torus = nx.grid_2d_graph(5, 5, periodic=True)
    theirs = nx.to_numpy_array(torus, nodelist=sorted(torus.nodes))
    np.testing.assert_array_equal(Lattice(5, 1.0).matrix(), theirs)


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="at least 3"):
        ising.log_partition(2, 4, 0.1, 0.2)
    with pytest.raises(ValueError, match="width 12"):
        ising.log_partition(13, 4, 0.1, 0.2)
    with pytest.raises(ValueError, match="at least 3"):
        Lattice(2)
