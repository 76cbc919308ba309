"""Rules of the metabolic pathway: molecules are never lost, enzymes never made, rates are those of the chain."""

from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.integrate import solve_ivp

from manyminds.core import BadInput
from manyminds.theory import pathway as ode
from manyminds.worlds.populations import pathway as pw
from manyminds.worlds.populations.pathway import BINDS, FORMS, HELD, KINDS, PARTS, Pathway, mass, packed

BUSY = Pathway(4, dilution=0.05, substances=(40_000,) * 5, enzymes=2000)
ONE = Pathway(
    1, dilution=0.0, substances=(200_000, 0, 0, 0, 0), enzymes=100_000
)  # 20 S and 10 of each enzyme: one patch


@cache
def stepped(world):
    def many(cell, action, key):
        def one(cell, key):
            cell, _ = world.step(cell, action, key)
            return cell, (world.observe(cell), mass(cell), cell.entered, cell.diluted, cell.form)

        return jax.lax.scan(one, cell, jax.random.split(key, 20))

    return jax.jit(many)


begun = jax.jit(BUSY.reset)


@given(some.integers(0, 2**31), some.floats(0, 3))
@settings(max_examples=10)
def test_molecules_balance_and_enzymes_stay(seed, inflow):
    cell = begun(jax.random.key(seed))
    after, (x, masses, entered, diluted, form) = stepped(BUSY)(cell, jnp.float32(inflow), jax.random.key(seed + 1))
    assert np.array_equal(masses, mass(cell) + entered - diluted) and int(after.lost) == 0
    assert int(after.entered) == int(np.floor(20 * np.float32(inflow) + 1e-3)) or abs(20 * inflow % 1) < 1e-2
    first = np.array([FORMS[f][0] for f in np.asarray(form).ravel()]).reshape(form.shape)
    assert (first == np.array([FORMS[f][0] for f in np.asarray(cell.form)])).all()
    assert (x >= 0).all() and (np.asarray(form) != np.asarray(cell.form)).any()


def test_every_rule_keeps_molecules_and_enzymes():
    for form, meets in BINDS.items():
        for kind, (_, then) in meets.items():
            assert sorted(then) == sorted(form + kind)
    for form, faces in PARTS.items():
        assert sum(chance for chance, *_ in faces) < 100
        for _, then, kind in faces:
            turned = kind == "" and then[0] == form[0] and len(then) == len(form)
            assert turned or sorted(then + kind) == sorted(form)
    assert KINDS[4] == "R" and ode.SUBSTANCES[3] == "R"  # and not T
    assert HELD[FORMS.index("ORP")] == 2


def test_the_first_to_bind_has_the_law_of_trials_in_random_order():
    """One O with 3 P, 2 R and 5 T on its patch: chances against trials one by one."""
    world = Pathway(1, enzymes=10_000, substances=(0, 30_000, 0, 20_000, 50_000))
    cell = jax.jit(world.reset)(jax.random.key(0))
    cell = cell._replace(form=jnp.full(4, FORMS.index("AS"), jnp.int8).at[3].set(FORMS.index("O")))
    draws = 20_000
    _, taken = jax.jit(jax.vmap(lambda key: world.bound(cell, key)))(jax.random.split(jax.random.key(1), draws))
    found = np.bincount(np.asarray(taken)[:, 3], minlength=6) / draws
    rng, chance = np.random.default_rng(0), np.array([0.04] * 3 + [0.16] * 2 + [0.02] * 5)
    kind = np.array([2] * 3 + [4] * 2 + [5] * 5)
    tried = np.zeros(6)
    for _ in range(draws):
        order = rng.permutation(10)
        hits = order[rng.random(10) < chance[order]]
        tried[kind[hits[0]] if len(hits) else 0] += 1 / draws
    assert np.allclose(found, tried, atol=0.012)
    assert found[0] == pytest.approx((1 - chance).prod(), abs=0.012)


def test_no_molecule_is_bound_twice():
    """10 A and 1 R on one patch: at most one AR, however often it is tried."""
    world = replace(ONE, substances=(0, 0, 0, 10_000, 0))
    cell = jax.jit(world.reset)(jax.random.key(0))
    forms, taken = jax.jit(jax.vmap(lambda key: world.bound(cell, key)))(jax.random.split(jax.random.key(0), 500))
    count = (np.asarray(taken) > 0).sum(1)
    assert count.max() == 1 and count.mean() > 0.5
    assert (
        np.asarray(forms)[np.asarray(taken) == 0] == np.tile(np.asarray(cell.form), (500, 1))[np.asarray(taken) == 0]
    ).all()


def test_bound_and_new_molecules_are_not_diluted():
    world = replace(ONE, dilution=1.0)
    cell = jax.jit(world.reset)(jax.random.key(0))
    cell = cell._replace(form=jnp.full(40, FORMS.index("AS"), jnp.int8))
    after, _ = jax.jit(world.step)(cell, jnp.float32(3.0), jax.random.key(1))
    freed = 40 - int((HELD[np.asarray(after.form)]).sum())
    assert float(world.observe(after)[0]) == 3 + freed and int(after.diluted) == 20


def test_the_chain_turns_as_fast_as_michaelis_and_menten_say():
    """Substrate in excess: the closed form of the chain, the fitted metamodel, and the world at 20 S a patch."""
    at_once = {"v1": (1.0, 0.02, 0.02, 0.04), "v2": (1.0, 0.02, 0.03, 0.04), "v3": (1.0, 0.005, 0.02, 0.04)}
    for name, chances in at_once.items():
        assert 200 * ode.fastest(*chances) == pytest.approx(getattr(ode.Constants(), name), rel=0.03)
    world = replace(ONE, substances=(2_000_000, 0, 0, 0, 0), enzymes=10_000)  # 200 S, 1 of each enzyme

    def run(key):
        cell = world.reset(key)
        cell = cell._replace(form=cell.form[:1], enzyme_x=cell.enzyme_x[:1], enzyme_y=cell.enzyme_y[:1])  # A alone
        cell, _ = jax.lax.scan(
            lambda c, k: (world.step(c, jnp.float32(0), k)[0], None), cell, jax.random.split(key, 1000)
        )
        return world.observe(cell)[1]

    made = np.asarray(jax.jit(jax.vmap(run))(jax.random.split(jax.random.key(0), 40))) / 1000
    # P builds up to a few beside 180 S and holds A up a little, the first turn comes late: 10 % is allowed.
    assert made.mean() == pytest.approx(ode.fastest(1 - 0.96**190, 0.02, 0.02, 0.04), rel=0.1)


def test_packing_keeps_every_molecule():
    cells = jax.jit(jax.vmap(BUSY.reset))(jax.random.split(jax.random.key(0), 3))
    small = packed(cells, 384)
    assert small.kind.shape == (3, 384)
    assert np.array_equal(jax.vmap(mass)(small), jax.vmap(mass)(cells))
    assert np.array_equal(jax.vmap(BUSY.observe)(packed(small, 512)), jax.vmap(BUSY.observe)(cells))


def test_too_few_slots_are_counted():
    cell = jax.jit(BUSY.reset)(jax.random.key(0))
    full = cell._replace(kind=jnp.ones_like(cell.kind))
    world = replace(BUSY, dilution=0.0, enzymes=0)
    full = full._replace(form=full.form[:1], enzyme_x=full.enzyme_x[:1], enzyme_y=full.enzyme_y[:1])
    after, _ = jax.jit(world.step)(full, jnp.float32(5), jax.random.key(0))
    assert int(after.lost) >= 4


def test_rates_balance_and_their_integral_is_that_of_an_adaptive_solver():
    from manyminds.papers.digital_twins import metabolism as m

    x = np.array([1247.0, 168, 176, 108, 303])
    assert sum(ode.rates(x, 1.0)) == pytest.approx(1 - 5e-4 * x.sum())
    found = solve_ivp(lambda t, y: np.array(ode.rates(y, 1.0)), (0, 5000), ode.START, "LSODA", rtol=1e-9, atol=1e-6)
    at = jax.lax.fori_loop(0, 100, lambda i, x: m.flow(x, jnp.ones(1)), jnp.asarray(ode.START, jnp.float32))
    assert np.asarray(at) == pytest.approx(found.y[:, -1], rel=2e-4)


@pytest.mark.slow
def test_waste_of_constant_inflows_is_that_of_an_adaptive_solver():
    from manyminds.papers.digital_twins import metabolism as m

    found = m.constants(50_000)
    for u, waste in m.CONSTANT.items():
        assert found[f"{u:g}"] == pytest.approx(waste, abs=2e-3)
    for (start, u), waste in m.TWO_PHASES.items():
        assert m.two_phases(50_000)[f"0 to {start}, then {u:g}"] == pytest.approx(waste, abs=2e-3)


def test_an_inflow_must_not_be_negative():
    from manyminds.papers.digital_twins import metabolism as m

    for bad in ([1.0, -0.1], [float("nan")]):
        with pytest.raises(BadInput, match="inflow must be"):
            m.checked(bad)
    assert pw.enough(100) == 128
