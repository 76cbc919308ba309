"""Our samplers, densities and distances beside those of diffusers, diffrax, scikit-learn and POT."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.networks import samplers
from manyminds.theory import mixtures
from manyminds.theory.sample_distances import wasserstein2

LAW = mixtures.isotropic([[-2.0, 0.0], [2.0, 1.0], [0.0, -2.0]], 0.5)
KEY = jax.random.key(0)


def scheduled(kind, times, **options):
    """A scheduler of diffusers whose levels of noise are those of our rising times."""
    kept = np.exp(-np.asarray(times))
    betas = 1 - kept / np.concatenate([[1.0], kept[:-1]])
    made = kind(num_train_timesteps=len(times), trained_betas=betas, clip_sample=False, **options)
    made.set_timesteps(len(times))
    return made


def test_ddim_and_ddpm_steps_are_those_of_diffusers():
    diffusers, torch = pytest.importorskip("diffusers"), pytest.importorskip("torch")
    times = np.geomspace(0.01, 8, 40)
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        for at in (39, 20, 3):
            t, after = times[at], times[at - 1]
            x = rng.normal(size=(16, 2))
            noise = torch.tensor(-np.sqrt(1 - np.exp(-t)) * LAW.score(x, t))
            ddim = scheduled(diffusers.DDIMScheduler, times)
            theirs = ddim.step(noise, at, torch.tensor(x)).prev_sample.numpy()
            np.testing.assert_allclose(
                samplers.ddim(LAW.score, jnp.asarray(x), t, after, KEY), theirs, rtol=1e-4, atol=1e-5
            )
            ddpm = scheduled(diffusers.DDPMScheduler, times, variance_type="fixed_small")
            drawn = torch.randn(noise.shape, generator=torch.Generator().manual_seed(0), dtype=noise.dtype).numpy()
            theirs = ddpm.step(
                noise, at, torch.tensor(x), generator=torch.Generator().manual_seed(0)
            ).prev_sample.numpy()
            ours = np.asarray(samplers.ancestral(LAW.score, jnp.asarray(x), t, after, KEY))
            kept = np.exp(-(t - after))
            spread = np.sqrt((1 - kept) * (1 - np.exp(-after)) / (1 - np.exp(-t)))
            mean = ours - spread * np.asarray(samplers.noise_like(KEY, jnp.asarray(x)))
            np.testing.assert_allclose(mean + spread * drawn, theirs, rtol=1e-4, atol=1e-5)


def test_the_flow_is_that_of_diffrax():
    diffrax = pytest.importorskip("diffrax")
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(1).normal(size=(30, 2)))
        ours = samplers.sampled(LAW.score, x, KEY, samplers.grid(6, 0.05, 2000), "Heun ODE")
        field = diffrax.ODETerm(lambda s, y, _: (y + LAW.score(y, 6 - s)) / 2)
        control = diffrax.PIDController(rtol=1e-9, atol=1e-9)
        theirs = diffrax.diffeqsolve(
            field, diffrax.Tsit5(), 0.0, 5.95, 0.01, x, stepsize_controller=control, max_steps=100_000
        )
        np.testing.assert_allclose(ours, theirs.ys[-1], atol=1e-4)


def test_densities_are_those_of_scikit_learn():
    pytest.importorskip("sklearn")
    from sklearn.mixture import GaussianMixture

    law = mixtures.random_mixture(np.random.default_rng(2), 3, 2)
    x, _ = law.draw(np.random.default_rng(3), 500)
    theirs = GaussianMixture(3, random_state=0).fit(x)
    ours = mixtures.mixture(theirs.weights_ / theirs.weights_.sum(), theirs.means_, theirs.covariances_)
    np.testing.assert_allclose(ours.log_density(x, 1e-10), theirs.score_samples(x), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.posterior(x, 1e-10), theirs.predict_proba(x), atol=1e-6)


def test_optimal_transport_is_that_of_pot():
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 100, 3))
    cost = ot.dist(a, b)
    assert wasserstein2(a, b) == pytest.approx(
        float(ot.emd2(np.full(100, 0.01), np.full(100, 0.01), cost)) ** 0.5, rel=1e-6
    )
