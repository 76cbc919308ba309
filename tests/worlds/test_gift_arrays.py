"""The game of gifts on arrays against the turn-by-turn one, encounter by encounter."""

import asyncio
from random import Random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents.donors import STOCKS, Genome, Giver, founder, mutated
from manyminds.core import Seeds, play
from manyminds.theory.gift import mean_resources
from manyminds.worlds.games import gift_arrays as arrays
from manyminds.worlds.games.gift import Gift, donations, rates, reputations
from manyminds.worlds.games.gift_schedules import alternating, released

RULES = arrays.Rules(alternating(), shuffled=False)
JITTED = jax.jit(arrays.play, static_argnames="rules")


def stacked(genomes, kind=jnp.float32):
    """One population, as the only column."""
    return Genome(*(jnp.array(column, kind)[:, None] for column in zip(*genomes)))


def one_key(root):
    return jax.random.split(jax.random.key(root), 1)


def in_order(names, rounds, **options):
    """A turn-by-turn game whose places are not drawn by lot."""

    class Ordered(Gift):
        def reset(self, rng):
            state = super().reset(rng)
            return type(state)(self.players, state.resources, state.traces)

    return Ordered(names, rounds, **options)


@pytest.mark.parametrize(("links", "multiplier", "punishment"), [(3, 2.0, False), (2, 1.5, True), (0, 3.0, True)])
@given(stock=some.sampled_from(sorted(STOCKS)), root=some.integers(0, 1000))
@settings(max_examples=12)
def test_arrays_and_turns_agree(links, multiplier, punishment, stock, root):
    rng = Random(root)
    genomes = [founder(STOCKS[stock], rng) for _ in range(12)]
    names = tuple(f"1_{i}" for i in range(12))
    world = in_order(names, alternating(), links=links, multiplier=multiplier, punishment=punishment)
    played = asyncio.run(play(world, {n: Giver(g) for n, g in zip(names, genomes)}, Seeds(root)))
    assert played.ending == "finished", played.reason
    end = played.outcome
    rules = RULES._replace(links=links, multiplier=multiplier, punishment=punishment)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = jax.tree.map(np.asarray, JITTED(one_key(0), stacked(genomes, jnp.float64), rules))
    for game, final in enumerate(end.finals):
        assert found.finals[game, :, 0].tolist() == pytest.approx([final[n] for n in names], rel=1e-9)
    given_away, reputation = donations(end.encounters), reputations(end.encounters)
    assert found.given[:, 0].tolist() == pytest.approx([given_away[n] for n in names], abs=1e-5)
    assert found.reputation[:, 0].tolist() == pytest.approx([reputation[n] for n in names], abs=1e-5)
    assert float(found.punishment_rate[0]) == pytest.approx(rates(end.encounters)["punished"])


def test_the_mean_field_at_double_precision():
    with jax.enable_x64(True):
        for fraction in (0.0, 0.25, 0.5, 0.75, 1.0):
            found = JITTED(one_key(1), stacked([Genome(first=fraction)] * 12, jnp.float64), RULES)
            assert np.asarray(found.score) == pytest.approx(mean_resources(fraction), rel=1e-9)
        theirs = RULES._replace(rounds=released())
        found = JITTED(one_key(1), stacked([Genome(first=1.0)] * 12, jnp.float64), theirs)
        assert float(found.score.mean()) == pytest.approx(15360)


def test_who_had_nothing_to_give_has_no_fraction():
    """Ten give all and two nothing: whoever met one of the two after giving is without resources."""
    genomes = stacked([Genome(first=1.0)] * 10 + [Genome(first=0.0)] * 2)
    found = JITTED(one_key(0), genomes, RULES)
    assert bool((found.finals[:, :10] == 0).any()) and found.given[:, 0].tolist() == [1.0] * 10 + [0.0] * 2
    broke = JITTED(one_key(0), genomes, RULES._replace(endowment=0.0))
    assert bool(jnp.isnan(broke.given).all())


def test_columns_do_not_know_of_each_other():
    """A population plays the same alone and among others; places are drawn for each, and jitter too."""
    rules = RULES._replace(shuffled=True, errs=True)
    keys = jax.random.split(jax.random.key(5), 3)
    rng = Random(2)
    genomes = [[founder(STOCKS["reciprocal"], rng)._replace(jitter=0.05) for _ in range(12)] for _ in range(3)]
    many = jax.tree.map(lambda *columns: jnp.concatenate(columns, axis=1), *map(stacked, genomes))
    together = JITTED(keys, many, rules)
    for i in range(3):
        alone = JITTED(keys[i : i + 1], stacked(genomes[i]), rules)
        assert alone.score[:, 0].tolist() == pytest.approx(together.score[:, i].tolist(), rel=1e-5)


@pytest.mark.parametrize("stock", sorted(STOCKS))
def test_genomes_on_arrays_have_the_law_of_those_in_python(stock):
    rng, count = Random(1), 4000
    numbers = arrays.breed(STOCKS[stock], 0.06, 0.08)
    ours = arrays.founders(one_key(2), numbers, count)
    theirs = [founder(STOCKS[stock], rng) for _ in range(count)]
    children = arrays.mutated(one_key(3), numbers, ours)
    copies = [mutated(STOCKS[stock], g, rng, 0.06, 0.08) for g in theirs]
    for one, other in ((ours, theirs), (children, copies)):
        for name in Genome._fields:
            a, b = np.asarray(getattr(one, name), float), np.array([getattr(g, name) for g in other])
            assert a.mean() == pytest.approx(b.mean(), abs=0.012) and a.std() == pytest.approx(b.std(), abs=0.012), name


def test_one_trace_for_all_populations():
    traced = 0

    def counted(keys, genomes):
        nonlocal traced
        traced += 1
        return arrays.play(keys, genomes, RULES).score

    compiled = jax.jit(counted)
    for root in range(3):
        compiled(one_key(root), stacked([Genome(first=0.1 * root)] * 12))
    assert traced == 1
