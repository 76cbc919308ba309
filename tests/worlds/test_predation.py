"""Rules of the wolves and sheep: balances, feeding, breeding, regrowth, removal, and the law of the literal model."""

from dataclasses import replace
from functools import cache, partial
from random import Random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from predation_literal import literal
from scipy.stats import ks_2samp

from manyminds.core import BadInput
from manyminds.theory import predation as ode
from manyminds.worlds.populations.predation import GREEN, Predation
from manyminds.worlds.populations.slots import births, chosen, winners, words

WORLD = Predation(20)
CROWD = replace(WORLD, size=1, room=(64.0, 64.0))  # one patch: everybody meets everybody


@cache
def jitted(world, what):
    return jax.jit(getattr(world, what))


def started(seed=0, world=WORLD):
    return jitted(world, "reset")(jax.random.key(seed))


def crowd(sheep, wolves):
    land = started(0, CROWD)
    slots = jnp.arange(64)
    return land._replace(
        sheep=land.sheep._replace(alive=slots < sheep), wolves=land.wolves._replace(alive=slots < wolves)
    )


@given(some.integers(0, 2**31), some.floats(0, 40), some.floats(0, 40))
@settings(max_examples=25)
def test_births_and_deaths_balance_and_nobody_leaves_the_torus(seed, sheep, wolves):
    before = started(seed)
    after, told = jitted(WORLD, "ticked")(before, jnp.array([sheep, wolves], jnp.float32), jax.random.key(seed + 1))
    n, m = WORLD.observe(before)[1:], WORLD.observe(after)[1:]
    lost = told.starved + told.removed + jnp.array([told.eaten, 0])
    assert np.array_equal(m, n + told.born - lost)
    assert (told.removed <= jnp.ceil(jnp.array([sheep, wolves]))).all() and (m >= 0).all() and after.lost == 0
    for herd in (after.sheep, after.wolves):
        assert (herd.x >= 0).all() and (herd.x <= 20).all() and (herd.energy[herd.alive] >= 0).all()


@given(some.integers(0, 2**31))
@settings(max_examples=10)
def test_energy_is_kept_but_for_meals_and_moves(seed):
    land = started(seed, WORLD)
    sheep = land.sheep._replace(energy=land.sheep.energy + 1)  # so that nobody starves
    after, _, meals, starved, _ = jitted(WORLD, "graze")(sheep, land.wait, jax.random.key(seed))
    assert starved == 0
    total = float((sheep.energy * sheep.alive).sum()) + 4 * int(meals) - int(sheep.alive.sum())
    assert float((after.energy * after.alive).sum()) == pytest.approx(total, abs=1e-3)
    assert int(meals) <= int((land.wait == GREEN).sum())


def test_offspring_do_not_act_in_the_tick_of_their_birth():
    world = replace(WORLD, sheep_breed=1.0, grass_energy=0.0)
    land = started(1, world)
    sheep = land.sheep._replace(energy=jnp.full_like(land.sheep.energy, 9.0))
    after, _, _, _, bred = jitted(world, "graze")(sheep, land.wait, jax.random.key(0))
    assert int(bred.child.sum()) == int(sheep.alive.sum())
    # Half of 9 - 1; had they moved they would have 3.
    assert np.all(np.asarray(after.energy)[np.asarray(after.alive)] == 4.0)
    gap = np.hypot(*(np.mod(np.asarray(a[bred.child] - a[bred.parent[bred.child]]) + 10, 20) - 10
                     for a in (after.x, after.y)))  # fmt: skip
    assert np.allclose(gap, 1, atol=1e-4)


@given(some.integers(0, 64), some.integers(0, 64), some.integers(0, 99))
@settings(max_examples=20)
def test_no_sheep_feeds_two_wolves(sheep, wolves, seed):
    world = replace(CROWD, sheep_breed=0.0, wolves_breed=0.0)
    land = crowd(sheep, wolves)
    _, left, eaten, _, _ = jitted(world, "hunt")(land.wolves, land.sheep, jax.random.key(seed))
    assert int(eaten) == min(sheep, wolves) and int(left.alive.sum()) == sheep - min(sheep, wolves)


def test_one_sheep_grazes_a_patch_and_it_is_green_again_after_31_ticks():
    world = replace(CROWD, sheep_breed=0.0)
    land = crowd(5, 0)._replace(wait=jnp.full(1, GREEN, jnp.int8))
    land = land._replace(sheep=land.sheep._replace(energy=jnp.full(64, 100.0)))
    meals = []
    step = jitted(world, "ticked")
    for t in range(63):
        land, told = step(land, jnp.zeros(2), jax.random.key(t))
        meals.append(int(told.meals))
    assert [t for t, m in enumerate(meals) if m] == [0, 31, 62] and max(meals) == 1


def test_rounding_carries_fractions_over_and_plain_rounding_loses_them():
    for rounding, removed in (("carried", 3), ("plain", 0)):
        land, gone, control = crowd(0, 20), 0, jitted(replace(CROWD, rounding=rounding), "controlled")
        for t in range(10):
            land, removed_now = control(land, jnp.array([0.0, 0.3]), jax.random.key(t))
            gone += int(removed_now[1])
        assert gone == removed


def test_removal_is_exact_capped_and_never_negative():
    step = jitted(WORLD, "ticked")
    for wanted, removed in ((1e6, None), (-5.0, 0)):
        before = started(3)
        after, told = step(before, jnp.full(2, wanted), jax.random.key(0))
        if removed is None:
            assert np.array_equal(WORLD.observe(after)[1:], [0, 0])
            assert bool(WORLD.extinct(after))
        else:
            assert np.array_equal(told.removed, [0, 0])
        assert (jnp.abs(after.carry) <= 0.5).all()


def slots(key, alive, number, place):
    word = words(key, 100)
    return word, chosen(word, alive, number), winners(word, place, alive, 30), births(alive, alive)


slots = jax.jit(slots)


@given(some.integers(0, 2**31), some.integers(0, 100))
@settings(max_examples=20)
def test_slots(seed, number):
    rng = np.random.default_rng(seed)
    alive, place = rng.random(100) < 0.6, rng.integers(0, 30, 100)
    word, picked, wins, found = (jax.tree.map(np.asarray, a) for a in slots(jax.random.key(seed), alive, number, place))
    assert len(set(np.asarray(word).tolist())) == 100
    assert int(picked.sum()) == min(number, int(alive.sum())) and not (picked & ~alive).any()
    assert sorted(place[wins]) == sorted(set(place[alive].tolist()))
    room, n = 100 - int(alive.sum()), int(alive.sum())
    assert int(found.child.sum()) == min(room, n) and int(found.lost) == max(n - room, 0)
    parents = found.parent[found.child]
    assert len(set(parents.tolist())) == len(parents) and alive[parents].all()


def test_shares_remove_their_share():
    world = replace(WORLD, by="share", density=(0.8, 0.4), room=(2.0, 1.0))
    land = started(0, world)
    after, gone = jitted(world, "controlled")(land, jnp.array([0.5, 0.25, 0.75]), jax.random.key(0))
    green = (land.wait == GREEN).sum(), (after.wait == GREEN).sum()
    assert abs(int(green[1]) - int(green[0]) / 2) < 40
    assert abs(int(gone[0]) - 80) < 40 and abs(int(gone[1]) - 120) < 30
    assert np.all(np.asarray(after.wait)[np.asarray(after.wait != land.wait)] == world.regrowth)


def test_closed_form_of_the_equilibrium():
    point = ode.equilibrium(ode.Shares(0.001, 0.002, 0.003))
    a, b, c = ode.rates(point)
    assert a == pytest.approx(0.001 * point.grass) and b == pytest.approx(0.002 * point.sheep)
    assert c == pytest.approx(0.003 * point.wolves)
    found = ode.needed(4600, 1150)
    assert ode.equilibrium(found)[1:] == pytest.approx((4600, 1150))
    small = ode.needed(460, 115, scale=0.1)
    assert small == pytest.approx(found)


@pytest.mark.parametrize("target", [(4000, 100), (4600, 5000), (9000, 1)])
def test_what_cannot_be_reached_is_refused_with_what_can(target):
    with pytest.raises(BadInput, match="sheep must be at least 4219"):
        ode.needed(*target)


@pytest.mark.slow
def test_the_law_is_that_of_the_literal_model():
    ticks, runs = 40, 200
    world = replace(WORLD, density=(60 / 400, 30 / 400), room=(1.0, 0.5))

    def one(key):
        def tick(land, key):
            return world.step(land, jnp.zeros(2), key)[0], None

        return world.observe(jax.lax.scan(tick, world.reset(key), jax.random.split(key, ticks))[0])

    ours = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), runs)))
    play = partial(literal, 20, 60, 30, ticks)
    theirs = np.array([play(Random(i)) for i in range(runs)])
    for i in range(3):
        assert ks_2samp(ours[:, i], theirs[:, i]).pvalue > 0.01, (ours.mean(0), theirs.mean(0))
