"""Tabular Markov games: repeated games whose profiles are revealed, random games, users' files, and their dynamics.

A game is arrays (`theory.markov_games.MarkovGame`); play is `step` under jit and vmap. Players act at the same time.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core import BadInput
from manyminds.theory.markov_games import MarkovGame, checked_game
from manyminds.theory.normal_form import checked


def revealing(payoffs: np.ndarray, stages: int) -> MarkovGame:
    """A normal-form game repeated `stages` times, as a Markov game of twice as many steps (arXiv 2303.12287, ours).

    A play step in state 0 pays payoffs / stages and leads to the state 1 + (number of the profile); in that reveal step
    actions are void, and state 0 follows. Who knows only step and state knows nothing of the past when it acts.
    """
    game = checked(payoffs)
    profiles = int(np.prod(game.shape[1:]))
    rewards = np.zeros((len(game), 2 * stages, 1 + profiles, *game.shape[1:]))
    transitions = np.zeros((*rewards.shape[1:], 1 + profiles))
    rewards[:, ::2, 0] = game[:, None] / stages
    transitions[::2, 0].reshape(stages, profiles, -1)[:, np.arange(profiles), 1 + np.arange(profiles)] = 1
    transitions[::2, 1:, ..., 0] = 1
    transitions[1::2, ..., 0] = 1
    return checked_game(rewards, transitions)


def repeated(payoffs: np.ndarray, stages: int) -> MarkovGame:
    """The same repeated game with one state, for deviators who see what all did."""
    game = checked(payoffs)
    rewards = np.broadcast_to(game[:, None, None] / stages, (len(game), stages, 1, *game.shape[1:])).copy()
    return checked_game(rewards, np.ones((*rewards.shape[1:], 1)))


def spread(policies: Sequence[np.ndarray], states: int) -> tuple[np.ndarray, ...]:
    """Policies (T, H, k) of the repeated game as policies (T, 2H, S, k) of the revealing one; void actions uniform."""
    found = []
    for policy in policies:
        count, stages, actions = np.shape(policy)
        wide = np.full((count, 2 * stages, states, actions), 1 / actions)
        wide[:, ::2] = np.asarray(policy)[:, :, None]
        found.append(wide)
    return tuple(found)


def random_markov_game(
    rng: np.random.Generator, stages: int, states: int, actions: Sequence[int], concentration: float = 1.0
) -> MarkovGame:
    """Uniform rewards in [0, 1/H] and Dirichlet transitions."""
    shape = (stages, states, *actions)
    moves = rng.dirichlet(np.full(states, concentration), size=shape)
    return checked_game(rng.random((len(actions), *shape)) / stages, moves, rng.dirichlet(np.ones(states)))


class Episode(NamedTuple):
    """A sampled episode of all players: `states` (H,), `actions` (H, m), `rewards` (H, m)."""

    states: Array
    actions: Array
    rewards: Array


def step(game: MarkovGame, stage: Array, state: Array, actions: Array, key: Array) -> tuple[Array, Array]:
    """The next state and the rewards (m,) of a joint action (m,)."""
    joint = jnp.ravel_multi_index(tuple(actions), game.actions, mode="clip")
    rewards = jnp.asarray(game.rewards).reshape(game.players, game.stages, game.states, -1)[:, stage, state, joint]
    moves = jnp.asarray(game.transitions).reshape(game.stages, game.states, -1, game.states)[stage, state, joint]
    return jax.random.categorical(key, jnp.log(moves)), rewards


def episode(game: MarkovGame, policies: Sequence[Array], key: Array) -> Episode:
    """One episode under Markov policies (H, S, |A_i|), one for each player; vmap over keys and policies as you like."""
    first, rest = jax.random.split(key)
    begin = jax.random.categorical(first, jnp.log(jnp.asarray(game.start)))

    def once(state: Array, inputs: tuple[Array, Array]) -> tuple[Array, Episode]:
        stage, draw = inputs
        keys = jax.random.split(draw, game.players + 1)
        mixes = [jnp.asarray(policy)[stage, state] for policy in policies]
        actions = jnp.stack([jax.random.categorical(k, jnp.log(mix)) for k, mix in zip(keys, mixes)])
        after, rewards = step(game, stage, state, actions, keys[-1])
        return after, Episode(state, actions, rewards)

    return jax.lax.scan(once, begin, (jnp.arange(game.stages), jax.random.split(rest, game.stages)))[1]


class GameFile(NamedTuple):
    """What a user's file holds: a normal-form game or a Markov game, and perhaps policies to be audited."""

    payoffs: np.ndarray | None
    game: MarkovGame | None
    policies: tuple[np.ndarray, ...] | None


def read_game(path: Path) -> GameFile:
    """A game from JSON (or .npz) with the names `payoffs`, or `rewards`, `transitions` and `start`; and `policies`, a
    list with one array for each player (in .npz: policies_0, policies_1, ...). What is wrong raises `BadInput`.
    """
    values = _values(path)
    known = {"payoffs", "rewards", "transitions", "start", "policies"}
    if odd := sorted(name for name in values if name not in known):
        raise BadInput(f"{path} holds {odd[0]!r}, which is none of {', '.join(sorted(known))}")
    try:
        policies = values.get("policies")
        arrays = None if policies is None else tuple(np.asarray(p, float) for p in policies)
        if "payoffs" in values:
            return GameFile(checked(np.asarray(values["payoffs"], float)), None, arrays)
        if "rewards" not in values or "transitions" not in values:
            raise BadInput(f"{path} needs payoffs, or rewards and transitions")
        start = values.get("start")
        game = checked_game(np.asarray(values["rewards"], float), np.asarray(values["transitions"], float), start)
        return GameFile(None, game, arrays)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path}: {error}") from None


def _values(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as kept:
                values: dict[str, Any] = {k: kept[k] for k in kept.files if not k.startswith("policies_")}
                numbered = sorted((k for k in kept.files if k.startswith("policies_")), key=lambda k: int(k[9:]))
                return values | ({"policies": [kept[k] for k in numbered]} if numbered else {})
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"the game {path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadInput(f"the game {path} is not {'npz' if path.suffix == '.npz' else 'JSON'}: {error}") from None
    if not isinstance(found, dict):
        raise BadInput(f"the game {path} must be an object with payoffs, or rewards and transitions")
    return found
