"""The commons on arrays: thousands of societies of rule minds at once, in law the same as `commons.Commons`.

A rule is a number per seat (`CODES`) and a parameter; it is a pure function of what its seat may know (`Sight`). Talk
is the channel that rules make of it: who believes proposes, and the median (or mean) of the proposals is the limit.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

WHOLE = jnp.int16  # pools and catches are small; narrow lanes are twice as many
FAR = 10_000  # beyond every pool


class Rules(NamedTuple):
    """What is fixed while compiling; the names are those of `commons.Commons`."""

    months: int = 12
    full: int = 100
    cap: int = 100
    dead: int = 5
    growth: int = 2
    open_books: bool = True
    allocation: Literal["stochastic", "proportional"] = "stochastic"
    agreement: Literal["none", "median", "mean"] = "none"
    opening_meeting: bool = False


class Seats(NamedTuple):
    """Who sits where: one entry a member. Give the fields a leading axis to play a different society per key."""

    codes: Array
    numbers: Array  # the rule's parameter: wish, opening, belief or standard deviation
    joins: Array  # whole months before the member takes part


class Sight(NamedTuple):
    """All that one member may know when it harvests."""

    pool: Array
    members: Array
    catches: Array  # last month's by seat, -1 where not in sight
    others: Array  # the same without its own
    limit: Array  # -1: none
    noise: Array  # its own standard normal draw


class State(NamedTuple):
    pool: Array
    alive: Array
    catches: Array  # last month's by seat, -1 for who was not there


class Month(NamedTuple):
    """One month of a history; in a dead society every count is 0."""

    pool: Array
    wishes: Array
    takes: Array
    begun: Array  # was there a harvest?
    over: Array  # how many took more than their share


class History(NamedTuple):
    """A society's months (leading axis) and its end."""

    months: Month
    left: Array
    alive: Array

    @property
    def survived(self) -> Array:
        """Months harvested in, the one that collapsed included."""
        return self.months.begun.sum(-1)

    @property
    def gains(self) -> Array:
        return self.months.takes.sum(-2, dtype=jnp.int32)


# ---- the rules, each a function of (parameter, sight)


def share(sight: Sight) -> Array:
    return sight.pool // 2 // sight.members


def whole(number: Array) -> Array:
    """Without its fraction, and no larger than a lane holds."""
    return jnp.clip(number, -FAR, FAR).astype(WHOLE)


def greedy(number: Array, sight: Sight) -> Array:
    return sight.pool


def takes(number: Array, sight: Sight) -> Array:
    return whole(number)


def fair_share(number: Array, sight: Sight) -> Array:
    return share(sight)


def noisy(number: Array, sight: Sight) -> Array:
    return whole(jnp.round(share(sight).astype(jnp.float32) + number * sight.noise))


def matches(number: Array, sight: Sight) -> Array:
    greediest = sight.catches.max()
    return jnp.where(greediest < 0, whole(number), greediest)


def compensates(number: Array, sight: Sight) -> Array:
    greediest = sight.others.max()
    room = jnp.maximum(sight.pool // 2 - greediest, 0) // jnp.maximum(sight.members - 1, 1)
    return jnp.where(greediest < 0, whole(number), room)


def believes(number: Array, sight: Sight) -> Array:
    return jnp.where(sight.limit < 0, whole(number), sight.limit)


RULES: dict[str, Callable[[Array, Sight], Array]] = {
    "greedy": greedy, "takes": takes, "fair_share": fair_share, "noisy": noisy, "matches": matches,
    "compensates": compensates, "universalises": fair_share, "believes": believes,
}  # fmt: skip
CODES = {name: code for code, name in enumerate(RULES)}


def seats(minds: Sequence[tuple[str, float]], joins: Sequence[int] | None = None) -> Seats:
    """The arrays of a society that is named by rule and parameter, as in `[("takes", 20), ("matches", 10)]`."""
    return Seats(
        jnp.array([CODES[name] for name, _ in minds], jnp.int8),
        jnp.array([number for _, number in minds], jnp.float32),
        jnp.array(joins or [0] * len(minds), WHOLE),
    )


# ---- dividing a pool


def stochastic(pool: Array, wishes: Array, key: Array) -> Array:
    """Unit by unit, each to a uniformly random member who still wants more: no shortcut, so exact in law."""
    demand = wishes.sum(dtype=WHOLE)
    scarce = demand > pool

    def unit(carry: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        want, left, counter, seed = carry
        hungry = (want > 0).astype(WHOLE)
        among = jnp.cumsum(hungry, dtype=WHOLE)
        drawn = mixed(seed + counter * jnp.uint32(0x9E3779B9))
        chosen = (((drawn >> 8) * among[-1].astype(jnp.uint32)) >> 24).astype(WHOLE)  # 24 bits: up to 256 members
        served = (among == chosen + 1) & (hungry == 1) & (left > 0)
        return want - served.astype(WHOLE), left - (left > 0).astype(WHOLE), counter + 1, seed

    start = (wishes, jnp.where(scarce, pool, 0).astype(WHOLE), jnp.uint32(0), jax.random.bits(key, dtype=jnp.uint32))
    want, *_ = lax.while_loop(lambda carry: carry[1] > 0, unit, start)
    return jnp.where(scarce, wishes - want, wishes)


def mixed(x: Array) -> Array:
    """A 32-bit counter scrambled to random bits (Murmur3's finaliser): one key a month, one cheap draw a unit."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def proportional(pool: Array, wishes: Array, key: Array) -> Array:
    """In proportion to the wishes; the units lost by rounding down go to random members with a remainder."""
    wide, stock = wishes.astype(jnp.int32), pool.astype(jnp.int32)
    demand = jnp.maximum(wide.sum(dtype=jnp.int32), 1)
    floor, rest = wide * stock // demand, wide * stock % demand
    luck = jnp.where(rest > 0, jax.random.uniform(key, wishes.shape), 2.0)
    rank = jnp.argsort(jnp.argsort(luck)).astype(jnp.int32)
    got = floor + ((rank < stock - floor.sum(dtype=jnp.int32)) & (rest > 0)).astype(jnp.int32)
    return jnp.where(demand > stock, got, wide).astype(WHOLE)


# ---- a month


def agreed(rules: Rules, seats: Seats, month: Array) -> Array:
    """The limit in force: what the clerk reads from the proposals of the last meeting; -1 for none."""
    met = jnp.maximum(month - 1, 0)  # whole months behind those who were at the last meeting
    heard = (seats.codes == CODES["believes"]) & (seats.joins <= met)
    said, count = whole(seats.numbers), heard.sum(dtype=WHOLE)
    if rules.agreement == "mean":
        limit = jnp.where(heard, said, 0).sum(dtype=WHOLE) // jnp.maximum(count, 1)
    else:
        ranked = jnp.sort(jnp.where(heard, said, FAR))
        limit = (ranked[jnp.maximum(count - 1, 0) // 2] + ranked[count // 2 % said.shape[0]]) // 2
    none = (count == 0) | ((month == 0) & (not rules.opening_meeting))
    return jnp.where(none, -1, limit).astype(WHOLE)


def sights(rules: Rules, state: State, here: Array, limit: Array, noise: Array) -> Sight:
    """Every seat's sight, stacked; the switch `open_books` acts here and nowhere else."""
    n = here.shape[0]
    own = jnp.eye(n, dtype=bool)
    was_there = state.catches >= 0
    visible = own | (was_there[:, None] if rules.open_books else jnp.zeros((n, n), bool))
    catches = jnp.where(visible, state.catches[None, :], -1).astype(WHOLE)
    others = jnp.where(own, -1, catches).astype(WHOLE)
    pool = jnp.broadcast_to(state.pool, (n,))
    members = jnp.broadcast_to(here.sum(dtype=WHOLE), (n,))
    return Sight(pool, members, catches, others, jnp.broadcast_to(limit, (n,)), noise)


def month(rules: Rules, seats: Seats, state: State, month: Array, key: Array) -> tuple[State, Month]:
    """Wish, divide, test for collapse, and only then grow."""
    to_divide, to_err = jax.random.split(key)
    here = (seats.joins <= month) & state.alive
    limit = agreed(rules, seats, month) if rules.agreement != "none" else jnp.int16(-1)
    noise = jax.random.normal(to_err, here.shape, jnp.float32)
    seen = sights(rules, state, here, limit, noise)
    wished = jax.vmap(lambda code, number, sight: lax.switch(code, tuple(RULES.values()), number, sight))(
        seats.codes.astype(jnp.int32), seats.numbers, seen
    )
    wishes = jnp.where(here, jnp.clip(wished, 0, state.pool), 0).astype(WHOLE)
    got = (stochastic if rules.allocation == "stochastic" else proportional)(state.pool, wishes, to_divide)
    left = state.pool - got.sum(dtype=WHOLE)
    alive = state.alive & (left >= max(rules.dead, 1))
    pool = jnp.where(alive, jnp.minimum(left * rules.growth, rules.cap), left).astype(WHOLE)
    over = (here & (got > seen.pool // 2 // jnp.maximum(seen.members, 1))).sum(dtype=WHOLE)
    after = State(jnp.where(state.alive, pool, state.pool), alive, jnp.where(here, got, -1).astype(WHOLE))
    return after, Month(state.pool, wishes, got, state.alive, over)


def society(key: Array, seats: Seats, rules: Rules) -> History:
    """One society from its first month to its last."""
    start = State(WHOLE(rules.full), jnp.bool_(rules.full > 0), jnp.full(seats.codes.shape, -1, WHOLE))

    def one(state: State, at: tuple[Array, Array]) -> tuple[State, Month]:
        return month(rules, seats, state, *at)

    at = (jnp.arange(rules.months, dtype=WHOLE), jax.random.split(key, rules.months))
    end, history = lax.scan(one, start, at)
    return History(history, end.pool, end.alive)


@partial(jax.jit, static_argnames="rules")
def societies(keys: Array, seats: Seats, rules: Rules = Rules()) -> History:  # noqa: B008  a frozen value
    """One society a key. `seats` are the same for all, or have a leading axis as long as `keys`."""
    shared = None if seats.codes.ndim == 1 else 0
    return jax.vmap(society, in_axes=(0, shared, None))(keys, seats, rules)
