"""Heads over partial assignments: what they say at the start, what they refuse, and how symbols may be renamed."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.core.checkpoints import Checkpoint
from manyminds.networks.marginals import (
    Dual,
    MaskedTransformer,
    features_shared,
    log_marginal,
    only_marginal,
    queried,
)

MAKES = {
    "dense": lambda size, symbols, z: Dual(size, symbols, jax.random.key(0), 16, 3, z),
    "pairwise": lambda size, symbols, z: Dual(size, symbols, jax.random.key(0), 16, 3, z, pairwise=True),
    "transformer": lambda size, symbols, z: MaskedTransformer(size, symbols, jax.random.key(0), 8, 2, 2, z),
}


def shaken(model, seed=1):
    """The model with random numbers in all its arrays, so that nothing is 0 by birth."""
    leaves, tree = jax.tree.flatten(eqx.filter(model, eqx.is_array))
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    drawn = [0.3 * jax.random.normal(key, leaf.shape) for key, leaf in zip(keys, leaves)]
    return eqx.combine(jax.tree.unflatten(tree, drawn), eqx.filter(model, eqx.is_array, inverse=True))


@pytest.fixture(params=MAKES)
def make(request):
    return MAKES[request.param]


def test_it_begins_as_the_uniform_law_over_all_symbols(make):
    size, symbols = 4, 5
    model = make(size, symbols, size * float(np.log(symbols)))
    x = np.array([[1, 5, 2, 3]])
    assert queried(model, x)[0] == pytest.approx(-size * np.log(symbols))
    assert (model.logits(jnp.asarray(x[0])) == 0).all()
    # The traps: no offset at all, and the offset of bits where there are five symbols.
    assert queried(make(size, symbols, 0.0), x)[0] == 0
    assert queried(make(size, symbols, size * float(np.log(2))), x)[0] != pytest.approx(-size * np.log(symbols))


def test_nothing_known_is_certain(make):
    model = shaken(make(4, 3, 2.0))
    assert queried(model, np.zeros((2, 4), int)).tolist() == [0, 0]
    assert log_marginal(model, jnp.zeros(4, jnp.int32)) != 0  # what the anchor of the training is for


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([[1, 2, 0, 4]], r"at \(0, 3\) stands 4"),
        ([[1, -1, 0, 0]], r"at \(0, 1\) stands -1"),
        ([[1, 2, 0]], "4 variables"),
        ([[1.0, 2.0, 0.0, 0.0]], "integers"),
    ],
)
def test_what_is_no_assignment_is_refused(make, x, said):
    with pytest.raises(BadInput, match=said):
        queried(make(4, 3, 0.0), np.array(x))


def test_long_batches_go_in_pieces(make):
    model = shaken(make(4, 3, 0.0))
    x = np.random.default_rng(0).integers(0, 4, (25, 4))
    np.testing.assert_allclose(queried(model, x, chunk=10), queried(model, x), rtol=1e-5)
    assert queried(model, x.reshape(5, 5, 4)).shape == (5, 5)


def test_a_model_of_another_size_is_not_loaded(make, tmp_path):
    kept = Checkpoint(tmp_path / "model")
    kept.save(eqx.filter(make(4, 3, 0.0), eqx.is_array))
    with pytest.raises(BadInput, match="another shape"):
        kept.load(eqx.filter(make(5, 3, 0.0), eqx.is_array))


def test_renaming_symbols_renames_the_answers():
    model = shaken(Dual(3, 4, jax.random.key(0), 16, 3))
    new = np.array([0, 3, 1, 4, 2])  # new name of each symbol; unknown stays unknown
    inputs = (np.arange(3)[:, None] * 5 + np.argsort(new)).ravel()
    outputs = (np.arange(3)[:, None] * 4 + np.argsort(new[1:])).ravel()
    renamed = eqx.tree_at(
        lambda m: (m.marginal.first.weight, m.conditional.first.weight, m.conditional.last.weight,
                   m.conditional.last.bias),
        model, (model.marginal.first.weight[:, inputs], model.conditional.first.weight[:, inputs],
                model.conditional.last.weight[outputs], model.conditional.last.bias[outputs]))  # fmt: skip
    x = jnp.array([2, 0, 4])
    assert renamed.head(new[x]) == pytest.approx(float(model.head(x)), abs=1e-4)
    np.testing.assert_allclose(renamed.logits(jnp.asarray(new)[x])[:, new[1:] - 1], model.logits(x), atol=1e-4)


def test_stage_two_knows_which_arrays_are_the_marginal_head(make):
    model = make(4, 3, 0.0)
    free, frozen = eqx.partition(model, only_marginal(model))
    touched = shaken(free)
    after = eqx.combine(touched, frozen)
    x = jnp.array([1, 0, 2, 0])
    other = shaken(model)
    assert (after.logits(x) == model.logits(x)).all() and jax.tree.leaves(free) and after.head(x) != model.head(x)
    assert jax.tree.structure(eqx.filter(other, only_marginal(other))) == jax.tree.structure(free)


def test_features_are_shared_at_the_start_of_stage_two():
    model = shaken(Dual(4, 3, jax.random.key(0), 16, 3))
    begun = features_shared(model)
    assert (begun.marginal.first.weight == model.conditional.first.weight).all()
    assert (begun.marginal.last.weight == model.marginal.last.weight).all()
    transformer = MaskedTransformer(4, 3, jax.random.key(0), 8, 1, 2)
    assert features_shared(transformer) is transformer
