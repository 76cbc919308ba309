"""The game of gifts on arrays: thousands of populations of genomes at once, in law the same as `gift.Gift`.

Axes: n players, then B populations, one a column, because rows of columns are what a processor adds fastest. A genome
has its genes as arrays (n, B). Who meets whom is the same in all columns and fixed while compiling; who sits at which
place of the schedule is drawn for each column. Every column has a key of its own, so its draws do not depend on B.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.agents.donors import DIGITS, LIMITS, Genome, Stock, decide
from manyminds.worlds.games.gift import DISCOUNT
from manyminds.worlds.games.gift_schedules import Rounds, swapped

SIGHT = 3  # links that a genome can weigh


class Rules(NamedTuple):
    """What is fixed while compiling; the names are those of `gift.Gift`."""

    rounds: Rounds
    endowment: float = 10.0
    multiplier: float = 2.0
    links: int = 3
    punishment: bool = False
    bite: float = 2.0
    shuffled: bool = True  # are places drawn by lot, as in `Gift.reset`?
    errs: bool = False  # do genomes have jitter? Without, no noise is drawn


class Meeting(NamedTuple):
    """One round as the schedule has it, (n,) each."""

    partner: Array
    gives: Array
    depth: Array  # how many acts a donor sees


class State(NamedTuple):
    """(n, B) each, by place."""

    resources: Array
    links: tuple[Array, Array, Array]  # fractions in the trace of each, newest first
    reputation: Array  # negative before the first act
    given: Array  # sum of the fractions given
    turns: Array  # as donor with anything to give
    punished: Array  # how often it punished


class Played(NamedTuple):
    """Two games with swapped roles."""

    score: Array  # (n, B) mean of the final resources
    finals: Array  # (2, n, B)
    given: Array  # (n, B) mean fraction over the turns in which there was anything to give; nan without any
    reputation: Array  # (n, B) mean over the games
    punishment_rate: Array  # (B,) share of encounters


def per_column(keys: Array, draw: Callable[[Array], Array]) -> Array:
    """What `draw` gives for each key, as columns."""
    return jax.vmap(draw, out_axes=-1)(keys)


def branches(keys: Array, count: int) -> Array:
    """`count` keys from each: (count, B)."""
    return jax.vmap(lambda key: jax.random.split(key, count), out_axes=1)(keys)


def meetings(rounds: Rounds, players: int, links: int) -> Meeting:
    """The rounds of a schedule, (R, n) each."""
    partner = np.zeros((len(rounds), players), np.int32)
    gives = np.zeros((len(rounds), players), bool)
    depth = np.zeros((len(rounds), players), np.int32)
    known = np.zeros(players, np.int32)
    for number, pairs in enumerate(rounds):
        donors, recipients = np.array(pairs).T
        partner[number, donors], partner[number, recipients] = recipients, donors
        gives[number, donors] = True
        depth[number, donors] = np.minimum(known[recipients], links)
        known[donors] = known[recipients] + 1
    return Meeting(jnp.array(partner), jnp.array(gives), jnp.array(depth))


def meet(genomes: Genome, rules: Rules, state: State, meeting: Meeting, noise: Array) -> State:
    """One round: all donors decide on what was there before it, then all effects apply."""
    own, theirs = state.resources, state.resources[meeting.partner]
    seen = tuple(link[meeting.partner] for link in state.links)
    known = tuple((meeting.depth > k)[:, None] for k in range(SIGHT))
    decision = decide(genomes, seen, known, noise, jnp)
    nothing, gives = jnp.zeros_like(own), meeting.gives[:, None]
    punishes = gives & decision.punish & rules.punishment
    gifts = gives & ~punishes & (own > 0)
    given = jnp.where(gifts, decision.fraction, nothing)
    spent = jnp.where(punishes, genomes.punish_size, given) * own
    effect = jnp.where(punishes, -jnp.minimum(rules.bite * spent, theirs), rules.multiplier * spent)
    trace = (given, *seen[:-1])
    deserved, before = state.reputation[meeting.partner], state.reputation
    treated = jnp.where(deserved < 0, given, 1 - jnp.abs(given - deserved))
    judged = jnp.where(before < 0, given, (treated + DISCOUNT * before) / (1 + DISCOUNT))
    return State(
        own - spent + effect[meeting.partner],
        tuple(jnp.where(gives, new, old) for new, old in zip(trace, state.links)),
        jnp.where(gives, judged, before),
        state.given + given,
        state.turns + (gives & (own > 0)).astype(own.dtype),
        state.punished + punishes.astype(own.dtype),
    )  # fmt: skip


def game(keys: Array, genomes: Genome, rules: Rules, schedule: Meeting) -> State:
    """One game of players who sit in the order of places; `schedule` has a leading axis of rounds."""
    nothing = jnp.zeros_like(genomes.first)
    start = State(jnp.full_like(nothing, rules.endowment), (nothing,) * SIGHT, jnp.full_like(nothing, -1), nothing,
                  nothing, nothing)  # fmt: skip
    rounds, n = schedule.partner.shape

    def one(state: State, at: tuple[Meeting, Array]) -> tuple[State, None]:
        meeting, number = at
        if rules.errs:
            luck = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys, number)
            noise = per_column(luck, lambda key: jax.random.normal(key, n, nothing.dtype))
        else:
            noise = nothing
        return meet(genomes, rules, state, meeting, noise), None

    return lax.scan(one, start, (schedule, jnp.arange(rounds, dtype=jnp.int32)))[0]


def ranks(value: Array) -> Array:
    """How many of a column are below each entry, ties by position (n, B): faster here than sorting."""
    n = value.shape[0]
    earlier = jnp.tri(n, k=-1, dtype=bool)[:, :, None]
    below = (value[None] < value[:, None]) | ((value[None] == value[:, None]) & earlier)
    return below.sum(1, dtype=jnp.int32)


def play(keys: Array, genomes: Genome, rules: Rules) -> Played:
    """A generation: the schedule twice with roles swapped; nothing carries over from the first game to the second."""
    n = genomes.first.shape[0]
    to_place, *to_play = branches(keys, 3)
    player = jnp.broadcast_to(jnp.arange(n, dtype=jnp.int32)[:, None], genomes.first.shape)  # at each place
    place = player  # of each player
    if rules.shuffled:
        luck = per_column(to_place, lambda key: jax.random.uniform(key, n))
        place = ranks(luck)
        player = (place[None] == player[:, None]).argmax(1).astype(jnp.int32)
    seated = jax.tree.map(lambda gene: jnp.take_along_axis(gene, player, axis=0), genomes)
    both = [meetings(rounds, n, rules.links) for rounds in (rules.rounds, swapped(rules.rounds))]
    schedules = jax.tree.map(lambda *rounds: jnp.stack(rounds), *both)
    end = lax.map(lambda at: game(at[0], seated, rules, at[1]), (jnp.stack(to_play), schedules))

    def by_player(value: Array) -> Array:
        return jnp.take_along_axis(value, place, axis=0)

    finals = jax.vmap(by_player)(end.resources)
    turns, total = end.turns.sum(0), end.given.sum(0)
    given = jnp.where(turns > 0, total / jnp.maximum(turns, 1), jnp.nan)
    encounters = 2 * sum(map(len, rules.rounds))
    rate = end.punished.sum((0, 1)) / encounters
    return Played(finals.mean(0), finals, by_player(given), by_player(end.reputation.mean(0)), rate)


# ---- genomes on arrays


class Breed(NamedTuple):
    """A stock and how it is copied, as numbers (genes, B): one compiled function serves all stocks."""

    least: Array  # genes are kept from here
    most: Array  # to here
    start: Array  # a founder's gene is start + width * uniform + spread * normal
    width: Array
    spread: Array
    noise: Array  # of a copy
    bias: Array


def breed(stock: Stock, noise: float = 0.06, bias: float = 0.0) -> Breed:
    """The numbers of a stock, (genes, 1) each; what it does not draw stays as it is."""
    rows = []
    for name, default in Genome()._asdict().items():
        law, a, b = stock.drawn.get(name, ("fixed", stock.fixed.get(name, default), 0.0))
        low, high = LIMITS[name]
        low = 0.0 if name == "threshold" and law != "fixed" else low
        width, spread = (b - a if law == "uniform" else 0.0), (b if law == "normal" else 0.0)
        lift = bias if name in stock.additive else 0.0
        rows.append((low, high, a, width, spread, 0.0 if law == "fixed" else noise, lift))
    return Breed(*(jnp.array(column, float)[:, None] for column in zip(*rows)))


def founders(keys: Array, breed: Breed, n: int) -> Genome:
    """Genomes of a first generation, in law as `donors.founder`."""
    even, bell = branches(keys, 2)
    kind = breed.start.dtype
    shape = (n, breed.start.shape[0])
    width = per_column(even, lambda key: jax.random.uniform(key, shape, kind))
    spread = per_column(bell, lambda key: jax.random.normal(key, shape, kind))
    return limited(breed, breed.start + breed.width * width + breed.spread * spread)


def mutated(keys: Array, breed: Breed, parents: Genome) -> Genome:
    """Imperfect copies, in law as `donors.mutated`."""
    genes = jnp.stack(parents, axis=1)
    noise = per_column(keys, lambda key: jax.random.normal(key, genes.shape[:2], genes.dtype))
    return limited(breed, genes + breed.noise * noise + breed.bias)


def limited(breed: Breed, genes: Array) -> Genome:
    """Genes (n, genes, B) kept within their limits and rounded, as a genome of arrays (n, B)."""
    scale = 10.0**DIGITS
    kept = jnp.round(jnp.clip(genes, breed.least, breed.most) * scale) / scale
    return Genome(*jnp.moveaxis(kept, 1, 0))
