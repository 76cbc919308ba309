"""Soft actor-critic in a world on arrays, from nothing: one step of every copy, one update on what was seen so far."""

from dataclasses import dataclass
from typing import NamedTuple

from jax import Array, random

from manyminds.core.array_worlds import ArrayWorld, Box
from manyminds.learning import sac
from manyminds.learning.replay import Replay, Rows, added, drawn, empty
from manyminds.learning.rollouts import Copies, copies, rollout
from manyminds.learning.training import Logged, Step


@dataclass(frozen=True)
class Online:
    """How much is lived and kept. One update a step of all copies."""

    copies: int = 4
    batch: int = 128
    capacity: int = 50_000


class Living(NamedTuple):
    agent: sac.State
    replay: Replay
    copies: Copies


def living(how: Online, learner: sac.SAC, world: ArrayWorld, key: Array) -> Living:
    """The beginning: nothing seen, every copy at its start."""
    assert isinstance(world.actions, Box)
    size = world.observation_size
    to_agent, to_world = random.split(key)
    return Living(sac.start(learner, size, world.actions, to_agent), empty(how.capacity, size, world.actions),
                  copies(world, to_world, how.copies))  # fmt: skip


def lived(how: Online, learner: sac.SAC, world: ArrayWorld) -> Step:
    """A step for `trained`."""

    def step(now: Living, key: Array) -> tuple[Living, Logged]:
        to_roll, to_draw, to_learn = random.split(key, 3)
        going, rows = acted_out(world, now.agent, now.copies, to_roll, 1)
        replay = added(now.replay, rows)
        agent, logged = sac.update(learner, now.agent, drawn(replay, to_draw, how.batch), to_learn)
        return Living(agent, replay, going), logged

    return step


def acted_out(world: ArrayWorld, agent: sac.State, begun: Copies, key: Array, steps: int) -> tuple[Copies, Rows]:
    """The copies after so many steps of the policy's own draws, and these as rows (steps * copies)."""
    going, seen, _ = rollout(world, lambda x, own: (agent.actor.model(x).sample(own), ()), begun, key, steps)
    rows = Rows(seen.observation, seen.action, seen.reward, seen.after, seen.ended)
    return going, Rows(*(x.reshape(-1, *x.shape[2:]) for x in rows))
