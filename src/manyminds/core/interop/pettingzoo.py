"""A turn world as an environment of PettingZoo: agent by agent (`turns_env`) or all at once (`parallel_env`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from pettingzoo import AECEnv, ParallelEnv

from manyminds.core.actions import Action
from manyminds.core.interop.sitting import Answers, Numbers, Reward, Sitting, Vector
from manyminds.core.views import View
from manyminds.core.world import World


@dataclass(frozen=True)
class Form:
    """How a world is shown to learners.

    `seats`: every seat that learns, also those that join later. `encode`: from a view to a vector of one length.
    `reward`: from the states before and after a step to a number by seat (0 where it says nothing). `actions`: the
    action of a seat where its first view does not show it at its widest. `silence`: may a learner give no answer?
    """

    seats: tuple[str, ...]
    encode: Callable[[View], Vector] = field(default_factory=Numbers)
    reward: Reward = lambda before, after: {}
    actions: Mapping[str, Action] = field(default_factory=dict)
    silence: bool = False
    name: str = "manyminds_v0"

    def answers(self, world: World) -> dict[str, Answers]:
        """The actions of every seat: as named, else as its view in the first state; one that is not due then has the
        same as the first that is."""
        sitting = Sitting(world)
        sitting.reset(0)
        first = next((view.action for seat, view in sitting.due.items() if seat in self.seats), None)
        found = {}
        for seat in self.seats:
            seen = sitting.due[seat].action if seat in sitting.due else first
            action = self.actions.get(seat, seen)
            if action is None:
                raise ValueError(f"nobody is due in the first state; name the action of {seat!r} with actions=")
            found[seat] = Answers(action, self.silence)
        return found

    def size(self, world: World) -> int:
        sitting = Sitting(world)
        sitting.reset(0)
        lengths = {len(self.encode(view)) for seat, view in sitting.due.items() if seat in self.seats}
        if len(lengths) != 1:
            raise ValueError(f"the encoder must give vectors of one length, not of {sorted(lengths) or 'none'}")
        return lengths.pop()


def space(answers: Answers) -> Space[Any]:
    if answers.count:
        return Discrete(answers.count)
    action: Any = answers.action
    return Box(action.low, action.high, (1,), np.float64)


class Learners:
    """What both forms share: spaces, observations and rewards by seat."""

    def __init__(self, world: World, form: Form, turns: int | None) -> None:
        self.form, self.sitting = form, Sitting(world, turns)
        self.answers = form.answers(world)
        self.size = form.size(world)
        self.action_spaces = {seat: space(answers) for seat, answers in self.answers.items()}
        self.observation_spaces = {seat: Box(-np.inf, np.inf, (self.size,), np.float32) for seat in form.seats}
        self.seen: dict[str, Vector] = {}

    def reset(self, seed: int | None) -> None:
        self.sitting.reset(seed)
        self.seen = {seat: np.zeros(self.size, np.float32) for seat in self.form.seats}
        self.look()

    def look(self) -> None:
        strange = [seat for seat in self.sitting.due if seat not in self.form.seats]
        if strange:
            raise ValueError(f"{strange[0]!r} is due and is no learner; name it among the seats")
        for seat, view in self.sitting.due.items():
            self.seen[seat] = np.asarray(self.form.encode(view), np.float32)

    def step(self, actions: Mapping[str, Any]) -> dict[str, float]:
        """Apply the actions of those who are due; gives the rewards."""
        due = self.sitting.due
        given = {seat: self.answers[seat].answer(action) for seat, action in actions.items() if seat in due}
        before = self.sitting.state
        self.sitting.step(given)
        self.look()
        got = self.form.reward(before, self.sitting.state)
        return {seat: float(got.get(seat, 0.0)) for seat in self.form.seats}

    def info(self, seat: str) -> dict[str, Any]:
        view = self.sitting.due.get(seat)
        known: dict[str, Any] = {"due": view is not None}
        if self.answers[seat].count:
            known["action_mask"] = self.answers[seat].legal(view)
        return known


class TurnsEnv(AECEnv):  # type: ignore[misc]
    """Seats answer one after the other; none sees what another answered in the same turn: effects come after."""

    def __init__(self, world: World, form: Form, turns: int | None = None) -> None:
        super().__init__()
        self.metadata = {"name": form.name, "render_modes": [], "is_parallelizable": True}
        self.render_mode = None
        self.learners = Learners(world, form, turns)
        self.possible_agents = list(form.seats)
        self.action_spaces, self.observation_spaces = self.learners.action_spaces, self.learners.observation_spaces

    def action_space(self, agent: str) -> Space[Any]:
        return self.action_spaces[agent]

    def observation_space(self, agent: str) -> Space[Any]:
        return self.observation_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        self.agents = list(self.possible_agents)
        self.learners.reset(seed)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.given: dict[str, Any] = {}
        self.new_turn()

    def new_turn(self) -> None:
        sitting = self.learners.sitting
        self.waiting = [seat for seat in self.possible_agents if seat in sitting.due]
        self.given = {}
        self.terminations = dict.fromkeys(self.agents, sitting.ended)
        self.truncations = dict.fromkeys(self.agents, sitting.cut)
        self.infos = {seat: self.learners.info(seat) for seat in self.agents}
        self.agent_selection = self.waiting[0] if self.waiting else self.agents[0]

    def observe(self, agent: str) -> Vector:
        return self.learners.seen[agent]

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        self.given[agent] = action
        if agent != self.waiting[-1]:
            self.agent_selection = self.waiting[self.waiting.index(agent) + 1]
            return
        self.rewards = self.learners.step(self.given)
        self.new_turn()
        self._accumulate_rewards()


class AtOnceEnv(ParallelEnv):  # type: ignore[misc]
    """All seats act in every step; what a seat does when it is not due (`info["due"]`) has no effect."""

    def __init__(self, world: World, form: Form, turns: int | None = None) -> None:
        self.metadata = {"name": form.name, "render_modes": []}
        self.render_mode = None
        self.learners = Learners(world, form, turns)
        self.possible_agents = list(form.seats)
        self.agents: list[str] = []
        self.action_spaces, self.observation_spaces = self.learners.action_spaces, self.learners.observation_spaces

    def action_space(self, agent: str) -> Space[Any]:
        return self.action_spaces[agent]

    def observation_space(self, agent: str) -> Space[Any]:
        return self.observation_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        self.learners.reset(seed)
        self.agents = [] if self.learners.sitting.ended else list(self.possible_agents)
        return self.seen(), {seat: self.learners.info(seat) for seat in self.agents}

    def seen(self) -> dict[str, Vector]:
        return {seat: self.learners.seen[seat] for seat in self.agents}

    def step(self, actions: Mapping[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
        rewards = self.learners.step(actions)
        sitting = self.learners.sitting
        found = (
            self.seen(),
            {seat: rewards[seat] for seat in self.agents},
            dict.fromkeys(self.agents, sitting.ended),
            dict.fromkeys(self.agents, sitting.cut),
            {seat: self.learners.info(seat) for seat in self.agents},
        )
        if sitting.ended or sitting.cut:
            self.agents = []
        return found


def turns_env(world: World, seats: Sequence[str], turns: int | None = None, **form: Any) -> TurnsEnv:
    """`world` as an AEC environment for the learners in `seats`; `form` as in `Form`."""
    return TurnsEnv(world, Form(tuple(seats), **form), turns)


def parallel_env(world: World, seats: Sequence[str], turns: int | None = None, **form: Any) -> AtOnceEnv:
    """`world` as a parallel environment for the learners in `seats`; `form` as in `Form`."""
    return AtOnceEnv(world, Form(tuple(seats), **form), turns)
