"""Markov text: a ring's own chain, stationary, sampled as its dynamic programme says."""

import jax
import numpy as np
import pytest

from manyminds.worlds.texts.markov_text import corrupted, markov_text


@pytest.fixture(scope="module")
def text():
    return markov_text(np.random.default_rng(0), size=8, order=3, words=4, ring=500)


def test_the_start_is_stationary_and_every_context_goes_on(text):
    chain = text.chain
    np.testing.assert_allclose(chain.moves.sum(1), 1)
    np.testing.assert_allclose(chain.start @ chain.moves, chain.start, atol=1e-12)
    for now, after in np.argwhere(chain.moves > 0):
        assert (chain.contexts[now, 1:] == chain.contexts[after, :-1]).all()


def test_samples_are_possible_and_as_frequent_as_they_should_be(text):
    x = np.asarray(jax.jit(lambda key: text.batch(key, 4000))(jax.random.key(0)))
    logs = text.chain.log_marginals(x)
    assert np.isfinite(logs).all()
    assert -logs.mean() == pytest.approx(text.chain.entropy(8), abs=4 * logs.std() / 4000**0.5)
    for place in (0, 7):
        masks = np.zeros((27, 8), int)
        masks[:, place] = np.arange(1, 28)
        share = np.bincount(x[:, place], minlength=28)[1:] / 4000
        np.testing.assert_allclose(share, np.exp(text.chain.log_marginals(masks)), atol=0.03)
    assert set(text.written(x[0])) <= set(" " + "".join(text.words))


def test_corruption_changes_as_many_letters_as_it_says(text):
    x = np.asarray(text.batch(jax.random.key(0), 50))
    wrong = corrupted(np.random.default_rng(0), x, 27, 2)
    assert ((wrong != x).sum(1) == 2).all() and wrong.min() >= 1 and wrong.max() <= 27
