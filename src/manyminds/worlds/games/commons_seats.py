"""The commons as an array world whose seats are all open: wishes come from outside, from policies that learn."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import Discrete, Effects
from manyminds.worlds.games.commons_arrays import WHOLE, Rules, proportional, stochastic


class Society(NamedTuple):
    pool: Array
    alive: Array
    catches: Array  # last month's by seat, -1 before the first
    month: Array


@dataclass(frozen=True)
class OpenCommons:
    """`members` policies at the commons of `commons_arrays`, without talk; the reward of a month is one's catch.

    A policy sees, as shares: the pool (of `full`), the month (of `months`), its own last catch and those of the others
    in the order of seats from its own on (of `full`; -1 where there is none in sight).
    """

    members: int = 5
    rules: Rules = Rules()  # noqa: RUF009  a frozen value

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(f"member {i + 1}" for i in range(self.members))

    @property
    def observation_size(self) -> int:
        return 2 + self.members

    @property
    def actions(self) -> Discrete:
        return Discrete(self.rules.full + 1)

    def reset(self, key: Array) -> Society:
        rules = self.rules
        catches = jnp.full(self.members, -1, WHOLE)
        return Society(WHOLE(rules.full), jnp.bool_(rules.full > 0), catches, WHOLE(0))

    def observe(self, state: Society) -> Array:
        """Shape (members, observation_size), float32; the switch `open_books` acts here and nowhere else."""
        full, months = jnp.float32(self.rules.full), jnp.float32(self.rules.months)
        turned = (jnp.arange(self.members)[:, None] + jnp.arange(self.members)[None, :]) % self.members
        catches = state.catches[turned]
        hidden = (jnp.arange(self.members)[None, :] > 0) & (not self.rules.open_books)
        catches = jnp.where(hidden | (catches < 0), jnp.float32(-1), catches.astype(jnp.float32) / full)
        shared = jnp.stack([state.pool.astype(jnp.float32) / full, state.month.astype(jnp.float32) / months])
        return jnp.concatenate([jnp.broadcast_to(shared, (self.members, 2)), catches], axis=1)

    def step(self, state: Society, action: Array, key: Array) -> tuple[Society, Effects]:
        """Wish, divide, test for collapse, and only then grow. A collapse is an end; the last month is the clock's."""
        rules = self.rules
        to_divide, _ = jax.random.split(key)  # as in `commons_arrays.month`, so that one key means one division
        wishes = jnp.where(state.alive, jnp.clip(action, 0, state.pool), 0).astype(WHOLE)
        divide = stochastic if rules.allocation == "stochastic" else proportional
        got = divide(state.pool, wishes, to_divide)
        left = state.pool - got.sum(dtype=WHOLE)
        alive = state.alive & (left >= max(rules.dead, 1))
        pool = jnp.where(alive, jnp.minimum(left * rules.growth, rules.cap), left).astype(WHOLE)
        after = Society(jnp.where(state.alive, pool, state.pool), alive, got, (state.month + 1).astype(WHOLE))
        cut = alive & (after.month >= rules.months)
        return after, Effects(got.astype(jnp.float32), ~alive, cut)
