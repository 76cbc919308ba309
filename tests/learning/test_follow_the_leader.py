"""Follow-The-Leader against least squares in float64, in dense and in hashed rows; broken steps are caught."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning import follow_the_leader as ftl
from manyminds.learning.streamed import answers, followed
from manyminds.networks import sparse_encoding as maps

RIDGE = 1e-3


@pytest.fixture(autouse=True)
def doubles():
    with jax.enable_x64(True):
        yield


def data(steps=60, seed=0, groups=4, bins=8):
    features = maps.sparse_encoding(maps.bounds([-1.0] * 2, [1.0] * 2), jax.random.key(seed), groups, 2, bins)
    x = np.random.default_rng(seed).uniform(-1, 1, (steps, 2))
    y = np.stack([np.sin(3 * x[:, 0]) * x[:, 1], np.cos(2 * x[:, 1])], 1)
    return features, x, y, np.asarray(jax.vmap(partial(maps.dense, features))(jnp.asarray(x)))


def path(features, x, y, width=256, update=ftl.updated):
    """The leader after every step of a stream."""
    leader, now = ftl.begun(features.size, 2, width, jnp.float64), []
    step = jax.jit(partial(update, ridge=RIDGE))
    for a, b in zip(x, y):
        active = features(jnp.asarray(a))
        leader = step(leader, active.index, active.value, jnp.asarray(b))
        now.append(leader)
    return now


@pytest.mark.parametrize("width", [256, 512], ids=["hashed", "dense"])
def test_sums_are_exact_and_the_solve_is_ridge(width):
    features, x, y, phi = data()
    assert (width >= features.size) == (width == 512)
    leader = path(features, x, y, width)[-1]
    np.testing.assert_allclose(ftl.matrix(leader).toarray(), phi.T @ phi, atol=1e-12)
    np.testing.assert_allclose(leader.cross[0], phi.T @ y, atol=1e-12)
    np.testing.assert_allclose(leader.energy[0], (y**2).sum(), rtol=1e-12)
    best = np.linalg.solve(phi.T @ phi + RIDGE * np.eye(features.size), phi.T @ y)
    np.testing.assert_allclose(ftl.solved(leader, RIDGE), best, atol=1e-10)
    f = ((phi @ best - y) ** 2).sum() + RIDGE * (best**2).sum()
    np.testing.assert_allclose(ftl.objective(leader, best, RIDGE), f, rtol=1e-10)
    assert int(leader.seen) == 60 and int(leader.lost) == 0


def rises(now):
    """How many steps of a path raised F_t, beyond rounding."""
    old, count = np.zeros_like(now[0].weights[0]), 0
    for leader in now:
        before, after = (ftl.objective(leader, w, RIDGE) for w in (old, np.asarray(leader.weights[0])))
        assert after >= ftl.objective(leader, ftl.solved(leader, RIDGE), RIDGE) - 1e-12
        count += after > before + 1e-12
        old = np.asarray(leader.weights[0])
    return count


def test_every_step_descends_to_the_formula():
    """F never rises, and the step is the formula of the docstring written out on dense matrices."""
    features, x, y, _ = data()
    now = path(features, x, y)
    assert rises(now) == 0
    old, leader = np.asarray(now[-2].weights[0]), now[-1]
    s = np.asarray(features(jnp.asarray(x[-1])).index)
    others = np.setdiff1d(np.arange(features.size), s)
    gram, cross = ftl.matrix(leader).toarray(), np.asarray(leader.cross[0])
    expected = old.copy()
    right = cross[s] - gram[np.ix_(s, others)] @ old[others]
    expected[s] = np.linalg.solve(gram[np.ix_(s, s)] + RIDGE * np.eye(len(s)), right)
    np.testing.assert_allclose(leader.weights[0], expected, atol=1e-9)


def test_dropping_the_other_rows_is_no_descent(monkeypatch):
    """Mutant: A[s, not s] W[not s] is left out."""

    def dropped(rows, cross, index, weights, ridge):
        return jnp.linalg.solve(rows.block() + ridge * jnp.eye(len(index)), cross[index])

    monkeypatch.setattr(ftl, "block_solution", dropped)
    features, x, y, _ = data()
    assert rises(path(features, x, y)) > 10


def test_sweeps_converge_to_the_leader_and_a_sweep_without_the_other_rows_does_not(monkeypatch):
    features, x, y, _ = data()
    leader = path(features, x, y)[-1]
    blocks = jnp.tile(jax.vmap(features)(jnp.asarray(x)).index, (300, 1))
    strong = 0.03  # the stronger the ridge, the fewer the sweeps
    assert ftl.gap(leader, strong) > 1e-3
    assert abs(ftl.gap(jax.jit(ftl.swept)(leader, blocks, strong), strong)) < 1e-8
    monkeypatch.setattr(ftl, "block_solution", lambda rows, cross, index, weights, ridge: jnp.linalg.solve(
        rows.block() + ridge * jnp.eye(len(index)), cross[index]))  # fmt: skip
    assert ftl.gap(ftl.swept(leader, blocks[:300], RIDGE), RIDGE) > 1


def test_the_order_of_a_stream_does_not_matter_for_sums_and_solve():
    features, x, y, _ = data()
    order = np.random.default_rng(1).permutation(len(x))
    one, two = followed(features, x, y, RIDGE).leader, followed(features, x[order], y[order], RIDGE).leader
    np.testing.assert_allclose(ftl.matrix(one).toarray(), ftl.matrix(two).toarray(), atol=1e-12)
    np.testing.assert_allclose(ftl.solved(one, RIDGE), ftl.solved(two, RIDGE), atol=1e-10)


def test_when_one_block_is_everything_the_step_is_the_leader():
    features = maps.random_fourier(maps.bounds([-1.0] * 2, [1.0] * 2), jax.random.key(0), 12)
    _, x, y, _ = data()
    leader = path(features, x, y, 16)[-1]
    np.testing.assert_allclose(leader.weights[0], ftl.solved(leader, RIDGE), atol=1e-9)


def test_rows_that_are_full_are_widened_and_nothing_is_lost():
    features, x, y, phi = data(200, groups=8, bins=6)
    narrow = followed(features, x, y, RIDGE, width=32, chunk=40)
    assert narrow.leader.columns.shape[2] > 32 and int(narrow.leader.lost) == 0
    np.testing.assert_allclose(ftl.matrix(narrow.leader).toarray(), phi.T @ phi, atol=1e-12)
    wide = followed(features, x, y, RIDGE, width=512, chunk=200)
    np.testing.assert_allclose(narrow.said, wide.said, atol=1e-8)


@pytest.mark.parametrize("width", [256, 1024], ids=["hashed", "dense"])
def test_widening_keeps_every_number_and_narrowing_is_refused(width):
    features, x, y, _ = data()
    leader = path(features, x, y, 128)[-1]
    wider = ftl.widened(leader, width)
    np.testing.assert_array_equal(ftl.matrix(wider).toarray(), ftl.matrix(leader).toarray())
    assert ftl.stored(wider) == ftl.stored(leader)
    with pytest.raises(ValueError, match="do not fit"):
        ftl.widened(leader, 16)


def test_a_full_row_is_counted():
    features, x, y, _ = data(200, groups=8, bins=6)
    assert int(path(features, x[:40], y[:40], width=32)[-1].lost) > 0


def test_only_pairs_that_met_are_stored():
    features, x, y, _ = data(200, groups=8, bins=6)
    leader = followed(features, x, y, RIDGE).leader
    active = jax.vmap(features)(jnp.asarray(x)).index
    assert ftl.stored(leader) == len({(int(i), int(j)) for s in active for i in s for j in s})


def test_an_observation_that_is_not_finite_is_skipped_and_counted():
    features, x, y, _ = data()
    spoilt_x, spoilt_y = np.insert(x, 10, [np.nan, 0], 0), np.insert(y, 10, 0, 0)
    spoilt_x, spoilt_y = np.insert(spoilt_x, 20, 0, 0), np.insert(spoilt_y, 20, [np.inf, 0], 0)
    clean, spoilt = followed(features, x, y, RIDGE).leader, followed(features, spoilt_x, spoilt_y, RIDGE).leader
    assert int(spoilt.skipped) == 2 and int(spoilt.seen) == 60
    np.testing.assert_allclose(spoilt.weights, clean.weights, atol=1e-12)
    np.testing.assert_allclose(ftl.matrix(spoilt).toarray(), ftl.matrix(clean).toarray(), atol=1e-12)


def test_inputs_outside_are_clipped_and_counted():
    features, x, y, _ = data()
    far = x.copy()
    far[3] = [9, -9]
    found = followed(features, far, y, RIDGE)
    assert found.outside == 2 and np.isfinite(found.said).all()


def test_an_input_that_never_moves_is_held_by_the_ridge():
    features, x, y, _ = data()
    found = followed(features, np.zeros_like(x), np.ones_like(y), RIDGE)
    np.testing.assert_allclose(answers(features, found.leader.weights[0], np.zeros((1, 2))), 1, atol=1e-4)


def test_what_does_not_fit_is_refused_with_an_estimate():
    with pytest.raises(BadInput, match=r"53,792 features .* GiB \(all pairs would need 21\.6\)"):
        ftl.begun(53_792, 5, 8192, jnp.float64)
    features, x, y, _ = data(200, groups=8, bins=6)
    with pytest.raises(BadInput, match="limit"):
        followed(features, x, y, RIDGE, width=32, limit=ftl.memory(features.size, 32, 2, 8) * 1.1)
    with pytest.raises(ValueError, match="power of two"):
        ftl.begun(10, 1, 12)


def test_the_size_of_a_target_may_not_change():
    features, x, y, _ = data()
    leader = path(features, x[:1], y[:1])[-1]
    active = features(jnp.asarray(x[0]))
    with pytest.raises(BadInput, match="may not change"):
        ftl.updated(leader, active.index, active.value, jnp.ones(3), RIDGE)
    with pytest.raises(BadInput, match="one length"):
        followed(features, x, y[:-1])


def test_parts_are_independent_regressions():
    features, x, y, _ = data()
    together = ftl.begun(features.size, 2, 256, jnp.float64, parts=2)
    alone = [ftl.begun(features.size, 2, 256, jnp.float64) for _ in range(2)]
    step = jax.jit(partial(ftl.updated, ridge=RIDGE))
    for t, (a, b) in enumerate(zip(x, y)):
        active, part = features(jnp.asarray(a)), t % 2
        together = step(together, active.index, active.value, jnp.asarray(b), part=part)
        alone[part] = step(alone[part], active.index, active.value, jnp.asarray(b))
    for part in range(2):
        np.testing.assert_allclose(together.weights[part], alone[part].weights[0], atol=1e-12)
        np.testing.assert_allclose(ftl.matrix(together, part).toarray(), ftl.matrix(alone[part]).toarray(), atol=1e-12)


def test_a_scaler_that_moves_mixes_two_encodings():
    """The trap of running statistics: with bounds that change on the way the solve is no longer that of the data."""
    features, x, y, phi = data(200)
    wide = maps.bounds([-3.0] * 2, [3.0] * 2)
    moved = maps.SparseEncoding(wide, features.projection, features.offset, 4, 2, 8, "sigmoid")
    first, rest = followed(moved, x[:100], y[:100], RIDGE).leader, jax.vmap(features)(jnp.asarray(x[100:]))
    mixed, _ = ftl.learnt(first, rest.index, rest.value, jnp.asarray(y[100:]), RIDGE)
    fixed = followed(features, x, y, RIDGE).leader
    errors = [((phi @ ftl.solved(line, RIDGE) - y) ** 2).mean() for line in (mixed, fixed)]
    assert errors[0] > 3 * errors[1]
