"""One recurrence in three forms, the signs it can be given, and a sort that gradients can pass."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.networks.selective import Maps, Selective, attended, scanned, scanned_in_parallel
from manyminds.networks.sequence_models import SequenceModel, answered
from manyminds.networks.sorting import softsort
from manyminds.worlds.texts import sequences


def parts(length=9, channels=3, states=4, seed=0):
    rng = np.random.default_rng(seed)
    x, b, c = (rng.normal(size=shape) for shape in ((length, channels), (length, states), (length, states)))
    return x, np.log1p(np.exp(rng.normal(size=(length, channels)))), rng.uniform(0.2, 2, channels), b, c


def by_hand(x, step, rates, b, c):
    """The double sum of the attention form in float64."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i + 1):
            decay = np.exp(-rates * step[j + 1 : i + 1].sum(0))
            out[i] += (c[i] @ b[j]) * step[j] * decay * x[j]
    return out


def test_scan_parallel_scan_and_attention_are_the_double_sum():
    x, step, rates, b, c = parts()
    exact = by_hand(x, step, rates, b, c)
    arrays = [jnp.asarray(part, jnp.float32) for part in (x, step, b, c)]
    wide = jnp.broadcast_to(jnp.asarray(rates, jnp.float32)[:, None], (3, 4))
    for form, own in ((scanned, wide), (scanned_in_parallel, wide), (attended, wide[:, 0])):
        np.testing.assert_allclose(form(*arrays[:2], own, *arrays[2:]), exact, atol=2e-5)


def test_the_scan_equals_attention_to_rounding_in_double_precision():
    with jax.enable_x64(True):
        x, step, rates, b, c = map(jnp.asarray, parts(length=12))
        wide = jnp.broadcast_to(rates[:, None], (3, 4))
        np.testing.assert_allclose(scanned(x, step, wide, b, c), attended(x, step, rates, b, c), atol=1e-12)


@pytest.mark.parametrize("product", ["positive", "negative", "mixed"])
def test_eigenvalues_have_the_signs_that_were_asked_for(product):
    maps = Maps(7, 4, jax.random.key(0), product)
    m = np.asarray(maps.c.T @ maps.b, np.float64)
    np.testing.assert_allclose(m, m.T, atol=1e-6)
    values = np.linalg.eigvalsh(m)
    positive, negative = (values > 1e-5).sum(), (values < -1e-5).sum()
    assert (positive, negative) == {"positive": (4, 0), "negative": (0, 4), "mixed": (2, 2)}[product]


def test_signs_begin_at_one_size_and_strength_nought_lets_nothing_pass():
    sizes = {
        p: float(jnp.linalg.norm((m := Maps(8, 4, jax.random.key(1), p)).c.T @ m.b))
        for p in ("free", "positive", "negative")
    }
    assert sizes["free"] == pytest.approx(sizes["positive"], rel=1e-5) == sizes["negative"]
    outs = [
        Selective(8, jax.random.key(2), states=4, product=p, strength=0.0)(jnp.ones((5, 8)))
        for p in ("positive", "negative")
    ]
    np.testing.assert_array_equal(*outs)


def test_a_layer_is_causal_unless_it_is_reordered():
    x = jax.random.normal(jax.random.key(3), (6, 8))
    changed = x.at[-1].add(1.0)
    layer = Selective(8, jax.random.key(0), states=4)
    np.testing.assert_array_equal(layer(x)[:-1], layer(changed)[:-1])
    free = Selective(8, jax.random.key(0), states=4, reorder="learned")
    assert not np.allclose(free(x)[:-1], free(changed)[:-1])


def test_a_random_order_needs_a_key_and_restores_places():
    layer = Selective(8, jax.random.key(0), states=4, reorder="random")
    with pytest.raises(ValueError, match="needs a key"):
        layer(jnp.ones((5, 8)))
    # Without a scan (strength 0) only the skip remains, and that must come back to its place.
    still = [Selective(8, jax.random.key(0), states=4, strength=0.0, reorder=r) for r in ("none", "random")]
    x = jax.random.normal(jax.random.key(3), (6, 8))
    np.testing.assert_allclose(still[0](x), still[1](x, jax.random.key(9)), atol=1e-6)


@given(some.lists(some.floats(-5, 5, width=32), min_size=1, max_size=8, unique=True))
@settings(max_examples=30)
def test_softsort_rows_sum_to_one_and_harden(scores):
    scores = jnp.asarray(scores, jnp.float32)
    soft = softsort(scores, 1.0)
    np.testing.assert_allclose(soft.sum(1), 1, rtol=1e-5)
    if len(scores) > 1 and float(jnp.diff(jnp.sort(scores)).min()) < 1e-2:
        return
    np.testing.assert_allclose(softsort(scores, 1e-4) @ scores, jnp.sort(scores), atol=1e-3)


@pytest.mark.parametrize("task", sequences.TASKS)
def test_answers_stand_in_the_tokens(task):
    items = sequences.batch(task, jax.random.key(0), 64, 17, 16)
    tokens, targets, asked = map(np.asarray, items)
    assert tokens.min() >= 0 and tokens.max() < sequences.FIRST + 16
    for row, target, mask in zip(tokens, targets, asked):
        if task == "induction":
            place = list(row).index(sequences.ASK)
            assert row[-1] == sequences.ASK and target[-1] == row[place + 1] and place < 15
        if task == "recall":
            at = list(row[:-1:2]).index(row[-1])
            assert target[-1] == row[2 * at + 1] and len(set(row[:-1:2])) == 8
        if task == "first-key":
            assert target[-1] == row[0]
        if task == "selective-copy":
            assert list(target[mask > 0]) == [t for t in row if t >= sequences.FIRST]
    assert (asked.sum(1) == (4 if task == "selective-copy" else 1)).all()


def test_losses_by_hand():
    logits = jnp.log(jnp.array([[0.5, 0.5], [0.2, 0.8]]))
    loss, right = answered(logits, jnp.array([0, 1]), jnp.array([0.0, 1.0]))
    assert float(loss) == pytest.approx(-np.log(0.8), rel=1e-5) and float(right) == 1
    model = SequenceModel(18, 8, lambda key: Selective(8, key, states=4), 2, jax.random.key(0), norm=False)
    assert model(jnp.arange(5)).shape == (5, 18) and not jax.tree.leaves(eqx.filter(model.norms, eqx.is_array))
