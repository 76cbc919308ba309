"""Denoisers: four ways to predict one score, a frame that stays orthonormal, conditions that can be hidden."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.networks import denoisers
from manyminds.networks.denoisers import Denoiser, SubspaceDenoiser, Unconditioned, as_score, guided
from manyminds.theory import diffusions as theory
from manyminds.theory import mixtures
from manyminds.theory.guidance import Guidance

KEY = jax.random.key(0)
NONE, ON, OFF = jnp.zeros(0), jnp.float32(1), jnp.float32(0)


def test_four_targets_are_one_score():
    x0, noise, t = jnp.array([0.7, -1.0]), jnp.array([0.3, 0.2]), jnp.float32(0.4)
    a, h = theory.alpha(t), theory.h(t)
    x = a * x0 + jnp.sqrt(h) * noise
    truth = -noise / jnp.sqrt(h)
    said = {"score": truth, "noise": noise, "x0": x0, "v": a * noise - jnp.sqrt(h) * x0}
    for target, prediction in said.items():
        np.testing.assert_allclose(as_score(target, prediction, x, t), truth, rtol=1e-5, atol=1e-6)


def test_the_subspace_score_has_its_form():
    """Off the span of V the score is -x / h exactly, whatever the network says."""
    model = SubspaceDenoiser(12, 3, 16, 2, KEY)
    v, x, t = model.orthonormal(), jax.random.normal(KEY, (12,)), jnp.float32(0.3)
    np.testing.assert_allclose(v.T @ v, jnp.eye(3), atol=1e-5)
    score = model(x, t, NONE, OFF)
    off = jnp.eye(12) - v @ v.T
    np.testing.assert_allclose(off @ score, -off @ x / theory.h(t), rtol=1e-3, atol=1e-4)
    # and psi hears of x only through V'x
    moved = model(x + off @ jnp.ones(12), t, NONE, OFF)
    np.testing.assert_allclose(v.T @ moved, v.T @ score, rtol=1e-3, atol=1e-4)


def test_angles():
    a = mixtures.random_frame(np.random.default_rng(0), 9, 3)
    turn = mixtures.random_frame(np.random.default_rng(1), 3, 3)
    assert denoisers.subspace_angle(a @ turn, a) == pytest.approx(0, abs=1e-12)
    # two planes that share one axis and are at right angles otherwise: 2 sin^2(90) = 2
    assert denoisers.subspace_angle(np.eye(3)[:, :2], np.eye(3)[:, 1:]) == pytest.approx(2)


@pytest.mark.parametrize("make", [
    lambda: Denoiser(4, 8, 2, KEY, conditions=1), lambda: SubspaceDenoiser(4, 2, 8, 2, KEY, conditions=1)])  # fmt: skip
def test_guidance_begins_at_the_condition_and_ends_without(make):
    model, x, t = make(), jax.random.normal(KEY, (6, 4)), jnp.float32(0.5)
    conditions = jnp.linspace(-1, 1, 6)[:, None]
    conditional = jax.vmap(lambda x, c: model(x, t, c, ON))(x, conditions)
    hidden = guided(model, conditions, Guidance(-1.0), 0.1)(x, t)
    np.testing.assert_allclose(guided(model, conditions, Guidance(0.0), 0.1)(x, t), conditional, rtol=1e-5)
    np.testing.assert_allclose(hidden, Unconditioned(model)(x, t), rtol=1e-5)
    np.testing.assert_allclose(hidden, guided(model, 0 * conditions, Guidance(-1.0), 0.1)(x, t), rtol=1e-5)
    assert not np.allclose(hidden, conditional)
    with pytest.raises(BadInput, match="never masked"):
        guided(model, conditions, Guidance(2.0), 0.0)


def test_classifier_guidance_is_bayes():
    """The score of all plus the gradient of log P(class | x) is the score of the class."""
    law = mixtures.isotropic([[-1.0, 0.0], [1.0, 0.5]])
    x, t = jax.random.normal(KEY, (20, 2)), jnp.float32(0.4)
    told = denoisers.ClassifierGuided(law.score, lambda x, t: jnp.log(law.posterior(x[None], t)[0, 1]), jnp.float32(1))
    np.testing.assert_allclose(told(x, t), law.component(1).score(x, t), atol=1e-4)


def test_what_does_not_fit():
    with pytest.raises(BadInput, match="predicts one of"):
        Denoiser(2, 8, 2, KEY, target="x")
    with pytest.raises(BadInput, match="does not fit"):
        SubspaceDenoiser(2, 3, 8, 2, KEY)
