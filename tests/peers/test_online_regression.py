"""Follow-The-Leader beside scikit-learn's ridge and river's online regression."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.learning import follow_the_leader as ftl
from manyminds.learning.streamed import followed
from manyminds.networks import sparse_encoding as maps


def stream():
    features = maps.sparse_encoding(maps.bounds([-1.0] * 2, [1.0] * 2), jax.random.key(0), 4, 2, 6)
    x = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    y = (np.sin(3 * x[:, 0]) * x[:, 1])[:, None]
    return features, x, y, np.asarray(jax.vmap(partial(maps.dense, features))(jnp.asarray(x)), float)


def test_the_solve_is_the_ridge_of_scikit_learn():
    ridge = pytest.importorskip("sklearn.linear_model").Ridge
    with jax.enable_x64(True):
        features, x, y, phi = stream()
        ours = ftl.solved(followed(features, x, y, 1e-3).leader, 1e-3)
        theirs = ridge(alpha=1e-3, fit_intercept=False, solver="cholesky").fit(phi, y[:, 0])
    np.testing.assert_allclose(ours[:, 0], theirs.coef_, atol=1e-9)


def test_it_predicts_better_than_a_gradient_step_and_like_the_bayesian_regression_of_river():
    linear_model, optim = (pytest.importorskip(f"river.{name}") for name in ("linear_model", "optim"))
    with jax.enable_x64(True):
        features, x, y, phi = stream()
        said = followed(features, x, y, 1e-3).said[:, 0]
    steps = linear_model.LinearRegression(optimizer=optim.SGD(0.1), intercept_lr=0)
    exact = linear_model.BayesianLinearRegression(alpha=1e-3, beta=1)
    errors = {"sgd": [], "exact": []}
    for row, target in zip(phi, y[:, 0]):
        named = dict(enumerate(row.tolist()))
        for name, model in (("sgd", steps), ("exact", exact)):
            errors[name].append(model.predict_one(named) - target)
            model.learn_one(named, target)
    ours, theirs = ((np.square(e)[100:].mean()) for e in (said - y[:, 0], errors["sgd"]))
    assert ours < theirs / 2
    assert ours < 2 * np.square(errors["exact"])[100:].mean() + 1e-6
