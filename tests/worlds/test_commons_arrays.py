"""The array commons against the Python one, month by month, and its dice against the law."""

import asyncio

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import chi2_contingency, chisquare

from manyminds.agents import commoners as rules
from manyminds.core import Seeds, play
from manyminds.theory.commons import survival_with_median, survival_without_talk
from manyminds.worlds.games import commons_arrays as arrays
from manyminds.worlds.games.commons import ALLOCATIONS, CLERK, Commons
from manyminds.worlds.games.commons_arrays import Rules, Seats, societies

FIVE = tuple("abcde")
AGENTS = {
    "greedy": lambda n: rules.Greedy(), "takes": rules.Takes, "fair_share": lambda n: rules.FairShare(),
    "matches": rules.Matches, "compensates": rules.Compensates, "universalises": lambda n: rules.Universalises(),
    "believes": rules.Believes,
}  # fmt: skip


def one(minds, chosen=Rules(), joins=None):  # noqa: B008
    keys = jax.random.split(jax.random.key(0), 1)
    with jax.numpy_dtype_promotion("strict"):
        history = societies(keys, arrays.seats(minds, joins), chosen)
    return jax.tree.map(lambda x: x[0], history)


VECTORS = [(8, 12, 480), (10, 12, 600), (11, 4, 195), (12, 3, 160), (13, 3, 140), (14, 2, 130), (15, 2, 125),
           (20, 1, 100)]  # fmt: skip


@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_five_who_always_take_the_same(allocation):
    minds = [arrays.seats([("takes", wish)] * 5) for wish, *_ in VECTORS]
    keys = jax.random.split(jax.random.key(1), len(minds))
    seats = jax.tree.map(lambda *leaves: jnp.stack(leaves), *minds)  # another society per key, compiled once
    found = societies(keys, seats, Rules(allocation=allocation))
    assert found.survived.tolist() == [months for _, months, _ in VECTORS]
    assert found.gains.sum(1).tolist() == [total for *_, total in VECTORS]


@pytest.mark.parametrize(("mind", "months"), [("takes", 3), ("matches", 2), ("compensates", 12)])
def test_one_outsider_at_twenty(mind, months):
    assert one([("takes", 20)] + [(mind, 10)] * 4).survived == months


mixes = some.lists(some.tuples(some.sampled_from(sorted(AGENTS)), some.integers(0, 20)), min_size=5, max_size=5)


@given(mixes, some.booleans(), some.booleans(), some.sampled_from(["none", "median", "mean"]), some.integers(0, 3))
@settings(max_examples=80)
def test_arrays_and_python_agree_until_dice_fall(minds, open_books, opening, agreement, joins):
    """Dice fall only where demand exceeds the pool, which ends the society: all but who got what must agree."""
    talk = agreement != "none"
    world = Commons(FIVE, open_books=open_books, talk=talk, opening_meeting=talk and opening, joins={"e": joins})
    agents = {name: AGENTS[mind](number) for name, (mind, number) in zip(FIVE, minds)}
    clerk = {CLERK: rules.RuleClerk("mean" if agreement == "mean" else "median")}
    played = asyncio.run(play(world, agents | clerk, Seeds(1)))
    assert played.ending == "finished", played.reason
    end = played.outcome
    chosen = Rules(open_books=open_books, agreement=agreement, opening_meeting=talk and opening)
    found = one(minds, chosen, [0] * 4 + [joins])
    months = int(found.survived)
    assert (months, bool(found.alive), int(found.left)) == (end.months, end.alive, end.left)
    assert found.months.pool[:months].tolist() == end.pools
    wishes = [[month.get(name, 0) for name in FIVE] for month in end.wishes]
    assert found.months.wishes[:months].tolist() == wishes
    if sum(wishes[-1]) <= end.pools[-1]:
        assert found.gains.tolist() == list(end.gains.values())
        assert int(found.months.over.sum()) == end.over_usage


def divided(allocation, pool, wishes, count=4000, seed=3):
    divide = {"stochastic": arrays.stochastic, "proportional": arrays.proportional}[allocation]
    keys = jax.random.split(jax.random.key(seed), count)
    with jax.numpy_dtype_promotion("strict"):
        return jax.vmap(divide, in_axes=(None, None, 0))(jnp.int16(pool), jnp.array(wishes, jnp.int16), keys)


@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("wishes", [[9, 9, 9], [20, 1, 4], [0, 30, 2], [1, 1, 1]])
def test_a_division_gives_all_there_is_and_never_more_than_wished(allocation, wishes):
    got = divided(allocation, 10, wishes, 500)
    assert (got.sum(1) == min(10, sum(wishes))).all() and (got <= jnp.array(wishes)).all() and (got >= 0).all()


@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_equal_wishes_are_served_equally(allocation):
    assert chisquare(divided(allocation, 10, [9, 9, 9]).sum(0)).pvalue > 1e-4


def test_stochastic_division_has_the_law_of_the_python_one():
    from random import Random

    rng, wishes = Random(7), {"a": 8, "b": 3, "c": 5}
    theirs = [ALLOCATIONS["stochastic"](10, wishes, rng)["a"] for _ in range(4000)]
    ours = divided("stochastic", 10, [8, 3, 5])[:, 0].tolist()
    seen = sorted(set(theirs) | set(ours))
    kept = [n for n in seen if theirs.count(n) + ours.count(n) > 20]
    assert chi2_contingency([[theirs.count(n) for n in kept], [ours.count(n) for n in kept]]).pvalue > 1e-4


@pytest.mark.slow  # the claims of the paper check the same on fewer societies
def test_talk_is_worth_what_the_closed_forms_say():
    count = 20_000
    draws = jax.random.bernoulli(jax.random.key(8), 0.3, (count, 5))
    beliefs = jnp.where(draws, 20.0, 10.0)
    seats = Seats(jnp.full((count, 5), arrays.CODES["believes"], jnp.int8), beliefs, jnp.zeros((count, 5), jnp.int16))
    keys = jax.random.split(jax.random.key(9), count)
    quiet = societies(keys, seats, Rules())
    median = societies(keys, seats, Rules(agreement="median", opening_meeting=True))
    mean = societies(keys, seats, Rules(agreement="mean", opening_meeting=True))
    assert float(quiet.alive.mean()) == pytest.approx(survival_without_talk(5, 0.3), abs=0.012)
    assert float(median.alive.mean()) == pytest.approx(survival_with_median(5, 0.3), abs=0.012)
    assert (mean.months.takes[:, 0].sum(1) == quiet.months.takes[:, 0].sum(1)).all()  # a mean moves no total
    assert (mean.alive == quiet.alive).all()


def test_noise_costs_survival():
    keys = jax.random.split(jax.random.key(2), 500)
    rates = [float(societies(keys, arrays.seats([("noisy", sd)] * 5)).alive.mean()) for sd in (0, 2, 20)]
    assert rates[0] == 1 and rates[2] < 0.1 and rates == sorted(rates, reverse=True)
