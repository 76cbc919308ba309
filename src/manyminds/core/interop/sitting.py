"""A play that waits for answers from outside, and how its views and answers become arrays and numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.core.actions import Action, Choice, NoAnswer, Real, Whole
from manyminds.core.errors import BadInput
from manyminds.core.play import checked, shown
from manyminds.core.seeds import Seeds
from manyminds.core.views import Event, View
from manyminds.core.world import World

Vector = NDArray[np.float32]
Reward = Callable[[Any, Any], Mapping[str, float]]  # (state before, state after) -> by seat


@dataclass(frozen=True)
class Numbers:
    """The default encoder: every number in a view's `data`, in its own order, and zeros up to `size`.

    Tuples, lists, dataclasses and mappings are walked in order; a truth is 0 or 1, None is -1, texts are left out.
    Where views differ in length, what comes later moves: give an encoder of your own (any function from a view to a
    vector of one length) where that matters.
    """

    size: int = 64

    def __call__(self, view: View) -> Vector:
        found = numbers_in(view.data)
        if len(found) > self.size:
            raise BadInput(
                f"a view holds {len(found)} numbers, more than {self.size}; give encode=Numbers({len(found)})"
            )
        return np.array(found + [0.0] * (self.size - len(found)), np.float32)


def numbers_in(data: Any) -> list[float]:
    """The numbers that `data` holds, depth first."""
    if data is None:
        return [-1.0]
    if isinstance(data, (bool, int, float)):
        return [float(data)]
    if isinstance(data, np.ndarray):
        return [float(value) for value in data.ravel()]
    if isinstance(data, Mapping):
        inner = list(data.values())
    elif isinstance(data, (tuple, list)):
        inner = list(data)
    elif is_dataclass(data) and not isinstance(data, type):
        inner = [getattr(data, one.name) for one in fields(data)]
    else:
        return []
    return [number for value in inner for number in numbers_in(value)]


@dataclass
class Sitting:
    """One play, turn by turn, as `play` would play it: the same streams, the same checks, the same views."""

    world: World
    turns: int | None = None
    seeds: Seeds = field(default=Seeds(0))
    episode: int = -1
    state: Any = None
    turn: int = 0
    due: dict[str, View] = field(default_factory=dict)
    waiting: dict[str, list[Event]] = field(default_factory=dict)

    def reset(self, seed: int | None = None) -> None:
        """Begin a play. The first one after a seed is `play` with `Seeds(seed)`; without a seed the next one begins."""
        if seed is not None or self.episode < 0:
            root, self.episode = Seeds(seed or 0), 0
        else:
            root, self.episode = Seeds(self.seeds.root), self.episode + 1
        self.seeds = root.child("episode", self.episode) if self.episode else root
        self.state, self.turn, self.waiting = self.world.reset(self.seeds("reset")), 0, {}
        self.look()

    def look(self) -> None:
        seen = self.world.observe(self.state)
        self.due = {seat: shown(view, seat, self.turn, self.waiting, self.seeds) for seat, view in seen.items()}

    def step(self, given: Mapping[str, Any]) -> list[Event]:
        """Apply what the seats that are due answer; a seat that says nothing gives no answer."""
        silent = NoAnswer("no action was given")
        answers = {seat: checked(view.action, given.get(seat, silent)) for seat, view in self.due.items()}
        self.state, events = self.world.step(self.state, answers, self.seeds("step", self.turn))
        for event in events:
            for seat in event.to:
                self.waiting.setdefault(seat, []).append(event)
        self.turn += 1
        self.look()
        return events

    @property
    def ended(self) -> bool:
        return not self.due

    @property
    def cut(self) -> bool:
        """Was it stopped by the limit of turns, and by nothing else?"""
        return bool(self.due) and self.turns is not None and self.turn >= self.turns


@dataclass(frozen=True)
class Answers:
    """The answers of one seat as the actions of a learner.

    `Whole` and `Choice` become whole numbers from 0, `Real` a vector of one number. With `silence` a learner may give
    no answer: one number more, or NaN.
    """

    action: Action
    silence: bool = False

    def __post_init__(self) -> None:
        bounded = not isinstance(self.action, Real) or np.isfinite([self.action.low, self.action.high]).all()
        if not isinstance(self.action, (Whole, Choice, Real)) or not bounded:
            said = type(self.action).__name__
            raise BadInput(f"a learner cannot answer with {said}; name an action in bounds with actions={{seat: ...}}")

    @property
    def count(self) -> int:
        """How many actions there are; 0 where they are no whole numbers."""
        if isinstance(self.action, Whole):
            return self.action.high - self.action.low + 1 + self.silence
        return len(self.action.options) + self.silence if isinstance(self.action, Choice) else 0

    def answer(self, value: Any) -> Any:
        """What a learner's action says in the words of the world."""
        if isinstance(self.action, Real):
            number = float(np.asarray(value).reshape(-1)[0])
            return NoAnswer("the learner gave none") if np.isnan(number) else number
        index = int(value)
        if self.silence and index == self.count - 1:
            return NoAnswer("the learner gave none")
        if isinstance(self.action, Choice):
            return self.action.options[index]
        assert isinstance(self.action, Whole)
        return self.action.low + index

    def legal(self, view: View | None) -> NDArray[np.int8]:
        """Which of the actions are legal in a view; all of them where the seat is not due."""
        mask = np.ones(self.count, np.int8)
        if view is not None and isinstance(self.action, Whole) and isinstance(view.action, Whole):
            named = np.arange(self.action.low, self.action.high + 1)
            mask[: len(named)] = (view.action.low <= named) & (named <= view.action.high)
        if view is not None and isinstance(self.action, Choice) and isinstance(view.action, Choice):
            mask[: len(self.action.options)] = [option in view.action.options for option in self.action.options]
        return mask
