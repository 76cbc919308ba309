"""Bodies of gymnasium that learn to move from comparisons: the paper's own worlds, slow and optional (MuJoCo)."""

from functools import partial
from typing import Any, Literal

from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.learning import preference_ppo as comparing
from manyminds.learning import preference_sac as learning
from manyminds.worlds.control.gymnasium_episodes import LargerSum, episodes, sizes

Family = Literal["return", "noisy"]
FAMILIES = ("return", "noisy")
METHODS = ("self-play", "reward model", "true reward")
HELD_OUT = 16  # episodes of the last policy
EVERY = 5  # iterations between checkpoints


class Moved(BaseModel, frozen=True):
    """One learner. Curves have one entry an iteration."""

    environment: str
    family: Family
    method: str
    seed: int
    returns: list[float]  # of held-out episodes of the last policy
    curve: list[float]  # mean return of the episodes while learning
    steps: int  # of the environment, while learning
    comparisons: int


def settings_of(method: Any, limit: int, updates: int) -> learning.Settings:
    own = comparing.Settings(method=method, horizon=limit)
    least = max(own.opponents, learning.Settings.episodes) * limit
    return learning.Settings(own, updates=updates, capacity=max(learning.Settings.capacity, least))


def moved(
    environment: str, family: Family, method: str, seed: int, seeds: Seeds, iterations: int, limit: int, updates: int,
    flip: float, kept: Checkpoint,
) -> dict[str, Any]:  # fmt: skip
    """Learn for some iterations, or go on from the checkpoint."""
    import numpy as np

    settings = settings_of(method, limit, updates)
    rater = LargerSum(flip if family == "noisy" else 0.0)
    roll = partial(rolled, environment, limit)
    state = learning.start(settings, rater, roll, *sizes(environment), seeds)
    state, curve = kept.load((state, np.zeros((iterations, 2)))) or (state, np.zeros((iterations, 2)))
    for i in range(int(state.iteration), iterations):
        state, logged = learning.iterated(settings, rater, roll, state, seeds)
        curve[i] = logged["return"], logged["steps"]
        if (i + 1) % EVERY == 0 or i + 1 == iterations:
            kept.save((state, curve))
    seen = learning.rolled_out(settings, roll, state.agent, HELD_OUT, seeds.child("held out"))
    asked = 0 if method == "true reward" else iterations * settings.episodes * settings.comparing.opponents
    return Moved(
        environment=environment, family=family, method=method, seed=seed,
        returns=np.asarray(seen.rows.reward.sum(1)).tolist(), curve=curve[:, 0].tolist(), steps=int(curve[:, 1].sum()),
        comparisons=asked,
    ).model_dump()  # fmt: skip


def rolled(environment: str, limit: int, act: learning.Acting, count: int, seed: int) -> Any:
    return episodes(environment, act, count, seed, limit)
