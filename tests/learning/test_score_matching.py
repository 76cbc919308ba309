"""Score matching: two losses that differ by a constant, masks, padding; ridge heads, preferences, designs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning import reward_directed as design
from manyminds.learning import ridge
from manyminds.learning.score_matching import (
    Matching,
    denoising_error,
    explicit_error,
    loss,
    matched,
    member,
    points,
    stacked,
)
from manyminds.networks.denoisers import Denoiser, Unconditioned
from manyminds.theory import diffusions as theory
from manyminds.theory import mixtures
from manyminds.theory.guidance import Guidance

KEY = jax.random.key(0)
NONE, OFF = jnp.zeros(0), jnp.float32(0)


def both_losses(model, atoms, t):
    """Exact expectations over data on `atoms`, by Gauss-Hermite nodes around each: denoising and explicit."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum() / len(atoms)
    x0, noise = (part.reshape(-1, 1) for part in np.meshgrid(atoms, nodes, indexing="ij"))
    every = np.tile(weights, len(atoms))
    x = np.exp(-t / 2) * x0 + np.sqrt(-np.expm1(-t)) * noise
    truth = mixtures.empirical(np.asarray(atoms)[:, None]).score(x, t)
    at = jnp.float64(t)
    off = jnp.float64(0)
    dsm = jax.vmap(lambda a, b: denoising_error(model, a, b, at, NONE, off))(jnp.asarray(x0), jnp.asarray(noise))
    esm = jax.vmap(lambda a, b: explicit_error(model, a, at, b, NONE, off))(jnp.asarray(x), jnp.asarray(truth))
    return float(every @ dsm), float(every @ esm)


def test_denoising_and_explicit_losses_differ_by_a_constant():
    with jax.enable_x64(True):
        gaps = []
        for seed in range(4):
            model = Denoiser(1, 8, 2, jax.random.key(seed), target=["v", "noise", "score", "x0"][seed])
            dsm, esm = both_losses(model, [-1.0, 0.2, 1.5], 0.5)
            gaps.append(dsm - esm)
        assert np.ptp(gaps) < 1e-5 * abs(gaps[0]) and gaps[0] > 0


def test_padding_is_never_drawn():
    data = stacked([points(np.ones((3, 2))), points(np.ones((8, 2)))])
    poisoned = data._replace(x=jnp.where(jnp.arange(8)[None, :, None] < data.count[:, None, None], data.x, jnp.nan))
    how = Matching(steps=3, batch=64)
    _, curves = matched(lambda key: Denoiser(2, 8, 1, key), poisoned, jax.random.split(KEY, 2), how)
    assert np.isfinite(curves.values["loss"]).all()


def test_masks_hide_the_condition():
    model = Denoiser(2, 8, 1, KEY, conditions=1)
    x = np.random.default_rng(0).normal(size=(50, 2))
    one, other = (points(x, np.full(50, c)) for c in (0.0, 5.0))
    always = Matching(mask_probability=1.0)
    assert float(loss(model, one, KEY, always)) == float(loss(model, other, KEY, always))
    assert float(loss(model, one, KEY, Matching())) != float(loss(model, other, KEY, Matching()))


def test_a_normal_is_learned():
    rng = np.random.default_rng(1)
    data = points(0.5 * rng.normal(size=(4000, 1)) + 1)
    models, curves = matched(lambda key: Denoiser(1, 16, 2, key, linear=True), stacked([data]), KEY[None],
                             Matching(steps=600, step_size=5e-3))  # fmt: skip
    model, law = member(models, 0), mixtures.isotropic([[1.0]], 0.5)
    for t in (0.1, 1.0, 4.0):
        x = np.exp(-t / 2) + np.sqrt(1 - 0.75 * np.exp(-t)) * np.linspace(-1.5, 1.5, 7)[:, None]
        found = Unconditioned(model)(jnp.asarray(x, jnp.float32), jnp.float32(t))
        np.testing.assert_allclose(found, law.score(x, t), atol=0.3)
    assert curves.values["loss"][-1, 0] < curves.values["loss"][0, 0]


def test_no_time_no_score():
    with pytest.raises(BadInput, match="at 0 the noise"):
        Matching(early=0.0)
    with pytest.raises(BadInput, match="not below"):
        Matching(early=9.0)


def test_ridge_in_parts_is_ridge_at_once():
    rng = np.random.default_rng(2)
    phi, y = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    whole, parts = ridge.fitted(phi, y, 0.7), ridge.empty(5, 2, 0.7)
    for i in range(0, 60, 7):
        parts = parts.added(phi[i : i + 7], y[i : i + 7])
    np.testing.assert_allclose(parts.weights, whole.weights, rtol=1e-10)
    # the normal equations, as least squares on extended rows
    long = np.linalg.lstsq(np.vstack([phi, np.sqrt(0.7) * np.eye(5)]), np.vstack([y, np.zeros((5, 2))]), rcond=None)[0]
    np.testing.assert_allclose(whole.weights, long, rtol=1e-9)
    np.testing.assert_allclose(whole.loss(), ((y - phi @ whole.weights) ** 2).sum(0), rtol=1e-9)
    assert whole.width(phi).max() < 1 and whole.width(100 * np.ones((1, 5))) > 10


def test_ridge_says_what_it_lacks():
    with pytest.raises(BadInput, match="do not determine 3"):
        _ = ridge.fitted(np.ones((2, 3)), np.ones(2), 0.0).weights
    with pytest.raises(BadInput, match="do not determine"):
        _ = ridge.fitted(np.ones((5, 3)), np.ones(5), 0.0).weights
    with pytest.raises(BadInput, match="not finite"):
        ridge.fitted([[np.nan]], [1.0])
    with pytest.raises(BadInput, match="do not fit"):
        ridge.empty(3).added(np.ones((2, 2)), np.ones(2))
    with pytest.raises(BadInput, match="not negative"):
        ridge.empty(3, penalty=-1.0)


def test_heads_from_labels_and_from_preferences():
    rng = np.random.default_rng(3)
    true = np.array([1.0, -0.5, 0.0, 2.0])
    x, other = rng.normal(size=(2, 4000, 4))
    np.testing.assert_allclose(design.head(x, x @ true + 0.1 * rng.normal(size=4000)), true, atol=0.02)
    won = rng.random(4000) < 1 / (1 + np.exp(-(x - other) @ true))
    np.testing.assert_allclose(design.head_from_preferences(x, other, won), true, atol=0.2)
    # Mutant: winners and losers exchanged.
    assert design.head_from_preferences(x, other, ~won) @ true < 0
    for few in (
        lambda: design.head(x[:3], np.ones(3)),
        lambda: design.head_from_preferences(x[:3], other[:3], won[:3]),
    ):
        with pytest.raises(BadInput, match="fewer than the 4 features"):
            few()


def test_extrapolation_is_said():
    data = design.pseudo_labelled(
        np.random.default_rng(0).normal(size=(100, 2)), np.array([1.0, 0.0]), 0.1, np.random.default_rng(1)
    )
    assert design.within(data, 0.5)
    with pytest.warns(design.Extrapolation, match="outside"):
        assert not design.within(data, 50.0)


def test_designs_need_what_they_ask_for():
    model = Denoiser(2, 8, 1, KEY, conditions=1)
    few = design.Sampling(count=5, steps=3)
    assert design.designs(model, 2, 1.0, KEY, few, Guidance(0.0), 0.0).shape == (5, 2)
    with pytest.raises(BadInput, match="never masked"):
        design.designs(model, 2, 1.0, KEY, few, Guidance(1.0), 0.0)
    assert theory.h(few.early) < 0.01
