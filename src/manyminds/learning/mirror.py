"""Self-play and reward models on tables: rollouts, a queue, noisy answers, and a mirror step that keeps no regret.

For array worlds whose observations are one-hot. The mirror step is the natural policy gradient of a softmax table:
logits move by the estimated advantages themselves, so an action that became rare comes back as fast as it left. Plain
softmax policy gradient is kept beside it under its own name: its steps vanish near the corners, and it has regret.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.core.array_worlds import ArrayWorld
from manyminds.learning.preferences import Queue, Rater, answered, preferences, pushed, queue, scores
from manyminds.learning.rollouts import Transition, copies, rollout
from manyminds.learning.training import Logged

Method = Literal["self-play", "duel", "reward model"]
Improvement = Literal["mirror", "reinforce"]


@dataclass(frozen=True)
class Mirror:
    """Settings. `items`: how many different facts a rater judges by (its facts are one of them, as an integer)."""

    horizon: int
    items: int
    method: Method = "self-play"
    improvement: Improvement = "mirror"
    rollouts: int = 32
    opponents: int = 10
    rate: float = 0.03
    bound: float = 2.5  # logits, less their mean, stay within it
    model_updates: int = 4  # gradient steps of the reward model an iteration, on all comparisons so far
    model_rate: float = 1.0

    @property
    def players(self) -> int:
        return 2 if self.method == "duel" else 1


class Player(NamedTuple):
    """One player, or several on a leading axis."""

    logits: Array  # (observations, actions)
    opponents: Queue  # of facts
    average: Array  # (items,) sum over iterations of the exact distribution of facts
    wins: Array  # (items, items) of all comparisons so far
    model: Array  # (items,) Bradley-Terry scores


Distribution = Callable[[Array], Array]  # a policy (observations, actions) -> the exact distribution over items


def rolled_out(settings: Mirror, world: ArrayWorld, logits: Array, key: Array) -> Transition:
    def policy(observation: Array, key: Array) -> tuple[Array, None]:
        return jax.random.categorical(key, logits[observation.argmax(-1)]), None

    to_begin, to_go = jax.random.split(key)
    return rollout(world, policy, copies(world, to_begin, settings.rollouts), to_go, settings.horizon)[1]


def start(settings: Mirror, world: ArrayWorld, rater: Rater, key: Array) -> Player:
    """Uniform policies, and queues of their first rollouts."""

    def one(key: Array) -> Player:
        logits = jnp.zeros((world.observation_size, world.actions.n), jnp.float32)
        facts = jax.vmap(rater.facts, 1)(rolled_out(settings, world, logits, key))
        nothing = jnp.zeros(settings.items, jnp.float32)
        square = jnp.zeros((settings.items, settings.items), jnp.float32)
        return Player(logits, queue(facts, settings.opponents), nothing, square, nothing)

    return jax.vmap(one)(jax.random.split(key, settings.players))


def step(
    settings: Mirror, world: ArrayWorld, rater: Rater, distribution: Distribution
) -> Callable[[Player, Array], tuple[Player, Logged]]:
    """One iteration of every player, as a step for `trained`; each meets the other's queue, or its own when alone."""

    def one(own: Player, foes: Queue, key: Array) -> tuple[Player, Array]:
        to_roll, to_answer = jax.random.split(key)
        seen = rolled_out(settings, world, own.logits, to_roll)
        facts = jax.vmap(rater.facts, 1)(seen)
        answers = answered(preferences(rater, facts, foes.held), to_answer)
        wins, model, worth = own.wins, own.model, scores(answers, foes)
        if settings.method == "reward model":
            wins = counted(wins, facts, foes.held, answers)
            model = fitted(settings, wins, model)
            worth = model[facts]
        logits = improved(settings, own.logits, seen, worth)
        now = distribution(jax.nn.softmax(logits))
        return Player(logits, pushed(own.opponents, facts), own.average + now, wins, model), now

    def iterate(players: Player, key: Array) -> tuple[Player, Logged]:
        foes = jax.tree.map(lambda x: jnp.roll(x, 1, 0), players.opponents)
        after, now = jax.vmap(one)(players, foes, jax.random.split(key, settings.players))
        return after, {f"item {i}": now[0, i] for i in range(settings.items)}

    return iterate


def counted(wins: Array, facts: Array, theirs: Array, answers: Array) -> Array:
    """The table of wins with the answers (n, m) of one iteration added."""
    won = (answers > 0).astype(wins.dtype)
    return wins.at[facts[:, None], theirs[None, :]].add(won).at[theirs[None, :], facts[:, None]].add(1 - won)


def fitted(settings: Mirror, wins: Array, model: Array) -> Array:
    """Bradley-Terry scores after some gradient steps on the mean log-loss of all comparisons in `wins`."""

    def loss(scores: Array) -> Array:
        return (wins * jax.nn.softplus(scores[None, :] - scores[:, None])).sum() / jnp.maximum(wins.sum(), 1)

    for _ in range(settings.model_updates):
        model = model - settings.model_rate * jax.grad(loss)(model)
    return model


def improved(settings: Mirror, logits: Array, seen: Transition, worth: Array) -> Array:
    """The logits after one update on rollouts (horizon, n, ...) that were worth `worth` (n,).

    The advantage of an action is estimated over the rollouts that met its observation: their worth less the mean worth
    there, divided by how likely the action was, so that it is right on average however rare the action is.
    """
    met = seen.observation.argmax(-1)  # (horizon, n)
    every = jnp.broadcast_to(worth, met.shape)
    count = jnp.zeros_like(logits).at[met, seen.action].add(1.0)
    total = jnp.zeros_like(logits).at[met, seen.action].add(every)
    visits = jnp.maximum(count.sum(1, keepdims=True), 1)
    chances = jax.nn.softmax(logits)
    if settings.improvement == "reinforce":
        slope = (total - count * worth.mean()) / settings.rollouts
        moved = logits + settings.rate * (slope - chances * slope.sum(1, keepdims=True))
    else:
        baseline = total.sum(1, keepdims=True) / visits
        moved = logits + settings.rate * (total - count * baseline) / (visits * chances)
    return jnp.clip(moved - moved.mean(1, keepdims=True), -settings.bound, settings.bound)
