"""The auction on arrays against the Python one, sale by sale, and its dice against their law."""

import asyncio

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import chisquare, ks_2samp

from manyminds.agents import bidders as rules
from manyminds.core import Seeds, play
from manyminds.worlds.games import auction_arrays as arrays
from manyminds.worlds.games.auction import Auction
from manyminds.worlds.games.auction_arrays import Rules, auctions
from manyminds.worlds.games.auction_items import Entrant, Item, ordered, standard_items

AGENTS = {"rule": rules.RaisesUpTo, "straightforward": rules.Straightforward, "curse-aware": rules.CurseAware,
          "learner": rules.Learner, "withdraws": lambda n: rules.Withdraws()}  # fmt: skip
ITEMS = (*standard_items()[::3], Item("odd", 1237, 999), Item("last", 610, 5000))


def in_python(minds, budgets, overestimates, root=0, items=ITEMS, **options):
    names = [f"b{i}" for i in range(len(minds))]
    entrants = tuple(Entrant(*who, plan="none", beliefs=False) for who in zip(names, budgets, overestimates))
    world = Auction(items, entrants, spoken=False, **options)
    seats = {who: AGENTS[name](n) if name in AGENTS else rules.RandomLegal(n) for who, (name, n) in zip(names, minds)}
    return asyncio.run(play(world, seats, Seeds(root))).outcome


minds = some.lists(
    some.one_of(
        some.tuples(some.just("rule"), some.integers(0, 6)),
        some.tuples(some.just("straightforward"), some.integers(50, 130)),
        some.tuples(some.just("curse-aware"), some.integers(0, 40)),
        some.tuples(some.just("learner"), some.integers(0, 20)),
        some.tuples(some.just("withdraws"), some.just(0)),
    ),
    min_size=3,
    max_size=3,
)


@given(
    minds,
    some.lists(some.integers(0, 15_000), min_size=3, max_size=3),
    some.lists(some.integers(-60, 60), min_size=3, max_size=3),
    some.sampled_from([("given", True), ("descending", False)]),
)
@settings(max_examples=30)
def test_arrays_and_python_agree_to_the_dollar(table, budgets, overestimates, how):
    """Without dice (equal bids go to the first by seat) every sale, count and dollar is the same."""
    order, discount = how
    end = in_python(table, budgets, overestimates, discount=discount, order=order, ties="first")
    with jax.numpy_dtype_promotion("strict"):
        seen = auctions(
            jax.random.split(jax.random.key(0), 1),
            arrays.seats(table, budgets, overestimates),
            arrays.goods(ITEMS, order),
            Rules(discount=discount, ties="first"),
        )
    sales = jax.tree.map(lambda leaf: np.asarray(leaf[0]), seen.sales)
    names = [f"b{i}" for i in range(3)]
    for i, sale in enumerate(end.sales):
        assert ITEMS[sales.item[i]].name == sale.item
        assert (sales.winner[i], sales.price[i], sales.start[i], sales.rounds[i]) == (
            names.index(sale.winner) if sale.winner else -1, sale.price, sale.start, len(sale.path))  # fmt: skip
        assert [end.seats[who].engagement.get(sale.item, 0) for who in names] == sales.made[i].tolist()
    assert seen.profits[0].tolist() == [end.profits[who] for who in names]
    assert seen.budgets[0].tolist() == [end.seats[who].budget for who in names]


@pytest.mark.slow
def test_with_dice_they_agree_in_law():
    table = [("rule", 4), ("random", 40), ("straightforward", 100)]
    one = [
        in_python(table, [12_000] * 3, [10] * 3, root, standard_items()[::2], order="shuffled").profits
        for root in range(150)
    ]
    seen = auctions(
        jax.random.split(jax.random.key(5), 3000),
        arrays.seats(table, 12_000),
        arrays.goods(standard_items()[::2], "shuffled"),
    )
    for seat in range(3):
        assert ks_2samp([p[f"b{seat}"] for p in one], np.asarray(seen.profits[:, seat])).pvalue > 1e-3


def standard(minds, seed, budgets=10**6, overestimates=10, order="shuffled"):
    """500 auctions of three over the standard items: one shape, so one program for all that follows."""
    seated = arrays.seats(minds, budgets, overestimates)
    return auctions(jax.random.split(jax.random.key(seed), 500), seated, arrays.goods(standard_items(), order))


def test_first_leaders_are_uniform():
    winners = np.asarray(standard([("rule", 1)] * 3, 1).sales.winner)
    assert chisquare(np.bincount(winners.ravel(), minlength=3)).pvalue > 1e-4


def test_it_is_traced_once_for_all_tables_and_orders():
    standard(["rule"] * 3, 0)
    before = auctions._cache_size()
    for number, order in enumerate(arrays.ORDERS):
        standard([("rule", number), "random", ("curse-aware", number)], number, 1000 * number, number, order)
    assert auctions._cache_size() == before


@pytest.mark.parametrize("o", [-10, 0, 10])
def test_the_curse_and_the_books(o):
    seen = standard(["straightforward"] * 3, 2, overestimates=o)
    start, price = np.asarray(seen.sales.start), np.asarray(seen.sales.price)
    assert ((2 * start - price) * 100 == -2 * o * start).all()
    assert (3 * 10**6 - np.asarray(seen.budgets).sum(1) == price.sum(1)).all()


def test_orders_are_those_of_the_other_world():
    for order in ("given", "ascending", "descending"):
        sold = np.asarray(standard(["rule"] * 3, 3, order=order).sales.item)
        expected = [standard_items().index(item) for item in ordered(standard_items(), order, None)]
        assert (sold == expected).all()
    first = np.asarray(standard(["rule"] * 3, 3).sales.item)[:, 0]
    assert chisquare(np.bincount(first, minlength=10)).pvalue > 1e-4
