"""The auction on arrays: thousands of auctions of rule bidders at once, in law the same as `auction.Auction`.

A rule is a number per seat (`CODES`) and its parameter; the conditions are those of `agents.bidders`, one definition
for both. Axes: n seats, m items. All amounts are whole dollars in int32.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.agents.bid_answers import OUT
from manyminds.agents.bidders import CONDITIONS, Prospect
from manyminds.worlds.games.auction_items import Item, Order

WHOLE = jnp.int32
ORDERS: tuple[Order, ...] = get_args(Order)
CODES = {name: code for code, name in enumerate([*CONDITIONS, "random", "withdraws"])}
DEFAULTS = {"rule": 4, "straightforward": 100, "curse-aware": 10, "learner": 0, "random": 50, "withdraws": 0}
MOST_OF_ESTIMATE = 120  # percent: what a random bidder goes up to


class Rules(NamedTuple):
    """What is fixed while compiling; the names are those of `auction.Auction`."""

    markup: int = 10
    discount: bool = False
    ties: Literal["uniform", "first"] = "uniform"


class Seats(NamedTuple):
    """Who bids: one entry a seat. Give the fields a leading axis to seat others per key."""

    codes: Array
    numbers: Array  # the rule's parameter
    budgets: Array
    overestimates: Array  # percent


class Goods(NamedTuple):
    """What is sold. `order` is a number and not fixed while compiling: all orders share one program."""

    prices: Array
    values: Array
    order: Array  # position in `ORDERS`


class State(NamedTuple):
    """Between two items."""

    budgets: Array
    profits: Array
    estimates: Array  # sum of own estimates of the items already announced, by seat
    values: Array  # sum of their true values


class Round(NamedTuple):
    """Within the sale of one item."""

    start: Array
    leader: Array  # -1: nobody
    high: Array
    out: Array
    made: Array
    halvings: Array
    rounds: Array
    sold: Array  # has the hammer fallen?
    key: Array


class Sale(NamedTuple):
    """One item of a history, in the order of sale."""

    item: Array  # position in the goods as given
    winner: Array  # -1: unsold
    price: Array
    start: Array
    made: Array  # bids by seat
    rounds: Array


class History(NamedTuple):
    """An auction's sales (axis of items) and its end (axis of seats)."""

    sales: Sale
    profits: Array
    budgets: Array


def seats(
    minds: Sequence[str | tuple[str, int]],
    budgets: int | Sequence[int] = 20_000,
    overestimates: int | Sequence[int] = 10,
) -> Seats:
    """The arrays of a table named by rules, with their numbers where these are not the default."""
    named = [(mind, DEFAULTS[mind]) if isinstance(mind, str) else mind for mind in minds]
    n = len(named)
    return Seats(
        jnp.array([CODES[name] for name, _ in named], WHOLE),
        jnp.array([number for _, number in named], WHOLE),
        jnp.broadcast_to(jnp.asarray(budgets, WHOLE), (n,)),
        jnp.broadcast_to(jnp.asarray(overestimates, WHOLE), (n,)),
    )


def goods(items: Sequence[Item], order: Order = "given") -> Goods:
    prices, values = ([getattr(item, name) for item in items] for name in ("price", "value"))
    return Goods(jnp.array(prices, WHOLE), jnp.array(values, WHOLE), jnp.array(ORDERS.index(order), WHOLE))


def wishes(seats: Seats, see: Prospect, budgets: Array, key: Array) -> Array:
    """What each seat bids if it is due: the least legal bid or `OUT`; any legal amount for who bids at random."""

    def stays(code: Array, number: Array, see: Prospect) -> Array:
        rest = (lambda number, see: see.made < 0,) * (len(CODES) - len(CONDITIONS))
        return lax.switch(code, (*CONDITIONS.values(), *rest), number, see)

    to_leave, to_choose = jax.random.split(key)
    n = budgets.shape
    bids = jnp.where(jax.vmap(stays)(seats.codes, seats.numbers, see), see.minimum, OUT)
    most = jnp.minimum(budgets, see.estimate * MOST_OF_ESTIMATE // 100)
    anything = jax.random.randint(to_choose, n, see.minimum, jnp.maximum(most, see.minimum) + 1, WHOLE)
    leaves = (jax.random.uniform(to_leave, n) * 100 < seats.numbers.astype(jnp.float32)) | (most < see.minimum)
    bids = jnp.where(seats.codes == CODES["random"], jnp.where(leaves, OUT, anything), bids)
    return jnp.where(see.minimum <= budgets, bids, OUT)


def bid(rules: Rules, seats: Seats, state: State, estimate: Array, now: Round) -> Round:
    """One round: all who are due bid at once, against the highest bid of the rounds before."""
    n = state.budgets.shape[0]
    key, to_bid, to_lead = jax.random.split(now.key, 3)
    step = jnp.maximum(now.start * rules.markup // 100, 1)
    least = jnp.where(now.leader >= 0, now.high + step, now.start)
    see = Prospect(
        jnp.broadcast_to(least, (n,)), estimate, now.made, state.estimates, jnp.broadcast_to(state.values, (n,))
    )
    due = ~now.out & (jnp.arange(n) != now.leader)
    bids = jnp.where(due, wishes(seats, see, state.budgets, to_bid), OUT)
    placed = bids != OUT
    count = placed.sum(dtype=WHOLE)
    best = placed & (bids == bids.max())
    luck = jax.random.uniform(to_lead, (n,)) if rules.ties == "uniform" else -jnp.arange(n, dtype=jnp.float32)
    leader = jnp.where(count > 0, jnp.argmax(jnp.where(best, luck, -jnp.inf)).astype(WHOLE), now.leader)
    high = jnp.where(count > 0, bids.max(), now.high)
    out = now.out | (due & ~placed)
    others = (~out & (jnp.arange(n) != leader)).any()
    lower = (leader < 0) & rules.discount & (now.halvings < 3) & (now.start > 1)
    sold = ~lower & ((count == 0) | ((now.leader < 0) & (count == 1)) | ~others)
    lowered = lower.astype(WHOLE)
    start = jnp.where(lower, now.start // 2, now.start)
    return Round(start, leader, high, out & ~lower, now.made + placed.astype(WHOLE), now.halvings + lowered,
                 now.rounds + 1, sold, key)  # fmt: skip


def sale(rules: Rules, seats: Seats, goods: Goods, state: State, at: tuple[Array, Array]) -> tuple[State, Sale]:
    """One item from its announcement to the hammer."""
    item, key = at
    n = state.budgets.shape[0]
    price, value = goods.prices[item], goods.values[item]
    estimate = value * (100 + seats.overestimates) // 100
    first = Round(
        price, WHOLE(-1), WHOLE(0), jnp.zeros(n, bool), jnp.zeros(n, WHOLE), WHOLE(0), WHOLE(0), jnp.bool_(False), key
    )
    end = lax.while_loop(lambda now: ~now.sold, partial(bid, rules, seats, state, estimate), first)
    won = (jnp.arange(n) == end.leader).astype(WHOLE)
    after = State(state.budgets - won * end.high, state.profits + won * (value - end.high), state.estimates + estimate,
                  state.values + value)  # fmt: skip
    return after, Sale(item, end.leader, end.high, end.start, end.made, end.rounds)


def auction(key: Array, seats: Seats, goods: Goods, rules: Rules) -> History:
    """One auction from its first item to its last."""
    to_order, to_sell = jax.random.split(key)
    m = goods.prices.shape[0]
    dear = goods.prices.astype(jnp.float32)
    ranks = {"given": jnp.arange(m, dtype=jnp.float32), "ascending": dear, "descending": -dear,
             "shuffled": jax.random.uniform(to_order, (m,))}  # fmt: skip
    order = jnp.argsort(jnp.stack([ranks[name] for name in ORDERS])[goods.order], stable=True)
    zeros = jnp.zeros_like(seats.budgets)
    start = State(seats.budgets, zeros, zeros, WHOLE(0))
    at = (order.astype(WHOLE), jax.random.split(to_sell, m))
    end, sales = lax.scan(partial(sale, rules, seats, goods), start, at)
    return History(sales, end.profits, end.budgets)


@partial(jax.jit, static_argnames="rules")
def auctions(keys: Array, seats: Seats, goods: Goods, rules: Rules = Rules()) -> History:  # noqa: B008  a frozen value
    """One auction a key. `seats` are the same for all, or have a leading axis as long as `keys`."""
    shared = None if seats.codes.ndim == 1 else 0
    return jax.vmap(auction, in_axes=(0, shared, None, None))(keys, seats, goods, rules)
