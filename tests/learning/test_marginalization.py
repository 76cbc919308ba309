"""Self-consistency, the gradient of the energy objective, and the traps of both."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from exact_law import exact_law, random_law

from manyminds.core import BadInput
from manyminds.learning import any_order
from manyminds.learning import marginalization as mam
from manyminds.learning.training import trained
from manyminds.networks.marginals import Dual, log_marginal, only_marginal, queried
from manyminds.theory import exact_marginals

SIZE, SYMBOLS = 3, 3


@pytest.fixture(scope="module")
def law():
    return random_law(0, SIZE, SYMBOLS, log_z0=1.7)


def residuals(model, known, seed=0):
    x = jax.random.randint(jax.random.key(seed), (200, SIZE), 1, SYMBOLS + 1)
    ranks = any_order.random_ranks(jax.random.key(seed + 1), 200, SIZE)
    return compiled(mam.residuals)(model, x, ranks, jnp.full(200, known))


def compiled(of):
    return eqx.filter_jit(of)


def test_the_exact_law_is_consistent_at_every_place_of_every_order(law):
    for known in range(SIZE):
        assert jnp.abs(residuals(law, known)).max() < 1e-4
    assert compiled(mam.constraints)(law, jax.random.key(0), law.everything) < 1e-6


class Mutant(eqx.Module):
    """An exact law whose head is spoilt."""

    law: eqx.Module
    spoil: str = eqx.field(static=True)
    size: int = eqx.field(static=True, default=SIZE)
    symbols: int = eqx.field(static=True, default=SYMBOLS)

    @property
    def log_z0(self):
        return self.law.log_z0 if self.spoil != "no offset" else 0.0

    def head(self, x):
        known = (x > 0).sum()
        head = self.law.head(x)
        return jnp.where((known > 0) & (known < SIZE), head + 0.5, head) if self.spoil == "only complete x" else head

    def logits(self, x):
        return self.law.logits(x) * (0.5 if self.spoil == "flat conditionals" else 1.0)


@pytest.mark.parametrize("spoil", ["no offset", "only complete x", "flat conditionals"])
def test_a_spoilt_law_is_not_consistent(law, spoil):
    assert compiled(mam.constraints)(Mutant(law, spoil), jax.random.key(0), law.everything) > 0.1


def test_normalised_at_complete_x_alone_is_seen_at_the_subsets_and_only_there(law):
    mutant = Mutant(law, "only complete x")
    mass = np.exp(queried(mutant, law.everything)).sum()
    assert mass == pytest.approx(1, abs=1e-4)
    assert jnp.abs(residuals(mutant, 0)).min() > 0.4 and jnp.abs(residuals(mutant, SIZE - 1)).min() > 0.4


def test_the_uniform_law_is_consistent_and_useless():
    """Why the consistency never stands alone; and the offset is size log K, not size log 2."""
    model = Dual(SIZE, SYMBOLS, jax.random.key(0), 8, 2, SIZE * float(np.log(SYMBOLS)))
    uniform = exact_law(np.zeros(SYMBOLS**SIZE), SIZE, SYMBOLS, SIZE * float(np.log(SYMBOLS)))
    assert compiled(mam.constraints)(uniform, jax.random.key(0), uniform.everything) < 1e-8
    assert queried(model, uniform.everything) == pytest.approx(queried(uniform, uniform.everything), abs=1e-5)


def test_the_constant_is_fixed_by_the_anchor_alone(law):
    shifted = exact_law(np.log(np.asarray(law.weights)), SIZE, SYMBOLS, 0.0)
    moved = Mutant(shifted, "none")
    lifted = eqx.tree_at(lambda m: m.law.weights, moved, moved.law.weights * 3)
    assert jnp.abs(residuals(lifted, 1)).max() < 1e-4
    assert mam.anchor_loss(lifted) == pytest.approx(np.log(3) ** 2, rel=1e-4)


def test_a_cap_leaves_small_residuals_and_bounds_large_ones(law):
    mutant, key = Mutant(law, "flat conditionals"), jax.random.key(0)
    plain = mam.consistency_loss(mutant, key, law.everything)
    assert mam.consistency_loss(mutant, key, law.everything, cap=100.0) == pytest.approx(float(plain), rel=1e-5)
    assert mam.consistency_loss(mutant, key, law.everything, cap=0.1) < plain


def cosine(a, b):
    flat = [jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)]) for tree in (a, b)]
    return float(flat[0] @ flat[1] / jnp.linalg.norm(flat[0]) / jnp.linalg.norm(flat[1]))


def test_the_policy_gradient_is_that_of_the_divergence():
    """Six bits, all 64 assignments: the exact gradient of KL(p || exp(f) / Z), p the normalised marginal head."""
    size, rng = 6, np.random.default_rng(0)
    everything = jnp.asarray(exact_marginals.every(size, 2))
    f = jnp.asarray(rng.normal(size=64), jnp.float32) - 40  # the unknown constant must drop out
    model = Dual(size, 2, jax.random.key(0), 8, 2, size * float(np.log(2)))
    model = eqx.tree_at(lambda m: m.marginal.last.weight, model, jax.random.normal(jax.random.key(1), (1, 8)))

    def heads(model, x):
        return jax.vmap(lambda own: log_marginal(model, own))(x)

    def divergence(model):
        logs = jax.nn.log_softmax(heads(model, everything))
        return (jnp.exp(logs) * (logs - f)).sum()

    drawn = jax.random.categorical(jax.random.key(2), heads(model, everything), shape=(100_000,))
    x, energies = everything[drawn], f[drawn]

    def estimate(model, sign=jnp.float32(1)):  # noqa: B008
        logs = heads(model, x)
        return mam.policy_gradient(logs, sign * (logs - energies))

    exact = eqx.filter_jit(eqx.filter_grad(divergence))(model)
    gradient = eqx.filter_jit(eqx.filter_grad(estimate))
    assert cosine(exact.marginal, gradient(model).marginal) > 0.99
    assert cosine(exact.marginal, gradient(model, jnp.float32(-1)).marginal) < -0.99  # the mutant: a wrong sign


def test_an_advantage_without_spread_is_0():
    assert (mam.standardised(jnp.full(100, -78.688)) == 0).all()
    found = mam.standardised(jnp.array([-78.0, -79.0]))
    np.testing.assert_allclose(found, [1, -1], rtol=1e-4)


def test_energies_that_are_no_numbers_are_refused_with_the_assignment():
    x = np.array([[1, 2], [2, 1]])
    with pytest.raises(BadInput, match=r"energy of \(2 1\) is -inf"):
        mam.accepted(np.array([0.0, -np.inf]), x)
    with pytest.raises(BadInput, match="nan"):
        mam.accepted(np.array([np.nan, 0.0]), x)
    energy = jax.jit(jax.vmap(mam.from_python(lambda row: float(row.sum()))))
    np.testing.assert_array_equal(energy(jnp.asarray(x)), [3, 3])
    with pytest.raises(Exception, match=r"energy of \(1 2\) is -inf"):
        jax.vmap(mam.from_python(lambda row: -np.inf))(jnp.asarray(x)).block_until_ready()


def small_training(objective, steps=200, size=3, seeds=2):
    f = jnp.asarray(np.random.default_rng(1).normal(size=2**size), jnp.float32)
    powers = 2 ** jnp.arange(size)[::-1]
    optimiser = optax.adam(3e-3)
    start = mam.begun(lambda key: Dual(size, 2, key, 32, 2, size * float(np.log(2))), optimiser,
                      jax.random.split(jax.random.key(0), seeds), 64)  # fmt: skip
    step = mam.energy_step(lambda _, x: f[((x - 1) * powers).sum()], jnp.zeros(seeds), optimiser, objective, 4.0, 2, 50)
    end, curves = trained(step, start, jax.random.key(1), steps, chunk=steps)
    return end, curves, exact_marginals.tabled(np.asarray(f), size, 2)


def kl(model, table):
    asked = eqx.filter_jit(lambda x: jax.vmap(model.logits)(x))
    law = exact_marginals.chain_table(lambda x: np.asarray(asked(jnp.asarray(x))), np.arange(model.size), model.size, 2)
    return exact_marginals.divergence(law, table)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["squared", "full chain"])
def test_the_other_objectives_learn_the_law_too(objective):
    end, _, table = small_training(objective, 400)
    even = exact_marginals.divergence(np.full_like(table, -np.log(table.size)), table)
    assert max(kl(mam.one_of(end.fit.model, i), table) for i in range(2)) < 0.1 * even


def test_three_bits_are_learnt_from_their_energy_by_both_seeds():
    end, curves, table = small_training("marginals", 300)
    even = exact_marginals.divergence(np.full_like(table, -np.log(table.size)), table)
    assert max(kl(mam.one_of(end.fit.model, i), table) for i in range(2)) < 0.1 * even
    partial = np.array([[0, 0, 1], [2, 0, 0], [1, 2, 0], [2, 2, 1]])
    found = queried(mam.one_of(end.fit.model, 0), partial)
    np.testing.assert_allclose(found, exact_marginals.log_marginals(table, partial), atol=0.25)
    assert end.steps == 300 and curves.values["gap"].shape == (1, 2)


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match="objective must be one of"):
        small_training("guess", 1)


@pytest.mark.slow
def test_an_energy_that_is_no_number_stops_the_training():
    optimiser = optax.adam(1e-3)
    start = mam.begun(lambda key: Dual(2, 2, key, 4, 2), optimiser, jax.random.split(jax.random.key(0), 1), 8)
    step = mam.energy_step(lambda _, x: jnp.log(0.0) * x.sum(), jnp.zeros(1), optimiser, erase=1)
    with pytest.raises(FloatingPointError, match="energy is not finite"):
        trained(step, start, jax.random.key(1), 2, chunk=1)


def two_stages(own_share, scrambled_share=0.0, steps=600):
    """Two strings of four bits, the complement of each other; how far the head strays where there are no data."""
    strings = jnp.array([[1, 1, 2, 1], [2, 2, 1, 2]], jnp.int32)
    optimiser = optax.adam(3e-3)

    def data(key):
        return strings[jax.random.randint(key, (64,), 0, 2)]

    start = mam.begun(lambda key: Dual(4, 2, key, 32, 2), optimiser, jax.random.key(0)[None], 64)
    between, _ = trained(mam.likelihood_step(data, optimiser), start, jax.random.key(1), steps, steps)
    trains = only_marginal(mam.one_of(between.fit.model, 0))
    step = mam.marginal_step(data, optimiser, trains, 2, 50, own_share, scrambled_share)
    end, _ = trained(step, mam.with_optimiser(between, optimiser, trains), jax.random.key(2), steps, steps)
    return mam.one_of(between.fit.model, 0), mam.one_of(end.fit.model, 0)


@pytest.mark.slow
def test_stage_two_leaves_the_conditionals_and_finds_the_marginals():
    between, end = two_stages(0.5)
    for before, after in zip(jax.tree.leaves(between.conditional), jax.tree.leaves(end.conditional)):
        np.testing.assert_array_equal(before, after)
    partial = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 2, 1], [0, 0, 1, 0]])
    np.testing.assert_allclose(queried(end, partial), np.log(0.5), atol=0.1)


@pytest.mark.slow
def test_trained_on_data_alone_the_head_strays_where_there_are_none():
    """The trap: on strings that never occur the head then says anything; what is mixed in teaches it."""
    never = np.array([[1, 2, 1, 2], [2, 1, 2, 1], [1, 1, 1, 2], [2, 1, 1, 1]])
    astray, taught = (queried(two_stages(0.0, share)[1], never) for share in (0.0, 0.5))
    assert taught.max() < -4 < astray.max()
