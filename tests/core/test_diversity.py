"""Vendi scores and norms of qualities, by closed forms and identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as s

from manyminds.core import BadInput
from manyminds.core.diversity import centred_mean, power_mean, same, shared_words, vendi, vendi_of_counts

SCORES = s.lists(s.floats(0.01, 1), min_size=2, max_size=8)


@pytest.mark.parametrize("n", [1, 2, 6])
def test_alike_is_one_and_orthogonal_is_n(n):
    assert vendi(np.ones((n, n))) == pytest.approx(1)
    assert vendi(np.eye(n)) == pytest.approx(n)


def test_two_outputs_have_the_closed_form():
    k = np.array([[1, 0.3], [0.3, 1]])
    shares = np.array([0.65, 0.35])
    assert vendi(k) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


@given(s.lists(s.sampled_from("abcd"), min_size=1, max_size=8))
def test_equal_or_not_depends_on_counts_alone(answers):
    counts = [answers.count(name) for name in "abcd"]
    found = float(vendi(same(answers)))
    assert found == pytest.approx(float(vendi_of_counts(np.array(counts))))
    assert 1 - 1e-9 <= found <= len(set(answers)) + 1e-9


def test_batches_are_single_kernels():
    rows = np.random.default_rng(0).random((50, 6, 3))
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    kernels = rows @ rows.swapaxes(1, 2)
    np.testing.assert_allclose(vendi(kernels), [float(vendi(k)) for k in kernels], atol=1e-12)


def test_what_is_no_kernel_is_refused():
    for wrong in (np.ones((2, 3)), np.ones(3), 2 * np.eye(3), np.zeros((0, 0))):
        with pytest.raises(BadInput):
            vendi(wrong)


def test_words_in_common():
    kernel = shared_words(["red fox", "fox red", "blue hen", "", " "])
    np.testing.assert_allclose(np.diag(kernel), 1)
    assert kernel[0, 1] == pytest.approx(1) and kernel[0, 2] == 0 and kernel[3, 4] == 1 and kernel[0, 3] == 0
    assert shared_words(["red fox", "fox red"], 2)[0, 1] == 0


@given(SCORES)
def test_norms_are_the_mean_at_one_and_lie_between_mean_and_best(q):
    mean, best = np.mean(q), max(q)
    assert power_mean(q, 1) == pytest.approx(mean) and centred_mean(q, 1) == pytest.approx(mean)
    for summary in (power_mean, centred_mean):
        found = [float(summary(q, k)) for k in (1, 2, 4)]
        assert mean - 1e-9 <= found[0] <= found[1] + 1e-9 <= found[2] + 2e-9 <= best + 1e-8
