"""Metamodels and minimisers against diffrax and cma, where these are installed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning import metamodels
from manyminds.learning.derivative_free import cma_es
from manyminds.learning.metamodels import Neural
from manyminds.networks.dense import Layers


def test_gradients_through_a_neural_metamodel_are_those_of_diffrax():
    diffrax = pytest.importorskip("diffrax")
    model = Neural(Layers((2, 8, 2), jax.random.key(0), jnp.tanh), jnp.array([100.0, 50.0]), 0.1)
    start = jnp.array([80.0, 60.0])

    def ours(x):
        return metamodels.followed(model, x, jnp.zeros((50, 2)))[-1].sum()

    def theirs(x):
        term = diffrax.ODETerm(lambda t, y, args: model.rate(y))
        control = diffrax.PIDController(rtol=1e-7, atol=1e-5)
        found = diffrax.diffeqsolve(term, diffrax.Tsit5(), 0.0, 50.0, 0.1, x, stepsize_controller=control)
        return found.ys[-1].sum()

    for a, b in zip(jax.value_and_grad(ours)(start), jax.value_and_grad(theirs)(start)):
        assert np.asarray(a) == pytest.approx(np.asarray(b), rel=1e-3)


def test_cma_es_needs_about_as_many_values_as_the_package():
    cma = pytest.importorskip("cma")

    def bowl(x):
        return float(((np.asarray(x) - 1) ** 2 * np.array([1, 10, 100])).sum())

    ours = cma_es(bowl, np.zeros(3), 0.5, 3000, np.random.default_rng(0))
    strategy = cma.CMAEvolutionStrategy(np.zeros(3), 0.5, {"seed": 1, "verbose": -9, "ftarget": 1e-8})
    strategy.optimize(bowl)
    needed = int(np.argmax(ours.history < 1e-8))
    assert 0 < needed < 2 * strategy.result.evaluations
