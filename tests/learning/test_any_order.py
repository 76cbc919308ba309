"""Generation in any order, against a law whose every conditional is exact."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from exact_law import random_law
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.core import BadInput
from manyminds.learning import any_order
from manyminds.networks.marginals import Dual
from manyminds.theory import exact_marginals

SIZE, SYMBOLS = 3, 3


@pytest.fixture(scope="module")
def law():
    return random_law(0, SIZE, SYMBOLS)


def shares(x):
    """How often each assignment stands in `x`, in the order of `every`."""
    index = np.ravel_multi_index(tuple(np.asarray(x - 1).T), (SYMBOLS,) * SIZE)
    return np.bincount(index, minlength=SYMBOLS**SIZE) / len(x)


def is_law(x, law):
    """A chi-square test at 4 standard deviations."""
    p = np.asarray(law.weights, float)
    statistic = len(x) * ((shares(x) - p) ** 2 / p).sum()
    degrees = len(p) - 1
    return abs(statistic - degrees) < 4 * np.sqrt(2 * degrees)


def test_samples_in_random_orders_follow_the_law(law):
    x, logs = any_order.sampled(law.logits, jax.random.key(0), 4000, SIZE)
    assert is_law(x, law)
    np.testing.assert_allclose(logs, jax.vmap(law.head)(x), atol=1e-4)


def test_gibbs_leaves_the_law_as_it_is_and_brings_others_to_it(law):
    x = any_order.sampled(law.logits, jax.random.key(1), 4000, SIZE)[0]
    step = jax.jit(lambda key, x: any_order.gibbs(law.logits, key, x, 2))
    assert is_law(step(jax.random.key(2), x), law)
    x = jnp.ones((4000, SIZE), jnp.int32)
    for i in range(15):
        x = step(jax.random.key(i), x)
    assert is_law(x, law)


def test_gibbs_changes_no_more_than_it_erases(law):
    x = any_order.sampled(law.logits, jax.random.key(3), 500, SIZE)[0]
    after = any_order.gibbs(law.logits, jax.random.key(4), x, 1)
    assert ((after != x).sum(1) <= 1).all() and (after != x).any()


def test_a_mutant_that_erases_nothing_never_reaches_the_law(law):
    x = jnp.ones((4000, SIZE), jnp.int32)
    assert not is_law(any_order.gibbs(law.logits, jax.random.key(0), x, 0), law)


def test_completing_keeps_what_is_given_and_follows_the_conditional_law(law):
    given_ = jnp.tile(jnp.array([[0, 2, 0]], jnp.int32), (6000, 1))
    x = any_order.completed(law.logits, jax.random.key(0), given_)
    assert (x[:, 1] == 2).all() and (x > 0).all()
    p = np.asarray(law.weights, float) * (np.asarray(law.everything)[:, 1] == 2)
    p /= p.sum()
    assert np.abs(shares(x) - p).max() < 0.03


def test_rows_may_know_different_things_but_none_everything(law):
    x = jnp.array([[0, 0, 0], [1, 0, 3], [0, 2, 2]], jnp.int32)
    done = any_order.completed(law.logits, jax.random.key(0), x)
    assert (done > 0).all() and (jnp.where(x > 0, done, 0) == x).all()
    with pytest.raises(BadInput, match="row 1 has no unknown"):
        any_order.completed(law.logits, jax.random.key(0), jnp.array([[0, 0, 1], [1, 2, 3]], jnp.int32))


def test_every_order_gives_the_same_log_probability_when_the_conditionals_agree(law):
    x, key = law.everything, jax.random.key(0)
    ranks = any_order.random_ranks(key, len(x), SIZE)
    forward = any_order.chain_log_prob(law.logits, x, any_order.forward(*x.shape))
    np.testing.assert_allclose(any_order.chain_log_prob(law.logits, x, ranks), forward, atol=1e-4)
    np.testing.assert_allclose(any_order.over_orders(law.logits, key, x, 3), forward, atol=1e-4)
    np.testing.assert_allclose(forward, jnp.log(law.weights), atol=1e-4)


def test_the_chain_over_the_known_first_is_the_marginal(law):
    x = jnp.array([[0, 2, 0], [1, 0, 3], [0, 0, 0]], jnp.int32)
    found = any_order.over_orders(law.logits, jax.random.key(0), x, 2)
    np.testing.assert_allclose(found, jax.vmap(law.head)(x), atol=1e-4)


def untrained():
    model = Dual(SIZE, SYMBOLS, jax.random.key(0), 16, 2)
    last = model.conditional.last
    weight = 0.5 * jax.random.normal(jax.random.key(1), last.weight.shape)
    return eqx.tree_at(lambda m: m.conditional.last.weight, model, weight)


def mean_over_orders(model, x):
    from itertools import permutations

    return np.mean([any_order.chain_log_prob(model.logits, x, jnp.tile(jnp.array([r], jnp.int32), (len(x), 1)))
                    for r in permutations(range(SIZE))], axis=0)  # fmt: skip


@pytest.mark.parametrize("scored", ["all", "next"])
def test_the_likelihood_loss_has_the_mean_of_all_orders(scored):
    model = untrained()
    x = jnp.tile(jnp.array([[1, 3, 2]], jnp.int32), (20_000, 1))
    found = any_order.likelihood_loss(model.logits, jax.random.key(0), x, scored)
    assert found == pytest.approx(-mean_over_orders(model, x[:1])[0], rel=0.02)


def test_scoring_all_masked_variables_varies_less_than_scoring_the_next():
    model, x = untrained(), jnp.array([[1, 3, 2]], jnp.int32)
    keys = jax.random.split(jax.random.key(0), 2000)
    all_masked, next_only = (
        jax.vmap(lambda key, how=how: any_order.likelihood_loss(model.logits, key, x, how))(keys).std()
        for how in ("all", "next")
    )
    assert all_masked < next_only
    with pytest.raises(ValueError, match="'all' or 'next'"):
        any_order.likelihood_loss(model.logits, keys[0], x, "some")


def test_one_conditional_is_unbiased_and_varies_far_more_than_the_chain():
    model = untrained()
    x = jnp.tile(jnp.array([[1, 3, 2]], jnp.int32), (20_000, 1))
    found = any_order.one_conditional(model.logits, jax.random.key(0), x)
    assert found.mean() == pytest.approx(mean_over_orders(model, x[:1])[0], rel=0.03)
    chain = any_order.chain_log_prob(model.logits, x, any_order.random_ranks(jax.random.key(1), *x.shape))
    assert found.std() > 2 * chain.std()


def test_one_variable_is_a_softmax():
    logits = jnp.array([[0.3, -1.0, 2.0]])
    x = jnp.array([[3]], jnp.int32)
    found = any_order.chain_log_prob(lambda _: logits, x, jnp.zeros((1, 1), jnp.int32))
    assert found[0] == pytest.approx(float(jax.nn.log_softmax(logits[0])[2]))
    samples = any_order.sampled(lambda _: logits, jax.random.key(0), 5000, 1)[0]
    share = np.bincount(np.asarray(samples)[:, 0], minlength=4)[1:] / 5000
    np.testing.assert_allclose(share, jax.nn.softmax(logits[0]), atol=0.03)


@settings(max_examples=20)
@given(some.integers(0, 10_000), some.integers(0, 3))
def test_a_prefix_knows_the_first_of_the_order_and_the_next_is_the_one_after(seed, known):
    x = jnp.array([[1, 2, 3, 1]], jnp.int32)
    ranks = any_order.random_ranks(jax.random.key(seed), 1, 4)
    assert sorted(np.asarray(ranks)[0]) == [0, 1, 2, 3]
    before, after = (any_order.prefix(x, ranks, n) for n in (known, known + 1))
    assert (before > 0).sum() == known
    assert np.flatnonzero(before[0] != after[0]).tolist() == any_order.at_rank(x, ranks, known).tolist()


def test_exact_tables_of_the_law_and_of_its_chain_agree(law):
    asked = jax.jit(jax.vmap(law.logits))
    table = exact_marginals.chain_table(lambda x: np.asarray(asked(jnp.asarray(x))), np.array([2, 0, 1]), SIZE, SYMBOLS)
    np.testing.assert_allclose(table.ravel(), np.log(np.asarray(law.weights)), atol=1e-4)
