"""Samplers on exact scores: laws, symmetries, reversal, known coordinates, and what is wrong found out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.networks import samplers
from manyminds.networks.generative import SAMPLERS, Generative, ran
from manyminds.theory import diffusions as theory
from manyminds.theory import mixtures
from manyminds.theory.sample_distances import mmd_p_value

LAW = mixtures.isotropic([[-2.0, 0.0], [2.0, 1.0], [0.0, -2.0]], 0.5)
KEY = jax.random.key(0)


def drawn(score, method, count=400, size=2, steps=150, seed=0):
    start = jax.random.normal(jax.random.key(seed + 100), (count, size))
    return np.asarray(samplers.sampled(score, start, jax.random.key(seed), samplers.grid(8, 0.01, steps), method))


@pytest.mark.parametrize("method", samplers.STEPS)
def test_every_sampler_gives_the_law(method):
    rng = np.random.default_rng(1)
    truth = np.exp(-0.005) * LAW.draw(rng, 400)[0] + 0.1 * rng.normal(size=(400, 2))
    assert mmd_p_value(drawn(LAW.score, method, steps=400 if "Euler" in method else 150), truth, rng) > 0.005
    assert method in SAMPLERS


def test_a_flow_with_the_whole_score_is_found_out():
    """Mutant: the probability-flow equation without its half."""
    wrong = drawn(lambda x, t: 2 * LAW.score(x, t), "Heun ODE")
    assert mmd_p_value(wrong, drawn(LAW.score, "ancestral"), np.random.default_rng(0)) < 0.01


@pytest.mark.parametrize("method", ["Heun ODE", "DDIM", "Euler ODE"])
def test_flows_turn_with_their_data(method):
    """Isotropic noise knows no directions: rotating data and start rotates the samples."""
    turn = mixtures.random_frame(np.random.default_rng(2), 2, 2)
    turned = mixtures.isotropic(LAW.means @ turn.T, 0.5)
    start = jax.random.normal(KEY, (50, 2))
    times = samplers.grid(8, 0.05, 60)
    one = samplers.sampled(LAW.score, start, KEY, times, method)
    other = samplers.sampled(turned.score, start @ turn.T, KEY, times, method)
    np.testing.assert_allclose(one @ turn.T, other, atol=2e-3)


def test_forward_by_the_flow_and_back():
    with jax.enable_x64(True):
        law = mixtures.isotropic([[-2.0, 0.0], [2.0, 1.0]], 0.5)
        x = jnp.asarray(law.draw(np.random.default_rng(3), 100)[0])
        times = samplers.grid(6, 0.05, 1500)
        there = samplers.sampled(law.score, x, KEY, times[::-1], "Heun ODE")
        back = samplers.sampled(law.score, there, KEY, times, "Heun ODE")
        assert float(jnp.abs(back - x).max()) < 1e-4 < float(jnp.abs(there - x).max())


def test_steps_by_hand():
    """One step of each formula on the score of N(0, 4) in float64."""
    with jax.enable_x64(True):
        t, s, x = 0.7, 0.4, jnp.array([[1.3]])

        def score(x, t):
            return -x / (1 + 3 * jnp.exp(-t))

        a, b, h, g = np.exp(-t / 2), np.exp(-s / 2), 1 - np.exp(-t), 1 - np.exp(-s)
        v = float(score(x, t)[0, 0])
        x0, noise = (1.3 + h * v) / a, -np.sqrt(h) * v
        found = float(samplers.ddim(score, x, t, s, KEY)[0, 0])
        assert found == pytest.approx(b * x0 + np.sqrt(g) * noise, rel=1e-12)
        flow = float(samplers.euler_ode(score, x, t, s, KEY)[0, 0])
        assert flow == pytest.approx(1.3 + 0.3 * (1.3 + v) / 2, rel=1e-12)
        many = jnp.broadcast_to(x, (200_000, 1))
        post = samplers.ancestral(score, many, t, s, KEY)
        # Bayes: x_s given x_t and x_0 has precision 1/g + k^2/(1 - k^2), k = a/b.
        k = a / b
        precision = 1 / g + k**2 / (1 - k**2)
        mean = (b * x0 / g + k * 1.3 / (1 - k**2)) / precision
        assert float(post.mean()) == pytest.approx(mean, abs=5e-3) and float(post.var() * precision) == pytest.approx(
            1, abs=0.02
        )
        grown = np.exp(0.15)
        held = samplers.exponential(lambda x, t: jnp.full_like(x, v), many, t, s, KEY)
        assert float(held.mean()) == pytest.approx(grown * 1.3 + 2 * (grown - 1) * v, abs=5e-3)
        assert float(held.var()) == pytest.approx(np.exp(0.3) - 1, rel=0.02)


def test_expected_data_by_tweedie():
    x = np.array([[0.4]])
    score = mixtures.isotropic([[1.0]], 2.0).score
    # X_0 ~ N(1, 4), X_t | X_0 ~ N(alpha X_0, h): the posterior mean of a normal.
    a, h = np.exp(-0.25), 1 - np.exp(-0.5)
    wanted = 1 + 4 * a / (4 * a**2 + h) * (0.4 - a)
    assert samplers.clean(score, jnp.asarray(x), jnp.float32(0.5)) == pytest.approx(wanted, rel=1e-5)


def test_known_coordinates_pull_the_others():
    """Of N(0, [[1, .9], [.9, 1]]), given x_1 = 1: mean .9, variance .19. Imposing moves x_2 only part of the way."""
    law = mixtures.mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.9], [0.9, 1.0]]])
    known = samplers.Known(jnp.array([True, False]), jnp.ones(2))
    start = jax.random.normal(KEY, (4000, 2))
    x = np.asarray(samplers.sampled(law.score, start, KEY, samplers.grid(8, 0.01, 400), "ancestral", known))
    assert abs(x[:, 0].mean() - 1) < 0.02 and 0.3 < x[:, 1].mean() < 0.85
    pulled = samplers.Pulled(law.score, jnp.array([[1.0, 0.0]]), jnp.ones((4000, 1)))
    y = np.asarray(samplers.sampled(pulled, start, KEY, samplers.grid(8, 0.01, 400), "ancestral"))
    assert abs(y[:, 0].mean() - 1) < 0.03 and abs(y[:, 1].mean() - 0.9) < 0.1 and y[:, 1].std() < 0.6
    free = np.asarray(samplers.sampled(law.score, start, KEY, samplers.grid(8, 0.01, 400), "ancestral"))
    assert abs(free[:, 1].mean()) < 0.1 and free[:, 1].std() > 0.9


def test_a_pull_is_exact_on_white_data():
    """N(0, I) given x_1 + x_2 = 2: the sum is 2 up to the noise left, x_1 - x_2 keeps its law N(0, 2)."""
    score = samplers.Pulled(lambda x, t: -x, jnp.array([[1.0, 1.0]]), jnp.full((4000, 1), 2.0))
    start = jax.random.normal(KEY, (4000, 2))
    x = np.asarray(samplers.sampled(score, start, KEY, samplers.grid(8, 0.01, 200), "ancestral"), float)
    total, apart = x.sum(1), x[:, 0] - x[:, 1]
    assert total.mean() == pytest.approx(2 * np.exp(-0.005), abs=0.02) and total.std() < 0.2
    assert abs(apart.mean()) < 0.1 and apart.std() == pytest.approx(2**0.5, rel=0.05)


def test_what_is_wrong_is_said():
    with pytest.raises(FloatingPointError, match="not finite"):
        drawn(lambda x, t: jnp.where(t < 1, jnp.nan, -x), "DDIM")
    with pytest.raises(BadInput, match="DDIM"):
        drawn(LAW.score, "DDIMM")
    for times in ((8, 0.0), (8, 8.0)):
        with pytest.raises(BadInput):
            samplers.grid(*times, 10)


def test_a_sampler_traces_once():
    traces = []

    def score(x, t):
        traces.append(1)
        return -x

    for seed in range(3):
        samplers.sampled(score, jnp.ones((5, 1)), jax.random.key(seed), samplers.grid(8, 0.1, 7), "DDIM")
    assert len(traces) <= 2  # DDIM asks twice in one trace


def test_the_forward_process():
    x = samplers.forward(jnp.full((200_000, 1), 2.0), KEY, 0.5)
    assert float(x.mean()) == pytest.approx(2 * np.exp(-0.25), abs=0.01)
    assert float(x.var()) == pytest.approx(theory.h(0.5), rel=0.02)


def test_declarations():
    assert ran("DDIM").process == "probability-flow ODE" and ran("ancestral").process == "VP-SDE"
    assert Generative().stands() == frozenset()
    with pytest.raises(BadInput, match="unknown target"):
        Generative(target="nose")
