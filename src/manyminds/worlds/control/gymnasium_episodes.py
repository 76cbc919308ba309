"""Whole episodes of any gymnasium environment with a box of actions, MuJoCo locomotion included, for comparisons.

The slow, optional counterpart of the array worlds. Environments are stepped on this machine; what comes back has the
shape of a rollout, so the same raters, queues and learners work on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core.array_worlds import Box
from manyminds.core.errors import BadInput

MUJOCO = ("Ant-v5", "HalfCheetah-v5", "Hopper-v5", "Walker2d-v5")  # the tasks of arXiv 2401.04056
Acting = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # observations (n, size) -> actions (n, size)


class Episodes(NamedTuple):
    """Episodes side by side, (steps, n, ...), float32. Steps from `length` on are padding: zeros, and `ended`."""

    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    after: np.ndarray
    ended: np.ndarray
    length: np.ndarray  # (n,)

    def returns(self) -> np.ndarray:
        """(n,); padding earns nothing."""
        return self.reward.sum(axis=0)


@dataclass(frozen=True)
class LargerSum:
    """Prefers the episode with the larger sum of rewards; every answer is flipped with probability `flip`, anew each
    time. Filling must earn nothing."""

    flip: float = 0.0

    def facts(self, trajectory: Any) -> Array:
        return trajectory.reward.sum()

    def prefers(self, a: Array, b: Array) -> Array:
        return (1 - 2 * self.flip) * jnp.sign(a - b)


def sizes(name: str) -> tuple[int, Box]:
    """How many numbers an environment shows, and its actions; BadInput where these are no rows of equal intervals."""
    world = made(name)
    try:
        seen, acted = world.observation_space, world.action_space
        low, high = np.unique(acted.low), np.unique(acted.high)
        if len(seen.shape) != 1 or len(acted.shape) != 1 or len(low) != 1 or len(high) != 1:
            raise BadInput(f"{name} has observations {seen} and actions {acted}; only rows of numbers with the same "
                           f"bounds for all actions are supported")  # fmt: skip
        return seen.shape[0], Box(acted.shape[0], float(low[0]), float(high[0]))
    finally:
        world.close()


def made(name: str) -> Any:
    """One environment; BadInput with the command that installs what is missing."""
    try:
        import gymnasium
    except ImportError:
        raise BadInput(f"{name} needs gymnasium: pip install 'gymnasium[mujoco]'") from None
    try:
        world = gymnasium.make(name)
    except gymnasium.error.DependencyNotInstalled:
        raise BadInput(f"{name} needs MuJoCo: pip install 'gymnasium[mujoco]'") from None
    except gymnasium.error.UnregisteredEnv as error:
        raise BadInput(f"gymnasium has no environment {name!r} ({error})") from None
    if not isinstance(world.action_space, gymnasium.spaces.Box):
        raise BadInput(f"{name} has the actions {world.action_space}; only a box of them is supported")
    return world


def episodes(name: str, act: Acting, count: int, seed: int, limit: int) -> Episodes:
    """`count` episodes of at most `limit` steps, from seeds `seed`, `seed` + 1, ...; one that ends early is padded."""
    worlds, rng = [made(name) for _ in range(count)], np.random.default_rng(seed)
    try:
        now = np.stack([world.reset(seed=seed + i)[0] for i, world in enumerate(worlds)]).astype(np.float32)
        rows, going, length = [], np.ones(count, bool), np.zeros(count, int)
        for _ in range(limit):
            action = np.asarray(act(now, rng), np.float32)
            after, reward, ended = np.zeros_like(now), np.zeros(count, np.float32), ~going
            for i in np.flatnonzero(going):
                seen, gain, over, cut, _ = worlds[i].step(action[i])
                after[i], reward[i], ended[i] = seen, gain, over
                length[i] += 1
                going[i] = not (over or cut)
            there = (length == len(rows) + 1)[:, None]
            rows.append((now * there, action * there, reward, after, ended))
            now = after
            if not going.any():
                break
        return Episodes(*(np.stack(part) for part in zip(*rows)), length)
    finally:
        for world in worlds:
            world.close()
