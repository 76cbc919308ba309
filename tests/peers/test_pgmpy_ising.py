"""Marginals of a small Ising lattice by enumeration beside the variable elimination of pgmpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.theory.exact_marginals import every, log_marginals, tabled
from manyminds.worlds.science.ising import Lattice

models = pytest.importorskip("pgmpy.models")
pytestmark = pytest.mark.filterwarnings("ignore")


def network(lattice):
    from pgmpy.factors.discrete import DiscreteFactor

    kind = getattr(models, "DiscreteMarkovNetwork", None) or models.MarkovNetwork
    found, j, spins = kind(), lattice.matrix(), np.array([-1.0, 1.0])
    names = [f"s{i}" for i in range(lattice.size)]
    for first, second in np.argwhere(np.triu(j)):
        found.add_edge(names[first], names[second])
        pair = np.exp(2 * j[first, second] * np.outer(spins, spins))
        found.add_factors(DiscreteFactor([names[first], names[second]], [2, 2], pair))
    for name in names:
        found.add_factors(DiscreteFactor([name], [2], np.exp(lattice.b * spins)))
    return found, names


@pytest.mark.slow
def test_variable_elimination_gives_the_same_marginals():
    from pgmpy.inference import VariableElimination

    lattice = Lattice(3)
    table = tabled(np.asarray(lattice.energy(jnp.asarray(every(9, 2))), float), 9, 2)
    found, names = network(lattice)
    infer = VariableElimination(found)
    for seen in ((0,), (2, 5), (0, 4, 8)):
        theirs = infer.query([names[i] for i in seen], show_progress=False)
        law = theirs.values / theirs.values.sum()  # what is summed out of a Markov network is left unnormalised
        for symbols in np.ndindex(*(2,) * len(seen)):
            partial = np.zeros((1, 9), int)
            partial[0, list(seen)] = np.array(symbols) + 1
            state = {names[i]: symbol for i, symbol in zip(seen, symbols)}
            order = tuple(state[name] for name in theirs.variables)
            assert np.exp(log_marginals(table, partial)[0]) == pytest.approx(law[order], abs=1e-5)
